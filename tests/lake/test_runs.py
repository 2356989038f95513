from datetime import timedelta

import pytest
from deltalake.exceptions import CommitFailedError

from conf.days import DayRange
from conf.errors import DataRefused, RiskvaneError, UsageError
from lake import runs
from lake.reader import stage_states
from lake.runs import Run
from lake.tables import read_table
from tests.lake.rows import AS_OF, NEXT

COUNTS = {"read": 10, "accepted": 6, "quarantined": 1, "duplicate": 1, "late": 2}


@pytest.fixture
def run(spark, settings):
    return Run.start(spark, settings, "nightly")


def ledger(spark, settings):
    return read_table(spark, settings, "runs").orderBy("started_at", "stage", "as_of").collect()


def test_equal_flow_settings_and_code_give_an_equal_run(spark, settings):
    first = Run.start(spark, settings, "nightly")
    assert first.run_id == Run.start(spark, settings, "nightly").run_id
    assert first.run_id != Run.start(spark, settings, "screening").run_id
    assert first.run_id != Run.start(spark, settings.with_(language="en"), "nightly").run_id
    assert first.run_id.startswith(f"nightly-{first.config_hash[:8]}-")


def test_a_stage_over_a_range_leaves_a_row_per_morning_in_one_append(spark, settings, run):
    with run.stages(["ingest:sms", "ingest:calls"], DayRange(AS_OF, NEXT)) as stages:
        stages["ingest:sms"].published("sms", 7)
        stages["ingest:sms"].counts(day=AS_OF, **COUNTS)
        with pytest.raises(
            UsageError, match=r"ingest:sms has the mornings 2026-03-09..2026-03-10: say which one"
        ):
            stages["ingest:sms"].counts(read=1)
        with pytest.raises(UsageError, match="not 2026-03-12"):
            stages["ingest:sms"].counts(day=AS_OF + timedelta(days=3), read=1)
    rows = ledger(spark, settings)
    found = [(r.stage, r.as_of, r.status, r.rows_read, r.rows_late, r.table_versions) for r in rows]
    assert found == [
        ("ingest:calls", AS_OF, "complete", None, None, {}),
        ("ingest:calls", NEXT, "complete", None, None, {}),
        ("ingest:sms", AS_OF, "complete", 10, 2, {"sms": 7}),
        ("ingest:sms", NEXT, "complete", None, None, {"sms": 7}),
    ]
    assert {(r.run_id, r.flow, r.code_version, r.config_hash, r.error) for r in rows} == {
        (run.run_id, "nightly", run.code_version, run.config_hash, None)
    }
    assert all(r.started_at <= r.finished_at for r in rows)
    history = spark.sql(f"DESCRIBE HISTORY delta.`{settings.lake}/ops/runs`")
    assert history.count() == 1


def test_a_stage_that_raises_is_failed_and_says_why_without_quoting_rows(spark, settings, run):
    def refuse():
        with run.stage("score", AS_OF) as stage:
            stage.counts(read=5)
            raise DataRefused("scores refused", ["risk_score: missing"])

    with pytest.raises(DataRefused):
        refuse()
    with pytest.raises(ValueError, match="13800001234"), run.stage("score", NEXT):
        raise ValueError("cannot parse 13800001234")
    rows = ledger(spark, settings)
    assert [(r.as_of, r.status, r.rows_read, r.error) for r in rows] == [
        (AS_OF, "failed", 5, "scores refused\n  - risk_score: missing"),
        (NEXT, "failed", None, "ValueError"),
    ]
    with run.stage("score", NEXT):
        pass
    assert stage_states(settings, "score") == {AS_OF: "failed", NEXT: "complete"}  # the newest run counts


def test_counts_that_do_not_add_up_are_an_error(spark, settings, run):
    with (
        pytest.raises(RiskvaneError, match="rows read must be the sum"),
        run.stage("ingest:sms", AS_OF) as stage,
    ):
        stage.counts(**(COUNTS | {"late": 3}))


def test_an_append_that_meets_another_writer_is_tried_again(spark, settings, run, monkeypatch):
    tried = []

    def append(rows, contract, path, run_id):
        tried.append(path)
        if len(tried) < 3:
            raise CommitFailedError("other")

    monkeypatch.setattr(runs, "append", append)
    with run.stage("score", AS_OF):
        pass
    assert len(tried) == 3
    monkeypatch.setattr(runs, "ATTEMPTS", 2)
    tried.clear()
    with pytest.raises(RiskvaneError, match="2 appends met other writers"), run.stage("score", AS_OF):
        pass


def test_the_error_of_a_stage_survives_a_ledger_that_cannot_be_written(spark, settings, run):
    settings.lake.write_text("not a folder")
    with pytest.raises(DataRefused, match="the cause") as refused, run.stage("score", AS_OF):
        raise DataRefused("the cause")
    assert "could not be noted in the ledger" in refused.value.__notes__[0]
