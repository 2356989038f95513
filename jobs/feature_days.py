"""What both feature steps share: the rows their windows reach, and the publishing of the days."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

from conf.days import DayRange
from conf.settings import Settings

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from lake.runs import Run


def event_rows(
    spark: "SparkSession", settings: Settings, tables: Sequence[str], days: DayRange, look_back: int
) -> "dict[str, DataFrame]":
    """The events that any window of `days` can reach, by table."""
    from lake.tables import read_events

    first = days.first - timedelta(days=look_back)
    return {table: read_events(spark, settings, table, first, days.last) for table in tables}


def covered_days(
    settings: Settings, tables: Sequence[str], days: DayRange, look_back: int
) -> "dict[str, dict[date, date]] | None":
    """Of the same events the days that have any, with the first morning that knew of one; read from the tables' logs.

    None where a log does not tell: then the engine looks at the rows.
    """
    from deltalake import DeltaTable

    from lake.files import first_known
    from lake.tables import exists, table_path

    first, found = days.first - timedelta(days=look_back), {}
    for table in tables:
        known = first_known(DeltaTable(str(table_path(settings, table)))) if exists(settings, table) else {}
        if known is None:
            return None
        found[table] = {day: morning for day, morning in known.items() if first <= day < days.last}
    return found


def publish_features(frame: "DataFrame", settings: Settings, table: str, days: DayRange, run: "Run") -> None:
    """Replace `days` of the feature table and note it in the ledger; mornings between spread days stay."""
    from pyspark.sql import functions as F

    from lake.publish import publish
    from lake.tables import read_table

    whole = DayRange(days.first, days.last)
    if between := sorted(set(whole) - set(days)):
        # One commit replaces the whole stretch, so what lies between is written again as it is.
        kept = read_table(frame.sparkSession, settings, table).where(F.col("as_of").isin(between))
        frame = frame.unionByName(kept.select(frame.columns))
    with run.stage(table, days) as stage:
        stage.published(table, publish(frame, settings, table, whole, run))
