"""Trains the models of the settings' scenarios on labels known by a morning; registers them as challengers."""

import json
import logging
from typing import TYPE_CHECKING

from conf.days import DayRange
from conf.errors import DataRefused
from conf.scenarios import load_scenarios
from conf.settings import Settings
from models.specs import MODEL_SPECS, ModelSpec

if TYPE_CHECKING:
    from datetime import date

    from pyspark.sql import SparkSession

    from lake.runs import Run

log = logging.getLogger(__name__)


def run(spark: "SparkSession", settings: Settings, days: DayRange, run: "Run") -> None:
    """Train each model with the last morning of `days` as cut-off; DataRefused names those that could not be."""
    from conf.spark import plan_for
    from lake.tables import has_few_rows

    names = dict.fromkeys(scenario.model for scenario in load_scenarios(settings))
    tables = {MODEL_SPECS[name].feature_table for name in names}
    plan_for(spark, settings, has_few_rows(settings, tables))
    problems = []
    with run.stage("train", days.last):
        for name in names:
            try:
                train_one(spark, settings, MODEL_SPECS[name], days.last)
            except DataRefused as refused:
                problems.append(str(refused))
        if problems:
            raise DataRefused(f"{len(problems)} of {len(names)} models were not trained", problems)


def train_one(spark: "SparkSession", settings: Settings, spec: ModelSpec, cutoff: "date") -> None:
    """One model: feature mornings x known labels, fit, compare with the champion, register."""
    from deltalake import DeltaTable
    from pyspark.sql import functions as F

    from lake.tables import read_table, table_path
    from models import registry, training_set
    from models.training import judge_bundle, train

    features = read_table(spark, settings, spec.feature_table).where(F.col("as_of") <= F.lit(cutoff))
    mornings = [row["as_of"] for row in features.select("as_of").distinct().collect()]
    split = training_set.choose_split(mornings, spec, cutoff)
    rows = training_set.labelled(features, read_table(spark, settings, "labels"), spec, cutoff)
    frame = training_set.training_frame(rows, spec, split)
    versions = {t: DeltaTable(str(table_path(settings, t))).version() for t in (spec.feature_table, "labels")}
    about = {"cutoff": str(cutoff), "data_version": json.dumps(versions, sort_keys=True)}
    bundle = train(frame, spec, split, about)
    champion = registry.load(settings, spec.name)
    registered = registry.register(settings, spec, bundle, judge_bundle(champion, frame) if champion else {})
    log.info("model %s: challenger version %s, %s", spec.name, registered.version, bundle.metrics)
