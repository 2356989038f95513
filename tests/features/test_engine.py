"""The engine: which rows a morning uses, what an empty window is, and that other mornings change nothing."""

from datetime import date, timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from features.engine import compute
from features.indicator import MONTH, FeatureGroup, Measure

AS_OF = date(2026, 2, 8)
MONEY = "decimal(18,2)"
TYPES = {
    "who": "string", "happened_at": "bigint", "event_date": "date", "known_as_of": "date", "kind": "string",
    "item": "string", "amount": MONEY,
}  # fmt: skip
SPEND = FeatureGroup(
    name="spend",
    tables=("payments",),
    key="who",
    joins="subject_id",
    measures=(
        Measure("count", "1", "", "", "", (1, 7)),
        Measure("sum", "amount", "", "", "", (7, MONTH), spark_type=MONEY),
        Measure("largest", "amount", "", "", "", (7,), "max", empty=None, spark_type=MONEY),
        Measure("items", "item", "", "", "", (1, 7), "distinct", where="kind = 'a'"),
        Measure("new_items", "item", "", "", "", (1,), "new"),
        Measure("mask", "1", "", "", "", kind="days"),
        Measure("last_amount", "amount", "", "", "", kind="last", empty=None, spark_type=MONEY),
        Measure(
            "mean",
            "try_divide(double(sum_{d}d), count_{d}d)",
            "",
            "",
            "",
            (7,),
            "derived",
            spark_type="double",
        ),
    ),
)


def row(who, day, hour=12, known=None, kind="a", item="x", cents=100):
    at = day.toordinal() * 24 + hour
    return (who, at, day, known or day + timedelta(1), kind, item, cents)


def payments(rows):
    schema = {
        "who": pl.String, "happened_at": pl.Int64, "event_date": pl.Date, "known_as_of": pl.Date, "kind": pl.String,
        "item": pl.String, "amount": pl.Int64,
    }  # fmt: skip
    return {"payments": pl.DataFrame(rows, schema, orient="row")}


def indicators(tables, mornings, names=("ann", "bob"), groups=(SPEND,)):
    people = pl.DataFrame({"subject_id": names})
    return pl.concat(compute(tables, {"payments": TYPES}, lambda as_of: people, groups, mornings))


EVENTS = [
    row("ann", date(2026, 1, 31), 23, cents=100),  # a day too old for 7d, last month
    row("ann", date(2026, 2, 1), 0, cents=1000, item="y"),  # first instant of 7d and of the month
    row("ann", date(2026, 2, 7), 0, cents=10000),  # first instant of 1d; item x was there before
    row("ann", date(2026, 2, 7), 23, kind="b", item="z", cents=50),  # last hour of 1d; not counted by `items`
    row("ann", date(2026, 2, 8), 0, cents=100000),  # happens at as_of: the future
    row("ann", date(2026, 2, 6), known=date(2026, 2, 9), cents=500000),  # arrived late: known tomorrow
    row("eve", date(2026, 2, 7), cents=700),  # not a subject
]


def test_a_window_is_half_open_and_late_rows_wait_for_their_morning():
    from decimal import Decimal as D

    actual = indicators(payments(EVENTS), [AS_OF])
    expected = [
        (
            AS_OF,
            "ann",
            2,
            3,
            D("110.50"),
            D("110.50"),
            D("100.00"),
            1,
            2,
            1,
            0b11000001,
            D("0.50"),
            110.5 / 3,
        ),
        (
            AS_OF,
            "bob",
            0,
            0,
            D("0.00"),
            D("0.00"),
            None,
            0,
            0,
            0,
            0,
            None,
            None,
        ),  # no rows: the declared values
    ]
    assert_frame_equal(actual, pl.DataFrame(expected, actual.schema, orient="row"), check_row_order=False)


def test_a_table_without_any_row_in_a_window_makes_it_unknown_not_zero():
    (bob,) = indicators(payments([row("eve", date(2026, 2, 3))]), [AS_OF], ["bob"]).iter_rows(named=True)
    assert bob["count_1d"] is None  # nobody has a row on the 7th: the feed is missing
    assert bob["count_7d"] == 0  # eve has one: bob just did nothing


def test_several_mornings_at_once_equal_each_morning_alone():
    mornings = [date(2026, 2, 1), AS_OF, date(2026, 2, 9)]
    together = indicators(payments(EVENTS), mornings)
    alone = pl.concat(indicators(payments(EVENTS), [m]) for m in mornings)
    assert_frame_equal(together, alone)


def test_rows_of_the_future_change_nothing():
    poison = [
        row("ann", AS_OF, cents=999900),
        row("ann", date(2026, 2, 7), known=date(2026, 2, 9), item="p", cents=999900),
    ]
    plain, poisoned = (indicators(payments(rows), [AS_OF]) for rows in (EVENTS, EVENTS + poison))
    assert_frame_equal(plain, poisoned)


def test_the_order_of_rows_changes_nothing():
    assert_frame_equal(indicators(payments(EVENTS), [AS_OF]), indicators(payments(EVENTS[::-1]), [AS_OF]))


def test_a_missing_table_is_named():
    with pytest.raises(ValueError, match="payments"):
        indicators({}, [AS_OF])


def test_derived_indicators_may_be_made_of_others_but_not_of_each_other():
    def derived(**texts):
        measures = [
            Measure(n, sql, "", "", "", kind="derived", spark_type="double") for n, sql in texts.items()
        ]
        return (SPEND, FeatureGroup("more", ("payments",), "who", "subject_id", tuple(measures)))

    chained = indicators(payments(EVENTS), [AS_OF], ["ann"], derived(b="a * 2", a="count_7d + 1"))
    assert chained.select("a", "b").rows() == [(4.0, 8.0)]
    with pytest.raises(ValueError, match="need each other: a, b"):
        indicators(payments(EVENTS), [AS_OF], ["ann"], derived(a="b + 1", b="a + 1"))


def test_a_word_that_nobody_knows_is_named_with_a_guess():
    group = FeatureGroup(
        "more", (), "who", "subject_id", (Measure("more", "count_70d + 1", "", "", "", kind="derived"),)
    )
    with pytest.raises(
        ValueError, match=r"unknown column count_70d \(did you mean count_7d\?\) in 'count_70d \+ 1'"
    ):
        indicators(payments(EVENTS), [AS_OF], ["ann"], (SPEND, group))


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"kind": "median"}, "'median' is no kind; known are sum"),
        ({"windows": (0,)}, "wanted windows of 1 to 92 days or month, 2month, 3month, found 0"),
        ({"windows": (3650,)}, "wanted windows of 1 to 92 days or month, 2month, 3month, found 3650"),
        ({"windows": ("week",)}, "wanted windows of 1 to 92 days or month, 2month, 3month, found 'week'"),
        ({"kind": "trend"}, "a trend needs windows of days"),
    ],
)
def test_a_measure_that_makes_no_sense_is_refused(given, complaint):
    with pytest.raises(ValueError, match=complaint):
        Measure("m", "1", "", "", "", **given)


def test_two_groups_of_one_name_are_refused():
    with pytest.raises(ValueError, match="two groups are called spend"):
        indicators(payments(EVENTS), [AS_OF], groups=(SPEND, SPEND))
