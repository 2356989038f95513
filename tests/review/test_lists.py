from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from pyspark.testing import assertDataFrameEqual

from conf.scenarios import load_scenario
from review.lists import account_details, build_lists, card_details, last_devices, listed_rows, pick

pytestmark = pytest.mark.spark

AS_OF = date(2026, 3, 6)
SCORES = (
    "as_of date, scenario string, population string, subject_id string, customer_id string, customer_type string,"
    " branch_id string, risk_score double, model_name string, model_version string, run_id string"
)
# Thresholds of its own: those of the shipped scenario may move.
ACCOUNTS = replace(
    load_scenario("account_monitoring"), red_from=60.0, yellow_from=20.0, list_from=1.0, capacity=200
)
CARDS = load_scenario("card_monitoring")


def score(subject, value, kind="private", scenario="account_monitoring", as_of=AS_OF, branch="91000"):
    return (as_of, scenario, "new", subject, f"k-{subject}", kind, branch, value, "accounts", "3", "run-1")


@pytest.fixture
def scores(spark):
    return lambda *rows: spark.createDataFrame(list(rows), SCORES)


def ranked(frame):
    rows = frame.select("list_table", "rank", "subject_id", "risk_label").collect()
    return sorted(
        (r.list_table.removeprefix("risk_list_"), r["rank"], r.subject_id, r.risk_label) for r in rows
    )


def test_labels_begin_exactly_at_their_thresholds_and_nothing_below_list_from_is_listed(scores):
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


def test_ranks_and_capacity_count_per_list_and_morning_with_ties_by_subject(scores):
    frame = scores(
        score("p3", 50.0),
        score("p1", 50.0),  # a tie: the smaller subject first
        score("p2", 50.0),  # third of the tie: beyond the capacity of two
        score("c1", 30.0, "corporate"),  # a list of its own, ranks of its own
        score("c2", 40.0, "corporate"),
        score("p9", 5.0, as_of=date(2026, 3, 7)),  # another morning
        score("x1", 90.0, scenario="account_screening"),  # another scenario
        score("u1", 90.0, "trust"),  # no list for this type
    )
    picked = pick(frame, replace(ACCOUNTS, capacity=2)).orderBy("as_of", "list_table", "rank")
    found = [(str(r.as_of)[-2:], r.list_table[10:], r["rank"], r.subject_id) for r in picked.collect()]
    assert found == [
        ("06", "corporate", 1, "c2"),
        ("06", "corporate", 2, "c1"),
        ("06", "private", 1, "p1"),
        ("06", "private", 2, "p2"),
        ("07", "private", 1, "p9"),
    ]


def test_phone_and_iot_cards_share_one_ranking(scores):
    rows = [score("1", 30.0, "phone", "card_monitoring"), score("2", 40.0, "iot", "card_monitoring")]
    assert ranked(pick(scores(*rows), CARDS)) == [("cards", 1, "2", "yellow"), ("cards", 2, "1", "yellow")]


def test_an_account_row_carries_what_a_reviewer_needs(spark, scores):
    picked = pick(
        scores(
            score("a", 70.0),
            score("b", 10.0, branch=None),  # unknown to every dimension: stays, with nulls
            score("c", 30.0, "corporate", branch=None),  # branch comes from the dimension
        ),
        ACCOUNTS,
    )
    opened = datetime(2026, 2, 20, 23, 59, tzinfo=ZoneInfo("Asia/Shanghai"))  # another day elsewhere
    accounts = spark.createDataFrame(
        [("a", "k-a", "91000", opened), ("c", "k-c", "91001", opened), ("z", "k-z", "91000", opened)],
        "account_id string, customer_id string, branch_id string, opened_at timestamp",
    )
    customers = spark.createDataFrame([("k-a", "n-a")], "customer_id string, name_id string")
    branches = spark.createDataFrame(
        [("91000", "支行一", "90001"), ("90001", "分行一", "90000"), ("91001", "支行二", "90009")],
        "branch_id string, branch_name string, parent_branch_id string",
    )
    money = ("in", "out", "company_to_private", "private_to_company")
    features = spark.createDataFrame(
        [("a", 1, Decimal(10), 2, Decimal(20), 3, Decimal(30), 4, Decimal(40))],
        "subject_id string," + ",".join(f"{m}_count_30d bigint, {m}_amount_30d decimal(18,2)" for m in money),
    )
    reasons = spark.createDataFrame(
        [("a", [("in_count_7d", "笔数多", "38")])],
        "subject_id string, reasons array<struct<code string, text string, value string>>",
    )
    details = account_details(picked, features, accounts, customers, branches)
    lists = build_lists(listed_rows(picked, reasons, details, ACCOUNTS, "zh"), ACCOUNTS)
    assert list(lists) == ["risk_list_private", "risk_list_corporate"]
    columns = (
        *("rank", "subject_id", "branch_id", "risk_label", "control_suggestion", "name_id"),
        *("second_level_branch", "branch_name", "opened_on", "inbound_amount_30d", "not_evaluable"),
    )
    day = date(2026, 2, 20)
    schema = (
        "rank int, subject_id string, branch_id string, risk_label string, control_suggestion string, name_id string,"
        " second_level_branch string, branch_name string, opened_on date, inbound_amount_30d decimal(18,2),"
        " not_evaluable array<string>"
    )
    hold, watch = "暂停非柜面交易并核实身份", "持续观察"
    assertDataFrameEqual(
        lists["risk_list_private"].select(*columns),
        spark.createDataFrame(
            [
                (1, "a", "91000", "red", hold, "n-a", "分行一", "支行一", day, Decimal(10), []),
                (2, "b", None, "green", watch, None, None, None, None, None, []),
            ],
            schema,
        ),
        ignoreNullable=True,
    )
    (company,) = lists["risk_list_corporate"].collect()
    assert (company.branch_id, company.branch_name, company.second_level_branch) == ("91001", "支行二", None)
    assert (company.company_to_private_amount_30d, company.reasons) == (None, [])
    (row,) = lists["risk_list_private"].where("subject_id = 'a'").collect()
    assert [reason.asDict() for reason in row.reasons] == [
        {"code": "in_count_7d", "text": "笔数多", "value": "38"}
    ]


@pytest.mark.parametrize("table", ["risk_list_private", "risk_list_corporate", "risk_list_cards"])
def test_lists_have_exactly_the_columns_of_their_contract(table):
    from data_contracts.contract import load_contract
    from review.lists import COMMON, DETAILS

    assert {*COMMON, *DETAILS[table]} == {column.name for column in load_contract(table).columns}


def test_a_card_row_goes_to_its_county_with_the_device_seen_last(spark, scores):
    picked = pick(
        scores(
            score("1", 70.0, "phone", "card_monitoring", branch=None),
            score("2", 60.0, "iot", "card_monitoring", branch=None),  # no dimension row: kind from the score
        ),
        CARDS,
    )
    cards = spark.createDataFrame(
        [("1", "o-1", "o-1", "phone", "990101", "BSS", "厅店", "49元", datetime(2026, 2, 25))],
        "card_id string, owner_id string, customer_id string, card_kind string, home_county string,"
        " platform string, sales_channel string, tariff string, opened_at timestamp",
    )
    owners = spark.createDataFrame([("o-1", "n-1")], "owner_id string, name_id string")
    noon = datetime(2026, 3, 5, 12)
    usage = "card_id string, imei_id string, happened_at timestamp"
    calls = spark.createDataFrame(
        [
            ("1", "i-old", datetime(2026, 3, 1)),
            ("1", "i-a", noon),
            ("1", None, datetime(2026, 3, 5, 13)),  # seen without a device: says nothing
            ("9", "i-z", noon),  # not picked
        ],
        usage,
    )
    sms = spark.createDataFrame([("1", "i-b", noon)], usage)  # a tie: the greater device
    devices = last_devices([calls, sms], picked)
    assert [tuple(row) for row in devices.collect()] == [("1", "i-b")]
    reasons = spark.createDataFrame(
        [("1", [], ["roaming_days_7d"])],
        "subject_id string, reasons array<struct<code string, text string, value string>>,"
        " not_evaluable array<string>",
    )
    details = card_details(picked, cards, owners, devices)
    lists = build_lists(listed_rows(picked, reasons, details, CARDS, "en"), CARDS)
    rows = lists["risk_list_cards"].orderBy("rank").collect()
    assert [(r.subject_id, r.branch_id, r.card_kind, r.imei_id, r.not_evaluable) for r in rows] == [
        ("1", "990101", "phone", "i-b", ["roaming_days_7d"]),
        ("2", None, "iot", None, []),
    ]
    assert [r.control_suggestion for r in rows] == ["stop the card and run the second identity check"] * 2
