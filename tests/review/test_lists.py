from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from conf.scenarios import load_scenario
from review.lists import account_details, build_lists, card_details, last_devices, listed_rows, pick

AS_OF = date(2026, 3, 6)
SCORES = {
    "as_of": pl.Date, "scenario": pl.String, "population": pl.String, "subject_id": pl.String, "customer_id": pl.String,
    "customer_type": pl.String, "branch_id": pl.String, "risk_score": pl.Float64, "model_name": pl.String,
    "model_version": pl.String, "run_id": pl.String,
}  # fmt: skip
LOCAL = pl.Datetime("us", "Asia/Shanghai")
REASONS = pl.List(pl.Struct({"code": pl.String, "text": pl.String, "value": pl.String}))
# Thresholds of its own: those of the shipped scenario may move.
ACCOUNTS = replace(
    load_scenario("account_monitoring"), red_from=60.0, yellow_from=20.0, list_from=1.0, capacity=200
)
CARDS = load_scenario("card_monitoring")


def score(subject, value, kind="private", scenario="account_monitoring", branch="91000"):
    return (AS_OF, scenario, "new", subject, f"k-{subject}", kind, branch, value, "accounts", "3", "run-1")


def scores(*rows):
    return pl.LazyFrame(list(rows), SCORES, orient="row")


def ranked(frame):
    rows = frame.select("list_table", "rank", "subject_id", "risk_label").rows()
    return [(table.removeprefix("risk_list_"), *rest) for table, *rest in rows]


def test_labels_begin_exactly_at_their_thresholds_and_nothing_below_list_from_is_listed():
    frame = scores(
        score("a", 100.0),
        score("b", 60.0),  # exactly red_from
        score("c", 59.99),
        score("d", 20.0),  # exactly yellow_from
        score("e", 19.99),
        score("f", 1.0),  # exactly list_from
        score("g", 0.99),
        score("h", None),  # never scored: no risk is claimed
    )
    found = ranked(pick(frame, ACCOUNTS))
    assert found == [
        ("private", 1, "a", "red"),
        ("private", 2, "b", "red"),
        ("private", 3, "c", "yellow"),
        ("private", 4, "d", "yellow"),
        ("private", 5, "e", "green"),
        ("private", 6, "f", "green"),
    ]
    # the same words as the scenario itself uses
    assert [ACCOUNTS.label(s) for s in (100.0, 60.0, 59.99, 20.0, 19.99, 1.0)] == [row[3] for row in found]


def test_ranks_and_capacity_count_per_list_with_ties_by_subject():
    frame = scores(
        score("p3", 50.0),
        score("p1", 50.0),  # a tie: the smaller subject first
        score("p2", 50.0),  # third of the tie: beyond the capacity of two
        score("c1", 30.0, "corporate"),  # a list of its own, ranks of its own
        score("c2", 40.0, "corporate"),
        score("x1", 90.0, scenario="account_screening"),  # another scenario
        score("u1", 90.0, "trust"),  # no list for this type
    )
    assert [row[:3] for row in ranked(pick(frame, replace(ACCOUNTS, capacity=2)))] == [
        ("corporate", 1, "c2"),
        ("corporate", 2, "c1"),
        ("private", 1, "p1"),
        ("private", 2, "p2"),
    ]


def test_phone_and_iot_cards_share_one_ranking():
    rows = [score("1", 30.0, "phone", "card_monitoring"), score("2", 40.0, "iot", "card_monitoring")]
    assert ranked(pick(scores(*rows), CARDS)) == [("cards", 1, "2", "yellow"), ("cards", 2, "1", "yellow")]


def test_an_account_row_carries_what_a_reviewer_needs():
    picked = pick(
        scores(
            score("a", 70.0),
            score("b", 10.0, branch=None),  # unknown to every dimension: stays, with nulls
            score("c", 30.0, "corporate", branch=None),  # branch comes from the dimension
        ),
        ACCOUNTS,
    )
    opened = datetime(2026, 2, 20, 23, 59, tzinfo=ZoneInfo("Asia/Shanghai"))  # another day elsewhere
    accounts = pl.DataFrame(
        [("a", "k-a", "91000", opened), ("c", "k-c", "91001", opened), ("z", "k-z", "91000", opened)],
        {"account_id": pl.String, "customer_id": pl.String, "branch_id": pl.String, "opened_at": LOCAL},
        orient="row",
    )
    customers = pl.DataFrame({"customer_id": ["k-a"], "name_id": ["n-a"]})
    branches = pl.DataFrame(
        [("91000", "支行一", "90001"), ("90001", "分行一", "90000"), ("91001", "支行二", "90009")],
        ["branch_id", "branch_name", "parent_branch_id"],
        orient="row",
    )
    money = ("in", "out", "company_to_private", "private_to_company")
    figures = {
        f"{m}_{what}_30d": pl.Int64 if what == "count" else pl.Decimal(18, 2)
        for m in money
        for what in ("count", "amount")
    }
    given = ("a", 1, Decimal(10), 2, Decimal(20), 3, Decimal(30), 4, Decimal(40))
    features = pl.DataFrame([given], {"subject_id": pl.String} | figures, orient="row")
    told = [{"code": "in_count_7d", "text": "笔数多", "value": "38"}]
    reasons = pl.DataFrame([("a", told)], {"subject_id": pl.String, "reasons": REASONS}, orient="row")
    details = account_details(picked, features, accounts, customers, branches)
    lists = build_lists(listed_rows(picked, reasons, details, ACCOUNTS, "zh"), ACCOUNTS)
    assert list(lists) == ["risk_list_private", "risk_list_corporate"]
    columns = (
        *("rank", "subject_id", "branch_id", "risk_label", "control_suggestion", "name_id"),
        *("second_level_branch", "branch_name", "opened_on", "inbound_amount_30d", "not_evaluable"),
    )
    day = date(2026, 2, 20)
    hold, watch = "暂停非柜面交易并核实身份", "持续观察"
    expected = [
        (1, "a", "91000", "red", hold, "n-a", "分行一", "支行一", day, Decimal(10), []),
        (2, "b", None, "green", watch, None, None, None, None, None, []),
    ]
    found = lists["risk_list_private"].select(*columns)
    assert_frame_equal(found, pl.DataFrame(expected, found.schema, orient="row"))
    (company,) = lists["risk_list_corporate"].iter_rows(named=True)
    shown = (company["branch_id"], company["branch_name"], company["second_level_branch"])
    assert shown == ("91001", "支行二", None)
    assert (company["company_to_private_amount_30d"], company["reasons"]) == (None, [])
    assert lists["risk_list_private"].filter(subject_id="a")["reasons"].to_list() == [told]


@pytest.mark.parametrize("table", ["risk_list_private", "risk_list_corporate", "risk_list_cards"])
def test_lists_have_exactly_the_columns_of_their_contract(table):
    from data_contracts.contract import load_contract
    from review.lists import COMMON, DETAILS

    assert {*COMMON, *DETAILS[table]} == {column.name for column in load_contract(table).columns}


def test_a_card_row_goes_to_its_county_with_the_device_seen_last():
    picked = pick(
        scores(
            score("1", 70.0, "phone", "card_monitoring", branch=None),
            score("2", 60.0, "iot", "card_monitoring", branch=None),  # no dimension row: kind from the score
        ),
        CARDS,
    )
    cards = pl.DataFrame(
        {
            "card_id": ["1"], "owner_id": ["o-1"], "customer_id": ["o-1"], "card_kind": ["phone"],
            "home_county": ["990101"], "platform": ["BSS"], "sales_channel": ["厅店"], "tariff": ["49元"],
            "opened_at": [datetime(2026, 2, 25)],
        }
    )  # fmt: skip
    owners = pl.DataFrame({"owner_id": ["o-1"], "name_id": ["n-1"]})
    noon = datetime(2026, 3, 5, 12)
    usage = ["card_id", "imei_id", "happened_at"]
    calls = [
        ("1", "i-old", datetime(2026, 3, 1)),
        ("1", "i-a", noon),
        ("1", None, datetime(2026, 3, 5, 13)),  # seen without a device: says nothing
        ("9", "i-z", noon),  # not picked
    ]
    sms = [("1", "i-b", noon)]  # a tie: the greater device
    devices = last_devices([pl.LazyFrame(rows, usage, orient="row") for rows in (calls, sms)], picked)
    assert devices.rows(named=True) == [{"imei_id": "i-b", "subject_id": "1"}]
    reasons = pl.DataFrame(
        {"subject_id": ["1"], "reasons": [[]], "not_evaluable": [["roaming_days_7d"]]},
        {"subject_id": pl.String, "reasons": REASONS, "not_evaluable": pl.List(pl.String)},
    )
    details = card_details(picked, cards, owners, devices)
    lists = build_lists(listed_rows(picked, reasons, details, CARDS, "en"), CARDS)
    rows = (
        lists["risk_list_cards"]
        .select("subject_id", "branch_id", "card_kind", "imei_id", "not_evaluable")
        .rows()
    )
    assert rows == [("1", "990101", "phone", "i-b", ["roaming_days_7d"]), ("2", None, "iot", None, [])]
    suggestions = lists["risk_list_cards"]["control_suggestion"].to_list()
    assert suggestions == ["stop the card and run the second identity check"] * 2
