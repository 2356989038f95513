"""Computes declared indicator groups for any mornings in one pass.

Sums and maxima go through daily partials (subject, day, morning on which it became known), so that a row is
aggregated once however many mornings and windows use it. Distinct values go through (subject, value) pairs
with their last day, which serves all windows at once. Money stays decimal and counts stay integers, so a
rerun gives identical rows.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from features.indicator import MONTH, FeatureGroup, Measure, Window, indicators, window_days
from features.point_in_time import at_mornings

DAY = ("event_date", "known_as_of")
Covered = Mapping[str, Mapping[date, date]]  # table -> day of happening -> first morning that knew of it


def compute(
    events: dict[str, DataFrame],
    dimension: DataFrame,
    groups: Sequence[FeatureGroup],
    days: Sequence[date],
    covered: Covered | None = None,
) -> DataFrame:
    """The indicators of `groups` on each morning of `days`.

    `events` holds event and reference tables by name; `dimension` one row per `as_of` and `subject_id` with
    the columns that groups join on. A morning uses rows with `event_date` in [as_of - window, as_of) and
    `known_as_of` <= as_of. A subject without rows in a window has the measure's `empty` value; where a table
    has no row of anybody in a window, nothing is known and the value is null.

    `covered` tells of each event table the days that have rows, and on which morning the first of them was known;
    a caller that has it spares reading the events for it.

    Returns one row per `as_of` and `subject_id` of `dimension`: these two, then the indicators in their order.
    """
    mornings = tuple(sorted(set(days)))
    wanted = {table for group in groups for table in group.tables}
    if missing := sorted(wanted - events.keys()):
        raise ValueError(f"indicators need the tables {missing}; given are {sorted(events)}")
    covered = _covered_days(events, groups) if covered is None else covered
    frame = dimension.select(*dict.fromkeys(["as_of", "subject_id", *(group.joins for group in groups)]))
    for group in groups:
        if group.function is not None:
            part = group.function(events, dimension, mornings)
        else:
            part = _aggregate(_rows(events, group), group, mornings)
        part = part.withColumnRenamed(group.key, group.joins)
        frame = frame.join(part, ["as_of", group.joins], "left")
    frame = frame.withColumns(_filled(groups, mornings, covered))
    derived = {
        column: F.expr(m.sql.replace("{d}", "" if w is None else str(w)))
        for group in groups for m in group.measures if m.kind == "derived" for column, w in m.columns()
    }  # fmt: skip
    published = [
        derived.get(i.name, F.col(i.name)).cast(i.spark_type).alias(i.name) for i in indicators(tuple(groups))
    ]
    return frame.select("as_of", "subject_id", *published)


def _rows(events: dict[str, DataFrame], group: FeatureGroup) -> DataFrame:
    """The rows of a group's tables as one frame; a column that one of several tables lacks is null there."""
    frames = [events[table] for table in group.tables]
    rows = reduce(lambda a, b: a.unionByName(b, allowMissingColumns=True), frames)
    return rows.where(F.expr(group.where)).where(F.col(group.key).isNotNull())


def _aggregate(rows: DataFrame, group: FeatureGroup, mornings: Sequence[date]) -> DataFrame:
    """One row per morning and key with every column of the group that is not derived."""
    items = [m for m in group.measures if m.kind in ("distinct", "new")]
    sums = [m for m in group.measures if m.kind in ("sum", "max", "days", "last")]
    parts = [_sums(rows, group, sums, mornings)] if sums else []
    parts += [_distinct(rows, group, items, mornings)] if items else []
    return reduce(lambda a, b: a.join(b, ["as_of", group.key], "full_outer"), parts)


def _sums(
    rows: DataFrame, group: FeatureGroup, measures: Sequence[Measure], mornings: Sequence[date]
) -> DataFrame:
    def order(m: Measure) -> str:
        return f"{m.name}_order"

    def values(m: Measure) -> list[Column]:
        given = [F.expr(f"CASE WHEN {m.where} THEN {'1' if m.kind == 'days' else m.sql} END").alias(m.name)]
        if m.kind == "last":
            given.append(F.expr(f"CASE WHEN {m.where} THEN {group.order} END").alias(order(m)))
        return given

    def partial(m: Measure) -> list[Column]:
        if m.kind == "last":
            return [F.max_by(m.name, order(m)).alias(m.name), F.max(order(m)).alias(order(m))]
        return [F.sum(m.name).alias(m.name) if m.kind == "sum" else F.max(m.name).alias(m.name)]

    def windowed(m: Measure, column: str, window: Window | None) -> Column:
        if m.kind == "days":
            value = F.expr(
                f"bit_or(CASE WHEN {m.name} = 1 THEN shiftleft(1L, datediff(as_of, event_date) - 1) END)"
            )
        elif m.kind == "last":
            value = F.max_by(m.name, order(m))
        else:
            value = F.expr(f"{m.kind}(CASE WHEN {_in_window(window)} THEN {m.name} END)")
        # Sums of sums widen decimals, and wider decimals divide otherwise: one type, however it was summed.
        return value.cast(m.spark_type).alias(column)

    daily = rows.select(group.key, *DAY, *[c for m in measures for c in values(m)])
    if len(mornings) > 1:  # one morning uses each row once: there, partials would be a shuffle for nothing
        daily = daily.groupBy(group.key, *DAY).agg(*[c for m in measures for c in partial(m)])
    seen = at_mornings(daily, mornings, group.look_back)
    return seen.groupBy("as_of", group.key).agg(
        *[windowed(m, c, w) for m in measures for c, w in m.columns()]
    )


def _distinct(
    rows: DataFrame, group: FeatureGroup, measures: Sequence[Measure], mornings: Sequence[date]
) -> DataFrame:
    """Distinct values per window, from the last (`new`: the first) day of each (item, value) of a subject.

    All items of the group go through one pass: a row becomes one (item, value) per item it has, with a flag
    for each condition that some measure puts on rows.
    """
    items = {sql: n for n, sql in enumerate(dict.fromkeys(m.sql for m in measures))}
    flags = {where: f"_flag{n}" for n, where in enumerate(dict.fromkeys(m.where for m in measures))}
    values = ", ".join(f"struct({n} AS item, string({sql}) AS value)" for sql, n in items.items())
    flagged = [F.expr(where).alias(flag) for where, flag in flags.items()]
    pairs = rows.select(group.key, *DAY, *flagged, F.expr(f"inline(array({values}))")).where(
        "value IS NOT NULL"
    )
    if len(mornings) > 1:
        pairs = pairs.groupBy(group.key, *DAY, "item", "value").agg(
            *[F.max(f).alias(f) for f in flags.values()]
        )
    edges = sorted({("min" if m.kind == "new" else "max", flags[m.where]) for m in measures})
    days = [
        F.expr(f"{edge}(CASE WHEN {flag} THEN event_date END)").alias(f"{flag}_{edge}")
        for edge, flag in edges
    ]
    seen = (
        at_mornings(pairs, mornings, group.look_back).groupBy("as_of", group.key, "item", "value").agg(*days)
    )

    def count(m: Measure, column: str, window: Window | None) -> Column:
        day = f"{flags[m.where]}_{'min' if m.kind == 'new' else 'max'}"
        return F.expr(f"count_if(item = {items[m.sql]} AND {_in_window(window, day)})").alias(column)

    return seen.groupBy("as_of", group.key).agg(*[count(m, c, w) for m in measures for c, w in m.columns()])


def _in_window(window: Window | None, day: str = "event_date") -> str:
    if window is None:
        return "true"
    start = "trunc(date_sub(as_of, 1), 'MM')" if window == MONTH else f"date_sub(as_of, {window})"
    return f"{day} >= {start}"


def _covered_days(events: dict[str, DataFrame], groups: Sequence[FeatureGroup]) -> Covered:
    tables = sorted({t for group in groups for t in group.tables})
    if not tables:
        return {}
    days = [
        events[t].groupBy("event_date").agg(F.min("known_as_of").alias("known"), F.lit(t).alias("name"))
        for t in tables
    ]  # fmt: skip
    covered: dict[str, dict[date, date]] = {t: {} for t in tables}
    for row in reduce(DataFrame.unionByName, days).collect():
        covered[row["name"]][row["event_date"]] = row["known"]
    return covered


def _filled(groups: Sequence[FeatureGroup], mornings: Sequence[date], covered: Covered) -> dict[str, Column]:
    """Empty values for subjects without rows, only on mornings on which the window of the table is not blank."""
    columns: dict[str, Column] = {}
    for group in groups:
        for m in group.measures:
            if m.kind == "derived" or m.empty is None:
                continue
            for column, window in m.columns():
                known = [a for a in mornings if _is_known(group, window, a, covered)]
                filled = F.when(F.col("as_of").isin(known), F.coalesce(column, F.lit(m.empty)))
                columns[column] = filled.otherwise(F.col(column))
    return columns


def _is_known(group: FeatureGroup, window: Window | None, as_of: date, covered: Covered) -> bool:
    tables = [covered[t] for t in group.tables if t in covered]
    first = as_of - timedelta(days=group.look_back if window is None else window_days(window))
    return not tables or any(
        first <= day < as_of and known <= as_of for t in tables for day, known in t.items()
    )
