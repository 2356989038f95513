"""Things that several subjects use: devices, addresses, payees, handsets, cells."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from features.point_in_time import Morning

SHARED_DAYS = 30
BUSY_IP_DAYS = 7


@dataclass(frozen=True)
class Shared:
    """An item that subjects share: `name` is the column, `item` what they share, null where there is nothing."""

    name: str
    item: pl.Expr
    days: int
    edge: str = "max"  # over the items of a subject: the most shared one, or `min`, the least shared


ACCOUNTS_SHARE = (
    Shared("accounts_per_device_30d", pl.col("device_id"), SHARED_DAYS),
    # Mobile networks put thousands behind one address, so the least shared address tells more.
    Shared("accounts_per_ip_7d", pl.col("ip_id"), BUSY_IP_DAYS, "min"),
    Shared(
        "payers_per_payee_30d",
        pl.when(pl.col("direction") == "out").then(pl.col("counterparty_account_id")),
        SHARED_DAYS,
    ),
)


def subjects_per_item(rows: pl.DataFrame, key: str, shared: Sequence[Shared], as_of: date) -> pl.DataFrame:
    """How many subjects share an item with each subject: `key`, one column per entry of `shared`.

    `rows` hold `event_date`, only days before `as_of`. One row per subject that has any of the items in
    [as_of - days, as_of).
    """
    frame = rows.select(pl.col(key).drop_nulls().unique())
    for one in shared:
        recent = rows.filter(pl.col("event_date") >= as_of - timedelta(one.days))
        used = recent.select(key, one.item.alias("item")).drop_nulls().unique()
        subjects = used.with_columns(pl.len().over("item").cast(pl.Int64).alias(one.name))
        edge = pl.max(one.name) if one.edge == "max" else pl.min(one.name)
        frame = frame.join(subjects.group_by(key).agg(edge), on=key, how="left")
    return frame


def account_sharing(morning: Morning) -> pl.DataFrame:
    """Shared devices, IP addresses and payees: one row per `account_id` with any of them."""
    booked = morning.rows("transactions", SHARED_DAYS).filter(pl.col("status") == "booked")
    return subjects_per_item(booked, "account_id", ACCOUNTS_SHARE, morning.as_of)
