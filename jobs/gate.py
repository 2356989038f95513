"""The gate: makes each challenger the champion unless it ranks worse than the one that serves."""

from typing import TYPE_CHECKING

from conf.days import DayRange
from conf.errors import DataRefused
from conf.scenarios import load_scenarios
from conf.settings import Settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from lake.runs import Run


def run(spark: "SparkSession | None", settings: Settings, days: DayRange, run: "Run") -> None:
    """Judge every model of the settings' scenarios; DataRefused names the challengers that were turned away.

    The registry keeps the verdict (aliases `champion` and `previous`); a champion stays in service until a
    better one is promoted.
    """
    from models.registry import gate

    names = dict.fromkeys(scenario.model for scenario in load_scenarios(settings))
    with run.stage("gate", days):
        verdicts = [gate(settings, name) for name in names]
        for verdict in verdicts:
            outcome = "promoted" if verdict.promoted else "not promoted"
            print(f"model {verdict.model} version {verdict.version}: {outcome}, {verdict.reason}")
        if refused := [v for v in verdicts if v.refused]:
            raise DataRefused(
                "the gate refused", [f"model {v.model} version {v.version}: {v.reason}" for v in refused]
            )
