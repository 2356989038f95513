"""Scores and reasons are what LightGBM gives, whatever the frame looks like."""

import numpy as np
import polars as pl
import pytest

from conf.errors import RiskvaneError
from models.reasons import MOST_REASONS, told
from models.scoring import score


@pytest.fixture(scope="module")
def sample(rows):
    return rows.iloc[:40]


@pytest.fixture(scope="module")
def features(sample, bundle):
    return pl.from_pandas(sample[["as_of", "subject_id", *bundle.features]], nan_to_null=True)


def test_scores_are_those_of_lightgbm_whatever_the_order_of_columns(features, sample, bundle):
    raw = bundle.booster.predict(sample[list(bundle.features)])
    wanted = np.round(100 * bundle.calibrator.apply(raw), 2)
    found = score(features.select(reversed(features.columns)), bundle)
    assert found["risk_score"].to_list() == wanted.tolist()
    assert found["subject_id"].to_list() == sample.subject_id.tolist()
    assert found.select("model_name", "model_version").unique().rows() == [("accounts", "1")]


def test_a_missing_feature_is_named(features, bundle):
    with pytest.raises(RiskvaneError, match=r"in_count_7d"):
        score(features.drop("in_count_7d"), bundle)


def test_reasons_name_only_what_raises_the_score_strongest_first_each_measure_once(features, sample, bundle):
    values = sample[list(bundle.features)]
    parts = bundle.booster.predict(values, pred_contrib=True)[:, :-1]
    reasons = {r["subject_id"]: r["reasons"] for r in told(features, bundle, "zh").iter_rows(named=True)}
    for subject, part in zip(sample.subject_id, parts, strict=True):
        weight = dict(zip(bundle.features, part, strict=True))
        codes = [reason["code"] for reason in reasons[subject]]
        assert all(weight[code] > 0 for code in codes)
        assert codes == sorted(codes, key=lambda code: -weight[code])
        assert len(codes) <= MOST_REASONS
        assert not {"in_count_7d", "in_count_30d"} <= set(codes)  # two windows of one measure


def test_a_sentence_has_words_value_and_what_is_normal_in_both_languages(bundle):
    values = {"in_count_7d": 30.0, "night_share_7d": 0.9, "is_by_proxy": 1.0}
    row = pl.DataFrame([dict.fromkeys(bundle.features) | values], dict.fromkeys(bundle.features, pl.Float64))
    row = row.with_columns(subject_id=pl.lit("a"))
    chinese, english = (told(row, bundle, language).row(0, named=True) for language in ("zh", "en"))
    texts = {r["code"]: r["text"] for r in chinese["reasons"]}
    assert texts["night_share_7d"].startswith("近7天夜间（0-5时）交易占比90%（通常为")
    assert next(r for r in english["reasons"] if r["code"] == "night_share_7d")["value"] == "90%"
    assert chinese["not_evaluable"] == ["近30天转入笔数"]  # an age that nobody knows is no missing feed


def test_nobody_listed_is_nobody_explained(features, bundle):
    assert told(features.clear(), bundle, "zh").is_empty()
