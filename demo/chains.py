"""The chains of days: each delivers its own tables, day by day, independent of the other chains.

A chain hands a small state from day to day (balances, rows still on their way), so chains can run in
any number of processes and the files stay the same.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from demo.account_schemes import STEPS
from demo.arrow import hex_id
from demo.bank_day import BankDays
from demo.bank_registers import BankRegisters
from demo.calls_day import CallDays
from demo.card_day import CardWorld
from demo.card_registers import CardRegisters
from demo.delivery import Delivery, Pending
from demo.feeds import FEEDS
from demo.ledger import BOOKED, REVERSED
from demo.logins_day import LoginDays
from demo.plan import Plan
from demo.rng import fold
from demo.traffic_day import TrafficDays

EVENTS_SCHEMA = pa.schema(
    [("table", pa.string()), ("key", pa.string()), ("instance", pa.int64()), ("step", pa.string())]
)


@dataclass
class Outcome:
    """What a chain leaves for the truth."""

    files: list[dict[str, object]] = field(default_factory=list)
    dirt: list[pa.Table] = field(default_factory=list)
    events: list[pa.Table] = field(default_factory=list)


def _events(table: str, key: pa.Array, instance: np.ndarray, step: pa.Array) -> pa.Table:
    names = pa.repeat(table, len(key))
    return pa.table([names, key, pa.array(instance, pa.int64()), step], schema=EVENTS_SCHEMA)


def run_transactions(plan: Plan, delivery: Delivery, outcome: Outcome) -> None:
    """Booked legs: the ledger's balances are the state."""
    days = BankDays(
        plan.arguments.profile,
        plan.arguments.seed,
        plan.calendar,
        plan.places,
        plan.bank,
        plan.account_schemes,
    )
    state, pending = days.first_state(), Pending()
    schemes = plan.account_schemes
    for day in range(plan.arguments.days):
        legs, state = days.step(day, state)
        table = days.table(day, legs)
        pending = delivery.events(FEEDS["transactions"], day, table, legs["at"], legs["id"], pending)
        moved = np.isin(legs["status"], [BOOKED, REVERSED])
        illicit = np.flatnonzero((legs["event"] >= 0) & moved)
        event = legs["event"][illicit]
        step = pa.array(STEPS).take(pa.array(schemes.event_step[event]))
        key = hex_id(legs["id"][illicit], "T")
        outcome.events.append(_events("transactions", key, schemes.event_instance[event], step))


def run_logins(plan: Plan, delivery: Delivery, outcome: Outcome) -> None:
    """Logins."""
    days = LoginDays(
        plan.arguments.profile,
        plan.arguments.seed,
        plan.calendar,
        plan.places,
        plan.bank,
        plan.account_schemes,
    )
    pending = Pending()
    for day in range(plan.arguments.days):
        table, rows = days.day(day)
        pending = delivery.events(FEEDS["logins"], day, table, rows["at"], rows["key"], pending)


def _card_world(plan: Plan) -> CardWorld:
    arguments = plan.arguments
    return CardWorld(
        arguments.profile, arguments.seed, plan.calendar, plan.places, plan.cards, plan.card_schemes
    )


def run_calls(plan: Plan, delivery: Delivery, outcome: Outcome) -> None:
    """Calls."""
    days, pending = CallDays(_card_world(plan)), Pending()
    for day in range(plan.arguments.days):
        table, rows = days.calls(day)
        pending = delivery.events(FEEDS["calls"], day, table, rows["at"], rows["key"], pending)
        bad = np.flatnonzero(rows["instance"] >= 0)
        key = table.column("cdr_id").combine_chunks().take(pa.array(bad))
        outcome.events.append(_events("calls", key, rows["instance"][bad], pa.repeat("call", len(bad))))


def run_sms(plan: Plan, delivery: Delivery, outcome: Outcome) -> None:
    """Text messages."""
    days, pending = CallDays(_card_world(plan)), Pending()
    for day in range(plan.arguments.days):
        table, rows = days.messages(day)
        pending = delivery.events(FEEDS["sms"], day, table, rows["at"], rows["key"], pending)


def run_data(plan: Plan, delivery: Delivery, outcome: Outcome) -> None:
    """Data sessions; a session has no id, its key is number, slot and app class."""
    days, pending = TrafficDays(_card_world(plan)), Pending()
    for day in range(plan.arguments.days):
        table, rows = days.sessions_of(day)
        pending = delivery.events(FEEDS["data_sessions"], day, table, rows["at"], rows["key"], pending)
        bad = np.flatnonzero(rows["instance"] >= 0)
        part = table.select(["msisdn", "slot_start", "app_class"]).take(pa.array(bad)).to_pylist()
        key = pa.array(["|".join(str(v) for v in row.values()) for row in part], pa.string())
        outcome.events.append(
            _events("data_sessions", key, rows["instance"][bad], pa.repeat("resold", len(bad)))
        )


def run_signalling(plan: Plan, delivery: Delivery, outcome: Outcome) -> None:
    """Changes of state in the core network."""
    days, pending = TrafficDays(_card_world(plan)), Pending()
    for day in range(plan.arguments.days):
        table, rows = days.signalling(day)
        pending = delivery.events(FEEDS["signalling"], day, table, rows["at"], rows["key"], pending)


def run_registers(plan: Plan, delivery: Delivery, outcome: Outcome) -> None:
    """Customers, accounts, cards, places and labels: a full load first, then what changed."""
    _bank_registers(plan, delivery)
    _card_registers(plan, delivery)
    for source in ("police_accounts", "police_numbers", "review_answers"):
        for day in range(plan.arguments.days):
            events = plan.leaks.of_day(source, day)
            if events:
                delivery.snapshot(FEEDS[source], day + 1, plan.leaks.table(source, events))


def _bank_registers(plan: Plan, delivery: Delivery) -> None:
    profile, customers, accounts = plan.arguments.profile, plan.bank.customers, plan.bank.accounts
    occupations = [p["occupation"] for p in profile["personas"].values()]
    registers = BankRegisters(plan.calendar, plan.places, plan.bank, plan.arguments.seed, occupations)
    changes = plan.bank.phone_changes
    opened = np.zeros(len(customers.since), np.int64)  # moment of the first account
    order = np.argsort(-accounts.opened, kind="stable")
    opened[accounts.customer[order]] = accounts.opened[order]
    phone = customers.phone.copy()
    for day in range(-1, plan.arguments.days):
        old, new = (
            (customers.since < 0, customers.since == day)
            if day >= 0
            else (customers.since < 0, customers.since < 0)
        )
        fresh = np.flatnonzero(old if day < 0 else new)
        moved = changes["customer"][changes["day"] == day]
        phone[moved] = changes["phone"][changes["day"] == day]
        planned = np.array([c for d, c in plan.account_schemes.phone_changes if d == day], np.int64)
        phone[planned] = 19_400_000_000 + (fold(planned, day, salt=201) % np.uint64(10**8)).astype(np.int64)
        changed = np.setdiff1d(np.r_[moved, planned], fresh)
        who = np.r_[fresh, changed].astype(np.int64)
        updated = np.r_[opened[fresh], registers.updated_at(day, changed)].astype(np.int64)
        private = ~customers.company[who]
        rows = registers.private(who[private], phone[who[private]], updated[private])
        delivery.snapshot(FEEDS["customers_private"], day, rows, order=who[private])
        rows = registers.corporate(who[~private], updated[~private])
        delivery.snapshot(FEEDS["customers_corporate"], day, rows, order=who[~private])
        begins = accounts.opened_day < 0 if day < 0 else accounts.opened_day == day
        delivery.snapshot(FEEDS["accounts"], day + 1, registers.accounts(np.flatnonzero(begins)))
        if day < 0 or plan.calendar.date(day).day == 1:
            delivery.snapshot(FEEDS["branches"], day, plan.places.tables["branches"])


def _card_registers(plan: Plan, delivery: Delivery) -> None:
    arguments = plan.arguments
    registers = CardRegisters(
        arguments.profile, plan.size, arguments.seed, plan.calendar, plan.places, plan.cards
    )
    delivery.snapshot(FEEDS["tac_library"], -1, registers.tac_library())
    for day in range(-1, arguments.days):
        full = day < 0 or plan.calendar.date(day).day == 1
        first = -(10**6) if full else day
        delivery.snapshot(
            FEEDS["subscriptions"], day, registers.subscriptions(registers.opened_on(first, day))
        )
        delivery.snapshot(FEEDS["owners"], day, registers.owners(registers.owners_since(first, day)))
        if full:
            for table in ("dealers", "shops", "cells"):
                delivery.snapshot(FEEDS[table], day, plan.places.tables[table])


CHAINS: dict[str, Callable[[Plan, Delivery, Outcome], None]] = {
    "calls": run_calls,  # the longest ones first
    "sms": run_sms,
    "transactions": run_transactions,
    "data_sessions": run_data,
    "signalling": run_signalling,
    "logins": run_logins,
    "registers": run_registers,
}


def run_chain(name: str, plan: Plan, root: Path) -> Outcome:
    """Deliver all days of one chain."""
    outcome = Outcome()
    delivery = Delivery(root, plan.arguments.profile, plan.calendar, plan.arguments.seed)
    CHAINS[name](plan, delivery, outcome)
    outcome.files, outcome.dirt = delivery.files, delivery.dirt
    return outcome
