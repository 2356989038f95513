"""A bank of a few rows: its mapping and writers for the files that it lands."""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import Column, DataFrame, SparkSession

from conf.days import DayRange
from conf.settings import Settings
from lake.ingest.loading import ingest
from lake.runs import Run
from lake.tables import read_table
from privacy.keys import KeyRing

MAPPING = """
title: A small bank
timezone: Asia/Shanghai
feeds:
  - name: customers
    table: customers
    format: csv
    path: customers/{day}/*.csv
    day: day_before
    optional: true
    options: {delimiter: "|", quote: "", encoding: GB18030, trailer: TRAILER}
    columns:
      customer_id: no
      updated_at: updated_at
      customer_type: {constant: private}
      name_id: name
      id_number_id: {from: id_no, check: resident_id}
  - name: transactions
    table: transactions
    format: parquet
    path: transactions/{day}/*.parquet
    delivered_at: "00:40"
    columns:
      transaction_id: id
      account_id: account
      happened_at: at
      direction: {from: direction, values: {借: out, 贷: in}}
      amount: amount
      status: {constant: booked}
      received_at: received_at
"""
SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("account", pa.string()),
        ("at", pa.timestamp("us")),
        ("direction", pa.string()),
        ("amount", pa.decimal128(18, 2)),
        ("received_at", pa.timestamp("us")),
    ]
)
D = date(2026, 1, 6)
ACCOUNT = "990000000001"


def leg(number: str, at: datetime, received: datetime | None = None, **other: Any) -> dict[str, Any]:
    """One booked leg; received at midnight after it happened unless said otherwise."""
    midnight = datetime(at.year, at.month, at.day, 0, 20).replace(day=at.day + 1)
    row = {"id": number, "account": ACCOUNT, "at": at, "direction": "借", "amount": Decimal("10.00")}
    return row | {"received_at": received or midnight} | other


class Bank:
    """Lands files under the settings' landing folder and takes them in."""

    def __init__(self, spark: SparkSession, settings: Settings, mapping: Path) -> None:
        self.spark = spark
        self.settings = settings.with_(sources=(str(mapping),))

    def land(
        self, day: date, rows: list[dict[str, Any]], name: str = "part-000", schema: pa.Schema = SCHEMA
    ) -> Path:
        """Transactions of one delivery."""
        file = self.settings.landing / "transactions" / str(day) / f"{name}.parquet"
        file.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(rows, schema), file)
        return file

    def land_text(
        self, feed: str, day: date, text: str, encoding: str = "utf-8", name: str = "part-000.csv"
    ) -> Path:
        """A text file of one delivery."""
        file = self.settings.landing / feed / str(day) / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode(encoding))
        return file

    def ingest(self, first: date = D, last: date | None = None) -> dict[str, int]:
        """Take in the mornings first..last."""
        run = Run.start(None, self.settings, "nightly")
        return ingest(self.settings, DayRange(first, last or first), run)

    def table(self, name: str) -> DataFrame:
        """The table as it is now."""
        return read_table(self.spark, self.settings, name)

    def rows(self, name: str, *columns: Column | str) -> list[tuple[Any, ...]]:
        """Those columns of the table, in order."""
        return sorted(map(tuple, self.table(name).select(*columns).collect()), key=str)


def make_bank(spark: SparkSession, settings: Settings, folder: Path, mapping: str) -> Bank:
    file = folder / "bank.yaml"
    file.write_text(mapping, encoding="utf-8")
    settings.landing.mkdir(exist_ok=True)
    KeyRing.create(settings.keys)
    return Bank(spark, settings, file)
