"""Indicators of single events against the plainest Python, on the edges and on random rows."""

from datetime import date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.engine import compute
from features.indicator import FeatureGroup, Measure
from features.moments import Moment, with_moments

NOON = datetime(2026, 2, 8, 12)
TYPES = {"who": "string", "happened_at": "timestamp", "amount": "bigint", "to": "string", "n": "bigint"}
SCHEMA = {
    "who": pl.String, "happened_at": pl.Datetime("us"), "amount": pl.Int64, "to": pl.String, "n": pl.Int64,
}  # fmt: skip
MOMENTS = (
    Moment("count", "1", "10m"),
    Moment("sum", "amount", "1h"),
    Moment("small", "1", "1h", where="amount < 5"),
    Moment("most", "amount", "10m", "max", where="amount < 5"),
    Moment("least", "amount", "10m", "min"),
    Moment("payees", "to", "1h", "distinct"),
    Moment("earlier", "1", "10m", delay="1h"),
)


def plain(rows, row):
    def within(first, last):  # (t - first, t - last] in minutes; of this very instant what was booked before
        who, at, n = row[0], row[1], row[4]
        low, high = at - timedelta(minutes=first), at - timedelta(minutes=last)
        return [r for r in rows if r[0] == who and low < r[1] <= high and (last or (r[1], r[4]) <= (at, n))]

    small = [r[2] for r in within(10, 0) if r[2] < 5]
    return (
        len(within(10, 0)),
        sum(r[2] for r in within(60, 0)),
        sum(r[2] < 5 for r in within(60, 0)),
        max(small, default=None),
        min(r[2] for r in within(10, 0)),
        len({r[3] for r in within(60, 0) if r[3]}),
        len(within(70, 60)),
    )


def check(rows):
    rows = [(*row, n) for n, row in enumerate(rows)]
    given = pl.DataFrame(rows, SCHEMA, orient="row").reverse()
    for who in (pl.String, pl.Categorical):  # categories sort by their texts, but groups may not
        found = with_moments(given.with_columns(pl.col("who").cast(who)), TYPES, "who", MOMENTS, "n")
        assert found.height == len(rows)
        for row in found.iter_rows():
            assert row[5:] == plain(rows, row[:5]), row


def test_a_window_leaves_out_its_first_instant_and_holds_its_last():
    minutes = (
        0,
        10,
        10,
        11,
        60,
        70,
        80,
    )  # exactly a window apart, twice at one instant, exactly a delay apart
    check([("ann", NOON + timedelta(minutes=m), 1 + m % 7, "xy"[m % 2]) for m in minutes])


ROW = st.tuples(
    st.sampled_from(["zoe", "bob", "ann"]),
    st.integers(0, 24).map(lambda n: NOON + timedelta(minutes=5 * n)),
    st.integers(0, 9),
    st.sampled_from([None, "x", "y"]),
)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(st.lists(ROW, max_size=40))
def test_agrees_with_a_plain_python_loop(rows):
    check(rows)


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"window": "0m"}, "wanted a length like 10m"),
        ({"window": "3650d"}, "wanted a window of up to 90d"),
        ({"window": "1w"}, "wanted a length like 10m"),
        ({"window": "1h", "kind": "median"}, "kind is sum, min, max or distinct"),
    ],
)
def test_a_moment_that_makes_no_sense_is_refused(given, complaint):
    with pytest.raises(ValueError, match=complaint):
        Moment("m", "1", **given)


def test_a_day_indicator_may_be_made_of_moments_and_a_late_row_changes_them_from_its_morning_on():
    group = FeatureGroup(
        "calls", ("calls",), "who", "subject_id", (Measure("most_10m", "in_10m", "", "", "", (1, 7), "max"),),
        moments=(Moment("in_10m", "1", "10m"),),
    )  # fmt: skip
    day, late = date(2026, 2, 8), date(2026, 2, 10)
    rows = [
        ("ann", NOON, day, day + timedelta(1)),
        ("ann", NOON + timedelta(minutes=3), day, late),  # received a day late: between the two others
        ("ann", NOON + timedelta(minutes=9), day, day + timedelta(1)),
        ("ann", NOON + timedelta(minutes=12), day, day + timedelta(1)),
        ("bob", NOON + timedelta(days=1), late - timedelta(1), late),
    ]
    schema = {
        "who": pl.String,
        "happened_at": pl.Datetime("us"),
        "event_date": pl.Date,
        "known_as_of": pl.Date,
    }
    calls = pl.DataFrame(rows, schema, orient="row")
    people = pl.DataFrame({"subject_id": ["ann", "bob"]})
    types = {"who": "string", "happened_at": "timestamp", "event_date": "date", "known_as_of": "date"}
    for mornings in ([day + timedelta(1), late], [late]):
        frames = compute({"calls": calls}, {"calls": types}, lambda as_of: people, [group], mornings)
        found = pl.concat(frames).filter(as_of=late).rows()
        assert found == [(late, "ann", 0, 3), (late, "bob", 1, 1)]
    (first,) = compute(
        {"calls": calls}, {"calls": types}, lambda as_of: people, [group], [day + timedelta(1)]
    )
    assert first.rows() == [(day + timedelta(1), "ann", 2, 2), (day + timedelta(1), "bob", 0, 0)]
