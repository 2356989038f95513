"""Indicators of the log-ins of an account's holder."""

# ruff: noqa: E501 - one indicator is one line, to be read as a table

import polars as pl

from features.indicator import Digest, FeatureGroup, Measure
from features.moments import Moment
from features.point_in_time import Morning
from features.sharing import SHARED_DAYS, Shared, subjects_per_item

FAILED = "result = '失败'"
AT_NIGHT = "hour(happened_at) < 5"
CUSTOMERS_SHARE = (
    Shared("customers_per_login_device_30d", "login_devices", pl.col("device_id"), SHARED_DAYS),
)


def login_sharing(morning: Morning) -> pl.DataFrame:
    """Customers who log in on the same device: one row per `customer_id` with a device."""
    rows = {"login_devices": morning.digest("login_devices", SHARED_DAYS)}
    return subjects_per_item(rows, "customer_id", CUSTOMERS_SHARE, morning.as_of)


# fmt: off
LOGINS = FeatureGroup(
    name="logins",
    category="access",
    tables=("logins",),
    key="customer_id",
    joins="customer_id",
    moments=(
        Moment("failed_login_count_1h", "1", "1h", where=FAILED),
        Moment("login_county_count_24h", "ip_county", "1d", "distinct"),
    ),
    digests=(Digest("login_devices", {"device_id": "device_id"}, SHARED_DAYS, needs=("device_id",)),),
    measures=(
        Measure("login_count", "1", "logins", "{d}登录次数", "logins, {d}", (1, 7, 30)),
        Measure("failed_login_count", "1", "logins", "{d}登录失败次数", "failed logins, {d}", (1, 7, 30), where=FAILED),
        Measure("failed_login_share", FAILED, "ratio", "{d}登录失败占比", "share of logins that failed, {d}", (30,), "share", empty=None, spark_type="double"),
        Measure("failed_login_count_1h_max", "failed_login_count_1h", "logins", "{d}任意1小时最多登录失败次数", "most failed logins within an hour, {d}", (7,), "max"),
        Measure("new_device_login_count", "1", "logins", "{d}新设备登录次数", "logins from a new device, {d}", (7, 30), where="is_new_device"),
        Measure("shared_screen_login_count", "1", "logins", "{d}屏幕共享登录次数", "logins with the screen shared, {d}", (7, 30), where="is_screen_shared"),
        Measure("login_device_count", "device_id", "devices", "{d}登录设备数", "devices of logins, {d}", (7, 30), "distinct"),
        Measure("login_ip_count", "ip_id", "addresses", "{d}登录IP数", "IP addresses of logins, {d}", (7,), "distinct"),
        Measure("login_county_count", "ip_county", "counties", "{d}登录区县数", "counties of logins, {d}", (7, 30), "distinct"),
        Measure("login_county_count_24h_max", "login_county_count_24h", "counties", "{d}任意24小时最多登录区县数", "most counties of logins within 24 h, {d}", (7,), "max"),
        Measure("login_away_share", "ip_county <> residence_county", "ratio", "{d}不在登记居住区县的登录占比", "share of logins from outside the registered county, {d}", (30,), "share", "ip_county IS NOT NULL AND residence_county IS NOT NULL", None, "double"),
        Measure("night_login_count", "1", "logins", "{d}夜间登录次数", "logins at night (0-5 h), {d}", (7,), where=AT_NIGHT, category="rhythm"),
        Measure("night_login_share", AT_NIGHT, "ratio", "{d}夜间（0-5时）登录占比", "share of logins at night (0-5 h), {d}", (30,), "share", empty=None, spark_type="double", category="rhythm"),
    ),
)
LOGIN_SHARING = FeatureGroup(
    name="login_sharing",
    category="sharing",
    tables=("logins",),
    key="customer_id",
    joins="customer_id",
    function=login_sharing,
    days=SHARED_DAYS,
    measures=(
        Measure("customers_per_login_device_30d", "", "customers", "近30天同一设备最多登录客户数", "most customers who logged in on one of its devices, last 30 d", kind="given", empty=None),
    ),
)
# fmt: on
