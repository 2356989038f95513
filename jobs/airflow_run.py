"""One DAG run for one morning in this process; started by `jobs.airflow.run_dag` with Airflow's environment set.

The terminal gets a line per finished task; everything else, Spark's output included, goes to the log file.
"""

import os
import signal
import sys
from datetime import UTC, date, datetime, time
from pathlib import Path
from threading import Thread
from time import perf_counter, sleep
from typing import Any, TextIO

from airflow.dag_processing.dagbag import DagBag
from airflow.listeners import hookimpl
from airflow.sdk import DagRunState, TaskInstanceState
from airflow.sdk.listener import get_listener_manager

from conf.errors import UsageError
from conf.failures import exit_code, sentence
from conf.settings import load_settings

SPARK_SHUTDOWN_SECONDS = 3
DAGS = Path(__file__).parents[1] / "dags"


class Progress:
    """Airflow listener: a line per finished task, and the error of the last one that failed."""

    def __init__(self, terminal: TextIO) -> None:
        self.terminal = terminal
        self.began = perf_counter()
        self.failure: tuple[str, Any] | None = None

    @hookimpl
    def on_task_instance_running(self, task_instance: Any) -> None:
        """A task begins."""
        self.began = perf_counter()

    @hookimpl
    def on_task_instance_success(self, task_instance: Any) -> None:
        """A task is done."""
        self._tell(task_instance, "done")

    @hookimpl
    def on_task_instance_skipped(self, task_instance: Any) -> None:
        """A task skipped itself."""
        self._tell(task_instance, "skipped")

    @hookimpl
    def on_task_instance_failed(self, task_instance: Any, error: Any) -> None:
        """A task failed, for good or until its next try."""
        self.failure = (task_instance.task_id, error)
        again = task_instance.state == TaskInstanceState.UP_FOR_RETRY
        self._tell(task_instance, "will retry" if again else "FAILED")

    def _tell(self, task_instance: Any, what: str) -> None:
        took = perf_counter() - self.began
        self.terminal.write(f"  {task_instance.task_id:<18} {what:<10} {took:6.1f} s\n")

    def verdict(self) -> tuple[int, str]:
        """Exit code and one sentence for a run that did not succeed."""
        if self.failure is None:
            return 1, "no task failed, but the run did not succeed; see the log"
        task_id, error = self.failure
        return exit_code(error), f"{task_id}: {sentence(error)}"


def run_here(dag_id: str, as_of: date, terminal: TextIO) -> int:
    """Run the DAG's tasks one after the other; returns 0, or the exit code of what failed."""
    bag = DagBag(DAGS, bundle_path=DAGS.parent)
    if dag_id not in bag.dags:
        terminal.write(f"no DAG {dag_id!r}; found {sorted(bag.dags)}, import errors {bag.import_errors}\n")
        return UsageError.exit_code
    progress = Progress(terminal)
    get_listener_manager().add_listener(progress)
    # One logical date per morning: a rerun replaces its run, another morning keeps its own.
    morning = datetime.combine(as_of, time(), UTC)
    run = bag.dags[dag_id].test(run_conf={"as_of": as_of.isoformat()}, logical_date=morning)
    if run.state == DagRunState.SUCCESS:
        return 0
    code, reason = progress.verdict()
    terminal.write(f"{dag_id} {as_of} failed: {reason}\n")
    return code


def end_with_caller() -> None:
    """End this process and all it has started when the caller closes our standard input, as it does by dying.

    A thread and no signal handler: Airflow takes SIGTERM for the end of one try and would begin the next.
    """

    def watch() -> None:
        while os.read(0, 1):
            continue
        os.killpg(os.getpgrp(), signal.SIGTERM)
        sleep(SPARK_SHUTDOWN_SECONDS)
        os.killpg(os.getpgrp(), signal.SIGKILL)

    Thread(target=watch, daemon=True).start()


def main(dag_id: str, day: str) -> int:
    """Send output to the log file of this run, then run."""
    end_with_caller()
    log_file = load_settings().airflow_home / "logs" / f"{dag_id}-{day}.log"
    log_file.parent.mkdir(parents=True, exist_ok=True)
    terminal = os.fdopen(os.dup(1), "w", buffering=1)
    with log_file.open("wb") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    code = run_here(dag_id, date.fromisoformat(day), terminal)
    if code:
        terminal.write(f"  log: {log_file}\n")
    return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
