"""A table of indicators: which groups, of whom, from which tables of the mart."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

import polars as pl

from data_contracts.contract import load_contract
from features.engine import Covered, compute
from features.indicator import (
    FeatureGroup,
    Indicator,
    chosen,
    declared_columns,
    flat,
    indicators,
    is_in_force,
)

Tables = Mapping[str, pl.DataFrame]
WHEN = ("event_date", "known_as_of", "happened_at")  # what every event is read with


@dataclass(frozen=True)
class FeatureTable:
    """What one feature step computes; a row per subject and morning."""

    name: str
    groups: tuple[FeatureGroup, ...]  # with all their versions
    events: Mapping[str, tuple[str, ...]]  # event table -> the columns that its groups look at
    references: tuple[str, ...]  # tables that are read whole
    subjects: Callable[[Tables, date], pl.DataFrame]  # who has a row on a morning
    prepared: Callable[[Tables], Tables] = dict  # what the tables look like to the groups
    added: Mapping[str, Mapping[str, str]] | None = (
        None  # columns that `prepared` adds to tables, with Spark types
    )
    other_versions: tuple[str, ...] = ()  # `<column>@<version>` that it publishes beside those in force

    @property
    def chosen(self) -> tuple[FeatureGroup, ...]:
        """Its groups as they are computed: of each measure the version in force, and `other_versions`."""
        return chosen(self.groups, self.other_versions)

    def including(self, names: Iterable[str]) -> "FeatureTable":
        """This table with other versions of columns beside those in force, for lists of an earlier time.

        `names` are written `<column>@<version>`; columns in force may be among them. Raises UsageError for a name
        that is not declared, and for a version that a function made.
        """
        table = replace(self, other_versions=(*self.other_versions, *names))
        _ = table.chosen  # refused here, not at night
        return table

    @property
    def look_back(self) -> int:
        """Days before a morning whose events it looks at."""
        return max(group.look_back + group.moment_days for group in self.chosen)

    @property
    def indicators(self) -> tuple[Indicator, ...]:
        """Its columns after `as_of` and `subject_id`, in their order."""
        return indicators(self.chosen)

    @property
    def not_in_force(self) -> tuple[Indicator, ...]:
        """The published columns of retired and earlier versions, named `<column>@<version>`."""
        return tuple(
            flat(group, m, name, window)
            for name, (group, m, window) in declared_columns(self.groups).items()
            if not m.hidden and not is_in_force(m, self.groups)
        )

    def columns(self, table: str) -> tuple[str, ...]:
        """The columns that `table` is read with."""
        if table in self.events:
            return (*WHEN, *self.events[table])
        return tuple(column.name for column in load_contract(table).columns)

    def compute(
        self, tables: Tables, mornings: Iterable[date], covered: Covered | None = None
    ) -> Iterator[pl.DataFrame]:
        """One frame per morning; see `features.engine.compute`."""
        looked_at = self.prepared(tables)
        types = {t: {c.name: c.spark_type for c in load_contract(t).columns} for t in tables}
        for table, columns in (self.added or {}).items():
            types[table] |= columns
        yield from compute(
            looked_at, types, lambda as_of: self.subjects(looked_at, as_of), self.chosen, mornings, covered
        )
