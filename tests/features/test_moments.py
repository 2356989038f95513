"""Indicators of single events against the plainest Python, on the edges and on random rows."""

from dataclasses import replace
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


EVENTS = {**SCHEMA, "event_date": pl.Date, "limit": pl.Date}
KINDS_OF = {**TYPES, "event_date": "date", "limit": "date"}
DAY, TOMORROW = NOON.date(), NOON.date() + timedelta(1)
TEN = timedelta(minutes=10)


def moments_of(rows, *moments, seen_until=None, who=pl.String):
    """The moments of literal rows, by their number `n`, given in another order than that of their time."""
    given = pl.DataFrame(rows, EVENTS, orient="row").reverse().with_columns(pl.col("who").cast(who))
    found = with_moments(given, KINDS_OF, "who", moments, "n", seen_until)
    return found.sort("n").select(m.name for m in moments).rows()


def test_a_window_ahead_holds_both_its_ends_and_all_of_its_first_instant():
    rows = [
        ("ann", NOON, 1, "x", 0, DAY, None),  # sees all but the last
        ("ann", NOON, 2, "y", 1, DAY, None),  # the same instant: the one booked before it counts as well
        ("ann", NOON + TEN, 4, "x", 2, DAY, None),  # exactly a window later
        (
            "ann",
            NOON + TEN + timedelta(microseconds=1),
            8,
            "z",
            3,
            DAY,
            None,
        ),  # just beyond, for the first two
        ("bob", NOON, 16, "x", 4, DAY, None),  # another subject
    ]
    ahead = (
        Moment("sum", "amount", "10m", ahead=True),
        Moment("least", "amount", "10m", "min", ahead=True),
        Moment("payees", "to", "10m", "distinct", ahead=True),
    )
    assert moments_of(rows, *ahead) == [(7, 1, 2), (7, 1, 2), (12, 4, 2), (8, 8, 1), (16, 16, 1)]


def test_next_is_the_nearest_event_ahead_that_meets_the_condition():
    rows = [
        ("ann", NOON, 9, "x", 0, DAY, None),  # 9 itself is none of the small ones; one carries its instant
        ("ann", NOON, 1, "x", 1, DAY, None),  # counts itself
        ("ann", NOON + timedelta(seconds=1), 9, "x", 2, DAY, None),  # 599.5 seconds, rounded down
        ("ann", NOON + TEN + timedelta(seconds=0.5), 2, "x", 3, DAY, None),
        ("ann", NOON + 2 * TEN, 9, "x", 4, DAY, None),  # the last of its subject
        ("bob", NOON + 2 * TEN, 1, "x", 5, DAY, None),  # another one's does not count
    ]
    small = Moment("wait", "1", "10m", "next", "amount < 5", ahead=True)
    assert moments_of(rows, small) == [(0,), (0,), (599,), (0,), (None,), (0,)]


@pytest.mark.parametrize("day_of_second", [DAY, TOMORROW])  # in the second case days do not ascend with time
def test_ahead_of_an_event_is_seen_only_what_happened_until_the_day_of_its_row(day_of_second):
    rows = [
        ("ann", NOON, 1, "v", 0, DAY, TOMORROW),
        ("ann", NOON, 2, "w", 1, day_of_second, DAY),  # sees less than the one before it: its own day only
        ("ann", NOON, 4, "x", 2, DAY, None),  # no limit
        ("ann", NOON + TEN, 8, "y", 3, TOMORROW, DAY),  # not even itself
        ("ann", NOON + TEN, 16, "z", 4, None, TOMORROW),  # an event without a date is past every limit
    ]
    values = [Moment(k, "amount", "10m", k, ahead=True) for k in ("sum", "min", "max")]
    payees = Moment("payees", "to", "10m", "distinct", ahead=True)
    wait = Moment("wait", "1", "10m", "next", "amount > 4", ahead=True)
    back = Moment("back", "1", "10m")  # what lies before the event has no limit
    own_day = (7, 1, 4, 3, None, 2) if day_of_second == DAY else (5, 1, 4, 2, None, 2)
    assert moments_of(rows, *values, payees, wait, back, seen_until="limit") == [
        (15, 1, 8, 4, 600, 1),
        own_day,
        (31, 1, 16, 5, 600, 3),
        (0, None, None, 0, None, 1),
        (8, 8, 8, 1, 0, 2),
    ]


def test_a_row_without_a_key_belongs_to_nobody():
    rows = [
        (None, NOON, 1, "x", 0, DAY, None),
        (None, NOON, 1, "x", 1, DAY, None),
        ("ann", NOON, 1, "x", 2, DAY, None),
    ]
    count, ahead = Moment("count", "1", "10m"), Moment("ahead", "1", "10m", ahead=True)
    for who in (pl.String, pl.Categorical):
        assert moments_of(rows, count, ahead, who=who) == [(None, None), (None, None), (1, 1)]


def test_the_same_rows_once_more_stay_in_their_order():
    rows = [(w, NOON, 1, "x", n, DAY, None) for n, w in enumerate(["bob", "ann", "bob", "ann"])]
    given = pl.DataFrame(rows, EVENTS, orient="row")
    once = with_moments(given, KINDS_OF, "who", [Moment("a", "1", "10m")], "n")
    twice = with_moments(once, KINDS_OF, "who", [Moment("b", "1", "10m")], "n")
    assert once["n"].to_list() == twice["n"].to_list() == [1, 3, 0, 2]
    assert twice["a"].to_list() == twice["b"].to_list() == [1, 2, 1, 2]
    last_first = with_moments(
        once.with_columns(-pl.col("n")), KINDS_OF, "who", [Moment("b", "1", "10m")], "n"
    )
    assert last_first["n"].to_list() == [-3, -1, -2, 0]  # subjects and times stand right, ties do not


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"window": "1h", "ahead": True, "delay": "1h"}, "a window ahead begins at the event"),
        ({"window": "1h", "kind": "next"}, "say ahead=True"),
        (
            {"window": "1h", "kind": "next", "ahead": True, "sql": "amount"},
            "wanted the sql '1', found 'amount'",
        ),
        ({"window": "1h", "delay": "1w"}, "wanted a length like 10m"),
    ],
)
def test_a_moment_ahead_that_makes_no_sense_is_refused(given, complaint):
    with pytest.raises(ValueError, match=complaint):
        Moment(**{"name": "m", "sql": "1", **given})


@pytest.mark.parametrize("kind", ["sum", "min", "max"])
def test_what_is_no_whole_number_is_refused(kind):
    rows = [("ann", NOON, 1, "x", 0, DAY, None)]
    for sql in ("amount / 2", "to"):
        with pytest.raises(ValueError, match="moment half: wanted whole numbers, found"):
            moments_of(rows, Moment("half", sql, "10m", kind))
    with pytest.raises(ValueError, match="moment half: wanted a condition, found"):
        moments_of(rows, Moment("half", "1", "10m", kind, where="amount"))


def test_a_row_without_a_time_and_a_taken_name_are_refused():
    with pytest.raises(ValueError, match="wanted happened_at in every row, found 1 of 1 rows"):
        moments_of([("ann", None, 1, "x", 0, DAY, None)], Moment("m", "1", "10m"))
    with pytest.raises(ValueError, match="have a column amount already"):
        moments_of([("ann", NOON, 1, "x", 0, DAY, None)], Moment("amount", "1", "10m"))


def test_a_moment_says_how_far_it_looks_and_what_it_is():
    back, ahead = Moment("m", "1", "7d", delay="1h"), Moment("m", "1", "25h", ahead=True)
    assert (back.reach, back.days_ahead) == (timedelta(days=7, hours=1), 0)
    assert (ahead.reach, ahead.days_ahead) == (timedelta(0), 2)
    assert Moment("m", "1", "24h", ahead=True).days_ahead == 1
    told = "moment(kind='sum', sql='1', where='true', window='7d', delay='1h', ahead=False)"
    assert back.canonical() == told
    assert Moment("other", "1", "7d", delay="1h").canonical() == told  # the same under another name
    base = {"name": "m", "sql": "1", "window": "7d"}
    others = (
        {"sql": "2"},
        {"window": "8d"},
        {"kind": "max"},
        {"where": "a\nb"},
        {"delay": "1h"},
        {"ahead": True},
    )
    told = [Moment(**base | other).canonical() for other in ({}, *others)]
    assert len(set(told)) == len(told)
    assert not any("\n" in line for line in told)


CONDITIONS = {"true": lambda row: True, "amount < 5": lambda row: row[2] is not None and row[2] < 5}
WINDOWS = {"5m": 5, "10m": 10, "1h": 60}
DECLARED = st.builds(
    lambda kind, window, where, delay, ahead: (
        Moment("m", "1", window, "next", where, ahead=True)
        if kind == "next"
        else Moment(
            "m",
            "to" if kind == "distinct" else "amount",
            window,
            kind,
            where,
            "" if ahead else delay,
            ahead=ahead,
        )
    ),
    st.sampled_from(["sum", "min", "max", "distinct", "next"]),
    st.sampled_from(sorted(WINDOWS)),
    st.sampled_from(sorted(CONDITIONS)),
    st.sampled_from(["", "5m", "10m"]),
    st.booleans(),
)
INSTANT = st.builds(
    lambda n, more: NOON + timedelta(minutes=5 * n, microseconds=more),
    st.integers(0, 12),
    st.sampled_from([0, 0, 1]),
)
DAYS = st.sampled_from([DAY, TOMORROW, TOMORROW + timedelta(1), None])
WHO, AMOUNT, TO = (
    st.sampled_from(some) for some in (["zoe", "ann"], [None, -1, 0, 4, 5, 9], [None, "x", "y"])
)
EVENT = st.tuples(WHO, INSTANT, AMOUNT, TO, DAYS, DAYS)


def told(rows, row, moment, limited):
    """The moment of one row, read off its definition."""
    low, high = timedelta(minutes=WINDOWS[moment.window]), timedelta(minutes=WINDOWS.get(moment.delay, 0))
    inside = []
    for other in (r for r in rows if r[0] == row[0] and CONDITIONS[moment.where](r)):
        if moment.ahead:
            is_in = row[1] <= other[1] <= row[1] + low
            if limited and row[6] is not None:
                is_in &= other[5] is not None and other[5] <= row[6]
        else:
            is_in = row[1] - high - low < other[1] <= row[1] - high
            is_in &= bool(moment.delay) or (other[1], other[4]) <= (row[1], row[4])
        inside += [other] * is_in
    if moment.kind == "next":
        return min(((r[1] - row[1]) // timedelta(seconds=1) for r in inside), default=None)
    if moment.kind == "distinct":
        return len({r[3] for r in inside} - {None})
    values = [r[2] for r in inside if r[2] is not None]
    return (
        sum(values) if moment.kind == "sum" else {"min": min, "max": max}[moment.kind](values, default=None)
    )


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.one_of(st.lists(EVENT, max_size=3), st.lists(EVENT, min_size=8, max_size=20)),
    st.randoms(use_true_random=False),
    st.lists(DECLARED, min_size=3, max_size=6),
    st.booleans(),
    st.booleans(),
)
def test_any_moment_is_what_its_definition_says(events, random, declared, limited, dated):
    """`dated`: days ascend with time, as they mostly do."""
    numbers = random.sample(range(len(events)), len(events))
    rows = [(*e[:4], n, *e[4:]) for e, n in zip(events, numbers, strict=True)]
    if dated:
        rows = [(*r[:5], DAY if r[1] < NOON + 3 * TEN else TOMORROW, r[6]) for r in rows]
    moments = [replace(m, name=f"m{n}") for n, m in enumerate(declared)]
    expected = [
        tuple(told(rows, row, m, limited) for m in moments) for row in sorted(rows, key=lambda row: row[4])
    ]
    limit = "limit" if limited else None
    assert moments_of(rows, *moments, seen_until=limit) == expected
    coded = [({"ann": 7, "zoe": -2}[r[0]], *r[1:]) for r in rows]  # numbers as keys
    frame = pl.DataFrame(coded, {**EVENTS, "who": pl.Int64}, orient="row")
    found = with_moments(frame, KINDS_OF, "who", moments, "n", limit).sort("n")
    assert found.select(m.name for m in moments).rows() == expected
