"""What every contender computes: eleven measures in six windows of whole days, and three below a day.

Windows of days end at midnight of `as_of`: [as_of - w, as_of). One row per account with at least one transaction
in the longest window. An empty window counts 0 and sums 0; its other measures are null. Amounts are cents.
A window below a day ends with the event: (t - w, t], over the account's own events, one row per event.
"""

from datetime import date, timedelta

QUARTER = (1, 3, 7, 14, 30, 90)  # days
WEEK = (1, 2, 3, 4, 5, 7)  # days, for the price of long windows: as many columns
SUBDAY = {"10m": timedelta(minutes=10), "1h": timedelta(hours=1)}
WHOLE = (
    "count",
    "amount_sum",
    "amount_min",
    "amount_max",
    "counterparty_count",
    "payer_count",
    "payee_count",
)
MEASURES = (
    "count",
    "amount_sum",
    "amount_mean",
    "amount_spread",  # population standard deviation
    "amount_min",
    "amount_max",
    "night_share",  # of transactions before 05:00
    "pass_share",  # the smaller of money in and money out, of the larger; null when both are 0
    "counterparty_count",
    "payer_count",  # distinct counterparties that paid in
    "payee_count",  # distinct counterparties that were paid
)


def columns(windows: tuple[int, ...]) -> list[str]:
    """Names of the feature columns, window by window: `count_1d`, `amount_sum_1d`, ..."""
    return [f"{measure}_{days}d" for days in windows for measure in MEASURES]


def subday_columns() -> list[str]:
    """Names of the feature columns of the event grain."""
    return [
        f"{measure}_{name}" for name in SUBDAY for measure in ("count", "amount_sum", "counterparty_count")
    ]


def ring_starts(windows: tuple[int, ...], as_of: date) -> list[date]:
    """First day of each ring. Ring j holds the days of window j that no shorter window has."""
    return [as_of - timedelta(days=days) for days in windows]
