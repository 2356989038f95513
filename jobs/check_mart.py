"""What the night took in, held against the contracts, before anything is computed from it."""

from datetime import date
from typing import TYPE_CHECKING

from conf.days import DayRange
from conf.errors import DataRefused
from conf.settings import Settings
from data_contracts.contract import all_contracts
from data_contracts.suite import CheckResult, check_tables
from jobs.check import rows_of
from lake.runs import Run
from lake.tables import exists

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def run(spark: "SparkSession | None", settings: Settings, days: DayRange, run: Run) -> None:
    """Check each morning; its pages replace those under `data_docs/<as_of>`, also when a contract is broken.

    Checked are the rows that the night of that morning got to know, of every mart table that has some.
    Raises DataRefused, with a sentence per broken promise, at the first morning that breaks one or has no rows.
    """
    for day in days:
        with run.stage("check_mart", day) as stage:
            results = check_morning(spark, settings, day)
            stage.counts(read=sum(result.rows for result in results))
            problems = [f"{result.table}: {problem}" for result in results for problem in result.problems]
            if not results:
                raise DataRefused(f"no mart table has rows for the morning {day}; run the step ingest first")
            if problems:
                raise DataRefused(f"the mart breaks its contracts for {day}; see {results[0].docs}", problems)


def check_morning(spark: "SparkSession | None", settings: Settings, day: date) -> list[CheckResult]:
    """One result per mart table that has rows for that morning."""
    mart = [contract for contract in all_contracts().values() if contract.layer == "mart"]
    written = [contract for contract in mart if exists(settings, contract.table)]
    rows = ((contract, rows_of(spark, settings, contract, day)) for contract in written)
    return check_tables(rows, settings.data_docs, day.isoformat(), skip_empty=True)
