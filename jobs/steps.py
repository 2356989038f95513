"""The steps of a night by name, and how one is run: session, ledger, step."""

from collections.abc import Callable, Sequence
from importlib import import_module
from time import perf_counter
from typing import TYPE_CHECKING

from conf.days import DayRange
from conf.errors import UsageError
from conf.settings import Settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

STEPS = {
    "nightly": (
        "ingest",
        "check_mart",
        "account_features",
        "card_features",
        "score",
        "risk_lists",
        "report",
    ),
    "screening": ("score", "risk_lists", "report"),
    "training": ("train", "gate"),
    "weekly": ("check_kept",),
}
WITHOUT_SPARK = ("train", "gate", "report", "risk_lists")
MAYBE_SPARK = (
    "ingest",
    "check_mart",
)  # ask for a session themselves: for a database, for a table of many rows
ALL_STEPS = tuple(dict.fromkeys(step for steps in STEPS.values() for step in steps))


def run_steps(
    steps: Sequence[str], settings: Settings, days: DayRange, flow: str, tell: Callable[[str], None]
) -> None:
    """Run `steps`, all for the same `days`, in one Spark application."""
    run_plan([(step, days) for step in steps], settings, flow, tell)


def run_plan(
    plan: Sequence[tuple[str, DayRange]], settings: Settings, flow: str, tell: Callable[[str], None]
) -> None:
    """Run steps, each for its own days, in one Spark application; `tell` gets a line per finished step.

    Each step publishes its own days and may be rerun at any time. Raises what a step raises; later steps
    are then not begun.
    """
    if unknown := [step for step, _ in plan if step not in ALL_STEPS]:
        raise UsageError(f"unknown steps {unknown}; known are {list(ALL_STEPS)}")
    from lake.runs import Run

    needed = any(step not in (*WITHOUT_SPARK, *MAYBE_SPARK) for step, _ in plan)
    spark = _session(settings, plan) if needed else None
    run = Run.start(spark, settings, flow)
    try:
        for step, days in plan:
            started = perf_counter()
            import_module(f"jobs.{step}").run(spark, settings, days, run)
            tell(f"{step} {days}: done in {perf_counter() - started:.1f} s")
    finally:
        if spark is not None:
            spark.stop()


def _session(settings: Settings, plan: Sequence[tuple[str, DayRange]]) -> "SparkSession":
    from conf.spark import spark_session

    name = "riskvane " + " ".join(f"{step} {days}" for step, days in plan)
    return spark_session(name, settings)
