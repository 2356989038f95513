"""Loops over sorted events, compiled: windows around each event, and what lies in them.

Arrays are as long as the rows, which are sorted by `owner` and `time` (microseconds). The window of row i is the rows
[first[i], end[i]), always of its own owner. `counted` says which rows count. Nothing here knows of nulls: a result
comes with a second array that says where it is known. Whole numbers are 64 bits wide and exact.
"""

import numpy as np
from numba import njit

SECOND = 1_000_000
Array = np.ndarray


@njit(cache=True, nogil=True)
def windows_up_to(owner: Array, time: Array, window: int, delay: int) -> tuple[Array, Array]:
    """Rows in (t - delay - window, t - delay]; without delay those before the row in its instant and itself."""
    size = len(owner)
    first, end = np.empty(size, np.int64), np.empty(size, np.int64)
    low, high = 0, 0
    for i in range(size):
        if i > 0 and owner[i] != owner[i - 1]:
            low, high = i, i
        if delay == 0:
            high = i + 1
        else:
            while owner[high] == owner[i] and time[high] <= time[i] - delay:  # row i itself stops it
                high += 1
        while low < high and time[low] <= time[i] - delay - window:
            low += 1
        first[i], end[i] = low, high
    return first, end


@njit(cache=True, nogil=True)
def windows_ahead(owner: Array, time: Array, window: int) -> tuple[Array, Array]:
    """Rows in [t, t + window], of the row's own instant all."""
    size = len(owner)
    first, end = np.empty(size, np.int64), np.empty(size, np.int64)
    low, high = 0, 0
    for i in range(size):
        if i > 0 and (owner[i] != owner[i - 1] or time[i] != time[i - 1]):
            low = i
        while high < size and owner[high] == owner[i] and time[high] <= time[i] + window:
            high += 1
        first[i], end[i] = low, high
    return first, end


@njit(cache=True, nogil=True)
def days_ascend(owner: Array, day: Array) -> bool:
    """Whether no row of any owner has an earlier day than the row before it."""
    for i in range(1, len(owner)):  # noqa: SIM110 - numba does not know all()
        if owner[i] == owner[i - 1] and day[i] < day[i - 1]:
            return False
    return True


@njit(cache=True, nogil=True)
def ends_seen(first: Array, end: Array, day: Array, limit: Array) -> Array:
    """The windows' ends without the rows of days after `limit[i]`, for days that ascend."""
    seen = np.empty(len(end), np.int64)
    for i in range(len(end)):
        low, high = first[i], end[i]
        while low < high:
            middle = (low + high) // 2
            if day[middle] <= limit[i]:
                low = middle + 1
            else:
                high = middle
        seen[i] = low
    return seen


@njit(cache=True, nogil=True)
def window_sums(first: Array, end: Array, values: Array, counted: Array) -> Array:
    """Sum of the counted values."""
    size = len(first)
    total = np.empty(size + 1, np.int64)
    total[0] = 0
    for i in range(size):
        total[i + 1] = total[i] + (values[i] if counted[i] else 0)
    found = np.empty(size, np.int64)
    for i in range(size):
        found[i] = total[end[i]] - total[first[i]]
    return found


@njit(cache=True, nogil=True)
def window_extremes(
    first: Array, end: Array, values: Array, counted: Array, is_most: bool
) -> tuple[Array, Array]:
    """Largest (smallest) counted value and whether there is one.

    The queue holds the rows that are the extreme of what follows them. A window that ends before the last one did
    (one that sees fewer days) starts the queue anew.
    """
    size = len(first)
    found, known = np.zeros(size, np.int64), np.zeros(size, np.bool_)
    queue = np.empty(size, np.int64)
    head, tail, at = 0, 0, 0
    for i in range(size):
        if end[i] < at:
            head, tail, at = 0, 0, first[i]
        at = max(at, first[i])
        while at < end[i]:
            if counted[at]:
                value = values[at]
                while tail > head and (
                    values[queue[tail - 1]] <= value if is_most else values[queue[tail - 1]] >= value
                ):
                    tail -= 1
                queue[tail] = at
                tail += 1
            at += 1
        while head < tail and queue[head] < first[i]:
            head += 1
        if head < tail:
            found[i], known[i] = values[queue[head]], True
    return found, known


@njit(cache=True, nogil=True)
def window_distinct(first: Array, end: Array, codes: Array, counted: Array, code_count: int) -> Array:
    """How many different codes (each below `code_count`) the counted rows have. Both ends may move either way."""
    size = len(first)
    found = np.zeros(size, np.int64)
    times = np.zeros(code_count, np.int64)
    low, high, different = 0, 0, 0
    for i in range(size):
        while high > end[i] and high > low:
            high -= 1
            if counted[high]:
                times[codes[high]] -= 1
                different -= times[codes[high]] == 0
        while low < first[i]:
            if low < high and counted[low]:
                times[codes[low]] -= 1
                different -= times[codes[low]] == 0
            low += 1
        high = max(high, low)
        while high < end[i]:
            if counted[high]:
                different += times[codes[high]] == 0
                times[codes[high]] += 1
            high += 1
        found[i] = different
    return found


@njit(cache=True, nogil=True)
def window_next(first: Array, end: Array, time: Array, counted: Array) -> tuple[Array, Array]:
    """Whole seconds to the first counted row of the window and whether there is one."""
    size = len(first)
    found, known = np.zeros(size, np.int64), np.zeros(size, np.bool_)
    nearest = np.empty(size + 1, np.int64)
    nearest[size] = size
    for i in range(size - 1, -1, -1):
        nearest[i] = i if counted[i] else nearest[i + 1]
    for i in range(size):
        row = nearest[first[i]]
        if row < end[i]:
            found[i], known[i] = (time[row] - time[i]) // SECOND, True
    return found, known


@njit(cache=True, nogil=True)
def window_scanned(
    first: Array,
    end: Array,
    day: Array,
    limit: Array,
    values: Array,
    counted: Array,
    kind: int,
    code_count: int,
) -> tuple[Array, Array]:
    """Any kind, window by window, where the seen rows have gaps because days do not ascend with time.

    `kind`: 0 sum, 1 min, 2 max, 3 distinct (of codes), 4 next (of times). Takes the time of all windows' rows.
    """
    size = len(first)
    found, known = np.zeros(size, np.int64), np.zeros(size, np.bool_)
    marked = np.full(code_count, -1)
    for i in range(size):
        for row in range(first[i], end[i]):
            if not counted[row] or day[row] > limit[i]:
                continue
            value = values[row]
            if kind == 0:
                found[i] += value
            elif kind == 3:
                found[i] += marked[value] != i
                marked[value] = i
            elif kind == 4:
                found[i], known[i] = (value - values[i]) // SECOND, True
                break
            elif not known[i] or (value < found[i] if kind == 1 else value > found[i]):
                found[i] = value
            known[i] = True
    return found, known
