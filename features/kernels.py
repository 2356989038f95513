"""What is computed from a subject's kept days: compiled loops over rows of one bucket, one column at a time.

A row is a subject; its entries (one per day) stand in `order[first[r]:first[r + 1]]`, sorted by day, as places in `day`
and in the column. `bounds` are the first days of the windows, the narrowest window first; all windows end where the
entries end. Every function fills one line of `out` per window.
"""

import numpy as np
from numba import njit

NOTHING_LESS, NOTHING_MORE = np.int64(2**63 - 1), np.int64(-(2**63) + 1)  # what `min` and `max` of no row are


@njit(cache=True, nogil=True)
def rows_of(keys: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """For each key its place among `wanted` (no two alike), -1 where it is not there."""
    size = 1
    while size < 2 * len(wanted) + 1:
        size *= 2
    mask = size - 1
    table = np.full(size, -1, np.int32)
    for row in range(len(wanted)):
        place = (wanted[row] ^ (wanted[row] >> 32)) & mask
        while table[place] >= 0:
            place = (place + 1) & mask
        table[place] = row
    found = np.empty(len(keys), np.int32)
    for n in range(len(keys)):
        place = (keys[n] ^ (keys[n] >> 32)) & mask
        while table[place] >= 0 and wanted[table[place]] != keys[n]:
            place = (place + 1) & mask
        found[n] = table[place]
    return found


@njit(cache=True, nogil=True)
def grouped(row: np.ndarray, rows: int, day: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Entries by row, then day, then when they became known; entries of no row (-1) are left out.

    Returns `first` (rows + 1) and the places of the entries. Entries that are equal in all three keep their order.
    """
    first = np.zeros(rows + 1, np.int64)
    for n in range(len(row)):
        if row[n] >= 0:
            first[row[n] + 1] += 1
    for r in range(rows):
        first[r + 1] += first[r]
    next_ = first[:-1].copy()
    order = np.empty(first[rows], np.int32)
    for n in range(len(row)):
        r = row[n]
        if r >= 0:
            # Entries come nearly in order (morning by morning), so an insertion goes few steps.
            place = next_[r]
            while place > first[r] and (
                day[order[place - 1]] > day[n]
                or (day[order[place - 1]] == day[n] and known[order[place - 1]] > known[n])
            ):
                order[place] = order[place - 1]
                place -= 1
            order[place] = n
            next_[r] += 1
    return first, order


@njit(cache=True, nogil=True)
def in_force(
    first: np.ndarray,
    order: np.ndarray,
    day: np.ndarray,
    known: np.ndarray,
    begin: int,
    as_of: int,
    wanted: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Of the entries of the `wanted` rows and of [begin, as_of) the newest making of each day that was known at
    `as_of`; a row of the result is a wanted row."""
    rows, most = len(wanted), 0
    for r in wanted:
        most += first[r + 1] - first[r]
    starts = np.empty(rows + 1, np.int64)
    kept = np.empty(most, np.int32)
    count = 0
    for n in range(rows):
        starts[n] = count
        place, end = first[wanted[n]], first[wanted[n] + 1]
        while place < end:
            today = day[order[place]]
            newest, after = np.int64(-1), place
            while after < end and day[order[after]] == today:
                if known[order[after]] <= as_of:
                    newest = np.int64(order[after])
                after += 1
            if newest >= 0 and begin <= today < as_of:
                kept[count] = newest
                count += 1
            place = after
    starts[rows] = count
    return starts, kept[:count]


@njit(cache=True, nogil=True)
def window_sums(
    first: np.ndarray,
    order: np.ndarray,
    day: np.ndarray,
    values: np.ndarray,
    bounds: np.ndarray,
    out: np.ndarray,
) -> None:
    """Sums."""
    for r in range(len(first) - 1):
        total, window = np.int64(0), 0
        for place in range(first[r + 1] - 1, first[r] - 1, -1):
            entry = order[place]
            while window < len(bounds) and day[entry] < bounds[window]:
                out[window, r] = total
                window += 1
            if window == len(bounds):  # older than every window of these measures
                break
            total += values[entry]
        while window < len(bounds):
            out[window, r] = total
            window += 1


@njit(cache=True, nogil=True)
def window_extremes(
    first: np.ndarray,
    order: np.ndarray,
    day: np.ndarray,
    values: np.ndarray,
    is_most: bool,
    bounds: np.ndarray,
    out: np.ndarray,
) -> None:
    """Maxima (`is_most`) or minima; NOTHING_MORE or NOTHING_LESS where there is none."""
    nothing = NOTHING_MORE if is_most else NOTHING_LESS
    for r in range(len(first) - 1):
        extreme, window = nothing, 0
        for place in range(first[r + 1] - 1, first[r] - 1, -1):
            entry = order[place]
            while window < len(bounds) and day[entry] < bounds[window]:
                out[window, r] = extreme
                window += 1
            if window == len(bounds):  # older than every window of these measures
                break
            extreme = max(extreme, values[entry]) if is_most else min(extreme, values[entry])
        while window < len(bounds):
            out[window, r] = extreme
            window += 1


@njit(cache=True, nogil=True)
def window_variances(
    first: np.ndarray,
    order: np.ndarray,
    day: np.ndarray,
    count: np.ndarray,
    total: np.ndarray,
    apart: np.ndarray,
    bounds: np.ndarray,
    out: np.ndarray,
) -> None:
    """Variances of a population from count, sum and sum of squared distances from the mean per day; nan where there
    is no row.

    Days are put together by the pairwise update of Chan, Golub and LeVeque (1979), newest first: it does not cancel
    like sums of squares, and the same days give the same bits.
    """
    for r in range(len(first) - 1):
        n, mean, squares, window = 0, 0.0, 0.0, 0
        for place in range(first[r + 1] - 1, first[r] - 1, -1):
            entry = order[place]
            while window < len(bounds) and day[entry] < bounds[window]:
                out[window, r] = squares / n if n else np.nan
                window += 1
            if window == len(bounds):  # older than every window of these measures
                break
            more = count[entry]
            if more:
                step = total[entry] / more - mean
                squares += apart[entry] + step * step * n * more / (n + more)
                mean += step * more / (n + more)
                n += more
        while window < len(bounds):
            out[window, r] = squares / n if n else np.nan
            window += 1


@njit(cache=True, nogil=True)
def window_edges(
    first: np.ndarray,
    order: np.ndarray,
    day: np.ndarray,
    rank: np.ndarray,
    values: np.ndarray,
    is_last: bool,
    bounds: np.ndarray,
    out: np.ndarray,
) -> None:
    """The value with the highest (`is_last`) or lowest rank; NOTHING_LESS where there is none, or where it is null."""
    for r in range(len(first) - 1):
        value, best, found, window = NOTHING_LESS, np.int64(0), False, 0
        for place in range(first[r + 1] - 1, first[r] - 1, -1):
            entry = order[place]
            while window < len(bounds) and day[entry] < bounds[window]:
                out[window, r] = value
                window += 1
            if window == len(bounds):  # older than every window of these measures
                break
            if rank[entry] != NOTHING_MORE and (
                not found or (rank[entry] > best if is_last else rank[entry] < best)
            ):
                value, best, found = values[entry], rank[entry], True
        while window < len(bounds):
            out[window, r] = value
            window += 1


@njit(cache=True, nogil=True)
def window_days(
    first: np.ndarray,
    order: np.ndarray,
    day: np.ndarray,
    count: np.ndarray,
    is_last: bool,
    as_of: int,
    bounds: np.ndarray,
    out: np.ndarray,
) -> None:
    """Days from the last (first) day with a row to `as_of`; -1 where there is none."""
    for r in range(len(first) - 1):
        since, window = np.int64(-1), 0
        for place in range(first[r + 1] - 1, first[r] - 1, -1):
            entry = order[place]
            while window < len(bounds) and day[entry] < bounds[window]:
                out[window, r] = since
                window += 1
            if window == len(bounds):  # older than every window of these measures
                break
            if count[entry] and (since < 0 or not is_last):
                since = np.int64(as_of - day[entry])
        while window < len(bounds):
            out[window, r] = since
            window += 1


@njit(cache=True, nogil=True)
def day_masks(
    first: np.ndarray,
    order: np.ndarray,
    day: np.ndarray,
    count: np.ndarray,
    as_of: int,
    bounds: np.ndarray,
    out: np.ndarray,
) -> None:
    """Bit n is set when there was a row n + 1 days before `as_of`, for the last 63 days."""
    for r in range(len(first) - 1):
        mask = np.int64(0)
        for place in range(first[r], first[r + 1]):
            entry = order[place]
            if count[entry] and as_of - day[entry] <= 63:
                mask |= np.int64(1) << (as_of - day[entry] - 1)
        out[0, r] = mask
