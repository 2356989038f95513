"""Published tables without Spark and without a JVM, for the command line, worklists and reports."""

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from conf.errors import RiskvaneError
from conf.settings import Settings
from data_contracts.contract import all_contracts, load_contract
from lake.files import Limits
from lake.rows import files_of, scan_rows
from lake.runs import COMPLETE, RUNS
from lake.tables import day_column, exists
from lake.writer import arrow_schema

if TYPE_CHECKING:
    from deltalake import DeltaTable

LISTING = "risk_lists"  # the stage whose completion makes lists visible
NEWEST = 5  # days named when the wanted one is not there


def list_rows(
    settings: Settings, table: str, as_of: date, branch: str | None = None, top: int | None = None
) -> pa.Table:
    """The list of one morning by scenario and rank: one row per listed subject and scenario, contract's columns.

    Read at the version that the newest completed run of that morning names, so a run that is being written or that
    failed half-way is not seen. `branch` keeps the rows of one branch, `top` the first so many of each scenario. A list
    that was published without rows comes back empty. Raises RiskvaneError when no completed run published that
    morning, naming the newest mornings that there are.
    """
    versions = _complete_versions(settings, table)
    if as_of not in versions:
        newest = ", ".join(map(str, sorted(versions, reverse=True)[:NEWEST])) or "none"
        raise RiskvaneError(
            f"{table} was not published for {as_of} by a completed run; newest mornings: {newest}. "
            f"Ask for one of them, or run `riskvane night --as-of {as_of}` first"
        )
    wanted = pl.col("as_of") == as_of
    if branch is not None:
        wanted &= pl.col("branch_id") == branch
    of_day = {"as_of": (as_of, as_of)}
    rows = _at(versions, as_of, lambda version: rows_where(settings, table, wanted, of_day, version=version))
    rows = rows.sort_by([("scenario", "ascending"), ("rank", "ascending")])
    return rows if top is None else _first_of_each(rows, "scenario", top)


def read_day_arrow(
    settings: Settings, table: str, as_of: date, columns: Sequence[str] | None = None
) -> pa.Table:
    """The rows of one morning (as `lake.tables.read_day`) in no order; only `columns` when given.

    No row, and no error, when there is no such morning or table.
    """
    day = day_column(load_contract(table))
    return rows_where(settings, table, pl.col(day) == as_of, {day: (as_of, as_of)}, columns)


def rows_where(
    settings: Settings,
    table: str,
    condition: pl.Expr,
    limits: Limits,
    columns: Sequence[str] | None = None,
    version: int | None = None,
) -> pa.Table:
    """The rows that meet `condition`, in no order; only `columns` when given. An unwritten table has none.

    Read are the files that may hold rows within `limits`.
    """
    rows = scan_rows(files_of(settings, table, limits, version), table, settings.timezone).filter(condition)
    schema = arrow_schema(load_contract(table))
    wanted = pa.schema([schema.field(name) for name in columns]) if columns is not None else schema
    return rows.select(wanted.names).collect().to_arrow(compat_level=pl.CompatLevel.oldest()).cast(wanted)


def runs(settings: Settings) -> pa.Table:
    """The whole run ledger, oldest first: one row per run, stage and morning."""
    schema = arrow_schema(load_contract(RUNS))
    files = [pq.ParquetFile(file).read(use_threads=False) for file in files_of(settings, RUNS, {})]
    rows = pa.concat_tables([schema.empty_table(), *(one.select(schema.names).cast(schema) for one in files)])
    return rows.sort_by([("started_at", "ascending"), ("stage", "ascending"), ("as_of", "ascending")])


def stage_states(settings: Settings, stage: str) -> dict[date, str]:
    """What became of `stage` on each morning it ever ran for: `complete` or `failed`, as the newest run left it."""
    rows = runs(settings).select(["stage", "as_of", "status", "finished_at"])
    rows = rows.filter(pc.field("stage") == stage).sort_by("finished_at")
    return dict(zip(rows["as_of"].to_pylist(), rows["status"].to_pylist(), strict=True))


def latest_days(settings: Settings) -> dict[str, date]:
    """The newest morning of each table that has one; tables without a morning (ledgers) or without rows are absent."""
    newest = {table: days_of(settings, table)[:1] for table, c in all_contracts().items() if c.day_column}
    return {table: days[0] for table, days in newest.items() if days}


def days_of(settings: Settings, table: str) -> list[date]:
    """The mornings that `table` has rows for, newest first; of an event table the newest of each file."""
    contract = load_contract(table)
    if not exists(settings, table):
        return []
    files = pa.table(_open(settings, table).get_add_actions(flatten=True))
    place = "partition" if day_column(contract) in contract.partition_by else "max"
    name = f"{place}.{day_column(contract)}"
    if name not in files.column_names:  # no file left, or none with statistics
        return []
    return sorted({day for day in files[name].to_pylist() if day is not None}, reverse=True)


def _complete_versions(settings: Settings, table: str) -> dict[date, int]:
    """By morning, the newest version of `table` that a completed listing stage names."""
    rows = runs(settings).select(["stage", "status", "as_of", "table_versions"])
    rows = rows.filter((pc.field("stage") == LISTING) & (pc.field("status") == COMPLETE))
    found: dict[date, int] = {}
    for row in rows.to_pylist():
        version = dict(row["table_versions"] or ()).get(table)
        if version is not None:
            found[row["as_of"]] = max(version, found.get(row["as_of"], version))
    return found


def _at(versions: dict[date, int], as_of: date, read: Callable[[int], pa.Table]) -> pa.Table:
    from deltalake.exceptions import DeltaError

    try:
        return read(versions[as_of])
    except DeltaError:
        # Delta forgets how to rebuild versions after a month; later runs left the rows of that morning alone.
        return read(max(versions.values()))


def _first_of_each(rows: pa.Table, column: str, count: int) -> pa.Table:
    values = rows[column].unique().to_pylist()
    parts = [rows.filter(pc.field(column) == value).slice(0, count) for value in values]
    return pa.concat_tables(parts) if parts else rows


def _open(settings: Settings, table: str, version: int | None = None) -> "DeltaTable":
    from deltalake import DeltaTable

    path: Path = load_contract(table).path(settings.lake)
    return DeltaTable(str(path), version=version)
