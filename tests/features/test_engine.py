"""The engine: which rows a morning uses, what an empty window is, and that other mornings change nothing."""

from datetime import date, datetime

import pytest
from pyspark.testing import assertDataFrameEqual

from features.engine import compute
from features.indicator import MONTH, FeatureGroup, Measure

pytestmark = pytest.mark.spark

AS_OF = date(2026, 2, 8)
ROWS = (
    "who string, happened_at timestamp, event_date date, known_as_of date,"
    " kind string, item string, amount decimal(18,2)"
)
SPEND = FeatureGroup(
    name="spend",
    tables=("payments",),
    key="who",
    joins="subject_id",
    measures=(
        Measure("count", "1", "", "", "", (1, 7)),
        Measure("sum", "amount", "", "", "", (7, MONTH), spark_type="decimal(18,2)"),
        Measure("largest", "amount", "", "", "", (7,), "max", empty=None, spark_type="decimal(18,2)"),
        Measure("items", "item", "", "", "", (1, 7), "distinct", where="kind = 'a'"),
        Measure("new_items", "item", "", "", "", (1,), "new"),
        Measure("mask", "1", "", "", "", kind="days"),
        Measure("last_item", "item", "", "", "", kind="last", empty=None, spark_type="string"),
        Measure("mean", "try_divide(sum_{d}d, count_{d}d)", "", "", "", (7,), "derived", spark_type="double"),
    ),
)


def row(who, day, hour=12, known=None, kind="a", item="x", amount="1.00"):
    from decimal import Decimal

    at = datetime(day.year, day.month, day.day, hour)
    return (who, at, day, known or date.fromordinal(day.toordinal() + 1), kind, item, Decimal(amount))


def people(spark, mornings, names=("ann", "bob")):
    return spark.createDataFrame([(m, n) for m in mornings for n in names], "as_of date, subject_id string")


EVENTS = [
    row("ann", date(2026, 1, 31), 23, amount="1.00"),  # a day too old for 7d, last month
    row("ann", date(2026, 2, 1), 0, amount="10.00", item="y"),  # first instant of 7d and of the month
    row("ann", date(2026, 2, 7), 0, amount="100.00"),  # first instant of 1d; item x was there before
    row(
        "ann", date(2026, 2, 7), 23, kind="b", item="z", amount="0.50"
    ),  # last hour of 1d; not counted by `items`
    row("ann", date(2026, 2, 8), 0, amount="1000.00"),  # happens at as_of: the future
    row("ann", date(2026, 2, 6), known=date(2026, 2, 9), amount="5000.00"),  # arrived late: known tomorrow
    row("eve", date(2026, 2, 7), amount="7.00"),  # not a subject
]


def test_a_window_is_half_open_and_late_rows_wait_for_their_morning(spark):
    from decimal import Decimal as D

    events = {"payments": spark.createDataFrame(EVENTS, ROWS)}
    actual = compute(events, people(spark, [AS_OF]), (SPEND,), [AS_OF])
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
            "z",
            36.8333333333333,
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
    assertDataFrameEqual(actual, spark.createDataFrame(expected, actual.schema))


def test_a_table_without_any_row_in_a_window_makes_it_unknown_not_zero(spark):
    old = {"payments": spark.createDataFrame([row("eve", date(2026, 2, 3))], ROWS)}
    (bob,) = compute(old, people(spark, [AS_OF], ("bob",)), (SPEND,), [AS_OF]).collect()
    assert bob["count_1d"] is None  # nobody has a row on the 7th: the feed is missing
    assert bob["count_7d"] == 0  # eve has one: bob just did nothing


def test_several_mornings_at_once_equal_each_morning_alone(spark):
    mornings = [date(2026, 2, 1), AS_OF, date(2026, 2, 9)]
    events = {"payments": spark.createDataFrame(EVENTS, ROWS)}
    together = (
        compute(events, people(spark, mornings), (SPEND,), mornings).orderBy("as_of", "subject_id").collect()
    )
    alone = [
        r for m in mornings
        for r in compute(events, people(spark, [m]), (SPEND,), [m]).orderBy("subject_id").collect()
    ]  # fmt: skip
    assert together == alone


def test_rows_of_the_future_change_nothing(spark):
    poison = [
        row("ann", AS_OF, amount="9999.00"),
        row("ann", date(2026, 2, 7), known=date(2026, 2, 9), item="p", amount="9999.00"),
    ]
    frames = [spark.createDataFrame(rows, ROWS) for rows in (EVENTS, EVENTS + poison)]
    plain, poisoned = (compute({"payments": f}, people(spark, [AS_OF]), (SPEND,), [AS_OF]) for f in frames)
    assertDataFrameEqual(plain, poisoned)


def test_a_missing_table_is_named(spark):
    with pytest.raises(ValueError, match="payments"):
        compute({}, people(spark, [AS_OF]), (SPEND,), [AS_OF])
