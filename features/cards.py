"""Indicators of phone and IoT cards: one row per card in use and morning; `features/groups/` adds to them."""

# ruff: noqa: E501 - one indicator is one line, to be read as a table

from datetime import date

import polars as pl

from features.card_holders import card_holders, card_subjects
from features.card_places import PLACES as PLACES_OF_DAYS
from features.card_places import (
    TRAVEL_DAYS,
    USAGE,
    card_batches,
    card_presence,
    card_sharing,
    card_terminals,
)
from features.indicator import MONTH, Digest, FeatureGroup, Measure
from features.moments import Moment
from features.rows import Tables
from features.sharing import SHARED_DAYS
from features.table import FeatureTable

IN, OUT = "direction = 'in'", "direction = 'out'"
AT_NIGHT = "hour(happened_at) < 5"
AT_WORK = "hour(happened_at) BETWEEN 9 AND 17"
OTHER = "other_number_id"
SHORT_CALL, LONG_CALL = 10, 1200  # seconds
MEGABYTE = "1048576.0D"
LOWEST_BIT = "(seen_mask & -seen_mask)"
REST = f"(seen_mask & ~{LOWEST_BIT})"  # the days before the last active one

# fmt: off
CALLS = FeatureGroup(
    name="calls",
    category="calls",
    tables=("calls",),
    key="card_id",
    joins="subject_id",
    order="source_line",
    moments=(
        Moment("call_out_count_10m", "1", "10m", where=OUT),
        Moment("callee_count_1h", OTHER, "1h", "distinct", where=OUT),
    ),
    measures=(
        Measure("call_out_count", "1", "calls", "{d}主叫次数", "calls made, {d}", (1, 7, 30), where=OUT),
        Measure("call_in_count", "1", "calls", "{d}被叫次数", "calls received, {d}", (1, 7, 30), where=IN),
        Measure("call_out_share", "try_divide(call_out_count_{d}d, call_out_count_{d}d + call_in_count_{d}d)", "ratio", "{d}主叫占比", "share of calls that it made, {d}", (7, 30), "derived", spark_type="double"),
        Measure("callee_count", OTHER, "numbers", "{d}被叫对象个数", "different numbers called, {d}", (1, 7, 30), "distinct", OUT),
        Measure("caller_count", OTHER, "numbers", "{d}来电号码个数", "different numbers that called, {d}", (7, 30), "distinct", IN),
        Measure("new_callee_count", OTHER, "numbers", "{d}新被叫对象个数", "numbers first called in the {d}", (7,), "new", OUT, hidden=True),
        Measure("new_callee_share", "try_divide(new_callee_count_{d}d, callee_count_{d}d)", "ratio", "{d}新被叫对象占比", "share of called numbers first called in the {d}", (7,), "derived", spark_type="double"),
        Measure("calls_per_callee", "try_divide(call_out_count_{d}d, callee_count_{d}d)", "calls", "{d}每个被叫对象平均次数", "calls per called number, {d}", (7, 30), "derived", spark_type="double"),
        Measure("answered_contact_share", "try_divide(caller_count_{d}d, callee_count_{d}d)", "times", "{d}来电号码与被叫对象之比", "numbers that called over numbers called, {d}", (30,), "derived", spark_type="double"),
        Measure("call_out_count_10m_max", "call_out_count_10m", "calls", "{d}任意10分钟最多主叫次数", "most calls made within 10 minutes, {d}", (7, 30), "max"),
        Measure("callee_count_1h_max", "callee_count_1h", "numbers", "{d}任意1小时最多被叫对象个数", "most numbers called within an hour, {d}", (7, 30), "max"),
        Measure("callee_largest_share", OTHER, "ratio", "{d}最常主叫号码占比", "share of the number called most, {d}", (30,), "largest", OUT, None, "double"),
        Measure("callee_entropy", OTHER, "nats", "{d}主叫号码分散度（熵）", "entropy of called numbers, {d}", (30,), "entropy", OUT, None, "double"),
        Measure("call_out_seconds_spread", "duration_s", "seconds", "{d}主叫时长标准差", "standard deviation of the length of calls made, {d}", (30,), "spread", OUT, None, "double"),
        Measure("call_out_rising_days", "1", "days", "{d}日主叫次数最长连续上升天数", "most days in a row with more calls made than the day before, {d}", (30,), "rise", OUT),
        Measure("call_out_trend", "1", "calls a day", "{d}日主叫次数趋势", "trend of the daily calls made, {d}", (30,), "trend", OUT, 0, "double"),
        Measure("call_out_seconds", "duration_s", "seconds", "{d}主叫时长", "seconds of calls made, {d}", (7, 30), where=OUT, hidden=True),
        Measure("call_out_mean_seconds", "try_divide(call_out_seconds_{d}d, call_out_count_{d}d)", "seconds", "{d}平均主叫时长", "mean length of calls made, {d}", (7, 30), "derived", spark_type="double"),
        Measure("short_call_count", "1", "calls", "{d}短时主叫次数", "short calls made, {d}", (7, 30), where=f"{OUT} AND duration_s < {SHORT_CALL}", hidden=True),
        Measure("short_call_share", "try_divide(short_call_count_{d}d, call_out_count_{d}d)", "ratio", "{d}10秒内主叫占比", "share of calls made under 10 s, {d}", (7, 30), "derived", spark_type="double"),
        Measure("long_call_count", "1", "calls", "{d}20分钟以上通话次数", "calls of 20 minutes or more, {d}", (7, 30), where=f"duration_s >= {LONG_CALL}"),
        Measure("night_call_count", "1", "calls", "{d}夜间通话次数", "calls at night, {d}", (30,), where=AT_NIGHT, hidden=True),
        Measure("night_call_share", "try_divide(night_call_count_{d}d, call_out_count_{d}d + call_in_count_{d}d)", "ratio", "{d}夜间（0-5时）通话占比", "share of calls at night (0-5 h), {d}", (30,), "derived", spark_type="double"),
        Measure("work_call_count", "1", "calls", "{d}工作时段主叫次数", "calls made in working hours, {d}", (7,), where=f"{OUT} AND {AT_WORK}", hidden=True),
        Measure("work_call_share", "try_divide(work_call_count_{d}d, call_out_count_{d}d)", "ratio", "{d}工作时段（9-18时）主叫占比", "share of calls made from 9 to 18 h, {d}", (7,), "derived", spark_type="double"),
        Measure("forwarded_call_count", "1", "calls", "{d}呼叫转移次数", "forwarded calls, {d}", (7,), where="direction = 'forwarded'"),
        Measure("roaming_mask", "1", "bits", "日期", "days", where="roaming <> '本地'", kind="days", hidden=True),
        Measure("roaming_day_count", "bit_count(roaming_mask & (shiftleft(1L, {d}) - 1))", "days", "{d}漫游通话天数", "days with calls while roaming, {d}", (30,), "derived"),
        Measure("abroad_mask", "1", "bits", "日期", "days", where="roaming = '国际'", kind="days", hidden=True),
        Measure("abroad_day_count", "bit_count(abroad_mask & (shiftleft(1L, {d}) - 1))", "days", "{d}境外通话天数", "days with calls abroad, {d}", (30,), "derived"),
    ),
)
SMS = FeatureGroup(
    name="sms",
    category="messages",
    tables=("sms",),
    key="card_id",
    joins="subject_id",
    measures=(
        Measure("sms_out_count", "1", "messages", "{d}发送短信条数", "messages sent, {d}", (1, 7, 30), where=OUT),
        Measure("sms_in_count", "1", "messages", "{d}接收短信条数", "messages received, {d}", (7, 30), where=IN),
        Measure("sms_out_share", "try_divide(sms_out_count_{d}d, sms_out_count_{d}d + sms_in_count_{d}d)", "ratio", "{d}发送短信占比", "share of messages that it sent, {d}", (30,), "derived", spark_type="double"),
        Measure("sms_recipient_count", OTHER, "numbers", "{d}短信接收号码个数", "different numbers written to, {d}", (7, 30), "distinct", OUT),
        Measure("sms_sender_count", OTHER, "numbers", "{d}短信来源号码个数", "different senders of messages, {d}", (30,), "distinct", IN),
    ),
)
DATA = FeatureGroup(
    name="data",
    category="data",
    tables=("data_sessions",),
    key="card_id",
    joins="subject_id",
    measures=(
        Measure("data_bytes", "up_bytes + down_bytes", "bytes", "{d}流量", "data volume, {d}", (1, 7, 30, MONTH), hidden=True),
        Measure("data_up_bytes", "up_bytes", "bytes", "{d}上行流量", "data sent, {d}", (7,), hidden=True),
        Measure("data_megabytes", f"data_bytes_{{d}}d / {MEGABYTE}", "MB", "{d}流量", "data volume, {d}", (1, 7, 30), "derived", spark_type="double"),
        Measure("data_megabytes_month", f"data_bytes_month / {MEGABYTE}", "MB", "当月累计流量", "data volume, month to date", kind="derived", spark_type="double"),
        Measure("data_up_share", "try_divide(data_up_bytes_{d}d, data_bytes_{d}d)", "ratio", "{d}上行流量占比", "share of data sent, {d}", (7,), "derived", spark_type="double"),
        Measure("data_mask", "1", "bits", "有流量的日期", "days with data", kind="days", hidden=True),
        Measure("data_day_count", "bit_count(data_mask & (shiftleft(1L, {d}) - 1))", "days", "{d}有流量天数", "days with data, {d}", (7, 30), "derived"),
    ),
)
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
        Measure("cell_count", "", "cells", "{d}基站数", "cells, {d}", (1, 7, 30), "given"),
        Measure("county_count", "", "counties", "{d}区县数", "counties, {d}", (7, 30), "given"),
        Measure("seen_day_count", "bit_count(seen_mask & (shiftleft(1L, {d}) - 1))", "days", "{d}活跃天数", "active days, {d}", (7, 30), "derived", category="rhythm"),
        Measure("seen_mask", "", "bits", "活跃日期", "active days", kind="given", hidden=True, category="rhythm"),
        Measure("days_since_seen", f"CASE WHEN seen_mask <> 0 THEN bit_count({LOWEST_BIT} - 1) END", "days", "距最近一次活跃天数", "days since the last activity", kind="derived", category="rhythm"),
        Measure("silence_before_seen", f"CASE WHEN {REST} <> 0 THEN bit_count(({REST} & -{REST}) - 1) - bit_count({LOWEST_BIT} - 1) - 1 END", "days", "最近一次活跃前的静默天数", "silent days before the last active day", kind="derived", category="rhythm"),
        Measure("longest_silence_30d", "longest_gap(seen_mask)", "days", "近30天最长静默天数", "longest silence, last 30 d", kind="derived", category="rhythm"),
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
        Measure("is_phone_terminal", "", "yes or no", "最近终端为手机", "last handset is a phone", kind="given", empty=None),
        Measure("is_known_terminal", "", "yes or no", "最近终端型号在库", "model of the last handset is known", kind="given", empty=None),
        Measure("is_away_from_home", "", "yes or no", "最近位置不在归属区县", "last seen outside its home county", kind="given", empty=None),
        Measure("days_to_first_seen", "", "days", "开户到首次活跃天数", "days from opening to the first activity", kind="given", empty=None, category="rhythm"),
        Measure("is_iot_in_phone", "is_iot * is_phone_terminal", "yes or no", "物联卡用于手机", "IoT card in a phone", kind="derived"),
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
        Measure("is_iot", "", "yes or no", "物联卡", "IoT card", kind="given", empty=None),
        Measure("is_migrated", "", "yes or no", "迁移客户", "migrated", kind="given", empty=None),
        Measure("cards_of_owner", "", "cards", "持有人在用卡数", "cards in use of the owner", kind="given", empty=None),
        Measure("cards_opened_by_owner_30d", "", "cards", "持有人近30天新开卡数", "cards the owner opened in the last 30 d", kind="given", empty=None),
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
    groups=(CALLS, SMS, DATA, PLACES, SHARING, TERMINALS, BATCHES, HOLDERS),
    events={
        "calls": (*WHERE, "county", "direction", "other_number_id", "duration_s", "roaming", "source_line"),
        "sms": (*WHERE, "direction", "other_number_id"),
        "data_sessions": (*WHERE, "up_bytes", "down_bytes"),
        "signalling": (*WHERE, "county"),
    },
    references=("cards", "cells", "tac_library"),
    subjects=_subjects,
)
