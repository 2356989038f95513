"""Indicators of all cards in use, for each morning of a range in one pass; replaces those mornings."""

from typing import TYPE_CHECKING

from conf.days import DayRange
from conf.settings import Settings
from jobs.feature_days import publish_feature_days

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from lake.runs import Run


def run(spark: "SparkSession", settings: Settings, days: DayRange, run: "Run") -> None:
    """Publish `card_features` for `days`."""
    publish_feature_days(spark, settings, "card_features", days, run)
