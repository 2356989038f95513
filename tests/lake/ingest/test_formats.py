"""JSON lines, a Delta table and a database are read by the same mapping; times come in many forms."""

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from tests.lake.ingest.small_bank import Bank, D

MAPPING = """
title: Other formats
timezone: Europe/Prague
feeds:
  - name: logins
    table: logins
    format: jsonl
    path: logins/{day}/*.jsonl
    columns:
      login_id: id
      customer_id: customer
      happened_at: at
      is_new_device: new
      received_at: {from: got, format: epoch_ms}
  - name: shops
    table: shops
    format: delta
    path: shops
    day: none
    columns: {shop_id: shop, latitude: lat}
  - name: transactions
    table: transactions
    format: jdbc
    path: core
    day: day_before
    options: {url: "%s", dbtable: legs, day_column: booked_on}
    columns:
      transaction_id: {template: "{bank}-{no}"}
      account_id: account
      happened_at: {from: booked_at}
      direction: {from: cents, sign: {negative: out, positive: in}}
      amount: {from: cents, factor: 0.01, absolute: true}
      status: {constant: booked}
"""
# Prague is 7 hours behind Shanghai in January. 1767657600000 is 2026-01-06 08:00 in Shanghai.
LOGINS = """\
{"id": "l1", "customer": "c1", "at": "2026-01-05 12:00:00", "new": true, "got": 1767628800000}
{"id": "l2", "customer": "c1", "at": "2026-01-05T12:00:00+08:00", "got": 1767628800000}

{"id": "l3", "customer":
{"id": "l4", "customer": "c1", "at": "yesterday", "got": 1767628800000}
"""


def test_json_lines_delta_and_jdbc(
    spark: SparkSession, bank_of: Callable[[str], Bank], tmp_path: Path
) -> None:
    url = f"jdbc:derby:{tmp_path}/core;create=true"
    legs = [
        ("B", 1, "a1", date(2026, 1, 5), datetime(2026, 1, 5, 10), -1250),
        ("B", 2, "a1", date(2026, 1, 5), datetime(2026, 1, 5, 11), 300),
        ("B", 3, "a1", date(2026, 1, 4), datetime(2026, 1, 4, 11), 1),  # another day: not asked for
    ]
    names = "bank string, no int, account string, booked_on date, booked_at timestamp, cents bigint"
    spark.createDataFrame(legs, names).write.jdbc(url, "legs", "overwrite")
    bank = bank_of(MAPPING % url)
    shops = spark.createDataFrame([("s1", 20.5), ("s2", 95.0)], "shop string, lat double")
    shops.coalesce(1).write.format("delta").save(str(bank.settings.landing / "shops"))
    bank.land_text("logins", D, LOGINS, name="part-000.jsonl")
    bank.settings = bank.settings.with_(max_quarantined_share=0.9)
    bank.ingest()
    shown = F.date_format(
        "happened_at", "yyyy-MM-dd HH:mm"
    )  # in the session's zone, whatever this process has
    assert bank.rows("logins", "login_id", shown, "is_new_device", "source_line") == [
        ("l1", "2026-01-05 19:00", True, 1),  # noon in Prague
        ("l2", "2026-01-05 12:00", None, 2),  # says itself where it is
    ]
    assert bank.rows("shops", "shop_id", "latitude") == [("s1", 20.5)]
    found = [
        (n, d, str(a), t)
        for n, d, a, t in bank.rows("transactions", "transaction_id", "direction", "amount", "event_date")
    ]
    assert found == [("B-1", "out", "12.50", date(2026, 1, 5)), ("B-2", "in", "3.00", date(2026, 1, 5))]
    assert bank.rows("quarantine", "table", "source_line", "reasons") == [
        ("logins", 4, ["line: not a JSON object"]),
        ("logins", 5, ["happened_at: not a timestamp: aaaaaaaaa"]),
        ("shops", 2, ["latitude: above 90"]),
    ]
