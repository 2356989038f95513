"""Things that several subjects use: devices, addresses, payees, handsets, cells."""

from collections.abc import Sequence
from dataclasses import dataclass

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from features.indicator import Mornings
from features.point_in_time import at_mornings

SHARED_DAYS = 30
BUSY_IP_DAYS = 7


@dataclass(frozen=True)
class Shared:
    """An item that subjects share: `name` is the column, `item` the SQL of its value, null where there is none."""

    name: str
    item: str
    days: int
    edge: str = "max"  # over the items of a subject: the most shared one, or `min`, the least shared


ACCOUNTS_SHARE = (
    Shared("accounts_per_device_30d", "device_id", SHARED_DAYS),
    # Mobile networks put thousands behind one address, so the least shared address tells more.
    Shared("accounts_per_ip_7d", "ip_id", BUSY_IP_DAYS, "min"),
    Shared(
        "payers_per_payee_30d", "CASE WHEN direction = 'out' THEN counterparty_account_id END", SHARED_DAYS
    ),
)


def subjects_per_item(rows: DataFrame, key: str, shared: Sequence[Shared]) -> DataFrame:
    """How many subjects share an item with each subject: `as_of`, `key`, one bigint per entry of `shared`.

    `rows` hold `as_of` and `event_date`, only days before `as_of`. One row per `as_of` and subject that has any
    of the items in [as_of - days, as_of).
    """
    values = ", ".join(
        f"struct({n} AS item, CASE WHEN event_date >= date_sub(as_of, {s.days}) THEN {s.item} END AS value)"
        for n, s in enumerate(shared)
    )
    pairs = rows.where(F.col(key).isNotNull()).select("as_of", key, F.expr(f"inline(array({values}))"))
    # Brought together by value first, the pairs are made distinct and counted without another shuffle.
    used = pairs.where("value IS NOT NULL").repartition("as_of", "item", "value").distinct()
    subjects = F.count("*").over(Window.partitionBy("as_of", "item", "value"))
    columns = [
        F.expr(f"{s.edge}(CASE WHEN item = {n} THEN subjects END)").alias(s.name)
        for n, s in enumerate(shared)
    ]
    return used.withColumn("subjects", subjects).groupBy("as_of", key).agg(*columns)


def account_sharing(events: dict[str, DataFrame], dimension: DataFrame, mornings: Mornings) -> DataFrame:
    """Shared devices, IP addresses and payees: one row per `as_of` and `account_id` with any of them."""
    booked = events["transactions"].where("status = 'booked'")
    return subjects_per_item(at_mornings(booked, mornings, SHARED_DAYS), "account_id", ACCOUNTS_SHARE)
