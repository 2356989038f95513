"""The DAGs without a scheduler and without Spark: what they are, and the commands that they would run."""

import json
import os
import re
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from jobs.steps import STEPS, WITHOUT_SPARK

ROOT = Path(__file__).parents[2]
DAGS = ("nightly", "screening", "training", "weekly")
GUARDS = {"landed", "features_there"}
BY_THE_CLOCK = {
    "params": {"as_of": None, "list_file": None},
    "dag_run": SimpleNamespace(partition_key="2026-03-06"),
}


@pytest.fixture(params=DAGS)
def dag(request, bag):
    return bag.dags[request.param]


def test_every_dag_is_found_and_imports(bag):
    assert bag.import_errors == {}
    assert set(bag.dags) == set(DAGS)  # an empty bag has no errors either


def test_a_dag_has_the_steps_of_its_flow_and_at_most_twelve_tasks(dag):
    assert set(dag.task_ids) - GUARDS == set(STEPS[dag.dag_id])
    assert len(dag.task_ids) <= 12


def test_steps_run_in_their_order(dag):
    before = {"account_features", "card_features"}  # these two do not wait for each other
    for earlier, later in zip(STEPS[dag.dag_id], STEPS[dag.dag_id][1:], strict=False):
        if {earlier, later} != before:
            assert earlier in dag.get_task(later).get_flat_relative_ids(upstream=True)
    if guard := GUARDS & set(dag.task_ids):
        (first,) = guard
        assert dag.roots == [dag.get_task(first)]


def test_nightly_scores_after_both_feature_tables(bag):
    assert bag.dags["nightly"].get_task("score").upstream_task_ids == {"account_features", "card_features"}


def test_runbook_says_what_to_do_when_it_fails(dag):
    assert "if it fails" in dag.doc_md.lower()
    # a runbook that names a task which is gone sends somebody astray at night
    named = re.findall(r"\*\*If `(\w+)`", dag.doc_md)
    assert set(named) <= set(dag.task_ids)


def test_one_run_at_a_time_none_for_the_past_and_an_owner(dag):
    assert (dag.max_active_runs, dag.catchup) == (1, False)
    assert dag.tags
    assert {task.owner for task in dag.tasks} == {"riskvane"}


def test_everything_is_retried_but_a_refusal(dag):
    from dags.failures import RefusalsAreFinal

    for task in dag.tasks:
        assert task.retries == 2
        assert task.retry_delay == timedelta(seconds=1)  # conf/test.yaml
        assert isinstance(task.retry_policy, RefusalsAreFinal)


def test_spark_tasks_share_the_one_pool_of_writers_and_the_one_connection(dag):
    from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator

    spark = {task.task_id: task for task in dag.tasks if isinstance(task, SparkSubmitOperator)}
    assert set(spark) == set(STEPS[dag.dag_id]) - set(WITHOUT_SPARK)
    assert {(task.pool, task._conn_id) for task in spark.values()} <= {("riskvane_writers", "riskvane_spark")}


@pytest.mark.parametrize(
    ("dag_id", "cron"),
    [
        ("nightly", "0 2 * * *"),
        ("screening", "30 6 1 * *"),
        ("training", "0 7 2 * *"),
        ("weekly", "0 8 * * 1"),
    ],
)
def test_schedule_is_a_day_in_the_business_time_zone(bag, dag_id, cron):
    timetable = bag.dags[dag_id].timetable
    found = (timetable.expression, str(timetable.timezone), timetable.key_format)
    assert found == (cron, "Asia/Shanghai", "%Y-%m-%d")


def test_assets_tie_the_dags_together(bag):
    def written(dag_id: str) -> dict[str, list[str]]:
        return {
            task.task_id: [a.name for a in task.outlets] for task in bag.dags[dag_id].tasks if task.outlets
        }

    assert written("nightly") == {
        "account_features": ["features/account_features"],
        "card_features": ["features/card_features"],
        "risk_lists": ["lists/nightly"],
    }
    # not lists/nightly: a screening that follows the night's lists must not start itself again
    assert written("screening") == {"risk_lists": ["lists/screening"]}
    assert written("training") == {"gate": ["models/champions"]}


@pytest.mark.parametrize(
    ("dag_id", "step", "extra"),
    [
        ("nightly", "ingest", []),
        ("nightly", "card_features", []),
        ("nightly", "score", []),
        ("screening", "score", ["--only="]),
    ],
)
def test_a_spark_task_submits_its_step_for_the_morning_of_the_partition(bag, dag_id, step, extra):
    task = bag.dags[dag_id].get_task(step)
    context = BY_THE_CLOCK | bag.dags[dag_id].user_defined_macros
    arguments = [task.render_template(text, context) for text in task.application_args]
    assert arguments == [step, "--as-of", "2026-03-06", "--flow", dag_id, "--env", "test", *extra]
    assert Path(task.application) == ROOT / "jobs" / "submit.py"
    properties = Path(task.render_template(task.properties_file, context))
    assert "spark.master local[2]" in properties.read_text().splitlines()


@pytest.mark.parametrize(
    ("dag_id", "step"),
    [
        ("nightly", "risk_lists"),
        ("nightly", "report"),
        ("screening", "report"),
        ("training", "train"),
        ("training", "gate"),
    ],
)
def test_a_task_without_spark_runs_the_command_for_the_morning_of_the_partition(bag, dag_id, step):
    task = bag.dags[dag_id].get_task(step)
    context = BY_THE_CLOCK | bag.dags[dag_id].user_defined_macros
    arguments = [task.render_template(text, context) for text in task.op_args]
    assert arguments == ["--env", "test", "run", step, "--as-of", "2026-03-06", "--flow", dag_id]


def test_a_screening_by_hand_is_restricted_to_the_given_list(bag):
    task = bag.dags["screening"].get_task("score")
    context = {
        "params": {"as_of": "2026-03-01", "list_file": "/data/checks.csv"},
        "dag_run": SimpleNamespace(partition_key=None),
    } | bag.dags["screening"].user_defined_macros
    assert task.render_template(task.application_args[-1], context) == "--only=/data/checks.csv"
    assert task.render_template(task.application_args[2], context) == "2026-03-01"


@pytest.fixture(scope="module")
def fresh_process() -> dict:
    """What a DAG processor sees that starts anew, with screening every night."""
    code = """
import importlib, json, sys, time
import airflow.sdk, airflow.dag_processing.dagbag
seconds = {}
for name in ("nightly", "screening", "training"):
    before = time.process_time()
    importlib.import_module(f"dags.{name}")
    seconds[name] = time.process_time() - before
from dags.screening import screening
timetable = screening().timetable
print(json.dumps({
    "seconds": seconds,
    "heavy": sorted({"pyspark", "pandas", "mlflow", "great_expectations", "deltalake"} & set(sys.modules)),
    "screening": [type(timetable).__name__, timetable.asset_condition.name],
}))
"""
    environment = {**os.environ, "RISKVANE_SCREENING_EVERY_NIGHT": "true"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, cwd=ROOT, env=environment, timeout=120
    )
    return json.loads(done.stdout.splitlines()[-1])


def test_each_dag_file_imports_within_two_seconds_of_cpu_beyond_airflow_itself(fresh_process):
    """The DAG processor pays this again and again."""
    assert {name: seconds for name, seconds in fresh_process["seconds"].items() if seconds >= 2} == {}


def test_no_dag_file_loads_anything_heavy(fresh_process):
    assert fresh_process["heavy"] == []


def test_screening_follows_every_night_by_a_setting(fresh_process):
    assert fresh_process["screening"] == ["PartitionedAssetTimetable", "lists/nightly"]


def test_mornings_of_the_nightly_keys_are_days_in_shanghai(bag):
    """02:00 in Shanghai is still yesterday in UTC: the key must be the day that the bank's people know."""
    from airflow.serialization.encoders import coerce_to_core_timetable
    from pendulum import datetime as instant

    timetable = coerce_to_core_timetable(bag.dags["nightly"].timetable)
    runs = timetable.iter_partition_dagrun_infos(earliest=instant(2026, 3, 6), latest=instant(2026, 3, 7, 12))
    assert [date.fromisoformat(run.partition_key) for run in runs] == [date(2026, 3, 6), date(2026, 3, 7)]
