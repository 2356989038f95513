"""Training, calibration, metrics: deterministic, monotone, and as good as the data allow."""

import json
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conf.errors import RiskvaneError
from models.bundle import Bundle
from models.calibration import fit_calibrator
from models.metrics import evaluate
from models.training import judge_bundle, train
from models.training_set import Split

SPLIT = Split(date(2026, 2, 1), date(2026, 2, 8), date(2026, 2, 8))


def test_equal_rows_give_equal_text(rows, spec, bundle):
    again = train(rows.copy(), spec, SPLIT, {"cutoff": "2026-02-20"})
    assert (again.booster_text, again.calibrator, again.normals) == (
        bundle.booster_text, bundle.calibrator, bundle.normals,
    )  # fmt: skip
    assert bundle.metrics["auc"] > 0.75


def test_a_bundle_survives_its_text_and_a_changed_booster_is_refused(bundle):
    back = Bundle.from_text(bundle.booster_text, bundle.to_json(), "1")
    assert back.to_json() == bundle.to_json()
    assert "booster_text" not in json.loads(bundle.to_json())
    with pytest.raises(RiskvaneError, match="wanted SHA-256"):
        Bundle.from_text(bundle.booster_text + " ", bundle.to_json(), "1")


@pytest.mark.parametrize("positives", [5, 60, 900])  # 900: isotonic, fewer: Platt
def test_calibration_never_decreases_and_meets_the_share_of_positives(positives):
    rng = np.random.default_rng(positives)
    label = np.repeat([1, 0], [positives, 3000])
    raw = np.clip(rng.normal(0.2 + 0.2 * label, 0.1), 0, 1)
    weight = np.where(label == 1, 1.0, 4.0)
    calibrator = fit_calibrator(raw, label, weight)
    assert calibrator.kind == ("isotonic" if positives >= 500 else "platt")
    grid = calibrator.apply(np.linspace(0, 1, 200))
    assert (np.diff(grid) >= 0).all()
    assert 0 <= grid.min() <= grid.max() <= 1
    mean = np.average(calibrator.apply(raw), weights=weight)
    assert mean == pytest.approx(np.average(label, weights=weight), rel=0.25)


def test_the_serving_model_is_judged_on_the_same_rows_and_not_without_its_features(rows, bundle):
    assert judge_bundle(bundle, rows)["average_precision"] == bundle.metrics["average_precision"]
    assert judge_bundle(bundle, rows.drop(columns="in_count_7d")) == {}


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=2, max_size=60))
def test_precision_among_the_first_is_that_of_a_plain_sort(drawn):
    probability, label = np.array([p for p, _ in drawn]), np.array([int(y) for _, y in drawn])
    found = evaluate(probability, label, np.ones(len(drawn)), np.array(["d"] * len(drawn)))
    if len(set(label)) < 2:
        assert found == {}
        return
    best = sorted(range(len(drawn)), key=lambda n: (-probability[n], n))[:20]
    assert found["precision_at_20"] == pytest.approx(sum(label[n] for n in best) / len(best))
