"""Spread feature mornings replace themselves and leave the mornings between them alone."""

from datetime import date

import pytest

from conf.days import DayRange
from data_contracts.contract import load_contract
from jobs.feature_days import publish_features
from lake.runs import Run
from lake.tables import read_table

pytestmark = pytest.mark.spark
TABLE = "card_features"


def test_mornings_between_spread_days_stay(spark, settings):
    schema = load_contract(TABLE).spark_schema()

    def features(*days, age):
        rows = [{"as_of": d, "subject_id": "phone1_" + "a" * 20, "card_age": age} for d in days]
        return spark.createDataFrame([tuple(r.get(name) for name in schema.names) for r in rows], schema)

    first, between, last = (date(2026, 2, n) for n in (1, 2, 3))
    run = Run.start(spark, settings, "nightly")
    publish_features(features(first, between, last, age=1), settings, TABLE, DayRange(first, last), run)
    publish_features(features(first, last, age=2), settings, TABLE, DayRange(first, last, every=2), run)
    found = {r["as_of"]: r["card_age"] for r in read_table(spark, settings, TABLE).collect()}
    assert found == {first: 2, between: 1, last: 2}
