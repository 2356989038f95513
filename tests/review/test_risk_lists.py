from datetime import datetime

import lightgbm as lgb
import numpy as np
import pytest

from conf.days import DayRange
from conf.errors import UsageError
from jobs import report, risk_lists
from lake.reader import list_rows
from lake.runs import Run
from models.bundle import Bundle
from models.calibration import Calibrator
from models.specs import MODEL_SPECS
from tests.review.rows import AS_OF, put

pytestmark = pytest.mark.spark

MORNING = datetime(2026, 3, 6, 1)
LINEAGE = {
    "received_at": MORNING,
    "known_as_of": AS_OF,
    "is_late": False,
    "source": "demo",
    "source_file": "f",
}


def model_on(spec):
    """A tiny model whose score rises with the first feature."""
    rng = np.random.default_rng(7)
    rows = rng.random((200, len(spec.features)))
    data = lgb.Dataset(rows, rows[:, 0] > 0.5, feature_name=list(spec.features))
    booster = lgb.train({"objective": "binary", "verbosity": -1, "num_threads": 1}, data, 5)
    normals = dict.fromkeys(spec.features, 0.1)
    return Bundle(
        spec.name,
        booster.model_to_string(),
        spec.features,
        Calibrator("isotonic", [0.0, 1.0], [0.0, 1.0]),
        normals,
    )


@pytest.fixture
def scored(settings, names, monkeypatch):
    """A lake with scores, features and dimensions of one account and one card, and models of two trees."""
    models = {name: model_on(MODEL_SPECS[name]) for name in ("accounts", "cards")}
    monkeypatch.setattr("models.registry.load_version", lambda settings, name, version: models[name])
    base = {"as_of": AS_OF, "population": "new", "model_version": "3", "run_id": "r"}
    for kind, subject, customer, type_ in (
        ("account", "account", "customer", "private"),
        ("card", "phone", "owner", "phone"),
    ):
        own = base | {"scenario": f"{kind}_monitoring", "model_name": f"{kind}s", "customer_type": type_}
        put(
            settings,
            f"{kind}_scores",
            [own | {"subject_id": names[subject], "customer_id": names[customer], "risk_score": 70.0}],
        )
        first = MODEL_SPECS[f"{kind}s"].features[0]
        put(settings, f"{kind}_features", [{"as_of": AS_OF, "subject_id": names[subject], first: 38}])
    opened = {"opened_at": datetime(2026, 2, 20), "status": "open", "updated_at": MORNING}
    put(
        settings,
        "accounts",
        [
            LINEAGE | opened
            | {"account_id": names["account"], "customer_id": names["customer"], "branch_id": "91000"}
        ],
    )  # fmt: skip
    put(settings, "branches", [LINEAGE | {"branch_id": "91000", "branch_name": "支行", "valid_from": AS_OF}])
    put(
        settings,
        "cards",
        [
            LINEAGE
            | {"card_id": names["phone"], "card_kind": "phone", "home_county": "990101", "status_at": MORNING}
        ],
    )
    return settings.with_(scenarios=("account_monitoring", "account_screening", "card_monitoring"))


def test_lists_come_with_reasons_and_details_and_another_flow_leaves_them_alone(spark, scored, names):
    found = []
    for flow in ("nightly", "screening"):  # nobody was scored for the screening
        risk_lists.run(spark, scored, DayRange.one(AS_OF), Run.start(spark, scored, flow))
        found.append(
            [list_rows(scored, t, AS_OF).to_pylist() for t in ("risk_list_private", "risk_list_cards")]
        )
    assert found[0] == found[1]
    (private,), (sim,) = found[0]
    assert (private["subject_id"], private["rank"], private["risk_label"]) == (names["account"], 1, "red")
    assert (private["branch_name"], sim["branch_id"], sim["card_kind"]) == ("支行", "990101", "phone")
    for row in (private, sim):
        assert row["reasons"]
        assert "38" in row["reasons"][0]["value"]
    stages = (
        spark.read.format("delta").load(str(scored.lake / "ops" / "runs")).orderBy("started_at").collect()
    )
    lists = ["risk_list_cards", "risk_list_corporate", "risk_list_private"]
    screened = ["risk_list_corporate", "risk_list_private"]
    assert [(row.stage, row.status, sorted(row.table_versions)) for row in stages] == [
        ("risk_lists", "complete", lists),
        ("risk_lists", "complete", screened),
    ]


def test_a_flow_without_scenarios_is_refused(spark, scored):
    with pytest.raises(UsageError, match="training"):
        risk_lists.run(spark, scored, DayRange.one(AS_OF), Run.start(spark, scored, "training"))


def test_the_report_step_writes_workbooks_and_page_without_spark(published):
    run = Run("", published, "nightly", "nightly-1", "abc", "c")
    report.run(None, published, DayRange.one(AS_OF), run)
    folder = published.worklists / "2026-03-06"
    assert sorted(file.name for file in folder.iterdir()) == ["91000.xlsx", "990101.xlsx"]
    assert (published.reports / "2026-03-06" / "index.html").is_file()
