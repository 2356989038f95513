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


def run(spark: "SparkSession | None", settings: Settings, days: DayRange, run: "Run") -> None:
    """Train each model with the last morning of `days` as cut-off; DataRefused names those that could not be."""
    names = dict.fromkeys(scenario.model for scenario in load_scenarios(settings))
    problems = []
    with run.stage("train", days.last):
        for name in names:
            try:
                train_one(settings, MODEL_SPECS[name], days.last)
            except DataRefused as refused:
                problems.append(str(refused))
        if problems:
            raise DataRefused(f"{len(problems)} of {len(names)} models were not trained", problems)


def train_one(settings: Settings, spec: ModelSpec, cutoff: "date") -> None:
    """One model: feature mornings x known labels, fit, compare with the champion, register."""
    from jobs.loaders import training_set_of
    from models import registry
    from models.training import judge_bundle, train

    rows = training_set_of(settings, spec, cutoff)
    about = {"cutoff": str(cutoff), "data_version": json.dumps(dict(rows.versions), sort_keys=True)}
    bundle = train(rows.frame, spec, rows.split, about)
    champion = registry.load(settings, spec.name)
    judged = judge_bundle(champion, rows.frame) if champion else {}
    registered = registry.register(settings, spec, bundle, judged)
    log.info("model %s: challenger version %s, %s", spec.name, registered.version, bundle.metrics)
