"""Scoring and reasons in Spark give what LightGBM gives directly."""

import numpy as np
import pandas as pd
import pytest

from conf.errors import RiskvaneError
from models.reasons import MOST_REASONS, explain, with_reasons
from models.scoring import score

pytestmark = pytest.mark.spark


@pytest.fixture(scope="module")
def sample(rows):
    return rows.iloc[:40]


@pytest.fixture(scope="module")
def features(spark, sample, bundle):
    plain = sample[["as_of", "subject_id", *bundle.features]].astype(object).where(sample.notna(), None)
    types = ", ".join(f"{name} double" for name in bundle.features)
    return spark.createDataFrame(plain.to_numpy().tolist(), f"as_of date, subject_id string, {types}")


def test_scores_are_those_of_lightgbm_whatever_the_order_of_columns(features, sample, bundle):
    raw = bundle.booster.predict(sample[list(bundle.features)])
    wanted = np.round(100 * bundle.calibrator.apply(raw), 2)
    found = {
        r["subject_id"]: r for r in score(features.select(*reversed(features.columns)), bundle).collect()
    }
    assert [found[s]["risk_score"] for s in sample.subject_id] == wanted.tolist()
    assert {(r["model_name"], r["model_version"]) for r in found.values()} == {("accounts", "1")}


def test_a_missing_feature_is_named(features, bundle):
    with pytest.raises(RiskvaneError, match=r"in_count_7d"):
        score(features.drop("in_count_7d"), bundle)


def test_reasons_name_only_what_raises_the_score_strongest_first_each_measure_once(features, sample, bundle):
    values = sample[list(bundle.features)]
    parts = bundle.booster.predict(values, pred_contrib=True)[:, :-1]
    told = {r["subject_id"]: r for r in with_reasons(features, bundle, "zh").collect()}
    for subject, part in zip(sample.subject_id, parts, strict=True):
        weight = dict(zip(bundle.features, part, strict=True))
        codes = [reason["code"] for reason in told[subject]["reasons"]]
        assert all(weight[code] > 0 for code in codes)
        assert codes == sorted(codes, key=lambda code: -weight[code])
        assert len(codes) <= MOST_REASONS
        assert not {"in_count_7d", "in_count_30d"} <= set(codes)  # two windows of one measure


def test_a_sentence_has_words_value_and_what_is_normal_in_both_languages(bundle):
    values = {"in_count_7d": 30.0, "night_share_7d": 0.9, "is_by_proxy": 1.0}
    row = pd.DataFrame([values]).reindex(columns=list(bundle.features))
    (chinese,), (unknown,) = explain(row, bundle, "zh")
    (english,), _ = explain(row, bundle, "en")
    texts = {r["code"]: r["text"] for r in chinese}
    assert texts["night_share_7d"].startswith("近7天夜间（0-5时）交易占比90%（通常为")
    assert next(r for r in english if r["code"] == "night_share_7d")["value"] == "90%"
    assert unknown == ["近30天转入笔数"]  # an age that nobody knows is no missing feed
