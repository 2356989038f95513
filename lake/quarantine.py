"""Refused rows, `ops/quarantine`: why, and where in which file; the clear row itself stays in landing only."""

from collections.abc import Iterable

import polars as pl

from conf.days import DayRange
from conf.settings import Settings
from lake.publish_batches import publish_batches
from lake.runs import Run

QUARANTINE = "quarantine"


def quarantine(
    frame: pl.DataFrame, settings: Settings, source: str, tables: Iterable[str], days: DayRange, run: Run
) -> int:
    """Replace what was refused of `tables` from `source` on the mornings `days`; returns the table version.

    `frame` has the columns of the contract `quarantine`, one row per refused row; none of a table means that the
    rerun refused nothing, and older rows of these mornings go. Raises as `publish_batches` does.
    """
    only = {"source": (source,), "table": tuple(sorted(tables))}
    return publish_batches([frame], settings, QUARANTINE, days, run, only)
