"""Indicators of what an account booked: amounts, counterparties, speed, rhythm, channels, places."""

# ruff: noqa: E501 - one indicator is one line, to be read as a table

from features.account_payees import PAYEE_DAYS
from features.indicator import IS_IT_ZH, MONTH, Digest, FeatureGroup, Measure
from features.moments import Moment
from features.sequences import Sequence, Step
from features.sharing import SHARED_DAYS

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
# What a bank reports or looks at begins at such sums; whoever knows stays just below.
BELOW_LIMIT = "(amount BETWEEN 9500 AND 9999.99 OR amount BETWEEN 49000 AND 49999.99)"
NEARLY_EMPTY = "balance_after < 10"
DAY_END = f"CASE WHEN {NEARLY_EMPTY} THEN 'empty' WHEN balance_after >= 10 THEN 'filled' END"
WITH_CHANNEL = f"{BOOKED} AND channel IS NOT NULL"
WITH_COUNTIES = f"{BOOKED} AND county IS NOT NULL AND residence_county IS NOT NULL"
SILENT_BEFORE = "(silence_before_activity >= 7 OR (silence_before_activity IS NULL AND account_age > 7))"
# Opened within the days that the long windows see, so all that the account ever did is seen.
IS_NEW = "account_age <= 90 AND traded_day_count_90d IS NOT NULL"
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
        Moment("in_count_1h", "1", "1h", where=IN),
        Moment("out_count_1h", "1", "1h", where=OUT),
        Moment("in_amount_10m", "amount", "10m", where=IN, spark_type=MONEY),
        Moment("out_amount_10m", "amount", "10m", where=OUT, spark_type=MONEY),
        Moment("in_amount_1h", "amount", "1h", where=IN, spark_type=MONEY),
        Moment("payer_count_1h", COUNTERPARTY, "1h", "distinct", where=IN),
        Moment("county_count_1h", "county", "1h", "distinct", where=BOOKED),
        Moment("county_count_24h", "county", "1d", "distinct", where=BOOKED),
        Moment("passed_on_10m", "amount", "10m", where=OUT, spark_type=MONEY, ahead=True),
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
        Digest("day_ends", {"state": DAY_END}, SHARED_DAYS, BOOKED, ("state",)),
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
        Measure("net_amount", "in_amount_{d}d - out_amount_{d}d", "yuan", "{d}转入减转出金额", "money in less money out, {d}", (30,), "derived", spark_type=MONEY),
        Measure("in_out_gap_share", "try_divide(abs(in_amount_{d}d - out_amount_{d}d), in_amount_{d}d + out_amount_{d}d)", "ratio", "{d}转入与转出差额占收付总额的比例", "difference of money in and out over their sum, {d}", (30,), "derived", spark_type="double"),
        Measure("payer_count", COUNTERPARTY, "counterparties", "{d}付款方个数", "payers, {d}", (1, 7, 30), "distinct", IN, category="counterparties"),
        Measure("payee_count", COUNTERPARTY, "counterparties", "{d}收款方个数", "payees, {d}", (1, 7, 30), "distinct", OUT, category="counterparties"),
        Measure("counterparty_count", COUNTERPARTY, "counterparties", "{d}交易对手个数", "counterparties, {d}", (1, 7, 30), "distinct", BOOKED, category="counterparties"),
        Measure("new_counterparty_count", COUNTERPARTY, "counterparties", "{d}新交易对手个数", "counterparties first seen in the {d}", (1, 7), "new", BOOKED, category="counterparties"),
        Measure("new_counterparty_share", "try_divide(new_counterparty_count_{d}d, counterparty_count_{d}d)", "ratio", "{d}新交易对手占比", "share of counterparties first seen in the {d}", (1, 7), "derived", spark_type="double", category="counterparties"),
        Measure("new_payer_count", COUNTERPARTY, "counterparties", "{d}新付款方个数", "payers first seen in the {d}", (7,), "new", IN, category="counterparties"),
        Measure("new_payee_count", COUNTERPARTY, "counterparties", "{d}新收款方个数", "payees first seen in the {d}", (7,), "new", OUT, category="counterparties"),
        Measure("new_payee_share", "try_divide(new_payee_count_{d}d, payee_count_{d}d)", "ratio", "{d}新收款方占比", "share of payees first seen in the {d}", (7,), "derived", spark_type="double", category="counterparties"),
        Measure("fan_in_ratio", "try_divide(payer_count_{d}d, payee_count_{d}d)", "times", "{d}付款方与收款方个数之比", "payers over payees, {d}", (30,), "derived", spark_type="double", category="counterparties"),
        Measure("two_way_counterparty_count", "payer_count_{d}d + payee_count_{d}d - counterparty_count_{d}d", "counterparties", "{d}既付款又收款的对手个数", "counterparties that paid and were paid, {d}", (30,), "derived", category="counterparties"),
        Measure("transfers_per_counterparty", "try_divide(in_count_{d}d + out_count_{d}d, counterparty_count_{d}d)", "transactions", "{d}每个对手平均笔数", "transactions per counterparty, {d}", (30,), "derived", spark_type="double", category="counterparties"),
        Measure("out_count_10m_max", "out_count_10m", "transactions", "{d}任意10分钟最多转出笔数", "most debits within 10 minutes, {d}", (7, 30), "max", BOOKED),
        Measure("in_count_10m_max", "in_count_10m", "transactions", "{d}任意10分钟最多转入笔数", "most credits within 10 minutes, {d}", (7, 30), "max", BOOKED),
        Measure("out_count_1h_max", "out_count_1h", "transactions", "{d}任意1小时最多转出笔数", "most debits within an hour, {d}", (7, 30), "max", BOOKED),
        Measure("in_count_1h_max", "in_count_1h", "transactions", "{d}任意1小时最多转入笔数", "most credits within an hour, {d}", (7, 30), "max", BOOKED),
        Measure("out_amount_10m_max", "out_amount_10m", "yuan", "{d}任意10分钟最多转出金额", "most money out within 10 minutes, {d}", (7, 30), "max", BOOKED, spark_type=MONEY),
        Measure("in_amount_10m_max", "in_amount_10m", "yuan", "{d}任意10分钟最多转入金额", "most money in within 10 minutes, {d}", (7, 30), "max", BOOKED, spark_type=MONEY),
        Measure("in_amount_1h_max", "in_amount_1h", "yuan", "{d}任意1小时最多转入金额", "most money in within an hour, {d}", (7, 30), "max", BOOKED, spark_type=MONEY),
        Measure("out_amount_1h_max", "out_amount_1h", "yuan", "{d}任意1小时最多转出金额", "most money out within an hour, {d}", (7, 30), "max", BOOKED, spark_type=MONEY),
        Measure("payee_count_1h_max", "payee_count_1h", "counterparties", "{d}任意1小时最多收款方个数", "most payees within an hour, {d}", (7, 30), "max", BOOKED, category="counterparties"),
        Measure("payer_count_1h_max", "payer_count_1h", "counterparties", "{d}任意1小时最多付款方个数", "most payers within an hour, {d}", (7, 30), "max", BOOKED, category="counterparties"),
        Measure("in_amount_min", "amount", "yuan", "{d}最小单笔转入", "smallest credit, {d}", (7, 30), "min", IN, None, MONEY),
        Measure("in_amount_spread", "amount", "yuan", "{d}转入金额标准差", "standard deviation of credits, {d}", (7, 30), "spread", IN, None, MONEY),
        Measure("out_amount_spread", "amount", "yuan", "{d}转出金额标准差", "standard deviation of debits, {d}", (7, 30), "spread", OUT, None, MONEY),
        Measure("in_amount_variance", "amount", "yuan squared", "{d}转入金额方差", "variance of credits, {d}", (30,), "variance", IN, None, "double"),
        Measure("out_amount_variance", "amount", "yuan squared", "{d}转出金额方差", "variance of debits, {d}", (30,), "variance", OUT, None, "double"),
        Measure("in_repeated_amount_share", "amount", "ratio", "{d}最常见转入金额的笔数占比", "share of the most frequent amount among credits, {d}", (30,), "largest", IN, None, "double"),
        Measure("out_repeated_amount_share", "amount", "ratio", "{d}最常见转出金额的笔数占比", "share of the most frequent amount among debits, {d}", (30,), "largest", OUT, None, "double"),
        Measure("payer_largest_share", COUNTERPARTY, "ratio", "{d}最大付款方笔数占比", "share of the most frequent payer, {d}", (7, 30), "largest", IN, None, "double", category="counterparties"),
        Measure("payee_largest_share", COUNTERPARTY, "ratio", "{d}最大收款方笔数占比", "share of the most frequent payee, {d}", (7, 30), "largest", OUT, None, "double", category="counterparties"),
        Measure("payer_entropy", COUNTERPARTY, "nats", "{d}付款方分散度（熵）", "entropy of payers, {d}", (30,), "entropy", IN, None, "double", category="counterparties"),
        Measure("payee_entropy", COUNTERPARTY, "nats", "{d}收款方分散度（熵）", "entropy of payees, {d}", (30,), "entropy", OUT, None, "double", category="counterparties"),
        Measure("in_amount_rising_days", "amount", "days", "{d}日转入金额最长连续上升天数", "most days in a row with more money in than the day before, {d}", (30,), "rise", IN),
        Measure("in_amount_rising_days_now", "amount", "days", "{d}日转入金额连续上升天数（截至昨日）", "days in a row up to yesterday with more money in than the day before, {d}", (30,), "rise_now", IN),
        Measure("in_amount_trend", "amount", "yuan a day", "{d}日转入金额趋势", "trend of the daily money in, {d}", (30,), "trend", IN, 0, MONEY),
        Measure("out_amount_trend", "amount", "yuan a day", "{d}日转出金额趋势", "trend of the daily money out, {d}", (30,), "trend", OUT, 0, MONEY),
        Measure("night_count", "1", "transactions", "{d}夜间笔数", "transactions at night, {d}", (7, 30), where=f"{BOOKED} AND {AT_NIGHT}", hidden=True, category="rhythm"),
        Measure("night_share", "try_divide(night_count_{d}d, in_count_{d}d + out_count_{d}d)", "ratio", "{d}夜间（0-5时）交易占比", "share of transactions at night (0-5 h), {d}", (7, 30), "derived", spark_type="double", category="rhythm"),
        Measure("night_out_share", AT_NIGHT, "ratio", "{d}夜间（0-5时）转出笔数占比", "share of debits at night (0-5 h), {d}", (30,), "share", OUT, None, "double", category="rhythm"),
        Measure("round_count", "1", "transactions", "{d}整百笔数", "round transactions, {d}", (7, 30), where=ROUND, hidden=True),
        Measure("round_share", "try_divide(round_count_{d}d, in_count_{d}d + out_count_{d}d)", "ratio", "{d}整百金额交易占比", "share of amounts that are multiples of 100, {d}", (7, 30), "derived", spark_type="double"),
        Measure("round_thousand_share", "amount % 1000 = 0", "ratio", "{d}整千金额交易占比", "share of amounts that are multiples of 1,000, {d}", (30,), "share", f"{BOOKED} AND amount >= 1000", None, "double"),
        Measure("below_limit_count", "1", "transactions", "{d}略低于限额（9,500-9,999或49,000-49,999元）笔数", "amounts just below a limit (9,500-9,999 or 49,000-49,999), {d}", (1, 7, 30), where=f"{BOOKED} AND {BELOW_LIMIT}"),
        Measure("below_limit_share", BELOW_LIMIT, "ratio", "{d}略低于限额（9,500-9,999或49,000-49,999元）笔数占比", "share of amounts just below a limit (9,500-9,999 or 49,000-49,999), {d}", (30,), "share", BOOKED, None, "double"),
        Measure("device_count", "device_id", "devices", "{d}使用设备数", "devices, {d}", (1, 7, 30), "distinct", BOOKED, category="access"),
        Measure("ip_count", "ip_id", "addresses", "{d}使用IP数", "IP addresses, {d}", (1, 7, 30), "distinct", BOOKED, category="access"),
        Measure("new_device_count", "device_id", "devices", "{d}新使用设备数", "devices first used in the {d}", (7,), "new", BOOKED, category="access"),
        Measure("new_ip_count", "ip_id", "addresses", "{d}新使用IP数", "IP addresses first used in the {d}", (7,), "new", BOOKED, category="access"),
        Measure("county_count", "county", "counties", "{d}交易区县数", "counties of transactions, {d}", (1, 7, 30), "distinct", BOOKED, category="access"),
        Measure("county_count_1h_max", "county_count_1h", "counties", "{d}任意1小时最多交易区县数", "most counties within an hour, {d}", (7,), "max", BOOKED, category="access"),
        Measure("county_count_24h_max", "county_count_24h", "counties", "{d}任意24小时最多交易区县数", "most counties within 24 h, {d}", (7, 30), "max", BOOKED, category="access"),
        Measure("away_share", "county <> residence_county", "ratio", "{d}不在登记居住区县的交易占比", "share of transactions outside the registered county, {d}", (7, 30), "share", WITH_COUNTIES, None, "double", category="access"),
        Measure("channel_count", "upper(channel)", "channels", "{d}使用交易渠道数", "channels, {d}", (30,), "distinct", BOOKED, category="access"),
        Measure("channel_entropy", "upper(channel)", "nats", "{d}交易渠道分散度（熵）", "entropy of channels, {d}", (30,), "entropy", BOOKED, None, "double", category="access"),
        Measure("online_share", "channel IN ('手机银行', '网银', '微信银行')", "ratio", "{d}手机及网上银行交易占比", "share of transactions by mobile and online banking, {d}", (30,), "share", WITH_CHANNEL, None, "double", category="access"),
        Measure("counter_share", "channel = '柜面'", "ratio", "{d}柜面交易占比", "share of transactions at the counter, {d}", (30,), "share", WITH_CHANNEL, None, "double", category="access"),
        Measure("quick_pay_share", "channel = '快捷支付'", "ratio", "{d}快捷支付交易占比", "share of quick payments, {d}", (30,), "share", WITH_CHANNEL, None, "double", category="access"),
        Measure("pos_share", "upper(channel) = 'POS'", "ratio", "{d}POS交易占比", "share of payments at points of sale, {d}", (30,), "share", WITH_CHANNEL, None, "double", category="access"),
        Measure("active_day_count", "bit_count(active_mask & (shiftleft(1L, {d}) - 1))", "days", "{d}有交易天数", "days with a transaction, {d}", (7, 30), "derived", category="rhythm"),
        Measure("active_mask", "1", "bits", "有交易的日期", "days with a transaction", where=BOOKED, kind="days", hidden=True, category="rhythm"),
        Measure("days_since_activity", f"CASE WHEN active_mask <> 0 THEN bit_count({LOWEST_BIT} - 1) END", "days", "距最近一次交易天数", "days since the last transaction", kind="derived", category="rhythm"),
        Measure("silence_before_activity", f"CASE WHEN {REST} <> 0 THEN bit_count(({REST} & -{REST}) - 1) - bit_count({LOWEST_BIT} - 1) - 1 END", "days", "最近一次交易前的静默天数", "silent days before the last active day", kind="derived", category="rhythm"),
        Measure("longest_silence_30d", "longest_gap(active_mask)", "days", "近30天最长静默天数", "longest silence, last 30 d", kind="derived", category="rhythm"),
        Measure("burst", "try_divide(30.0D * (in_count_1d + out_count_1d), in_count_30d + out_count_30d)", "times", "最近一天笔数与30天日均之比", "transactions of the last day over the mean of 30 d", kind="derived", spark_type="double", category="rhythm"),
        Measure("woken_count", f"CASE WHEN days_since_activity = 0 AND {SILENT_BEFORE} THEN in_count_1d + out_count_1d ELSE 0 END", "transactions", "静默7天以上后昨日交易笔数", "transactions of yesterday after 7 silent days or more", kind="derived", category="rhythm"),
        Measure("woken_amount", f"CASE WHEN days_since_activity = 0 AND {SILENT_BEFORE} THEN in_amount_1d + out_amount_1d ELSE 0 END", "yuan", "静默7天以上后昨日收付金额", "money in and out of yesterday after 7 silent days or more", kind="derived", spark_type=MONEY, category="rhythm"),
        Measure("balance", "balance_after", "yuan", "账户余额", "balance", where=BOOKED, kind="last", empty=None, spark_type=MONEY),
        Measure("balance_to_inflow_7d", "try_divide(double(balance), double(in_amount_7d))", "times", "余额与近7天转入之比", "balance over the money in of 7 d", kind="derived", spark_type="double"),
        Measure("balance_peak", "balance_after", "yuan", "{d}最高余额", "highest balance, {d}", (30,), "max", BOOKED, None, MONEY),
        Measure("balance_to_peak_30d", "try_divide(double(balance), double(balance_peak_30d))", "times", "余额与近30天最高余额之比", "balance over the highest balance of 30 d", kind="derived", spark_type="double"),
        Measure("emptying_share", NEARLY_EMPTY, "ratio", "{d}转出后余额不足10元的笔数占比", "share of debits that left less than 10 yuan, {d}", (30,), "share", f"{OUT} AND balance_after IS NOT NULL", None, "double"),
        Measure("declined_count", "1", "transactions", "{d}被拒交易笔数", "declined transactions, {d}", (7, 30), where="status = 'declined'"),
        Measure("company_to_private_count", "1", "transactions", "{d}公转私笔数", "company-to-private payments, {d}", (7, 30), where=COMPANY_TO_PRIVATE),
        Measure("company_to_private_amount", "amount", "yuan", "{d}公转私金额", "company-to-private money, {d}", (7, 30), where=COMPANY_TO_PRIVATE, spark_type=MONEY),
        Measure("company_to_private_share", "try_divide(company_to_private_amount_{d}d, in_amount_{d}d + out_amount_{d}d)", "ratio", "{d}公转私金额占收付总额的比例", "share of company-to-private money, {d}", (30,), "derived", spark_type="double"),
        Measure("private_to_company_count", "1", "transactions", "{d}私转公笔数", "private-to-company payments, {d}", (7, 30), where=PRIVATE_TO_COMPANY),
        Measure("private_to_company_amount", "amount", "yuan", "{d}私转公金额", "private-to-company money, {d}", (7, 30), where=PRIVATE_TO_COMPANY, spark_type=MONEY),
        Measure("company_and_back_amount", "least(company_to_private_amount_{d}d, private_to_company_amount_{d}d)", "yuan", "{d}公私之间往返金额", "money between companies and private accounts that went both ways, {d}", (30,), "derived", spark_type=MONEY),
        Measure("passed_on_amount_1h", "least(passed_on_1h, amount)", "yuan", "{d}转入后1小时内转出金额", "money in that left within 1 h, {d}", (1, 7, 30), where=IN, spark_type=MONEY, hidden=True),
        Measure("passed_on_amount_24h", "least(passed_on_24h, amount)", "yuan", "{d}转入后24小时内转出金额", "money in that left within 24 h, {d}", (1, 7, 30), where=IN, spark_type=MONEY, hidden=True),
        Measure("passed_on_amount_10m", "least(passed_on_10m, amount)", "yuan", "{d}转入后10分钟内转出金额", "money in that left within 10 minutes, {d}", (1, 7, 30), where=IN, spark_type=MONEY, hidden=True),
        Measure("passed_on_share_1h", "try_divide(double(passed_on_amount_1h_{d}d), double(in_amount_{d}d))", "ratio", "{d}转入后1小时内转出占比", "share of money in that left within 1 h, {d}", (1, 7, 30), "derived", spark_type="double"),
        Measure("passed_on_share_24h", "try_divide(double(passed_on_amount_24h_{d}d), double(in_amount_{d}d))", "ratio", "{d}转入后24小时内转出占比", "share of money in that left within 24 h, {d}", (1, 7, 30), "derived", spark_type="double"),
        Measure("passed_on_share_10m", "try_divide(double(passed_on_amount_10m_{d}d), double(in_amount_{d}d))", "ratio", "{d}转入后10分钟内转出占比", "share of money in that left within 10 minutes, {d}", (1, 7, 30), "derived", spark_type="double"),
        Measure("fastest_debit_seconds", "seconds_to_debit", "seconds", "{d}转入到转出最短秒数（24小时内）", "fewest seconds from a credit to the next debit within 24 h, {d}", (7, 30), "min", IN, None),
        Measure("mean_debit_seconds", "seconds_to_debit", "seconds", "{d}转入到转出平均秒数（24小时内）", "mean seconds from a credit to the next debit within 24 h, {d}", (30,), "mean", IN, None, "double"),
        Measure("followed_share", "seconds_to_debit <= 600", "ratio", "{d}转入后10分钟内有转出的笔数占比", "share of credits with a debit within 10 minutes, {d}", (30,), "share", IN, None, "double"),
        Measure("probe_count", "probe", "occurrences", "{d}小额试探后大额转入次数", "large credits within 24 h after a small one, {d}", (7, 30)),
    ),
)
HABITS = FeatureGroup(  # a group of its own, for the long windows cost what it keeps
    name="habits",
    category="money",
    tables=("transactions",),
    key="account_id",
    joins="subject_id",
    where=BOOKED,
    order="sequence_no",
    measures=(
        Measure("credit_count", "1", "transactions", "{d}转入笔数", "credits, {d}", (90, MONTH), where=IN),
        Measure("debit_count", "1", "transactions", "{d}转出笔数", "debits, {d}", (90, MONTH), where=OUT),
        Measure("credit_amount", "amount", "yuan", "{d}转入金额", "money in, {d}", (90, MONTH, "2month"), where=IN, spark_type=MONEY),
        Measure("debit_amount", "amount", "yuan", "{d}转出金额", "money out, {d}", (90, MONTH, "2month"), where=OUT, spark_type=MONEY),
        Measure("credit_count_deviation", "1", "times", "昨日转入笔数高于{d}自身常态（几倍标准差）", "standard deviations of the credits of yesterday above the own normal of the {d}", (30, 90), "deviation", IN, None, "double", category="rhythm"),
        Measure("debit_count_deviation", "1", "times", "昨日转出笔数高于{d}自身常态（几倍标准差）", "standard deviations of the debits of yesterday above the own normal of the {d}", (30, 90), "deviation", OUT, None, "double", category="rhythm"),
        Measure("credit_amount_deviation", "amount", "times", "昨日转入金额高于{d}自身常态（几倍标准差）", "standard deviations of the money in of yesterday above the own normal of the {d}", (30, 90), "deviation", IN, None, "double", category="rhythm"),
        Measure("debit_amount_deviation", "amount", "times", "昨日转出金额高于{d}自身常态（几倍标准差）", "standard deviations of the money out of yesterday above the own normal of the {d}", (30, 90), "deviation", OUT, None, "double", category="rhythm"),
        Measure("traded_day_count", "event_date", "days", "{d}有交易天数", "days with a transaction, {d}", (90,), "distinct", category="rhythm"),
        Measure("days_since_last_transaction", "1", "days", "{d}最近一次交易距今", "days since the last transaction, {d}", (90,), "since_last", empty=None, category="rhythm"),
        Measure("days_since_first_transaction", "1", "days", "{d}首次交易距今", "days since the first transaction, {d}", (90,), "since_first", empty=None, category="rhythm"),
        Measure("silence_after_opening", f"CASE WHEN {IS_NEW} THEN account_age - days_since_first_transaction_90d END", "days", "开户后到首次交易的静默天数", "silent days from opening to the first transaction", kind="derived", category="rhythm"),
        Measure("is_unused_since_opening", f"CASE WHEN {IS_NEW} THEN CASE WHEN traded_day_count_90d = 0 THEN 1 ELSE 0 END END", "yes or no", "开户后从未交易", "no transaction since opening", kind="derived", category="rhythm", sentence_zh=IS_IT_ZH),
        Measure("traded_day_share_since_opening", f"CASE WHEN {IS_NEW} THEN try_divide(least(traded_day_count_90d, account_age), account_age) END", "ratio", "开户以来有交易天数占比", "share of days with a transaction since opening", kind="derived", spark_type="double", category="rhythm"),
        Measure("transactions_a_day_since_opening", f"CASE WHEN {IS_NEW} THEN try_divide(credit_count_90d + debit_count_90d, account_age) END", "transactions a day", "开户以来日均笔数", "transactions a day since opening", kind="derived", spark_type="double", category="rhythm"),
        Measure("amount_a_day_since_opening", f"CASE WHEN {IS_NEW} THEN try_divide(credit_amount_90d + debit_amount_90d, account_age) END", "yuan a day", "开户以来日均收付金额", "money in and out a day since opening", kind="derived", spark_type=MONEY),
    ),
)
# fmt: on
