"""The engine against the plainest possible Python, on random rows."""

from collections import Counter
from datetime import date, timedelta
from itertools import pairwise
from math import log
from statistics import mean, pstdev, pvariance

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.engine import compute
from features.indicator import MONTH, FeatureGroup, Measure

MORNINGS = [date(2026, 3, 5), date(2026, 3, 10)]  # the windows of the first cross the end of a month
GROUP = FeatureGroup(
    name="oracle",
    tables=("events",),
    key="who",
    joins="subject_id",
    order="n",
    measures=(
        Measure("total", "amount", "", "", "", (1, 3, 9)),
        Measure("most", "amount", "", "", "", (3,), "max", empty=None),
        Measure("items", "item", "", "", "", (1, 3, 9), "distinct", where="out"),
        Measure("new", "item", "", "", "", (3,), "new"),
        Measure("mask", "1", "", "", "", kind="days"),
        Measure("least", "amount", "", "", "", (3,), "min", empty=None),
        Measure(
            "spread", "amount", "", "", "", (3, 9), "spread", where="out", empty=None, spark_type="double"
        ),
        Measure("largest", "item", "", "", "", (9,), "largest", empty=None, spark_type="double"),
        Measure("entropy", "item", "", "", "", (3,), "entropy", where="out", empty=None, spark_type="double"),
        *(
            Measure(kind, "amount", "", "", "", (9,), kind)
            for kind in ("rise", "fall", "rise_now", "fall_now")
        ),
        Measure("trend", "amount", "", "", "", (3,), "trend", spark_type="double"),
        Measure("mean", "amount", "", "", "", (3, 9), "mean", "out", None, "double"),
        Measure("variance", "amount", "", "", "", (9,), "variance", "out", None, "double"),
        Measure("share", "amount > 4", "", "", "", (3,), "share", "out", None, "double"),
        Measure("first", "amount", "", "", "", (3, 9), "first", "out", None),
        Measure("last", "amount", "", "", "", (3,), "last", "out", None),
        Measure("since_first", "1", "", "", "", (9,), "since_first", "out", None),
        Measure("since_last", "1", "", "", "", (3, 9), "since_last", "out", None),
        Measure("deviation", "amount", "", "", "", (9,), "deviation", empty=None, spark_type="double"),
        Measure("of_month", "amount", "", "", "", (MONTH,)),
    ),
)
EVENT = st.tuples(
    st.sampled_from(["ann", "bob"]),
    st.integers(-14, 2),  # days from the last morning: before every window to after as_of
    st.sampled_from([0, 0, 0, 1, 4]),  # days late
    st.sampled_from([None, "x", "y", "z"]),
    st.booleans(),
    st.integers(0, 9),
)


def plain(rows, who, as_of):
    known = [
        r for r in rows
        if r[0] == who and as_of - timedelta(31) <= r[1] < as_of and r[2] <= as_of
    ]  # fmt: skip

    def within(days):
        return [r for r in known if r[1] >= as_of - timedelta(days)]

    totals = [sum(r[5] for r in within(d)) for d in (1, 3, 9)]
    most = max((r[5] for r in within(3)), default=None)
    items = [len({r[3] for r in within(d) if r[4] and r[3]}) for d in (1, 3, 9)]
    new = len({r[3] for r in within(3) if r[3]} - {r[3] for r in known if r[1] < as_of - timedelta(3)})
    mask = sum(1 << n for n in {(as_of - r[1]).days - 1 for r in known})
    least = min((r[5] for r in within(3)), default=None)
    spreads = [
        pstdev(values) if values else None for d in (3, 9) for values in [[r[5] for r in within(d) if r[4]]]
    ]
    shares = [
        count / len(found)
        for found in [[r[3] for r in within(9) if r[3]]]
        for count in Counter(found).values()
    ]
    kinds = Counter(r[3] for r in within(3) if r[3] and r[4])
    entropy = -sum(n / kinds.total() * log(n / kinds.total()) for n in kinds.values()) if kinds else None
    days = [sum(r[5] for r in known if r[1] == as_of - timedelta(n)) for n in range(9, 0, -1)]
    runs = [run(days, sign, now) for now in (False, True) for sign in (1, -1)]
    slope = (days[-1] - days[-3]) / 2  # of three points
    floats = (*spreads, max(shares, default=None), entropy)
    means = [mean(values) if (values := [r[5] for r in within(d) if r[4]]) else None for d in (3, 9)]
    variance = pvariance(values) if (values := [r[5] for r in within(9) if r[4]]) else None
    share = mean(values) if (values := [r[5] > 4 for r in within(3) if r[4]]) else None
    ranked = {d: sorted((r[6], r[5], r[1]) for r in within(d) if r[4]) for d in (3, 9)}
    firsts = [ranked[d][0][1] if ranked[d] else None for d in (3, 9)]
    last = ranked[3][-1][1] if ranked[3] else None
    days_out = {d: [(as_of - r[2]).days for r in ranked[d]] for d in (3, 9)}
    seen = (max(days_out[9], default=None), *(min(days_out[d], default=None) for d in (3, 9)))
    spread_before = pstdev(days[:-1])
    deviation = (days[-1] - mean(days[:-1])) / spread_before if spread_before else None
    of_month = sum(r[5] for r in known if r[1] >= (as_of - timedelta(1)).replace(day=1))
    more = (*map(near, (*means, variance, share)), *firsts, last, *seen, near(deviation), of_month)
    return (
        as_of,
        who,
        *totals,
        most,
        *items,
        new,
        mask,
        least,
        *map(near, floats),
        *runs,
        near(slope),
        *more,
    )


def run(days, sign, now):
    length = longest = 0
    for before, after in pairwise(days):
        length = length + 1 if sign * (after - before) > 0 else 0
        longest = max(longest, length)
    return length if now else longest


def near(value):
    return value if value is None else pytest.approx(value, abs=1e-9)


SCHEMA = {
    "who": pl.String, "event_date": pl.Date, "known_as_of": pl.Date, "item": pl.String, "out": pl.Boolean,
    "amount": pl.Int64, "n": pl.Int64,
}  # fmt: skip
TYPES = {"who": "string", "event_date": "date", "known_as_of": "date", "item": "string", "out": "boolean", "amount": "bigint", "n": "bigint"}  # fmt: skip  # noqa: E501
# One row of somebody else on every day: no window is blank, so nothing is unknown.
SOMEBODY = [
    ("eve", d, d + timedelta(1), None, False, 0, 0)
    for d in (MORNINGS[0] - timedelta(n) for n in range(-8, 34))
]


def found(rows, names):
    events = {"events": pl.DataFrame(rows + SOMEBODY, SCHEMA, orient="row")}
    people = pl.DataFrame({"subject_id": names})
    frames = compute(events, {"events": TYPES}, lambda as_of: people, (GROUP,), MORNINGS)
    return pl.concat(frames).sort("as_of", "subject_id").rows()


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(EVENT, max_size=120))
def test_agrees_with_a_plain_python_loop(drawn):
    rows = [
        (who, day, day + timedelta(1 + late), item, out, amount, n)
        for n, (who, offset, late, item, out, amount) in enumerate(drawn)
        for day in [MORNINGS[-1] + timedelta(offset)]
    ]
    assert found(rows, ["ann", "bob"]) == [plain(rows, w, m) for m in MORNINGS for w in ("ann", "bob")]


def test_the_oracle_meets_rows_on_every_edge():
    """Random rows alone may miss an edge, so each edge has a row: first and last day of each window, late by one."""
    rows = []
    for morning in MORNINGS:
        for days in (1, 3, 9):
            for day in (morning - timedelta(days), morning - timedelta(days + 1), morning):
                for known in (morning, morning + timedelta(1)):
                    rows.append(("ann", day, known, f"{day}", True, 1, len(rows)))
    assert found(rows, ["ann"]) == [plain(rows, "ann", m) for m in MORNINGS]
