"""Where the tables lie, and how Spark reads them."""

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from conf.settings import Settings
from data_contracts.contract import Contract, load_contract
from lake.files import Limits, paths

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


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
