"""The plan of a run: everything that is drawn once, before the first day."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from demo.account_schemes import AccountPlanner, AccountSchemes
from demo.bank_plan import BankPlan, build_bank
from demo.calendar import Calendar
from demo.card_plan import CardPlan, build_cards
from demo.card_schemes import CardPlanner, CardSchemes, plan_batches
from demo.leaks import Leaks
from demo.places import Places, build_places
from demo.profile import Profile
from demo.scheme_plan import Registry


@dataclass(frozen=True)
class Arguments:
    """What a world is a function of."""

    size: str
    days: int
    seed: int
    start: date
    profile: Profile


@dataclass
class Plan:
    """A province before its first day."""

    arguments: Arguments
    size: dict[str, Any]
    calendar: Calendar
    places: Places
    bank: BankPlan
    cards: CardPlan
    registry: Registry
    account_schemes: AccountSchemes
    card_schemes: CardSchemes
    leaks: Leaks


def build_plan(arguments: Arguments) -> Plan:
    """Draw the whole plan from the arguments."""
    profile, seed, days = arguments.profile, arguments.seed, arguments.days
    size = dict(profile.size(arguments.size))
    calendar = Calendar(arguments.start, profile)
    places = build_places(profile, size, seed)
    bank = build_bank(profile, size, seed, days, calendar, places)
    batches, levels = plan_batches(profile, size, seed, days, places)
    cards = build_cards(profile, size, seed, days, calendar, places, bank, batches)
    registry = Registry()
    accounts = AccountPlanner(profile, size, seed, days, calendar, bank).plan(registry)
    planner = CardPlanner(profile, size, seed, days, calendar, places, cards)
    card_schemes = planner.plan_all(registry, batches, levels)
    leaks = Leaks(profile, size, seed, days, calendar, bank, cards, registry)
    return Plan(arguments, size, calendar, places, bank, cards, registry, accounts, card_schemes, leaks)
