"""The contenders: one small table, name -> how it is run and on which load. And the ratios between them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.features import peers, subday
from benchmarks.features.load import FIRST_DAY
from benchmarks.features.ours import Task, ours
from benchmarks.features.windows import QUARTER, WEEK

HISTORY = 90  # days of the load before the night
DOUBLED = 180  # days, for what a longer history costs a night
BACKFILL = 60  # mornings in one pass
LATE_SHARE = 0.02  # of the rows of the late load


@dataclass(frozen=True)
class Case:
    """One contender: `run` is measured, `prepare` is not. `same_as` names the case whose output must be equal."""

    run: Callable[[Task], None]
    windows: tuple[int, ...] = QUARTER
    days: int = HISTORY
    late: bool = False
    prepare: Callable[[Task], None] | None = None
    same_as: str | None = None
    quick: bool = True  # part of a quick run
    reference: bool = False  # run once, to be compared with; not a figure
    action: str | None = None  # of `ours`

    @property
    def as_of(self) -> date:
        """The morning after the last day of the load that the case uses."""
        return FIRST_DAY + timedelta(days=self.days)


def night(peer: Callable[[Path, date, tuple[int, ...], Path], None], task: Task) -> None:
    """A peer that recomputes."""
    peer(task.folder, task.as_of, task.windows, task.out)


def below_a_day(peer: Callable[[Path, date, Path], None], task: Task) -> None:
    """A peer of the event grain."""
    peer(task.folder, task.as_of, task.out)


SPARK, DUCKDB, POLARS = (
    partial(night, peer) for peer in (peers.spark_night, peers.duckdb_night, peers.polars_night)
)
PREPARE = partial(ours, "prepare")


def our(action: str, **more: Any) -> Case:
    """Our engine doing `action`."""
    return Case(partial(ours, action), action=action, **more)


CASES = {
    "duckdb": Case(DUCKDB),
    "spark": Case(SPARK, same_as="duckdb"),
    "polars": Case(POLARS, same_as="duckdb"),
    "ours_night": our("night", prepare=PREPARE, same_as="duckdb"),
    "duckdb_7d": Case(DUCKDB, WEEK),
    "spark_7d": Case(SPARK, WEEK, same_as="duckdb_7d", quick=False),
    "polars_7d": Case(POLARS, WEEK, same_as="duckdb_7d"),
    "ours_7d": our("night", windows=WEEK, prepare=PREPARE, same_as="duckdb_7d"),
    "duckdb_subday": Case(partial(below_a_day, subday.duckdb_subday)),
    "duckdb_subday_join": Case(partial(below_a_day, subday.duckdb_subday_by_join), same_as="duckdb_subday"),
    "polars_subday": Case(partial(below_a_day, subday.polars_subday), same_as="duckdb_subday"),
    "polars_subday_join": Case(partial(below_a_day, subday.polars_subday_by_join), same_as="duckdb_subday"),
    "ours_subday": our("subday", same_as="duckdb_subday"),
    "duckdb_doubled": Case(DUCKDB, days=DOUBLED, reference=True),
    "ours_history_doubled": our("night", days=DOUBLED, prepare=PREPARE, same_as="duckdb_doubled"),
    "duckdb_late": Case(DUCKDB, late=True, reference=True),
    "ours_late": our("night", late=True, prepare=PREPARE, same_as="duckdb_late"),
    "ours_backfill60": our("backfill60", days=HISTORY + BACKFILL, prepare=partial(ours, "prepare_backfill")),
    "ours_trainset": our("trainset", days=HISTORY + BACKFILL, prepare=partial(ours, "prepare_trainset")),
    "ours_listed_only": our("listed_only", prepare=PREPARE),
}
# CPU seconds of the first, by those of the cheapest of the others.
RATIOS = {
    "night_vs_spark": ("ours_night", ("spark",)),
    "night_vs_duckdb": ("ours_night", ("duckdb",)),
    "night_vs_polars": ("ours_night", ("polars",)),
    "w90_vs_w7": ("ours_night", ("ours_7d",)),
    "history_doubled": ("ours_history_doubled", ("ours_night",)),
    "backfill60_vs_night": ("ours_backfill60", ("ours_night",)),
    "trainset_vs_night": ("ours_trainset", ("ours_night",)),
    "late_vs_night": ("ours_late", ("ours_night",)),
    "subday_vs_duckdb": ("ours_subday", ("duckdb_subday", "duckdb_subday_join")),
    "listed_only_vs_night": ("ours_listed_only", ("ours_night",)),
    # The same of the peers, to hold ours against.
    "duckdb_vs_spark": ("duckdb", ("spark",)),
    "polars_vs_spark": ("polars", ("spark",)),
    "spark_w90_vs_w7": ("spark", ("spark_7d",)),
    "duckdb_w90_vs_w7": ("duckdb", ("duckdb_7d",)),
    "polars_w90_vs_w7": ("polars", ("polars_7d",)),
}
# Bytes of what `ours_night` has prepared, by bytes of the daily files of its windows.
STATE_RATIO = "state_vs_raw"
