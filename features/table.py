"""A table of indicators: which groups, of whom, from which tables of the mart."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
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
from features.rows import Tables

WHEN = ("event_date", "known_as_of", "happened_at")  # what every event is read with


@dataclass(frozen=True)
class Added:
    """Columns that rows of an event table get before any group looks at them."""

    types: Mapping[str, str]  # their Spark types
    add: Callable[[pl.DataFrame, Tables], pl.DataFrame]  # from the rows and the reference tables
    references: tuple[str, ...] = ()  # those that it looks at


@dataclass(frozen=True)
class FeatureTable:
    """What one feature step computes; a row per subject and morning."""

    name: str
    groups: tuple[FeatureGroup, ...]  # with all their versions
    events: Mapping[str, tuple[str, ...]]  # event table -> the columns that its groups look at
    references: tuple[str, ...]  # tables that are read whole
    subjects: Callable[[Tables, date], pl.DataFrame]  # who has a row on a morning
    added: Mapping[str, Added] = field(default_factory=dict)  # by event table
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
        return max(group.kept_days + group.moment_days for group in self.chosen)

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

    @property
    def types(self) -> dict[str, dict[str, str]]:
        """Spark types of all columns by table, added ones included."""
        found = {}
        for table in dict.fromkeys(
            [*self.events, *self.references, *(t for g in self.groups for t in g.tables)]
        ):
            found[table] = {c.name: c.spark_type for c in load_contract(table).columns}
            if table in self.added:
                found[table] |= self.added[table].types
        return found

    def columns(self, table: str) -> tuple[str, ...]:
        """The columns that `table` is read with."""
        if table in self.events:
            return (*WHEN, *self.events[table])
        return tuple(column.name for column in load_contract(table).columns)

    def with_added(self, table: str, rows: pl.DataFrame, references: Tables) -> pl.DataFrame:
        """Rows of an event table as its groups look at them."""
        return self.added[table].add(rows, references) if table in self.added else rows

    def compute(
        self, tables: Tables, mornings: Iterable[date], covered: Covered | None = None
    ) -> Iterator[pl.DataFrame]:
        """One frame per morning, from rows; see `features.engine.compute`."""
        looked_at = {name: self.with_added(name, rows, tables) for name, rows in tables.items()}
        yield from compute(
            looked_at,
            self.types,
            lambda as_of: self.subjects(tables, as_of),
            self.chosen,
            mornings,
            covered,
        )
