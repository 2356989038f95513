"""Customers, accounts and branches as they land."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from demo import names
from demo.arrow import constant, dates, hex_id, ip_addresses, moments, money, nulled, nulls, number, pick
from demo.bank_plan import BankPlan
from demo.calendar import DAY_US, SECOND_US, Calendar
from demo.identifiers import bank_cards, credit_codes, resident_ids
from demo.places import Places
from demo.rng import fold, permute, uniform

CHANNELS = ("柜面", "手机银行", "外拓", "自助")
CLASSES = ("I", "II", "III", "基本", "一般", "专用")
PURPOSES = ("工资", "储蓄", "日常消费", "经营结算", "投资理财")
INCOMES = ("3万以下", "3-8万", "8-15万", "15万以上")
STAFF = ("10人以下", "10-50人", "50-300人", "300人以上")
LIMITS = np.array([5_000, 10_000, 50_000, 200_000, 500_000])
PERSON_KEY = 5_000_000  # offset of the name keys of customers
OTHER_REGIONS = np.array([170_101, 180_203, 190_105])  # where people from other provinces were born


def person_ids(
    key: np.ndarray, county_code: pa.Array, county: np.ndarray, birth: np.ndarray, man: np.ndarray
) -> pa.Array:
    """Resident IDs of people; one in nine was born in another province."""
    h = fold(key, salt=151)
    home = pc.cast(county_code.take(pa.array(county)), pa.int64()).to_numpy()
    other = OTHER_REGIONS[(h >> np.uint64(20)).astype(np.int64) % 3]
    region = np.where(uniform(h) < 0.11, other, home)
    order = ((h >> np.uint64(8)) % np.uint64(499)).astype(np.int64) * 2 + man
    return resident_ids(region, birth, order)


class BankRegisters:
    """Rows of the bank's master data, for any set of customers or accounts."""

    def __init__(
        self, calendar: Calendar, places: Places, bank: BankPlan, seed: int, occupations: list[str]
    ) -> None:
        self.calendar, self.places, self.bank, self.seed = calendar, places, bank, seed
        self.occupations = occupations

    def _birth_text(self, who: np.ndarray) -> pa.Array:
        birth = self.bank.customers.birth[who]
        text = number(birth, 8)
        cut = [pc.utf8_slice_codeunits(text, a, b) for a, b in ((0, 4), (4, 6), (6, 8))]
        return pc.binary_join_element_wise(*cut, "-")

    def private(self, who: np.ndarray, phone: np.ndarray, updated: np.ndarray) -> pa.Table:
        """`customers_private` for the given customers; `phone` and `updated` are per row."""
        c, county = self.bank.customers, self.bank.customers.county[who]
        h = fold(who, salt=152)
        key = who + PERSON_KEY
        since = self.calendar.midnight(0) // DAY_US + c.since[who]
        home = uniform(fold(who, salt=153))
        occupation = pick(self.occupations, c.persona[who])
        works = pc.is_in(occupation, pa.array(["职员", "务工", "骑手"]))
        employer = pc.if_else(works, names.companies(fold(who, salt=34) % np.uint64(400)), "")
        channel = (h >> np.uint64(14)) % np.uint64(10)
        return pa.table(
            {
                "customer_no": c.no.take(pa.array(who)),
                "name": names.people(key),
                "id_type": constant("居民身份证", len(who)),
                "id_no": person_ids(key, self.places.county_code, county, c.birth[who], c.man[who]),
                "birth_date": self._birth_text(who),
                "sex": pick(("女", "男"), c.man[who].astype(int)),
                "phone": nulled(number(phone, 11), uniform(fold(who, salt=154)) < 0.01),
                "phone_since": dates(np.where(phone == c.phone[who], since, updated // DAY_US)),
                "mailing_address": names.addresses(key, self.places.county_name, county),
                "residence_county": pick(self.places.county_code, county),
                "occupation": occupation,
                "employer": employer,
                "income_band": pick(INCOMES, np.minimum(3, (home**1.6 * 4).astype(int))),
                "since": dates(since),
                "home_branch": pick(self.places.branch_no, c.branch[who]),
                "channel": pick(CHANNELS, np.where(channel < 7, 0, 1).astype(int)),
                "updated_at": moments(updated),
            }
        )

    def corporate(self, who: np.ndarray, updated: np.ndarray) -> pa.Table:
        """`customers_corporate` for the given customers."""
        c, key = self.bank.customers, who + PERSON_KEY
        county, h = c.county[who], fold(who, salt=155)
        region = pc.cast(self.places.county_code.take(pa.array(county)), pa.int64()).to_numpy()
        serial = permute(who, 10**9, self.seed + 19)
        address = names.addresses(key, self.places.county_name, county)
        moved = names.addresses(key + 1, self.places.county_name, county)
        return pa.table(
            {
                "customer_no": c.no.take(pa.array(who)),
                "name": names.companies(key),
                "uscc": credit_codes(region, serial),
                "registered_at": self._birth_text(who),
                "capital": pa.array((10 ** (4.5 + 2.5 * uniform(h))).astype(np.int64) // 10_000 * 10_000),
                "industry": names.trades(key),
                "registered_address": address,
                "office_address": pc.if_else(pa.array(uniform(fold(who, salt=156)) < 0.8), address, moved),
                "phone": number(c.phone[who], 11),
                "staff_band": pick(STAFF, np.minimum(3, (uniform(fold(who, salt=157)) ** 2 * 4).astype(int))),
                "home_branch": pick(self.places.branch_no, c.branch[who]),
                "status": constant("正常", len(who)),
                "updated_at": moments(updated),
            }
        )

    def accounts(self, who: np.ndarray) -> pa.Table:
        """`accounts` for the given accounts."""
        a, c = self.bank.accounts, self.bank.customers
        customer = a.customer[who]
        firm, count = c.company[customer], len(who)
        u = [uniform(fold(who, salt=160 + i)) for i in range(6)]
        channel = np.where(firm, 0, np.searchsorted([0.60, 0.85, 0.95], u[0]))
        mobile = channel == 1
        kind = np.where(firm, 3 + np.searchsorted([0.7, 0.9], u[1]), np.searchsorted([0.62, 0.92], u[1]))
        clerk = 7_000_000 + a.branch[who] * 40 + (u[2] * 8).astype(np.int64)
        device = np.where(mobile, c.device[customer], 0)
        ip = np.where(mobile, (100 << 24) + (64 << 16) + (u[3] * (1 << 22)).astype(np.int64), 0)
        limit = LIMITS[np.where(firm, 4, np.minimum(4, (u[4] * 4).astype(int)))] * 100
        second = self.bank.customers.since[customer] < a.opened_day[who]
        purpose = np.where(firm, 3, np.where(second, 1, (u[5] * 3).astype(int)))
        return pa.table(
            {
                "account_no": a.no.take(pa.array(who)),
                "card_no": nulled(bank_cards(permute(who, 10**11, self.seed + 20)), firm),
                "customer_no": c.no.take(pa.array(customer)),
                "kind": pick(("对私", "对公"), firm.astype(int)),
                "class": pick(CLASSES, kind),
                "branch_no": pick(self.places.branch_no, a.branch[who]),
                "opened_at": moments(a.opened[who]),
                "channel": pick(CHANNELS, channel),
                "clerk_no": nulled(number(clerk, 7), mobile),
                "by_proxy": pa.array((uniform(fold(who, salt=166)) < 0.06) & ~mobile),
                "purpose": pick(PURPOSES, purpose),
                "phone_at_opening": number(c.phone[customer], 11),
                "device_id": nulled(hex_id(device, "D"), ~mobile),
                "ip": ip_addresses(ip),
                "daily_limit": money(limit),
                "status": constant("正常", count),
                "closed_at": nulls(count),
                "updated_at": moments(a.opened[who]),
            }
        )

    def updated_at(self, day: int, who: np.ndarray) -> np.ndarray:
        """Moments of changes made at the counter during a day."""
        return (
            self.calendar.midnight(day)
            + (9 * 3600 + (uniform(fold(who, day, salt=167)) * 28_000).astype(np.int64)) * SECOND_US
        )
