"""Logins of one day."""

import numpy as np
import pyarrow as pa

from demo.account_schemes import AccountSchemes
from demo.arrow import hex_id, ip_addresses, pick, timestamps
from demo.bank_day import addresses_of
from demo.bank_plan import BankPlan
from demo.calendar import MINUTE_US, SECOND_US, Calendar
from demo.card_day import ranks
from demo.places import Places
from demo.profile import Profile
from demo.rng import fold, stream, uniform

MODELS = tuple(f"品牌{chr(65 + i % 18)} N{100 + i * 37}" for i in range(60))
METHODS = ("密码", "指纹", "人脸")


class LoginDays:
    """day -> logins, a pure function of plan and day."""

    def __init__(
        self,
        profile: Profile,
        seed: int,
        calendar: Calendar,
        places: Places,
        bank: BankPlan,
        schemes: AccountSchemes,
    ) -> None:
        self.profile, self.seed, self.calendar, self.places = profile, seed, calendar, places
        self.bank, self.schemes = bank, schemes
        customers = bank.customers
        busy = np.zeros(len(customers.since))
        np.maximum.at(busy, bank.accounts.customer, bank.accounts.rate)
        dormant = np.isin(customers.persona, [bank.names.index(n) for n in ("P12", "K06")])
        old = np.isin(customers.persona, [bank.names.index(n) for n in ("P04", "P05")])
        self.rate = (
            profile["bank"]["logins_a_month"] / 30 * busy * np.where(dormant, 0.02, np.where(old, 0.3, 1.15))
        )

    def day(self, day: int) -> tuple[pa.Table, dict[str, np.ndarray]]:
        """Logins as they land, without `received_at`, and their moments and keys."""
        rng = stream(self.seed, "logins", day)
        alive = self.bank.customers.since < day
        who = np.repeat(np.arange(len(alive)), rng.poisson(self.rate * alive))
        at = self.calendar.moments(rng, day, len(who))
        key = fold((day << 32) + who, ranks(who), salt=self.seed + 211)
        own = self.bank.customers.device_on(who, day)
        theirs = self._before_payments(day)
        foreign = np.r_[np.zeros(len(who), bool), theirs["foreign"]]
        rows = {
            "customer": np.r_[who, theirs["customer"]],
            "at": np.r_[at, theirs["at"]],
            "key": np.r_[key, theirs["key"]],
            "device": np.r_[own, theirs["device"]],
        }
        rows["at"] -= rows["at"] % SECOND_US
        return self._table(day, rows, foreign), rows

    def _before_payments(self, day: int) -> dict[str, np.ndarray]:
        """Whoever sends money on from somebody else's account logs in first."""
        rows = self.schemes.rows
        begin, end = self.calendar.midnight(day), self.calendar.midnight(day + 1)
        at = np.flatnonzero((rows["at"] >= begin) & (rows["at"] < end) & (rows["sign"] < 0))
        at = at[np.unique(rows["account"][at], return_index=True)[1]]  # once a day is enough
        customer = self.bank.accounts.customer[rows["account"][at]]
        device = rows["device"][at]
        own = self.bank.customers.device_on(customer, day)
        wait = 1 + (uniform(fold(rows["key"][at], salt=212)) * 9).astype(np.int64)
        return {
            "customer": customer,
            "at": np.maximum(rows["at"][at] - wait * MINUTE_US, begin),
            "key": fold(rows["key"][at], day, salt=self.seed + 213),
            "device": np.where(device > 0, device, own),
            "foreign": device > 0,
        }

    def _table(self, day: int, rows: dict[str, np.ndarray], foreign: np.ndarray) -> pa.Table:
        customer, key, device = rows["customer"], rows["key"], rows["device"]
        customers = self.bank.customers
        ip, county = addresses_of(self, customer, key, day, foreign, device)
        failed = uniform(fold(key, salt=214)) < self.profile["bank"]["login_failed"]
        method = np.searchsorted([0.35, 0.7], uniform(fold(key, salt=215)))
        new = foreign | (
            (customers.device_changed[customer] <= day) & (day < customers.device_changed[customer] + 2)
        )
        return pa.table(
            {
                "login_id": hex_id(key, "L"),
                "customer_no": customers.no.take(pa.array(customer)),
                "at": timestamps(rows["at"]),
                "channel": pick(("手机银行", "网银"), customers.company[customer].astype(int)),
                "device_id": hex_id(device, "D"),
                "device_model": pick(
                    MODELS, (fold(device, salt=216) % np.uint64(len(MODELS))).astype(np.int64)
                ),
                "ip": ip_addresses(ip),
                "ip_county": pick(self.places.county_code, county),
                "method": pick(METHODS, method),
                "result": pick(("成功", "失败"), failed.astype(int)),
                "new_device": pa.array(new),
                "screen_shared": pa.array(uniform(fold(key, salt=217)) < 0.002),
            }
        )
