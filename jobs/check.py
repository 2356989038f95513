"""One day of any table held against its contract: `riskvane check TABLE --as-of D`. Writes nothing."""

from datetime import date
from typing import TYPE_CHECKING

from conf.errors import DataRefused, UsageError
from conf.settings import Settings
from data_contracts.contract import load_contract
from data_contracts.suite import CheckResult, check_day
from lake.tables import exists, read_day

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def check(spark: "SparkSession", settings: Settings, table: str, as_of: date) -> CheckResult:
    """Check the rows of `as_of` (in the mart: those that its night got to know).

    Raises UsageError for a table that has no days, DataRefused for one that was never written.
    """
    contract = load_contract(table)
    if contract.day_column is None:
        raise UsageError(f"table {table} ({contract.kind}) is not kept by days; there is nothing to check")
    if not exists(settings, table):
        raise DataRefused(f"table {table} was never written; wanted it in {contract.path(settings.lake)}")
    return check_day(contract, read_day(spark, settings, table, as_of), None)
