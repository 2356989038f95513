"""Kept days on a little mart: nights and ranges agree; what is damaged, late, corrected or outdated is made again."""

from datetime import timedelta
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest
from polars.testing import assert_frame_equal

from conf.days import DayRange
from conf.errors import DataRefused
from jobs import account_features, check_kept
from lake.partials import kept_at
from lake.publish_batches import publish_batches
from lake.tables import read_table
from tests.jobs.little_mart import BETWEEN, FIRST, LAST, transaction
from tests.lake.rows import batch

pytestmark = pytest.mark.spark
NIGHTS = (FIRST, BETWEEN, LAST)


def features(spark, settings):
    rows = pl.DataFrame(pl.from_arrow(read_table(spark, settings, "account_features").toArrow()))
    return rows.sort("as_of", "subject_id")


def files(settings):
    return {key: Path(file) for key, file in kept_at(settings, "account_features").files().items()}


@pytest.fixture
def published(spark, settings, mart):
    account_features.run(spark, settings, DayRange(FIRST, LAST), mart)
    return features(spark, settings)


def test_nights_one_by_one_publish_and_keep_what_a_backfill_does_in_one_pass(
    spark, settings, mart, published
):
    together = {key: pq.read_table(file, partitioning=None) for key, file in files(settings).items()}
    for file in files(settings).values():
        file.unlink()
    for night in NIGHTS:
        account_features.run(spark, settings, DayRange.one(night), mart)
    assert_frame_equal(features(spark, settings), published)
    assert {k: pq.read_table(f, partitioning=None) for k, f in files(settings).items()} == together


def test_a_damaged_file_is_made_again_and_nothing_else(spark, settings, mart, published):
    before = files(settings)
    damaged = before["transactions", BETWEEN]
    bytes_ = bytearray(damaged.read_bytes())
    footer = len(bytes_) - 8 - int.from_bytes(bytes_[-8:-4], "little")
    bytes_[4:footer] = bytes(
        byte ^ 0xFF for byte in bytes_[4:footer]
    )  # the footer is fine: a look at it finds nothing
    damaged.write_bytes(bytes_)
    account_features.run(spark, settings, DayRange.one(LAST), mart)
    assert_frame_equal(features(spark, settings), published)
    after = files(settings)
    assert {key for key in before if after[key] != before[key]} <= {k for k in before if k[1] == BETWEEN}
    assert after["transactions", BETWEEN] != damaged


def test_another_number_of_buckets_makes_what_is_kept_again(spark, settings, mart, published):
    other = settings.with_(feature_buckets=2 * settings.feature_buckets)
    account_features.run(spark, other, DayRange(FIRST, LAST), mart)
    assert_frame_equal(features(spark, settings), published)
    file = files(settings)["transactions", LAST]
    assert pq.ParquetFile(file).num_row_groups == other.feature_buckets


def test_a_late_row_is_in_the_features_from_its_morning_on_and_changes_what_is_kept_of_no_other(
    spark, settings, mart, published,
):  # fmt: skip
    before = files(settings)
    late = transaction(90, FIRST - timedelta(days=3), 5000) | {"known_as_of": LAST, "is_late": True}
    rows = [late, transaction(9, LAST - timedelta(days=1), 900)]  # what the morning had brought stays
    publish_batches([batch("transactions", rows)], settings, "transactions", DayRange.one(LAST), mart)
    account_features.run(spark, settings, DayRange(FIRST, LAST), mart)
    found = features(spark, settings)
    assert found["in_count_7d"].to_list() == [2, 3, 5]
    earlier = pl.col("as_of") < LAST
    assert_frame_equal(found.filter(earlier), published.filter(earlier))
    after = files(settings)
    assert {key[1] for key in before if after[key] != before[key]} == {LAST}


def test_a_morning_that_is_taken_in_again_is_made_again(spark, settings, mart, published):
    rows = [transaction(8, BETWEEN - timedelta(days=1), 8000)]  # ten times as much as was delivered first
    publish_batches([batch("transactions", rows)], settings, "transactions", DayRange.one(BETWEEN), mart)
    account_features.run(spark, settings, DayRange(FIRST, LAST), mart)
    amounts = features(spark, settings)["in_amount_7d"].cast(pl.Int64).to_list()
    assert amounts == [1300, 9300, 10200]


def test_a_correction_reaches_what_a_late_row_had_made_again(spark, settings, mart, published):
    day = FIRST - timedelta(days=1)
    late = transaction(90, day, 5000) | {"known_as_of": LAST, "is_late": True}
    rows = [late, transaction(9, LAST - timedelta(days=1), 900)]
    publish_batches([batch("transactions", rows)], settings, "transactions", DayRange.one(LAST), mart)
    account_features.run(spark, settings, DayRange(FIRST, LAST), mart)
    corrected = [transaction(7, day, 70)]  # a tenth of what was delivered first
    publish_batches([batch("transactions", corrected)], settings, "transactions", DayRange.one(FIRST), mart)
    account_features.run(spark, settings, DayRange(FIRST, LAST), mart)
    amounts = features(spark, settings)["in_amount_7d"].cast(pl.Int64).to_list()
    assert amounts == [670, 1470, 7370]


def test_the_weekly_check_finds_and_mends_what_is_not_what_the_events_give(spark, settings, mart, published):
    check_kept.run(spark, settings, DayRange.one(LAST), mart)
    file = files(settings)["transactions", BETWEEN]
    table = pq.read_table(file, partitioning=None)
    name = next(name for name in table.column_names if name.startswith("sum_"))
    wrong = pl.DataFrame(pl.from_arrow(table)).with_columns(pl.col(name) + 1).to_arrow().cast(table.schema)
    buckets = [pq.ParquetFile(file).metadata.row_group(n).num_rows for n in range(settings.feature_buckets)]
    with pq.ParquetWriter(file, table.schema) as writer:
        for rows in buckets:  # one account: it lies in one bucket
            writer.write_table(wrong.slice(0, rows))
    with pytest.raises(DataRefused, match=f"transactions of {BETWEEN}"):
        check_kept.run(spark, settings, DayRange.one(LAST), mart)
    check_kept.run(spark, settings, DayRange.one(LAST), mart)  # mended
    account_features.run(spark, settings, DayRange(FIRST, LAST), mart)
    assert_frame_equal(features(spark, settings), published)
