"""Who knew what on which morning: digests, rows and dimension changes as of one morning."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TypeVar

import polars as pl

Made = TypeVar("Made")


@dataclass
class Morning:
    """All that a group's function may look at on one morning: reference tables and digests by name, and the subjects of
    that morning."""

    as_of: date
    tables: Mapping[str, pl.DataFrame]
    digests: Mapping[str, pl.DataFrame]
    subjects: pl.DataFrame
    _made: dict[str, object] = field(default_factory=dict)

    def digest(self, name: str, look_back: int) -> pl.DataFrame:
        """The rows of a digest (`features.indicator.Digest`) that a window of `look_back` days may use."""
        return self.digests[name].filter(usable(self.as_of, look_back))

    def once(self, name: str, make: Callable[["Morning"], Made]) -> Made:
        """What `make` gives for this morning, made at the first call: several groups look at it."""
        if name not in self._made:
            self._made[name] = make(self)
        return self._made[name]  # type: ignore[return-value]


def usable(as_of: date, look_back: int) -> pl.Expr:
    """Whether a row with `event_date` and `known_as_of` counts on the morning: happened in
    [as_of - look_back, as_of), known by as_of."""
    happened = pl.col("event_date").is_between(as_of - timedelta(look_back), as_of, closed="left")
    return happened & (pl.col("known_as_of") <= as_of)


def newest_changes(changes: pl.DataFrame, keys: Sequence[str], time: str, as_of: date) -> pl.DataFrame:
    """The newest change per key that was known on the morning: one row per key.

    Ties in `time` go to the row received later, then to the later line of the later file.
    """
    columns = [time, "received_at", "source_file", "source_line"]
    known = changes.filter(pl.col("known_as_of") <= as_of)
    newest = known.sort(columns, descending=True, nulls_last=True).unique(list(keys), keep="first")
    return newest.with_columns(as_of=pl.lit(as_of))
