"""What happens after a credit: money passed on, small probes before large sums."""

from pyspark.sql import Column, DataFrame, Window, WindowSpec
from pyspark.sql import functions as F

from features.indicator import Mornings
from features.point_in_time import at_mornings

FLOW_DAYS = 7
PROBE_MOST, LARGE_LEAST = 100, 1000  # yuan: a probe, and the sum that it prepares
HOUR = 3600


def account_flows(events: dict[str, DataFrame], dimension: DataFrame, mornings: Mornings) -> DataFrame:
    """Sequences of credits and debits of the last 7 days: one row per `as_of` and `account_id` with a credit.

    A credit at `t` counts as passed on as far as the debits in [t, t + w] reach, never above its own amount.
    Debits that carry the same second as the credit count, whichever was booked first.
    """
    booked = events["transactions"].where("status = 'booked'")
    rows = at_mornings(
        booked.select("account_id", "event_date", "known_as_of", "happened_at", "direction", "amount"),
        mornings,
        FLOW_DAYS,
    ).withColumn("second", F.unix_timestamp("happened_at"))

    def ahead(seconds: int) -> WindowSpec:
        return Window.partitionBy("as_of", "account_id").orderBy("second").rangeBetween(0, seconds)

    debit = F.when(F.col("direction") == "out", F.col("amount"))
    large = F.when((F.col("direction") == "in") & (F.col("amount") >= LARGE_LEAST), 1)
    next_debit = F.min(F.when(F.col("direction") == "out", F.col("second")))
    credits = (
        rows.withColumns(
            {
                "out_1h": F.sum(debit).over(ahead(HOUR)),
                "out_24h": F.sum(debit).over(ahead(24 * HOUR)),
                "next_debit": next_debit.over(ahead(FLOW_DAYS * 24 * HOUR)),
                "large_24h": F.max(large).over(ahead(24 * HOUR)),
            }
        )
        .where("direction = 'in'")
        .groupBy("as_of", "account_id")
    )

    def share(out: str) -> Column:
        # coalesce first: LEAST skips nulls, so that a credit without debits would pass on all of itself
        passed = F.sum(F.least(F.coalesce(out, F.lit(0)), F.col("amount"))).cast("double")
        return F.try_divide(passed, F.sum("amount").cast("double"))

    minutes = F.floor((F.min(F.col("next_debit") - F.col("second"))) / 60)
    probes = F.count_if((F.col("amount") <= PROBE_MOST) & F.col("large_24h").isNotNull())
    return credits.agg(
        share("out_1h").alias("passed_on_share_1h"),
        share("out_24h").alias("passed_on_share_24h"),
        minutes.alias("fastest_debit_minutes"),
        probes.alias("probe_count"),
    )
