"""The gate: makes each challenger the champion unless it ranks worse than the one that serves."""

from typing import TYPE_CHECKING

from conf.days import DayRange
from conf.scenarios import load_scenarios
from conf.settings import Settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from lake.runs import Run


def run(spark: "SparkSession | None", settings: Settings, days: DayRange, run: "Run") -> None:
    """Judge the challenger of every model of the settings' scenarios, and say what became of it.

    The registry keeps the verdict (aliases `champion` and `previous`, tag `gate`). A champion stays in service
    until a better one is promoted; that a challenger is worse is a result, not a failure.
    """
    from models.registry import gate

    names = dict.fromkeys(scenario.model for scenario in load_scenarios(settings))
    with run.stage("gate", days):
        for verdict in [gate(settings, name) for name in names]:
            outcome = "promoted" if verdict.promoted else "not promoted"
            print(f"model {verdict.model} version {verdict.version}: {outcome}, {verdict.reason}")
