"""Our engine as one more contender. This is the one place where it is plugged in."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from conf.errors import RiskvaneError


class NotPluggedIn(RiskvaneError):
    """The engine has no such action here yet; exit code 4."""

    exit_code = 4


@dataclass(frozen=True)
class Task:
    """What one process of a contender has to do.

    `folder` holds the load, `as_of` is the (last) morning, `windows` are days. `work` is kept between the process
    that prepares and the measured ones, so a second measured run must start from the same state as the first.
    Rows are in use from the morning `known_as_of`.
    """

    folder: Path
    as_of: date
    windows: tuple[int, ...]
    work: Path
    out: Path


# What `ours` is asked for. All but `prepare` are measured; all write features with the columns of `windows.py`.
ACTIONS = {
    "prepare": "bring the state in `work` to the morning before `as_of`, from the daily files; not measured",
    "prepare_backfill": "the same to the morning before the first of the backfill's 60; not measured",
    "night": "the night of `as_of`: state and the day's file in, state (committed) and features in `out`",
    "backfill60": "features of the 60 mornings that end with `as_of`, in out/as_of=YYYY-MM-DD/*.parquet, in one pass",
    "trainset": "features of the pairs (account_id, as_of) in folder/training.parquet, as known on their mornings",
    "subday": "windows below a day for every event of the last day, one row per event, as `subday.py` says",
    "listed_only": "the night's features of the accounts in folder/listed.parquet only",
}

PLUGGED_IN: frozenset[str] = frozenset()  # those of ACTIONS that `ours` can do


def ours(action: str, task: Task) -> None:
    """Do `action` (see ACTIONS) in this process and its children, which are measured as one contender."""
    raise NotPluggedIn(
        f"our engine is not plugged in: benchmarks/features/ours.py, action {action!r}: {ACTIONS[action]}"
    )
