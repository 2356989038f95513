"""Indicators of what a card did: calls, messages, data, switching on and off, and its long habits."""

# ruff: noqa: E501 - one indicator is one line, to be read as a table

from features.card_places import USAGE
from features.indicator import IS_IT_ZH, MONTH, Digest, FeatureGroup, Measure
from features.moments import Moment
from features.sharing import SHARED_DAYS

IN, OUT = "direction = 'in'", "direction = 'out'"
AT_NIGHT = "hour(happened_at) < 5"
AT_WORK = "hour(happened_at) BETWEEN 9 AND 17"
OTHER = "other_number_id"
SHORT_CALL, LONG_CALL = 10, 1200  # seconds
MEGABYTE = "1048576.0D"
UNANSWERED = "duration_s = 0"
FIRST_POWER_ON = "event_type = '首次开机'"
# Rows of all usage together: only calls have a length, only data bytes, and only these lack what messages have.
A_CALL, A_MESSAGE = "duration_s IS NOT NULL", "direction = 'out' AND duration_s IS NULL"
A_TRANSFER = "up_bytes IS NOT NULL"
# Opened within the days that the long windows see, so all that the card ever did is seen.
IS_NEW = "card_age <= 90 AND used_day_count_90d IS NOT NULL"

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
        Moment("call_out_count_1h", "1", "1h", where=OUT),
        Moment("callee_count_1h", OTHER, "1h", "distinct", where=OUT),
    ),
    measures=(
        Measure("call_out_count", "1", "calls", "{d}主叫次数", "calls made, {d}", (1, 7, 30), where=OUT),
        Measure("call_in_count", "1", "calls", "{d}被叫次数", "calls received, {d}", (1, 7, 30), where=IN),
        Measure("call_out_share", "try_divide(call_out_count_{d}d, call_out_count_{d}d + call_in_count_{d}d)", "ratio", "{d}主叫占比", "share of calls that it made, {d}", (1, 7, 30), "derived", spark_type="double"),
        Measure("callee_count", OTHER, "numbers", "{d}被叫对象个数", "different numbers called, {d}", (1, 7, 30), "distinct", OUT),
        Measure("caller_count", OTHER, "numbers", "{d}来电号码个数", "different numbers that called, {d}", (7, 30), "distinct", IN),
        Measure("new_callee_count", OTHER, "numbers", "{d}新被叫对象个数", "numbers first called in the {d}", (1, 7), "new", OUT, hidden=True),
        Measure("new_callee_share", "try_divide(new_callee_count_{d}d, callee_count_{d}d)", "ratio", "{d}新被叫对象占比", "share of called numbers first called in the {d}", (1, 7), "derived", spark_type="double"),
        Measure("calls_per_callee", "try_divide(call_out_count_{d}d, callee_count_{d}d)", "calls", "{d}每个被叫对象平均次数", "calls per called number, {d}", (7, 30), "derived", spark_type="double"),
        Measure("answered_contact_share", "try_divide(caller_count_{d}d, callee_count_{d}d)", "times", "{d}来电号码与被叫对象之比", "numbers that called over numbers called, {d}", (7, 30), "derived", spark_type="double"),
        Measure("contact_count", OTHER, "numbers", "{d}通话对象个数", "different numbers on the other side, {d}", (30,), "distinct", "direction IN ('in', 'out')"),
        Measure("two_way_contact_share", "try_divide(callee_count_{d}d + caller_count_{d}d - contact_count_{d}d, contact_count_{d}d)", "ratio", "{d}互有主被叫的对象占比", "share of the numbers on the other side that called and were called, {d}", (30,), "derived", spark_type="double"),
        Measure("call_out_count_10m_max", "call_out_count_10m", "calls", "{d}任意10分钟最多主叫次数", "most calls made within 10 minutes, {d}", (7, 30), "max"),
        Measure("call_out_count_1h_max", "call_out_count_1h", "calls", "{d}任意1小时最多主叫次数", "most calls made within an hour, {d}", (7, 30), "max"),
        Measure("callee_count_1h_max", "callee_count_1h", "numbers", "{d}任意1小时最多被叫对象个数", "most numbers called within an hour, {d}", (7, 30), "max"),
        Measure("callee_largest_share", OTHER, "ratio", "{d}最常主叫号码占比", "share of the number called most, {d}", (7, 30), "largest", OUT, None, "double"),
        Measure("callee_entropy", OTHER, "nats", "{d}主叫号码分散度（熵）", "entropy of called numbers, {d}", (30,), "entropy", OUT, None, "double"),
        Measure("callee_network_count", "other_network", "networks", "{d}主叫对方网络数", "networks of called numbers, {d}", (30,), "distinct", OUT),
        Measure("callee_network_entropy", "other_network", "nats", "{d}主叫对方网络分散度（熵）", "entropy of the networks of called numbers, {d}", (30,), "entropy", OUT, None, "double"),
        Measure("other_network_share", "other_network = '异网'", "ratio", "{d}主叫异网号码占比", "share of calls made to other networks, {d}", (30,), "share", OUT, None, "double"),
        Measure("landline_share", "other_network = '固话'", "ratio", "{d}主叫固话占比", "share of calls made to landlines, {d}", (30,), "share", OUT, None, "double"),
        Measure("overseas_call_count", "1", "calls", "{d}与境外号码通话次数", "calls with numbers abroad, {d}", (7, 30), where="other_network = '境外'"),
        Measure("overseas_call_share", "other_network = '境外'", "ratio", "{d}与境外号码通话占比", "share of calls with numbers abroad, {d}", (30,), "share", "true", None, "double"),
        Measure("call_out_seconds_spread", "duration_s", "seconds", "{d}主叫时长标准差", "standard deviation of the length of calls made, {d}", (30,), "spread", OUT, None, "double"),
        Measure("call_out_rising_days", "1", "days", "{d}日主叫次数最长连续上升天数", "most days in a row with more calls made than the day before, {d}", (30,), "rise", OUT),
        Measure("call_out_trend", "1", "calls a day", "{d}日主叫次数趋势", "trend of the daily calls made, {d}", (30,), "trend", OUT, 0, "double"),
        Measure("call_out_seconds", "duration_s", "seconds", "{d}主叫时长", "seconds of calls made, {d}", (7, 30), where=OUT, hidden=True),
        Measure("call_out_mean_seconds", "try_divide(call_out_seconds_{d}d, call_out_count_{d}d)", "seconds", "{d}平均主叫时长", "mean length of calls made, {d}", (7, 30), "derived", spark_type="double"),
        Measure("short_call_count", "1", "calls", "{d}短时主叫次数", "short calls made, {d}", (7, 30), where=f"{OUT} AND duration_s < {SHORT_CALL}", hidden=True),
        Measure("short_call_share", "try_divide(short_call_count_{d}d, call_out_count_{d}d)", "ratio", "{d}10秒内主叫占比", "share of calls made under 10 s, {d}", (7, 30), "derived", spark_type="double"),
        Measure("unanswered_call_share", UNANSWERED, "ratio", "{d}主叫未接通占比", "share of calls made that nobody answered, {d}", (30,), "share", OUT, None, "double"),
        Measure("refused_call_share", "release_cause = '拒接'", "ratio", "{d}主叫被拒接占比", "share of calls made that were refused, {d}", (30,), "share", OUT, None, "double"),
        Measure("long_call_count", "1", "calls", "{d}20分钟以上通话次数", "calls of 20 minutes or more, {d}", (7, 30), where=f"duration_s >= {LONG_CALL}"),
        Measure("long_call_share", f"duration_s >= {LONG_CALL}", "ratio", "{d}20分钟以上通话占比", "share of calls of 20 minutes or more, {d}", (30,), "share", empty=None, spark_type="double"),
        Measure("call_in_mean_seconds", "duration_s", "seconds", "{d}平均被叫时长", "mean length of calls received, {d}", (30,), "mean", IN, None, "double"),
        Measure("call_out_seconds_max", "duration_s", "seconds", "{d}最长主叫时长", "longest call made, {d}", (30,), "max", OUT, None),
        Measure("night_call_count", "1", "calls", "{d}夜间通话次数", "calls at night, {d}", (7, 30), where=AT_NIGHT, hidden=True),
        Measure("night_call_share", "try_divide(night_call_count_{d}d, call_out_count_{d}d + call_in_count_{d}d)", "ratio", "{d}夜间（0-5时）通话占比", "share of calls at night (0-5 h), {d}", (7, 30), "derived", spark_type="double"),
        Measure("night_call_out_share", AT_NIGHT, "ratio", "{d}夜间（0-5时）主叫占比", "share of calls made at night (0-5 h), {d}", (30,), "share", OUT, None, "double"),
        Measure("work_call_count", "1", "calls", "{d}工作时段主叫次数", "calls made in working hours, {d}", (7,), where=f"{OUT} AND {AT_WORK}", hidden=True),
        Measure("work_call_share", "try_divide(work_call_count_{d}d, call_out_count_{d}d)", "ratio", "{d}工作时段（9-18时）主叫占比", "share of calls made from 9 to 18 h, {d}", (7,), "derived", spark_type="double"),
        Measure("forwarded_call_count", "1", "calls", "{d}呼叫转移次数", "forwarded calls, {d}", (1, 7, 30), where="direction = 'forwarded'"),
        Measure("forwarded_number_count", OTHER, "numbers", "{d}呼叫转移对象个数", "different numbers of forwarded calls, {d}", (30,), "distinct", "direction = 'forwarded'"),
        Measure("roaming_mask", "1", "bits", "日期", "days", where="roaming <> '本地'", kind="days", hidden=True),
        Measure("roaming_day_count", "bit_count(roaming_mask & (shiftleft(1L, {d}) - 1))", "days", "{d}漫游通话天数", "days with calls while roaming, {d}", (7, 30), "derived"),
        Measure("roaming_call_share", "roaming <> '本地'", "ratio", "{d}漫游通话占比", "share of calls while roaming, {d}", (30,), "share", "roaming IS NOT NULL", None, "double", category="places"),
        Measure("days_since_first_roaming_call", "1", "days", "{d}首次漫游通话距今", "days since the first call while roaming, {d}", (30,), "since_first", "roaming <> '本地'", None, category="places"),
        Measure("abroad_mask", "1", "bits", "日期", "days", where="roaming = '国际'", kind="days", hidden=True),
        Measure("abroad_day_count", "bit_count(abroad_mask & (shiftleft(1L, {d}) - 1))", "days", "{d}境外通话天数", "days with calls abroad, {d}", (7, 30), "derived"),
        Measure("abroad_call_share", "roaming = '国际'", "ratio", "{d}境外通话占比", "share of calls abroad, {d}", (7, 30), "share", "roaming IS NOT NULL", None, "double", category="places"),
        Measure("days_since_first_abroad_call", "1", "days", "{d}首次境外通话距今", "days since the first call abroad, {d}", (30,), "since_first", "roaming = '国际'", None, category="places"),
        Measure("country_count", "country", "countries", "{d}通话所在国家或地区数", "countries of calls, {d}", (30,), "distinct", category="places"),
    ),
)
SMS = FeatureGroup(
    name="sms",
    category="messages",
    tables=("sms",),
    key="card_id",
    joins="subject_id",
    moments=(
        Moment("sms_out_count_10m", "1", "10m", where=OUT),
        Moment("sms_out_count_1h", "1", "1h", where=OUT),
        Moment("recipient_count_1h", OTHER, "1h", "distinct", where=OUT),
    ),
    measures=(
        Measure("sms_out_count", "1", "messages", "{d}发送短信条数", "messages sent, {d}", (1, 7, 30), where=OUT),
        Measure("sms_in_count", "1", "messages", "{d}接收短信条数", "messages received, {d}", (7, 30), where=IN),
        Measure("sms_out_share", "try_divide(sms_out_count_{d}d, sms_out_count_{d}d + sms_in_count_{d}d)", "ratio", "{d}发送短信占比", "share of messages that it sent, {d}", (7, 30), "derived", spark_type="double"),
        Measure("sms_recipient_count", OTHER, "numbers", "{d}短信接收号码个数", "different numbers written to, {d}", (1, 7, 30), "distinct", OUT),
        Measure("sms_sender_count", OTHER, "numbers", "{d}短信来源号码个数", "different senders of messages, {d}", (30,), "distinct", IN),
        Measure("sms_out_count_10m_max", "sms_out_count_10m", "messages", "{d}任意10分钟最多发送短信条数", "most messages sent within 10 minutes, {d}", (7, 30), "max"),
        Measure("sms_out_count_1h_max", "sms_out_count_1h", "messages", "{d}任意1小时最多发送短信条数", "most messages sent within an hour, {d}", (7, 30), "max"),
        Measure("recipient_count_1h_max", "recipient_count_1h", "numbers", "{d}任意1小时最多短信接收号码个数", "most numbers written to within an hour, {d}", (7, 30), "max"),
        Measure("new_recipient_count", OTHER, "numbers", "{d}新短信接收号码个数", "numbers first written to in the {d}", (7,), "new", OUT),
        Measure("new_recipient_share", "try_divide(new_recipient_count_{d}d, sms_recipient_count_{d}d)", "ratio", "{d}新短信接收号码占比", "share of numbers written to first written to in the {d}", (7,), "derived", spark_type="double"),
        Measure("messages_per_recipient", "try_divide(sms_out_count_{d}d, sms_recipient_count_{d}d)", "messages", "{d}每个接收号码平均条数", "messages per number written to, {d}", (30,), "derived", spark_type="double"),
        Measure("recipient_largest_share", OTHER, "ratio", "{d}最常发送号码占比", "share of the number written to most, {d}", (30,), "largest", OUT, None, "double"),
        Measure("recipient_entropy", OTHER, "nats", "{d}短信接收号码分散度（熵）", "entropy of numbers written to, {d}", (30,), "entropy", OUT, None, "double"),
        Measure("sms_reply_ratio", "try_divide(sms_sender_count_{d}d, sms_recipient_count_{d}d)", "times", "{d}短信来源与接收号码之比", "senders of messages over numbers written to, {d}", (30,), "derived", spark_type="double"),
        Measure("night_sms_share", AT_NIGHT, "ratio", "{d}夜间（0-5时）发送短信占比", "share of messages sent at night (0-5 h), {d}", (30,), "share", OUT, None, "double"),
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
        Measure("data_up_bytes", "up_bytes", "bytes", "{d}上行流量", "data sent, {d}", (7, 30), hidden=True),
        Measure("data_megabytes", f"data_bytes_{{d}}d / {MEGABYTE}", "MB", "{d}流量", "data volume, {d}", (1, 7, 30), "derived", spark_type="double"),
        Measure("data_megabytes_month", f"data_bytes_month / {MEGABYTE}", "MB", "当月累计流量", "data volume, month to date", kind="derived", spark_type="double"),
        Measure("data_up_share", "try_divide(data_up_bytes_{d}d, data_bytes_{d}d)", "ratio", "{d}上行流量占比", "share of data sent, {d}", (7, 30), "derived", spark_type="double"),
        Measure("data_mask", "1", "bits", "有流量的日期", "days with data", kind="days", hidden=True),
        Measure("data_day_count", "bit_count(data_mask & (shiftleft(1L, {d}) - 1))", "days", "{d}有流量天数", "days with data, {d}", (7, 30), "derived"),
        Measure("app_count", "app_class", "app classes", "{d}使用应用类别数", "classes of applications, {d}", (30,), "distinct"),
        Measure("app_entropy", "app_class", "nats", "{d}应用类别分散度（熵）", "entropy of classes of applications, {d}", (30,), "entropy", empty=None, spark_type="double"),
        Measure("apn_count", "apn", "access points", "{d}接入点个数", "access points, {d}", (30,), "distinct"),
    ),
)
SIGNALLING = FeatureGroup(
    name="signalling",
    category="places",
    tables=("signalling",),
    key="card_id",
    joins="subject_id",
    moments=(
        Moment("signalled_county_count_1h", "county", "1h", "distinct"),
        Moment("signalled_county_count_24h", "county", "1d", "distinct"),
        Moment("imei_change_count_24h", "1", "1d", where="event_type = 'IMEI变更'"),
    ),
    digests=(Digest("first_power_ons", {"county": "county"}, SHARED_DAYS, FIRST_POWER_ON),),
    measures=(
        Measure("imei_change_count", "1", "occurrences", "{d}换终端次数", "changes of the handset, {d}", (1, 7, 30), where="event_type = 'IMEI变更'"),
        Measure("imei_change_count_24h_max", "imei_change_count_24h", "occurrences", "{d}任意24小时最多换终端次数", "most changes of the handset within 24 h, {d}", (30,), "max"),
        Measure("county_change_count", "1", "occurrences", "{d}跨区县次数", "changes of the county, {d}", (7, 30), where="event_type = '县变更'"),
        Measure("county_count_1h_max", "signalled_county_count_1h", "counties", "{d}任意1小时最多区县数", "most counties within an hour, {d}", (7,), "max"),
        Measure("county_count_24h_max", "signalled_county_count_24h", "counties", "{d}任意24小时最多区县数", "most counties within 24 h, {d}", (7, 30), "max"),
        Measure("roam_out_count", "1", "occurrences", "{d}漫出次数", "times that it roamed out, {d}", (7, 30), where="event_type = '漫出'"),
        Measure("roam_in_count", "1", "occurrences", "{d}漫入次数", "times that it roamed in, {d}", (7, 30), where="event_type = '漫入'"),
        Measure("days_since_roam_out", "1", "days", "{d}首次漫出距今", "days since it first roamed out, {d}", (30,), "since_first", "event_type = '漫出'", None),
        Measure("days_since_roam_in", "1", "days", "{d}首次漫入距今", "days since it first roamed in, {d}", (30,), "since_first", "event_type = '漫入'", None),
        Measure("days_since_first_power_on", "1", "days", "{d}首次开机距今", "days since it was first switched on, {d}", (30,), "since_first", FIRST_POWER_ON, None),
        Measure("power_on_count", "1", "occurrences", "{d}开机次数", "times that it was switched on, {d}", (7, 30), where="event_type IN ('首次开机', '开机')"),
        Measure("visited_network_count", "visited_network", "networks", "{d}服务网络数", "networks that served it, {d}", (30,), "distinct"),
    ),
)
HABITS = FeatureGroup(  # a group of its own, for the long windows cost what it keeps
    name="habits",
    category="rhythm",
    tables=USAGE,
    key="card_id",
    joins="subject_id",
    measures=(
        Measure("made_call_count", "1", "calls", "{d}主叫次数", "calls made, {d}", (90, MONTH), where=f"{A_CALL} AND {OUT}", category="calls"),
        Measure("sent_message_count", "1", "messages", "{d}发送短信条数", "messages sent, {d}", (90, MONTH), where=A_MESSAGE, category="messages"),
        Measure("made_call_deviation", "1", "times", "昨日主叫次数高于{d}自身常态（几倍标准差）", "standard deviations of the calls made yesterday above the own normal of the {d}", (30, 90), "deviation", f"{A_CALL} AND {OUT}", None, "double", category="calls"),
        Measure("sent_message_deviation", "1", "times", "昨日发送短信条数高于{d}自身常态（几倍标准差）", "standard deviations of the messages sent yesterday above the own normal of the {d}", (30, 90), "deviation", A_MESSAGE, None, "double", category="messages"),
        Measure("data_deviation", "up_bytes + down_bytes", "times", "昨日流量高于{d}自身常态（几倍标准差）", "standard deviations of the data of yesterday above the own normal of the {d}", (30, 90), "deviation", A_TRANSFER, None, "double", category="data"),
        Measure("used_day_count", "event_date", "days", "{d}活跃天数", "active days, {d}", (90,), "distinct"),
        Measure("used_mask", "1", "bits", "活跃日期", "active days", kind="days", hidden=True),
        Measure("used_day_share_90d", "try_divide(least(used_day_count_90d, card_age), least(card_age, 90))", "ratio", "近90天（或开户以来）活跃天数占比", "share of active days, last 90 d or since opening", kind="derived", spark_type="double"),
        Measure("longest_silence_60d", "longest_gap(used_mask & (shiftleft(1L, 60) - 1))", "days", "近60天最长静默天数", "longest silence, last 60 d", kind="derived"),
        Measure("days_since_last_use", "1", "days", "{d}最近一次活跃距今", "days since the last activity, {d}", (90,), "since_last", empty=None),
        Measure("days_since_first_use", "1", "days", "{d}首次活跃距今", "days since the first activity, {d}", (90,), "since_first", empty=None),
        Measure("silence_after_opening", f"CASE WHEN {IS_NEW} THEN card_age - days_since_first_use_90d END", "days", "开户后到首次活跃的静默天数", "silent days from opening to the first activity", kind="derived"),
        Measure("is_unused_since_opening", f"CASE WHEN {IS_NEW} THEN CASE WHEN used_day_count_90d = 0 THEN 1 ELSE 0 END END", "yes or no", "开户后从未活跃", "no activity since opening", kind="derived", sentence_zh=IS_IT_ZH),
        Measure("calls_a_day_since_opening", f"CASE WHEN {IS_NEW} THEN try_divide(made_call_count_90d, card_age) END", "calls a day", "开户以来日均主叫次数", "calls made a day since opening", kind="derived", spark_type="double", category="calls"),
        Measure("used_service_count_30d", "CASE WHEN call_out_count_30d + call_in_count_30d > 0 THEN 1 ELSE 0 END + CASE WHEN sms_out_count_30d + sms_in_count_30d > 0 THEN 1 ELSE 0 END + CASE WHEN data_day_count_30d > 0 THEN 1 ELSE 0 END", "services", "近30天使用业务种类数（通话、短信、流量）", "services used (calls, messages, data), last 30 d", kind="derived"),
    ),
)
# fmt: on
