"""Rows of event tables that lie in memory, as `features.partials` asks for them."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date

import polars as pl

from features.indicator import FeatureGroup
from features.partials import known_from

Tables = Mapping[str, pl.DataFrame]


class TableEvents:
    """The events of a group in frames; see `features.partials.Events`."""

    def __init__(self, tables: Tables, types: Mapping[str, Mapping[str, str]], group: FeatureGroup) -> None:
        self._key = group.key
        self._rows = together(tables[name] for name in group.tables) if group.tables else pl.DataFrame()
        self.types = {name: kind for table in group.tables for name, kind in types[table].items()}

    def happened(self, days: Collection[date], keys: pl.DataFrame | None = None) -> pl.DataFrame:
        """Rows by day, maybe only those of some keys."""
        rows = self._rows.filter(pl.col("event_date").is_in(list(days)))
        return rows if keys is None else rows.join(keys, on=self._key, how="semi")

    def late(self, first: date, last: date) -> pl.DataFrame:
        """Rows that came late, by the morning that knew them."""
        known = known_from()
        is_late = known > pl.col("event_date") + pl.duration(days=1)
        return self._rows.filter(known.is_between(first, last) & is_late)


def together(tables: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Rows of several tables; a column that one of them lacks is null there."""
    return pl.concat(list(tables), how="diagonal_relaxed")
