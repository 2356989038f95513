"""Scores and reasons are what LightGBM gives, whatever the frame looks like."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from conf.errors import RiskvaneError
from features.catalogue import indicators_of
from models.reasons import MOST_REASONS, Usual, reason, told
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


def test_a_sentence_names_the_peers_and_the_own_days_before_where_they_are_known(bundle):
    columns = [*bundle.features, "out_count_7d"]  # what the model does not see tells nothing
    rows = pl.DataFrame(
        [
            ("a", 86.0, 95.86, 0.9, 400.0),  # 9.86 in the 23 days before: three a week
            ("b", 86.0, 95.86, 0.9, 12.0),  # twelve days old: no days of its own to compare with
            ("c", 86.0, 95.86, 0.9, 400.0),  # of a class without figures
        ],
        ["subject_id", "in_count_7d", "in_count_30d", "night_share_7d", "account_age"],
        orient="row",
    )
    rows = rows.with_columns(pl.lit(None, pl.Float64).alias(n) for n in columns if n not in rows.columns)
    peers = pl.DataFrame(
        [
            ("a", "in_count_7d", 5.0),
            ("a", "night_share_7d", 0.04),
            ("b", "in_count_7d", 5.0),
            ("c", "in_count_7d", None),
        ],
        ["subject_id", "indicator", "median"],
        orient="row",
    )

    def texts(language, given):
        found = told(rows, bundle, language, given).iter_rows(named=True)
        return {(r["subject_id"], one["code"]): one["text"] for r in found for one in r["reasons"]}

    chinese, english = texts("zh", peers), texts("en", peers)
    usual = f"{bundle.normals['in_count_7d']:g}"
    assert chinese["a", "in_count_7d"] == "近7天转入笔数86笔（自己平时3笔，同类客户5笔）"
    assert chinese["b", "in_count_7d"] == "近7天转入笔数86笔（同类客户通常为5笔）"
    assert chinese["c", "in_count_7d"] == f"近7天转入笔数86笔（自己平时3笔，通常为{usual}笔）"
    assert chinese["a", "night_share_7d"] == "近7天夜间（0-5时）交易占比90%（同类客户通常为4%）"
    assert texts("zh", None)["b", "in_count_7d"] == f"近7天转入笔数86笔（通常为{usual}笔）"
    assert english["a", "in_count_7d"] == (
        "credits, last 7 d: 86 transactions (itself normally 3 transactions, peers 5 transactions)"
    )
    assert english["b", "in_count_7d"] == "credits, last 7 d: 86 transactions (peers normally 5 transactions)"


def test_a_sentence_of_an_indicators_own_is_kept_with_the_normal_of_the_peers(bundle):
    (indicator,) = [i for i in indicators_of("account_features") if i.name == "in_count_7d"]
    own = replace(indicator, sentence_zh="{value}，而{normal}")
    found = reason(own, 86.0, 2.0, "zh", Usual({"in_count_7d": 5.0}, {"in_count_7d": 3.0}))
    assert found == {"code": "in_count_7d", "text": "86笔，而5笔", "value": "86笔"}
    of_card = reason(indicator, 86.0, 2.0, "zh", Usual({"in_count_7d": 5.0}), "card")
    assert of_card["text"].endswith("（同类号卡通常为5笔）")


def test_nobody_listed_is_nobody_explained(features, bundle):
    assert told(features.clear(), bundle, "zh").is_empty()
