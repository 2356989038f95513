"""Two data sets that nobody here made come in by their mappings alone."""

import os
from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from conf.settings import Settings
from privacy.keys import KeyRing
from tests.lake.ingest.small_bank import Bank

# Read before the fixtures clear the project's variables.
SHARED = os.environ.get("RISKVANE_SHARED_DATA")
pytestmark = pytest.mark.skipif(
    SHARED is None, reason="set RISKVANE_SHARED_DATA to the folder that holds handbook/ and berka/"
)


def _bank(spark: SparkSession, settings: Settings, name: str) -> Bank:
    KeyRing.create(settings.keys)
    bank = Bank(spark, settings.with_(landing=Path(SHARED or ".") / name), Path(name))
    bank.settings = bank.settings.with_(sources=(name,))
    return bank


def test_handbook_frauds_are_known_seven_days_later(spark: SparkSession, settings: Settings) -> None:
    bank = _bank(spark, settings, "handbook")
    day = date(2018, 6, 9)
    bank.ingest(day)
    legs = bank.table("transactions")
    source = spark.read.parquet(str(bank.settings.landing / "transactions" / "2018-06-08.parquet"))
    sums = legs.agg(F.count("*"), F.sum("amount").cast("double"), F.count_distinct("account_id")).head()
    expected = source.agg(F.count("*"), F.sum("TX_AMOUNT"), F.count_distinct("CUSTOMER_ID")).head()
    assert (sums[0], round(sums[1], 2), sums[2]) == (expected[0], round(expected[1], 2), expected[2])
    assert bank.table("accounts").count() == expected[2]
    week_before = spark.read.parquet(str(bank.settings.landing / "transactions" / "2018-06-01.parquet"))
    labels = bank.table("labels")
    assert labels.select("event_date", "harmed_on", "known_as_of", "is_late").distinct().collect() == [
        (date(2018, 6, 8), date(2018, 6, 1), day, False)
    ]
    assert labels.count() == week_before.where("TX_FRAUD = 1").count() > 0


def test_berka_balances_close(spark: SparkSession, settings: Settings) -> None:
    bank = _bank(spark, settings, "berka")
    bank.ingest(date(1993, 1, 2), date(1993, 3, 31))
    assert bank.table("quarantine").count() == 0
    legs = bank.table("transactions").where("known_as_of >= DATE'1993-01-02'")
    signed = F.when(F.col("direction") == "in", F.col("amount")).otherwise(-F.col("amount"))
    # The first row of an account opens it, so its balance is the sum of all rows at the end of any day.
    per_account = legs.groupBy("account_id").agg(
        F.sum(signed).alias("sum"),
        F.max_by("balance_after", F.struct("event_date", "source_line")).alias("balance"),
    )
    assert per_account.count() > 100
    assert per_account.where("abs(sum - balance) < 1").count() >= 0.95 * per_account.count()
