"""What earlier cases say of an account: its own answers, and confirmed accounts of its holder, phone and opening."""

import polars as pl

from features.account_relations import confirmed_accounts
from features.point_in_time import Morning, newest_changes

SHARED = {  # columns of accounts -> how many other confirmed accounts have the same value
    "customer_id": "confirmed_accounts_of_holder",
    "phone_id": "confirmed_accounts_of_phone",
    "device_id": "confirmed_accounts_of_opening_device",
}
COMPARED = {  # columns of accounts -> share of the other accounts with the same value that are confirmed
    "branch_id": "confirmed_share_of_branch",
    "clerk_id": "confirmed_share_of_clerk",
    "opening_channel": "confirmed_share_of_opening_channel",
}


def account_cases(morning: Morning) -> pl.DataFrame:
    """Earlier cases: one row per `subject_id`. The own account never counts among the confirmed ones.

    Confirmed accounts count whether they are open or not; the shares are of all open accounts and of these.
    """
    confirmed = morning.once("confirmed", confirmed_accounts).rename({"confirmed": "account_id"})
    registered = morning.tables["accounts"].join(confirmed, on="account_id", how="semi")
    known = newest_changes(registered, ["account_id"], "updated_at", morning.as_of)
    columns = [*SHARED, *COMPARED]
    bad = known.select(pl.col("account_id").alias("subject_id"), *columns, is_bad=1)
    open_ones = morning.subjects.select("subject_id", *columns)
    found = open_ones.join(bad.select("subject_id", "is_bad"), on="subject_id", how="left")
    found = found.with_columns(pl.col("is_bad").fill_null(0))
    gone = bad.join(open_ones, on="subject_id", how="anti")
    everybody = pl.concat([found, gone.select(found.columns)], how="vertical_relaxed")
    for column in columns:
        counts = everybody.group_by(column).agg(pl.len().alias("all"), pl.col("is_bad").sum().alias("bad"))
        found = found.join(counts.drop_nulls(column), on=column, how="left")
        others = pl.col("bad") - pl.col("is_bad")
        if column in SHARED:
            made = others.cast(pl.Int64).alias(SHARED[column])
        else:
            made = pl.when(pl.col("all") > 1).then(others / (pl.col("all") - 1)).alias(COMPARED[column])
        found = found.with_columns(made).drop("all", "bad")
    answers = _cleared(morning)
    return found.drop(columns, "is_bad").join(answers, on="subject_id", how="left")


def _cleared(morning: Morning) -> pl.DataFrame:
    """How often, and when last, somebody looked at the account and found nothing."""
    labels = morning.tables["labels"].filter(
        (pl.col("known_as_of") <= morning.as_of)
        & (pl.col("subject_kind") == "account")
        & (pl.col("label") == 0)
    )
    return labels.group_by("subject_id").agg(
        pl.len().cast(pl.Int64).alias("cleared_count"),
        (pl.lit(morning.as_of) - pl.max("event_date")).dt.total_days().alias("days_since_cleared"),
    )
