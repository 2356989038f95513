"""What is computed from a subject's kept days: compiled loops over rows of one bucket, one column at a time.

A row is a subject; its entries (one per day) stand in `order[first[r]:first[r + 1]]`, sorted by day, as places in `day`
and in the column. Of entries by value those of a day are [start[entry], start[entry + 1]) in `value` and `count`.
`bounds` are the first days of the windows, the narrowest window first; all windows end where the entries end. Every
function fills one line of `out` per window.
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
def window_least(
    first: np.ndarray,
    order: np.ndarray,
    day: np.ndarray,
    values: np.ndarray,
    bounds: np.ndarray,
    out: np.ndarray,
) -> None:
    """Minima; NOTHING_LESS where there is none."""
    for r in range(len(first) - 1):
        least, window = NOTHING_LESS, 0
        for place in range(first[r + 1] - 1, first[r] - 1, -1):
            entry = order[place]
            while window < len(bounds) and day[entry] < bounds[window]:
                out[window, r] = least
                window += 1
            if window == len(bounds):  # older than every window of these measures
                break
            least = min(least, values[entry])
        while window < len(bounds):
            out[window, r] = least
            window += 1


@njit(cache=True, nogil=True)
def window_most(
    first: np.ndarray,
    order: np.ndarray,
    day: np.ndarray,
    values: np.ndarray,
    bounds: np.ndarray,
    out: np.ndarray,
) -> None:
    """Maxima; NOTHING_MORE where there is none."""
    for r in range(len(first) - 1):
        most, window = NOTHING_MORE, 0
        for place in range(first[r + 1] - 1, first[r] - 1, -1):
            entry = order[place]
            while window < len(bounds) and day[entry] < bounds[window]:
                out[window, r] = most
                window += 1
            if window == len(bounds):  # older than every window of these measures
                break
            most = max(most, values[entry])
        while window < len(bounds):
            out[window, r] = most
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
