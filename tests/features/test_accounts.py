"""The account indicators as declared, on a handful of accounts whose numbers can be counted by hand."""

from datetime import date, datetime
from decimal import Decimal as D
from statistics import pstdev, pvariance

import pytest

from features.account_relations import HUB
from features.catalogue import FEATURE_TABLES
from tests.features.frames import computed, mart

AS_OF = date(2026, 2, 10)


def leg(account, day, hour, direction, amount, other=None, minute=0, **more):
    at = datetime(2026, *day, hour, minute)
    given = {
        "account_id": account, "happened_at": at, "direction": direction, "amount": D(amount), "status": "booked",
        "counterparty_account_id": other, "channel": "手机银行", "balance_after": D(amount), "device_id": "d1",
        "sequence_no": int(at.timestamp()),
    }  # fmt: skip
    return given | more


@pytest.fixture(scope="module")
def found():
    opened = datetime(2026, 1, 20, 10)
    account = {
        "opened_at": opened,
        "updated_at": opened,
        "status": "open",
        "is_by_proxy": False,
        "account_class": "I",
    }
    accounts = [
        account | {"account_id": "mule", "customer_id": "m", "customer_type": "private", "phone_id": "p"},
        account | {"account_id": "firm", "customer_id": "f", "customer_type": "corporate", "phone_id": "p"},
        account | {"account_id": "idle", "customer_id": "m", "customer_type": "private", "phone_id": None},
        # closed on the 9th: not a subject any more; the older row of the same account does not count
        account | {"account_id": "gone", "customer_id": "g", "customer_type": "private"},
        account
        | {"account_id": "gone", "status": "closed", "updated_at": datetime(2026, 2, 9), "customer_id": "g"},
        # opened at midnight of as_of: not there yet
        account | {"account_id": "new", "customer_id": "g", "opened_at": datetime(2026, 2, 10)},
    ]
    legs = [
        leg("mule", (2, 9), 1, "in", "50.00", "firm"),  # at night; a probe, company to private
        leg("mule", (2, 9), 2, "in", "2000.00", "firm"),  # large within 24 h of the probe
        leg("mule", (2, 9), 2, "out", "1500.00", "shop", minute=30),  # passed on within the hour
        leg("mule", (2, 9), 4, "out", "400.00", "shop", channel="atm"),  # and within 24 h
        leg("mule", (2, 9), 5, "out", "9.00", status="declined"),  # not booked
        leg(
            "mule", (1, 30), 12, "in", "10.00", "aunt", device_id=None
        ),  # eleven days ago; before nine silent days
        leg("firm", (2, 9), 2, "out", "2000.00", "mule"),
    ]
    logins = [
        {
            "customer_id": "m",
            "happened_at": datetime(2026, 2, 9, 3),
            "result": "失败",
            "device_id": "d1",
            "is_new_device": True,
        }
    ]
    label = {"subject_kind": "account", "label": 1, "harmed_on": date(2026, 2, 9), "known_as_of": AS_OF}
    labels = [
        label | {"subject_id": "mule"},  # known this morning: its payee of the 9th is harmed once of once
        label | {"subject_id": "firm", "known_as_of": date(2026, 2, 11)},  # not known before tomorrow
        label | {"subject_id": "idle", "label": 0},  # no harm at all
    ]
    customers = [
        {"customer_id": "m", "updated_at": opened, "birth_year": 2000, "since": date(2026, 1, 1)},
        {"customer_id": "f", "updated_at": opened},
    ]
    tables = {
        "transactions": legs,
        "logins": logins,
        "accounts": accounts,
        "customers": customers,
        "labels": labels,
    }
    return computed(
        FEATURE_TABLES["account_features"], {name: mart(name, rows) for name, rows in tables.items()}, AS_OF
    )


def test_subjects_are_the_accounts_open_at_midnight(found):
    assert set(found) == {"mule", "firm", "idle"}


@pytest.mark.parametrize(
    ("indicator", "value"),
    [
        ("in_count_1d", 2), ("in_count_30d", 3), ("in_amount_7d", D("2050.00")), ("out_amount_7d", D("1900.00")),
        ("in_amount_max_7d", D("2000.00")), ("in_amount_mean_7d", D("1025.00")), ("payer_count_30d", 2),
        ("counterparty_count_7d", 2), ("new_counterparty_share_7d", 1.0), ("night_share_7d", 1.0),
        ("machine_share_30d", 0.2), ("machine_out_amount_7d", D("400.00")),
        ("round_share_30d", 0.6), ("declined_count_7d", 1), ("active_day_count_30d", 2), ("days_since_activity", 0),
        ("silence_before_activity", 9), ("longest_silence_30d", 9), ("balance", D("400.00")),
        ("company_to_private_count_30d", 2), ("company_to_private_amount_30d", D("2050.00")),
        ("private_to_company_count_30d", 0), ("probe_count_7d", 1), ("fastest_debit_seconds_7d", 1800),
        ("accounts_per_device_30d", 2), ("payers_per_payee_30d", 1), ("failed_login_count_7d", 1),
        ("new_device_login_count_7d", 1), ("account_age", 21), ("is_corporate", 0), ("account_level", 1),
        ("accounts_of_holder", 2), ("holders_of_phone", 2), ("holder_age", 26), ("clerk_openings_of_day", None),
    ],
)  # fmt: skip
def test_what_a_mule_looks_like(found, indicator, value):
    assert found["mule"][indicator] == value


def test_a_payee_is_as_bad_as_what_was_known_of_its_payers_that_morning(found):
    assert (found["mule"]["payee_harmed_share_1d"], found["mule"]["payee_harmed_count_7d"]) == (1.0, 1)
    assert (found["firm"]["payee_harmed_share_1d"], found["firm"]["payee_harmed_count_1d"]) == (0.0, 0)
    assert found["idle"]["payee_harmed_share_7d"] is None  # paid nobody


def test_money_passed_on_is_capped_by_the_credit_and_by_the_time(found):
    # the probe of 50 has no debit within the hour; of 2000, 1500 left within it and 1900 within a day
    assert found["mule"]["passed_on_share_1h_7d"] == pytest.approx(1500 / 2050)
    assert found["mule"]["passed_on_share_24h_7d"] == pytest.approx((50 + 1900) / 2050)


def test_a_firm_pays_private_accounts_and_an_idle_account_has_zeros_but_no_shares(found):
    assert found["firm"]["company_to_private_count_30d"] == 1
    assert (found["idle"]["in_count_30d"], found["idle"]["night_share_30d"]) == (0, None)
    assert (found["idle"]["days_since_activity"], found["idle"]["holders_of_phone"]) == (None, None)


@pytest.fixture(scope="module")
def ring():
    """Account a: opened on the 1st, tried out on the 3rd, emptied through a confirmed account; c pays it."""
    opened = datetime(2026, 2, 1, 10)
    account = {
        "opened_at": opened, "updated_at": opened, "status": "open", "customer_type": "private", "branch_id": "b1",
        "clerk_id": "k1", "opening_channel": "柜面", "phone_id": "p1",
    }  # fmt: skip
    accounts = [
        account | {"account_id": "a", "customer_id": "ca", "ip_id": "i1"},
        # closed, but confirmed: counts for phone, branch and clerk
        account | {"account_id": "bad", "customer_id": "cb", "status": "closed"},
        account | {"account_id": "c", "customer_id": "cc", "phone_id": "p2", "clerk_id": "k2"},
        account | {"account_id": "unused", "customer_id": "ca", "phone_id": None, "branch_id": "b2"},
        account | {"account_id": "woken", "customer_id": "cw", "opened_at": datetime(2025, 6, 1, 3)},
    ]
    legs = [
        leg("a", (2, 3), 9, "in", "8.00", "c", balance_after=D(8)),  # the small credit
        leg("a", (2, 5), 10, "in", "10000.00", "firm"),  # 49 h later the large one
        leg("a", (2, 5), 10, "out", "3000.00", "bad", minute=5),
        leg("a", (2, 5), 10, "out", "3000.00", "x", minute=6),
        leg("a", (2, 5), 10, "out", "2100.00", "y", minute=20, channel="快捷支付"),  # 8,100 of 10,000: 80 % are gone
        leg("a", (2, 9), 12, "in", "9500.00", "firm", county="160101"),
        # both ways with c; 30 minutes later in another county; 3 yuan are left
        leg("a", (2, 9), 12, "out", "9500.00", "c", minute=30, county="160202", balance_after=D(3)),
        leg("c", (2, 3), 9, "out", "8.00", "a", device_id="d2"),
        leg("bad", (2, 4), 9, "out", "1.00", "z"),  # on the device of a
        leg("woken", (1, 25), 9, "out", "5.00", "z", device_id="d3"),
        leg("woken", (2, 9), 9, "in", "700.00", "z", device_id="d3"),  # after 14 silent days
        leg("woken", (2, 9), 10, "out", "600.00", "z", device_id="d3"),
    ]  # fmt: skip
    login = {"customer_id": "ca", "result": "成功", "device_id": "d1", "ip_id": "i1", "ip_county": "160101"}
    logins = [
        login | {"happened_at": datetime(2026, 2, 9, 9)},
        login | {"happened_at": datetime(2026, 2, 9, 11), "ip_county": "160303", "result": "失败"},  # away, 2 h later
        login | {"happened_at": datetime(2026, 2, 2, 9), "customer_id": "cb"},  # on the device of ca
    ]  # fmt: skip
    answer = {"subject_kind": "account", "happened_at": datetime(2026, 2, 6, 9)}  # known on the 7th
    labels = [
        answer | {"subject_id": "bad", "label": 1},
        answer | {"subject_id": "a", "label": 0},  # looked at and cleared
        answer
        | {"subject_id": "c", "label": 1, "known_as_of": date(2026, 2, 11)},  # not known before tomorrow
        answer | {"subject_id": "woken", "label": 1, "known_as_of": date(2026, 2, 8)},
        answer
        | {"subject_id": "woken", "label": 0, "known_as_of": date(2026, 2, 9)},  # taken back the day after
    ]
    customer = {"updated_at": opened, "birth_year": 2003, "phone_id": "p1", "id_number_id": "n1"}
    customers = [
        customer | {"customer_id": "ca", "residence_county": "160101"},
        customer | {"customer_id": "cc", "id_number_id": "n2"},
    ]
    tables = {
        "transactions": legs, "logins": logins, "accounts": accounts, "customers": customers, "labels": labels,
    }  # fmt: skip
    return computed(
        FEATURE_TABLES["account_features"], {name: mart(name, rows) for name, rows in tables.items()}, AS_OF
    )


@pytest.mark.parametrize(
    ("account", "indicator", "value"),
    [
        # the sequence of the issue: from 9:00 on the 3rd to 10:20 on the 5th
        ("a", "tried_then_split_count_7d", 1), ("a", "tried_then_split_amount_max_30d", D("8100.00")),
        ("a", "tried_then_split_seconds_min_30d", 49 * 3600 + 1200), ("a", "days_since_tried_then_split_30d", 5),
        ("c", "tried_then_split_count_7d", 0), ("c", "days_since_tried_then_split_30d", None),
        # money passed on: 6,000 of 10,000 within 10 minutes, nothing of the others
        ("a", "passed_on_share_10m_7d", 6000 / 19508), ("a", "passed_on_share_10m_1d", 0.0),
        ("a", "passed_on_share_1h_1d", 1.0), ("a", "followed_share_30d", 1 / 3),
        ("a", "mean_debit_seconds_30d", (300 + 1800) / 2),  # nothing follows the 8 yuan within a day
        ("a", "net_amount_30d", D("1908.00")), ("a", "in_out_gap_share_30d", 1908 / (19508 + 17600)),
        ("a", "out_amount_10m_max_7d", D("9500.00")), ("a", "out_count_1h_max_7d", 3),
        # the days ended with 8, 2,100 and 3 yuan; one of four debits left less than 10
        ("a", "empty_day_end_share_7d", 2 / 3), ("a", "emptying_share_30d", 1 / 4),
        ("a", "balance_to_peak_30d", 3 / 10000), ("unused", "empty_day_end_share_30d", None),
        # amounts: 9,500 twice, just below 10,000; 3,000 twice of four debits; 3,000, 3,000 and 10,000 are whole
        # thousands of six amounts from 1,000 on
        ("a", "below_limit_count_1d", 2), ("a", "below_limit_share_30d", 2 / 7),
        ("a", "out_repeated_amount_share_30d", 0.5), ("a", "in_repeated_amount_share_30d", 1 / 3),
        ("a", "round_thousand_share_30d", 0.5), ("a", "in_amount_variance_30d", pvariance([8, 10000, 9500])),
        # counterparties: c and firm paid, bad, x, y and c were paid
        ("a", "two_way_counterparty_count_30d", 1), ("a", "fan_in_ratio_30d", 0.5), ("a", "new_payee_share_7d", 1.0),
        ("a", "payer_count_1h_max_7d", 1), ("a", "counterparty_count_1d", 2),
        # places and channels
        ("a", "county_count_1h_max_7d", 2), ("a", "away_share_7d", 0.5), ("c", "away_share_7d", None),
        ("a", "channel_count_30d", 2), ("a", "online_share_30d", 6 / 7), ("a", "quick_pay_share_30d", 1 / 7),
        ("a", "counter_share_30d", 0.0), ("a", "login_county_count_24h_max_7d", 2),
        ("a", "login_away_share_30d", 0.5), ("a", "failed_login_share_30d", 0.5), ("a", "login_count_1d", 2),
        ("a", "customers_per_login_device_30d", 2), ("unused", "login_count_1d", 2),  # of the same holder
        # long windows: nine days since opening, the first transaction on the third
        ("a", "credit_amount_90d", D("19508.00")), ("a", "credit_amount_month", D("19508.00")),
        ("woken", "debit_amount_month", D("600.00")), ("woken", "debit_amount_2month", D("605.00")),
        ("a", "silence_after_opening", 2), ("a", "traded_day_share_since_opening", 3 / 9),
        ("a", "transactions_a_day_since_opening", 7 / 9), ("a", "is_unused_since_opening", 0),
        ("a", "amount_a_day_since_opening", D("4123.11")), ("unused", "is_unused_since_opening", 1),
        ("woken", "is_unused_since_opening", None), ("woken", "silence_after_opening", None),  # opened long ago
        ("a", "days_since_first_transaction_90d", 7), ("a", "days_since_last_transaction_90d", 1),
        # one debit yesterday; before it three on one of 29 days
        ("a", "debit_count_deviation_30d", (1 - 3 / 29) / pstdev([3] + [0] * 28)),
        ("unused", "debit_count_deviation_30d", None),
        ("woken", "woken_count", 2), ("woken", "woken_amount", D("1300.00")), ("a", "woken_count", 0),
        ("unused", "woken_count", 0),
        # near a confirmed account: a paid it, c is two payments away; nobody is near himself
        ("a", "confirmed_payee_count_7d", 1), ("a", "confirmed_payer_count_7d", 0),
        ("a", "days_since_confirmed_counterparty_30d", 5), ("a", "confirmed_accounts_within_2_hops_30d", 1),
        ("c", "confirmed_payee_count_30d", 0), ("c", "confirmed_accounts_within_2_hops_30d", 1),
        ("woken", "confirmed_accounts_within_2_hops_30d", 1),  # z was paid by bad too
        ("unused", "confirmed_accounts_within_2_hops_30d", 0), ("a", "confirmed_accounts_of_devices_30d", 1),
        ("c", "confirmed_accounts_of_devices_30d", 0), ("a", "confirmed_accounts_of_ips_7d", 0),
        # earlier cases: bad has the phone, the branch and the clerk of a
        ("a", "cleared_count", 1), ("a", "days_since_cleared", 4), ("c", "cleared_count", 0),
        ("c", "days_since_cleared", None), ("woken", "cleared_count", 1),
        ("a", "confirmed_accounts_of_phone", 1), ("c", "confirmed_accounts_of_phone", 0),
        ("unused", "confirmed_accounts_of_phone", None), ("a", "confirmed_accounts_of_holder", 0),
        ("a", "confirmed_share_of_branch", 1 / 3), ("unused", "confirmed_share_of_branch", None),  # alone there
        ("a", "confirmed_share_of_clerk", 1 / 3), ("c", "confirmed_share_of_clerk", None),
        # opening and holder
        ("a", "is_counter_opening", 1), ("a", "is_night_opening", 0), ("woken", "is_night_opening", 1),
        ("a", "is_phone_of_holder", 1), ("c", "is_phone_of_holder", 0), ("a", "customers_of_id_number", 1),
        ("a", "accounts_opened_by_holder_7d", 0), ("a", "accounts_opened_by_holder_90d", 2),
        ("a", "holders_of_opening_ip", 1), ("a", "is_young_holder", 1), ("a", "is_old_holder", 0),
        ("woken", "is_young_holder", None),
    ],
)  # fmt: skip
def test_what_a_ring_of_accounts_looks_like(ring, account, indicator, value):
    assert ring[account][indicator] == (value if not isinstance(value, float) else pytest.approx(value))


def test_a_counterparty_of_very_many_joins_nobody():
    """a and bad both pay a utility, as `HUB` others do: they have nothing to do with one another."""
    opened = datetime(2026, 1, 1)
    account = {"opened_at": opened, "updated_at": opened, "status": "open", "customer_type": "private"}
    label = {"subject_kind": "account", "happened_at": datetime(2026, 2, 1), "subject_id": "bad", "label": 1}
    found = []
    for others in (HUB - 2, HUB - 1):
        payers = ["a", "bad", *(f"n{n}" for n in range(others))]
        tables = {
            "transactions": [leg(payer, (2, 9), 9, "out", "1.00", "utility") for payer in payers],
            "accounts": [account | {"account_id": payer, "customer_id": payer} for payer in payers],
            "labels": [label], "logins": [], "customers": [],
        }  # fmt: skip
        frames = {name: mart(name, rows) for name, rows in tables.items()}
        row = computed(FEATURE_TABLES["account_features"], frames, AS_OF)["a"]
        found.append(row["confirmed_accounts_within_2_hops_30d"])
    assert found == [1, 0]
