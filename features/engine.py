"""Computes declared indicator groups for any mornings, from what is kept of each day or straight from rows.

Three steps that may run on different machines: `features.partials` makes what a morning adds to the kept days;
`wholes` looks across all subjects of a morning; `bucket_frames` computes the windows of some subjects, by the hash of
their names, and all that follows from them. Money and counts are whole numbers, so a rerun gives identical rows.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta

import numpy as np
import polars as pl

from data_contracts.types import polars_type
from features.expressions import CENTS, Term, compiled, is_money
from features.hashing import hashed
from features.indicator import FeatureGroup, Measure, Window, indicators, window_days
from features.kept import parts_of
from features.partials import partials_of
from features.point_in_time import Morning
from features.rows import TableEvents
from features.windows import Entries, Windows

Types = Mapping[str, Mapping[str, str]]  # table -> column -> Spark type
Covered = Mapping[str, Mapping[date, date]]  # table -> day of happening -> first morning that knew of it
YUAN_SQUARED = "yuan squared"
EntriesOf = Callable[[FeatureGroup], Entries]


def compute(
    tables: Mapping[str, pl.DataFrame],
    types: Types,
    subjects: Callable[[date], pl.DataFrame],
    groups: Sequence[FeatureGroup],
    mornings: Iterable[date],
    covered: Covered | None = None,
) -> Iterator[pl.DataFrame]:
    """The indicators of `groups` from rows, one frame per morning of `mornings`; nothing is kept.

    `tables` holds event and reference tables by name, money in cents, with the Spark types of their columns in
    `types`; `subjects` gives one row per `subject_id` of a morning, with the columns that groups join on. A morning
    uses rows with `event_date` in [as_of - window, as_of) and `known_as_of` <= as_of. A subject without rows in a
    window has the measure's `empty` value; where a table has no row of anybody in a window, nothing is known and the
    value is null.

    Each frame has one row per subject: `as_of`, `subject_id`, then the indicators in their order.
    """
    checked(groups)
    wanted = {table for group in groups for table in group.tables}
    if missing := sorted(wanted - tables.keys()):
        raise ValueError(f"indicators need the tables {missing}; given are {sorted(tables)}")
    covered = _covered_days(tables, wanted) if covered is None else covered
    asked = sorted(set(mornings))
    kept: dict[str, pl.DataFrame] = {}
    for group in groups:
        kept |= partials_of(group, TableEvents(tables, types, group), known_mornings(group, asked))
    entries = {group.name: Entries.of(group, kept) for group in groups if parts_of(group)}
    for as_of in asked:
        morning = Morning(as_of, tables, kept, subjects(as_of))
        whole = wholes(groups, morning, lambda group: entries[group.name])
        yield from bucket_frames(groups, lambda group: entries[group.name], {as_of: whole}, covered)


def checked(groups: Sequence[FeatureGroup]) -> None:
    """Raise ValueError where two groups have one name, or a column is declared twice."""
    names = [group.name for group in groups]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"two groups are called {', '.join(twice)}; give each a name of its own")
    indicators(tuple(groups))


def known_mornings(group: FeatureGroup, mornings: Sequence[date]) -> list[date]:
    """The mornings whose additions to the kept days the windows of `mornings` look at."""
    first = mornings[0] - timedelta(days=max(group.kept_days, 1) - 1)
    return [first + timedelta(days=n) for n in range((mornings[-1] - first).days + 1)]


def is_of_subject(group: FeatureGroup) -> bool:
    """Whether the group's rows are those of a subject itself, so that its windows are computed by bucket."""
    return group.function is None and group.joins == "subject_id"


def wholes(groups: Sequence[FeatureGroup], morning: Morning, entries: EntriesOf) -> pl.DataFrame:
    """What needs a look across all subjects of a morning: the groups with a function, and those keyed by something
    that subjects share.

    One row per subject, sorted by `key`: `subject_id`, `key` (hashed), then the columns of these groups. Raises
    ValueError when two subjects have one hash.
    """
    shared = [group for group in groups if not is_of_subject(group)]  # those of rows have some
    frame = morning.subjects.select(*dict.fromkeys(["subject_id", *(group.joins for group in shared)]))
    for group in shared:
        if group.function is not None:
            frame = frame.join(group.function(morning), left_on=group.joins, right_on=group.key, how="left")
            continue
        keys = frame.select(pl.col(group.joins).drop_nulls().unique(maintain_order=True)).to_series()
        rows = hashed(keys).to_numpy()
        columns = Windows(group, entries(group), rows).columns(morning.as_of, np.arange(len(rows)))
        frame = frame.join(pl.DataFrame([keys, *columns]), on=group.joins, how="left")
    frame = frame.with_columns(hashed(frame["subject_id"]).alias("key")).sort("key")
    if frame["key"].n_unique() < frame.height:
        raise ValueError(f"{morning.as_of}: two subjects have one hash; wanted one row per subject_id")
    return frame


def bucket_frames(
    groups: Sequence[FeatureGroup],
    entries: EntriesOf,
    wholes: Mapping[date, pl.DataFrame],
    covered: Covered,
) -> Iterator[pl.DataFrame]:
    """The finished indicators of the subjects in `wholes` (see there), one frame per morning in their order: `as_of`,
    `subject_id`, then the indicators in theirs."""
    keys = [whole["key"].to_numpy() for whole in wholes.values()]
    rows = keys[0] if len(keys) == 1 else np.unique(np.concatenate(keys))
    own = [group for group in groups if is_of_subject(group) and parts_of(group)]
    windows = [Windows(group, entries(group), rows) for group in own]
    for as_of, whole in wholes.items():
        wanted = np.searchsorted(rows, whole["key"].to_numpy())
        columns = [column for group in windows for column in group.columns(as_of, wanted)]
        yield _finished(whole.with_columns(columns), groups, as_of, covered)


def _finished(
    frame: pl.DataFrame, groups: Sequence[FeatureGroup], as_of: date, covered: Covered
) -> pl.DataFrame:
    """The published columns: measures in their types, then derived ones after those that they are made of."""
    frame = frame.with_columns(_measured(groups, as_of, covered))
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


def _measured(groups: Sequence[FeatureGroup], as_of: date, covered: Covered) -> list[pl.Expr]:
    """Columns of windows in the unit of their declaration; empty values for subjects without rows, null for everybody
    where the window of the table is blank."""
    columns = []
    for group in groups:
        for m in group.measures:
            if m.kind == "derived":
                continue
            for column, window in m.columns():
                value = pl.col(column) if group.function is not None else _in_unit(column, m)
                if m.empty is not None:
                    is_known = _is_known(group, window, as_of, covered)
                    value = value.fill_null(int(m.empty)) if is_known else pl.lit(None, pl.Int64)
                columns.append(value.alias(column))
    return columns


def _in_unit(column: str, m: Measure) -> pl.Expr:
    """Averages of money in whole cents; a variance of money, which has no decimal type, in its unit."""
    value = pl.col(column)
    if m.kind in ("mean", "spread", "trend") and is_money(m.spark_type):
        return value.round(mode="half_away_from_zero").cast(pl.Int64)
    return value / CENTS**2 if m.kind == "variance" and m.unit == YUAN_SQUARED else value


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


def _is_known(group: FeatureGroup, window: Window | None, as_of: date, covered: Covered) -> bool:
    tables = [covered[t] for t in group.tables if t in covered]
    first = as_of - timedelta(group.look_back if window is None else window_days(window))
    return not tables or any(
        first <= day < as_of and known <= as_of for t in tables for day, known in t.items()
    )
