from datetime import timedelta

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from conf.days import DayRange
from conf.errors import DataRefused
from lake.publish_batches import publish_batches
from lake.runs import Run
from lake.tables import read_table, table_path
from tests.lake.rows import AS_OF, NEXT, batch, frame, message, rows_of, score

TODAY = DayRange.one(AS_OF)
MONITORING = {"scenario": ("monitoring",)}
OUTSIDE = "rows lie outside as_of 2026-03-09 with scenario in monitoring"
TABLE = "account_scores"


@pytest.fixture
def run(settings):
    return Run.start(None, settings, "nightly")


def put(settings, run, rows, days=TODAY, only=None):
    return publish_batches([batch(TABLE, rows[:1]), batch(TABLE, rows[1:])], settings, TABLE, days, run, only)


def test_a_rerun_replaces_its_own_day_and_scenario_and_nothing_else(spark, settings, run):
    screening, tomorrow = [score("a", 1.0, scenario="it's screening")], [score("a", 2.0, as_of=NEXT)]
    put(settings, run, screening, only={"scenario": ("it's screening",)})
    put(settings, run, tomorrow, DayRange.one(NEXT), MONITORING)
    today = [score("a", 3.0), score("b", 4.0)]
    for _ in range(2):
        version = put(settings, run, today, only=MONITORING)
        found = read_table(spark, settings, TABLE)
        assert rows_of(found) == rows_of(frame(spark, TABLE, [*screening, *tomorrow, *today]))
    assert version == 3
    publish_batches([], settings, TABLE, TODAY, run, MONITORING)  # no batch empties its own part only
    left = rows_of(read_table(spark, settings, TABLE))
    assert left == rows_of(frame(spark, TABLE, [*screening, *tomorrow]))


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([score("c", 1.0), score("a", 101.0)], "risk_score: above 100 in 1 of 1 rows"),
        ([score("a", None)], "risk_score: missing in 1 of 1 rows"),
        ([score("a", 1.0, as_of=NEXT)], f"1 of 1 {OUTSIDE}"),
        ([score("a", 1.0, scenario="screening")], f"1 of 1 {OUTSIDE}"),
        ([score("a", 1.0, as_of=None)], f"1 of 1 {OUTSIDE}"),
    ],
)  # fmt: skip
def test_rows_that_break_the_contract_are_refused_and_the_table_stays(spark, settings, run, rows, problem):
    with pytest.raises(DataRefused, match="account_scores was not published") as refused:
        put(settings, run, rows, only=MONITORING)
    assert problem in refused.value.problems
    assert rows_of(read_table(spark, settings, TABLE)) == []
    version = put(settings, run, [score("z", 9.0)])
    with pytest.raises(DataRefused):
        put(settings, run, rows, only=MONITORING)
    assert DeltaTable(str(table_path(settings, TABLE))).version() == version
    assert rows_of(read_table(spark, settings, TABLE)) == rows_of(frame(spark, TABLE, [score("z", 9.0)]))


def test_columns_are_never_dropped_or_invented(settings, run):
    wrong = batch(TABLE, [score("a", 1.0)]).rename({"run_id": "note"})
    with pytest.raises(DataRefused) as refused:
        publish_batches([wrong], settings, TABLE, TODAY, run)
    assert refused.value.problems == ["missing: run_id", "not in the contract: note"]


def test_a_night_of_events_becomes_one_file_per_day_that_spark_reads_as_contracted(spark, settings, run):
    first = [message(f"a{n}", AS_OF - timedelta(days=1)) for n in range(5)]
    late = [message(f"b{n}", AS_OF - timedelta(days=n), is_late=True) for n in (2, 3, 4)]
    publish_batches([batch("sms", first), batch("sms", late)], settings, "sms", TODAY, run)
    table = DeltaTable(str(table_path(settings, "sms")))
    assert len(table.file_uris()) == 4
    assert table.history()[0]["userMetadata"] == run.run_id
    protocol = table.protocol()
    assert (protocol.min_reader_version, protocol.reader_features or []) == (1, [])
    (statistics, *_) = pa.table(table.get_add_actions(flatten=True)).to_pylist()
    assert {"min.sms_id", "min.known_as_of"} <= statistics.keys()
    # The next night brings a row for a day that is there already; rerunning the first night leaves it alone.
    second = [message("c", AS_OF - timedelta(days=2), NEXT, is_late=True)]
    publish_batches([batch("sms", second)], settings, "sms", DayRange.one(NEXT), run)
    publish_batches([batch("sms", first + late)], settings, "sms", TODAY, run)
    found, expected = read_table(spark, settings, "sms"), frame(spark, "sms", first + late + second)
    assert found.schema == expected.schema
    assert rows_of(found) == rows_of(expected)
