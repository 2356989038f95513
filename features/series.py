"""The days of a window as a series per subject: how long it has been rising or falling, and where it tends to."""

from datetime import date, timedelta

import numpy as np
import polars as pl


def series(
    daily: pl.DataFrame, key: str, value: str, kind: str, days: int, as_of: date, column: str
) -> pl.DataFrame:
    """One row per `key` with a row in the last `days` days: `key`, `column`.

    `daily` holds sums per key and `event_date`, maybe several of a day; a day without any is 0. kind: `rise` and
    `fall`: the most days in a row on which the value was above (below) that of the day before; `rise_now` and
    `fall_now`: those that end yesterday; `trend`: slope of the least-squares line, per day.
    """
    first = as_of - timedelta(days=days)
    recent = daily.filter(pl.col("event_date") >= first).select(
        pl.col(key),
        (pl.col("event_date") - pl.lit(first)).dt.total_days().alias("day"),
        pl.col(value).fill_null(0),
    )
    keys = recent[key].unique(maintain_order=True)
    places = recent.join(keys.to_frame().with_row_index("_row"), on=key, how="left", maintain_order="left")
    table = np.zeros((len(keys), days), np.int64)
    np.add.at(table, (places["_row"].to_numpy(), places["day"].to_numpy()), places[value].to_numpy())
    return pl.DataFrame({key: keys, column: _trend(table) if kind == "trend" else _runs(table, kind)})


def _runs(table: np.ndarray, kind: str) -> np.ndarray:
    sign = 1 if kind.startswith("rise") else -1
    moves = sign * np.diff(table, axis=1) > 0
    now, longest = np.zeros(len(table), np.int64), np.zeros(len(table), np.int64)
    for day in range(moves.shape[1]):
        now = np.where(moves[:, day], now + 1, 0)
        longest = np.maximum(longest, now)
    return now if kind.endswith("_now") else longest


def _trend(table: np.ndarray) -> np.ndarray:
    days = table.shape[1]
    doubled = 2 * np.arange(days) - (days - 1)  # whole numbers: twice the distance from the middle
    return (table @ doubled) * 2 / (doubled @ doubled)
