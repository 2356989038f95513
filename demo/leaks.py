"""How truth leaks out, late and incompletely: police notices and what branches find by themselves."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from demo.arrow import dates, hex_id, moments, pick
from demo.bank_plan import BankPlan
from demo.calendar import DAY_US, HOUR_US, SECOND_US, Calendar
from demo.card_plan import CardPlan
from demo.profile import Profile
from demo.rng import fold, stream
from demo.scheme_plan import Member, Registry

Z90 = 1.2816  # a lognormal's 90th percentile lies this many sigmas above the median


@dataclass
class Leak:
    """One label event."""

    source: str  # table in which it lands
    kind: str
    index: int
    day: int  # day on which it is handed over
    at: int  # moment
    says_bad: bool
    true: bool


class Leaks:
    """All label events of a run, drawn once."""

    def __init__(
        self, profile: Profile, size: dict[str, Any], seed: int, days: int, calendar: Calendar,
        bank: BankPlan, cards: CardPlan, registry: Registry,
    ) -> None:  # fmt: skip
        self.profile, self.size, self.seed, self.days = profile, size, seed, days
        self.calendar, self.bank, self.cards, self.registry = calendar, bank, cards, registry
        self.bad = {(m.kind, m.index): m for m in registry.members}
        police = [*self._police("police_accounts", "account"), *self._police("police_numbers", "card")]
        self.events = sorted(
            [*police, *self._reviews()], key=lambda e: (e.day, e.at, e.source, e.kind, e.index)
        )

    def _police(self, source: str, kind: str) -> list[Leak]:
        """Notices: a chance by level, a lognormal delay from the first harm, written on working days."""
        rng, spec = stream(self.seed, "leaks", bucket=len(source)), self.profile["leaks"][source]
        events: list[Leak] = []
        median, high = spec["delay"]
        for member in self.registry.harmful(kind):
            chance = spec[member.level] * (
                spec["deeper"] if member.role in ("collector", "distributor") else 1
            )
            delay = median * np.exp(rng.normal() * np.log(high / median) / Z90)
            draw, twice, innocent, other = rng.random(), rng.random(), rng.random(), rng.random()
            if draw >= chance:
                continue
            at = int(member.first_harm + delay * DAY_US)
            at = at - at % DAY_US + DAY_US + int((9 + other * 8) * HOUR_US)  # written at the office next day
            for copy in range(1 + (twice < spec["twice"])):
                self._notice(events, source, kind, member.index, at + copy * 3 * DAY_US, True)
            if innocent < spec["false"]:
                self._notice(events, source, kind, self._anybody(kind, other), at + DAY_US, False)
        return events

    def _notice(self, events: list[Leak], source: str, kind: str, index: int, at: int, true: bool) -> None:
        day = int(self.calendar.day_of(np.array([at]))[0])
        while day < self.days and not self.calendar.working(day):
            day, at = day + 1, at + DAY_US
        if day < self.days:
            true = true and (kind, index) in self.bad and self.bad[kind, index].first_harm < at
            events.append(Leak(source, kind, index, day, at - at % SECOND_US, True, true))

    def _anybody(self, kind: str, chance: float) -> int:
        total = len(self.bank.accounts.eligible) if kind == "account" else int((~self.cards.cards.iot).sum())
        at = int(chance * total)
        if kind == "account":
            return int(self.bank.accounts.eligible[at])
        return int(np.flatnonzero(~self.cards.cards.iot)[at])

    def _odd(self, kind: str) -> np.ndarray:
        """Look-alikes that a branch notices: busy, sweeping, calling strangers."""
        if kind == "account":
            accounts = self.bank.accounts
            return np.flatnonzero((accounts.sweeper | (accounts.rate > 1.8)) & (accounts.opened_day < 0))
        cards = self.cards.cards
        return np.flatnonzero(
            ~cards.iot & ((cards.new > 0.3) | (cards.calls_out > 8)) & (cards.opened_day < 0)
        )

    def _reviews(self) -> list[Leak]:
        """A small sample per working day: bad ones already at work, look-alikes and ordinary ones."""
        spec = self.profile["reviewers"]
        events: list[Leak] = []
        for kind in ("account", "card"):
            odd, count = self._odd(kind), self.size[f"reviewed_{kind}s"]
            members = sorted(self.registry.harmful(kind), key=lambda m: m.first_harm)
            starts = np.array([m.first_harm for m in members], np.int64)
            opened = self.bank.accounts.opened_day if kind == "account" else self.cards.cards.opened_day
            for day in range(1, self.days):
                if not self.calendar.working(day):
                    continue
                rng = stream(self.seed, "reviewers", day, bucket=kind == "card")
                at = self.calendar.moments(rng, day, count, "office_hours")
                known = int(np.searchsorted(starts, self.calendar.midnight(day)))
                present = np.flatnonzero(opened < day)
                for moment in at:
                    draw, chance, verdict = rng.random(3)
                    if draw < spec["bad_share"] and known:
                        recent = members[max(0, known - 80) : known]
                        index = recent[int(chance * len(recent))].index
                    elif draw < spec["bad_share"] + spec["odd_share"] and len(odd):
                        index = int(odd[int(chance * len(odd))])
                    else:
                        index = int(present[int(chance * len(present))])
                    events.append(self._answer(kind, index, int(moment), day, verdict, odd))
        return events

    def _answer(self, kind: str, index: int, at: int, day: int, verdict: float, odd: np.ndarray) -> Leak:
        spec = self.profile["reviewers"]["abnormal"]
        member: Member | None = self.bad.get((kind, index))
        if member is not None and member.first_harm < at:
            chance, bad = spec[member.level], True
        else:
            at_odd = int(np.searchsorted(odd, index))
            alike = at_odd < len(odd) and odd[at_odd] == index
            chance, bad = spec["odd" if alike else "normal"], False
        abnormal = bool(verdict < chance)
        return Leak("review_answers", kind, index, day, at - at % SECOND_US, abnormal, abnormal == bad)

    def of_day(self, source: str, day: int) -> list[Leak]:
        """Events of one table that are handed over on a day."""
        return [e for e in self.events if e.source == source and e.day == day]

    def table(self, source: str, events: list[Leak]) -> pa.Table:
        """Label events as they land."""
        index = np.array([e.index for e in events])
        at = np.array([e.at for e in events])
        card = np.array([e.kind == "card" for e in events])
        key = fold(index, at, np.arange(len(index)) + 1000 * events[0].day, salt=self.seed + 191)
        accounts = self.bank.accounts.no.take(pa.array(np.where(card, 0, index)))
        numbers = self.cards.cards.msisdn.take(pa.array(np.where(card, index, 0)))
        subject = pc.if_else(pa.array(card), numbers, accounts)
        received = moments(at + (fold(key, salt=192) % np.uint64(600)).astype(np.int64) * SECOND_US)
        if source == "review_answers":
            operator = 7_000_000 + (key % np.uint64(self.size["reviewers"])).astype(np.int64) + 500_000
            return pa.table(
                {
                    "answer_no": hex_id(key, "R"),
                    "subject_kind": pick(("account", "card"), card.astype(int)),
                    "subject_no": subject,
                    "abnormal": pick(("否", "是"), np.array([int(e.says_bad) for e in events])),
                    "answered_at": moments(at),
                    "operator_no": pa.array([str(o) for o in operator]),
                    "received_at": received,
                }
            )
        kinds = self.profile["leaks"]["kinds"]
        return pa.table(
            {
                "notice_no": hex_id(key, "N"),
                "account_no" if source == "police_accounts" else "msisdn": subject,
                "case_kind": pick(kinds, (fold(key, salt=193) % np.uint64(len(kinds))).astype(np.int64)),
                "notice_date": dates(at // DAY_US),
                "received_at": received,
            }
        )
