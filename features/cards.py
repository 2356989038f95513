"""Indicators of phone and IoT cards: one row per card in use and morning; `features/groups/` adds to them."""

# ruff: noqa: E501 - one indicator is one line, to be read as a table

from datetime import date

import polars as pl

from features.card_holders import card_holders, card_subjects
from features.card_places import PLACES as PLACES_OF_DAYS
from features.card_places import (
    TRAVEL_DAYS,
    USAGE,
    card_away,
    card_batches,
    card_first_power_ons,
    card_presence,
    card_sharing,
    card_terminals,
)
from features.card_usage import CALLS, DATA, HABITS, SIGNALLING, SMS
from features.indicator import IS_IT_ZH, Digest, FeatureGroup, Measure
from features.rows import Tables
from features.sharing import SHARED_DAYS
from features.table import FeatureTable

LOWEST_BIT = "(seen_mask & -seen_mask)"
REST = f"(seen_mask & ~{LOWEST_BIT})"  # the days before the last active one

# fmt: off
PLACES = FeatureGroup(
    name="places",
    category="places",
    tables=USAGE,
    key="card_id",
    joins="subject_id",
    function=card_presence,
    days=SHARED_DAYS,
    digests=(
        Digest(
            PLACES_OF_DAYS,
            {
                "imei_id": "imei_id",
                "tac": "tac",
                "cell_id": "cell_id",
                "county": "CASE WHEN cell_id IS NULL THEN county END",
            },
            SHARED_DAYS,
        ),
    ),
    measures=(
        Measure("imei_count", "", "handsets", "{d}使用终端数", "handsets, {d}", (1, 7, 30), "given"),
        Measure("tac_count", "", "handset models", "{d}使用终端型号数", "handset models, {d}", (7, 30), "given"),
        Measure("cells_per_day", "try_divide(cell_count_{d}d, seen_day_count_{d}d)", "cells", "{d}基站数与活跃天数之比", "cells per active day, {d}", (30,), "derived", spark_type="double"),
        Measure("cell_count", "", "cells", "{d}基站数", "cells, {d}", (1, 7, 30), "given"),
        Measure("county_count", "", "counties", "{d}区县数", "counties, {d}", (7, 30), "given"),
        Measure("seen_day_count", "bit_count(seen_mask & (shiftleft(1L, {d}) - 1))", "days", "{d}活跃天数", "active days, {d}", (7, 30), "derived", category="rhythm"),
        Measure("seen_mask", "", "bits", "活跃日期", "active days", kind="given", hidden=True, category="rhythm"),
        Measure("days_since_seen", f"CASE WHEN seen_mask <> 0 THEN bit_count({LOWEST_BIT} - 1) END", "days", "距最近一次活跃天数", "days since the last activity", kind="derived", category="rhythm"),
        Measure("silence_before_seen", f"CASE WHEN {REST} <> 0 THEN bit_count(({REST} & -{REST}) - 1) - bit_count({LOWEST_BIT} - 1) - 1 END", "days", "最近一次活跃前的静默天数", "silent days before the last active day", kind="derived", category="rhythm"),
        Measure("longest_silence_30d", "longest_gap(seen_mask)", "days", "近30天最长静默天数", "longest silence, last 30 d", kind="derived", category="rhythm"),
    ),
)
AWAY = FeatureGroup(
    name="away",
    category="places",
    tables=USAGE,
    key="card_id",
    joins="subject_id",
    function=card_away,
    days=SHARED_DAYS,
    measures=(
        Measure("away_day_count", "", "days", "{d}不在归属区县的天数", "days outside its home county, {d}", (7, 30), "given"),
        Measure("away_day_share", "try_divide(away_day_count_{d}d, seen_day_count_{d}d)", "ratio", "{d}不在归属区县的天数占比", "share of its active days outside its home county, {d}", (7, 30), "derived", spark_type="double"),
        Measure("days_since_first_away_30d", "", "days", "近30天首次离开归属区县距今", "days since it was first seen outside its home county, last 30 d", kind="given", empty=None),
        Measure("days_to_first_away", "", "days", "开户到首次离开归属区县天数", "days from opening to the first time outside its home county", kind="given", empty=None),
        Measure("is_first_seen_away", "", "yes or no", "开户后首个活跃日不在归属区县", "outside its home county on its first active day", kind="given", empty=None, sentence_zh=IS_IT_ZH),
        Measure("border_day_count", "", "days", "{d}出现在边境基站的天数", "days in a cell near the border, {d}", (7, 30), "given"),
        Measure("abroad_seen_day_count", "", "days", "{d}出现在境外的天数", "days seen where no cell of ours is, {d}", (7, 30), "given"),
    ),
)
FIRST_POWER_ONS = FeatureGroup(
    name="first_power_ons",
    category="places",
    tables=("signalling",),
    key="card_id",
    joins="subject_id",
    function=card_first_power_ons,
    days=SHARED_DAYS,
    measures=(
        Measure("days_to_first_power_on", "", "days", "开户到首次开机天数", "days from opening to first switching on", kind="given", empty=None, category="rhythm"),
        Measure("is_first_power_on_away", "", "yes or no", "首次开机不在归属区县", "first switched on outside its home county", kind="given", empty=None, sentence_zh=IS_IT_ZH),
    ),
)
SHARING = FeatureGroup(
    name="sharing",
    category="sharing",
    tables=USAGE,
    key="card_id",
    joins="subject_id",
    function=card_sharing,
    days=SHARED_DAYS,
    measures=(
        Measure("cards_per_imei_7d", "", "cards", "近7天同一终端最多卡数", "most cards on one of its handsets, last 7 d", kind="given", empty=None),
        Measure("cards_per_imei_1d", "", "cards", "近1天同一终端最多卡数", "most cards on one of its handsets, last 1 d", kind="given", empty=None),
        Measure("cards_per_imei_30d", "", "cards", "近30天同一终端最多卡数", "most cards on one of its handsets, last 30 d", kind="given", empty=None),
        Measure("cards_per_cell_and_tac_7d", "", "cards", "近7天同一基站同型号终端最多卡数", "most cards with one handset model in one of its cells, last 7 d", kind="given", empty=None),
    ),
)
TERMINALS = FeatureGroup(
    name="terminals",
    category="places",
    tables=USAGE,
    key="card_id",
    joins="subject_id",
    function=card_terminals,
    days=SHARED_DAYS,
    measures=(
        Measure("is_phone_terminal", "", "yes or no", "最近终端为手机", "last handset is a phone", kind="given", empty=None, sentence_zh=IS_IT_ZH),
        Measure("is_known_terminal", "", "yes or no", "最近终端型号在库", "model of the last handset is known", kind="given", empty=None, sentence_zh=IS_IT_ZH),
        Measure("is_away_from_home", "", "yes or no", "最近位置不在归属区县", "last seen outside its home county", kind="given", empty=None, sentence_zh=IS_IT_ZH),
        Measure("days_to_first_seen", "", "days", "开户到首次活跃天数", "days from opening to the first activity", kind="given", empty=None, category="rhythm"),
        Measure("is_iot_in_phone", "is_iot * is_phone_terminal", "yes or no", "物联卡用于手机", "IoT card in a phone", kind="derived", sentence_zh=IS_IT_ZH),
    ),
)
BATCHES = FeatureGroup(
    name="batches",
    category="places",
    tables=USAGE,
    key="card_id",
    joins="subject_id",
    function=card_batches,
    days=TRAVEL_DAYS,
    measures=(
        Measure("batch_share_in_remote_cell", "", "ratio", "同批开卡在同一外地基站的占比", "share of the cards opened with it that were in one remote cell, last 7 d", kind="given", empty=None, spark_type="double"),
    ),
)
HOLDERS = FeatureGroup(
    name="holders",
    category="holder",
    tables=(),
    key="subject_id",
    joins="subject_id",
    function=card_holders,
    measures=(
        Measure("card_age", "", "days", "开户天数", "days since opening", kind="given", empty=None),
        Measure("is_iot", "", "yes or no", "物联卡", "IoT card", kind="given", empty=None, sentence_zh=IS_IT_ZH),
        Measure("is_migrated", "", "yes or no", "迁移客户", "migrated", kind="given", empty=None, sentence_zh=IS_IT_ZH),
        Measure("cards_of_owner", "", "cards", "持有人在用卡数", "cards in use of the owner", kind="given", empty=None),
        Measure("cards_opened_by_owner_30d", "", "cards", "持有人近30天新开卡数", "cards the owner opened in the last 30 d", kind="given", empty=None),
        Measure("monthly_fee", "", "yuan", "套餐月费", "monthly fee of its tariff", kind="given", empty=None),
        Measure("is_lowest_tariff", "", "yes or no", "最低档套餐", "lowest tariff on sale", kind="given", empty=None, sentence_zh=IS_IT_ZH),
        Measure("batch_size", "", "cards", "同店同日开卡数", "cards opened in the same shop that day", kind="given", empty=None),
        Measure("clerk_openings_of_day", "", "cards", "同一工号当日开卡数", "cards the same clerk opened that day", kind="given", empty=None),
        Measure("dealer_stopped_share", "", "ratio", "渠道停机卡占比", "share of the dealer's cards that are stopped", kind="given", empty=None, spark_type="double"),
        Measure("shop_stopped_share", "", "ratio", "网点停机卡占比", "share of the shop's cards that are stopped", kind="given", empty=None, spark_type="double"),
    ),
)
# fmt: on

WHERE = ("card_id", "imei_id", "tac", "cell_id")


def _subjects(tables: Tables, as_of: date) -> pl.DataFrame:
    return card_subjects(tables["cards"], as_of)


CARD_FEATURES = FeatureTable(
    name="card_features",
    groups=(
        *(CALLS, SMS, DATA, SIGNALLING, HABITS, PLACES, AWAY, FIRST_POWER_ONS),
        *(SHARING, TERMINALS, BATCHES, HOLDERS),
    ),
    events={
        "calls": (
            *(
                *WHERE,
                "county",
                "direction",
                "other_number_id",
                "other_network",
                "duration_s",
                "roaming",
                "country",
            ),
            *("release_cause", "source_line"),
        ),
        "sms": (*WHERE, "direction", "other_number_id"),
        "data_sessions": (*WHERE, "up_bytes", "down_bytes", "app_class", "apn"),
        "signalling": (*WHERE, "county", "event_type", "visited_network"),
    },
    references=("cards", "cells", "tac_library"),
    subjects=_subjects,
)
