"""From the rows of some days to what is kept of them: a group's partials, as each morning knew its days.

A morning makes the days anew that it knows more of: yesterday; the days before it, as far as the group's moments look
ahead; and of a key with a row that came late the day of that row and those whose moments look back to it. The newest
making of a day that a morning knew is the one in force, so nothing that was kept is ever changed.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Protocol

import polars as pl

from features.expressions import compiled
from features.hashing import hashed
from features.indicator import Digest, FeatureGroup
from features.kept import ROWS, Kept, Part, parts_of
from features.kernels import NOTHING_LESS, NOTHING_MORE
from features.moments import with_moments
from features.sequences import with_sequences

ENTRY = ("known_as_of", "key", "event_date")  # what an entry is of, and the order of entries
ONE_DAY = timedelta(days=1)


class Events(Protocol):
    """The rows of a group's tables, wherever they lie; a column that one of several tables lacks is null there."""

    @property
    def types(self) -> Mapping[str, str]:
        """Spark types of the columns."""
        ...

    def happened(self, days: Collection[date], keys: pl.DataFrame | None = None) -> pl.DataFrame:
        """The rows with one of these `event_date`, of all keys or of the group's keys in a frame of one column."""
        ...

    def late(self, first: date, last: date) -> pl.DataFrame:
        """The rows that became known on the mornings [first, last] and later than the day after they happened."""
        ...


def partials_of(
    group: FeatureGroup, events: Events, mornings: Sequence[date]
) -> Iterator[tuple[str, pl.DataFrame]]:
    """What the `mornings`, neighbours in their order, add to each part and digest of `group`: its name and a frame.

    Frames hold `key` (hashed), `event_date`, `known_as_of` (the morning), in parts by value also `value` (hashed), then
    the kept columns; sorted by morning, key, day and value. Null values of a column that is counted have no entry.
    """
    if parts := parts_of(group):
        made = _Maker(group, parts, events.types)
        frames = list(_made(made, events, mornings))
        days, *by_value = (
            pl.concat([frame[number] for frame in frames], how="diagonal") for number in range(len(parts))
        )
        for part, values in zip(parts[1:], by_value, strict=True):
            number = pl.len().cast(pl.Int64).alias(part.number.name(group))
            days = days.join(values.group_by(ENTRY).agg(number), on=ENTRY, how="left", maintain_order="left")
        numbers = [pl.col(part.number.name(group)).fill_null(0) for part in parts[1:]]
        yield parts[0].name, days.with_columns(numbers).sort(ENTRY)
        for part, values in zip(parts[1:], by_value, strict=True):
            yield part.name, values.sort(*ENTRY, "value")
    for digest in group.digests:
        yield digest.name, _digested(group, digest, events, mornings)


def known_from() -> pl.Expr:
    """The first morning on which a row can count: when it was known, at the earliest the day after it happened."""
    return pl.max_horizontal("known_as_of", pl.col("event_date") + pl.duration(days=1))


class _Maker:
    """Makes the parts of a group from rows."""

    def __init__(self, group: FeatureGroup, parts: Sequence[Part], types: Mapping[str, str]) -> None:
        self.group, self.parts = group, parts
        self.given = types
        self.types: dict[str, str] = dict(types) | {m.name: m.spark_type for m in group.moments}
        for sequence in group.sequences:
            self.types |= sequence.columns(types)

    def made(self, rows: pl.DataFrame, seen_until: pl.Expr | None = None) -> list[pl.DataFrame]:
        """Per part a frame with `key`, `event_date`, maybe `value`, and the kept columns; of all days of `rows`, which
        have `key`."""
        group, seen = self.group, None
        if group.moments or group.sequences:
            if seen_until is not None:
                rows, seen = rows.with_columns(seen_until.alias("_seen")), "_seen"
            if group.moments:
                rows = with_moments(rows, self.given, "key", group.moments, group.order, seen)
            if group.sequences:
                rows = with_sequences(rows, self.given, "key", group.sequences, group.order)
        rows = rows.filter(self._term(group.where))
        return [self._part(rows, part) for part in self.parts]

    def _part(self, rows: pl.DataFrame, part: Part) -> pl.DataFrame:
        keys = [pl.col("key"), pl.col("event_date")]
        columns_made = [kept for kept in part.columns if kept.how != "values"]
        if part.value is not None:
            value = rows.select(self._term(part.value).alias("value"))["value"]
            keys.append(pl.lit(hashed(value)).alias("value"))
        conditions = {kept.where: f"if {n}" for n, kept in enumerate(columns_made) if kept.where != "true"}
        values = {kept.sql: f"of {n}" for n, kept in enumerate(columns_made) if kept.sql != ROWS}
        columns = {name: self._term(where) for where, name in conditions.items()}
        columns |= {name: self._term(sql) for sql, name in values.items()}
        found = rows.select(*keys, **columns)
        found = found.with_columns(_whole(found[name], sql, part.group) for sql, name in values.items())
        if part.value is not None:
            found = found.filter(pl.col("value").is_not_null())
        made = found.group_by("key", "event_date", *(["value"] if part.value else [])).agg(
            self._kept(kept, conditions, values).alias(kept.name(part.group)) for kept in columns_made
        )
        if part.value is not None:  # a value that no condition lets through says nothing
            made = made.filter(pl.any_horizontal(pl.col(k.name(part.group)) > 0 for k in part.columns))
        return made

    def _kept(self, kept: Kept, conditions: Mapping[str, str], values: Mapping[str, str]) -> pl.Expr:
        holds = pl.col(conditions[kept.where]) if kept.where in conditions else None
        if kept.sql == ROWS:
            return (pl.len() if holds is None else holds.sum()).cast(pl.Int64)
        value = pl.col(values[kept.sql])
        if holds is not None:
            value = value.filter(holds)
        if kept.how == "apart":
            wide, count = value.cast(pl.Int128), value.count().cast(pl.Int128)
            squares = count * (wide * wide).sum() - wide.sum() * wide.sum()
            return pl.when(count > 0).then(squares.cast(pl.Float64) / count.cast(pl.Float64)).otherwise(0.0)
        if kept.how in ("first", "last"):
            rank = pl.col(values[self.group.order])
            rank = rank if holds is None else rank.filter(holds)
            place = rank.arg_max() if kept.how == "last" else rank.arg_min()
            return value.get(place, null_on_oob=True).fill_null(NOTHING_LESS)
        return _SIMPLE[kept.how](value)

    def _term(self, text: str) -> pl.Expr:
        return compiled(text, self.types).value


def _whole(values: pl.Series, sql: str, group: FeatureGroup) -> pl.Series:
    if isinstance(values.dtype, pl.Datetime):
        return values.dt.timestamp("us")
    if values.dtype.is_integer() or values.dtype == pl.Boolean:
        return values.cast(pl.Int64)
    raise ValueError(
        f"group {group.name}: {sql!r} gives {values.dtype}; wanted a whole number, for only these add up exactly"
    )


def _made(made: _Maker, events: Events, mornings: Sequence[date]) -> Iterator[list[pl.DataFrame]]:
    """The parts of all mornings: in one go, then again those days of few keys that a row which came late concerns."""
    group, first, last = made.group, mornings[0], mornings[-1]
    begin = first - ONE_DAY * (1 + group.days_ahead)
    rows = events.happened(_days(begin - ONE_DAY * group.moment_days, last - ONE_DAY))
    rows = rows.filter(
        (known_from() <= last) & pl.col(group.key).is_not_null() & _reaches(group, pl.lit(begin))
    )
    rows = rows.with_columns(hashed(rows[group.key]).alias("key"))
    affected = _affected(group, events.late(first, last), first, last)
    entries = affected.select("key", "event_date", "known_as_of")
    if len(mornings) == 1:
        parts = [part.with_columns(known_as_of=pl.lit(first)) for part in made.made(rows)]
        yield [part.filter(pl.col("event_date") >= begin) for part in parts]
    else:
        for after in range(group.days_ahead + 1):
            seen = pl.col("event_date") + pl.duration(days=after) if group.days_ahead else None
            morning = pl.col("event_date") + pl.duration(days=1 + after)
            parts = [part.with_columns(known_as_of=morning) for part in made.made(rows, seen)]
            parts = [part.filter(pl.col("known_as_of").is_between(first, last)) for part in parts]
            yield [part.join(entries, on=entries.columns, how="anti") for part in parts]
    if affected.height:
        yield [part.join(entries, on=entries.columns, how="semi") for part in _again(made, events, affected)]


def _again(made: _Maker, events: Events, affected: pl.DataFrame) -> list[pl.DataFrame]:
    """The parts of the affected keys and days, each made from what its morning knew."""
    group, morning = made.group, pl.col("known_as_of")
    # A key on a morning is a subject of its own here, so that all mornings are made in one go.
    subjects = affected.select(group.key, "key", "known_as_of").unique().with_row_index("subject")
    shifts = pl.DataFrame({"shift": range(-group.moment_days, group.days_ahead + 1)}, {"shift": pl.Int64})
    day = pl.col("event_date") + pl.duration(days=pl.col("shift"))
    context = affected.select(group.key, "event_date", "known_as_of").join(shifts, how="cross")
    context = context.with_columns(event_date=day).filter(pl.col("event_date") < morning)
    nearest = pl.col("shift").get(pl.col("shift").abs().arg_min()).alias("nearest")
    context = context.group_by(group.key, "event_date", "known_as_of").agg(nearest)
    context = context.join(subjects.drop("key"), on=[group.key, "known_as_of"])
    rows = events.happened(set(context["event_date"]), affected.select(group.key).unique())
    context = context.rename({"known_as_of": "morning"})
    rows = rows.join(context, on=[group.key, "event_date"])
    is_near = _reaches(group, pl.col("event_date") - pl.duration(days=pl.min_horizontal("nearest", 0)))
    rows = rows.filter((known_from() <= pl.col("morning")) & is_near)
    rows = (
        rows.drop("morning", "nearest").rename({"subject": "key"}).with_columns(pl.col("key").cast(pl.Int64))
    )
    names = subjects.select(pl.col("subject").cast(pl.Int64), "key", "known_as_of")
    return [
        part.rename({"key": "subject"}).join(names, on="subject").drop("subject") for part in made.made(rows)
    ]


def _reaches(group: FeatureGroup, day: pl.Expr) -> pl.Expr:
    """Whether moments of a day may look at a row: it is of that day, or later, or so long before as they reach."""
    if not group.reach:
        return pl.col("event_date") >= day
    return (pl.col("event_date") >= day) | ((pl.col("happened_at") + group.reach).dt.date() >= day)


def _affected(group: FeatureGroup, late: pl.DataFrame, first: date, last: date) -> pl.DataFrame:
    """Which days (`event_date`) of which keys are to be made again for which morning (`known_as_of`) because a row
    came late: those that were made in time, but without it, and the older ones that change on the morning it came."""
    ahead, day, morning = group.days_ahead, pl.col("event_date"), pl.col("known_as_of")
    when = pl.col("happened_at") if group.reach or group.reach_ahead else day
    late = late.filter(pl.col(group.key).is_not_null()).select(
        group.key,
        day.alias("happened"),
        known_from().alias("came"),
        # Moments of these days look at the row.
        (when - group.reach_ahead).dt.date().alias("from"),
        (when + group.reach).dt.date().alias("to"),
    )
    shifts = pl.DataFrame({"shift": range(-ahead, group.moment_days + 1)}, {"shift": pl.Int64})
    changed = (
        late.unique()
        .join(shifts, how="cross")
        .with_columns((pl.col("happened") + pl.duration(days=pl.col("shift"))).alias("event_date"))
    )
    changed = changed.filter(day.is_between("from", "to")).drop("from", "to", "shift").unique()
    after = pl.DataFrame({"after": range(1, 2 + ahead)}, {"after": pl.Int64})
    timely = changed.join(after, how="cross").with_columns(
        (day + pl.duration(days=pl.col("after"))).alias("known_as_of")
    )
    timely = timely.filter((morning < pl.col("came")) & (morning > pl.col("happened")))
    older = changed.with_columns(pl.col("came").alias("known_as_of"))
    older = older.filter(day < morning - pl.duration(days=1 + ahead))
    found = pl.concat([timely.select(group.key, day, morning), older.select(group.key, day, morning)])
    found = found.filter(morning.is_between(first, last)).unique()
    return found.with_columns(hashed(found[group.key]).alias("key"))


def _days(first: date, last: date) -> list[date]:
    return [first + ONE_DAY * n for n in range((last - first).days + 1)]


def _digested(group: FeatureGroup, digest: Digest, events: Events, mornings: Sequence[date]) -> pl.DataFrame:
    first, last = mornings[0], mornings[-1]
    timely = events.happened(_days(first - ONE_DAY, last - ONE_DAY))
    known = known_from()
    timely = timely.filter(known == pl.col("event_date") + pl.duration(days=1))
    rows = pl.concat([timely, events.late(first, last).select(timely.columns)])
    rows = rows.filter(known.is_between(first, last) & compiled(digest.where, events.types).value)
    columns = {name: compiled(sql, events.types).value for name, sql in digest.columns.items()}
    keys = [group.key, *columns, "event_date", "known_as_of"]
    found = rows.select(group.key, "event_date", "happened_at", known.alias("known_as_of"), **columns).filter(
        pl.col(group.key).is_not_null()
    )
    if digest.needs:
        found = found.filter(pl.all_horizontal(pl.col(name).is_not_null() for name in digest.needs))
    made = found.group_by(keys).agg(pl.max("happened_at").alias("last_at"))
    return made.sort("known_as_of", *(name for name in keys if name != "known_as_of"))


_SIMPLE = {
    "count": lambda value: value.count().cast(pl.Int64),
    "sum": lambda value: value.sum(),
    "least": lambda value: value.min().fill_null(NOTHING_LESS),
    "most": lambda value: value.max().fill_null(NOTHING_MORE),
    "first_rank": lambda value: value.min().fill_null(NOTHING_MORE),
    "last_rank": lambda value: value.max().fill_null(NOTHING_MORE),
}
