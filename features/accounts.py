"""Indicators of bank accounts: one row per open account and morning; `features/groups/` adds to them."""

# ruff: noqa: E501 - one indicator is one line, to be read as a table

from datetime import date

import polars as pl

from features.account_cases import account_cases
from features.account_holders import account_holders, account_subjects, with_residence, with_types
from features.account_logins import LOGIN_SHARING, LOGINS
from features.account_payees import PAID_DAYS, PAYEE_DAYS, account_payees
from features.account_relations import DAY_END_DAYS, HIT_DAYS, account_day_ends, account_relations
from features.account_transactions import HABITS, MONEY, TRANSACTIONS
from features.indicator import IS_IT_ZH, FeatureGroup, Measure
from features.rows import Tables
from features.sharing import SHARED_DAYS, account_sharing
from features.table import Added, FeatureTable

# fmt: off
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
RELATIONS = FeatureGroup(
    name="relations",
    category="sharing",
    tables=("transactions",),
    key="account_id",
    joins="subject_id",
    function=account_relations,
    days=SHARED_DAYS,
    measures=(
        Measure("confirmed_payee_count", "", "counterparties", "{d}收款方中已确认涉案账户数", "confirmed accounts among its payees, {d}", HIT_DAYS, "given"),
        Measure("confirmed_payer_count", "", "counterparties", "{d}付款方中已确认涉案账户数", "confirmed accounts among its payers, {d}", HIT_DAYS, "given"),
        Measure("days_since_confirmed_counterparty_30d", "", "days", "近30天与已确认涉案账户最近一次收付距今", "days since it last paid or was paid by a confirmed account, last 30 d", kind="given", empty=None),
        Measure("confirmed_accounts_within_2_hops_30d", "", "accounts", "近30天资金关系两跳内已确认涉案账户数", "confirmed accounts within two payments, last 30 d", kind="given"),
        Measure("confirmed_accounts_of_devices_30d", "", "accounts", "近30天共用设备的已确认涉案账户数", "confirmed accounts that used one of its devices, last 30 d", kind="given"),
        Measure("confirmed_accounts_of_ips_7d", "", "accounts", "近7天共用IP的已确认涉案账户数", "confirmed accounts that used one of its IP addresses, last 7 d", kind="given"),
    ),
)
DAY_ENDS = FeatureGroup(
    name="day_ends",
    category="speed",
    tables=("transactions",),
    key="account_id",
    joins="subject_id",
    function=account_day_ends,
    days=SHARED_DAYS,
    measures=(
        Measure("empty_day_end_share", "", "ratio", "{d}日终余额不足10元的天数占比", "share of its active days that ended with less than 10 yuan, {d}", DAY_END_DAYS, "given", empty=None, spark_type="double"),
    ),
)
CASES = FeatureGroup(
    name="cases",
    category="holder",
    tables=(),
    key="subject_id",
    joins="subject_id",
    function=account_cases,
    measures=(
        Measure("cleared_count", "", "occurrences", "此前核查排除次数", "times that it was looked at and cleared", kind="given"),
        Measure("days_since_cleared", "", "days", "最近一次核查排除距今", "days since it was last cleared", kind="given", empty=None),
        Measure("confirmed_accounts_of_holder", "", "accounts", "持有人名下其他已确认涉案账户数", "other confirmed accounts of the holder", kind="given", empty=None, category="sharing"),
        Measure("confirmed_accounts_of_phone", "", "accounts", "同预留手机号的其他已确认涉案账户数", "other confirmed accounts with its phone", kind="given", empty=None, category="sharing"),
        Measure("confirmed_accounts_of_opening_device", "", "accounts", "同开户设备的其他已确认涉案账户数", "other confirmed accounts opened on its device", kind="given", empty=None, category="sharing"),
        Measure("confirmed_share_of_branch", "", "ratio", "开户网点其他账户的涉案占比", "share of the branch's other accounts that are confirmed", kind="given", empty=None, spark_type="double"),
        Measure("confirmed_share_of_clerk", "", "ratio", "开户柜员经办其他账户的涉案占比", "share of the other accounts of its clerk that are confirmed", kind="given", empty=None, spark_type="double"),
        Measure("confirmed_share_of_opening_channel", "", "ratio", "开户渠道其他账户的涉案占比", "share of the other accounts of its opening channel that are confirmed", kind="given", empty=None, spark_type="double"),
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
        Measure("is_corporate", "", "yes or no", "对公账户", "corporate account", kind="given", empty=None, sentence_zh=IS_IT_ZH),
        Measure("account_level", "", "level", "账户类别（1为I类或基本户）", "account class (1 = class I or basic)", kind="given", empty=None),
        Measure("is_by_proxy", "", "yes or no", "代理开户", "opened by proxy", kind="given", empty=None, sentence_zh=IS_IT_ZH),
        Measure("is_device_opening", "", "yes or no", "线上开户", "opened on a device, not at the counter", kind="given", empty=None, sentence_zh=IS_IT_ZH),
        Measure("is_counter_opening", "", "yes or no", "柜面开户", "opened at the counter", kind="given", empty=None, sentence_zh=IS_IT_ZH),
        Measure("is_outside_opening", "", "yes or no", "外拓开户", "opened by staff outside the branch", kind="given", empty=None, sentence_zh=IS_IT_ZH),
        Measure("is_night_opening", "", "yes or no", "夜间（0-5时）开户", "opened at night (0-5 h)", kind="given", empty=None, category="rhythm", sentence_zh=IS_IT_ZH),
        Measure("daily_limit", "", "yuan", "日限额", "daily limit", kind="given", empty=None, spark_type=MONEY),
        Measure("holder_age", "", "years", "持有人年龄", "age of the holder", kind="given", empty=None),
        Measure("is_young_holder", "CASE WHEN holder_age IS NOT NULL THEN CASE WHEN holder_age < 25 THEN 1 ELSE 0 END END", "yes or no", "持有人不满25岁", "holder under 25", kind="derived", sentence_zh=IS_IT_ZH),
        Measure("is_old_holder", "CASE WHEN holder_age IS NOT NULL THEN CASE WHEN holder_age >= 60 THEN 1 ELSE 0 END END", "yes or no", "持有人60岁以上", "holder of 60 or over", kind="derived", sentence_zh=IS_IT_ZH),
        Measure("holder_tenure", "", "days", "成为客户天数", "days as a customer", kind="given", empty=None),
        Measure("accounts_of_holder", "", "accounts", "持有人账户数", "open accounts of the holder", kind="given", empty=None),
        Measure("accounts_opened_by_holder_30d", "", "accounts", "持有人近30天新开账户数", "accounts the holder opened in the last 30 d", kind="given", empty=None),
        Measure("accounts_opened_by_holder_7d", "", "accounts", "持有人近7天新开账户数", "accounts the holder opened in the last 7 d", kind="given", empty=None),
        Measure("accounts_opened_by_holder_90d", "", "accounts", "持有人近90天新开账户数", "accounts the holder opened in the last 90 d", kind="given", empty=None),
        Measure("holders_of_phone", "", "customers", "共用预留手机号的客户数", "customers with the same phone", kind="given", empty=None),
        Measure("holders_of_opening_device", "", "customers", "共用开户设备的客户数", "customers who opened on the same device", kind="given", empty=None),
        Measure("holders_of_opening_ip", "", "customers", "共用开户IP的客户数", "customers who opened from the same IP address", kind="given", empty=None),
        Measure("customers_of_id_number", "", "customers", "同一证件号的客户数", "customers with the same document number", kind="given", empty=None),
        Measure("is_phone_of_holder", "", "yes or no", "账户预留手机号为客户登记手机号", "phone of the account is the registered one of the holder", kind="given", empty=None, sentence_zh=IS_IT_ZH),
        Measure("clerk_openings_of_day", "", "accounts", "同一柜员当日开户数", "accounts the same clerk opened that day", kind="given", empty=None),
    ),
)
# fmt: on


def _subjects(tables: Tables, as_of: date) -> pl.DataFrame:
    return account_subjects(tables["accounts"], tables["customers"], as_of)


def _typed(rows: pl.DataFrame, references: Tables) -> pl.DataFrame:
    return with_residence(with_types(rows, references["accounts"]), references["customers"]).drop(
        "customer_id"
    )


def _at_home(rows: pl.DataFrame, references: Tables) -> pl.DataFrame:
    return with_residence(rows, references["customers"])


ACCOUNT_FEATURES = FeatureTable(
    name="account_features",
    groups=(
        TRANSACTIONS,
        HABITS,
        PAYEES,
        SHARING,
        RELATIONS,
        DAY_ENDS,
        LOGINS,
        LOGIN_SHARING,
        CASES,
        HOLDERS,
    ),
    events={
        "transactions": (
            *("account_id", "sequence_no", "direction", "amount", "balance_after", "status"),
            *("counterparty_account_id", "counterparty_name_id", "channel", "device_id", "ip_id", "county"),
        ),
        "logins": (
            *(
                "customer_id",
                "device_id",
                "ip_id",
                "ip_county",
                "result",
                "is_new_device",
                "is_screen_shared",
            ),
        ),
    },
    references=("accounts", "customers", "labels"),
    subjects=_subjects,
    added={
        "transactions": Added(
            {"own_type": "string", "counterparty_type": "string", "residence_county": "string"},
            _typed,
            ("accounts", "customers"),
        ),
        "logins": Added({"residence_county": "string"}, _at_home, ("customers",)),
    },
)
