"""Versions of an indicator: one is in force, the others can be computed for lists of an earlier time."""

# ruff: noqa: E501 - one case is one line

from dataclasses import replace
from datetime import date, datetime

import pytest

from conf.errors import UsageError
from features.indicator import FeatureGroup, Measure, chosen, indicators
from features.table import FeatureTable
from tests.features.frames import computed, mart

AS_OF = date(2026, 2, 10)


def measure(name, sql="1", windows=(7,), **more):
    return Measure(name, sql, "transactions", f"{{d}}{name}", f"{name}, {{d}}", windows, **more)


def share(sql, **more):
    return measure("share", sql, kind="derived", spark_type="double", **more)


AT_NIGHT, EARLIER = "hour(happened_at) < 5", "hour(happened_at) < 3"
COUNT = measure("count", windows=(7, 30))
NIGHT_1, NIGHT_2 = measure("night", where=EARLIER, hidden=True), measure("night", where=AT_NIGHT, version=2)
SHARE_1 = share("try_divide(night_{d}d, count_{d}d)")
SHARE_2 = share("try_divide(`night_{d}d@1`, count_{d}d)", version=2)


def table(*measures):
    group = FeatureGroup("transactions", ("transactions",), "account_id", "subject_id", tuple(measures))
    return FeatureTable(
        "account_features", (group,), {"transactions": ("account_id",)}, (),
        lambda tables, as_of: tables["accounts"].select(subject_id="account_id"),
    )  # fmt: skip


TABLES = {
    "transactions": mart(
        "transactions",
        [
            {"account_id": "a", "happened_at": datetime(2026, 2, 9, 2), "counterparty_account_id": "x"},
            {"account_id": "a", "happened_at": datetime(2026, 2, 8, 4), "counterparty_account_id": "y"},
            {"account_id": "a", "happened_at": datetime(2026, 2, 8, 12), "counterparty_account_id": "y"},
            {"account_id": "a", "happened_at": datetime(2026, 2, 7, 12), "counterparty_account_id": "y"},
            # 28 days ago; seen, as long as something looks back so far
            {"account_id": "a", "happened_at": datetime(2026, 1, 13, 12), "counterparty_account_id": "x"},
        ],
    ),
    "accounts": mart("accounts", [{"account_id": "a"}]),
}


def found(features):
    row = computed(features, TABLES, AS_OF)["a"]
    return {name: value for name, value in row.items() if name not in ("as_of", "subject_id")}


def test_the_highest_version_that_is_not_retired_is_published_under_the_plain_name():
    assert found(table(COUNT, NIGHT_1, NIGHT_2)) == {"count_7d": 4, "count_30d": 5, "night_7d": 2}
    back = measure("night", where=AT_NIGHT, version=2, retired="2026-03-01: counted too much")
    first = measure("night", where=EARLIER)
    assert found(table(first, back)) == {"night_7d": 1}
    assert [(i.name, i.version) for i in table(NIGHT_1, NIGHT_2).indicators] == [("night_7d", 2)]


def test_a_retired_measure_is_not_published_and_not_computed_and_can_be_asked_for():
    features = table(COUNT, measure("night", where=AT_NIGHT, retired="2026-03-01: nobody used it"))
    assert found(features) == {"count_7d": 4, "count_30d": 5}
    assert [m.name for g in features.chosen for m in g.measures] == ["count"]
    assert found(features.including(["night_7d@1"])) == {"count_7d": 4, "count_30d": 5, "night_7d@1": 2}


def test_an_old_column_is_published_beside_those_in_force_and_alone_of_its_windows():
    old = measure("night", where=EARLIER, windows=(7, 30))
    assert found(table(old, NIGHT_2).including(["night_30d@1", "night_7d"])) == {
        "night_7d": 2, "night_30d@1": 1,
    }  # fmt: skip


def test_an_old_derived_one_is_made_of_the_ingredients_of_today():
    newer = share("1.0D * night_{d}d", version=2)
    assert found(table(COUNT, NIGHT_1, NIGHT_2, SHARE_1, newer).including(["share_7d@1"])) == {
        "count_7d": 4, "count_30d": 5, "night_7d": 2, "share_7d": 2.0, "share_7d@1": 0.5,
    }  # fmt: skip


def test_a_derived_one_may_name_the_version_of_an_ingredient_in_backticks():
    assert found(table(COUNT, NIGHT_1, NIGHT_2, SHARE_1, SHARE_2)) == {
        "count_7d": 4, "count_30d": 5, "night_7d": 2, "share_7d": 0.25,
    }  # fmt: skip


def test_an_ingredient_that_is_in_force_no_more_is_taken_in_its_newest_version():
    gone = "2026-03-01: nobody used it"
    night = measure("night", where=AT_NIGHT, version=2, hidden=True, retired=gone)
    features = table(COUNT, replace(NIGHT_1, retired=gone), night, share(SHARE_1.sql, retired=gone))
    assert found(features) == {"count_7d": 4, "count_30d": 5}
    assert found(features.including(["share_7d@1"])) == {"count_7d": 4, "count_30d": 5, "share_7d@1": 0.5}


def test_neither_retiring_nor_asking_changes_a_column_of_another_measure():
    # "new" means not seen in the look-back of the group before the window: 30 days, whoever made it so wide
    new = measure("new", "counterparty_account_id", kind="new")
    wide = measure("count", windows=(30,), retired="2026-03-01: nobody used it")
    assert found(table(new, measure("count", windows=(30,)))) == {"new_7d": 1, "count_30d": 5}
    assert found(table(new, wide)) == {"new_7d": 1}
    assert found(table(new, wide).including(["count_30d@1"])) == {"new_7d": 1, "count_30d@1": 5}


def test_choosing_twice_is_choosing_once():
    groups = table(COUNT, NIGHT_1, NIGHT_2, SHARE_1, SHARE_2).groups
    once = chosen(groups, ["share_7d@1", "night_7d@2"])
    assert chosen(once, ()) == once
    assert [i.name for i in indicators(once)] == [
        "count_7d",
        "count_30d",
        "night_7d",
        "share_7d",
        "share_7d@1",
        "night_7d@2",
    ]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("night_7d@3", "night_7d@3: wanted a column in force or one written <column>@<version>, found neither; did you mean night_7d@1, night_7d@2?"),
        ("night", "did you mean night_7d@"),
        ("gone_7d", "did you mean gone_7d@1?"),  # retired: which version is not said
        ("made@1", "made@1 was made by a function, which has no versions; compute it with the code of its time"),
    ],
)  # fmt: skip
def test_what_cannot_be_computed_is_refused_when_asked_for(name, told):
    made = measure("made", windows=(), kind="given", retired="2026-03-01: nobody used it")
    gone = measure("gone", retired="2026-03-01: nobody used it")
    with pytest.raises(UsageError) as refused:
        table(COUNT, NIGHT_1, NIGHT_2, made, gone).including([name])
    assert told in str(refused.value)
