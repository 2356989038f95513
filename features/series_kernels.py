"""What is computed from the sums of the days of a window in their order; arguments as in `features.kernels`."""

import numpy as np
from numba import njit

RISE, FALL, RISE_NOW, FALL_NOW, TREND, DEVIATION = range(6)


@njit(cache=True, nogil=True)
def window_series(
    first: np.ndarray,
    order: np.ndarray,
    day: np.ndarray,
    values: np.ndarray,
    kind: int,
    as_of: int,
    bounds: np.ndarray,
    out: np.ndarray,
) -> None:
    """Of the sums of the days of a window in their order (a day without rows is 0), per `kind`:

    RISE and FALL: most days in a row on which the sum was above (below) that of the day before; RISE_NOW and FALL_NOW:
    those that end yesterday; TREND: slope of the least-squares line per day; DEVIATION: how many standard deviations
    (of a population) yesterday's sum lies above the mean of the days before it, nan where these do not vary.
    """
    series = np.zeros(as_of - bounds[-1], np.int64)
    for window in range(len(bounds)):
        days = as_of - bounds[window]
        for r in range(len(first) - 1):
            series[:days] = 0
            for place in range(first[r], first[r + 1]):
                entry = order[place]
                if day[entry] >= bounds[window]:
                    series[day[entry] - bounds[window]] += values[entry]
            if kind == TREND:
                out[window, r] = _slope(series[:days])
            elif kind == DEVIATION:
                out[window, r] = _deviation(series[:days])
            else:
                out[window, r] = _run(series[:days], kind)


@njit(cache=True, nogil=True)
def _run(series: np.ndarray, kind: int) -> float:
    sign = 1 if kind in (RISE, RISE_NOW) else -1
    now = longest = 0
    for day in range(1, len(series)):
        now = now + 1 if sign * (series[day] - series[day - 1]) > 0 else 0
        longest = max(longest, now)
    return float(now if kind in (RISE_NOW, FALL_NOW) else longest)


@njit(cache=True, nogil=True)
def _slope(series: np.ndarray) -> float:
    days = len(series)
    upper, lower = np.int64(0), np.int64(0)
    for day in range(days):
        distance = 2 * day - (days - 1)  # whole: twice the distance from the middle
        upper += distance * series[day]
        lower += distance * distance
    return upper * 2 / lower if lower else 0.0


@njit(cache=True, nogil=True)
def _deviation(series: np.ndarray) -> float:
    days = len(series) - 1
    if days < 1:
        return np.nan
    total = np.int64(0)
    for day in range(days):
        total += series[day]
    mean, squares = total / days, 0.0
    for day in range(days):
        squares += (series[day] - mean) ** 2
    return (series[days] - mean) / np.sqrt(squares / days) if squares > 0 else np.nan
