"""Scores of a flow's scenarios for each morning; replaces the rows of these scenarios on these mornings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from conf.days import DayRange
from conf.errors import DataRefused
from conf.scenarios import Scenario, load_scenarios
from conf.settings import Settings

if TYPE_CHECKING:
    import polars as pl
    from pyspark import Broadcast
    from pyspark.sql import SparkSession

    from lake.runs import Run
    from models.bundle import Bundle

TAGS = ("account", "customer", "phone", "owner")  # what a number of an imported list may be
KEYS = {"account": ("accounts", "account_id", "customer_type"), "card": ("cards", "card_id", "card_kind")}


@dataclass(frozen=True)
class Task:
    """One file of features and the people whose scores are asked for."""

    features: str
    table: str
    people: str  # a file: one row per asked subject
    model: str
    timezone: str


def run(spark: "SparkSession", settings: Settings, days: DayRange, run: "Run") -> None:
    """Resolve each champion once, then score every morning of the flow's scenarios."""
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


def tasks(
    settings: Settings, scenarios: Sequence[Scenario], day: date, run_id: str, folder: Path
) -> list[Task]:
    """One task per scenario and file of the morning's features; who is asked for is written beside."""
    import polars as pl

    from lake.rows import files_of, scan_rows
    from models.population import population

    labels = scan_rows(files_of(settings, "labels", {}), "labels", settings.timezone).collect()
    only, found = asked_for(settings), []
    for scenario in scenarios:
        people = population(subjects(settings, scenario.subject, day), labels, scenario, day, only)
        file = folder / f"{scenario.name}.parquet"
        people.with_columns(run_id=pl.lit(run_id)).write_parquet(file)
        table = f"{scenario.subject}_features"
        for features in files_of(settings, table, {"as_of": (day, day)}):
            found.append(Task(features, table, str(file), scenario.model, settings.timezone))
    return found


def subjects(settings: Settings, subject: str, day: date) -> "pl.DataFrame":
    """All accounts or cards as they were known on the morning, in the words of `models.population`."""
    import polars as pl

    from lake.rows import dimension_rows

    table, key, kind = KEYS[subject]
    rows = dimension_rows(settings, table, day).rename({key: "subject_id", kind: "customer_type"})
    return rows if "branch_id" in rows.columns else rows.with_columns(branch_id=pl.lit(None, pl.String))


def scored(
    spark: "SparkSession", tasks: Sequence[Task], models: "Broadcast[dict[str, Bundle]]"
) -> list[Path]:
    """Let Spark's tasks score; returns the files that they wrote."""
    if not tasks:
        return []
    done = spark.sparkContext.parallelize(tasks, len(tasks)).map(lambda task: _score(task, models.value))
    return [Path(file) for file in done.collect()]


def _score(task: Task, models: "Mapping[str, Bundle]") -> str:
    """Score the asked subjects of one file of features; a task that Spark tries again writes a file of its own."""
    import uuid

    import polars as pl

    from lake.rows import scan_rows
    from models.scoring import score

    people = pl.read_parquet(task.people)
    features = scan_rows([task.features], task.table, task.timezone)
    wanted = features.join(people.lazy(), on="subject_id", how="semi").collect()
    file = f"{task.people}-{uuid.uuid4().hex[:8]}"
    people.join(score(wanted, models[task.model]), on="subject_id").write_parquet(file)
    return file


def asked_for(settings: Settings) -> set[str] | None:
    """The pseudonyms that an imported list may mean; None when everybody is scored."""
    from privacy.keys import KeyRing
    from privacy.pseudonyms import pseudonyms_of_file

    if settings.only_subjects is None:
        return None
    return set(pseudonyms_of_file(KeyRing.load(settings.keys), settings.only_subjects, TAGS))
