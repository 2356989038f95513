"""Who is scored among the cards, and what is known of card, owner, shop and dealer besides their usage."""

from collections.abc import Sequence
from datetime import date

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from features.indicator import Mornings
from features.point_in_time import newest_changes

NEW_DAYS = 30
IN_USE, STOPPED = "在用", "停机"


def card_subjects(cards: DataFrame, days: Sequence[date]) -> DataFrame:
    """The cards that were in use on each morning, as they were known then.

    One row per `as_of` and `subject_id` (the card): opened before midnight of `as_of`, in use. Batch
    size and stopped shares also count the cards that are not in use any more.
    """
    known = newest_changes(cards, ["card_id"], "status_at", days)
    known = known.where(F.col("opened_at") < F.col("as_of").cast("timestamp"))
    known = known.withColumn("opened_on", F.to_date("opened_at"))
    stopped = (F.col("status") == STOPPED).cast("bigint")

    def share_of(column: str) -> Column:
        group = Window.partitionBy("as_of", column)
        share = F.sum(stopped).over(group) / F.count("*").over(group)
        return F.when(F.col(column).isNotNull(), share)

    of_batch = Window.partitionBy("as_of", "shop_id", "opened_on")
    batch = F.when(F.col("shop_id").isNotNull(), F.count("*").over(of_batch))
    return (
        known.withColumn("batch_size", batch)
        .withColumn("dealer_stopped_share", share_of("dealer_id"))
        .withColumn("shop_stopped_share", share_of("shop_id"))
        .where(F.col("status") == IN_USE)
        .withColumnRenamed("card_id", "subject_id")
        .select(
            *(
                "as_of",
                "subject_id",
                "customer_id",
                "owner_id",
                "card_kind",
                "is_migrated",
                "opened_at",
                "opened_on",
            ),
            *(
                "shop_id",
                "clerk_id",
                "home_county",
                "batch_size",
                "dealer_stopped_share",
                "shop_stopped_share",
            ),
        )
    )


def card_holders(events: dict[str, DataFrame], dimension: DataFrame, mornings: Mornings) -> DataFrame:
    """Card and owner: one row per `as_of` and `subject_id`; unknown inputs give null."""
    age = F.datediff("as_of", "opened_on")
    of_owner = Window.partitionBy("as_of", "owner_id")
    of_clerk = Window.partitionBy("as_of", "clerk_id", "opened_on")

    def where_given(column: str, value: Column) -> Column:
        return F.when(F.col(column).isNotNull(), value)

    return dimension.select(
        "as_of",
        "subject_id",
        age.cast("bigint").alias("card_age"),
        (F.col("card_kind") == "iot").cast("bigint").alias("is_iot"),
        F.col("is_migrated").cast("bigint").alias("is_migrated"),
        where_given("owner_id", F.count("*").over(of_owner)).alias("cards_of_owner"),
        where_given("owner_id", F.count_if(age <= NEW_DAYS).over(of_owner)).alias(
            "cards_opened_by_owner_30d"
        ),
        "batch_size",
        where_given("clerk_id", F.count("*").over(of_clerk)).alias("clerk_openings_of_day"),
        "dealer_stopped_share",
        "shop_stopped_share",
    )
