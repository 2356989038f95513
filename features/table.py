"""A table of indicators: which groups, of whom, from which tables of the mart."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from data_contracts.contract import load_contract
from features.engine import Covered, compute
from features.indicator import FeatureGroup, Indicator, indicators
from features.rows import Tables

WHEN = ("event_date", "known_as_of", "happened_at")  # what every event is read with


@dataclass(frozen=True)
class Added:
    """Columns that rows of an event table get before any group looks at them."""

    types: Mapping[str, str]  # their Spark types
    add: Callable[[pl.DataFrame, Tables], pl.DataFrame]  # from the rows and the reference tables


@dataclass(frozen=True)
class FeatureTable:
    """What one feature step computes; a row per subject and morning."""

    name: str
    groups: tuple[FeatureGroup, ...]
    events: Mapping[str, tuple[str, ...]]  # event table -> the columns that its groups look at
    references: tuple[str, ...]  # tables that are read whole
    subjects: Callable[[Tables, date], pl.DataFrame]  # who has a row on a morning
    added: Mapping[str, Added] = field(default_factory=dict)  # by event table

    @property
    def look_back(self) -> int:
        """Days before a morning whose events it looks at."""
        return max(group.kept_days + group.moment_days for group in self.groups)

    @property
    def indicators(self) -> tuple[Indicator, ...]:
        """Its columns after `as_of` and `subject_id`, in their order."""
        return indicators(self.groups)

    @property
    def types(self) -> dict[str, dict[str, str]]:
        """Spark types of all columns by table, added ones included."""
        found = {}
        for table in (*self.events, *self.references):
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
            self.groups,
            mornings,
            covered,
        )
