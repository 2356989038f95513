"""The card indicators as declared: a SIM pool, a batch that travels, an IoT card in a phone, a quiet card."""

# ruff: noqa: E501 - one fact is one entry, to be read as a table

from datetime import date, datetime
from statistics import pstdev

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


@pytest.fixture(scope="module")
def usage():
    """Card p calls, writes and roams; q was first switched on away from home; r was never used; t is an IoT card."""
    opened = datetime(2026, 2, 1, 0, 30)
    card = {
        "opened_at": opened, "status_at": opened, "status": "在用", "card_kind": "phone", "is_migrated": False,
        "home_county": "160101", "tariff": "19元保号",
    }  # fmt: skip
    cards = [
        card | {"card_id": "p"},
        card | {"card_id": "q", "tariff": "129元畅享"},
        card | {"card_id": "r"},
        card | {"card_id": "t", "card_kind": "iot", "tariff": "物联10G", "opened_at": datetime(2025, 1, 1)},
    ]

    def use(card_id, day, hour, minute=0, cell="near", **more):
        at = datetime(2026, *day, hour, minute)
        return {"card_id": card_id, "happened_at": at, "cell_id": cell, "imei_id": "i1", "tac": "0999"} | more

    def call(day, hour, minute, direction, other, network, seconds, cause="正常", roaming="本地", **more):
        given = {
            "direction": direction,
            "other_number_id": other,
            "other_network": network,
            "duration_s": seconds,
        }
        return use("p", day, hour, minute, release_cause=cause, roaming=roaming, **given, **more)

    calls = [
        call((2, 9), 10, 0, "out", "v1", "异网", 0, "拒接"),
        call((2, 9), 10, 5, "out", "v1", "异网", 30),
        call((2, 9), 10, 50, "out", "v2", "固话", 1500),  # three within the hour
        call((2, 9), 3, 0, "out", "v3", "本网", 60),  # at night
        call((2, 8), 9, 0, "in", "v1", "境外", 20),  # v1 calls back, from abroad
        call((2, 7), 9, 0, "forwarded", "v9", None, 10, roaming="国际", country="KH"),
    ]
    texts = [((2, 9), 11, 0, "v1"), ((2, 9), 11, 1, "v2"), ((2, 9), 11, 30, "v2"), ((2, 1), 2, 0, "v2")]
    sms = [use("p", *when, direction="out", other_number_id=other) for *when, other in texts]
    sms += [use("p", (2, 9), 12, direction="in", other_number_id="v1")]
    data = [
        use("p", (2, 9), 10, up_bytes=1, down_bytes=1, app_class="视频", apn="x"),
        use("p", (2, 9), 10, up_bytes=2, down_bytes=2, app_class="社交", apn="x"),
    ]
    signalling = [
        use("p", (2, 3), 8, county="160101", event_type="首次开机"),
        use("p", (2, 9), 9, 50, county="160101", event_type="IMEI变更"),
        use("p", (2, 9), 9, 55, county="160101", event_type="IMEI变更"),
        use("p", (2, 9), 10, 10, cell="far", county="160199", event_type="县变更"),
        use("p", (2, 9), 10, 30, cell=None, county="XA", event_type="漫出", visited_network="kh-1"),
        use("q", (2, 5), 8, cell="far", county="160199", event_type="首次开机"),
    ]
    cells = [
        {"cell_id": "far", "county": "160199", "is_at_border": True},
        {"cell_id": "near", "county": "160101", "is_at_border": False},
    ]
    tables = {
        "calls": calls, "sms": sms, "data_sessions": data, "signalling": signalling, "cards": cards, "cells": cells,
        "tac_library": [],
    }  # fmt: skip
    return computed(
        FEATURE_TABLES["card_features"], {name: mart(name, rows) for name, rows in tables.items()}, AS_OF
    )


@pytest.mark.parametrize(
    ("card", "indicator", "value"),
    [
        # C5: four calls made, one received, one forwarded
        ("p", "call_out_share_1d", 1.0), ("p", "call_out_count_1h_max_7d", 3), ("p", "other_network_share_30d", 0.5),
        ("p", "landline_share_30d", 0.25), ("p", "callee_network_count_30d", 3), ("p", "overseas_call_count_7d", 1),
        ("p", "overseas_call_share_30d", 1 / 6), ("p", "unanswered_call_share_30d", 0.25),
        ("p", "refused_call_share_30d", 0.25), ("p", "long_call_share_30d", 1 / 6),
        ("p", "call_in_mean_seconds_30d", 20.0), ("p", "call_out_seconds_max_30d", 1500),
        ("p", "night_call_out_share_30d", 0.25), ("p", "contact_count_30d", 3), ("p", "two_way_contact_share_30d", 1 / 3),
        ("p", "forwarded_call_count_1d", 0), ("p", "forwarded_call_count_7d", 1), ("p", "forwarded_number_count_30d", 1),
        ("q", "unanswered_call_share_30d", None), ("q", "contact_count_30d", 0),
        # C9: three messages from 11:00 to 11:30, two of them within ten minutes; v2 was written to before
        ("p", "sms_out_count_10m_max_7d", 2), ("p", "sms_out_count_1h_max_7d", 3), ("p", "recipient_count_1h_max_7d", 2),
        ("p", "new_recipient_count_7d", 1), ("p", "new_recipient_share_7d", 0.5), ("p", "messages_per_recipient_30d", 2.0),
        ("p", "recipient_largest_share_30d", 0.75), ("p", "night_sms_share_30d", 0.25), ("p", "sms_reply_ratio_30d", 0.5),
        ("p", "app_count_30d", 2), ("p", "apn_count_30d", 1),
        # C1 and C12: two days after opening switched on at home; on the 9th in three counties within the hour, one abroad
        ("p", "days_to_first_power_on", 2), ("p", "is_first_power_on_away", 0), ("p", "days_since_first_power_on_30d", 7),
        ("q", "days_to_first_power_on", 4), ("q", "is_first_power_on_away", 1), ("r", "is_first_power_on_away", None),
        ("p", "county_count_1h_max_7d", 3), ("p", "imei_change_count_1d", 2), ("p", "imei_change_count_24h_max_30d", 2),
        ("p", "county_change_count_7d", 1), ("p", "roam_out_count_7d", 1), ("p", "days_since_roam_out_30d", 1),
        ("p", "roam_in_count_7d", 0), ("p", "days_since_roam_in_30d", None), ("p", "power_on_count_30d", 1),
        ("p", "visited_network_count_30d", 1), ("p", "abroad_call_share_30d", 1 / 6), ("p", "country_count_30d", 1),
        ("p", "days_since_first_abroad_call_30d", 3), ("p", "away_day_count_7d", 1),
        ("p", "away_day_share_7d", 0.25),  # of the 3rd, 7th, 8th and 9th
        ("p", "days_since_first_away_30d", 1), ("p", "days_to_first_away", 8), ("p", "is_first_seen_away", 0),
        ("q", "is_first_seen_away", 1), ("q", "days_to_first_away", 4), ("r", "is_first_seen_away", None),
        ("p", "border_day_count_7d", 1), ("p", "abroad_seen_day_count_7d", 1), ("q", "abroad_seen_day_count_7d", 0),
        # C8: p is seen on five of nine days, q on one, r never
        ("p", "used_day_count_90d", 5), ("p", "used_day_share_90d", 5 / 9), ("q", "used_day_share_90d", 1 / 9),
        ("p", "silence_after_opening", 0), ("q", "silence_after_opening", 4), ("r", "is_unused_since_opening", 1),
        ("q", "is_unused_since_opening", 0), ("t", "is_unused_since_opening", None), ("p", "longest_silence_60d", 3),
        ("p", "days_since_last_use_90d", 1), ("q", "days_since_last_use_90d", 5), ("r", "days_since_last_use_90d", None),
        ("p", "made_call_count_month", 4), ("p", "calls_a_day_since_opening", 4 / 9), ("p", "used_service_count_30d", 3),
        ("q", "used_service_count_30d", 0), ("p", "monthly_fee", 19), ("p", "is_lowest_tariff", 1),
        ("q", "is_lowest_tariff", 0), ("t", "monthly_fee", None), ("t", "is_lowest_tariff", None),
        # own normal: no calls on any other day say nothing; of messages one on one of 29 days
        ("p", "made_call_deviation_30d", None),
        ("p", "sent_message_deviation_30d", (3 - 1 / 29) / pstdev([1] + [0] * 28)),
        ("p", "sent_message_count_90d", 4), ("p", "tac_count_7d", 1), ("p", "cards_per_imei_1d", 1),
    ],
)  # fmt: skip
def test_what_usage_tells_of_a_card(usage, card, indicator, value):
    assert usage[card][indicator] == (value if not isinstance(value, float) else pytest.approx(value))
