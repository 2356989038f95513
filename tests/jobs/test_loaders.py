"""Loaded features and training rows: exactly what was published, nothing that was known later, errors with a guess."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import pandas as pd
import polars as pl
import pytest
from pandas.testing import assert_frame_equal as assert_pandas_equal
from polars.testing import assert_frame_equal

from conf.days import DayRange
from conf.errors import DataRefused, RiskvaneError, UsageError
from data_contracts.contract import load_contract
from data_contracts.types import polars_type
from jobs import account_features, loaders, train
from jobs.loaders import load_features, load_training_set
from lake.publish_batches import publish_batches
from lake.runs import Run
from models import registry
from models.specs import MODEL_SPECS
from tests.lake.rows import LINEAGE, batch, name_of
from tests.review.rows import put

TABLE = "account_features"
A, B = name_of("account", "a"), name_of("account", "b")
FIRST, LAST = date(2026, 3, 5), date(2026, 3, 6)
NAMES = ["in_count_7d", "in_amount_7d"]
# A morning, an account, its credits of a week: number and money.
ROWS = [(FIRST, A, 1, Decimal("10.10")), (LAST, A, 2, Decimal("20.20")), (LAST, B, None, None)]


@pytest.fixture
def days(settings):
    put(
        settings,
        TABLE,
        [dict(zip(("as_of", "subject_id", *NAMES), row, strict=True)) for row in reversed(ROWS)],
    )
    return settings


def frame(rows):
    types = {c.name: polars_type(c.spark_type) for c in load_contract(TABLE).columns}
    return pl.DataFrame(rows, {name: types[name] for name in ("as_of", "subject_id", *NAMES)}, orient="row")


def test_mornings_are_loaded_as_they_were_published_in_the_order_of_day_and_subject(days):
    found = load_features(days, TABLE, [LAST, FIRST], columns=NAMES, as_="polars")
    assert_frame_equal(found.frame, frame(ROWS))
    one = load_features(days, TABLE, LAST, columns=NAMES, subjects=[B, name_of("account", "c")], as_="polars")
    assert_frame_equal(one.frame, frame(ROWS[2:]))


def test_pandas_has_money_as_doubles_and_the_dictionary_with_it(days):
    found = load_features(days, TABLE, LAST, columns=["subject_id", "in_amount_7d"])
    wanted = {"as_of": [LAST, LAST], "subject_id": [A, B], "in_amount_7d": [20.2, None]}
    assert_pandas_equal(found.frame, pd.DataFrame(wanted))
    told = {
        "zh": "近7天转入金额",
        "en": "money in, last 7 d",
        "unit": "yuan",
        "category": "money",
        "version": 1,
    }
    assert found.dictionary == found.frame.attrs["dictionary"] == {"in_amount_7d": told | {"empty": 0}}


def test_without_columns_all_that_are_published_come_in_their_order(days):
    found = load_features(days, TABLE, FIRST, as_="polars")
    assert found.frame.columns == [column.name for column in load_contract(TABLE).columns]
    assert list(found.dictionary) == found.frame.columns[2:]


@pytest.mark.spark
def test_a_spark_frame_has_the_same_rows(spark, days):
    found = load_features(days, TABLE, [FIRST, LAST], columns=NAMES, as_="spark", spark=spark)
    assert sorted(tuple(row) for row in found.frame.collect()) == ROWS
    one = load_features(days, TABLE, [FIRST, LAST], columns=NAMES, subjects=[B], as_="spark", spark=spark)
    assert [tuple(row) for row in one.frame.collect()] == ROWS[2:]


@pytest.mark.parametrize(
    ("change", "kind", "said"),
    [
        ({"columns": ["in_cuont_7d"]}, UsageError, r"no indicator 'in_cuont_7d'; did you mean in_count_7d"),
        ({"table": "acount_features"}, UsageError, r"'acount_features' holds no .*did you mean account_features"),
        ({"as_of": date(2026, 3, 1)}, RiskvaneError, r"not published for 2026-03-01; newest mornings: 2026-03-06, 2"),
        ({"as_of": [LAST, date(2026, 3, 7)]}, RiskvaneError, r"not published for 2026-03-07; newest"),
        ({"as_of": []}, UsageError, r"at least one morning"),
        ({"table": "card_features"}, RiskvaneError, r"newest mornings: none"),
        ({"as_": "arrow"}, UsageError, r"wanted one of pandas, polars, spark, found 'arrow'"),
        ({"as_": "spark"}, UsageError, r"needs a session"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_refused_with_what_is(days, change, kind, said):
    with pytest.raises(kind, match=said):
        load_features(days, **({"table": TABLE, "as_of": LAST} | change))


@pytest.mark.spark
def test_a_row_that_came_late_is_in_no_morning_before_the_one_that_knew_it(spark, settings):
    """Also when the morning is computed after it came: a backfill loads what the night would have."""
    opened = datetime(2026, 1, 5, 9)
    known = {"updated_at": opened, "known_as_of": date(2026, 1, 6)}
    account = known | {
        "account_id": A, "customer_id": name_of("customer", "c"), "customer_type": "private", "account_class": "I",
        "branch_id": "91000", "opened_at": opened, "status": "open", "is_by_proxy": False,
    }  # fmt: skip
    credit = LINEAGE | {
        "account_id": A, "direction": "in", "amount": 100, "balance_after": 100, "status": "booked",
        "happened_at": datetime(2026, 3, 4, 12), "event_date": date(2026, 3, 4),
    }  # fmt: skip
    rows = {
        "accounts": [LINEAGE | account],
        "customers": [
            LINEAGE | known | {"customer_id": name_of("customer", "c"), "customer_type": "private"}
        ],
        "transactions": [
            credit | {"transaction_id": "t1", "sequence_no": 1, "known_as_of": FIRST},
            credit | {"transaction_id": "t2", "sequence_no": 2, "known_as_of": LAST, "is_late": True},
        ],
    }
    run = Run.start(None, settings, "nightly")
    for table, given in rows.items():
        publish_batches([batch(table, given)], settings, table, DayRange(date(2026, 1, 1), LAST), run)
    account_features.run(spark, settings, DayRange(FIRST, LAST), run)
    found = load_features(settings, TABLE, [FIRST, LAST], columns=["in_count_7d"], as_="polars").frame
    assert found.rows() == [(FIRST, A, 1), (LAST, A, 2)]


CUTOFF = date(2026, 3, 20)
TRAINED = [CUTOFF - timedelta(days=n) for n in (40, 38, 20, 10)]  # the last two validate
LATER = CUTOFF - timedelta(days=1)  # its labels are still on their way
SMALL = replace(
    MODEL_SPECS["accounts"],
    left_out=tuple(n for n in MODEL_SPECS["accounts"].features if n not in NAMES),
    validation_share=0.5,
    max_rounds=5,
)


def subject(number):
    letters = "abcdefghijklmnopqrst"
    return f"account1_{letters[number // 20]}{letters[number % 20] * 19}"


@pytest.fixture
def history(settings, monkeypatch):
    """Sixty accounts on five mornings; every third one is confirmed three days after a morning of its side."""
    monkeypatch.setitem(MODEL_SPECS, "accounts", SMALL)
    rows = [
        {"as_of": day, "subject_id": subject(n), "in_count_7d": n, "in_amount_7d": Decimal(n)}
        for day in (*TRAINED, LATER)
        for n in range(60)
    ]
    put(settings, TABLE, rows)
    base = {"subject_kind": "account", "label": 1, "label_source": "police", "event_date": TRAINED[0]}
    confirmed = [(n, TRAINED[n % 2] + timedelta(days=3)) for n in range(0, 30, 3)]
    confirmed += [(n, TRAINED[3] + timedelta(days=3)) for n in range(30, 60, 3)]
    put(
        settings,
        "labels",
        [base | {"label_id": f"l{n}", "subject_id": subject(n), "known_as_of": day} for n, day in confirmed],
    )
    return settings


def test_training_rows_join_each_morning_with_the_labels_known_by_the_cut_off(history):
    found = load_training_set(history, "accounts", CUTOFF)
    assert list(found.columns) == ["as_of", "subject_id", "label", "part", "weight", *NAMES]
    assert set(found.as_of) == set(TRAINED)
    numbers = {subject(n): n for n in range(60)}
    assert [numbers[name] for name in found.subject_id] == list(found.in_count_7d)  # features of the same row
    assert list(found.in_amount_7d) == list(found.in_count_7d)
    assert set(found.weight) == {1.0}
    for row in found.itertuples():
        n = numbers[row.subject_id]
        first = TRAINED[n % 2] if n < 30 else TRAINED[3]
        assert row.label == int(n % 3 == 0 and row.as_of < first + timedelta(days=3)), (n, row.as_of)
    sides = found.groupby("part").subject_id.agg(set)
    assert not sides["train"] & sides["valid"]
    assert list(found.attrs["dictionary"]) == NAMES
    assert load_training_set(history, "accounts", CUTOFF).equals(found)


def test_what_became_known_after_the_cut_off_changes_no_row(history):
    before = load_training_set(history, "accounts", CUTOFF)
    late = {"subject_kind": "account", "label": 1, "label_source": "police", "event_date": TRAINED[0]}
    put(
        history,
        "labels",
        [late | {"label_id": "x", "subject_id": subject(1), "known_as_of": CUTOFF + timedelta(days=1)}],
    )
    put(history, TABLE, [{"as_of": CUTOFF + timedelta(days=1), "subject_id": subject(1), "in_count_7d": 9}])
    assert load_training_set(history, "accounts", CUTOFF).equals(before)
    put(history, "labels", [late | {"label_id": "y", "subject_id": subject(2), "known_as_of": CUTOFF}])
    assert not load_training_set(history, "accounts", CUTOFF).equals(before)


def test_an_unknown_model_and_a_lake_with_too_little_are_refused(history):
    with pytest.raises(UsageError, match=r"wanted one of accounts, cards, .*did you mean accounts"):
        load_training_set(history, "acounts", CUTOFF)
    with pytest.raises(DataRefused, match="compute more mornings of card_features"):
        load_training_set(history, "cards", CUTOFF)


def test_the_step_trains_on_these_rows_without_spark(history, monkeypatch):
    seen = []
    real = loaders.training_set_of
    monkeypatch.setattr(loaders, "training_set_of", lambda *given: seen.append(real(*given)) or seen[-1])
    train.train_one(history, SMALL, CUTOFF)
    assert seen[0].frame.equals(load_training_set(history, "accounts", CUTOFF))
    assert seen[0].versions == {TABLE: 0, "labels": 0}
    assert registry.load(history, "accounts", registry.CHALLENGER).about["cutoff"] == str(CUTOFF)
