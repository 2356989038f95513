"""The card indicators as declared: a SIM pool, a batch that travels, an IoT card in a phone, a quiet card."""

from datetime import date, datetime

import pytest

from features.catalogue import FEATURE_TABLES
from tests.features.frames import computed, mart

AS_OF = date(2026, 2, 10)


@pytest.fixture(scope="module")
def found():
    opened = datetime(2026, 2, 1, 9)
    card = {
        "opened_at": opened, "status_at": opened, "status": "在用", "card_kind": "phone", "is_migrated": False,
        "home_county": "160101", "shop_id": "s1", "dealer_id": "d1", "owner_id": "o1",
    }  # fmt: skip
    cards = [
        card | {"card_id": "b1"},
        card | {"card_id": "b2"},
        card | {"card_id": "b3"},
        card | {"card_id": "iot", "card_kind": "iot", "shop_id": None, "owner_id": "o2"},
        card | {"card_id": "quiet", "opened_at": datetime(2020, 1, 1), "shop_id": "s2", "owner_id": "o3"},
        card
        | {"card_id": "stopped", "status": "停机", "shop_id": "s2"},  # no subject, but counted for its dealer
    ]

    def use(card_id, day, hour, cell="far", imei="i1", tac="09990001", **more):
        at = datetime(2026, *day, hour)
        return {"card_id": card_id, "happened_at": at, "cell_id": cell, "imei_id": imei, "tac": tac} | more

    calls = [
        use("b1", (2, 9), 10, direction="out", other_number_id="v1", duration_s=5, roaming="本地"),
        use("b1", (2, 9), 11, direction="out", other_number_id="v1", duration_s=35, roaming="省际"),
        use(
            "b1", (2, 1), 3, direction="in", other_number_id="v2", duration_s=1200, roaming="本地"
        ),  # 9 days ago
        use("b2", (2, 9), 10, direction="out", other_number_id="v3", duration_s=20, roaming="本地"),
    ]
    sms = [use("b1", (2, 8), 9, direction="out", other_number_id="v1", imei="i2")]
    data = [
        use("iot", (2, 9), 9, cell="near", imei="i9", tac="09990002", up_bytes=1048576, down_bytes=1048576),
        use(
            "iot", (1, 31), 9, cell="near", imei="i9", tac="09990002", up_bytes=0, down_bytes=1048576
        ),  # last month
        use(
            "quiet", (2, 9), 9, cell="near", imei="i8", tac="09999999", up_bytes=1, down_bytes=0
        ),  # unknown model
    ]
    signalling = [
        use("b3", (2, 2), 9, cell=None, county="XA", imei=None, tac=None, event_type="漫出")
    ]  # abroad
    cells = [{"cell_id": "far", "county": "160199"}, {"cell_id": "near", "county": "160101"}]
    library = [
        {
            "tac": "09990001",
            "terminal_class": "module",
            "valid_from": date(2020, 1, 1),
            "valid_to": date(2025, 1, 1),
        },
        {"tac": "09990001", "terminal_class": "phone", "valid_from": date(2025, 1, 2)},  # corrected since
        {"tac": "09990002", "terminal_class": "phone", "valid_from": date(2020, 1, 1)},
    ]
    tables = {
        "calls": calls, "sms": sms, "data_sessions": data, "signalling": signalling,
        "cards": cards, "cells": cells, "tac_library": library,
    }  # fmt: skip
    return computed(
        FEATURE_TABLES["card_features"], {name: mart(name, rows) for name, rows in tables.items()}, AS_OF
    )


def test_subjects_are_the_cards_in_use(found):
    assert set(found) == {"b1", "b2", "b3", "iot", "quiet"}


@pytest.mark.parametrize(
    ("card", "indicator", "value"),
    [
        ("b1", "call_out_count_1d", 2), ("b1", "callee_count_30d", 1), ("b1", "calls_per_callee_7d", 2.0),
        ("b1", "call_out_share_7d", 1.0), ("b1", "call_out_mean_seconds_7d", 20.0), ("b1", "short_call_share_7d", 0.5),
        ("b1", "long_call_count_7d", 0), ("b1", "long_call_count_30d", 1), ("b1", "night_call_share_30d", 1 / 3),
        ("b1", "roaming_day_count_30d", 1), ("b1", "sms_out_count_7d", 1), ("b1", "imei_count_7d", 2),
        ("b1", "imei_count_1d", 1), ("b1", "seen_day_count_30d", 3), ("b1", "silence_before_seen", 0),
        ("b1", "longest_silence_30d", 6), ("b1", "cards_per_imei_7d", 2), ("b1", "cards_per_cell_and_tac_7d", 2),
        ("b1", "is_phone_terminal", 1), ("b1", "is_away_from_home", 1), ("b1", "days_to_first_seen", 0),
        ("b1", "batch_size", 3), ("b1", "batch_share_in_remote_cell", 2 / 3),
        ("b3", "batch_share_in_remote_cell", None),
        ("b3", "county_count_30d", 1), ("b3", "cell_count_30d", 0), ("b3", "is_known_terminal", None),
        ("b1", "cards_of_owner", 3), ("b1", "dealer_stopped_share", 1 / 6), ("b1", "call_in_count_7d", 0),
        ("iot", "is_iot_in_phone", 1), ("iot", "data_megabytes_1d", 2.0), ("iot", "data_megabytes_month", 2.0),
        ("iot", "data_megabytes_30d", 3.0), ("iot", "data_day_count_30d", 2), ("iot", "batch_size", None),
        ("quiet", "is_phone_terminal", None), ("quiet", "is_known_terminal", 0), ("quiet", "call_out_count_30d", 0),
        ("quiet", "days_to_first_seen", None), ("quiet", "card_age", 2232), ("quiet", "shop_stopped_share", 0.5),
    ],
)  # fmt: skip
def test_what_the_cards_look_like(found, card, indicator, value):
    assert found[card][indicator] == (value if not isinstance(value, float) else pytest.approx(value))
