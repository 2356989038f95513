"""The kinds of task that the DAGs are made of."""

import subprocess
import sys
from collections import deque
from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.providers.standard.operators.python import PythonOperator

from conf.errors import DataRefused, RiskvaneError, UsageError
from conf.settings import load_settings
from conf.spark import write_properties
from dags.dates import DAY, as_of
from dags.failures import RefusalsAreFinal

SUBMIT = Path(__file__).parents[1] / "jobs" / "submit.py"
CONNECTION = "riskvane_spark"
# One slot on one machine: a Delta table on a local disk bears one writer process, and so does the memory.
POOL = "riskvane_writers"

SETTINGS = load_settings()
MACROS = {"as_of": as_of, "spark_properties": lambda: str(write_properties(load_settings()))}
TASK_DEFAULTS = {
    "owner": "riskvane",
    "retries": 2,  # safe: every step replaces its own day
    "retry_delay": timedelta(seconds=SETTINGS.airflow_retry_seconds),
    "retry_policy": RefusalsAreFinal(),
}


def spark_step(step: str, flow: str, options: tuple[str, ...] = (), **kwargs: Any) -> SparkSubmitOperator:
    """Task that submits one step for the morning of the run to the master of the Spark connection."""
    return SparkSubmitOperator(
        task_id=step,
        conn_id=CONNECTION,
        application=str(SUBMIT),
        application_args=[
            step, "--as-of", DAY, "--flow", flow, "--env", SETTINGS.environment, *options,
        ],
        name=f"riskvane {step} {DAY}",
        properties_file="{{ spark_properties() }}",
        pool=POOL,
        **kwargs,
    )  # fmt: skip


def plain_step(step: str, flow: str, **kwargs: Any) -> PythonOperator:
    """Task that runs one step without Spark, as `riskvane run` does it, in a process of its own.

    One that writes tables of the lake takes `pool=POOL` like those with Spark.
    """
    command = ["--env", SETTINGS.environment, "run", step, "--as-of", DAY, "--flow", flow]
    return PythonOperator(task_id=step, python_callable=run_riskvane, op_args=command, **kwargs)


def run_riskvane(*arguments: str) -> None:
    """Run `riskvane ARGUMENTS` and log what it says; an exit code of 2 or 3 becomes the error it stands for."""
    command = [sys.executable, "-m", "jobs.cli", *arguments]
    last_lines: deque[str] = deque(maxlen=20)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            for line in process.stdout or ():
                print(line, end="", flush=True)
                last_lines.append(line.rstrip())
        except BaseException:
            process.terminate()  # the task was stopped: its step must not go on alone
            raise
    if process.returncode:
        said = [line for line in last_lines if line.startswith("riskvane ")] or list(last_lines)[-1:]
        error = {2: UsageError, 3: DataRefused}.get(process.returncode, RiskvaneError)
        raise error(said[-1] if said else f"{' '.join(arguments)}: exit code {process.returncode}")
