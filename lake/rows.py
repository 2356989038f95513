"""Rows of mart tables as Polars frames, for steps that compute in memory: on the driver or inside a Spark task.

The driver asks a table's log for files; whoever gets their names reads them, on any machine that sees the lake.
"""

from collections.abc import Collection, Sequence
from datetime import date
from typing import TYPE_CHECKING, TypeVar

from conf.settings import Settings
from data_contracts.contract import load_contract
from data_contracts.types import DECIMAL, polars_type
from lake.files import Limits, first_known, paths
from lake.tables import exists, table_path

if TYPE_CHECKING:
    import polars as pl

Rows = TypeVar("Rows", "pl.DataFrame", "pl.LazyFrame")

CENTS = 2  # digits of money behind the point


def files_of(settings: Settings, table: str, limits: Limits) -> list[str]:
    """The files of `table` that may hold rows within `limits`; none where the table was never written."""
    from deltalake import DeltaTable

    if not exists(settings, table):
        return []
    folder = table_path(settings, table)
    return sorted(paths(DeltaTable(str(folder)), folder, limits))


def event_files(settings: Settings, table: str, first: date, as_of: date) -> list[str]:
    """The files of `table` with events of [first, as_of)."""
    return files_of(settings, table, {"event_date": (first, as_of)})


def covered_days(
    settings: Settings, tables: Sequence[str], first: date, as_of: date
) -> dict[str, dict[date, date]] | None:
    """Of the events of [first, as_of) the days that have any, with the first morning that knew of one; from the logs.

    None where a log does not tell: then the engine looks at the rows.
    """
    from deltalake import DeltaTable

    found = {}
    for table in tables:
        known = first_known(DeltaTable(str(table_path(settings, table)))) if exists(settings, table) else {}
        if known is None:
            return None
        found[table] = {day: morning for day, morning in known.items() if first <= day < as_of}
    return found


def read_rows(files: Sequence[str], table: str, columns: Collection[str], timezone: str) -> "pl.DataFrame":
    """The rows of `files`: those of `columns` that the contract of `table` has, in the contract's order.

    Texts come as categories (they are compared and counted, never shown), money as whole cents, times in `timezone`.
    No file is no row.
    """
    import polars as pl

    contract = load_contract(table)
    types = {c.name: polars_type(c.spark_type) for c in contract.columns}
    wanted = [c.name for c in contract.columns if c.name in columns]
    if not files:
        return for_computing(pl.DataFrame(schema=types).select(wanted), table, timezone)
    stored = pl.scan_parquet(
        list(files),
        schema={name: kind for name, kind in types.items() if name not in contract.partition_by},
        hive_schema={name: types[name] for name in contract.partition_by},
        hive_partitioning=True,
        missing_columns="insert",  # of files from before a column came
        extra_columns="ignore",
    )
    return for_computing(stored.select(wanted), table, timezone).collect()


def for_computing(rows: "Rows", table: str, timezone: str) -> "Rows":
    """Rows with types of the contract in the types that indicators compute with (see `read_rows`)."""
    types = {c.name: c.spark_type for c in load_contract(table).columns}
    return rows.select(_computed(name, types[name], timezone) for name in rows.collect_schema().names())


def _computed(name: str, spark_type: str, timezone: str) -> "pl.Expr":
    import polars as pl

    column = pl.col(name)
    if spark_type == "string":
        return column.cast(pl.Categorical)
    if spark_type == "timestamp":
        return column.dt.convert_time_zone(timezone)
    if decimal := DECIMAL.fullmatch(spark_type):
        if int(decimal[2]) != CENTS:
            raise ValueError(f"{name} is {spark_type}: money has {CENTS} digits behind the point")
        return column.to_physical().cast(pl.Int64)
    return column
