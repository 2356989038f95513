"""Our engine as one more contender: the project's own steps over the load's files, Spark session and commits included.

What differs from a night of `account_features` is where files lie and which group is declared; the code is the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from benchmarks.features.load import FIRST_DAY, day_file
from benchmarks.features.peers import stop_and_wait
from benchmarks.features.windows import SUBDAY
from conf.days import DayRange
from conf.errors import RiskvaneError
from conf.settings import load_settings
from data_contracts.contract import ColumnContract, Contract
from features.indicator import FeatureGroup, Measure
from features.moments import Moment, with_moments
from features.table import FeatureTable
from jobs.feature_days import Maker, covered_days
from jobs.feature_tasks import Place
from lake.commit import commit_files
from lake.files import EventFile
from lake.partials import Partials
from lake.parts import Part
from lake.writer import arrow_schema

SUBJECTS_A_BUCKET = 150_000
TRAINING_SHARE = 0.05  # of the subject-days of a training set
LISTED_SHARE = 0.01  # of the subjects that a list may be about
TABLE = "load"  # the only event table
TYPES = {
    "account_id": "bigint", "counterparty_id": "bigint", "direction": "string", "amount": "bigint",
    "happened_at": "timestamp_ntz", "event_date": "date", "known_as_of": "date",
}  # fmt: skip


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
    "prepare": "keep the days of the mornings before `as_of` that its windows look at; not measured",
    "prepare_backfill": "the same for the mornings before the first of the backfill's 60; not measured",
    "prepare_trainset": "keep all days that the 60 mornings of a training set look at; not measured",
    "night": "the night of `as_of`: kept days and the day's file in, its kept day and features committed",
    "backfill60": "features of the 60 mornings that end with `as_of`, in one pass",
    "trainset": "features of 5 % of the subject-days of these mornings, from kept days",
    "subday": "windows below a day for every event of the last day, one row per event, as `subday.py` says",
    "listed_only": "the night, with features of 1 % of the accounts only",
}
PLUGGED_IN = frozenset(ACTIONS)
BACKFILL = 60


class LoadTable(FeatureTable):
    """The columns of the load, which has no contract."""

    @property
    def types(self) -> dict[str, dict[str, str]]:
        """Spark types by table."""
        return {TABLE: TYPES}

    def columns(self, table: str) -> tuple[str, ...]:
        """All that the table has."""
        return tuple(TYPES) if table == TABLE else ("account_id",)


def ours(action: str, task: Task) -> None:
    """Do `action` (see ACTIONS) in this process and its children, which are measured as one contender."""
    if action == "subday":
        return subday(task)
    from conf.spark import spark_session

    spark = spark_session(f"bench {action}", load_settings())
    try:
        last, first = task.as_of, task.as_of
        if action in ("backfill60", "trainset", "prepare_trainset"):
            first = last - timedelta(days=BACKFILL - 1)
        elif action == "prepare":
            first = last = last - timedelta(days=1)
        elif action == "prepare_backfill":
            first = last = last - timedelta(days=BACKFILL)
        maker = maker_of(task, DayRange(first, last))
        kept = maker.place.partials.files()
        # What a measured run adds may be kept from another round or case: it is made again.
        adds = action in ("night", "listed_only", "backfill60")
        again = [file for (_, morning), file in kept.items() if adds and first <= morning <= last]
        if action.startswith("prepare"):
            maker.keep(spark)
            return None
        sample = {"trainset": TRAINING_SHARE, "listed_only": LISTED_SHARE}.get(action)
        written = maker.compute(spark, sample, again)
        contract = maker.part.contract
        commit_files(task.out, arrow_schema(contract), contract.partition_by, written, lambda _: True, action)
    finally:
        stop_and_wait(spark)


def maker_of(task: Task, days: DayRange) -> Maker:
    """The project's maker of features, over the load."""
    features = LoadTable(
        "load_features", (group(task.windows),), {TABLE: tuple(TYPES)}, ("accounts",), _subjects
    )
    accounts = pq.ParquetFile(task.folder / "accounts.parquet").metadata.num_rows
    buckets = 1 << max(1, (accounts // SUBJECTS_A_BUCKET).bit_length())
    index = {TABLE: [_file(task.folder, day) for day in _days(task.folder)]}
    place = Place(
        features, Partials(task.work / "kept", buckets), {"accounts": [str(task.folder / "accounts.parquet")]},
        "UTC", read,
    )  # fmt: skip
    staging = task.work / "staging"
    staging.mkdir(parents=True, exist_ok=True)
    return Maker(
        place, index, covered_days(index), Part(contract(features), days), task.out, staging, "bench"
    )


def group(windows: Sequence[int]) -> FeatureGroup:
    """The eleven measures of `windows.py` as they are declared here."""
    inside, outside = "direction = 'in'", "direction = 'out'"

    def measure(name: str, sql: str, kind: str = "sum", where: str = "true", **more: object) -> Measure:
        return Measure(name, sql, "", name, name, tuple(windows), kind, where, **more)  # type: ignore[arg-type]

    unknown = {"empty": None, "spark_type": "double"}
    return FeatureGroup(
        TABLE, (TABLE,), "account_id", "subject_id",
        (
            measure("count", "1"),
            measure("amount_sum", "amount"),
            measure("amount_mean", "amount", "mean", **unknown),
            measure("amount_spread", "amount", "spread", **unknown),
            measure("amount_min", "amount", "min", empty=None),
            measure("amount_max", "amount", "max", empty=None),
            measure("night_share", "hour(happened_at) < 5", "share", **unknown),
            measure("in_sum", "amount", where=inside, hidden=True),
            measure("out_sum", "amount", where=outside, hidden=True),
            measure(
                "pass_share", "try_divide(least(in_sum_{d}d, out_sum_{d}d), greatest(in_sum_{d}d, out_sum_{d}d))",
                "derived", **unknown,
            ),
            measure("counterparty_count", "counterparty_id", "distinct"),
            measure("payer_count", "counterparty_id", "distinct", inside),
            measure("payee_count", "counterparty_id", "distinct", outside),
        ),
    )  # fmt: skip


def contract(features: FeatureTable) -> Contract:
    """What is published is held against a contract, as every table is."""
    keys = (
        ColumnContract("as_of", "date", "", required=True),
        ColumnContract("subject_id", "string", "", required=True),
    )
    columns = tuple(ColumnContract(i.name, i.spark_type, "") for i in features.indicators)
    return Contract(
        "load_features", "features", "daily", "1.0.0", "", "", "", (*keys, *columns), ("as_of", "subject_id"),
        ("as_of",),
    )  # fmt: skip


def read(files: Sequence[str], table: str, columns: Sequence[str], timezone: str) -> pl.DataFrame:
    """Rows of the load's files."""
    if table != TABLE:
        return pl.read_parquet(list(files), columns=list(columns))
    if not files:
        kinds = [pl.Int64, pl.Int64, pl.String, pl.Int64, pl.Datetime("us"), pl.Date, pl.Date]
        return pl.DataFrame(schema=dict(zip(TYPES, kinds, strict=True)))
    rows = pl.scan_parquet(list(files), hive_partitioning=True, hive_schema={"event_date": pl.Date})
    return rows.select(list(columns)).collect()


def subday(task: Task) -> None:
    """The event grain by declared moments; no Spark is needed for one day."""
    last = task.as_of - timedelta(days=1)
    files = [str(day_file(task.folder, day)) for day in (last - timedelta(days=1), last)]
    moments = [
        moment
        for window in SUBDAY
        for moment in (
            Moment(f"count_{window}", "1", window),
            Moment(f"amount_sum_{window}", "amount", window),
            Moment(f"counterparty_count_{window}", "counterparty_id", window, "distinct"),
        )
    ]
    rows = read(files, TABLE, tuple(TYPES), "UTC").filter(pl.col("known_as_of") <= task.as_of)
    rows = rows.with_row_index("place")
    found = with_moments(rows, TYPES | {"place": "bigint"}, "account_id", moments, "place")
    found.filter(pl.col("event_date") == last).drop("place", "event_date", "known_as_of").write_parquet(
        task.out
    )


def _subjects(tables: dict[str, pl.DataFrame], as_of: date) -> pl.DataFrame:
    return tables["accounts"].select(subject_id="account_id")


def _days(folder: Path) -> list[date]:
    days = [folder_.name.partition("=")[2] for folder_ in folder.glob("event_date=*")]
    if not days:
        raise RiskvaneError(
            f"no day of the load lies in {folder}; wanted event_date=YYYY-MM-DD from {FIRST_DAY}"
        )
    return sorted(map(date.fromisoformat, days))


def _file(folder: Path, day: date) -> EventFile:
    path = day_file(folder, day)
    about = pq.ParquetFile(path)
    place = about.schema_arrow.names.index("known_as_of")
    groups = [
        about.metadata.row_group(n).column(place).statistics for n in range(about.metadata.num_row_groups)
    ]
    first, last = min(found.min for found in groups), max(found.max for found in groups)
    return EventFile(str(path), day, first, last, about.metadata.num_rows)


__all__ = ["ACTIONS", "PLUGGED_IN", "Task", "ours"]
