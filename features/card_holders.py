"""Who is scored among the cards, and what is known of card, owner, shop and dealer besides their usage."""

from datetime import date

import polars as pl

from features.point_in_time import Morning, newest_changes

NEW_DAYS = 30
IN_USE, STOPPED = "在用", "停机"
FEE = r"(\d+)元"  # tariffs are named after what they cost a month; those of IoT cards are not


def card_subjects(cards: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """The cards that were in use on the morning, as they were known then.

    One row per `subject_id` (the card): opened before midnight of `as_of`, in use. Batch size and stopped
    shares also count the cards that are not in use any more.
    """
    known = newest_changes(cards, ["card_id"], "status_at", as_of)
    known = known.with_columns(opened_on=pl.col("opened_at").dt.date()).filter(pl.col("opened_on") < as_of)
    stopped = pl.col("status") == STOPPED

    def of_group(value: pl.Expr, *columns: str) -> pl.Expr:
        return pl.when(pl.col(columns[0]).is_not_null()).then(value.over(*columns))

    return (
        known.with_columns(
            of_group(pl.len(), "shop_id", "opened_on").cast(pl.Int64).alias("batch_size"),
            of_group(stopped.sum() / pl.len(), "dealer_id").alias("dealer_stopped_share"),
            of_group(stopped.sum() / pl.len(), "shop_id").alias("shop_stopped_share"),
        )
        .filter(pl.col("status") == IN_USE)
        .rename({"card_id": "subject_id"})
    )


def card_holders(morning: Morning) -> pl.DataFrame:
    """Card and owner: one row per `subject_id`; unknown inputs give null."""
    age = (pl.lit(morning.as_of) - pl.col("opened_on")).dt.total_days()

    def sharing(value: pl.Expr, *columns: str) -> pl.Expr:
        return pl.when(pl.col(columns[0]).is_not_null()).then(value.over(*columns)).cast(pl.Int64)

    fee = pl.col("tariff").cast(pl.String).str.extract(FEE, 1).cast(pl.Int64)
    return morning.subjects.with_columns(fee.alias("monthly_fee")).select(
        "subject_id",
        age.alias("card_age"),
        (pl.col("card_kind") == "iot").cast(pl.Int64).alias("is_iot"),
        pl.col("is_migrated").cast(pl.Int64),
        sharing(pl.len(), "owner_id").alias("cards_of_owner"),
        sharing((age <= NEW_DAYS).sum(), "owner_id").alias("cards_opened_by_owner_30d"),
        "monthly_fee",
        (pl.col("monthly_fee") == pl.col("monthly_fee").min()).cast(pl.Int64).alias("is_lowest_tariff"),
        "batch_size",
        sharing(pl.len(), "clerk_id", "opened_on").alias("clerk_openings_of_day"),
        "dealer_stopped_share",
        "shop_stopped_share",
    )
