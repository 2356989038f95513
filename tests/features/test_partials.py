"""What is kept of days: the same whether mornings come one by one or at once, and never from what they did not know."""

from datetime import date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from features.engine import compute
from features.hashing import hashed
from features.indicator import Digest, FeatureGroup, Measure
from features.kept import parts_of
from features.moments import Moment
from features.partials import partials_of
from features.rows import TableEvents
from features.sequences import Sequence, Step

FIRST = date(2026, 2, 26)  # the days of the tests cross the end of a month
TYPES = {
    "who": "string", "happened_at": "timestamp", "event_date": "date", "known_as_of": "date", "n": "bigint",
    "to": "string", "amount": "bigint",
}  # fmt: skip
GROUP = FeatureGroup(
    name="flows",
    tables=("events",),
    key="who",
    joins="subject_id",
    order="n",
    moments=(
        Moment("count_2h", "1", "2h"),
        Moment("most_2d", "amount", "2d", "max"),
        Moment("next_3h", "1", "3h", where="amount > 5", ahead=True),
        Moment("wait", "1", "1d", "next", where="amount > 5", ahead=True),
    ),
    sequences=(Sequence("twice", (Step("amount < 4"), Step("amount > 5", within="12h"))),),
    digests=(Digest("payees", {"to": "to"}, 9, "amount > 2", ("to",)),),
    measures=(
        Measure("count", "1", "", "", "", (1, 3)),
        Measure("amount_spread", "amount", "", "", "", (3,), "spread", empty=None, spark_type="double"),
        Measure("last_amount", "amount", "", "", "", kind="last", empty=None),
        Measure("count_2h_max", "count_2h", "", "", "", (3,), "max"),
        Measure("most_2d_max", "most_2d", "", "", "", (1,), "max"),
        Measure("next_3h", "next_3h", "", "", "", (3,)),
        Measure("wait_min", "wait", "", "", "", (3,), "min", empty=None),
        Measure("twice", "twice", "", "", "", (3,)),
        Measure("payees", "to", "", "", "", (1, 9), "distinct", where="amount > 2"),
        Measure("payees_entropy", "to", "", "", "", (9,), "entropy", empty=None, spark_type="double"),
    ),
)
ROW = st.tuples(
    st.sampled_from(["ann", "bob"]),
    st.integers(0, 8 * 24 - 1),  # hours from the first midnight: midnights themselves are among them
    st.sampled_from([0, 0, 0, 0, 1, 2, 5]),  # days late
    st.sampled_from([None, "x", "y"]),
    st.integers(0, 9),
)
MORNINGS = [FIRST + timedelta(days=n) for n in range(1, 12)]


def events(drawn, group=GROUP):
    schema = {
        "who": pl.String, "happened_at": pl.Datetime("us"), "event_date": pl.Date, "known_as_of": pl.Date,
        "n": pl.Int64, "to": pl.String, "amount": pl.Int64,
    }  # fmt: skip
    rows = []
    for n, (who, hour, late, to, amount) in enumerate(drawn):
        at = datetime.combine(FIRST, datetime.min.time()) + timedelta(hours=hour)
        rows.append((who, at, at.date(), at.date() + timedelta(days=1 + late), n, to, amount))
    return TableEvents({"events": pl.DataFrame(rows, schema, orient="row")}, {"events": TYPES}, group)


def in_force(frames, as_of):
    """Of each part the newest making of each key and day that a morning knew."""
    found = {}
    for name, frame in frames.items():
        known = frame.filter(pl.col("known_as_of") <= as_of)
        if "key" in frame.columns:
            newest = pl.col("known_as_of") == pl.max("known_as_of").over("key", "event_date")
            found[name] = known.filter(newest).drop("known_as_of").sort(pl.all())
        else:  # what a late row repeats stands in a digest twice
            same = [name for name in known.columns if name not in ("known_as_of", "last_at")]
            found[name] = known.group_by(same).agg(pl.max("last_at")).sort(pl.all())
    return found


def kept(source, mornings):
    return dict(partials_of(GROUP, source, mornings))


@settings(max_examples=80, deadline=None, derandomize=True)
@given(st.lists(ROW, max_size=40))
def test_mornings_one_by_one_keep_what_a_range_keeps_in_one_go(drawn):
    source = events(drawn)
    together = kept(source, MORNINGS)
    alone = [kept(source, [morning]) for morning in MORNINGS]
    for name, frame in together.items():
        assert_frame_equal(frame, pl.concat([one[name] for one in alone]))


@settings(max_examples=80, deadline=None, derandomize=True)
@given(st.lists(ROW, max_size=40), st.sampled_from(MORNINGS))
def test_a_morning_has_in_force_what_would_be_made_of_all_that_it_knew_had_it_come_in_time(drawn, as_of):
    """So nothing of the future is in it, and nothing that came late is missing."""
    source = events(drawn)
    found = in_force(kept(source, MORNINGS), as_of)
    known = source._rows.filter(pl.col("known_as_of") <= as_of)
    timely = known.with_columns(known_as_of=pl.col("event_date") + pl.duration(days=1))
    rebuilt = kept(TableEvents({"events": timely}, {"events": TYPES}, GROUP), MORNINGS)
    for name, frame in in_force(rebuilt, as_of).items():
        assert_frame_equal(frame, found[name])


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(ROW, min_size=1, max_size=30))
def test_days_are_made_again_only_for_the_keys_of_late_rows_and_as_far_as_moments_reach(drawn):
    source = events(drawn)
    late = {(row[0], FIRST + timedelta(days=row[1] // 24)) for row in drawn if row[2]}
    allowed = {
        (key, day + timedelta(days=shift))
        for who, day in late
        for key in hashed(pl.Series([who]))
        for shift in range(-GROUP.days_ahead, GROUP.moment_days + 1)
    }
    days = kept(source, MORNINGS)["flows"]
    older = days.filter(pl.col("event_date") < pl.col("known_as_of") - pl.duration(days=1 + GROUP.days_ahead))
    assert set(older.select("key", "event_date").rows()) <= allowed


def test_every_measure_of_the_group_has_its_columns_and_one_definition_has_one_column():
    days, payees = parts_of(GROUP)
    assert [part.value for part in (days, payees)] == [None, "to"]
    assert [k.how for k in payees.columns] == ["count", "count"]  # of amounts above 2, and of all rows
    assert len(set(days.names)) == len(days.names)
    other = FeatureGroup("flows", ("events",), "who", "subject_id", GROUP.measures[:1])
    assert parts_of(other)[0].names == days.names[:1]  # a column is called after what it holds, not who asked
    narrowed = FeatureGroup("flows", ("events",), "who", "subject_id", GROUP.measures[:1], where="amount > 1")
    assert parts_of(narrowed)[0].names != days.names[:1]


def test_two_subjects_of_one_hash_would_be_told():
    """They cannot be made here: 64 bits are many. So the same name comes twice."""
    people = pl.DataFrame({"subject_id": ["ann", "ann"]})
    tables = {"events": events([("ann", 1, 0, "x", 1)])._rows}
    with pytest.raises(ValueError, match="two subjects have one hash"):
        list(compute(tables, {"events": TYPES}, lambda _: people, (GROUP,), MORNINGS[:1]))
