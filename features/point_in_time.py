"""Who knew what on which morning: rows and dimension changes as of each morning."""

from collections.abc import Sequence
from datetime import date

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F


def at_mornings(rows: DataFrame, mornings: Sequence[date], look_back: int) -> DataFrame:
    """Each row once per morning that may use it, with that morning as `as_of`.

    A morning uses rows with `event_date` in [as_of - look_back, as_of) and `known_as_of` <= as_of.
    """

    def usable(as_of: Column) -> Column:
        return (
            (F.col("event_date") >= F.date_sub(as_of, look_back))
            & (F.col("event_date") < as_of)
            & (F.col("known_as_of") <= as_of)
        )

    if len(mornings) == 1:
        only = F.lit(mornings[0])
        return rows.where(usable(only)).withColumn("as_of", only)
    return rows.withColumn("as_of", F.explode(F.filter(_array(mornings), usable)))


def newest_changes(
    changes: DataFrame,
    keys: Sequence[str],
    time: str,
    mornings: Sequence[date],
    before_midnight: bool = False,
) -> DataFrame:
    """The newest change per key that was known on each morning: one row per `as_of` and key.

    Ties in `time` go to the row received later, then to the later line of the later file.
    With `before_midnight`, changes of `as_of` itself do not count yet.
    """

    def usable(as_of: Column) -> Column:
        known = F.col("known_as_of") <= as_of
        return known & (F.col(time) < as_of.cast("timestamp")) if before_midnight else known

    known = changes.withColumn("as_of", F.explode(F.filter(_array(mornings), usable)))
    order = [F.col(c).desc_nulls_last() for c in (time, "received_at", "source_file", "source_line")]
    newest = F.row_number().over(Window.partitionBy("as_of", *keys).orderBy(*order))
    return known.withColumn("_newest", newest).where("_newest = 1").drop("_newest")


def _array(mornings: Sequence[date]) -> Column:
    return F.array(*[F.lit(day) for day in mornings])
