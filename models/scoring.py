"""Scores 0-100 for feature rows."""

from typing import TYPE_CHECKING

from conf.errors import RiskvaneError
from models.bundle import Bundle

if TYPE_CHECKING:
    import numpy as np
    import polars as pl


def score(features: "pl.DataFrame", model: Bundle) -> "pl.DataFrame":
    """`subject_id` of each row plus `risk_score` (0-100, two decimals), `model_name`, `model_version`.

    Columns are matched by the names the model was trained on, never by position. Null is a value like any
    other to the model (unknown). Raises RiskvaneError when features are missing.
    """
    import numpy as np
    import polars as pl

    raw = np.asarray(model.booster.predict(inputs(features, model)))
    return features.select(
        "subject_id",
        risk_score=pl.Series((100 * model.calibrator.apply(raw)).round(2)),
        model_name=pl.lit(model.name),
        model_version=pl.lit(model.version),
    )


def inputs(features: "pl.DataFrame", model: Bundle) -> "np.ndarray":
    """What the model sees of each row: its features as doubles in its order, NaN where unknown.

    Raises RiskvaneError when features are missing.
    """
    import polars as pl

    if missing := sorted(set(model.features) - set(features.columns)):
        raise RiskvaneError(
            f"model {model.name} version {model.version} needs the features {missing}, found none of them;"
            f" compute the features again with this version of the indicators, or train a new model"
        )
    return features.select(pl.col(name).cast(pl.Float64) for name in model.features).to_numpy()
