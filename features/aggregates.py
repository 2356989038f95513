"""From rows to daily partials, and from partials to the windows of one morning; a family of measures at a time.

All that is added up is a whole number, and what is not (logarithms) is sorted first: the order of rows changes nothing.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import polars as pl

from features.expressions import compiled
from features.indicator import ITEMS, MONTH, OF_DAYS, OF_ROWS, FeatureGroup, Measure, Window
from features.moments import with_moments
from features.point_in_time import usable
from features.series import series

DAY = ("event_date", "known_as_of")


@dataclass(frozen=True)
class Partials:
    """A group's rows, once aggregated: per key, day and morning of knowing; pairs also per value."""

    sums: pl.DataFrame | None
    pairs: Mapping[str, pl.DataFrame] = field(default_factory=dict)  # by the SQL of the value

    def replaced(self, keys: pl.DataFrame, by: "Partials") -> "Partials":
        """These partials with those of `keys` (a frame of one column) taken from `by`."""

        def mixed(own: pl.DataFrame, other: pl.DataFrame) -> pl.DataFrame:
            return pl.concat([own.join(keys, on=keys.columns, how="anti"), other])

        sums = None if self.sums is None or by.sums is None else mixed(self.sums, by.sums)
        return Partials(sums, {sql: mixed(pairs, by.pairs[sql]) for sql, pairs in self.pairs.items()})


def partials_of(
    tables: Mapping[str, pl.DataFrame], known: Mapping[str, str], group: FeatureGroup
) -> Partials:
    """The group's rows by key, day and morning; a column that one of several tables lacks is null there.

    `known` are the Spark types of the tables' columns.
    """
    rows = pl.concat([tables[table] for table in group.tables], how="diagonal_relaxed")
    rows = rows.filter(pl.col(group.key).is_not_null())
    if group.moments:
        rows = with_moments(rows, known, group.key, group.moments, group.order)
        known = {**known, **{m.name: m.spark_type for m in group.moments}}

    def term(text: str) -> pl.Expr:
        return compiled(text, known).value

    rows = rows.filter(term(group.where))
    keys = [group.key, *DAY]
    columns: dict[str, pl.Expr] = {}
    partial: list[pl.Expr] = []
    for m in group.measures_of(*OF_ROWS, *OF_DAYS):
        value = pl.lit(1, pl.Int64) if m.kind == "days" or m.sql == "1" else term(m.sql)
        columns[m.name] = value if m.where == "true" else pl.when(term(m.where)).then(value)
        if m.kind == "last":
            columns[_order(m)] = pl.when(term(m.where)).then(term(group.order))
        partial += _partial(m)
    sums = rows.select(*keys, **columns).group_by(keys).agg(partial) if partial else None
    pairs = {}
    for sql, alike in _by_item(group).items():
        flags = {_flag(m): term(m.where) for m in alike}
        found = rows.select(*keys, term(sql).alias("value"), **flags).filter(pl.col("value").is_not_null())
        pairs[sql] = found.group_by([*keys, "value"]).agg(pl.col(f).sum().cast(pl.Int64) for f in flags)
    return Partials(sums, pairs)


def windows_of(partials: Partials, group: FeatureGroup, as_of: date) -> Iterator[pl.DataFrame]:
    """Frames with one row per key: together every column of the group that is not derived."""
    recent = usable(as_of, group.look_back)
    if partials.sums is not None:
        rows = partials.sums.filter(recent)
        if of_rows := group.measures_of(*OF_ROWS):
            yield _of_rows(rows, of_rows, group.key, as_of)
        for m in group.measures_of(*OF_DAYS):
            for column, window in m.columns():
                yield series(rows, group.key, m.name, m.kind, int(window or 0), as_of, column)
    for sql, pairs in partials.pairs.items():
        yield from _of_items(pairs.filter(recent), _by_item(group)[sql], group.key, as_of)


def in_window(window: Window | None, as_of: date, day: str = "event_date") -> pl.Expr:
    """Whether a day lies in the window; days of and after `as_of` are not asked for."""
    if window is None:
        return pl.col(day).is_not_null()
    yesterday = as_of - timedelta(1)
    start = yesterday.replace(day=1) if window == MONTH else as_of - timedelta(int(window))
    return pl.col(day) >= start


def _partial(m: Measure) -> list[pl.Expr]:
    value = pl.col(m.name)
    if m.kind == "last":
        return [_latest(m), pl.max(_order(m))]
    if m.kind == "spread":
        wide = value.cast(pl.Int128)
        return [
            wide.sum(),
            value.count().cast(pl.Int128).alias(_count(m)),
            (wide * wide).sum().alias(_squares(m)),
        ]
    return [value.sum() if m.kind in OF_DAYS else _AGGREGATES[m.kind](m, m.name)]


def _of_rows(rows: pl.DataFrame, measures: Sequence[Measure], key: str, as_of: date) -> pl.DataFrame:
    columns: dict[str, pl.Expr] = {}
    found: list[pl.Expr] = []
    for m in measures:
        if m.kind == "days":
            # bit n is the day n + 1 days before `as_of`
            bit = 2 ** ((pl.lit(as_of) - pl.col("event_date")).dt.total_days() - 1)
            columns[m.name] = pl.when(pl.col(m.name) == 1).then(bit.cast(pl.Int64))
            found.append(pl.col(m.name).bitwise_or())
        elif m.kind == "last":
            found.append(_latest(m))
        else:
            for column, window in m.columns():
                inside = in_window(window, as_of)
                columns[column] = pl.when(inside).then(pl.col(m.name))
                if m.kind == "spread":
                    parts = {f"{column} {part(m)}": pl.col(part(m)) for part in (_count, _squares)}
                    columns |= {name: pl.when(inside).then(value) for name, value in parts.items()}
                    found.append(_spread(column, *parts))
                else:
                    found.append(_AGGREGATES[m.kind](m, column))
    return rows.with_columns(**columns).group_by(key).agg(found)


def _of_items(pairs: pl.DataFrame, alike: Sequence[Measure], key: str, as_of: date) -> Iterator[pl.DataFrame]:
    columns: dict[str, pl.Expr] = {}
    counts: list[pl.Expr] = []
    for m in alike:
        day = pl.when(pl.col(_flag(m)) > 0).then(pl.col("event_date"))
        if m.kind in ("distinct", "new"):
            columns[_edge(m)] = day.min() if m.kind == "new" else day.max()
            counts += [in_window(w, as_of, _edge(m)).sum().cast(pl.Int64).alias(c) for c, w in m.columns()]
            continue
        for column, window in m.columns():
            columns[column] = pl.when(in_window(window, as_of)).then(pl.col(_flag(m))).sum()
            counts.append(_largest(column) if m.kind == "largest" else _entropy(column))
    yield pairs.group_by(key, "value").agg(**columns).group_by(key).agg(counts)


def _by_item(group: FeatureGroup) -> dict[str, list[Measure]]:
    items: dict[str, list[Measure]] = {}
    for m in group.measures_of(*ITEMS):
        items.setdefault(m.sql, []).append(m)
    return items


def _sum(m: Measure, column: str) -> pl.Expr:
    """The sum; null of nulls where nothing is not the same as zero."""
    values = pl.col(column)
    return values.sum() if m.empty is not None else pl.when(values.count() > 0).then(values.sum())


def _spread(column: str, count: str, squares: str) -> pl.Expr:
    """Standard deviation (of a population) from exact sums: it cannot drift."""
    n, total, square = pl.col(count).sum(), pl.col(column).sum(), pl.col(squares).sum()
    variance = (n * square - total * total).cast(pl.Float64) / (n * n).cast(pl.Float64)
    return pl.when(n > 0).then(variance.sqrt()).alias(column)


def _largest(column: str) -> pl.Expr:
    """Share of the most frequent value."""
    values = pl.col(column)
    return pl.when(values.sum() > 0).then(values.max() / values.sum()).alias(column)


def _entropy(column: str) -> pl.Expr:
    """Shannon entropy of the values in nats: 0 where all rows hold one value."""
    values = pl.col(column).filter(pl.col(column) > 0).sort()
    total = values.sum()
    entropy = total.log() - (values * values.log()).sum() / total
    return pl.when(total > 0).then(entropy.clip(lower_bound=0)).alias(column)  # rounding may reach below


def _latest(m: Measure) -> pl.Expr:
    return pl.col(m.name).get(pl.col(_order(m)).arg_max(), null_on_oob=True)


def _order(m: Measure) -> str:
    return f"{m.name}_order"


def _count(m: Measure) -> str:
    return f"{m.name}_rows"


def _squares(m: Measure) -> str:
    return f"{m.name}_squares"


def _flag(m: Measure) -> str:
    return f"is {m.where}"


def _edge(m: Measure) -> str:
    return f"{'first' if m.kind == 'new' else 'last'} {m.where}"


_AGGREGATES: dict[str, Callable[[Measure, str], pl.Expr]] = {
    "sum": _sum,
    "max": lambda m, column: pl.max(column),
    "min": lambda m, column: pl.min(column),
    "days": lambda m, column: pl.max(column),  # of a day's rows; the windows make bits of it
}
