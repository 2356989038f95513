"""Scores of a flow's scenarios for each morning; replaces the rows of these scenarios on these mornings."""

from datetime import date
from functools import reduce
from typing import TYPE_CHECKING

from conf.days import DayRange
from conf.errors import DataRefused
from conf.scenarios import Scenario, load_scenarios
from conf.settings import Settings

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from lake.runs import Run
    from models.bundle import Bundle

TAGS = ("account", "customer", "phone", "owner")  # what a number of an imported list may be
KEYS = {"account": ("accounts", "account_id", "customer_type"), "card": ("cards", "card_id", "card_kind")}


def run(spark: "SparkSession", settings: Settings, days: DayRange, run: "Run") -> None:
    """Resolve each champion once, then score every morning of the flow's scenarios."""
    from lake.publish import publish

    scenarios = [s for s in load_scenarios(settings) if s.flow == run.flow]
    models = {name: champion(settings, name) for name in dict.fromkeys(s.model for s in scenarios)}
    for day in days:
        with run.stage("score", day) as stage:
            for subject in dict.fromkeys(s.subject for s in scenarios):
                asked = [s for s in scenarios if s.subject == subject]
                frames = [scores(spark, settings, s, models[s.model], day, run.run_id) for s in asked]
                table, only = f"{subject}_scores", {"scenario": tuple(s.name for s in asked)}
                together = reduce(lambda a, b: a.unionByName(b), frames)
                one_day = DayRange.one(day)
                stage.published(table, publish(together, settings, table, one_day, run, only))


def champion(settings: Settings, name: str) -> "Bundle":
    """The serving model; DataRefused says how to get one."""
    from models.registry import load

    if (model := load(settings, name)) is None:
        raise DataRefused(
            f"model {name} has no champion; run `riskvane night --as-of D --flow training` for a day with labels"
        )
    return model


def scores(
    spark: "SparkSession", settings: Settings, scenario: Scenario, model: "Bundle", day: date, run_id: str
) -> "DataFrame":
    """One row per subject of the scenario's population: the columns of the decisions table."""
    from pyspark.sql import functions as F

    from lake.tables import read_day, read_dimension, read_table
    from models.population import population
    from models.scoring import score

    table, key, kind = KEYS[scenario.subject]
    features = read_day(spark, settings, f"{scenario.subject}_features", day)
    subjects = read_dimension(spark, settings, table, day).withColumnsRenamed(
        {key: "subject_id", kind: "customer_type"}
    )
    if "branch_id" not in subjects.columns:
        subjects = subjects.withColumn("branch_id", F.lit(None).cast("string"))
    labels = read_table(spark, settings, "labels")
    asked = population(subjects, labels, scenario, day, asked_for(spark, settings))
    wanted = features.join(asked.select("subject_id"), "subject_id", "left_semi")
    scored = score(wanted, model, ("subject_id",))
    return asked.join(scored, "subject_id").withColumn("run_id", F.lit(run_id))


def asked_for(spark: "SparkSession", settings: Settings) -> "DataFrame | None":
    """The pseudonyms that an imported list may mean; None when everybody is scored."""
    from privacy.keys import KeyRing
    from privacy.pseudonyms import pseudonyms_of_file

    if settings.only_subjects is None:
        return None
    names = pseudonyms_of_file(KeyRing.load(settings.keys), settings.only_subjects, TAGS)
    return spark.createDataFrame([(name,) for name in names], "name string")
