"""Indicators of all open accounts, for each morning of a range in one pass; replaces those mornings."""

from typing import TYPE_CHECKING

from conf.days import DayRange
from conf.settings import Settings
from features.accounts import ACCOUNT_GROUPS, ACCOUNT_LOOK_BACK
from jobs.feature_days import covered_days, event_rows, publish_features

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from lake.runs import Run

TABLE = "account_features"
EVENTS = ("transactions", "logins")


def run(spark: "SparkSession", settings: Settings, days: DayRange, run: "Run") -> None:
    """Read transactions, logins and holders, compute the declared groups, replace the days."""
    from features.account_holders import account_subjects, with_types
    from features.engine import compute
    from lake.tables import read_table

    accounts = read_table(spark, settings, "accounts")
    events = event_rows(spark, settings, EVENTS, days, ACCOUNT_LOOK_BACK)
    covered = covered_days(settings, EVENTS, days, ACCOUNT_LOOK_BACK)
    events["transactions"] = with_types(events["transactions"], accounts)
    subjects = account_subjects(accounts, read_table(spark, settings, "customers"), tuple(days))
    indicators = compute(events, subjects, ACCOUNT_GROUPS, tuple(days), covered)
    publish_features(indicators, settings, TABLE, days, run)
