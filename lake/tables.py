"""Where the tables lie, and how Spark reads them."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from conf.days import DayRange
from conf.settings import Settings
from data_contracts.contract import Contract, all_contracts, load_contract
from lake.files import Limits, paths, row_count

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


REACH_DAYS = 31  # the widest window of the indicators
FEW_ROWS_READ = 2_000_000  # one core goes through these sooner than a second one would pay for its shuffles


def table_path(settings: Settings, table: str) -> Path:
    """Folder of the Delta table, `<lake>/<layer>/<table>`."""
    return load_contract(table).path(settings.lake)


def day_column(contract: Contract) -> str:
    """The column that holds the morning of a row: known_as_of in the mart, as_of elsewhere."""
    return contract.day_column or "as_of"


def exists(settings: Settings, table: str) -> bool:
    """Whether the table was ever written; a first write that died half-way left no commit and doesn't count."""
    return any((table_path(settings, table) / "_delta_log").glob("*.json"))


def read_table(
    spark: "SparkSession", settings: Settings, table: str, version: int | None = None
) -> "DataFrame":
    """All rows of `table`, at `version` or as it is now.

    A table that was never written is an empty frame with the contract's columns.
    """
    return _rows(spark, settings, table, {}, version)


def read_day(spark: "SparkSession", settings: Settings, table: str, as_of: date) -> "DataFrame":
    """The rows of one morning: those of its `as_of`, in the mart those that its night got to know."""
    from pyspark.sql import functions as F

    column = day_column(load_contract(table))
    rows = _rows(spark, settings, table, {column: (as_of, as_of)})
    return rows.where(F.col(column) == F.lit(as_of))


def read_events(
    spark: "SparkSession", settings: Settings, table: str, first: date, as_of: date
) -> "DataFrame":
    """Events that happened in [first, as_of) and were known on the morning of `as_of`.

    Reads only the partitions of those days. A row that arrived late counts from the first morning whose
    night knew it, so that a backfill sees what the night saw.
    """
    from pyspark.sql import functions as F

    happened = (F.col("event_date") >= F.lit(first)) & (F.col("event_date") < F.lit(as_of))
    rows = _rows(spark, settings, table, {"event_date": (first, as_of)})
    return rows.where(happened & (F.col("known_as_of") <= F.lit(as_of)))


def read_dimension(spark: "SparkSession", settings: Settings, table: str, as_of: date) -> "DataFrame":
    """One row per key: its newest change that the night of `as_of` knew.

    The key is the primary key without its time column (updated_at, status_at, valid_from). A change that
    becomes valid (valid_from) only after `as_of` does not count yet. Of two changes of the same instant the
    one that was received last counts.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    contract = load_contract(table)
    known = F.col("known_as_of") <= F.lit(as_of)
    if contract.time_column == "valid_from":
        known &= F.col("valid_from") <= F.lit(as_of)
    times = dict.fromkeys((contract.time_column, "known_as_of", "received_at", "source_file", "source_line"))
    order = [F.col(name).desc() for name in times if name]
    newest = Window.partitionBy(*contract.key).orderBy(*order)
    rows = read_table(spark, settings, table).where(known)
    return rows.withColumn("_newest", F.row_number().over(newest)).where("_newest = 1").drop("_newest")


def _rows(
    spark: "SparkSession", settings: Settings, table: str, limits: Limits, version: int | None = None
) -> "DataFrame":
    """At least the rows within `limits`, from the files that may hold some.

    The log is read without Spark: Delta's own reader asks it by some Spark jobs per table, which costs a small
    night more than its rows. Neither deletion vectors nor column mapping are in use, so files hold plain rows.
    """
    from deltalake import DeltaTable
    from pyspark.sql.types import StructType

    if not exists(settings, table):
        return spark.createDataFrame([], load_contract(table).spark_schema())
    folder = table_path(settings, table)
    log = DeltaTable(str(folder), version=version)
    schema = StructType.fromJson(json.loads(log.schema().to_json()))
    files = paths(log, folder, limits)
    if not files:
        return spark.createDataFrame([], schema)
    rows = spark.read.schema(schema).option("basePath", str(folder)).parquet(*files)
    return rows.select(schema.names)  # Spark puts partition columns last


def has_few_rows(settings: Settings, days: DayRange) -> bool:
    """Whether a step for `days` reads few rows of the mart: events of REACH_DAYS before, dimensions as a whole."""
    from deltalake import DeltaTable

    limits = {"event_date": (days.first - timedelta(days=REACH_DAYS), days.last)}
    left = FEW_ROWS_READ
    for contract in all_contracts().values():
        if contract.layer == "mart" and exists(settings, contract.table):
            log = DeltaTable(str(contract.path(settings.lake)))
            count = row_count(log, limits if contract.kind == "event" else {})
            left -= FEW_ROWS_READ if count is None else count
    return left > 0
