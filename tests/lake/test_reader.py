from datetime import timedelta

import pytest

from conf.days import DayRange
from conf.errors import RiskvaneError
from lake.publish import publish
from lake.reader import days_of, latest_days, list_rows, read_day_arrow, runs
from lake.runs import Run
from lake.tables import read_day
from tests.lake.rows import AS_OF, NEXT, frame, listed, message, name_of

LIST = "risk_list_private"
YESTERDAY = AS_OF - timedelta(days=1)


@pytest.fixture
def night(spark, settings):
    """Publishes a list for a morning, as the stage of its run does."""
    run = Run.start(spark, settings, "nightly")

    def night(day, rows, fails=False):
        with run.stage("risk_lists", day) as stage:
            rows = [row | {"as_of": day} for row in rows]
            stage.published(LIST, publish(frame(spark, LIST, rows), settings, LIST, DayRange.one(day), run))
            if fails:
                raise RiskvaneError("the next list failed")

    return night


def test_a_list_is_read_by_rank_at_the_version_of_the_newest_complete_run(spark, settings, night):
    with pytest.raises(RiskvaneError, match=r"was not published for 2026-03-09 .* newest mornings: none"):
        list_rows(settings, LIST, AS_OF)
    rows = [
        listed("c", 3),
        listed("a", 1, branch_id="92000"),
        listed("b", 2),
        listed("d", 1, scenario="screening"),
        listed("e", 2, scenario="screening"),
    ]
    night(AS_OF, rows)
    found = list_rows(settings, LIST, AS_OF)
    order = [("monitoring", 1), ("monitoring", 2), ("monitoring", 3), ("screening", 1), ("screening", 2)]
    assert list(zip(found["scenario"].to_pylist(), found["rank"].to_pylist(), strict=True)) == order
    # the same rows, columns and values as Spark reads
    by_spark = [row.asDict(recursive=True) for row in read_day(spark, settings, LIST, AS_OF).collect()]
    assert sorted(found.to_pylist(), key=repr) == sorted(by_spark, key=repr)
    top = list_rows(settings, LIST, AS_OF, branch="91000", top=1)
    assert top["subject_id"].to_pylist() == [name_of("account", "b"), name_of("account", "d")]
    assert list_rows(settings, LIST, AS_OF, branch="none").num_rows == 0
    assert list_rows(settings, LIST, AS_OF, top=0).num_rows == 0

    with pytest.raises(RiskvaneError, match="the next list failed"):
        night(AS_OF, [listed("x", 1)], fails=True)
    with pytest.raises(RiskvaneError, match="the next list failed"):
        night(NEXT, [listed("x", 1)], fails=True)
    assert list_rows(settings, LIST, AS_OF).equals(found)  # the half-done rerun is not seen
    with pytest.raises(RiskvaneError, match=r"newest mornings: 2026-03-09\. Ask for one of them"):
        list_rows(settings, LIST, NEXT)
    night(NEXT, [])
    assert list_rows(settings, LIST, AS_OF).equals(found)
    assert list_rows(settings, LIST, NEXT).num_rows == 0  # published, and nobody is on it
    assert [row["status"] for row in runs(settings).to_pylist()] == [
        "complete",
        "failed",
        "failed",
        "complete",
    ]


def test_days_and_rows_of_any_table(spark, settings):
    run = Run.start(spark, settings, "nightly")
    assert (latest_days(settings), runs(settings).num_rows) == ({}, 0)
    assert read_day_arrow(settings, "sms", AS_OF, columns=["sms_id"]).schema.names == ["sms_id"]
    mornings = DayRange(AS_OF, NEXT)
    rows = [message("a", YESTERDAY), message("b", YESTERDAY, NEXT, is_late=True), message("c", AS_OF, NEXT)]
    publish(frame(spark, "sms", rows), settings, "sms", mornings, run)
    assert latest_days(settings) == {"sms": NEXT}
    assert days_of(settings, "sms")[0] == NEXT
    found = read_day_arrow(settings, "sms", NEXT, columns=["sms_id", "event_date"]).sort_by("sms_id")
    assert found.to_pylist() == [
        {"sms_id": "b", "event_date": YESTERDAY},
        {"sms_id": "c", "event_date": AS_OF},
    ]
