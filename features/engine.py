"""Computes declared indicator groups for any mornings from one reading of the events.

Sums and maxima go through daily partials (subject, day, morning on which it became known), so that a row is
aggregated once however many mornings and windows use it. Distinct values go through (subject, value) pairs
with their last day, which serves all windows at once. Money and counts are whole numbers, so a rerun gives
identical rows.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta

import polars as pl

from data_contracts.types import polars_type
from features.aggregates import Partials, partials_of, windows_of
from features.expressions import Term, compiled, is_money
from features.indicator import FeatureGroup, Window, indicators, window_days
from features.point_in_time import Morning, happened

Types = Mapping[str, Mapping[str, str]]  # table -> column -> Spark type
Covered = Mapping[str, Mapping[date, date]]  # table -> day of happening -> first morning that knew of it


def compute(
    tables: Mapping[str, pl.DataFrame],
    types: Types,
    subjects: Callable[[date], pl.DataFrame],
    groups: Sequence[FeatureGroup],
    mornings: Iterable[date],
    covered: Covered | None = None,
) -> Iterator[pl.DataFrame]:
    """The indicators of `groups`, one frame per morning of `mornings`.

    `tables` holds event and reference tables by name, money in cents, with the Spark types of their columns in
    `types`; `subjects` gives one row per `subject_id` of a morning, with the columns that groups join on. A morning
    uses rows with `event_date` in [as_of - window, as_of) and `known_as_of` <= as_of. A subject without rows in a
    window has the measure's `empty` value; where a table has no row of anybody in a window, nothing is known and the
    value is null.

    `covered` tells of each event table the days that have rows, and on which morning the first of them was known;
    a caller that has it spares looking at the events for it.

    Each frame has one row per subject: `as_of`, `subject_id`, then the indicators in their order.
    """
    names = [group.name for group in groups]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"two groups are called {', '.join(twice)}; give each a name of its own")
    wanted = {table for group in groups for table in group.tables}
    if missing := sorted(wanted - tables.keys()):
        raise ValueError(f"indicators need the tables {missing}; given are {sorted(tables)}")
    covered = _covered_days(tables, wanted) if covered is None else covered
    wholes = {g.name: partials_of(tables, _types(types, g), g) for g in groups if g.is_of_rows}
    for as_of in sorted(set(mornings)):
        morning = Morning(as_of, tables, subjects(as_of))
        frame = morning.subjects.select(*dict.fromkeys(["subject_id", *(group.joins for group in groups)]))
        for group in groups:
            for part in _parts(group, wholes.get(group.name), types, morning):
                frame = frame.join(part, left_on=group.joins, right_on=group.key, how="left")
        yield _finished(frame.with_columns(_filled(groups, as_of, covered)), groups, as_of)


def _parts(
    group: FeatureGroup, whole: Partials | None, types: Types, morning: Morning
) -> Iterable[pl.DataFrame]:
    if group.function is not None:
        return [group.function(morning)]
    if whole is None:
        return []
    if group.moments:
        whole = _as_known(group, whole, types, morning)
    return windows_of(whole, group, morning.as_of)


def _as_known(group: FeatureGroup, whole: Partials, types: Types, morning: Morning) -> Partials:
    """The partials without what the morning did not know yet: a row that came late changes the moments of those after
    it. Only few keys have such rows, so they alone are made again."""
    reach = group.look_back + group.moment_days
    not_yet = pl.concat(
        morning.tables[table]
        .filter(happened(morning.as_of, reach) & (pl.col("known_as_of") > morning.as_of))
        .select(group.key)
        for table in group.tables
    ).unique()
    if not_yet.is_empty():
        return whole
    rows = {t: morning.rows(t, reach).join(not_yet, on=group.key, how="semi") for t in group.tables}
    return whole.replaced(not_yet, partials_of(rows, _types(types, group), group))


def _types(types: Types, group: FeatureGroup) -> dict[str, str]:
    return {name: kind for table in group.tables for name, kind in types[table].items()}


def _finished(frame: pl.DataFrame, groups: Sequence[FeatureGroup], as_of: date) -> pl.DataFrame:
    """The published columns: derived ones after those that they are made of, all in their declared types."""
    types = dict.fromkeys(frame.columns, "bigint")
    waiting: dict[str, str] = {}
    for group in groups:
        for m in group.measures:
            for column, window in m.columns():
                types[column] = m.spark_type
                if m.kind == "derived":
                    waiting[column] = m.expression(window)
    terms = {column: compiled(sql, types) for column, sql in waiting.items()}
    while terms:
        ready = {c: t for c, t in terms.items() if not t.columns & terms.keys()}
        if not ready:
            raise ValueError(f"derived indicators need each other: {', '.join(sorted(terms))}")
        frame = frame.with_columns(**{c: _typed(t, types[c]) for c, t in ready.items()})
        terms = {c: t for c, t in terms.items() if c not in ready}
    published = [_published(i.name, i.spark_type) for i in indicators(tuple(groups))]
    return frame.select(pl.lit(as_of).alias("as_of"), pl.col("subject_id").cast(pl.String), *published)


def _typed(term: Term, spark_type: str) -> pl.Expr:
    """The value as the measure's type is computed: money in cents."""
    if is_money(spark_type) and not term.is_money:
        return (term.value * 100).round().cast(pl.Int64)
    if term.is_money and not is_money(spark_type):
        return term.value.cast(pl.Float64) / 100
    return term.value.cast(pl.Int64 if is_money(spark_type) else polars_type(spark_type))


def _published(name: str, spark_type: str) -> pl.Expr:
    kind = polars_type(spark_type)
    if isinstance(kind, pl.Decimal):
        cents = pl.col(name).round().cast(pl.Int64).cast(pl.Decimal(38, kind.scale)) * pl.lit("0.01").cast(
            pl.Decimal(38, kind.scale)
        )
        return cents.cast(kind).alias(name)
    return pl.col(name).cast(kind)


def _covered_days(tables: Mapping[str, pl.DataFrame], wanted: Iterable[str]) -> Covered:
    first = {t: tables[t].group_by("event_date").agg(pl.min("known_as_of")) for t in wanted}
    return {t: dict(days.iter_rows()) for t, days in first.items()}


def _filled(groups: Sequence[FeatureGroup], as_of: date, covered: Covered) -> list[pl.Expr]:
    """Empty values for subjects without rows; null for everybody where the window of the table is blank."""
    columns = []
    for group in groups:
        for m in group.measures:
            if m.kind == "derived" or m.empty is None:
                continue
            for column, window in m.columns():
                if _is_known(group, window, as_of, covered):
                    columns.append(pl.col(column).fill_null(int(m.empty)))
                else:
                    columns.append(pl.lit(None, pl.Int64).alias(column))
    return columns


def _is_known(group: FeatureGroup, window: Window | None, as_of: date, covered: Covered) -> bool:
    tables = [covered[t] for t in group.tables if t in covered]
    first = as_of - timedelta(group.look_back if window is None else window_days(window))
    return not tables or any(
        first <= day < as_of and known <= as_of for t in tables for day, known in t.items()
    )
