"""From landing to mart: look at everything, stage everything, judge everything, and only then publish.

A range of mornings is one pass; it gives the rows that its nights would have given one by one.
"""

import os
import shutil
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING

from conf.days import DayRange
from conf.errors import DataRefused
from conf.settings import Settings
from conf.sources import TABLE_FORMATS, load_sources
from data_contracts.contract import Contract, load_contract
from lake.ingest.landed import Delivery, deliveries
from lake.ingest.preflight import inspect
from lake.ingest.reading import reading_settings
from lake.ingest.staging import Input, stage
from lake.ingest.verdicts import (
    ACCEPTED,
    LATE,
    Count,
    break_circuit,
    counted,
    prove_whole,
    totals,
    with_verdicts,
)
from lake.locks import table_lock
from lake.publish import publish_staged
from lake.quarantine import quarantine
from lake.runs import Run, Stage
from privacy.keys import KeyRing
from privacy.vault import Vault

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

INGEST = "ingest"
AT_ONCE = 3  # tables in work together: a small table's night is mostly waiting for the driver


@dataclass(frozen=True)
class Judged:
    """A table's staged rows with their verdicts."""

    contract: Contract
    staged: "DataFrame"
    rows: "DataFrame"
    counts: list[Count]
    sources: tuple[str, ...]
    problems: list[str]


def ingest(spark: "SparkSession", settings: Settings, days: DayRange, run: Run) -> dict[str, int]:
    """Load what has landed for the mornings `days` into the mart; returns the new version of each table.

    Writes exactly the rows that these mornings got to know (known_as_of in `days`); a rerun gives identical rows.
    Refused rows go to `ops/quarantine`. The ledger gets a row per morning for the stage `ingest` and for
    `ingest:<table>` of each table, with read = accepted + quarantined + duplicate + late.

    Raises DataRefused before anything is published when nothing has landed, a required feed is missing, a file is
    damaged or lacks a column, or more rows are refused or repeated than the settings allow.
    """
    try:
        found = [d for source in load_sources(settings) for d in deliveries(source, settings, days)]
        inputs = look(found)
    except DataRefused:
        with run.stage(INGEST, days):  # the ledger tells of this night too
            raise
    names = {table: f"{INGEST}:{table}" for table in inputs}
    with run.stages([INGEST, *names.values()], days) as stages:
        with (
            table_lock(settings, INGEST, run.run_id),
            _staging(settings, run) as folder,
            reading_settings(spark),
        ):
            judged = _stage_and_judge(spark, settings, days, inputs, folder)
            if problems := [problem for table in judged for problem in table.problems]:
                raise DataRefused(f"ingest of {days} was stopped; the mart stays as it was", problems)
            _publish(settings, days, run, judged, stages)
            _write_quarantine(settings, days, run, judged)
        whole = stages[INGEST]
        _account(whole, [count for table in judged for count in table.counts])
        whole.table_versions |= {table: stages[name].table_versions[table] for table, name in names.items()}
    return dict(whole.table_versions)


def look(found: list[Delivery]) -> dict[str, list[Input]]:
    """Readable inputs by table; DataRefused with every sentence of what is missing or damaged."""
    problems: list[str] = []
    inputs: dict[str, list[Input]] = {}
    for delivery in found:
        problems += delivery.problems
        files, damages = inspect(delivery, load_contract(delivery.feed.table))
        problems += damages
        if files or delivery.feed.format in TABLE_FORMATS:
            inputs.setdefault(delivery.feed.table, []).append(Input(delivery, tuple(files)))
    if problems:
        raise DataRefused("what has landed cannot be taken in; nothing was changed", problems)
    return inputs


def _stage_and_judge(
    spark: "SparkSession", settings: Settings, days: DayRange, inputs: dict[str, list[Input]], folder: Path
) -> list[Judged]:
    ring = KeyRing.load(settings.keys)
    vault = Vault(settings.vault, ring)

    def work(table: str) -> Judged:
        contract = load_contract(table)
        staged = stage(spark, settings, contract, inputs[table], days, folder / table, ring, vault)
        rows = with_verdicts(staged, settings, contract, days, folder / f"{table}-repeated")
        counts = counted(rows)
        prove_whole(counts, _stated_rows(inputs[table]))
        sources = tuple(sorted({item.delivery.source.name for item in inputs[table]}))
        return Judged(
            contract, staged, rows, counts, sources, break_circuit(rows, counts, settings, contract)
        )

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(work, sorted(inputs)))


def _stated_rows(inputs: list[Input]) -> dict[tuple[str, str, str], int]:
    """Rows that files state and that these mornings must get to know; feeds that leave rows out state nothing."""
    return {
        (item.delivery.source.name, item.delivery.feed.name, file.file.name): file.rows
        for item in inputs
        for file in item.files
        if file.rows is not None and not file.file.dated_by_row and item.delivery.feed.where is None
    }


def _publish(
    settings: Settings, days: DayRange, run: Run, judged: list[Judged], stages: dict[str, Stage]
) -> None:
    from pyspark.sql import functions as F

    def work(table: Judged) -> None:
        wanted = [column.name for column in table.contract.columns]
        rows = table.rows.where(F.col("_verdict").isin(ACCEPTED, LATE)).select(*wanted)
        name = table.contract.table
        version = publish_staged(rows, settings, name, days, run, {"source": table.sources})
        stages[f"{INGEST}:{name}"].published(name, version)
        _account(stages[f"{INGEST}:{name}"], table.counts)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(work, judged))


def _write_quarantine(settings: Settings, days: DayRange, run: Run, judged: list[Judged]) -> None:
    from pyspark.sql import functions as F

    from data_contracts.checks import broken_columns

    parts = [
        table.staged.where(F.size("_reasons") > 0).select(
            F.col("known_as_of").alias("as_of"),
            "source",
            F.lit(table.contract.table).alias("table"),
            "source_file",
            "source_line",
            F.col("_reasons").alias("reasons"),
            broken_columns(F.col("_reasons")).alias("broken_columns"),
            F.col("_row").alias("row_hash"),
        )
        for table in judged
    ]
    # A line that two feeds read into one table is one line still.
    key = list(load_contract("quarantine").primary_key)
    rows = reduce(lambda one, other: one.union(other), parts).dropDuplicates(key)
    tables = [table.contract.table for table in judged]
    for source in sorted({name for table in judged for name in table.sources}):
        quarantine(rows.where(F.col("source") == source), settings, source, tables, days, run)


def _account(stage_: Stage, counts: list[Count]) -> None:
    for day, rows in totals(counts).items():
        stage_.counts(day=day, **rows)


@contextmanager
def _staging(settings: Settings, run: Run) -> Iterator[Path]:
    """A new staging folder. The lock is held, so whatever else lies there was left by a run that died."""
    parent = settings.lake / "_staging" / "ingest"
    shutil.rmtree(parent, ignore_errors=True)
    folder = parent / f"{run.run_id}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(parent, ignore_errors=True)
