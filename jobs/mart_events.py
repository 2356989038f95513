"""Events of the mart as `features.partials` asks for them: read file by file, only the days that are wanted."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING

from lake.files import EventFile

if TYPE_CHECKING:
    import polars as pl

    from features.indicator import FeatureGroup
    from features.table import FeatureTable

Index = Mapping[str, Sequence[EventFile]]  # by event table
Reader = Callable[[Sequence[str], str, Sequence[str], str], "pl.DataFrame"]  # files, table, columns, timezone
ONE_DAY = timedelta(days=1)


@dataclass
class MartEvents:
    """The events of a group's tables on the mornings up to `last`; see `features.partials.Events`."""

    features: "FeatureTable"
    group: "FeatureGroup"
    index: Index
    references: "Mapping[str, pl.DataFrame]"
    timezone: str
    last: date
    read: Reader

    def __post_init__(self) -> None:
        types = self.features.types
        self.types = {name: kind for table in self.group.tables for name, kind in types[table].items()}

    def happened(self, days: Collection[date], keys: "pl.DataFrame | None" = None) -> "pl.DataFrame":
        """Rows by day, maybe only those of some keys."""
        import polars as pl

        rows = self._rows(lambda file: file.event_date in days and file.first_known <= self.last)
        if keys is not None:
            rows = rows.join(keys, on=self.group.key, how="semi")
        return rows.filter(pl.col("known_as_of") <= self.last)

    def late(self, first: date, last: date) -> "pl.DataFrame":
        """Rows that came late, by the morning that knew them."""
        import polars as pl

        from features.partials import known_from

        begin = first - ONE_DAY * self.features.look_back
        rows = self._rows(lambda file: begin <= file.event_date and may_be_late(file, first, last))
        is_late = pl.col("known_as_of") > pl.col("event_date") + pl.duration(days=1)
        return rows.filter(known_from().is_between(first, last) & is_late)

    def _rows(self, is_wanted: Callable[[EventFile], bool]) -> "pl.DataFrame":
        from features.rows import together

        frames = []
        for table in self.group.tables:
            files = [file.path for file in self.index[table] if is_wanted(file)]
            rows = self.read(files, table, self.features.columns(table), self.timezone)
            frames.append(self.features.with_added(table, rows, self.references))
        return together(frames)


def may_be_late(file: EventFile, first: date, last: date) -> bool:
    """Whether the file may hold rows that came late and became known on one of the mornings [first, last]."""
    return (
        file.last_known > file.event_date + ONE_DAY and file.first_known <= last and file.last_known >= first
    )


def inputs_of(group: "FeatureGroup", look_back: int, index: Index, morning: date) -> str:
    """A name for all files that what the morning adds to the group is made from, and for the group's digests, whose
    columns are not called after what they hold: other files or another digest, another name."""
    reach = group.days_ahead + group.moment_days
    begin, oldest = morning - ONE_DAY * (1 + reach), morning - ONE_DAY * look_back
    files = [
        (table, file)
        for table in group.tables
        for file in index[table]
        if oldest <= file.event_date < morning and file.first_known <= morning
    ]
    late = {file.event_date for _, file in files if may_be_late(file, morning, morning)}
    # Days that a late row changes are made from their neighbours too.
    older = {day + ONE_DAY * shift for day in late for shift in range(-reach, reach + 1)}
    names = (
        f"{table} {_name(file)}"
        for table, file in files
        if file.event_date >= begin or file.event_date in older
    )
    return _digest([*sorted(names), *map(repr, group.digests)])


def _name(file: EventFile) -> str:
    return f"{file.event_date} {file.path.rsplit('/', 1)[-1]}"


def _digest(texts: Iterable[str]) -> str:
    return blake2b("\n".join(texts).encode(), digest_size=8).hexdigest()
