"""Sequences of events against a plain Python that tries every choice, on the edges and on random rows."""

from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.sequences import Sequence, Step, with_sequences

NOON = datetime(2026, 2, 8, 12)
MONEY = {
    "who": "string", "happened_at": "timestamp", "kind": "string", "amount": "decimal(18,2)", "n": "bigint",
}  # fmt: skip
PLAIN = MONEY | {"amount": "bigint"}
SCHEMA = {
    "who": pl.String, "happened_at": pl.Datetime("us"), "kind": pl.String, "amount": pl.Int64, "n": pl.Int64,
}  # fmt: skip
A_THEN_B = Sequence("s", (Step("kind = 'a'", amount="amount"), Step("kind = 'b'", "10m", amount="amount")))
PROBED = Sequence(
    "probed",
    (
        Step("kind = 'in' AND amount <= 10"),
        Step("kind = 'in' AND amount >= 5000", "3d", amount="amount"),
        Step("kind = 'out'", "30m", 3, "amount", share_of_previous=0.8),
    ),
)


def found(rows, sequence, types=PLAIN, who=pl.String):
    """Completes, amount and seconds per literal row (minutes after noon, kind, amount), in the rows' order."""
    full = [("ann", NOON + timedelta(minutes=row[0]), *row[1:], n) for n, row in enumerate(rows)]
    return of_all(full, sequence, types, who)


def of_all(rows, sequence, types=PLAIN, who=pl.String):
    frame = pl.DataFrame(rows, SCHEMA, orient="row").reverse().with_columns(pl.col("who").cast(who))
    result = with_sequences(frame, types, "who", [sequence], "n")
    assert result.columns == [*SCHEMA, *sequence.columns(types)]
    return result.sort("n").select(*sequence.columns(types)).rows()


NOT = (0, None, None)


def test_a_step_may_be_met_up_to_the_last_instant_of_its_time_and_by_its_own_subject_only():
    exactly, beyond = (10, "b", 7), (10 + 1 / 60_000_000, "b", 7)  # a microsecond late
    assert found([(0, "a", 1), exactly], A_THEN_B) == [NOT, (1, 7, 600)]
    assert found([(0, "a", 1), beyond], A_THEN_B) == [NOT, NOT]
    rows = [
        ("ann", NOON, "a", 1, 0),
        ("bob", NOON, "b", 1, 1),
        (None, NOON, "a", 1, 2),
        (None, NOON, "b", 1, 3),
    ]
    for who in (pl.String, pl.Categorical):  # rows without a key are of no sequence either
        assert of_all(rows, A_THEN_B, who=who) == [NOT] * 4


def test_of_one_instant_the_order_says_which_row_is_later():
    assert found([(0, "a", 1), (0, "b", 7)], A_THEN_B) == [NOT, (1, 7, 0)]
    assert found([(0, "b", 7), (0, "a", 1)], A_THEN_B) == [NOT, NOT]


def test_a_row_does_not_follow_itself():
    twice = Sequence("s", (Step("kind = 'a'"), Step("kind = 'a'", "10m", amount="amount")))
    assert found([(0, "a", 1), (3, "a", 2)], twice) == [NOT, (1, 2, 180)]


def test_every_choice_of_the_earlier_rows_counts_not_only_the_nearest():
    three = Sequence("s", (Step("kind = 'a'"), Step("kind = 'b'", "10m"), Step("kind = 'c'", "10m")))
    rows = [
        (0, "a", 1),
        (10, "b", 1),  # the one through which c is reached
        (11, "b", 1),  # nearer to c, but too late after a
        (20, "c", 1),
        (21, "c", 1),  # too late after the only b that counts
    ]
    assert found(rows, three) == [(0, None)] * 3 + [(1, 1200), (0, None)]


def test_the_seconds_are_those_from_the_latest_start_and_are_rounded_down():
    rows = [(0, "a", 1), (5, "a", 1), (6.999, "b", 3)]
    assert found(rows, A_THEN_B) == [NOT, NOT, (1, 3, 119)]


def test_a_run_completes_at_the_first_row_that_makes_it_full_and_a_choice_makes_one_run():
    run = Sequence("s", (Step("kind = 'a'"), Step("kind = 'b'", "10m", 2, "amount")))
    rows = [
        (0, "a", 1),
        (1, "b", 4),
        (2, "c", 9),
        (3, "b", 5),
        (4, "b", 6),
        (5, "a", 1),
        (10, "b", 7),
        (15, "b", 8),
    ]
    expected = {
        3: (1, 9, 180),
        7: (1, 15, 600),
    }  # b at 4 adds nothing to the first run; the second ends just in time
    assert found(rows, run) == [expected.get(n, NOT) for n in range(len(rows))]


def test_two_runs_that_end_in_one_row_give_the_larger_sum_and_the_shorter_time():
    run = Sequence("s", (Step("kind = 'a'"), Step("kind = 'b'", "10m", 1, "amount", least_amount=10)))
    rows = [(0, "a", 1), (1, "b", 5), (2, "a", 1), (3, "b", 5), (4, "a", 1), (5, "b", 9), (6, "b", 1)]
    # from 0: 5 + 5; from 2: 5 + 9; from 4: 9 + 1
    assert found(rows, run) == [NOT, NOT, NOT, (1, 10, 180), NOT, (1, 14, 180), (1, 10, 120)]
    larger = [
        (0, "a", 1),
        (1, "b", 5),
        (2, "a", 1),
        (3, "b", 10),
    ]  # 5 + 10 from the first, 10 from the second
    assert found(larger, run)[3] == (1, 15, 60)


def test_runs_may_end_in_another_order_than_they_began():
    all_of_it = Step("kind = 'b'", "10m", 1, "amount", share_of_previous=1)
    one, run = Step("kind = 'c'", "10m"), Step("kind = 'c'", "10m", 1, "amount", least_amount=5)
    large, small = (0, "a", 100), (1, "a", 1)  # the later one is passed on first
    rows = [large, small, (2, "b", 1), (3, "c", 1), (4, "b", 99)]
    assert found(rows, Sequence("s", (A_THEN_B.steps[0], all_of_it, one)))[3:] == [(1, 120), (0, None)]
    rows = [large, small, (2, "b", 1), (3, "b", 99), (4, "c", 6)]  # both end in c
    assert found(rows, Sequence("s", (A_THEN_B.steps[0], all_of_it, run)))[4] == (1, 6, 180)


def test_a_probe_then_a_large_credit_then_most_of_it_out_in_small_parts():
    day = 24 * 60
    rows = [
        (0, "in", 10_00),  # the probe, just small enough
        (1, "in", 10_01),  # too large for one
        (3 * day, "in", 5000_00),  # exactly three days later
        (3 * day, "out", 1500_00),  # of the same instant, booked after it
        (3 * day + 1, "out", 1500_00),
        (3 * day + 2, "out", 999_99),  # three, but a cent too little
        (3 * day + 30, "out", 1),  # 80 % to the cent, exactly thirty minutes later
        (3 * day + 31, "out", 5000_00),
    ]
    complete = (1, 4000_00, 3 * 86_400 + 1800)
    assert found(rows, PROBED, MONEY) == [NOT] * 6 + [complete, NOT]
    assert found([(0, "in", 10_01), *rows[1:]], PROBED, MONEY) == [NOT] * 8  # without a probe
    assert found([(-1, *rows[0][1:]), *rows[1:]], PROBED, MONEY) == [NOT] * 8  # with one that is too early


def test_a_least_amount_is_in_yuan_where_the_amount_is_money():
    run = Sequence("s", (Step("kind = 'a'"), Step("kind = 'b'", "10m", amount="amount", least_amount=0.07)))
    rows = [(0, "a", 1), (1, "b", 6), (2, "b", 1)]
    assert found(rows, run, MONEY)[2] == (1, 7, 120)
    assert found(rows, run, PLAIN)[1] == (1, 6, 60)


def test_shares_are_the_decimals_that_are_written():
    # 0.07 * 100 is a little more than 7 in floating point; a hair over the most is too much.
    shared = Step("kind = 'b'", "10m", amount="amount", share_of_previous=0.07, most_share_of_previous=0.07)
    assert found([(0, "a", 100), (1, "b", 7)], Sequence("s", (A_THEN_B.steps[0], shared)))[1] == (1, 7, 60)
    for amount in (6, 8):
        assert found([(0, "a", 100), (1, "b", amount)], Sequence("s", (A_THEN_B.steps[0], shared)))[1] == NOT
    half = Sequence(
        "s", (A_THEN_B.steps[0], Step("kind = 'b'", "10m", amount="amount", share_of_previous=0.5))
    )
    assert found([(0, "a", 5), (1, "b", 2), (2, "b", 1)], half)[1:] == [NOT, (1, 3, 120)]  # 2.5 of 5, so 3
    large = 9 * 10**15  # of nine hundred billion yuan to the cent
    assert (
        found([(0, "a", large), (1, "b", large * 7 // 100)], Sequence("s", (A_THEN_B.steps[0], shared)))[1][0]
        == 1
    )


def test_a_run_above_the_most_comes_back_only_when_amounts_may_be_negative():
    most = Step("kind = 'b'", "10m", 2, "amount", most_share_of_previous=0.5)
    sequence = Sequence("s", (A_THEN_B.steps[0], most))
    assert found([(0, "a", 10), (1, "b", 3), (2, "b", 3), (3, "b", -1)], sequence)[2:] == [NOT, (1, 5, 180)]
    assert found([(0, "a", 10), (1, "b", 3), (2, "b", 3), (3, "b", 0)], sequence)[2:] == [NOT, NOT]


def test_an_unknown_amount_adds_nothing_and_has_no_share():
    half = Sequence("s", (A_THEN_B.steps[0], Step("kind = 'b'", "10m", 2, "amount", share_of_previous=0.5)))
    assert found([(0, "a", 4), (1, "b", None), (2, "b", 2)], half)[2] == (1, 2, 120)
    assert found([(0, "a", None), (1, "b", 1), (2, "b", 2)], half) == [NOT] * 3
    assert found([(0, "a", 1), (1, "b", None)], A_THEN_B)[1] == (1, None, 60)
    assert found([(0, None, 1), (1, "b", 1)], A_THEN_B) == [NOT] * 2  # a condition of null is not met


def test_no_rows_give_no_rows():
    assert of_all([], PROBED, MONEY) == []


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"count": 0}, "wanted a count of at least 1, found 0"),
        ({"least_amount": 5}, "say amount="),
        ({"share_of_previous": 0.5}, "say amount="),
        ({"amount": "amount", "least_amount": float("nan")}, "wanted a number"),
        ({"amount": "amount", "share_of_previous": -0.1}, "wanted shares from 0 to 1000"),
        ({"amount": "amount", "share_of_previous": float("nan")}, "wanted shares from 0 to 1000"),
        ({"amount": "amount", "share_of_previous": 1 / 3}, "at most six decimals"),
        (
            {"amount": "amount", "share_of_previous": 0.9, "most_share_of_previous": 0.8},
            "a least share up to the most, found 0.9 and 0.8",
        ),
    ],
)
def test_a_step_that_makes_no_sense_is_refused(given, complaint):
    with pytest.raises(ValueError, match=f"step 'true': .*{complaint}"):
        Step("true", "10m", **given)


@pytest.mark.parametrize(
    ("steps", "complaint"),
    [
        ((), "at least two steps, found 0"),
        ((Step("true"),), "at least two steps, found 1"),
        ((Step("true", "1h"), Step("true", "1h")), "the first step is any single row"),
        ((Step("true", count=2), Step("true", "1h")), "the first step is any single row"),
        ((Step("true"), Step("true")), "step 2 needs within="),
        ((Step("true"), Step("true", "1w")), "wanted a length like 10m"),
        (
            (Step("true"), Step("true", "7d"), Step("true", "1m")),
            "at most 7d from the first step to the last",
        ),
        ((Step("true"), Step("true", "1h", 1, "amount", share_of_previous=0.5)), "has no amount="),
    ],
)
def test_a_sequence_that_makes_no_sense_is_refused(steps, complaint):
    with pytest.raises(ValueError, match=complaint):
        Sequence("s", steps)


def test_what_only_the_columns_show_to_be_wrong_is_refused_as_well():
    with pytest.raises(ValueError, match="wanted a name that a column can have"):
        Sequence("a b", A_THEN_B.steps)
    mixed = Sequence("s", (A_THEN_B.steps[0], Step("true", "1h", 1, "n", share_of_previous=0.5)))
    with pytest.raises(ValueError, match=r"sequence s: step 2 .* wanted money in both, or neither"):
        found([], mixed, MONEY)
    halves = Sequence("s", (Step("true"), Step("true", "1h", 1, "amount / 2", least_amount=1)))
    with pytest.raises(ValueError, match="sequence s: wanted whole numbers"):
        found([(0, "a", 1)], halves)
    with pytest.raises(ValueError, match="unknown column kinds"):
        found([(0, "a", 1)], Sequence("s", (Step("kinds = 'a'"), Step("true", "1h"))))


def test_a_sequence_says_how_far_it_looks_and_what_it_is():
    assert PROBED.reach == timedelta(days=3, minutes=30)
    names = ("probed", "probed_amount", "probed_seconds")
    assert PROBED.columns(MONEY) == dict(zip(names, ("bigint", "decimal(18,2)", "bigint"), strict=True))
    assert PROBED.columns(PLAIN) == dict.fromkeys(names, "bigint")
    uncounted = Sequence("s", (Step("true"), Step("true", "1h")))
    assert uncounted.columns(PLAIN) == {"s": "bigint", "s_seconds": "bigint"}  # no amount, no column of it
    assert replace(PROBED, name="other").canonical() == PROBED.canonical()
    others = [
        {"where": "a\nb"},
        {"within": "31m"},
        {"count": 2},
        {"least_amount": 1},
        {"share_of_previous": 0.7},
    ]
    changed = [Sequence("s", (*PROBED.steps[:2], replace(PROBED.steps[2], **other))) for other in others]
    told = [sequence.canonical() for sequence in (PROBED, *changed)]
    assert len(set(told)) == len(told)
    assert not any("\n" in line for line in told)


def choices(rows, types, before, steps):
    """Every (row, start, amount) at which the last of `steps` completes after `before`; nothing is put together."""
    if not steps:
        return [before]
    step, later = steps[0], steps[1:]
    place, start, amount = before
    minutes = {"5m": 5, "10m": 10, "1h": 60}[step.within]
    last = rows[place][1] + timedelta(minutes=minutes)
    hits = [n for n in range(place + 1, len(rows)) if repr(rows[n][2]) in step.where and rows[n][1] <= last]
    if not (step.count > 1 or step.has_sums):
        return [end for n in hits for end in choices(rows, types, (n, start, rows[n][3]), later)]
    for size in range(step.count, len(hits) + 1):
        total = sum(rows[n][3] or 0 for n in hits[:size])
        unit = 100 if types == MONEY else 1
        if step.least_amount is not None and total < step.least_amount * unit:
            continue
        least, most = step.share_of_previous, step.most_share_of_previous
        if amount is None and (least is not None or most is not None):
            continue
        if least is not None and total < Fraction(str(least)) * amount:
            continue
        if most is not None and total > Fraction(str(most)) * amount:
            continue
        return choices(rows, types, (hits[size - 1], start, total), later)
    return []


def plainly(rows, sequence, types):
    """What `with_sequences` gives, by number `n`."""
    expected = dict.fromkeys((row[4] for row in rows), NOT)
    for who in ("ann", "zoe"):
        own = sorted((row for row in rows if row[0] == who), key=lambda row: (row[1], row[4]))
        ends = []
        for n, row in enumerate(own):
            if repr(row[2]) in sequence.steps[0].where:
                ends += choices(own, types, (n, row[1], row[3]), sequence.steps[1:])
        for place in {end[0] for end in ends}:
            here = [end for end in ends if end[0] == place]
            seconds = min((own[place][1] - start) // timedelta(seconds=1) for _, start, _ in here)
            largest = max((amount for *_, amount in here if amount is not None), default=None)
            expected[own[place][4]] = (1, largest, seconds)
    return [expected[n] for n in sorted(expected)]


WHERE = st.sampled_from(["kind = 'a'", "kind = 'b'", "kind IN ('a', 'b')", "kind IN ('b', 'c')"])
SHARE = st.sampled_from([None, None, None, 0, 0.07, 0.5, 0.8, 1, 1.5])


def later_step(where, within, count, least, share, most):
    if share is not None and most is not None and share > most:
        share, most = most, share
    return Step(where, within, count, "amount", least, share, most)


LATER = st.builds(
    later_step,
    WHERE, st.sampled_from(["5m", "10m", "1h", "1h"]), st.sampled_from([1, 1, 2, 3]),
    st.sampled_from([None, None, None, 0.05, 4]), SHARE, SHARE,
)  # fmt: skip
FIRST = st.builds(lambda where: Step(where, amount="amount"), WHERE)
STEPS = st.tuples(FIRST, st.lists(LATER, min_size=1, max_size=3)).map(lambda some: (some[0], *some[1]))
INSTANT = st.builds(
    lambda n, more: NOON + timedelta(minutes=5 * n, microseconds=more),
    st.integers(0, 8),
    st.sampled_from([0, 0, 1]),
)
AMOUNTS = st.sampled_from([[1, 2, 3, 5, 9], [0, 3, 7, 100, None], [-3, -1, 0, 4, 9, None]])


@st.composite
def events(draw):
    amounts = st.sampled_from(draw(AMOUNTS))
    one = st.tuples(st.sampled_from(["ann", "ann", "ann", "zoe"]), INSTANT, st.sampled_from("abc"), amounts)
    rows = draw(st.lists(one, min_size=8, max_size=14))
    numbers = draw(st.permutations(range(len(rows))))
    return [(*row, n) for row, n in zip(rows, numbers, strict=True)]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(events(), st.lists(STEPS, min_size=3, max_size=5), st.sampled_from([MONEY, PLAIN]))
def test_agrees_with_every_choice_tried_out(rows, declared, types):
    for steps in declared:
        sequence = Sequence("s", steps)
        assert of_all(rows, sequence, types) == plainly(rows, sequence, types), sequence
