"""From landing to mart: look at everything, stage everything, judge everything, and only then publish.

A range of mornings is one pass; it gives the rows that its nights would have given one by one.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from conf.days import DayRange
from conf.errors import DataRefused
from conf.settings import Settings
from conf.sources import TABLE_FORMATS, load_sources
from data_contracts.contract import Contract, load_contract
from lake.ingest.landed import Delivery, deliveries
from lake.ingest.preflight import inspect
from lake.ingest.staging import Input, stage
from lake.ingest.verdicts import (
    ACCEPTED,
    LATE,
    Count,
    Judged,
    break_circuit,
    counted,
    judge,
    prove_whole,
    totals,
)
from lake.locks import table_lock
from lake.publish_batches import publish_batches
from lake.quarantine import quarantine
from lake.runs import Run, Stage
from lake.staging import staging_folder
from privacy.keys import KeyRing
from privacy.pseudonyms import Pseudonymiser
from privacy.vault import Vault

INGEST = "ingest"
AT_ONCE = 2  # tables in work together: while one waits for the disk or for Python, the other computes


@dataclass(frozen=True)
class Table:
    """A table's staged rows with their verdicts."""

    contract: Contract
    judged: Judged
    counts: list[Count]
    sources: tuple[str, ...]
    problems: list[str]


def ingest(settings: Settings, days: DayRange, run: Run) -> dict[str, int]:
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
        with table_lock(settings, INGEST, run.run_id), staging_folder(settings, INGEST, run) as folder:
            tables = _stage_and_judge(settings, days, inputs, folder)
            if problems := [problem for table in tables for problem in table.problems]:
                raise DataRefused(f"ingest of {days} was stopped; the mart stays as it was", problems)
            _publish(settings, days, run, tables, stages)
            _write_quarantine(settings, days, run, tables)
        whole = stages[INGEST]
        _account(whole, [count for table in tables for count in table.counts])
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
    settings: Settings, days: DayRange, inputs: dict[str, list[Input]], folder: Path
) -> list[Table]:
    ring = KeyRing.load(settings.keys)
    pseudonymiser = Pseudonymiser(ring, Vault(settings.vault, ring))

    def work(name: str) -> Table:
        contract = load_contract(name)
        files = stage(settings, contract, inputs[name], days, folder / name, pseudonymiser)
        judged = judge(files, settings, contract, days)
        counts = counted(judged)
        prove_whole(counts, _stated_rows(inputs[name]))
        sources = tuple(sorted({item.delivery.source.name for item in inputs[name]}))
        return Table(contract, judged, counts, sources, break_circuit(judged, counts, settings, contract))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        tables = list(pool.map(work, sorted(inputs)))
    pseudonymiser.seal()
    return tables


def _stated_rows(inputs: list[Input]) -> dict[tuple[str, str, str], int]:
    """Rows that files state and that these mornings must get to know; feeds that leave rows out state nothing."""
    return {
        (item.delivery.source.name, item.delivery.feed.name, file.file.name): file.rows
        for item in inputs
        for file in item.files
        if file.rows is not None and not file.file.dated_by_row and item.delivery.feed.where is None
    }


def _publish(
    settings: Settings, days: DayRange, run: Run, tables: list[Table], stages: dict[str, Stage]
) -> None:
    def work(table: Table) -> None:
        wanted = [column.name for column in table.contract.columns]
        batches = (
            table.judged.rows(number).filter(pl.col("_verdict").is_in([ACCEPTED, LATE])).select(wanted)
            for number in range(len(table.judged.files))
        )
        name = table.contract.table
        version = publish_batches(batches, settings, name, days, run, {"source": table.sources})
        stages[f"{INGEST}:{name}"].published(name, version)
        _account(stages[f"{INGEST}:{name}"], table.counts)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(work, tables))


def _write_quarantine(settings: Settings, days: DayRange, run: Run, tables: list[Table]) -> None:
    column = pl.element().str.splitn(":", 2).struct.field("field_0")
    place = ["known_as_of", "source", "source_file", "source_line", "_reasons", "_row"]
    parts = [
        table.judged.rows(number, place)
        .filter(pl.col("_reasons").list.len() > 0)
        .select(
            pl.col("known_as_of").alias("as_of"),
            "source",
            pl.lit(table.contract.table).alias("table"),
            "source_file",
            "source_line",
            pl.col("_reasons").alias("reasons"),
            pl.col("_reasons").list.eval(column.unique(maintain_order=True)).alias("broken_columns"),
            pl.col("_row").alias("row_hash"),
        )
        for table in tables
        for number in range(len(table.judged.files))
    ]
    # A line that two feeds read into one table is one line still.
    rows = pl.concat(parts).unique(load_contract("quarantine").primary_key, keep="first", maintain_order=True)
    names = [table.contract.table for table in tables]
    for source in sorted({name for table in tables for name in table.sources}):
        quarantine(rows.filter(pl.col("source") == source), settings, source, names, days, run)


def _account(stage_: Stage, counts: list[Count]) -> None:
    for day, rows in totals(counts).items():
        stage_.counts(day=day, **rows)
