"""Rows of mart tables as Polars frames, for steps that compute in memory: on the driver or inside a Spark task.

The driver asks a table's log for files; whoever gets their names reads them, on any machine that sees the lake.
"""

from collections.abc import Collection, Sequence
from datetime import date
from typing import TYPE_CHECKING, TypeVar

from conf.settings import Settings
from data_contracts.contract import load_contract
from data_contracts.types import DECIMAL, polars_type
from lake.files import Limits, paths
from lake.tables import day_column, exists, table_path

if TYPE_CHECKING:
    import polars as pl

Rows = TypeVar("Rows", "pl.DataFrame", "pl.LazyFrame")

CENTS = 2  # digits of money behind the point


def files_of(settings: Settings, table: str, limits: Limits, version: int | None = None) -> list[str]:
    """The files of `table`, at `version` or as it is now, that may hold rows within `limits`.

    None where the table was never written.
    """
    from deltalake import DeltaTable

    if not exists(settings, table):
        return []
    folder = table_path(settings, table)
    return sorted(paths(DeltaTable(str(folder), version=version), folder, limits))


def event_files(settings: Settings, table: str, first: date, as_of: date) -> list[str]:
    """The files of `table` with events of [first, as_of)."""
    return files_of(settings, table, {"event_date": (first, as_of)})


def scan_rows(files: Sequence[str], table: str, timezone: str) -> "pl.LazyFrame":
    """The rows of `files` with the contract's columns and types, times in `timezone`. No file is no row."""
    import polars as pl

    contract = load_contract(table)
    types = {c.name: polars_type(c.spark_type) for c in contract.columns}
    if files:
        rows = pl.scan_parquet(
            list(files),
            schema={name: kind for name, kind in types.items() if name not in contract.partition_by},
            hive_schema={name: types[name] for name in contract.partition_by},
            hive_partitioning=True,
            missing_columns="insert",  # of files from before a column came
            extra_columns="ignore",
        )
    else:
        rows = pl.LazyFrame(schema=types)
    times = [c.name for c in contract.columns if c.spark_type == "timestamp"]
    return rows.select(list(types)).with_columns(pl.col(times).dt.convert_time_zone(timezone))


def day_rows(settings: Settings, table: str, as_of: date) -> "pl.LazyFrame":
    """The rows of one morning, as `lake.tables.read_day`."""
    import polars as pl

    column = day_column(load_contract(table))
    rows = scan_rows(files_of(settings, table, {column: (as_of, as_of)}), table, settings.timezone)
    return rows.filter(pl.col(column) == as_of)


def known_events(settings: Settings, table: str, first: date, as_of: date) -> "pl.LazyFrame":
    """Events that happened in [first, as_of) and were known on the morning of `as_of`.

    A row that arrived late counts from the first morning whose night knew it, so that a backfill sees what the
    night saw.
    """
    import polars as pl

    rows = scan_rows(event_files(settings, table, first, as_of), table, settings.timezone)
    happened = pl.col("event_date").is_between(first, as_of, closed="left")
    return rows.filter(happened & (pl.col("known_as_of") <= as_of))


def dimension_rows(settings: Settings, table: str, as_of: date) -> "pl.DataFrame":
    """One row per key: its newest change that the night of `as_of` knew.

    The key is the primary key without its time column (updated_at, status_at, valid_from). A change that
    becomes valid (valid_from) only after `as_of` does not count yet. Of two changes of the same instant the
    one that was received last counts.
    """
    import polars as pl

    contract = load_contract(table)
    known = pl.col("known_as_of") <= as_of
    if contract.time_column == "valid_from":
        known &= pl.col("valid_from") <= as_of
    times = dict.fromkeys((contract.time_column, "known_as_of", "received_at", "source_file", "source_line"))
    rows = scan_rows(files_of(settings, table, {}), table, settings.timezone).filter(known)
    newest = rows.sort([name for name in times if name], descending=True, nulls_last=True)
    return newest.unique(contract.key, keep="first", maintain_order=True).collect()


def read_rows(files: Sequence[str], table: str, columns: Collection[str], timezone: str) -> "pl.DataFrame":
    """The rows of `files`: those of `columns` that the contract of `table` has, in the contract's order.

    Texts come as categories (they are compared and counted, never shown), money as whole cents.
    """
    wanted = [c.name for c in load_contract(table).columns if c.name in columns]
    return for_computing(scan_rows(files, table, timezone).select(wanted), table).collect()


def for_computing(rows: "Rows", table: str) -> "Rows":
    """Rows with types of the contract in the types that indicators compute with (see `read_rows`)."""
    types = {c.name: c.spark_type for c in load_contract(table).columns}
    return rows.select(_computed(name, types[name]) for name in rows.collect_schema().names())


def _computed(name: str, spark_type: str) -> "pl.Expr":
    import polars as pl

    column = pl.col(name)
    if spark_type == "string":
        return column.cast(pl.Categorical)
    if decimal := DECIMAL.fullmatch(spark_type):
        if int(decimal[2]) != CENTS:
            raise ValueError(f"{name} is {spark_type}: money has {CENTS} digits behind the point")
        return column.to_physical().cast(pl.Int64)
    return column
