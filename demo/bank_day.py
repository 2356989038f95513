"""One day of the bank: intents, ledger, landed transactions."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from demo import names
from demo.account_schemes import AccountSchemes
from demo.arrow import hex_id, ip_addresses, money, nulled, number, pick, timestamps
from demo.bank_life import BankLife
from demo.bank_plan import BankPlan
from demo.calendar import DAY_US, Calendar
from demo.identifiers import outside_cards
from demo.intents import (
    ATM,
    CHANNELS,
    COMPANY,
    EBANK,
    MERCHANT,
    MOBILE,
    NO_PARTNER,
    OWN,
    POS,
    QUICK,
    REFUND,
    SUMMARIES,
    TRANSFER,
    WECHAT,
    Intents,
    intents,
    join,
    outside_key,
    select,
)
from demo.ledger import BOOKED, STATUSES, Legs, book
from demo.places import Places
from demo.profile import Profile
from demo.rng import fold, uniform

REMARKS = ("", "", "", "", "还款", "货款", "生活费", "房租", "红包", "借款", "饭钱", "代买", "定金", "工钱")


@dataclass(frozen=True)
class BankState:
    """What day N needs to know of day N-1."""

    balance: np.ndarray
    seq: np.ndarray
    queue: Intents  # intents of later days


class BankDays:
    """day -> (transactions, state): a pure function of the plan and the state of the day before."""

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
        self.life = BankLife(profile, seed, calendar, bank)
        self.names = _customer_names(bank)

    def first_state(self) -> BankState:
        """The state at midnight of day 0."""
        count = len(self.bank.accounts.balance)
        return BankState(self.bank.accounts.balance.copy(), np.zeros(count, np.int64), join([]))

    def step(self, day: int, state: BankState) -> tuple[Legs, BankState]:
        """Book one day."""
        begin, end = self.calendar.midnight(day), self.calendar.midnight(day + 1)
        ordinary = join([self.life.day(day), self.life.top_up(day, state.balance)])
        illicit = self.schemes.rows
        today = (illicit["at"] >= begin) & (illicit["at"] < end)
        rows = join([self._still_lives(day, ordinary), state.queue, select(illicit, today)])
        due = rows["at"] < end
        later, rows = select(rows, ~due), select(rows, due)
        balance, seq = state.balance.copy(), state.seq.copy()
        refused = uniform(fold(rows["key"], salt=81)) < self.profile["bank"]["declined"]
        # A payroll file, a credit from elsewhere and a reversal are not attempts that can be refused.
        refused &= np.isin(rows["channel"], [EBANK, MOBILE, WECHAT, ATM, POS, QUICK]) & (
            rows["reverses"] == 0
        )
        refused &= (rows["sign"] < 0) | (rows["partner"] >= 0)
        given_up = uniform(fold(rows["key"], salt=88)) >= self.profile["bank"]["tries_anyway"]
        legs = book(rows, refused, given_up, balance, seq, self.seed)
        return legs, BankState(balance, seq, join([later, self._reversals(legs, end)]))

    def _still_lives(self, day: int, rows: Intents) -> Intents:
        """Thin out the ordinary life of accounts that are in other hands."""
        stays = np.ones(len(self.bank.accounts.balance))
        quiet = self.schemes.quiet
        now = (quiet["first"] <= day) & (day <= quiet["last"])
        np.minimum.at(stays, quiet["account"][now], quiet["stays"][now])
        return select(rows, uniform(fold(rows["key"], salt=82)) < stays[rows["account"]])

    def _reversals(self, legs: Legs, end: int) -> Intents:
        """A few payments to the outside are undone within three days, with a new row."""
        fits = (legs["sign"] < 0) & (legs["partner"] < 0) & (legs["status"] == BOOKED)
        hit = np.flatnonzero(
            fits & (uniform(fold(legs["id"], salt=83)) < self.profile["bank"]["reversed"] * 1.8)
        )
        wait = (uniform(fold(legs["id"][hit], salt=84)) * 3 * DAY_US).astype(np.int64)
        return intents(
            np.maximum(legs["at"][hit] + wait, end), legs["account"][hit], +1, legs["fen"][hit], legs["partner"][hit],
            legs["channel"][hit], REFUND, 85, reverses=legs["id"][hit],
        )  # fmt: skip

    def table(self, day: int, legs: Legs) -> pa.Table:
        """Legs as they land, without `received_at`."""
        customer = self.bank.accounts.customer[legs["account"]]
        account, name, bank = self._partners(legs)
        device, ip, county = self._origin(day, legs, customer)
        at_machine = np.isin(legs["channel"], [ATM, POS]) & (legs["sign"] < 0)
        machine = (fold(customer, legs["channel"], salt=86) % np.uint64(5)).astype(np.int64) + 10 * county
        remark = (fold(legs["id"], salt=87) % np.uint64(len(REMARKS))).astype(np.int64)
        own = legs["status"] == BOOKED
        return pa.table(
            {
                "txn_id": hex_id(legs["id"], "T"),
                "account_no": self.bank.accounts.no.take(pa.array(legs["account"])),
                "seq_no": pa.array(legs["seq"]),
                "happened_at": timestamps(legs["at"]),
                "direction": pick(("借", "贷"), (legs["sign"] > 0).astype(int)),
                "amount": money(legs["fen"]),
                "balance_after": money(legs["balance"]),
                "counterparty_account": account,
                "counterparty_name": name,
                "counterparty_bank": bank,
                "transfer_id": nulled(hex_id(legs["transfer"], "X"), legs["transfer"] == 0),
                "channel": pick(CHANNELS, legs["channel"]),
                "summary": pick(SUMMARIES, legs["summary"]),
                "remark": pick(REMARKS, np.where((legs["summary"] == TRANSFER) & own, remark, 0)),
                "terminal_id": nulled(number(machine, 8, "M"), ~at_machine),
                "device_id": nulled(hex_id(device, "D"), device == 0),
                "ip": ip_addresses(ip),
                "county": nulled(self.places.county_code.take(pa.array(county)), ~at_machine & (ip == 0)),
                "status": pick(STATUSES, legs["status"]),
                "reversal_of": nulled(hex_id(legs["reverses"], "T"), legs["reverses"] == 0),
            }
        )

    def _partners(self, legs: Legs) -> tuple[pa.Array, pa.Array, pa.Array]:
        """Account, name and bank of the other side; null for cash."""
        partner = legs["partner"]
        inside, none = partner >= 0, partner == NO_PARTNER
        key, kind = outside_key(np.where(inside | none, -1, partner))
        ours = np.where(inside, partner, 0)
        account = pc.if_else(pa.array(inside), self.bank.accounts.no.take(pa.array(ours)), outside_cards(key))
        holder = self.bank.accounts.customer[np.where(kind == OWN, legs["account"], ours)]
        known = pa.array(inside | (kind == OWN))
        other = pc.if_else(pa.array(kind == MERCHANT), names.merchants(key), names.people(key))
        other = pc.if_else(pa.array(kind == COMPANY), names.companies(key), other)
        name = pc.if_else(known, self.names.take(pa.array(holder)), other)
        bank = pc.if_else(pa.array(inside), names.HOME_BANK, names.banks(key))
        return nulled(account, none), nulled(name, none), nulled(bank, none)

    def _origin(
        self, day: int, legs: Legs, customer: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Device key, IP address (0 = none) and county of a leg's payer."""
        online = np.isin(legs["channel"], [EBANK, MOBILE, WECHAT, QUICK]) & (legs["sign"] < 0)
        device = np.where(legs["device"] > 0, legs["device"], self.bank.customers.device_on(customer, day))
        device = np.where(online & (legs["reverses"] == 0), device, 0)
        ip, county = addresses_of(self, customer, legs["id"], day, legs["device"] > 0, device)
        return device, np.where(device > 0, ip, 0), county


def addresses_of(
    world: Any, customer: np.ndarray, key: np.ndarray, day: int, foreign: np.ndarray, device: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """IP address and county of an access: mobile NAT, broadband at home, or a data centre (VPN).

    `foreign` marks accesses with somebody else's device, which come from where that device is.
    """
    bank, counties = world.profile["bank"], len(world.places.county_code)
    chance = uniform(fold(key, salt=91))
    home = world.bank.customers.county[customer]
    there = (fold(device, salt=92) % np.uint64(counties)).astype(np.int64)
    county = np.where(foreign, there, home)
    away = uniform(fold(key, salt=93)) < bank["login_off_county"]
    county = np.where(away, (fold(key, salt=94) % np.uint64(counties)).astype(np.int64), county)
    pool = (fold(county, day // 3, fold(customer) % np.uint64(3), salt=95) % np.uint64(1 << 22)).astype(
        np.int64
    )
    mobile = (100 << 24) + (64 << 16) + pool
    seat = np.where(foreign, device, customer)
    low = (fold(seat, salt=96) % np.uint64(65_000)).astype(np.int64) + 200
    fixed = ((240 + seat % 10) << 24) + ((county % 250 + 1) << 16) + low
    centre = (198 << 24) + (18 << 16) + (fold(seat, salt=97) % np.uint64(1 << 17)).astype(np.int64)
    ip = np.select([chance < bank["vpn"], chance < 0.55], [centre, mobile], fixed)
    return ip, county


def _customer_names(bank: BankPlan) -> pa.Array:
    keys = np.arange(len(bank.customers.company)) + 5_000_000
    return pc.if_else(pa.array(bank.customers.company), names.companies(keys), names.people(keys))
