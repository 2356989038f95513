"""What is computed from the values of a subject's kept days: how many different ones, how concentrated.

As `features.kernels`; the entries by value of a day are [start[entry], start[entry + 1]) in `value` and `count`.
"""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def _place(table: np.ndarray, stamps: np.ndarray, stamp: int, value: int, mask: int) -> int:
    """Where `value` stands in the table of this stamp, or where it may be put."""
    place = (value ^ (value >> 32)) & mask
    while stamps[place] == stamp and table[place] != value:
        place = (place + 1) & mask
    return place


@njit(cache=True, nogil=True)
def _masks(first: np.ndarray, order: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Of each row the mask of a table that has room for its values."""
    masks = np.empty(len(first) - 1, np.int64)
    for r in range(len(first) - 1):
        values = 0
        for place in range(first[r], first[r + 1]):
            values += start[order[place] + 1] - start[order[place]]
        mask = 3
        while mask + 1 < 2 * values:
            mask = 2 * mask + 1
        masks[r] = mask
    return masks


@njit(cache=True, nogil=True)
def window_distinct(
    first: np.ndarray,
    order: np.ndarray,
    day: np.ndarray,
    start: np.ndarray,
    value: np.ndarray,
    count: np.ndarray,
    bounds: np.ndarray,
    out: np.ndarray,
) -> None:
    """Different values."""
    masks = _masks(first, order, start)
    size = masks.max() + 1 if len(masks) else 4
    table, stamps = np.empty(size, np.int64), np.full(size, -1, np.int32)
    for r in range(len(first) - 1):
        different, window = np.int64(0), 0
        for place in range(first[r + 1] - 1, first[r] - 1, -1):
            entry = order[place]
            while window < len(bounds) and day[entry] < bounds[window]:
                out[window, r] = different
                window += 1
            if window == len(bounds):
                break
            for pair in range(start[entry], start[entry + 1]):
                if count[pair]:
                    found = _place(table, stamps, r, value[pair], masks[r])
                    if stamps[found] != r:
                        stamps[found], table[found] = r, value[pair]
                        different += 1
        while window < len(bounds):
            out[window, r] = different
            window += 1


@njit(cache=True, nogil=True)
def window_new(
    first: np.ndarray,
    order: np.ndarray,
    day: np.ndarray,
    start: np.ndarray,
    value: np.ndarray,
    count: np.ndarray,
    bounds: np.ndarray,
    out: np.ndarray,
) -> None:
    """Different values whose first day lies in the window."""
    masks = _masks(first, order, start)
    size = masks.max() + 1 if len(masks) else 4
    table, stamps = np.empty(size, np.int64), np.full(size, -1, np.int32)
    for r in range(len(first) - 1):
        out[:, r] = 0
        for place in range(first[r], first[r + 1]):
            entry = order[place]
            for pair in range(start[entry], start[entry + 1]):
                if count[pair]:
                    found = _place(table, stamps, r, value[pair], masks[r])
                    if stamps[found] != r:
                        stamps[found], table[found] = r, value[pair]
                        for window in range(len(bounds)):
                            if day[entry] >= bounds[window]:
                                out[window, r] += 1


@njit(cache=True, nogil=True)
def window_concentration(
    first: np.ndarray,
    order: np.ndarray,
    day: np.ndarray,
    start: np.ndarray,
    value: np.ndarray,
    count: np.ndarray,
    is_entropy: bool,
    bounds: np.ndarray,
    out: np.ndarray,
) -> None:
    """Share of the most frequent value, or Shannon entropy of the values in nats; nan where there is none."""
    masks = _masks(first, order, start)
    size = masks.max() + 1 if len(masks) else 4
    table, stamps = np.empty(size, np.int64), np.full(size, -1, np.int32)
    number, counts = np.zeros(size, np.int64), np.zeros(size, np.int64)
    for r in range(len(first) - 1):
        different, total, place = 0, np.int64(0), first[r + 1] - 1
        for window in range(len(bounds)):
            while place >= first[r] and day[order[place]] >= bounds[window]:
                for pair in range(start[order[place]], start[order[place] + 1]):
                    if count[pair]:
                        found = _place(table, stamps, r, value[pair], masks[r])
                        if stamps[found] != r:
                            stamps[found], table[found], number[found] = r, value[pair], different
                            counts[different] = 0
                            different += 1
                        counts[number[found]] += count[pair]
                        total += count[pair]
                place -= 1
            out[window, r] = _concentration(counts[:different], total, is_entropy)


@njit(cache=True, nogil=True)
def _concentration(counts: np.ndarray, total: np.int64, is_entropy: bool) -> float:
    if total == 0:
        return np.nan
    if not is_entropy:
        return counts.max() / total
    weighted = 0.0
    for count in np.sort(counts):  # sorted: the order of rows changes no bit
        weighted += count * np.log(count)
    return max(0.0, np.log(total) - weighted / total)
