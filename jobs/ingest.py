"""Takes in what has landed: every feed of the sources in the settings, for one morning or a range of mornings."""

from typing import TYPE_CHECKING

from conf.days import DayRange
from conf.settings import Settings
from lake.ingest.loading import ingest
from lake.runs import Run

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def run(spark: "SparkSession | None", settings: Settings, days: DayRange, run: Run) -> None:
    """Replace the rows that the mornings `days` got to know, in every table of the mart that a feed writes."""
    ingest(settings, days, run)
