"""What the catalogue tells of one indicator."""

from dataclasses import replace

import pytest

from conf.errors import UsageError
from features.catalogue import FEATURE_TABLES
from features.described import described, listed
from features.indicator import FeatureGroup, Measure
from features.kept import parts_of
from tests.features.declarations import ADDING, CASH, SHARE, loaded


def test_a_plain_indicator_names_its_expression_its_condition_and_what_is_made_of_it():
    found = described("in_amount_7d")
    told = {
        key: found[key] for key in ("table", "group", "kind", "expression", "window", "unit", "empty", "of")
    }
    assert told == {
        "table": "account_features", "group": "transactions", "kind": "sum", "expression": "amount",
        "window": "last 7 d", "unit": "yuan", "empty": 0, "of": ["transactions"],
    }  # fmt: skip
    assert found["condition"] == "status = 'booked' AND direction = 'in'"
    assert found["used_in"] == [
        "balance_to_inflow_7d",
        "in_amount_mean_7d",
        "out_in_ratio_7d",
        "passed_on_share_10m_7d",
        "passed_on_share_1h_7d",
        "passed_on_share_24h_7d",
    ]


def test_a_derived_one_names_what_it_is_made_of_and_one_of_moments_says_so():
    assert described("in_amount_mean_7d")["made_of"] == ["in_amount_7d", "in_count_7d"]
    assert described("payee_count_1h_max_7d")["expression"].startswith(
        "moment(kind='distinct', sql='coalesce("
    )
    assert not described("night_count_7d")["is_published"]
    assert described("payee_harmed_count_7d")["expression"] == "features.account_payees.account_payees"


def test_an_indicator_of_a_sequence_tells_its_steps():
    a, b, c = (f"status = 'booked' AND direction = '{way}'" for way in ("in", "in", "out"))
    (told,) = described("tried_then_split_count_7d")["sequences"]
    assert told == (
        f"tried_then_split: a row with {a} AND amount <= 10 -> within 3d a row with {b} AND amount >= 5000 -> "
        f"within 30m 3 rows or more and sum of amount >= 0.8 of the step before with {c}"
    )
    assert described("days_since_tried_then_split_30d")["sequences"] == [told]
    assert described("in_amount_7d")["sequences"] == described("in_amount_mean_7d")["sequences"] == []


def test_an_unknown_name_is_answered_with_a_guess():
    with pytest.raises(UsageError, match="there is no indicator in_amount_8d; did you mean in_amount_7d"):
        described("in_amount_8d")


@pytest.fixture
def tables(tmp_path):
    """Cash counted anew, its share made of the first count, and money no longer looked at."""
    again = CASH | {"version": 2, "where": "channel = 'ATM'"}
    share = SHARE | {"sql": "try_divide(`cash_{d}d@1`, cash_{d}d)"}
    retire = [{"name": "drawn", "version": 1, "since": "2026-03-01: nobody used it"}]
    table = loaded(
        tmp_path, ADDING | {"indicators": [CASH, again, share], "retire": retire, "category": "cash"}
    )
    return {table.name: table}


def test_an_indicator_names_its_version_and_what_became_of_the_others(tables):
    keys = ("name", "category", "condition", "is_published", "version", "retired", "versions", "used_in")
    assert {key: described("cash_7d", tables)[key] for key in keys} == {
        "name": "cash_7d", "category": "cash", "condition": "channel = 'ATM'", "is_published": True, "version": 2,
        "retired": None, "versions": ["cash_7d@1 (an earlier version)"], "used_in": ["cash_share_7d"],
    }  # fmt: skip
    assert {key: described("cash_7d@1", tables)[key] for key in keys} == {
        "name": "cash_7d@1", "category": "cash", "condition": "upper(channel) = 'ATM'", "is_published": False,
        "version": 1, "retired": None, "versions": ["cash_7d@2 (in force)"], "used_in": ["cash_share_7d"],
    }  # fmt: skip
    assert described("cash_7d@2", tables) == described("cash_7d", tables)
    assert described("cash_share_7d", tables)["made_of"] == ["cash_7d", "cash_7d@1"]


def test_a_retired_one_is_shown_when_its_version_is_asked_for(tables):
    assert described("drawn_7d@1", tables)["retired"] == "2026-03-01: nobody used it"
    with pytest.raises(
        UsageError, match="drawn_7d was retired 2026-03-01: nobody used it; ask for drawn_7d@1"
    ):
        described("drawn_7d", tables)


def test_old_ones_are_listed_only_on_demand(tables):
    names = ["count_7d", "count_30d", "night_share_7d", "cash_7d", "cash_share_7d", "age"]
    assert [row["name"] for row in listed(tables=tables)] == names
    assert [row["name"] for row in listed(with_old=True, tables=tables)] == [
        *names,
        "drawn_7d@1",
        "cash_7d@1",
    ]
    retired = [row["name"] for row in listed(with_old=True, tables=tables) if row["retired"]]
    assert retired == ["drawn_7d@1"]


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({"category": "cash"}, ["cash_7d", "cash_share_7d"]),
        ({"like": "NIGHT"}, ["night_share_7d"]),
        ({"like": "取现占"}, ["cash_share_7d"]),
        ({"like": "night", "category": "cash"}, []),
        ({"table": "account_features", "like": "age"}, ["age"]),
    ],
)
def test_a_list_holds_what_all_filters_let_through(tables, given, names):
    assert [row["name"] for row in listed(**given, tables=tables)] == names


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"category": "cahs"}, "there is no category cahs, did you mean cash"),
        ({"table": "account"}, "there is no feature table account, .*known are account_features"),
    ],
)
def test_an_unknown_filter_is_answered_with_a_guess(tables, given, told):
    with pytest.raises(UsageError, match=told):
        listed(**given, tables=tables)


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("in_amount_14d", "kept days"),  # a new window of what is kept
        ("in_amount_twice", "kept days"),  # derived
        ("in_amount_at_noon_7d", "events"),  # of a condition that nobody asked for yet
        ("passed_on_share_1h_7d", "kept days"),  # moments are made once, and kept
        ("payer_count_7d", "kept days"),
        ("payees_worst_7d", "reference tables"),
    ],
)
def test_a_backfill_reads_events_only_for_what_is_kept_of_no_day(name, source):
    accounts = FEATURE_TABLES["account_features"]
    kept = [k.name(g) for g in accounts.chosen for part in parts_of(g) for k in part.columns]
    new = (
        Measure(
            "in_amount",
            "amount",
            "",
            "",
            "",
            (14,),
            where="status = 'booked' AND direction = 'in'",
            version=2,
        ),
        Measure("in_amount_twice", "in_amount_14d * 2", "", "", "", kind="derived"),
        Measure("in_amount_at_noon", "amount", "", "", "", (7,), where="hour(happened_at) = 12"),
    )
    groups = tuple(
        replace(g, measures=(*g.measures, *new)) if g.name == "transactions" else g for g in accounts.groups
    )
    groups += (
        FeatureGroup(
            "more", (), "subject_id", "subject_id", (Measure("payees_worst", "", "", "", "", (7,), "given"),)
        ),
    )
    tables = {accounts.name: replace(accounts, groups=groups)}
    assert described(name, tables, {accounts.name: kept})["backfills_from"] == source
