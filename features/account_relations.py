"""How near an account stands to confirmed ones: over payments, devices and addresses; and how its days end."""

from datetime import timedelta

import polars as pl

from features.point_in_time import Morning
from features.sharing import BUSY_IP_DAYS, SHARED_DAYS

HUB = 100  # who has more counterparties, or an address more accounts, says nothing of any of them
HIT_DAYS = (7, 30)  # of payments that are looked at
DAY_END_DAYS = (7, 30)


def confirmed_accounts(morning: Morning) -> pl.DataFrame:
    """The accounts confirmed by the morning: one row per `confirmed`; the newest answer counts, of one morning 1."""
    known = morning.tables["labels"].filter(
        (pl.col("known_as_of") <= morning.as_of) & (pl.col("subject_kind") == "account")
    )
    newest = known.sort("known_as_of", "label", descending=True).unique("subject_id", keep="first")
    return newest.filter(pl.col("label") == 1).select(confirmed="subject_id")


def account_relations(morning: Morning) -> pl.DataFrame:
    """Confirmed accounts among those it paid or was paid by, and near it: one row per account that has any.

    Two hops: a counterparty of one of its counterparties. A counterparty with more than `HUB` counterparties of its
    own, such as a utility, joins nobody. No account is near itself. A device or an address counts with at most `HUB`
    accounts; who pays or is paid from another bank is seen where our account paid it.
    """
    confirmed = morning.once("confirmed", confirmed_accounts)
    payments = morning.digest("payments", SHARED_DAYS)
    paid = payments.group_by("account_id", "payee").agg(pl.max("event_date").alias("last"))
    to = paid.join(confirmed, left_on="payee", right_on="confirmed", how="semi")
    of = paid.join(confirmed, left_on="account_id", right_on="confirmed", how="semi")
    payees = to.select("account_id", confirmed="payee", last="last", is_payee=True)
    payers = of.select(account_id="payee", confirmed="account_id", last="last", is_payee=False)
    near = pl.concat([payees, payers]).filter(pl.col("account_id") != pl.col("confirmed"))
    found = near.group_by("account_id").agg(
        *(_since(morning, days, pl.col("is_payee")).alias(f"confirmed_payee_count_{days}d") for days in HIT_DAYS),
        *(_since(morning, days, ~pl.col("is_payee")).alias(f"confirmed_payer_count_{days}d") for days in HIT_DAYS),
        (pl.lit(morning.as_of) - pl.max("last")).dt.total_days().alias("days_since_confirmed_counterparty_30d"),
    )  # fmt: skip
    used = [
        ("confirmed_accounts_of_devices_30d", "devices", "device_id", SHARED_DAYS),
        ("confirmed_accounts_of_ips_7d", "addresses", "ip_id", BUSY_IP_DAYS),
    ]
    frames = [found, _two_hops(paid, near)]
    frames += [
        _sharing(morning.digest(name, days), item, confirmed, column) for column, name, item, days in used
    ]
    result = pl.concat([frame.select("account_id") for frame in frames]).unique()
    for frame in frames:
        result = result.join(frame, on="account_id", how="left")
    return result


def _since(morning: Morning, days: int, kind: pl.Expr) -> pl.Expr:
    return (kind & (pl.col("last") >= morning.as_of - timedelta(days))).sum().cast(pl.Int64)


def _two_hops(paid: pl.DataFrame, near: pl.DataFrame) -> pl.DataFrame:
    """Different confirmed accounts within two hops; `near` are the pairs one hop apart."""
    pairs = near.select("account_id", "confirmed").unique()
    middles = pairs.rename({"account_id": "middle"})
    of = paid.select(middle="account_id", other="payee")
    to = paid.select(middle="payee", other="account_id")
    edges = pl.concat([of, to]).join(middles, on="middle", how="semi").unique()
    edges = edges.filter(pl.len().over("middle") <= HUB)
    second = edges.join(middles, on="middle").select(account_id="other", confirmed="confirmed")
    second = second.filter(pl.col("account_id") != pl.col("confirmed"))
    both = pl.concat([pairs, second]).unique()
    return both.group_by("account_id").agg(
        pl.len().cast(pl.Int64).alias("confirmed_accounts_within_2_hops_30d")
    )


def _sharing(rows: pl.DataFrame, item: str, confirmed: pl.DataFrame, column: str) -> pl.DataFrame:
    """Different confirmed accounts that used one of its items."""
    used = rows.select("account_id", item).unique()
    theirs = used.join(confirmed, left_on="account_id", right_on="confirmed", how="semi")
    theirs = theirs.rename({"account_id": "confirmed"})
    others = used.join(theirs, on=item, how="semi").filter(pl.len().over(item) <= HUB)
    pairs = others.join(theirs, on=item).filter(pl.col("account_id") != pl.col("confirmed"))
    return pairs.group_by("account_id").agg(pl.col("confirmed").n_unique().cast(pl.Int64).alias(column))


def account_day_ends(morning: Morning) -> pl.DataFrame:
    """Share of the days with a booking after whose last one less than 10 yuan were left: one row per account.

    Of two last bookings of one instant the one that left more counts.
    """
    ends = morning.digest("day_ends", max(DAY_END_DAYS))
    state, last = pl.col("state"), pl.col("last_at")
    days = ends.group_by("account_id", "event_date").agg(
        last.filter(state == "empty").max().alias("empty"), last.filter(state == "filled").max().alias("filled")
    )  # fmt: skip
    is_empty = pl.col("empty").is_not_null() & (
        pl.col("filled").is_null() | (pl.col("empty") > pl.col("filled"))
    )
    days = days.with_columns(is_empty.alias("is_empty"))
    return days.group_by("account_id").agg(
        pl.col("is_empty")
        .filter(pl.col("event_date") >= morning.as_of - timedelta(n))
        .mean()
        .alias(f"empty_day_end_share_{n}d")
        for n in DAY_END_DAYS
    )
