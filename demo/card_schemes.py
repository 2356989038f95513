"""Card schemes S21 (SIM pool), S24 (batch that travels) and S42 (IoT card in a phone)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from demo.calendar import HOUR_US, Calendar
from demo.card_plan import Batch, CardPlan
from demo.places import Places
from demo.profile import Profile
from demo.rng import fold, stream
from demo.scheme_plan import Instance, LevelMix, Member, Registry, between, shift_level, whole

# One row per card and day in other hands. -1 = the card's own.
FIELDS = (
    "card",
    "day",
    "calls",
    "new",
    "faked",
    "device",
    "tac_class",
    "cell",
    "hour",
    "span",
    "mb",
    "instance",
)


@dataclass
class CardSchemes:
    """What bad cards do on which day, and how much of their ordinary life stays."""

    days: dict[str, np.ndarray]  # FIELDS, ordered by day and card
    quiet: dict[str, np.ndarray]  # card, first, last, stays

    def on(self, day: int) -> dict[str, np.ndarray]:
        """Rows of a day."""
        low, high = np.searchsorted(self.days["day"], [day, day + 1])
        return {name: column[low:high] for name, column in self.days.items()}

    def stays(self, day: int, count: int) -> np.ndarray:
        """Share of ordinary life per card on a day."""
        share = np.ones(count)
        now = (self.quiet["first"] <= day) & (day <= self.quiet["last"])
        np.minimum.at(share, self.quiet["card"][now], self.quiet["stays"][now])
        return share


def plan_batches(
    profile: Profile, size: dict[str, Any], seed: int, days: int, places: Places
) -> tuple[list[Batch], dict[int, str]]:
    """S24: groups that open cards together; returns them with the level of each."""
    rng, spec = stream(seed, "batches"), profile["card_schemes"]
    bad = size["bad_phone_existing"] * size["phones"] + size["bad_phone_new"] * size["phones_opened"] * days
    budget = (1 - spec["pool_share"]) * bad
    batches: list[Batch] = []
    levels: dict[int, str] = {}
    mix = LevelMix(rng, profile["levels"]["cards"])
    while (budget > 0 or not batches) and profile.schemes:
        level = mix.deal(12)
        people = whole(rng, spec["batch_persons"][level])
        day = whole(rng, [1, max(1, int((days - 1) * spec["start"][1]))])
        first = whole(rng, [0, len(places.shop_dealer) - 1])
        others = [whole(rng, [0, len(places.shop_dealer) - 1]) for _ in range(2)]
        shops = [first] if level == "E" else [first, *others]
        levels[len(batches)] = level
        county = whole(rng, [0, len(places.county_code) - 1])
        batches.append(Batch(len(batches), day, shops, county, [spec["batch_cards"]] * people))
        budget -= people * spec["batch_cards"]
    return batches, levels


class CardPlanner:
    """Draws card instances until the bad shares of the size are used up."""

    def __init__(
        self,
        profile: Profile,
        size: dict[str, Any],
        seed: int,
        days: int,
        calendar: Calendar,
        places: Places,
        plan: CardPlan,
    ) -> None:
        self.profile, self.size, self.seed, self.days = profile, size, seed, days
        self.spec, self.calendar, self.places, self.plan = profile["card_schemes"], calendar, places, plan
        self.rng = stream(seed, "card_schemes")
        self.rows: list[tuple[float, ...]] = []
        self.quiet: list[tuple[float, ...]] = []

    def plan_all(self, registry: Registry, batches: list[Batch], levels: dict[int, str]) -> CardSchemes:
        """Fill the registry and return the days of the bad cards."""
        if self.profile.schemes:
            self._pools(registry)
            for batch in batches:
                self._batch(registry, batch, levels[batch.number])
            self._resold(registry)
        rows = np.array(self.rows, float).reshape(-1, len(FIELDS))
        rows = rows[np.lexsort((rows[:, 0], rows[:, 1]))]
        floats = {"calls", "new", "faked", "hour", "span", "mb"}
        days = {n: rows[:, i] if n in floats else rows[:, i].astype(np.int64) for i, n in enumerate(FIELDS)}
        quiet = np.array(self.quiet, float).reshape(-1, 4)
        names = ("card", "first", "last", "stays")
        return CardSchemes(
            days,
            {n: quiet[:, i].astype(np.int64) if n == "card" else quiet[:, i] for i, n in enumerate(names)},
        )

    def _active_days(self, level: str, first: int) -> list[int]:
        """Days on which a card calls, thinned out over some weeks."""
        median, sigma = self.spec["active_days"][level]
        count = max(1, round(median * np.exp(self.rng.normal() * sigma)))
        days: list[int] = []
        day = first
        while len(days) < count and day < self.days:
            days.append(day)
            day += 1 + int(self.rng.random() < 0.35) * whole(self.rng, [1, 3])
        return days

    def _calls(self, level: str) -> float:
        return self.spec["calls"][level] * float(np.exp(self.rng.normal() * 0.35))

    def _join(
        self,
        registry: Registry,
        instance: Instance,
        card: int,
        level: str,
        role: str,
        rows: Sequence[tuple[float, ...]],
    ) -> None:
        """Register one card with the span of its days."""
        days, hours = [int(r[1]) for r in rows], [r[8] for r in rows]
        self.rows += rows
        self.quiet.append((card, min(days), max(days) + 25, between(self.rng, self.spec["life"][level])))
        first = self.calendar.midnight(min(days)) + int(hours[0] * HOUR_US)
        last = self.calendar.midnight(max(days)) + 24 * HOUR_US - 1_000_000
        instance.last_day = max(instance.last_day, max(days))
        registry.members.append(
            Member("card", card, instance.scheme, instance.number, role, level, first, last)
        )

    def _pools(self, registry: Registry) -> None:
        cards = self.plan.cards
        age = cards.opened_day
        fits = ~cards.iot & (cards.batch < 0)
        old = self.rng.permutation(np.flatnonzero(fits & (age < -30))).tolist()
        new = self.rng.permutation(np.flatnonzero(fits & (age >= 0) & (age < self.days - 4))).tolist()
        share = self.spec["pool_share"]
        left = [
            max(8, round(self.size["bad_phone_existing"] * self.size["phones"] * share)),
            round(self.size["bad_phone_new"] * len(new) * share),
        ]
        mix = LevelMix(self.rng, self.profile["levels"]["cards"])
        while sum(left) > 0:
            members = []
            for _ in range(whole(self.rng, self.spec["pool_cards"])):
                which = int(self.rng.random() * max(1, sum(left)) < left[1])
                pool = (old, new)[which]
                if left[which] > 0 and pool:
                    members.append(pool.pop())
                    left[which] -= 1
            if not members:
                break
            self._pool(registry, mix.deal(len(members)), members)

    def _pool(self, registry: Registry, level: str, members: list[int]) -> None:
        """One box: few IMEIs of one TAC family, one flat, the cards in turn for some hours."""
        first, last = self.spec["start"]
        start = whole(self.rng, [first, max(first, int(self.days * last))])
        instance = registry.open("S21", level, len(members), start, start)
        county = whole(self.rng, [0, len(self.places.county_code) - 1])
        chances = self.rng.random(2 if level == "H" else 1)
        flats = self.places.cells_of(np.full(len(chances), county), chances)
        per_imei = whole(self.rng, self.spec["imsis_per_imei"][level])
        span = whole(self.rng, self.spec["pool_hours"])
        for rank, card in enumerate(members):
            own = shift_level(self.rng, level)
            opened = int(self.plan.cards.opened_day[card])
            begin = min(max(start + whole(self.rng, [0, 4]), opened + 1), self.days - 1)
            device = int(fold(np.array([instance.number]), rank // per_imei, salt=104)[0] >> np.uint64(1))
            hour = 8 + (rank % 3) * span % 10 + self.rng.random()
            new, faked = (
                between(self.rng, self.spec["new_numbers"][own]),
                between(self.rng, self.spec["faked_in"][own]),
            )
            rows = [
                (
                    card,
                    day,
                    self._calls(own),
                    new,
                    faked,
                    device,
                    0,
                    flats[rank % len(flats)],
                    hour,
                    span,
                    0,
                    instance.number,
                )
                for day in self._active_days(own, begin)
            ]
            self._join(registry, instance, card, own, "pool", rows)

    def _batch(self, registry: Registry, batch: Batch, level: str) -> None:
        """Opened together, then together in a remote cell, then calling from there."""
        members = np.flatnonzero(self.plan.cards.batch == batch.number).tolist()
        instance = registry.open("S24", level, len(members), batch.day, batch.day)
        far = (batch.county + 1 + whole(self.rng, [0, len(self.places.county_code) - 2])) % len(
            self.places.county_code
        )
        cell = int(self.places.cells_of(np.array([far]), self.rng.random(1))[0])
        arrival = batch.day + whole(self.rng, self.spec["travel_days"][level])
        for card in members:
            own = shift_level(self.rng, level)
            apart = whole(self.rng, [0, 6]) if level == "H" else 0
            begin = min(arrival + apart + whole(self.rng, [0, 2]), self.days - 1)
            new, faked = (
                between(self.rng, self.spec["new_numbers"][own]),
                between(self.rng, self.spec["faked_in"][own]),
            )
            hour = 9 + self.rng.random() * 2
            rows = [
                (card, day, self._calls(own), new, faked, -1, 0, cell, hour, 8, 0, instance.number)
                for day in self._active_days(own, begin)
            ]
            self._join(registry, instance, card, own, "traveller", rows)

    def _resold(self, registry: Registry) -> None:
        cards = self.plan.cards
        left = max(4, round(self.size["bad_iot"] * self.size["iot"]))
        held = np.bincount(cards.owner[cards.iot], minlength=len(self.plan.owners.group))
        owners = self.rng.permutation(np.flatnonzero(held >= 5)).tolist()
        mix = LevelMix(self.rng, self.profile["levels"]["cards"])
        while left > 0 and owners:
            owner = owners.pop()
            fits = self.rng.permutation(np.flatnonzero(cards.iot & (cards.owner == owner)))
            count = min(left, max(4, int(len(fits) * 0.6)), whole(self.rng, self.spec["resold_per_customer"]))
            left -= count
            self._resell(registry, fits[:count].tolist(), mix.deal(count))

    def _resell(self, registry: Registry, members: list[int], level: str) -> None:
        """A customer sells data cards to people who put them into phones."""
        first, last = self.spec["start"]
        start = whole(self.rng, [first, max(first, int(self.days * last))])
        instance = registry.open("S42", level, len(members), start, start)
        for card in members:
            own = shift_level(self.rng, level)
            begin = min(start + whole(self.rng, self.spec["module_days"]), self.days - 1)
            until = min(self.days, begin + whole(self.rng, [15, 70]))
            median, sigma = self.spec["resold"][own]
            month = median * float(np.exp(self.rng.normal() * sigma))
            phone = self.rng.random() < self.spec["phone_tac"][own]
            device = int(fold(np.array([card]), salt=105)[0] >> np.uint64(1)) if phone else -1
            county = np.array([int(self.plan.cards.county[card])])
            cells = self.places.cells_of(np.repeat(county, 3), self.rng.random(3))
            rows = [
                (
                    card,
                    day,
                    0,
                    0,
                    0,
                    device,
                    0 if phone else -1,
                    int(cells[day % 3]),
                    0,
                    24,
                    month / 30,
                    instance.number,
                )
                for day in range(begin, until)
            ]
            self._join(registry, instance, card, own, "resold", rows)
            # The module is gone: nothing of the ordinary traffic stays.
            self.quiet[-1] = (card, begin, self.days, 0.0)
