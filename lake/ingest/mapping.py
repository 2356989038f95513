"""From the columns of a file to the columns of the mart, by the rules of the mapping.

A value that does not parse makes its row broken: the reason names the column and shows the *shape* of the value
(digits as 9, letters as a), never the value itself, because a shifted line may hold an identifier anywhere.
"""

from collections.abc import Sequence
from decimal import Decimal
from string import Formatter

import polars as pl

from conf.errors import UsageError
from conf.settings import Settings
from conf.sources import ColumnRule, Feed, Source
from data_contracts.contract import ColumnContract, Contract
from data_contracts.row_checks import with_reasons
from data_contracts.rules import LINEAGE
from data_contracts.types import polars_type
from lake.ingest.checks import carries
from lake.ingest.moments import moment
from lake.ingest.reading import PLACE

Texts = dict[str, pl.Expr]  # columns of the file as text
Problem = tuple[pl.Expr, pl.Expr]  # when a value is wrong, and the reason
FROM = "from:"  # before the names of the file's columns, which may be those of the mart
SHOWN = 24  # characters of a value's shape in a reason
VARIES = "|"  # a contract that allows several tags leaves it to the row which one it is
DERIVED = {*LINEAGE, "event_date"} - {"received_at"}
TAGGED = "{column}__{tag}"  # a column whose tag depends on the row is split until it is pseudonymised
TRUTH = dict.fromkeys(("true", "t", "yes", "y", "1"), True) | dict.fromkeys(
    ("false", "f", "no", "n", "0"), False
)


def mapped(
    raw: pl.DataFrame, source: Source, feed: Feed, contract: Contract, settings: Settings
) -> pl.DataFrame:
    """Rows of the mart in clear, one per row of `raw`.

    Columns of the contract except known_as_of and is_late, which need the verdict; then `_problems` (list of text,
    empty when every value could be read), `_row` (fingerprint of what was read) and the columns that say where the
    row stands. Identifiers whose tag depends on the row are in columns `<name>__<tag>`.
    """
    raw = _cleaned(raw, feed)
    kinds = {name: raw.schema[FROM + name] for name in feed.source_columns}
    texts = {
        name: pl.col(FROM + name) if kind == pl.String else pl.col(FROM + name).cast(pl.String)
        for name, kind in kinds.items()
    }
    zone = source.timezone or settings.timezone
    values: dict[str, pl.Expr] = {}
    problems: list[Problem] = [(pl.col("_broken").is_not_null(), pl.col("_broken"))]
    for column in contract.columns:
        rule = feed.columns.get(column.name)
        if rule is None:
            values[column.name] = pl.lit(None, polars_type(column.spark_type))
            continue
        values[column.name], found = _value(rule, column, texts, kinds, zone, settings.timezone)
        problems += found
        if rule.tag_by:
            is_known = texts[rule.tag_by].is_in(list(rule.tags)).fill_null(False)
            problems.append(
                (~is_known, pl.lit(f"{column.name}: {rule.tag_by} does not say what it identifies"))
            )
    if "event_date" in values:
        values["event_date"] = values["happened_at"].dt.convert_time_zone(settings.timezone).dt.date()
    if "received_at" not in feed.columns:
        values["received_at"] = pl.col("_delivered_at")
    values |= {
        "source": pl.lit(source.name),
        "source_file": pl.col("_file"),
        "source_line": pl.col("_line"),
    }
    made = [value.alias(name) for name, value in values.items() if name not in ("known_as_of", "is_late")]
    fingerprint = pl.struct(texts[name].alias(name) for name in feed.source_columns).hash().cast(pl.String)
    rows = raw.with_columns(*made, fingerprint.alias("_row"))
    rows = rows.with_columns(_split_by_tag(feed, texts))
    # Columns of a line that could not be cut into its fields mean nothing; one reason says it.
    every = pl.concat_list(pl.when(wrong).then(said) for wrong, said in problems).list.drop_nulls()
    reasons = pl.when(pl.col("_broken").is_null()).then(every).otherwise(pl.concat_list("_broken"))
    is_wrong = pl.any_horizontal(wrong.fill_null(False) for wrong, _ in problems)
    rows = with_reasons(rows, is_wrong, reasons, "_problems")
    return rows.drop(FROM + name for name in feed.source_columns)


def tags(feeds: Sequence[Feed], contract: Contract) -> dict[str, str]:
    """Columns to pseudonymise with their tags, those of `_split_by_tag` included."""
    found = {name: tag for name, tag in contract.pseudonyms.items() if VARIES not in tag}
    for feed in feeds:
        for name, rule in feed.columns.items():
            if rule.tag:
                found[TAGGED.format(column=name, tag=rule.tag)] = rule.tag
            for tag in rule.tags.values():
                found[TAGGED.format(column=name, tag=tag)] = tag
    return found


def _split_by_tag(feed: Feed, texts: Texts) -> list[pl.Expr]:
    split = []
    for name, rule in feed.columns.items():
        if rule.tag:
            split.append(pl.col(name).alias(TAGGED.format(column=name, tag=rule.tag)))
        for tag in dict.fromkeys(rule.tags.values()):
            words = [word for word, its_tag in rule.tags.items() if its_tag == tag]
            own = pl.when(texts[str(rule.tag_by)].is_in(words)).then(pl.col(name))
            split.append(own.alias(TAGGED.format(column=name, tag=tag)))
    return split


def fit(source: Source, feed: Feed, contract: Contract) -> None:
    """Raise UsageError, naming feed and column, when a mapping does not fit the table that it fills."""
    where = f"{source.name}: {feed.name}"
    known = {column.name for column in contract.columns} - DERIVED
    if unknown := sorted(set(feed.columns) - known):
        raise UsageError(
            f"{where}: columns {unknown} are not in table {contract.table}; it has {sorted(known)}"
        )
    required = {column.name for column in contract.columns if column.required} - DERIVED - {"received_at"}
    if missing := sorted(required - set(feed.columns)):
        raise UsageError(
            f"{where}: table {contract.table} needs the columns {missing}; the mapping lacks them"
        )
    for name, rule in feed.columns.items():
        allowed = (contract.column(name).pseudonym or "").split(VARIES)
        given = {rule.tag, *rule.tags.values()} - {None}
        if len(allowed) > 1 and not given:
            raise UsageError(f"{where}: column {name}: say with tag or tag_by which of {allowed} it is")
        if given and (len(allowed) == 1 or not given.issubset(allowed)):
            raise UsageError(
                f"{where}: column {name}: wanted the tag {' or '.join(allowed) or 'none'}, found {given}"
            )


def _value(
    rule: ColumnRule,
    column: ColumnContract,
    texts: Texts,
    kinds: dict[str, pl.DataType],
    zone: str,
    business_zone: str,
) -> tuple[pl.Expr, list[Problem]]:
    """The typed value (null when it does not parse), and when something is wrong with it and what.

    The problem refers to the finished value by the name of its column. `zone` is that of times without an offset;
    dates are those of `business_zone`.
    """
    kind = column.spark_type
    wanted = polars_type(kind)
    if rule.constant is not None:
        given = pl.lit(str(rule.constant).lower() if isinstance(rule.constant, bool) else str(rule.constant))
        if kind in ("timestamp", "date"):
            return _moment(given, pl.String(), rule, kind, zone, business_zone), []
        return _typed(given, pl.String(), wanted), []
    given = _template(rule.template, texts) if rule.template else pl.col(f"{FROM}{rule.source}")
    given_kind = pl.String() if rule.template else kinds[str(rule.source)]
    text = given if rule.template else texts[str(rule.source)]
    if rule.first:
        given = text = text.str.slice(0, rule.first)
        given_kind = pl.String()
    what = kind
    if rule.values:
        value = _typed(_looked_up(text, rule), pl.String(), wanted)
        what = "known word"
    elif rule.sign:
        number = text.cast(pl.Decimal(38, 6), strict=False)
        what = "number"
        value = pl.when(number < 0).then(pl.lit(rule.sign["negative"]))
        value = value.when(number >= 0).then(pl.lit(rule.sign["positive"]))
    elif rule.part:
        value = _moment(given, given_kind, rule, "date", zone, business_zone).dt.year().cast(wanted)
        what = "date"
    elif kind in ("timestamp", "date"):
        value = _moment(given, given_kind, rule, kind, zone, business_zone)
    elif kind == "string":
        value = text
    elif rule.factor is not None:
        scaled = text.cast(pl.Decimal(38, 6), strict=False) * pl.lit(Decimal(rule.factor))
        value = scaled.cast(wanted, strict=False)
    else:
        value = _typed(given, given_kind, wanted)
    if rule.absolute:
        value = value.abs()
    if rule.check:
        is_wrong = ~carries(rule.check.kind, text).fill_null(True)
        if rule.check.when:
            is_meant = texts[rule.check.when.column].is_in(list(rule.check.when.values))
            is_wrong &= is_meant.fill_null(False)
        return value, [(is_wrong, pl.lit(f"{column.name}: wrong check digit ({rule.check.kind})"))]
    if kind == "string" and not (rule.values or rule.sign):
        return value, []  # any text is a text
    fails = given.is_not_null() & pl.col(column.name).is_null()
    shape = text.str.slice(0, SHOWN).str.replace_all(r"\p{Nd}", "9").str.replace_all(r"\p{L}", "a")
    return value, [(fails, pl.lit(f"{column.name}: not a {what}: ") + shape)]


def _typed(given: pl.Expr, kind: pl.DataType, wanted: pl.DataType) -> pl.Expr:
    """`given` as `wanted`, null when it is none; a number is rounded to the decimals of its column."""
    if wanted == pl.Boolean and kind == pl.String:
        return given.str.to_lowercase().replace_strict(TRUTH, default=None, return_dtype=pl.Boolean)
    if kind == pl.String and isinstance(wanted, pl.Decimal):
        return given.cast(pl.Decimal(38, 6), strict=False).cast(wanted, strict=False)
    return given.cast(wanted, strict=False)


def _cleaned(raw: pl.DataFrame, feed: Feed) -> pl.DataFrame:
    """`raw` with its columns named `FROM` and the old name, texts trimmed; blank is null."""
    columns = []
    for name in feed.source_columns:
        kind = raw.schema[name]
        value = pl.col(name)
        if kind in (pl.String, pl.Categorical, pl.Null):
            text = value.cast(pl.String).str.strip_chars(" ")
            value = pl.when(text != "").then(text)
        columns.append(value.alias(FROM + name))
    return raw.select(*columns, *PLACE)


def _template(template: str, texts: Texts) -> pl.Expr:
    """The text with its columns filled in; null when one of them is."""
    parts: list[pl.Expr] = []
    for literal, name, _, _ in Formatter().parse(template):
        parts += [pl.lit(literal)] if literal else []
        parts += [texts[name]] if name else []
    return pl.concat_str(parts)


def _looked_up(text: pl.Expr, rule: ColumnRule) -> pl.Expr:
    found = text.replace_strict(dict(rule.values), default=pl.lit(rule.otherwise), return_dtype=pl.String)
    return pl.when(text.is_not_null()).then(found)


def _moment(
    given: pl.Expr, given_kind: pl.DataType, rule: ColumnRule, kind: str, zone: str, business_zone: str
) -> pl.Expr:
    """An instant, or the date that the clocks of the business zone showed at it."""
    value = moment(given, given_kind, rule.format, zone)
    if rule.add_days:  # days of the calendar, not of 24 hours
        value = value.dt.convert_time_zone(zone).dt.offset_by(f"{rule.add_days}d").dt.convert_time_zone("UTC")
    return value if kind == "timestamp" else value.dt.convert_time_zone(business_zone).dt.date()
