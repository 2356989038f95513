"""Indicators of all cards in use, for each morning of a range in one pass; replaces those mornings."""

from typing import TYPE_CHECKING

from conf.days import DayRange
from conf.settings import Settings
from features.cards import CARD_GROUPS, CARD_LOOK_BACK
from jobs.feature_days import covered_days, event_rows, publish_features

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from lake.runs import Run

TABLE = "card_features"


def run(spark: "SparkSession", settings: Settings, days: DayRange, run: "Run") -> None:
    """Read calls, SMS, data and signalling, compute the declared groups, replace the days."""
    from features.card_holders import card_subjects
    from features.card_places import USAGE, card_places
    from features.engine import compute
    from lake.tables import read_table

    events = event_rows(spark, settings, USAGE, days, CARD_LOOK_BACK)
    events |= {table: read_table(spark, settings, table) for table in ("cells", "tac_library")}
    # Four groups look at the places; without keeping them each would read all four usage tables again.
    places = events["card_places"] = card_places(events, tuple(days)).persist()
    try:
        subjects = card_subjects(read_table(spark, settings, "cards"), tuple(days))
        covered = covered_days(settings, USAGE, days, CARD_LOOK_BACK)
        indicators = compute(events, subjects, CARD_GROUPS, tuple(days), covered)
        publish_features(indicators, settings, TABLE, days, run)
    finally:
        places.unpersist()
