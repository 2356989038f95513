"""Fit, calibrate and judge one model on the driver."""

from typing import TYPE_CHECKING, Any

from models.bundle import Bundle
from models.calibration import fit_calibrator
from models.metrics import evaluate
from models.specs import ModelSpec
from models.training_set import TRAIN, VALID, Split

if TYPE_CHECKING:
    import pandas as pd


def train(rows: "pd.DataFrame", spec: ModelSpec, split: Split, about: dict[str, Any]) -> Bundle:
    """Train on the `train` rows, stop and calibrate on the `valid` rows; equal rows give equal text.

    `rows` is what `training_frame` returns. The metrics are those of the calibrated model on `valid`, whose
    subjects and mornings the booster has not seen; the calibrator has, which `brier` flatters a little.
    """
    import lightgbm as lgb
    import numpy as np

    names = list(spec.features)
    seen, unseen = rows[rows.part == TRAIN], rows[rows.part == VALID]
    data = lgb.Dataset(seen[names], seen.label, weight=seen.weight, free_raw_data=False)
    valid = lgb.Dataset(unseen[names], unseen.label, weight=unseen.weight, reference=data)
    booster = lgb.train(
        dict(spec.params),
        data,
        num_boost_round=spec.max_rounds,
        valid_sets=[valid],
        callbacks=[lgb.early_stopping(spec.patience, verbose=False)],
    )
    text = booster.model_to_string(num_iteration=booster.best_iteration)
    raw = np.asarray(booster.predict(unseen[names], num_iteration=booster.best_iteration))
    calibrator = fit_calibrator(raw, unseen.label.to_numpy(), unseen.weight.to_numpy())
    metrics = judge(calibrator.apply(raw), unseen)
    metrics |= {"rounds": float(booster.best_iteration), "train_positives": float(seen.label.sum())}
    return Bundle(
        name=spec.name,
        booster_text=text,
        features=spec.features,
        calibrator=calibrator,
        normals=_normals(seen, names),
        about=about | _about(spec, split, rows),
        metrics=metrics,
    )


def judge(probability: Any, rows: "pd.DataFrame") -> dict[str, float]:
    """Metrics of `probability` on labelled rows."""
    label, weight = rows.label.to_numpy(), rows.weight.to_numpy()
    return evaluate(probability, label, weight, rows.as_of.astype(str).to_numpy())


def judge_bundle(bundle: Bundle, rows: "pd.DataFrame") -> dict[str, float]:
    """Metrics of a model that exists already, on the `valid` rows of another's training; for the gate.

    Empty when the rows lack a feature of that model: then the two cannot be compared.
    """
    unseen = rows[rows.part == VALID]
    if set(bundle.features) - set(rows.columns):
        return {}
    import numpy as np

    raw = np.asarray(bundle.booster.predict(unseen[list(bundle.features)]))
    return judge(bundle.calibrator.apply(raw), unseen)


def _normals(seen: "pd.DataFrame", names: list[str]) -> dict[str, float | None]:
    """What is normal: the median over the subjects that are not confirmed; null where nobody has a value."""
    medians = seen.loc[seen.label == 0, names].median()
    return {name: None if medians.isna()[name] else float(medians[name]) for name in names}


def _about(spec: ModelSpec, split: Split, rows: "pd.DataFrame") -> dict[str, Any]:
    return {
        "populations": spec.populations,
        "label_rule": spec.label.kind,
        "label_delay_days": spec.label.delay_days,
        "horizon_days": spec.label.horizon_days,
        "train_before": str(split.cut),
        "valid_from": str(split.valid_from),
        "valid_to": str(split.last),
        "rows": {part: int((rows.part == part).sum()) for part in (TRAIN, VALID)},
        "positives": {part: int(rows[rows.part == part].label.sum()) for part in (TRAIN, VALID)},
    }
