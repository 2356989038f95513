"""What happens after a credit: money passed on, small probes before large sums."""

import numpy as np
import polars as pl

from features.point_in_time import Morning

FLOW_DAYS = 7
PROBE_MOST, LARGE_LEAST = 100_00, 1000_00  # cents: a probe, and the sum that it prepares
HOUR = 3600


def account_flows(morning: Morning) -> pl.DataFrame:
    """Sequences of credits and debits of the last 7 days: one row per `account_id` with a credit.

    A credit at `t` counts as passed on as far as the debits in [t, t + w] reach, never above its own amount.
    Debits that carry the same second as the credit count, whichever was booked first.
    """
    rows = morning.rows("transactions", FLOW_DAYS).filter(pl.col("status") == "booked")
    rows = rows.select(
        "account_id",
        pl.col("account_id").rank("dense").cast(pl.Int64).alias("account"),
        (pl.col("happened_at").to_physical() // 1_000_000).alias("second"),
        (pl.col("direction") == "in").alias("is_credit"),
        (pl.col("direction") == "out").alias("is_debit"),
        "amount",
    )
    credits, debits = rows.filter("is_credit"), rows.filter("is_debit")
    ahead = _Ahead(debits["account"].to_numpy(), debits["second"].to_numpy(), debits["amount"].to_numpy())
    large = credits.filter(pl.col("amount") >= LARGE_LEAST)
    larger = _Ahead(large["account"].to_numpy(), large["second"].to_numpy(), large["amount"].to_numpy())
    account, second = credits["account"].to_numpy(), credits["second"].to_numpy()
    seen = credits.with_columns(
        out_1h=ahead.total(account, second, HOUR),
        out_24h=ahead.total(account, second, 24 * HOUR),
        wait=ahead.wait(account, second),
        is_probe=pl.Series(larger.total(account, second, 24 * HOUR) > 0) & (credits["amount"] <= PROBE_MOST),
    )

    def share(out: str) -> pl.Expr:
        passed, credited = pl.min_horizontal(out, "amount").sum(), pl.col("amount").sum()
        return pl.when(credited != 0).then((passed / 100) / (credited / 100))

    return seen.group_by("account_id").agg(
        share("out_1h").alias("passed_on_share_1h"),
        share("out_24h").alias("passed_on_share_24h"),
        (pl.col("wait").filter(pl.col("wait") >= 0).min() // 60).alias("fastest_debit_minutes"),
        pl.col("is_probe").sum().cast(pl.Int64).alias("probe_count"),
    )


class _Ahead:
    """Rows by account and second, to be asked what lies ahead of a moment."""

    ACCOUNT = 1 << 35  # seconds since 1970 stay below; accounts are numbered from 1

    def __init__(self, account: np.ndarray, second: np.ndarray, amount: np.ndarray) -> None:
        place = account * self.ACCOUNT + second
        order = np.argsort(place, kind="stable")
        self._places = place[order]
        self._totals = np.concatenate([[0], np.cumsum(amount[order])])

    def total(self, account: np.ndarray, second: np.ndarray, seconds: int) -> np.ndarray:
        """Sum of the amounts of the same account in [second, second + seconds]."""
        start = account * self.ACCOUNT + second
        first = np.searchsorted(self._places, start, "left")
        last = np.searchsorted(self._places, start + seconds, "right")
        return self._totals[last] - self._totals[first]

    def wait(self, account: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Seconds to the next row of the same account, at the earliest the same second; -1 when there is none."""
        if not len(self._places):
            return np.full(len(second), -1)
        start = account * self.ACCOUNT + second
        next_ = np.searchsorted(self._places, start, "left")
        found = self._places[np.minimum(next_, len(self._places) - 1)]
        is_own = (next_ < len(self._places)) & (found // self.ACCOUNT == account)
        return np.where(is_own, found - start, -1)
