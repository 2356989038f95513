"""The run ledger `ops/runs`: one row per run, stage and morning."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from conf.days import DayRange
from conf.errors import RiskvaneError, UsageError
from conf.settings import Settings, code_version, config_hash
from data_contracts.contract import load_contract
from lake.locks import table_lock
from lake.writer import append, arrow_schema

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

RUNS = "runs"
COMPLETE, FAILED = "complete", "failed"
COUNTS = ("read", "accepted", "quarantined", "duplicate", "late")
ATTEMPTS = 5  # of an append that meets another process's commit
LONGEST_ERROR = 2000


@dataclass
class Stage:
    """What one step did for one or more mornings; becomes one ledger row per morning."""

    name: str
    days: DayRange
    started_at: datetime
    table_versions: dict[str, int] = field(default_factory=dict)
    rows: dict[date, dict[str, int]] = field(default_factory=dict)

    def published(self, table: str, version: int) -> None:
        """Note the version of `table` that this stage wrote; readers of lists rely on it."""
        self.table_versions[table] = version

    def counts(
        self,
        *,
        day: date | None = None,
        read: int | None = None,
        accepted: int | None = None,
        quarantined: int | None = None,
        duplicate: int | None = None,
        late: int | None = None,
    ) -> None:
        """Note how many rows were read and what became of them; `day` is needed when the stage has several.

        A count that is not given stays null. Where all five are given, read must be the sum of the others.
        """
        if day is None and len(self.days) > 1:
            raise UsageError(f"stage {self.name} has the mornings {self.days}: say which one is counted")
        day = day or self.days.last
        if day not in self.days:
            raise UsageError(f"stage {self.name} has the mornings {self.days}, not {day}")
        given = dict(zip(COUNTS, (read, accepted, quarantined, duplicate, late), strict=True))
        if None not in given.values() and read != sum(given[name] or 0 for name in COUNTS[1:]):
            raise RiskvaneError(
                f"stage {self.name}, {day}: rows read must be the sum of the rest; found {given}"
            )
        self.rows[day] = {name: count for name, count in given.items() if count is not None}


@dataclass(frozen=True)
class Run:
    """One run of a flow; equal flow, settings and code give an equal `run_id`, so reruns write equal rows."""

    spark: "SparkSession | None"  # None for steps without Spark
    settings: Settings
    flow: str
    run_id: str
    code_version: str
    config_hash: str

    @classmethod
    def start(cls, spark: "SparkSession | None", settings: Settings, flow: str) -> "Run":
        """A run of `flow` (nightly, screening, training ...); nothing is written before its first stage ends."""
        code, config = code_version(), config_hash(settings)
        return cls(spark, settings, flow, f"{flow}-{config[:8]}-{code[:16]}", code, config)

    @contextmanager
    def stage(self, name: str, days: date | DayRange) -> Iterator[Stage]:
        """A stage over one morning or a range; writes its ledger rows at the end, `failed` when it raised."""
        with self.stages([name], days) as stages:
            yield stages[name]

    @contextmanager
    def stages(self, names: Sequence[str], days: date | DayRange) -> Iterator[dict[str, Stage]]:
        """Stages that succeed or fail together (the tables of one ingest), written to the ledger in one append."""
        if isinstance(days, date):
            days = DayRange.one(days)
        started = datetime.now(UTC)
        stages = {name: Stage(name, days, started) for name in names}
        try:
            yield stages
        except BaseException as error:
            try:
                self._append(stages.values(), FAILED, _describe(error))
            except Exception as second:  # the cause matters more than the note about it
                error.add_note(f"and the failure could not be noted in the ledger: {type(second).__name__}")
            raise
        self._append(stages.values(), COMPLETE, None)

    def _append(self, stages: Any, status: str, error: str | None) -> None:
        finished = datetime.now(UTC)
        rows = [
            {
                "run_id": self.run_id,
                "flow": self.flow,
                "as_of": day,
                "stage": stage.name,
                "status": status,
                "started_at": stage.started_at,
                "finished_at": finished,
                **{f"rows_{name}": stage.rows.get(day, {}).get(name) for name in COUNTS},
                "table_versions": stage.table_versions,
                "code_version": self.code_version,
                "config_hash": self.config_hash,
                "error": error,
            }
            for stage in stages
            for day in stage.days
        ]
        append_rows(self.settings, RUNS, rows, self.run_id)


def append_rows(settings: Settings, table: str, rows: list[dict[str, Any]], run_id: str) -> None:
    """Append a few rows to a ledger table in one commit; tried again where another process commits first."""
    from deltalake.exceptions import CommitFailedError

    contract = load_contract(table)
    few = pa.Table.from_pylist(rows, arrow_schema(contract))
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with table_lock(settings, table, "an append"):
                append(few, contract, contract.path(settings.lake), run_id)
            return
        except CommitFailedError as error:
            if attempt == ATTEMPTS:
                raise RiskvaneError(
                    f"{table}: {ATTEMPTS} appends met other writers; run this again"
                ) from error


def _describe(error: BaseException) -> str:
    """Our own messages as they are; of others only the kind, because their text may quote a row's values."""
    if isinstance(error, RiskvaneError):
        return str(error)[:LONGEST_ERROR]
    condition = getattr(error, "getCondition", lambda: None)()
    return f"{type(error).__name__} {condition or ''}".strip()
