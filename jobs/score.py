"""Scores of a flow's scenarios for each morning; replaces the rows of these scenarios on these mornings."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from conf.days import DayRange
from conf.errors import DataRefused
from conf.scenarios import Scenario, load_scenarios
from conf.settings import Settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from lake.runs import Run
    from models.bundle import Bundle


def run(spark: "SparkSession", settings: Settings, days: DayRange, run: "Run") -> None:
    """Resolve each champion once, then score every morning of the flow's scenarios."""
    from jobs.score_tasks import scored, tasks
    from lake.publish_batches import publish_files

    scenarios = [s for s in load_scenarios(settings) if s.flow == run.flow]
    models = {name: champion(settings, name) for name in dict.fromkeys(s.model for s in scenarios)}
    told = spark.sparkContext.broadcast(models)
    for day in days:
        with run.stage("score", day) as stage:
            for subject in dict.fromkeys(s.subject for s in scenarios):
                asked = [s for s in scenarios if s.subject == subject]

                def write(folder: Path, asked: Sequence[Scenario] = asked, day: date = day) -> list[Path]:
                    return scored(spark, tasks(settings, asked, day, run.run_id, folder), told)

                table, only = f"{subject}_scores", {"scenario": tuple(s.name for s in asked)}
                one_day = DayRange.one(day)
                stage.published(table, publish_files(write, settings, table, one_day, run, only))


def champion(settings: Settings, name: str) -> "Bundle":
    """The serving model; DataRefused says how to get one."""
    from models.registry import load

    if (model := load(settings, name)) is None:
        raise DataRefused(
            f"model {name} has no champion; run `riskvane night --as-of D --flow training` for a day with labels"
        )
    return model
