from datetime import timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from conf.days import DayRange
from conf.errors import DataRefused, RiskvaneError
from lake import locks
from lake import publish as publishing
from lake.publish import publish
from lake.runs import Run
from lake.tables import read_table, table_path
from tests.lake.rows import AS_OF, NEXT, frame, listed, message, rows_of, score

TODAY = DayRange.one(AS_OF)
OUTSIDE = "rows lie outside as_of 2026-03-09 with scenario in monitoring"
REPEATED = "1 rows repeat the primary key as_of, scenario, subject_id of another row"
MONITORING = {"scenario": ("monitoring",)}


@pytest.fixture
def run(spark, settings):
    return Run.start(spark, settings, "nightly")


def test_a_rerun_replaces_its_own_day_and_scenario_and_nothing_else(spark, settings, run):
    stale = settings.lake / "_staging" / "account_scores" / "nightly-1-2"  # of a run that died
    stale.mkdir(parents=True)
    (stale / "part-0.parquet").write_text("half a file")
    screening = [score("a", 1.0, scenario="screening")]
    publish(frame(spark, "account_scores", screening), settings, "account_scores", TODAY, run)
    tomorrow = [score("a", 2.0, as_of=NEXT)]
    publish(
        frame(spark, "account_scores", tomorrow),
        settings,
        "account_scores",
        DayRange.one(NEXT),
        run,
        MONITORING,
    )
    today = [score("a", 3.0), score("b", 4.0)]
    found = []
    for _ in range(2):
        version = publish(
            frame(spark, "account_scores", today), settings, "account_scores", TODAY, run, MONITORING
        )
        found.append(rows_of(read_table(spark, settings, "account_scores")))
    assert version == 3
    assert found[0] == found[1] == rows_of(frame(spark, "account_scores", [*screening, *tomorrow, *today]))
    publish(frame(spark, "account_scores", []), settings, "account_scores", TODAY, run, MONITORING)
    left = rows_of(read_table(spark, settings, "account_scores"))  # an empty frame empties its own part only
    assert left == rows_of(frame(spark, "account_scores", [*screening, *tomorrow]))
    assert not (settings.lake / "_staging" / "account_scores").exists()


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([score("a", 101.0), score("b", 5.0)], "risk_score: above 100 in 1 of 2 rows"),
        ([score("a", None)], "risk_score: missing in 1 of 1 rows"),
        ([score("a", 1.0), score("a", 2.0)], REPEATED),
        ([score("a", 1.0), score("b", 1.0, as_of=NEXT)], f"1 of 2 {OUTSIDE}"),
        ([score("a", 1.0, scenario="screening")], f"1 of 1 {OUTSIDE}"),
        ([score("a", 1.0, as_of=None)], f"1 of 1 {OUTSIDE}"),
    ],
)  # fmt: skip
def test_rows_that_break_the_contract_are_refused(spark, settings, run, rows, problem):
    given = frame(spark, "account_scores", rows)
    with pytest.raises(DataRefused, match="account_scores was not published") as refused:
        publish(given, settings, "account_scores", TODAY, run, MONITORING)
    assert problem in refused.value.problems
    assert not table_path(settings, "account_scores").exists()


def test_a_refused_frame_leaves_the_table_as_it_was(spark, settings, run):
    good = frame(spark, "account_scores", [score("a", 1.0)])
    version = publish(good, settings, "account_scores", TODAY, run)
    with pytest.raises(DataRefused):
        publish(frame(spark, "account_scores", [score("a", -1.0)]), settings, "account_scores", TODAY, run)
    assert DeltaTable(str(table_path(settings, "account_scores"))).version() == version
    assert rows_of(read_table(spark, settings, "account_scores")) == rows_of(good)


def test_columns_are_put_in_order_and_cast_but_never_dropped_or_invented(spark, settings, run):
    good = frame(spark, "account_scores", [score("a", 1.0)])
    with pytest.raises(DataRefused) as refused:
        publish(good.withColumnRenamed("run_id", "note"), settings, "account_scores", TODAY, run)
    assert refused.value.problems == ["missing: run_id", "not in the contract: note"]
    turned = good.select(*reversed(good.columns)).withColumn("risk_score", good.risk_score.cast("float"))
    publish(turned, settings, "account_scores", TODAY, run)
    written = read_table(spark, settings, "account_scores")
    assert written.schema == good.schema
    assert rows_of(written) == rows_of(good)


def test_a_range_with_gaps_replaces_only_its_own_mornings(spark, settings, run):
    mornings = [AS_OF + timedelta(days=n) for n in range(3)]
    nightly = [score("a", 1.0, as_of=day) for day in mornings]
    publish(
        frame(spark, "account_scores", nightly), settings, "account_scores", DayRange(AS_OF, mornings[2]), run
    )
    every_other = DayRange(AS_OF, mornings[2], every=2)
    again = [score("a", 9.0, as_of=day) for day in every_other]
    publish(frame(spark, "account_scores", again), settings, "account_scores", every_other, run)
    found = {row.as_of: row.risk_score for row in read_table(spark, settings, "account_scores").collect()}
    assert found == {mornings[0]: 9.0, mornings[1]: 1.0, mornings[2]: 9.0}
    between = frame(spark, "account_scores", nightly[1:2])
    with pytest.raises(DataRefused, match="1 of 1 rows lie outside"):
        publish(between, settings, "account_scores", every_other, run)


def test_a_night_of_events_and_its_late_rows_become_a_handful_of_files(spark, settings, run, monkeypatch):
    monkeypatch.setattr(publishing, "FEW_ROWS", 20)  # the first night is a large one, the others are small
    first = [message(f"a{n}", AS_OF - timedelta(days=1)) for n in range(50)]
    late = [message(f"b{n}", AS_OF - timedelta(days=n), is_late=True) for n in (2, 3, 4)]
    night = frame(spark, "sms", first + late).repartition(8)
    publish(night, settings, "sms", TODAY, run)
    path = str(table_path(settings, "sms"))
    assert len(DeltaTable(path).file_uris()) == 4  # one per day of happening
    # The next night brings a row for a day that is there already; rerunning the first night leaves it alone.
    second = [message("c", AS_OF - timedelta(days=2), NEXT, is_late=True)]
    publish(frame(spark, "sms", second), settings, "sms", DayRange.one(NEXT), run)
    publish(night, settings, "sms", TODAY, run)
    assert rows_of(read_table(spark, settings, "sms")) == rows_of(frame(spark, "sms", first + late + second))


def test_tables_stay_readable_without_a_jvm_and_commits_name_their_run(spark, settings, run):
    publish(frame(spark, "risk_list_private", [listed("a", 1)]), settings, "risk_list_private", TODAY, run)
    table = DeltaTable(str(table_path(settings, "risk_list_private")))
    protocol = table.protocol()
    assert (protocol.min_reader_version, protocol.reader_features or []) == (1, [])
    (commit,) = table.history()
    assert commit["userMetadata"] == run.run_id
    in_file = pq.read_schema(table.file_uris()[0]).names
    assert in_file[:2] == ["scenario", "population"]  # by name, without column mapping; as_of is in the path
    assert table.to_pyarrow_table()["subject_id"].to_pylist() == ["account1_" + "a" * 20]
    (statistics,) = pa.table(table.get_add_actions(flatten=True)).to_pylist()
    assert statistics["max.subject_id"] == "account1_" + "a" * 20


def test_a_second_writer_waits_and_then_hears_who_holds_the_table(spark, settings, run, monkeypatch):
    monkeypatch.setattr(locks, "WAIT_SECONDS", 0.1)
    rows = frame(spark, "account_scores", [score("a", 1.0)])
    with (
        locks.table_lock(settings, "account_scores", "nightly-1"),
        pytest.raises(RiskvaneError, match="account_scores is being written by nightly-1"),
    ):
        publish(rows, settings, "account_scores", TODAY, run)
