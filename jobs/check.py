"""One day of any table held against its contract: `riskvane check TABLE --as-of D`. Writes nothing."""

from datetime import date
from typing import TYPE_CHECKING

from conf.errors import DataRefused, UsageError
from conf.settings import Settings
from conf.spark import spark_session
from data_contracts.contract import Contract, load_contract
from data_contracts.suite import IN_MEMORY_ROWS, CheckResult, check_day
from lake.reader import read_day_arrow
from lake.tables import exists, read_day

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from data_contracts.suite import Rows


def check(spark: "SparkSession | None", settings: Settings, table: str, as_of: date) -> CheckResult:
    """Check the rows of `as_of` (in the mart: those that its night got to know).

    Raises UsageError for a table that has no days, DataRefused for one that was never written.
    """
    contract = load_contract(table)
    if contract.day_column is None:
        raise UsageError(f"table {table} ({contract.kind}) is not kept by days; there is nothing to check")
    if not exists(settings, table):
        raise DataRefused(f"table {table} was never written; wanted it in {contract.path(settings.lake)}")
    return check_day(contract, rows_of(spark, settings, contract, as_of), None)


def rows_of(spark: "SparkSession | None", settings: Settings, contract: Contract, as_of: date) -> "Rows":
    """The rows of that morning: read without Spark, in a tenth of the time, unless they are many.

    Without a session one is started for the first table of many rows; it lives as long as the process.
    """
    day = [contract.day_column] if contract.day_column else None
    if read_day_arrow(settings, contract.table, as_of, day).num_rows > IN_MEMORY_ROWS:
        return read_day(spark or spark_session("riskvane check", settings), settings, contract.table, as_of)
    return read_day_arrow(settings, contract.table, as_of)
