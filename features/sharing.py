"""Things that several subjects use: devices, addresses, payees, handsets, cells."""

from collections.abc import Mapping, Sequence
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
    digest: str  # that holds it
    item: pl.Expr
    days: int
    edge: str = "max"  # over the items of a subject: the most shared one, or `min`, the least shared


ACCOUNTS_SHARE = (
    Shared("accounts_per_device_30d", "devices", pl.col("device_id"), SHARED_DAYS),
    # Mobile networks put thousands behind one address, so the least shared address tells more.
    Shared("accounts_per_ip_7d", "addresses", pl.col("ip_id"), BUSY_IP_DAYS, "min"),
    Shared("payers_per_payee_30d", "payments", pl.col("payee"), SHARED_DAYS),
)


def subjects_per_item(
    rows: Mapping[str, pl.DataFrame], key: str, shared: Sequence[Shared], as_of: date
) -> pl.DataFrame:
    """How many subjects share an item with each subject: `key`, one column per entry of `shared`.

    `rows` hold `event_date` by digest, only days before `as_of`. One row per subject that has any of the items in
    [as_of - days, as_of).
    """
    frames = []
    for one in shared:
        recent = rows[one.digest].filter(pl.col("event_date") >= as_of - timedelta(one.days))
        used = recent.select(key, one.item.alias("item")).drop_nulls().unique()
        subjects = used.with_columns(pl.len().over("item").cast(pl.Int64).alias(one.name))
        edge = pl.max(one.name) if one.edge == "max" else pl.min(one.name)
        frames.append(subjects.group_by(key).agg(edge))
    return _joined(frames, key)


def _joined(frames: Sequence[pl.DataFrame], key: str) -> pl.DataFrame:
    found = pl.concat([frame.select(key) for frame in frames]).unique()
    for frame in frames:
        found = found.join(frame, on=key, how="left")
    return found


def account_sharing(morning: Morning) -> pl.DataFrame:
    """Shared devices, IP addresses and payees: one row per `account_id` with any of them."""
    rows = {name: morning.digest(name, SHARED_DAYS) for name in ("devices", "addresses", "payments")}
    return subjects_per_item(rows, "account_id", ACCOUNTS_SHARE, morning.as_of)
