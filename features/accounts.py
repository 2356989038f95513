"""Indicators of bank accounts: one row per open account and morning; `features/groups/` adds to them."""

# ruff: noqa: E501 - one indicator is one line, to be read as a table

from datetime import date

import polars as pl

from features.account_holders import account_holders, account_subjects, with_types
from features.account_payees import PAID_DAYS, PAYEE_DAYS, account_payees
from features.indicator import Digest, FeatureGroup, Measure
from features.moments import Moment
from features.rows import Tables
from features.sequences import Sequence, Step
from features.sharing import SHARED_DAYS, account_sharing
from features.table import Added, FeatureTable

MONEY = "decimal(18,2)"
BOOKED = "status = 'booked'"
IN, OUT = f"{BOOKED} AND direction = 'in'", f"{BOOKED} AND direction = 'out'"
COUNTERPARTY = "coalesce(counterparty_account_id, counterparty_name_id)"
AT_NIGHT = "hour(happened_at) < 5"
ROUND = f"{BOOKED} AND amount % 100 = 0"
COMPANY_TO_PRIVATE = (
    f"({OUT} AND own_type = 'corporate' AND counterparty_type = 'private')"
    f" OR ({IN} AND own_type = 'private' AND counterparty_type = 'corporate')"
)
PRIVATE_TO_COMPANY = (
    f"({OUT} AND own_type = 'private' AND counterparty_type = 'corporate')"
    f" OR ({IN} AND own_type = 'corporate' AND counterparty_type = 'private')"
)
LOWEST_BIT = "(active_mask & -active_mask)"
REST = f"(active_mask & ~{LOWEST_BIT})"  # the days before the last active one

# fmt: off
TRANSACTIONS = FeatureGroup(
    name="transactions",
    category="money",
    tables=("transactions",),
    key="account_id",
    joins="subject_id",
    order="sequence_no",
    moments=(
        Moment("out_count_10m", "1", "10m", where=OUT),
        Moment("in_count_10m", "1", "10m", where=IN),
        Moment("out_amount_1h", "amount", "1h", where=OUT, spark_type=MONEY),
        Moment("payee_count_1h", COUNTERPARTY, "1h", "distinct", where=OUT),
        Moment("passed_on_1h", "amount", "1h", where=OUT, spark_type=MONEY, ahead=True),
        Moment("passed_on_24h", "amount", "1d", where=OUT, spark_type=MONEY, ahead=True),
        Moment("seconds_to_debit", "1", "1d", "next", where=OUT, ahead=True),
    ),
    sequences=(
        # A small credit tries the account out before the large one comes.
        Sequence("probe", (Step(f"{IN} AND amount <= 100"), Step(f"{IN} AND amount >= 1000", within="1d"))),
    ),
    digests=(
        Digest("payments", {"payee": "counterparty_account_id"}, PAYEE_DAYS, OUT, ("payee",)),
        Digest("devices", {"device_id": "device_id"}, SHARED_DAYS, BOOKED, ("device_id",)),
        Digest("addresses", {"ip_id": "ip_id"}, SHARED_DAYS, BOOKED, ("ip_id",)),
    ),
    measures=(
        Measure("in_count", "1", "transactions", "{d}转入笔数", "credits, {d}", (1, 7, 30), where=IN),
        Measure("out_count", "1", "transactions", "{d}转出笔数", "debits, {d}", (1, 7, 30), where=OUT),
        Measure("in_amount", "amount", "yuan", "{d}转入金额", "money in, {d}", (1, 7, 30), where=IN, spark_type=MONEY),
        Measure("out_amount", "amount", "yuan", "{d}转出金额", "money out, {d}", (1, 7, 30), where=OUT, spark_type=MONEY),
        Measure("in_amount_max", "amount", "yuan", "{d}最大单笔转入", "largest credit, {d}", (7, 30), "max", IN, None, MONEY),
        Measure("out_amount_max", "amount", "yuan", "{d}最大单笔转出", "largest debit, {d}", (7, 30), "max", OUT, None, MONEY),
        Measure("in_amount_mean", "try_divide(in_amount_{d}d, in_count_{d}d)", "yuan", "{d}平均每笔转入", "mean credit, {d}", (7, 30), "derived", spark_type=MONEY),
        Measure("out_amount_mean", "try_divide(out_amount_{d}d, out_count_{d}d)", "yuan", "{d}平均每笔转出", "mean debit, {d}", (7, 30), "derived", spark_type=MONEY),
        Measure("out_in_ratio", "try_divide(double(out_amount_{d}d), double(in_amount_{d}d))", "times", "{d}转出与转入之比", "money out over money in, {d}", (1, 7, 30), "derived", spark_type="double"),
        Measure("payer_count", COUNTERPARTY, "counterparties", "{d}付款方个数", "payers, {d}", (1, 7, 30), "distinct", IN, category="counterparties"),
        Measure("payee_count", COUNTERPARTY, "counterparties", "{d}收款方个数", "payees, {d}", (1, 7, 30), "distinct", OUT, category="counterparties"),
        Measure("counterparty_count", COUNTERPARTY, "counterparties", "{d}交易对手个数", "counterparties, {d}", (7, 30), "distinct", BOOKED, category="counterparties"),
        Measure("new_counterparty_count", COUNTERPARTY, "counterparties", "{d}新交易对手个数", "counterparties first seen in the {d}", (7,), "new", BOOKED, category="counterparties"),
        Measure("new_counterparty_share", "try_divide(new_counterparty_count_{d}d, counterparty_count_{d}d)", "ratio", "{d}新交易对手占比", "share of counterparties first seen in the {d}", (7,), "derived", spark_type="double", category="counterparties"),
        Measure("transfers_per_counterparty", "try_divide(in_count_{d}d + out_count_{d}d, counterparty_count_{d}d)", "transactions", "{d}每个对手平均笔数", "transactions per counterparty, {d}", (30,), "derived", spark_type="double", category="counterparties"),
        Measure("out_count_10m_max", "out_count_10m", "transactions", "{d}任意10分钟最多转出笔数", "most debits within 10 minutes, {d}", (7, 30), "max", BOOKED),
        Measure("in_count_10m_max", "in_count_10m", "transactions", "{d}任意10分钟最多转入笔数", "most credits within 10 minutes, {d}", (7, 30), "max", BOOKED),
        Measure("out_amount_1h_max", "out_amount_1h", "yuan", "{d}任意1小时最多转出金额", "most money out within an hour, {d}", (7, 30), "max", BOOKED, spark_type=MONEY),
        Measure("payee_count_1h_max", "payee_count_1h", "counterparties", "{d}任意1小时最多收款方个数", "most payees within an hour, {d}", (7, 30), "max", BOOKED, category="counterparties"),
        Measure("in_amount_min", "amount", "yuan", "{d}最小单笔转入", "smallest credit, {d}", (7, 30), "min", IN, None, MONEY),
        Measure("in_amount_spread", "amount", "yuan", "{d}转入金额标准差", "standard deviation of credits, {d}", (7, 30), "spread", IN, None, MONEY),
        Measure("out_amount_spread", "amount", "yuan", "{d}转出金额标准差", "standard deviation of debits, {d}", (7, 30), "spread", OUT, None, MONEY),
        Measure("payer_largest_share", COUNTERPARTY, "ratio", "{d}最大付款方笔数占比", "share of the most frequent payer, {d}", (30,), "largest", IN, None, "double", category="counterparties"),
        Measure("payee_largest_share", COUNTERPARTY, "ratio", "{d}最大收款方笔数占比", "share of the most frequent payee, {d}", (30,), "largest", OUT, None, "double", category="counterparties"),
        Measure("payer_entropy", COUNTERPARTY, "nats", "{d}付款方分散度（熵）", "entropy of payers, {d}", (30,), "entropy", IN, None, "double", category="counterparties"),
        Measure("payee_entropy", COUNTERPARTY, "nats", "{d}收款方分散度（熵）", "entropy of payees, {d}", (30,), "entropy", OUT, None, "double", category="counterparties"),
        Measure("in_amount_rising_days", "amount", "days", "{d}日转入金额最长连续上升天数", "most days in a row with more money in than the day before, {d}", (30,), "rise", IN),
        Measure("in_amount_rising_days_now", "amount", "days", "{d}日转入金额连续上升天数（截至昨日）", "days in a row up to yesterday with more money in than the day before, {d}", (30,), "rise_now", IN),
        Measure("in_amount_trend", "amount", "yuan a day", "{d}日转入金额趋势", "trend of the daily money in, {d}", (30,), "trend", IN, 0, MONEY),
        Measure("out_amount_trend", "amount", "yuan a day", "{d}日转出金额趋势", "trend of the daily money out, {d}", (30,), "trend", OUT, 0, MONEY),
        Measure("night_count", "1", "transactions", "{d}夜间笔数", "transactions at night, {d}", (7, 30), where=f"{BOOKED} AND {AT_NIGHT}", hidden=True, category="rhythm"),
        Measure("night_share", "try_divide(night_count_{d}d, in_count_{d}d + out_count_{d}d)", "ratio", "{d}夜间（0-5时）交易占比", "share of transactions at night (0-5 h), {d}", (7, 30), "derived", spark_type="double", category="rhythm"),
        Measure("round_count", "1", "transactions", "{d}整百笔数", "round transactions, {d}", (30,), where=ROUND, hidden=True),
        Measure("round_share", "try_divide(round_count_{d}d, in_count_{d}d + out_count_{d}d)", "ratio", "{d}整百金额交易占比", "share of amounts that are multiples of 100, {d}", (30,), "derived", spark_type="double"),
        Measure("device_count", "device_id", "devices", "{d}使用设备数", "devices, {d}", (7, 30), "distinct", BOOKED, category="access"),
        Measure("ip_count", "ip_id", "addresses", "{d}使用IP数", "IP addresses, {d}", (7, 30), "distinct", BOOKED, category="access"),
        Measure("county_count", "county", "counties", "{d}交易区县数", "counties of transactions, {d}", (7,), "distinct", BOOKED, category="access"),
        Measure("active_day_count", "bit_count(active_mask & (shiftleft(1L, {d}) - 1))", "days", "{d}有交易天数", "days with a transaction, {d}", (7, 30), "derived", category="rhythm"),
        Measure("active_mask", "1", "bits", "有交易的日期", "days with a transaction", where=BOOKED, kind="days", hidden=True, category="rhythm"),
        Measure("days_since_activity", f"CASE WHEN active_mask <> 0 THEN bit_count({LOWEST_BIT} - 1) END", "days", "距最近一次交易天数", "days since the last transaction", kind="derived", category="rhythm"),
        Measure("silence_before_activity", f"CASE WHEN {REST} <> 0 THEN bit_count(({REST} & -{REST}) - 1) - bit_count({LOWEST_BIT} - 1) - 1 END", "days", "最近一次交易前的静默天数", "silent days before the last active day", kind="derived", category="rhythm"),
        Measure("longest_silence_30d", "longest_gap(active_mask)", "days", "近30天最长静默天数", "longest silence, last 30 d", kind="derived", category="rhythm"),
        Measure("burst", "try_divide(30.0D * (in_count_1d + out_count_1d), in_count_30d + out_count_30d)", "times", "最近一天笔数与30天日均之比", "transactions of the last day over the mean of 30 d", kind="derived", spark_type="double", category="rhythm"),
        Measure("balance", "balance_after", "yuan", "账户余额", "balance", where=BOOKED, kind="last", empty=None, spark_type=MONEY),
        Measure("balance_to_inflow_7d", "try_divide(double(balance), double(in_amount_7d))", "times", "余额与近7天转入之比", "balance over the money in of 7 d", kind="derived", spark_type="double"),
        Measure("declined_count", "1", "transactions", "{d}被拒交易笔数", "declined transactions, {d}", (7, 30), where="status = 'declined'"),
        Measure("company_to_private_count", "1", "transactions", "{d}公转私笔数", "company-to-private payments, {d}", (30,), where=COMPANY_TO_PRIVATE),
        Measure("company_to_private_amount", "amount", "yuan", "{d}公转私金额", "company-to-private money, {d}", (30,), where=COMPANY_TO_PRIVATE, spark_type=MONEY),
        Measure("private_to_company_count", "1", "transactions", "{d}私转公笔数", "private-to-company payments, {d}", (30,), where=PRIVATE_TO_COMPANY),
        Measure("private_to_company_amount", "amount", "yuan", "{d}私转公金额", "private-to-company money, {d}", (30,), where=PRIVATE_TO_COMPANY, spark_type=MONEY),
        Measure("passed_on_amount_1h", "least(passed_on_1h, amount)", "yuan", "{d}转入后1小时内转出金额", "money in that left within 1 h, {d}", (7, 30), where=IN, spark_type=MONEY, hidden=True),
        Measure("passed_on_amount_24h", "least(passed_on_24h, amount)", "yuan", "{d}转入后24小时内转出金额", "money in that left within 24 h, {d}", (7, 30), where=IN, spark_type=MONEY, hidden=True),
        Measure("passed_on_share_1h", "try_divide(double(passed_on_amount_1h_{d}d), double(in_amount_{d}d))", "ratio", "{d}转入后1小时内转出占比", "share of money in that left within 1 h, {d}", (7, 30), "derived", spark_type="double"),
        Measure("passed_on_share_24h", "try_divide(double(passed_on_amount_24h_{d}d), double(in_amount_{d}d))", "ratio", "{d}转入后24小时内转出占比", "share of money in that left within 24 h, {d}", (7, 30), "derived", spark_type="double"),
        Measure("fastest_debit_seconds", "seconds_to_debit", "seconds", "{d}转入到转出最短秒数（24小时内）", "fewest seconds from a credit to the next debit within 24 h, {d}", (7, 30), "min", IN, None),
        Measure("probe_count", "probe", "transactions", "{d}小额试探后大额转入次数", "large credits within 24 h after a small one, {d}", (7, 30)),
    ),
)
PAYEES = FeatureGroup(
    name="payees",
    category="counterparties",
    tables=("transactions",),
    key="account_id",
    joins="subject_id",
    function=account_payees,
    days=PAYEE_DAYS,
    measures=(
        Measure("payee_harmed_share", "", "ratio", "{d}收款方中涉案付款占比最高值", "highest share of harmed payments at one of its payees, {d}", PAID_DAYS, "given", empty=None, spark_type="double"),
        Measure("payee_harmed_count", "", "payments", "{d}收款方中涉案付款笔数最高值", "most harmed payments at one of its payees, {d}", PAID_DAYS, "given", empty=None),
    ),
)
SHARING = FeatureGroup(
    name="sharing",
    category="sharing",
    tables=("transactions",),
    key="account_id",
    joins="subject_id",
    function=account_sharing,
    days=SHARED_DAYS,
    measures=(
        Measure("accounts_per_device_30d", "", "accounts", "近30天同一设备最多登录账户数", "most accounts on one of its devices, last 30 d", kind="given", empty=None),
        Measure("accounts_per_ip_7d", "", "accounts", "近7天同一IP最少账户数", "fewest accounts on one of its IP addresses, last 7 d", kind="given", empty=None),
        Measure("payers_per_payee_30d", "", "accounts", "近30天其收款方最多的付款账户数", "most accounts that pay one of its payees, last 30 d", kind="given", empty=None),
    ),
)
LOGINS = FeatureGroup(
    name="logins",
    category="access",
    tables=("logins",),
    key="customer_id",
    joins="customer_id",
    measures=(
        Measure("login_count", "1", "logins", "{d}登录次数", "logins, {d}", (7, 30)),
        Measure("failed_login_count", "1", "logins", "{d}登录失败次数", "failed logins, {d}", (7,), where="result = '失败'"),
        Measure("new_device_login_count", "1", "logins", "{d}新设备登录次数", "logins from a new device, {d}", (7, 30), where="is_new_device"),
        Measure("shared_screen_login_count", "1", "logins", "{d}屏幕共享登录次数", "logins with the screen shared, {d}", (7,), where="is_screen_shared"),
        Measure("login_device_count", "device_id", "devices", "{d}登录设备数", "devices of logins, {d}", (30,), "distinct"),
        Measure("login_county_count", "ip_county", "counties", "{d}登录区县数", "counties of logins, {d}", (7,), "distinct"),
        Measure("night_login_count", "1", "logins", "{d}夜间登录次数", "logins at night (0-5 h), {d}", (7,), where=AT_NIGHT, category="rhythm"),
    ),
)
HOLDERS = FeatureGroup(
    name="holders",
    category="holder",
    tables=(),
    key="subject_id",
    joins="subject_id",
    function=account_holders,
    measures=(
        Measure("account_age", "", "days", "开户天数", "days since opening", kind="given", empty=None),
        Measure("is_corporate", "", "yes or no", "对公账户", "corporate account", kind="given", empty=None),
        Measure("account_level", "", "level", "账户类别（1为I类或基本户）", "account class (1 = class I or basic)", kind="given", empty=None),
        Measure("is_by_proxy", "", "yes or no", "代理开户", "opened by proxy", kind="given", empty=None),
        Measure("is_device_opening", "", "yes or no", "线上开户", "opened on a device, not at the counter", kind="given", empty=None),
        Measure("daily_limit", "", "yuan", "日限额", "daily limit", kind="given", empty=None, spark_type=MONEY),
        Measure("holder_age", "", "years", "持有人年龄", "age of the holder", kind="given", empty=None),
        Measure("holder_tenure", "", "days", "成为客户天数", "days as a customer", kind="given", empty=None),
        Measure("accounts_of_holder", "", "accounts", "持有人账户数", "open accounts of the holder", kind="given", empty=None),
        Measure("accounts_opened_by_holder_30d", "", "accounts", "持有人近30天新开账户数", "accounts the holder opened in the last 30 d", kind="given", empty=None),
        Measure("holders_of_phone", "", "customers", "共用预留手机号的客户数", "customers with the same phone", kind="given", empty=None),
        Measure("holders_of_opening_device", "", "customers", "共用开户设备的客户数", "customers who opened on the same device", kind="given", empty=None),
        Measure("clerk_openings_of_day", "", "accounts", "同一柜员当日开户数", "accounts the same clerk opened that day", kind="given", empty=None),
    ),
)
# fmt: on


def _subjects(tables: Tables, as_of: date) -> pl.DataFrame:
    return account_subjects(tables["accounts"], tables["customers"], as_of)


def _typed(rows: pl.DataFrame, references: Tables) -> pl.DataFrame:
    return with_types(rows, references["accounts"])


ACCOUNT_FEATURES = FeatureTable(
    name="account_features",
    groups=(TRANSACTIONS, PAYEES, SHARING, LOGINS, HOLDERS),
    events={
        "transactions": (
            *("account_id", "sequence_no", "direction", "amount", "balance_after", "status"),
            *("counterparty_account_id", "counterparty_name_id", "channel", "device_id", "ip_id", "county"),
        ),
        "logins": ("customer_id", "device_id", "ip_county", "result", "is_new_device", "is_screen_shared"),
    },
    references=("accounts", "customers", "labels"),
    subjects=_subjects,
    added={"transactions": Added({"own_type": "string", "counterparty_type": "string"}, _typed)},
)
