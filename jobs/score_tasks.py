"""Scoring as tasks of Spark: one per scenario and file of features, each in memory, with the model broadcast."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from conf.scenarios import Scenario
from conf.settings import Settings

if TYPE_CHECKING:
    import polars as pl
    from pyspark import Broadcast
    from pyspark.sql import SparkSession

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
