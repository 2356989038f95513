"""Customers and accounts of the whole run: who they are, what they live on, whom they know."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from demo.arrow import number
from demo.calendar import DAY_US, HOUR_US, Calendar
from demo.intents import COMPANY, OWN, PERSON, outside
from demo.places import Places
from demo.profile import Profile
from demo.rng import fold, permute, stream, uniform


@dataclass
class Customers:
    """One position per customer: private ones and companies, existing ones first, then by opening."""

    company: np.ndarray  # bool
    persona: np.ndarray
    county: np.ndarray
    branch: np.ndarray
    birth: np.ndarray  # yyyymmdd of the person; registration date of a company
    man: np.ndarray
    since: np.ndarray  # day number
    phone: np.ndarray  # number on day 1
    card: np.ndarray  # position of the customer's card at our carrier, -1 = a rival's
    device: np.ndarray  # device key
    device_changed: np.ndarray  # day from which a second device is used
    no: pa.Array

    def device_on(self, customer: np.ndarray, day: int) -> np.ndarray:
        """Device key of each customer on a day."""
        key = self.device[customer]
        return np.where(self.device_changed[customer] <= day, key + 1, key)


@dataclass
class Accounts:
    """One position per account, existing ones first, then by opening."""

    customer: np.ndarray
    persona: np.ndarray
    opened: np.ndarray  # moment
    opened_day: np.ndarray
    active_from: np.ndarray  # day of the first ordinary leg
    branch: np.ndarray
    rate: np.ndarray  # activity against the persona's mean
    book: np.ndarray  # known partners
    balance: np.ndarray  # fen on day 1
    atm: np.ndarray  # cash withdrawals a month
    sweeper: np.ndarray  # bool
    eligible: np.ndarray  # positions that others may know as partners
    no: pa.Array


@dataclass
class BankPlan:
    """Everything about the bank that does not depend on the day."""

    customers: Customers
    accounts: Accounts
    regulars: dict[str, np.ndarray]
    phone_changes: dict[str, np.ndarray]  # day, customer, phone
    names: tuple[str, ...]  # personas by position

    def partner(self, account: np.ndarray, rank: np.ndarray, in_house: float) -> np.ndarray:
        """The known partner of an account at a rank of its book; always the same one."""
        key = fold(account, rank, salt=31)
        inside = self.accounts.eligible[(key % np.uint64(len(self.accounts.eligible))).astype(np.int64)]
        ours = (uniform(fold(key, salt=32)) < in_house) & (inside != account)
        return np.where(ours, inside, outside(key, PERSON))


def build_bank(
    profile: Profile, size: dict[str, Any], seed: int, days: int, calendar: Calendar, places: Places
) -> BankPlan:
    """Draw customers, accounts and regular payments of a run."""
    names = tuple(profile["personas"])
    new = _openings(profile, size, seed, days, calendar)
    persona, customer, company, opened_day = _who(profile, size, seed, names, new)
    customers = _customers(
        profile, size, seed, days, calendar, places, persona, customer, company, opened_day
    )
    accounts = _accounts(profile, seed, calendar, places, customers, persona, customer, opened_day)
    return BankPlan(
        customers,
        accounts,
        _regulars(profile, seed, names, accounts),
        _phone_changes(profile, seed, days, customers),
        names,
    )


def _openings(profile: Profile, size: dict[str, Any], seed: int, days: int, calendar: Calendar) -> np.ndarray:
    """Day numbers on which accounts are opened during the run, one entry per account."""
    factor = np.array([1.15 if calendar.working(d) else 0.6 for d in range(days)])
    counts = [stream(seed, "openings", d).poisson(size["opened"] * factor[d]) for d in range(days)]
    return np.repeat(np.arange(days), counts)


def _who(
    profile: Profile, size: dict[str, Any], seed: int, names: tuple[str, ...], new: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Persona, customer and opening day of each account; whether each customer is a company."""
    rng = stream(seed, "personas")
    share = np.array([profile["personas"][n]["share"] for n in names], float)
    firm = np.array([n.startswith("K") for n in names])

    def draw(count: int, firms: bool) -> np.ndarray:
        weights = np.where(firm == firms, share, 0)
        return rng.choice(len(names), count, p=weights / weights.sum())

    people, companies = size["customers"], size["companies"]
    private_extra = rng.integers(0, people, size["private"] - people)
    firm_extra = people + rng.integers(0, companies, size["corporate"] - companies)
    customer = np.r_[np.arange(people + companies), private_extra, firm_extra]
    persona = np.r_[
        draw(people, False),
        draw(companies, True),
        draw(len(private_extra), False),
        draw(len(firm_extra), True),
    ]
    # A second account is for savings or forgotten, whatever its holder lives on.
    second = slice(people + companies, people + companies + len(private_extra))
    persona[second] = rng.choice([names.index("P02"), names.index("P12")], len(private_extra))

    new_firm = rng.random(len(new)) < 0.07
    known = (rng.random(len(new)) < profile["bank"]["second_account"]) & ~new_firm
    fresh_no = people + companies + np.cumsum(~known) - 1
    new_customer = np.where(known, rng.integers(0, people, len(new)), fresh_no)
    new_persona = np.where(new_firm, draw(len(new), True), draw(len(new), False))
    company = np.r_[np.zeros(people, bool), np.ones(companies, bool), new_firm[~known]]
    opened = -rng.integers(1, profile["calendar"]["lead_days"], len(customer))
    return (
        np.r_[persona, new_persona],
        np.r_[customer, new_customer],
        company,
        np.r_[opened, new],
    )


def _customers(
    profile: Profile,
    size: dict[str, Any],
    seed: int,
    days: int,
    calendar: Calendar,
    places: Places,
    persona: np.ndarray,
    customer: np.ndarray,
    company: np.ndarray,
    opened_day: np.ndarray,
) -> Customers:
    rng, count = stream(seed, "customers"), len(company)
    first = np.unique(customer, return_index=True)[1]  # the account that made somebody a customer
    names = list(profile["personas"])
    ages = np.array([profile["personas"][n]["age"] for n in names])
    own = persona[first]
    span = ages[own, 1] - ages[own, 0]
    age = np.where(company, rng.integers(1, 15, count), ages[own, 0] + rng.random(count) * (span + 1))
    born = calendar.midnight(0) // DAY_US - (age * 365.25).astype(np.int64) - rng.integers(1, 365, count)
    stamps = born.astype("datetime64[D]").astype(object)
    birth = np.array([d.year * 10000 + d.month * 100 + d.day for d in stamps])
    since = np.full(count, 10**6)
    np.minimum.at(since, customer, opened_day)
    branch = rng.integers(0, len(places.branch_county), count)
    elsewhere = rng.random(count) >= profile["bank"]["same_county"]
    county = np.where(
        elsewhere, rng.integers(0, len(places.county_code), count), places.branch_county[branch]
    )
    phone = 16_400_000_000 + permute(np.arange(count), 10**8, seed + 14)
    device = (fold(np.arange(count), salt=seed + 15) >> np.uint64(2)).astype(np.int64) << 1
    # Couples, parents and children: the same phone or the same device on the customer before.
    shared_phone = rng.random(count) < profile["bank"]["phone_shared"] / 2
    shared_device = rng.random(count) < profile["bank"]["device_shared"] / 2
    for shared, column in ((shared_phone, phone), (shared_device, device)):
        at = np.flatnonzero(shared[1:] & ~company[1:] & ~company[:-1]) + 1
        column[at] = column[at - 1]
    changes = rng.random(count) < profile["bank"]["new_device_login"] * days / 30
    changed = np.where(changes, rng.integers(0, max(days, 1), count), 10**6)
    no = number(900_000_000 + permute(np.arange(count), 10**8, seed + 16) % 10**8, 9)
    return Customers(
        company, own, county, branch, birth, rng.random(count) < 0.51, since, phone,
        np.full(count, -1), device, changed, no,
    )  # fmt: skip


def _accounts(
    profile: Profile,
    seed: int,
    calendar: Calendar,
    places: Places,
    customers: Customers,
    persona: np.ndarray,
    customer: np.ndarray,
    opened_day: np.ndarray,
) -> Accounts:
    rng, count, bank = stream(seed, "accounts"), len(persona), profile["bank"]
    names = list(profile["personas"])
    second = rng.integers(9 * 3600, 17 * 3600, count)
    opened = calendar.midnight(0) + opened_day * DAY_US + second * (HOUR_US // 3600)
    moved = rng.random(count) < 0.2
    branch = np.where(moved, rng.integers(0, len(places.branch_county), count), customers.branch[customer])
    order = np.lexsort((opened, branch))
    rank = np.empty(count, np.int64)
    starts = np.searchsorted(branch[order], np.arange(len(places.branch_county)))
    rank[order] = np.arange(count) - starts[branch[order]] + 1
    start = np.array([profile["personas"][n]["start"] for n in names])
    balance = start[persona, 0] * np.exp(rng.normal(size=count) * start[persona, 1])
    is_new = opened_day >= 0
    balance = np.where(is_new, 0, np.round(balance * 100)).astype(np.int64)
    waits = is_new & (rng.random(count) < bank["wait_new"])
    low, high = bank["wait_days"]
    habit = bank["atm_a_month"]
    atm = np.where(rng.random(count) < bank["atm_habit"], habit["habit"], 0.0)
    for name in ("P04", "P05"):
        atm[persona == names.index(name)] += habit[name]
    silent = np.isin(persona, [names.index("P12"), names.index("K06")])
    atm[silent | customers.company[customer]] = 0
    low_book, high_book = bank["partners"]
    return Accounts(
        customer=customer,
        persona=persona,
        opened=opened,
        opened_day=opened_day,
        active_from=opened_day + np.where(waits, rng.integers(low, high + 1, count), is_new * 1),
        branch=branch,
        rate=rng.gamma(bank["rate_shape"], 1 / bank["rate_shape"], count),
        book=rng.integers(low_book, high_book + 1, count),
        balance=balance,
        atm=atm,
        sweeper=(rng.random(count) < bank["sweepers"]) & ~silent & ~customers.company[customer],
        eligible=np.flatnonzero(~silent & ~is_new & ~customers.company[customer]),
        no=number(990_000_000_000 + branch * 100_000 + rank, 12),
    )


def _regulars(
    profile: Profile, seed: int, names: tuple[str, ...], accounts: Accounts
) -> dict[str, np.ndarray]:
    """Monthly payments: one row per account and payment, with its day of the month and amount."""
    kinds, parts = list(profile["regulars"]), []
    for bucket, kind in enumerate(kinds):
        spec = profile["regulars"][kind]
        rng = stream(seed, "bank_regular", bucket=bucket)
        who = np.flatnonzero(np.isin(accounts.persona, [names.index(n) for n in spec["who"]]))
        chance, amount = rng.random(len(who)), rng.normal(size=len(who)) * spec["amount"][1]
        day = rng.choice(spec["days"], len(who))
        take = chance < spec["p"]
        partner = fold(who, bucket, salt=33)
        payer = (
            OWN
            if kind.startswith("fund")
            else (PERSON if kind in ("home", "spouse", "allowance") else COMPANY)
        )
        if kind == "salary":
            partner = fold(partner % np.uint64(40 + len(accounts.no) // 60), salt=34)  # employers pay many
        parts.append(
            {
                "account": who[take],
                "day": day[take],
                "fen": np.round(spec["amount"][0] * np.exp(amount[take]) * 10).astype(np.int64) * 10,
                "kind": np.full(take.sum(), bucket),
                "partner": outside(partner[take], payer),
            }
        )
    return {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}


def _phone_changes(profile: Profile, seed: int, days: int, customers: Customers) -> dict[str, np.ndarray]:
    """People who report a new phone number: one row per change, ordered by day."""
    rng = stream(seed, "phone_changes")
    count = rng.poisson(len(customers.since) * profile["bank"]["phone_changed_a_month"] * days / 30)
    who = rng.integers(0, len(customers.since), count)
    day = np.sort(rng.integers(0, max(days, 1), count))
    fine = ~customers.company[who] & (customers.since[who] < day)
    phone = 19_400_000_000 + (fold(who, day, salt=seed + 35) % np.uint64(10**8)).astype(np.int64)
    return {"day": day[fine], "customer": who[fine], "phone": phone[fine]}
