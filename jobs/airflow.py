"""Airflow on this machine: its environment, its set-up, and a DAG run for one morning without any service.

`python -m jobs.airflow set-up` makes the database and the pool. `run_dag` (the command `riskvane airflow`) starts
`jobs.airflow_run`, one process in which the tasks run one after the other. The services: `jobs.services`.
"""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from conf.errors import RiskvaneError
from conf.settings import PREFIX, Settings, load_settings
from conf.spark import write_properties

DAGS = Path(__file__).parents[1] / "dags"
HOST, PORT = "127.0.0.1", 8080
PATIENCE_SECONDS = 30  # how long a stopped process may take to end by itself


def run_dag(dag_id: str, as_of: date, settings: Settings) -> int:
    """Run one DAG for one morning as real Airflow tasks, in a process of their own.

    Prints a line per finished task; the full log goes to `<airflow_home>/logs/<dag>-<as_of>.log`. Returns 0 on
    success, 3 when a task refused data, 2 for a wrong call or setting, else 1. RiskvaneError when Airflow's
    services or another run hold this Airflow home. Ctrl-C or SIGTERM ends the tasks with the call.
    """
    with only_one(settings, f"the run of {dag_id} for {as_of}"):
        environment = airflow_environment(settings)
        if not (settings.airflow_home / "airflow.db").is_file():
            migrate(settings)
        write_properties(settings)
        command = [sys.executable, "-m", "jobs.airflow_run", dag_id, as_of.isoformat()]
        # A session of its own: Spark's processes end with it, whatever ends it.
        process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, start_new_session=True)
        with sigterm_as_exit():
            try:
                return process.wait()
            finally:
                if process.stdin is not None:
                    process.stdin.close()  # it ends with everything it has started
                _wait(process)


def set_up(settings: Settings) -> None:
    """Make or upgrade Airflow's database and the pool of writers; may be called again at any time."""
    migrate(settings)
    about = "one Spark application at a time: a Delta table on a local disk bears one writer process"
    _airflow(settings, "pools", "set", "riskvane_writers", "1", about)


def migrate(settings: Settings) -> None:
    """Make or upgrade the database alone: enough for `run_dag`, where tasks run one after the other anyway."""
    settings.airflow_home.mkdir(parents=True, exist_ok=True)
    _airflow(settings, "db", "migrate")


def _airflow(settings: Settings, *call: str) -> None:
    command = [sys.executable, "-m", "airflow", *call]
    done = subprocess.run(
        command, env=airflow_environment(settings), capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = (done.stdout + done.stderr)[-2000:]
        raise RiskvaneError(f"airflow {' '.join(call[:2])} failed with {done.returncode}:\n{said}")


def airflow_environment(settings: Settings) -> dict[str, str]:
    """The variables under which Airflow, its tasks and their spark-submits see just these settings."""
    binaries = Path(sys.executable).parent
    default_spark = json.dumps({"conn_type": "spark", **_spark_address(settings.spark_master)})
    return {
        **os.environ,
        **_settings_variables(settings),
        "PATH": f"{binaries}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
        "SPARK_LOCAL_IP": os.environ.get("SPARK_LOCAL_IP", HOST),
        "GX_ANALYTICS_ENABLED": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "AIRFLOW_CONN_RISKVANE_SPARK": os.environ.get("AIRFLOW_CONN_RISKVANE_SPARK", default_spark),
        "AIRFLOW_HOME": str(settings.airflow_home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://{HOST}:{PORT}/execution/",
        "AIRFLOW__API__BASE_URL": f"http://{HOST}:{PORT}",
        "AIRFLOW__API__HOST": HOST,
        "AIRFLOW__API__PORT": str(PORT),
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(settings.airflow_home / "logs"),
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    }


def _spark_address(master: str) -> dict[str, Any]:
    """Host and port of a Spark connection: spark://host:7077 has a port, local[*], yarn and k8s://... have none."""
    if found := re.fullmatch(r"(spark://.+):(\d+)", master):
        return {"host": found[1], "port": int(found[2])}
    return {"host": master}


def _settings_variables(settings: Settings) -> dict[str, str]:
    """`RISKVANE_` variables by which another process loads equal settings, `with_` changes included."""
    variables = {"RISKVANE_ENV": settings.environment, "RISKVANE_HOME": str(settings.home)}
    usual = load_settings(settings.environment, settings.home)
    for name in (field.name for field in fields(Settings)):
        value = getattr(settings, name)
        if value != getattr(usual, name):
            plain = list(value) if isinstance(value, tuple) else value
            variables[PREFIX + name.upper()] = json.dumps(plain, default=str)  # settings are read as YAML
    return variables


@contextmanager
def only_one(settings: Settings, what: str) -> Iterator[None]:
    """Hold this Airflow home for `what`; RiskvaneError names who holds it already.

    Services and an embedded run must not meet: the scheduler would start the tasks of the other a second time.
    """
    settings.airflow_home.mkdir(parents=True, exist_ok=True)
    holder = settings.airflow_home / "riskvane.holder"
    lock = FileLock(settings.airflow_home / "riskvane.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        held_by = holder.read_text() if holder.is_file() else "another process"
        raise RiskvaneError(
            f"{what} needs the Airflow of {settings.airflow_home} for itself, found {held_by}; "
            "wait for it, stop it, or trigger the DAG in its page"
        ) from None
    try:
        holder.write_text(f"{what} (process {os.getpid()})")
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


@contextmanager
def sigterm_as_exit() -> Iterator[None]:
    """Let SIGTERM leave by way of the `finally` blocks."""

    def leave(number: int, _frame: object) -> None:
        sys.exit(128 + number)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def stop_group(process: subprocess.Popen) -> None:
    """End a process that leads its own session, and everything it has started; kill what does not end."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
    _wait(process)


def _wait(process: subprocess.Popen) -> None:
    try:
        process.wait(PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


if __name__ == "__main__":
    if sys.argv[1:] != ["set-up"]:
        sys.exit("usage: python -m jobs.airflow set-up")
    set_up(load_settings())
