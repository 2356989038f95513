"""Labels joined to feature mornings: what counts, what is left out, and that the split leaks nothing."""

from dataclasses import replace
from datetime import date, timedelta

import polars as pl
import pytest

from conf.errors import DataRefused
from models.specs import MODEL_SPECS, LabelRule
from models.training_set import TRAIN, VALID, Split, choose_split, labelled, training_frame

SPEC = replace(
    MODEL_SPECS["accounts"],
    label=LabelRule("confirmed", delay_days=7, horizon_days=10),
    left_out=tuple(name for name in MODEL_SPECS["accounts"].features if name != "in_count_7d"),
    least_positives=2,
    most_negatives=50,
)
DAY = date(2026, 2, 10)
LABELS = {
    "subject_kind": pl.String,
    "subject_id": pl.String,
    "label": pl.Int32,
    "known_as_of": pl.Date,
    "harmed_on": pl.Date,
}
FEATURES = {"as_of": pl.Date, "subject_id": pl.String, "in_count_7d": pl.Int64}
LABELLED = FEATURES | {"label": pl.Int32}


def lazy(rows, schema):
    return pl.LazyFrame(rows, schema, orient="row")


def days(n):
    return DAY + timedelta(days=n)


def test_a_row_is_positive_when_confirmed_inside_the_horizon_and_known_by_the_cut_off():
    labels = [
        ("account", "first_day", 1, days(1), None),
        ("account", "last_day", 1, days(10), None),
        ("account", "too_late", 1, days(11), None),  # outside the horizon: nobody can say
        ("account", "same_morning", 1, days(0), None),  # known when the row was made: left out
        ("account", "after_cut_off", 1, days(13), None),  # not known yet: still a negative
        ("account", "cleared", 0, days(2), None),
        ("account", "cleared_then_confirmed", 0, days(2), None),
        ("account", "cleared_then_confirmed", 1, days(5), None),
        ("account", "harmed_before", 1, days(3), days(-1)),
        ("account", "harmed_later", 1, days(3), days(0)),  # on as_of itself: nothing had happened yet
        ("card", "a_card", 1, days(1), None),  # of another kind of subject
    ]
    names = sorted({row[1] for row in labels} | {"nobody"})
    features = lazy([(DAY, name, 1) for name in names], FEATURES)
    found = labelled(features, lazy(labels, LABELS), SPEC, days(12)).collect()
    assert dict(found.select("subject_id", "label").iter_rows()) == {
        "first_day": 1, "last_day": 1, "after_cut_off": 0, "cleared": 0, "cleared_then_confirmed": 1,
        "harmed_before": 1, "a_card": 0, "nobody": 0,
    }  # fmt: skip


def test_event_day_marks_the_morning_after_the_harm_only():
    spec = replace(SPEC, label=LabelRule("event_day", delay_days=7))
    labels = [
        ("account", "yesterday", 1, days(7), days(-1)),
        ("account", "today", 1, days(7), days(0)),
        ("account", "before", 1, days(7), days(-2)),
    ]
    features = lazy([(DAY, row[1], 1) for row in labels], FEATURES)
    found = labelled(features, lazy(labels, LABELS), spec, days(8)).collect()
    assert dict(found.select("subject_id", "label").iter_rows()) == {"yesterday": 1, "today": 0, "before": 0}


def test_the_split_has_a_gap_and_no_subject_on_both_sides_and_restores_weights():
    split = Split(days(0), days(7), days(10))
    rows = [
        (days(n), f"s{i}", i, int(i % 10 == 0)) for n in (-5, -1, 0, 3, 6, 7, 10, 11) for i in range(100)
    ]  # fmt: skip
    frame = training_frame(lazy(rows, LABELLED), SPEC, split)
    train, valid = frame[frame.part == TRAIN], frame[frame.part == VALID]
    assert set(train.as_of) == {days(-5), days(-1)}
    assert set(valid.as_of) == {days(7), days(10)}
    assert not set(train.subject_id) & set(valid.subject_id)
    assert set(frame[frame.label == 1].weight) == {1.0}
    # about 50 of some 180 negatives stay; their weights say how many they stand for
    negatives = frame[frame.label == 0]
    assert 20 < len(negatives) < 90
    assert negatives.weight.nunique() == 1
    again = training_frame(lazy(rows[::-1], LABELLED), SPEC, split)
    assert frame.equals(again)


def test_a_hash_that_holds_out_no_positive_is_helped():
    early = [(days(-1), f"s{i}", 1, int(i < 8)) for i in range(30)]
    for late in ("s0", "s1", "s2", "s3"):  # the hash holds out one of three: here and there none of one
        rows = lazy([*early, (days(7), late, 1, 1)], LABELLED)
        frame = training_frame(rows, SPEC, Split(days(0), days(7), days(10)))
        assert list(frame[(frame.part == VALID) & (frame.label == 1)].subject_id) == [late]
        assert late not in set(frame[frame.part == TRAIN].subject_id)


def test_too_few_positives_is_refused_with_the_numbers():
    rows = lazy([(days(-1), f"s{i}", 1, int(i == 0)) for i in range(30)], LABELLED)
    with pytest.raises(DataRefused, match="wanted at least 2 confirmed subjects"):
        training_frame(rows, SPEC, Split(days(0), days(7), days(10)))


def test_mornings_whose_labels_are_still_on_their_way_are_not_used():
    mornings = [days(n) for n in range(-30, 1, 3)]
    split = choose_split(mornings, SPEC, cutoff=days(0))
    assert split.last == days(-9)  # the last one with seven days behind it
    assert split.valid_from - split.cut == timedelta(days=7)
    assert any(d < split.cut for d in mornings)
    assert any(split.valid_from <= d <= split.last for d in mornings)


@pytest.mark.parametrize("mornings", [[], [days(-8)], [days(-9), days(-8)], [days(0), days(-1)]])
def test_without_mornings_on_both_sides_of_the_gap_training_is_refused(mornings):
    with pytest.raises(DataRefused, match="compute more mornings of account_features"):
        choose_split(mornings, SPEC, cutoff=days(0))
