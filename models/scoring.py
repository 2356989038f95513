"""Scores 0-100 for feature rows, on the executors."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from conf.errors import RiskvaneError
from models.bundle import Bundle

if TYPE_CHECKING:
    import pandas as pd
    from pyspark.sql import DataFrame


def score(features: "DataFrame", model: Bundle, keys: Sequence[str] = ("as_of", "subject_id")) -> "DataFrame":
    """`keys` of each row plus `risk_score` (0-100, two decimals), `model_name`, `model_version`.

    Columns are matched by the names the model was trained on, never by position. Null is a value like any
    other to the model (unknown). Raises RiskvaneError when features are missing.
    """
    from pyspark.sql import functions as F

    names = list(model.features)
    if missing := sorted(set(names) - set(features.columns)):
        raise RiskvaneError(
            f"model {model.name} version {model.version} needs the features {missing}, found none of them;"
            f" compute the features again with this version of the indicators, or train a new model"
        )
    text = features.sparkSession.sparkContext.broadcast(model.booster_text)
    calibrator, kept = model.calibrator, list(keys)

    def score_batches(batches: "Iterator[pd.DataFrame]") -> "Iterator[pd.DataFrame]":
        import lightgbm as lgb
        import numpy as np

        booster = lgb.Booster(model_str=text.value)
        for batch in batches:
            # Spark already runs one task per core; more threads here would fight over the cores.
            raw = np.asarray(booster.predict(batch[names], num_threads=1))
            yield batch[kept].assign(risk_score=(100 * calibrator.apply(raw)).round(2))

    rows = features.select(*kept, *[F.col(name).cast("double").alias(name) for name in names])
    schema = features.select(*kept).schema.add("risk_score", "double")
    scored = rows.mapInPandas(score_batches, schema)
    return scored.withColumns({"model_name": F.lit(model.name), "model_version": F.lit(model.version)})
