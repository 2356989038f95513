"""One DAG in real Airflow without services; a script stands in for spark-submit, so that each outcome is known."""

import json
import os
import re
import subprocess
import sys
import time as clock
from datetime import date, time
from pathlib import Path

import pytest
import yaml

from conf.errors import RiskvaneError
from conf.settings import load_settings
from jobs.airflow import airflow_environment, only_one, run_dag, stop_group
from tests.dags.conftest import ROOT

MORNING = date(2026, 3, 6)
# check_mart fails once and then works; account_features refuses its data.
STAND_IN = """#!/bin/bash
echo "$@" >> {folder}/calls
case "$*" in
  *" check_mart "*) [ -e {folder}/once ] || {{ touch {folder}/once; echo "JOB FAILED check_mart: hiccup"; exit 1; }};;
  *" account_features "*) echo "JOB FAILED account_features 2026-03-06: amount: below 0"; exit 3;;
esac
"""


@pytest.fixture
def with_stand_in(settings, tmp_path, monkeypatch):
    """Settings with one landed file, and a spark-submit (under its other allowed name) that does as told above."""
    script = tmp_path / "bin" / "spark3-submit"
    script.parent.mkdir()
    script.write_text(STAND_IN.format(folder=tmp_path))
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}:{os.environ['PATH']}")
    connection = {"conn_type": "spark", "host": "local[1]", "extra": {"spark-binary": script.name}}
    monkeypatch.setenv("AIRFLOW_CONN_RISKVANE_SPARK", json.dumps(connection))
    feed = {"name": "f", "table": "transactions", "format": "csv", "path": "{day}.csv", "columns": {"a": "a"}}
    mapping = tmp_path / "bank.yaml"
    mapping.write_text(yaml.safe_dump({"title": "Bank", "timezone": "Asia/Shanghai", "feeds": [feed]}))
    settings.landing.mkdir()
    (settings.landing / "2026-03-06.csv").touch()
    return settings.with_(sources=(str(mapping),))


@pytest.mark.airflow
@pytest.mark.slow
def test_a_hiccup_is_retried_a_refusal_ends_the_run_with_3_and_a_sentence(with_stand_in, tmp_path, capfd):
    assert run_dag("nightly", MORNING, with_stand_in) == 3
    said = capfd.readouterr().out.splitlines()
    ends = [re.sub(r" +\d+\.\d s$", "", line).split(maxsplit=1) for line in said if line.endswith(" s")]
    assert [end for end in ends if end[0] != "card_features"] == [  # it may run before or after its sibling
        ["landed", "done"],
        ["ingest", "done"],
        ["check_mart", "will retry"],
        ["check_mart", "done"],
        ["account_features", "FAILED"],
    ]
    assert "nightly 2026-03-06 failed: account_features: account_features 2026-03-06: amount: below 0" in said
    calls = (tmp_path / "calls").read_text().splitlines()
    first = f"{ROOT}/jobs/submit.py ingest --as-of 2026-03-06 --flow nightly --env test"
    assert calls[0].endswith(first)
    assert calls[0].startswith("--master local[1] --properties-file ")
    assert sum(" account_features " in call for call in calls) == 1


def test_another_process_loads_equal_settings_from_the_environment(settings, monkeypatch):
    changed = settings.with_(
        sources=(),
        scenarios=("a", "b"),
        truth=None,
        cutoff=time(3, 30),
        language="en",
        spark_startup_archive=False,
    )
    for name, value in airflow_environment(changed).items():
        if name.startswith("RISKVANE_"):
            monkeypatch.setenv(name, value)
    assert load_settings() == changed


@pytest.mark.parametrize(
    ("master", "address"),
    [
        ("local[*]", {"host": "local[*]"}),
        ("spark://10.0.0.1:7077", {"host": "spark://10.0.0.1", "port": 7077}),
        ("yarn", {"host": "yarn"}),
        ("k8s://https://cluster:6443", {"host": "k8s://https://cluster:6443"}),
    ],
)
def test_the_spark_connection_is_the_master_of_the_settings(settings, monkeypatch, master, address):
    monkeypatch.delenv("AIRFLOW_CONN_RISKVANE_SPARK", raising=False)
    connection = json.loads(
        airflow_environment(settings.with_(spark_master=master))["AIRFLOW_CONN_RISKVANE_SPARK"]
    )
    assert connection == {"conn_type": "spark", **address}


def test_a_second_user_of_the_same_airflow_is_told_who_has_it(settings):
    with (
        only_one(settings, "the services of Airflow"),
        pytest.raises(RiskvaneError, match=r"found the services of Airflow \(process \d+\)"),
        only_one(settings, "the run of nightly for 2026-03-06"),
    ):
        pass
    with only_one(settings, "a later run"):
        pass  # the holder let go


def test_stopping_a_process_ends_what_it_has_started(tmp_path):
    """As Spark's JVM and its driver below a task: none may go on writing."""
    code = "import subprocess, sys, time; print(subprocess.Popen(['sleep', '60']).pid, flush=True); time.sleep(60)"
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    child = int(process.stdout.readline())
    stop_group(process)
    assert process.poll() is not None
    for _ in range(100):
        if not Path(f"/proc/{child}").exists() or "Z" in Path(f"/proc/{child}/stat").read_text().split()[2]:
            return
        clock.sleep(0.05)
    pytest.fail("the child of the stopped process is still there")
