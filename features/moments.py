"""Indicators of single events: what happened to the same subject in the minutes, hours or days up to each event."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from features.expressions import compiled

WHEN, PLACE, CODE = "happened_at", "_place", "_code"
LENGTH = re.compile(r"([1-9]\d*)([mhd])")
UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
LONGEST = timedelta(days=90)


@dataclass(frozen=True)
class Moment:
    """A column of each event at `t`: over the events of its key in (t - delay - window, t - delay].

    kind: `sum`, `min`, `max` of `sql`, or `distinct` values of it, over events that meet `where`. A window without
    such events gives 0, for `min` and `max` null. `window` and `delay` read like 10m, 1h or 7d.
    """

    name: str
    sql: str
    window: str
    kind: str = "sum"
    where: str = "true"
    delay: str = ""
    spark_type: str = "bigint"

    def __post_init__(self) -> None:
        if self.kind not in ("sum", "min", "max", "distinct"):
            raise ValueError(f"moment {self.name}: kind is sum, min, max or distinct; found {self.kind!r}")
        if not timedelta(0) < length(self.window) <= LONGEST:
            raise ValueError(
                f"moment {self.name}: wanted a window of up to {LONGEST.days}d, found {self.window!r}"
            )

    @property
    def reach(self) -> timedelta:
        """How far before an event it looks."""
        return length(self.window) + (length(self.delay) if self.delay else timedelta(0))


def length(text: str) -> timedelta:
    """`10m`, `1h`, `7d` as a length of time; ValueError for anything else."""
    found = LENGTH.fullmatch(text)
    if found is None:
        raise ValueError(f"wanted a length like 10m, 1h or 7d, found {text!r}")
    return int(found[1]) * UNITS[found[2]]


def with_moments(
    rows: pl.DataFrame, types: Mapping[str, str], key: str, moments: Sequence[Moment], order: str = WHEN
) -> pl.DataFrame:
    """`rows` with a column per moment; one row per row, ordered by key, time and `order`.

    Of events of one key at the same instant each sees itself and those before it in `order`. `types` are the Spark
    types of the columns.
    """
    columns = [*rows.columns, *(m.name for m in moments)]
    is_category = isinstance(rows.schema[key], pl.Categorical)
    rows = rows.with_columns(
        (pl.col(key).to_physical() if is_category else pl.col(key).rank("dense")).alias(CODE)
    )
    rows = rows.sort(CODE, WHEN, order)  # numbers sort in a tenth of the time of texts
    # Events at one instant become places beside each other; twice as many microseconds leave room between instants.
    is_first = (pl.col(CODE) != pl.col(CODE).shift()) | (pl.col(WHEN) != pl.col(WHEN).shift())
    number = pl.int_range(pl.len())
    among = number - pl.when(is_first.fill_null(True)).then(number).forward_fill()
    most = (rows.select(among.max()).item() or 0) + 1
    since = (pl.col(WHEN) - pl.col(WHEN).min()).dt.total_microseconds()
    rows = rows.with_columns((2 * since * most + among).alias(PLACE))
    for (window, delay), alike in _alike(moments).items():
        values = rows.select(CODE, WHEN, PLACE, **{m.name: _value(m, types) for m in alike})
        if delay:
            start, index = length(window) + length(delay), WHEN
            rolled = values.rolling(WHEN, period=window, offset=-start, closed="right", group_by=CODE)
        else:
            # Begins after all places of the instant that lies exactly a window back.
            index, places = PLACE, 2 * most * (length(window) // timedelta(microseconds=1)) - (most - 1)
            rolled = values.rolling(PLACE, period=f"{places}i", closed="right", group_by=CODE)
        # Joined, not laid beside each other: in which order the groups come back, nobody promises. What happened at
        # one instant has one delayed value.
        found = rolled.agg(_aggregate(m) for m in alike)
        if delay:
            found = found.unique([CODE, index], keep="any")
        rows = rows.join(found, on=[CODE, index], how="left", maintain_order="left")
    return rows.select(columns)


def _alike(moments: Sequence[Moment]) -> dict[tuple[str, str], list[Moment]]:
    found: dict[tuple[str, str], list[Moment]] = {}
    for moment in moments:
        found.setdefault((moment.window, moment.delay), []).append(moment)
    return found


def _value(moment: Moment, types: Mapping[str, str]) -> pl.Expr:
    value = pl.lit(1, pl.Int64) if moment.sql == "1" else compiled(moment.sql, types).value
    return pl.when(compiled(moment.where, types).value).then(value)


def _aggregate(moment: Moment) -> pl.Expr:
    column = pl.col(moment.name)
    if moment.kind == "distinct":  # null counts as a value there
        return (column.n_unique() - (column.null_count() > 0)).cast(pl.Int64)
    return getattr(column, moment.kind)()
