"""What is known of those whom an account pays: payees where others came to harm, or whom confirmed mules paid."""

from datetime import timedelta

import polars as pl

from features.point_in_time import Morning

PAYEE_DAYS = 30  # of payments that a payee is judged by
PAID_DAYS = (1, 7)  # of own payments that are looked at


def account_payees(morning: Morning) -> pl.DataFrame:
    """The worst payee of each account: one row per `account_id` that paid somebody with an account in 30 days.

    A payment counts as harmed when a label known by the morning says that its payer came to harm, or did harm, on
    that day (`harmed_on`). Which of the day's payments it was nobody says, so payees are judged by their share:
    days of a payer that were harmed, of all days of a payer.
    """
    labels = morning.tables["labels"].filter(
        (pl.col("known_as_of") <= morning.as_of)
        & (pl.col("label") == 1)
        & (pl.col("subject_kind") == "account")
    )
    harmed = labels.select(
        pl.col("subject_id").alias("account_id"), pl.col("harmed_on").alias("event_date"), is_harmed=1
    )
    paid = morning.digest("payments", PAYEE_DAYS).select("account_id", "payee", "event_date").unique()
    judged = paid.join(harmed.unique(), on=["account_id", "event_date"], how="left")
    payees = judged.group_by("payee").agg(
        pl.col("is_harmed").sum().cast(pl.Int64).alias("harmed"),
        pl.col("is_harmed").fill_null(0).mean().alias("share"),
    )
    own = (
        paid.group_by("account_id", "payee")
        .agg(pl.max("event_date").alias("last_paid"))
        .join(payees, on="payee")
    )

    def worst(value: str, days: int) -> pl.Expr:
        return pl.col(value).filter(pl.col("last_paid") >= morning.as_of - timedelta(days)).max()

    return own.group_by("account_id").agg(
        *(worst("share", days).alias(f"payee_harmed_share_{days}d") for days in PAID_DAYS),
        *(worst("harmed", days).alias(f"payee_harmed_count_{days}d") for days in PAID_DAYS),
    )
