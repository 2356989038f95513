"""Little mart tables for tests: the contract's columns, null where a row does not say."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pyspark.sql import DataFrame, SparkSession

from data_contracts.contract import load_contract

BUSINESS = ZoneInfo("Asia/Shanghai")


def _local(value: Any) -> Any:
    """Times in tests are those of the business time zone, whatever this machine's is."""
    return value.replace(tzinfo=BUSINESS) if isinstance(value, datetime) else value


def mart(spark: SparkSession, table: str, rows: list[dict[str, Any]]) -> DataFrame:
    """Rows of a mart table; events were known the morning after they happened unless they say otherwise."""
    schema = load_contract(table).spark_schema()
    filled = []
    for line, given in enumerate(rows):
        happened = given.get("happened_at")
        known = happened.date() + timedelta(days=1) if happened else date(2026, 1, 1)
        base = dict.fromkeys(schema.names) | {"known_as_of": known, "source_line": line, "source": "test"}
        base |= {"received_at": datetime(2026, 1, 1), "is_late": False, "source_file": "f"} | given
        if happened:
            base["event_date"] = happened.date()
        filled.append(tuple(_local(base[name]) for name in schema.names))
    for field in schema.fields:
        field.nullable = True
    return spark.createDataFrame(filled, schema)
