"""What is normal: among peers, with the wider class where there are few of them, and in the days before."""

from datetime import date

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from features.catalogue import FEATURE_TABLES
from features.normals import ALL, FEWEST, NORMALS, PEERS, Own, normals, own_normals, owns

AS_OF = date(2026, 3, 6)
KINDS = ("customer_type", "account_class")


def frames(classes):
    """Features and subjects from `(customer_type, account_class, value)`."""
    ids = [f"s{n}" for n in range(len(classes))]
    features = pl.LazyFrame({"subject_id": ids, "count": [row[2] for row in classes]}, strict=False)
    subjects = {
        "subject_id": ids,
        "customer_type": [row[0] for row in classes],
        "account_class": [row[1] for row in classes],
    }
    return features, pl.DataFrame(subjects, dict.fromkeys(subjects, pl.String))


def rows(*given):
    return pl.DataFrame(given, NORMALS, orient="row")


def test_a_class_of_thirty_speaks_for_itself_and_a_smaller_one_takes_the_wider_ones_figures():
    classes = [
        *(("private", "I", n) for n in range(1, FEWEST + 1)),  # thirty: middle 15.5, a tenth above 27.1
        ("private", "II", 1000),  # alone: with the other private ones
        ("corporate", "I", 2000),  # no thirty corporate ones either: with everybody
    ]
    found = normals(*frames(classes), KINDS, ["count"], AS_OF)
    assert_frame_equal(
        found,
        rows(
            (AS_OF, "corporate | I", "count", 16.5, 28.9, 32, 0.0, ALL),
            (AS_OF, "private | I", "count", 15.5, 27.1, 30, 0.0, None),
            (AS_OF, "private | II", "count", 16.0, 28.0, 31, 0.0, "private"),
        ),
    )


def test_what_nobody_knows_is_counted_apart_and_moves_no_figure():
    classes = [
        *(("private", "I", 4) for _ in range(20)),
        *(("private", "I", None) for _ in range(20)),
        *(("corporate", None, None) for _ in range(40)),  # a class that nobody knows, without any value
    ]
    found = normals(*frames(classes), KINDS, ["count"], AS_OF)
    assert_frame_equal(
        found,
        rows(
            (AS_OF, "corporate | unknown", "count", None, None, 40, 1.0, None),
            (AS_OF, "private | I", "count", 4.0, 4.0, 40, 0.5, None),
        ),
    )


def test_a_subject_that_the_register_lacks_is_of_the_unknown_class_and_one_without_features_is_of_none():
    features, subjects = frames([("private", "I", n) for n in (1, 2, 3)])
    listed = pl.concat([subjects.head(1), subjects.head(1).with_columns(subject_id=pl.lit("gone"))])
    found = normals(features, listed, KINDS, ["count"], AS_OF)
    assert_frame_equal(
        found,
        rows(
            (AS_OF, "private | I", "count", 2.0, 2.8, 3, 0.0, ALL),
            (AS_OF, "unknown | unknown", "count", 2.0, 2.8, 3, 0.0, ALL),
        ),
    )
    assert normals(features.clear(), listed, KINDS, ["count"], AS_OF).is_empty()


def test_many_columns_are_looked_at_some_at_a_time_and_agree_with_plain_python():
    count = 95
    values = {f"v{c}": [(n * (c + 3)) % 41 for n in range(count)] for c in range(19)}
    features = pl.LazyFrame({"subject_id": [f"s{n}" for n in range(count)], **values})
    kinds = ["private" if n % 2 else "corporate" for n in range(count)]
    subjects = pl.DataFrame({"subject_id": [f"s{n}" for n in range(count)], "customer_type": kinds})
    found = normals(features, subjects, ("customer_type",), list(values), AS_OF)
    assert found.height == 2 * len(values)
    for row in found.iter_rows(named=True):
        own = sorted(
            v for v, k in zip(values[row["indicator"]], kinds, strict=True) if k == row["peer_class"]
        )
        place = 0.9 * (len(own) - 1)
        low, high = own[int(place)], own[min(int(place) + 1, len(own) - 1)]
        assert row["median"] == (own[(len(own) - 1) // 2] + own[len(own) // 2]) / 2
        assert row["p90"] == pytest.approx(low + (high - low) * (place - int(place)))


def test_the_own_normal_is_what_the_days_before_the_window_give():
    features = pl.DataFrame(
        [
            ("seen", 90, 10, 33, 1),  # 23 credits in the 23 days before: seven a week
            ("new", 29, 10, 33, 1),  # was not there on the first of the thirty days
            ("first_day", 30, 10, 33, 1),
            ("no_age", None, 10, 33, 1),
            ("no_feed", 90, None, None, None),
        ],
        {"subject_id": pl.String, "account_age": pl.Int64, "in_count_7d": pl.Int64, "in_count_30d": pl.Int64}
        | {"in_count_1d": pl.Int64},
        orient="row",
    )
    found = own_normals(features, FEATURE_TABLES["account_features"])
    day = 32 / 29
    wanted = [("seen", day, 7.0), ("new", None, None), ("first_day", day, 7.0)]
    assert sorted(found.columns) == ["in_count_1d", "in_count_7d", "subject_id"]
    assert found.select("subject_id", "in_count_1d", "in_count_7d").rows() == [
        *wanted, ("no_age", None, None), ("no_feed", None, None),
    ]  # fmt: skip


def test_only_what_adds_up_over_days_has_an_own_normal():
    found = {own.column: own for own in owns(FEATURE_TABLES["account_features"])}
    assert found["in_amount_7d"] == Own("in_amount_7d", 7, "in_amount_30d", 30)
    assert not found.keys() & {"in_count_30d", "payer_count_7d", "in_amount_max_7d", "night_share_7d"}


@pytest.mark.parametrize("table", FEATURE_TABLES)
def test_peers_are_declared_for_each_feature_table(table):
    assert PEERS[table]
