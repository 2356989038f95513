"""What an indicator may say about columns: a little SQL, checked word by word, as Polars expressions.

Text of an analyst is parsed by sqlglot and rebuilt from a list of known words; it never reaches an engine as text.
Money is counted in whole cents, so that sums are exact and `amount % 100 = 0` means hundreds of yuan.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import reduce
from operator import and_, or_

import numpy as np
import polars as pl
import sqlglot
from sqlglot import expressions as x
from sqlglot.errors import SqlglotError

CENTS = 100
BITS = 63


@dataclass(frozen=True)
class Term:
    """A compiled expression; `number` is its value when it is a literal number."""

    value: pl.Expr
    is_money: bool = False
    number: float | int | None = None
    columns: frozenset[str] = frozenset()


def compiled(text: str, types: Mapping[str, str]) -> Term:
    """`text` over columns of the given Spark types.

    Nulls behave as in SQL: a comparison with null is null, CASE takes a null condition as false. `try_divide` by
    zero is null; of money by a number it is money, rounded half away from zero to the cent. Raises ValueError that
    quotes the text and says which word is unknown, and which known one may have been meant.
    """
    tree = _parsed(text)
    try:
        return _term(tree, types)
    except ValueError as error:
        raise ValueError(f"{error} in {text!r}") from None


def columns_of(text: str) -> set[str]:
    """Names of the columns in `text`, whether they exist or not; raises ValueError when it is no expression."""
    return {column.name for column in _parsed(text).find_all(x.Column)}


def renamed(text: str, names: Mapping[str, str]) -> str:
    """`text` with other columns: `names` says which stands for which; they come out in backticks."""
    tree = _parsed(text)
    for column in list(tree.find_all(x.Column)):
        if column.name in names:
            column.set("this", x.to_identifier(names[column.name], quoted=True))
    return tree.sql(dialect="spark") if names else text


def is_money(spark_type: str) -> bool:
    """Whether values of that type are counted in cents."""
    return spark_type.startswith("decimal")


def _parsed(text: str) -> x.Expr:
    try:
        return sqlglot.parse_one(text, read="spark")
    except SqlglotError as error:
        raise ValueError(f"{text!r} is not an expression: {str(error).splitlines()[0]}") from None


def _term(node: x.Expr, types: Mapping[str, str]) -> Term:
    if isinstance(node, x.Column):
        return _column(node, types)
    if isinstance(node, x.Literal):
        if node.is_string:
            return Term(pl.lit(node.this))
        number = float(node.this) if "." in node.this else int(node.this)
        return Term(pl.lit(number), number=number)
    if isinstance(node, x.Anonymous):
        known = _NAMED.get(str(node.this).lower())
        if known is None:
            raise ValueError(f"unknown function {node.this}{_meant(str(node.this).lower(), _NAMED)}")
        return _joined(known, [_term(n, types) for n in node.expressions])
    rule = _RULES.get(type(node))
    if rule is None:
        raise ValueError(f"{type(node).__name__} is not allowed")
    parts, build = rule(node)
    return _joined(build, [_term(part, types) for part in parts])


def _joined(build: Callable[..., Term], terms: list[Term]) -> Term:
    made = build(*terms)
    return Term(made.value, made.is_money, made.number, frozenset().union(*(t.columns for t in terms)))


def _column(node: x.Column, types: Mapping[str, str]) -> Term:
    name = node.name
    if name not in types:
        raise ValueError(f"unknown column {name}{_meant(name, types)}")
    return Term(pl.col(name), is_money(types[name]), columns=frozenset([name]))


def _meant(name: str, known: Mapping[str, object]) -> str:
    close = get_close_matches(name, known, n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def _alike(*terms: Term) -> tuple[list[pl.Expr], bool]:
    """The terms in one unit: where one is money, the others become cents."""
    if not any(t.is_money for t in terms):
        return [t.value for t in terms], False
    return [_cents(t) for t in terms], True


def _cents(term: Term) -> pl.Expr:
    if term.is_money:
        return term.value
    return pl.lit(round(term.number * CENTS)) if term.number is not None else term.value * CENTS


def _plain(term: Term) -> pl.Expr:
    return term.value.cast(pl.Float64) / CENTS if term.is_money else term.value


def _compared(operator: str) -> Callable[[Term, Term], Term]:
    def build(a: Term, b: Term) -> Term:
        (left, right), _ = _alike(a, b)
        return Term(getattr(left, operator)(right))

    return build


def _summed(operator: str) -> Callable[[Term, Term], Term]:
    def build(a: Term, b: Term) -> Term:
        (left, right), money = _alike(a, b)
        return Term(getattr(left, operator)(right), money)

    return build


def _multiplied(a: Term, b: Term) -> Term:
    if a.is_money and b.is_money:
        raise ValueError("money times money")
    return Term(a.value * b.value, a.is_money or b.is_money)


def _divided(a: Term, b: Term) -> Term:
    if a.is_money and not b.is_money:  # yuan per piece: money again
        size = (2 * a.value.abs() + b.value) // (2 * b.value)
        return Term(pl.when(b.value != 0).then(a.value.sign() * size), True)
    over = _plain(b).cast(pl.Float64)
    return Term(pl.when(over != 0).then(_plain(a).cast(pl.Float64) / over))


def _quotient(a: Term, b: Term) -> Term:
    if b.number is None or b.number == 0:
        raise ValueError("division by a column may be by zero; write try_divide")
    return Term(_plain(a).cast(pl.Float64) / b.number)


def _cast(kind: str) -> Callable[[Term], Term]:
    def build(a: Term) -> Term:
        target = {"DOUBLE": pl.Float64, "BIGINT": pl.Int64, "INT": pl.Int64}.get(kind)
        if target is None:
            raise ValueError(f"cast to {kind} is not allowed")
        number = None if a.number is None else (float if kind == "DOUBLE" else int)(a.number)
        return Term(_plain(a).cast(target), number=number)

    return build


def _case(*terms: Term) -> Term:
    """Conditions and values in turn, then the last value (null when there is no ELSE)."""
    conditions, values = terms[0:-1:2], [*terms[1:-1:2], terms[-1]]
    found, money = _alike(*values)
    result = found[-1]
    for condition, value in reversed(list(zip(conditions, found[:-1], strict=True))):
        result = pl.when(condition.value).then(value).otherwise(result)
    return Term(result, money)


def _case_parts(node: x.Case) -> list[x.Expr]:
    pairs = [part for branch in node.args["ifs"] for part in (branch.this, branch.args["true"])]
    return [*pairs, node.args.get("default") or x.Null()]


def _coalesced(*terms: Term) -> Term:
    found, money = _alike(*terms)
    return Term(pl.coalesce(found), money)


def _between(value: Term, low: Term, high: Term) -> Term:
    (middle, lowest, highest), _ = _alike(value, low, high)
    return Term(middle.is_between(lowest, highest))


def _among(value: Term, *wanted: Term) -> Term:
    return Term(reduce(or_, [_compared("eq")(value, one).value for one in wanted]))


def _shifted(a: Term, b: Term) -> Term:
    if not (isinstance(a.number, int) and isinstance(b.number, int) and 0 <= b.number < BITS):
        raise ValueError("shiftleft takes two whole literals")
    return Term(pl.lit(a.number << b.number), number=a.number << b.number)


def _minus(a: Term, b: Term) -> Term:
    if isinstance(a.number, int) and isinstance(b.number, int):
        return Term(pl.lit(a.number - b.number), number=a.number - b.number)
    return _summed("sub")(a, b)


def _longest_gap(a: Term) -> Term:
    """Of a mask of days the longest run of zeros below its highest bit: the longest time without a row so far."""

    def runs(column: pl.Series) -> pl.Series:
        mask = column.fill_null(0).to_numpy()
        run, best = np.zeros(len(mask), np.int64), np.zeros(len(mask), np.int64)
        for bit in range(BITS):
            is_set = (mask >> bit) & 1 == 1
            best = np.where(is_set, np.maximum(best, run), best)
            run = np.where(is_set, 0, run + 1)
        return pl.Series(best).set(pl.Series((mask == 0) | column.is_null().to_numpy()), None)

    return Term(a.value.map_batches(runs, return_dtype=pl.Int64))


def _negated(a: Term) -> Term:
    return Term(-a.value, a.is_money, None if a.number is None else -a.number)


def _modulo(a: Term, b: Term) -> Term:
    (left, right), money = _alike(a, b)
    return Term(left % right, money)


def _extreme(horizontal: Callable[..., pl.Expr]) -> Callable[..., Term]:
    def build(*terms: Term) -> Term:
        found, money = _alike(*terms)
        return Term(horizontal(found), money)

    return build


def _text(*terms: Term) -> Term:
    return Term(reduce(lambda a, b: a + b, [t.value.cast(pl.String) for t in terms]))


Rule = Callable[..., tuple[list[x.Expr], Callable[..., Term]]]


def _two(build: Callable[[Term, Term], Term]) -> Rule:
    return lambda node: ([node.this, node.expression], build)


def _one(build: Callable[[Term], Term]) -> Rule:
    return lambda node: ([node.this], build)


def _many(build: Callable[..., Term]) -> Rule:
    return lambda node: ([node.this, *node.expressions], build)


_RULES: dict[type[x.Expr], Rule] = {
    x.Paren: _one(lambda a: a),
    x.And: _two(lambda a, b: Term(and_(a.value, b.value))),
    x.Or: _two(lambda a, b: Term(or_(a.value, b.value))),
    x.Not: _one(lambda a: Term(~a.value)),
    x.EQ: _two(_compared("eq")),
    x.NEQ: _two(_compared("ne")),
    x.LT: _two(_compared("lt")),
    x.LTE: _two(_compared("le")),
    x.GT: _two(_compared("gt")),
    x.GTE: _two(_compared("ge")),
    x.Add: _two(_summed("add")),
    x.Sub: _two(_minus),
    x.Mul: _two(_multiplied),
    x.Div: _two(_quotient),
    x.Mod: _two(_modulo),
    x.SafeDivide: _two(_divided),
    x.Neg: _one(_negated),
    x.Between: lambda n: ([n.this, n.args["low"], n.args["high"]], _between),
    x.In: _many(_among),
    x.Is: lambda n: _is_null(n),
    x.Null: lambda n: ([], lambda: Term(pl.lit(None))),
    x.Boolean: lambda n: ([], lambda: Term(pl.lit(bool(n.this)))),
    x.Case: lambda n: (_case_parts(n), _case),
    x.Coalesce: _many(_coalesced),
    x.Least: _many(_extreme(pl.min_horizontal)),
    x.Greatest: _many(_extreme(pl.max_horizontal)),
    x.Abs: _one(lambda a: Term(a.value.abs(), a.is_money)),
    x.Upper: _one(lambda a: Term(a.value.cast(pl.String).str.to_uppercase())),
    x.Hour: _one(lambda a: Term(a.value.dt.hour())),
    x.TsOrDsToDate: _one(lambda a: Term(a.value.dt.date())),
    x.DayOfWeek: _one(lambda a: Term(a.value.dt.weekday() % 7 + 1)),  # as in Spark: 1 is Sunday
    x.DPipe: _two(_text),
    x.Cast: lambda n: ([n.this], _cast(n.to.this.name)),
    x.TryCast: lambda n: ([n.this], _cast(n.to.this.name)),
    x.BitwiseAnd: _two(lambda a, b: Term(a.value & b.value)),
    x.BitwiseOr: _two(lambda a, b: Term(a.value | b.value)),
    x.BitwiseNot: _one(lambda a: Term(~a.value)),
    x.BitwiseCount: _one(lambda a: Term(a.value.bitwise_count_ones().cast(pl.Int64))),
    x.BitwiseLeftShift: _two(_shifted),
}
_NAMED: dict[str, Callable[..., Term]] = {"longest_gap": _longest_gap}


def _is_null(node: x.Is) -> tuple[list[x.Expr], Callable[[Term], Term]]:
    if not isinstance(node.expression, x.Null):
        raise ValueError("IS is only allowed with NULL")
    return [node.this], lambda a: Term(a.value.is_null())
