"""A feature step on a little mart: Spark's tasks compute, one commit publishes, a rerun changes nothing."""

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from conf.days import DayRange
from features.catalogue import indicators_of
from jobs import account_features
from lake.reader import days_of, read_day_arrow, runs
from lake.tables import read_table
from tests.jobs.little_mart import BETWEEN, FIRST, LAST

pytestmark = pytest.mark.spark


def test_spread_mornings_are_replaced_and_those_between_them_stay(spark, settings, mart):
    account_features.run(spark, settings, DayRange(FIRST, LAST), mart)
    found = pl.DataFrame(pl.from_arrow(read_table(spark, settings, "account_features").toArrow())).sort(
        "as_of"
    )
    shown = found.select(
        "as_of", "in_count_1d", "in_count_7d", pl.col("in_amount_7d").cast(pl.Int64), "login_count_7d"
    )
    # logins never landed: unknown, not zero
    assert shown.rows() == [(FIRST, 1, 2, 1300, None), (BETWEEN, 1, 3, 2100, None), (LAST, 1, 4, 3000, None)]
    account_features.run(spark, settings, DayRange(FIRST, LAST, every=2), mart)
    again = pl.DataFrame(pl.from_arrow(read_table(spark, settings, "account_features").toArrow())).sort(
        "as_of"
    )
    assert_frame_equal(found, again)


def test_the_normals_of_each_morning_lie_beside_its_features_and_in_the_same_stage(spark, settings, mart):
    account_features.run(spark, settings, DayRange(FIRST, LAST), mart)
    columns = ["as_of", "peer_class", "indicator", "median", "p90", "subjects", "null_share", "fallback"]
    found = pl.DataFrame(read_day_arrow(settings, "account_normals", BETWEEN, columns))
    shown = found.filter(pl.col("indicator").is_in(["in_count_7d", "login_count_7d"])).sort("indicator")
    # one account is no class of thirty; that logins never landed is told as a share
    own = (BETWEEN, "private | I | unknown")
    assert shown.rows() == [
        (*own, "in_count_7d", 3.0, 3.0, 1, 0.0, "all"),
        (*own, "login_count_7d", None, None, 1, 1.0, "all"),
    ]
    assert found.height == len(indicators_of("account_features"))
    assert days_of(settings, "account_normals") == [LAST, BETWEEN, FIRST]
    (versions,) = {tuple(row) for row in runs(settings)["table_versions"].to_pylist() if len(row) == 2}
    assert dict(versions).keys() == {"account_features", "account_normals"}
