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


@njit(cache=True, nogil=True)
def one_row_steps(
    row: Array, start: Array, hits: Array, owner: Array, time: Array, within: int
) -> tuple[Array, Array]:
    """Places in `hits` of the rows that have a state of the step before among the earlier rows within `within`, and
    their latest start.

    `row` (ascending) and `start` are the states of the step before: where it completed, and when the sequence began.
    """
    found, began = np.empty(len(hits), np.int64), np.empty(len(hits), np.int64)
    queue = np.empty(len(row), np.int64)  # states with the latest start of those that follow
    count, head, tail, at = 0, 0, 0, 0
    for place in range(len(hits)):
        hit = hits[place]
        while at < len(row) and row[at] < hit:
            while tail > head and start[queue[tail - 1]] <= start[at]:
                tail -= 1
            queue[tail] = at
            tail += 1
            at += 1
        while head < tail and (
            owner[row[queue[head]]] != owner[hit] or time[row[queue[head]]] < time[hit] - within
        ):
            head += 1
        if head < tail:
            found[count], began[count] = place, start[queue[head]]
            count += 1
    return found[:count], began[:count]


@njit(cache=True, nogil=True)
def run_steps(
    row: Array,
    start: Array,
    amount: Array,
    known: Array,
    hits: Array,
    totals: Array,
    owner: Array,
    time: Array,
    within: int,
    count: int,
    least: int,
    share: tuple[int, int],
    most: tuple[int, int],
    is_growing: bool,
) -> tuple[Array, Array, Array]:
    """Where a run of `hits` completes after each state of the step before: row, start and sum; states without a run
    are left out.

    `totals[h]`: sum of the first h hits' amounts, which does not fall where `is_growing`. `share` and `most` are
    fractions of the state's amount as (numerator, denominator), denominator 0 for none; `least` is in units of the sum.
    """
    found, began = np.empty(len(row), np.int64), np.empty(len(row), np.int64)
    summed = np.empty(len(row), np.int64)
    size, first, end = 0, 0, 0
    for state in range(len(row)):
        here = row[state]
        while first < len(hits) and hits[first] <= here:
            first += 1
        end = max(end, first)
        while end < len(hits) and owner[hits[end]] == owner[here] and time[hits[end]] <= time[here] + within:
            end += 1
        low, high = first + count - 1, end
        if low >= high or ((share[1] or most[1]) and not known[state]):
            continue
        lowest, highest = least, np.iinfo(np.int64).max
        if share[1]:  # rounded up, by parts so that no product leaves 64 bits
            whole, rest = amount[state] // share[1], amount[state] % share[1]
            lowest = max(lowest, share[0] * whole - (-share[0] * rest) // share[1])
        if most[1]:
            whole, rest = amount[state] // most[1], amount[state] % most[1]
            highest = most[0] * whole + most[0] * rest // most[1]
        if is_growing:
            while low < high:
                middle = (low + high) // 2
                if totals[middle + 1] - totals[first] < lowest:
                    low = middle + 1
                else:
                    high = middle
        else:
            while low < high and not lowest <= totals[low + 1] - totals[first] <= highest:
                low += 1
        if low < end and totals[low + 1] - totals[first] <= highest:
            found[size], began[size], summed[size] = hits[low], start[state], totals[low + 1] - totals[first]
            size += 1
    return found[:size], began[:size], summed[:size]


@njit(cache=True, nogil=True)
def completions(
    row: Array,
    start: Array,
    amount: Array,
    known: Array,
    time: Array,
) -> tuple[Array, Array, Array, Array]:
    """Per row of `time`: whether a state completes there, the fewest whole seconds from a start, the largest amount
    and whether that is known."""
    size = len(time)
    done, seconds = np.zeros(size, np.bool_), np.zeros(size, np.int64)
    largest, has_amount = np.zeros(size, np.int64), np.zeros(size, np.bool_)
    for state in range(len(row)):
        here = row[state]
        took = (time[here] - start[state]) // SECOND
        if not done[here] or took < seconds[here]:
            seconds[here] = took
        done[here] = True
        if known[state] and (not has_amount[here] or amount[state] > largest[here]):
            largest[here], has_amount[here] = amount[state], True
    return done, seconds, largest, has_amount
