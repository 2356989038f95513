"""The account indicators as declared, on a handful of accounts whose numbers can be counted by hand."""

from datetime import date, datetime
from decimal import Decimal as D

import pytest

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
