"""Account schemes S01 (rented), S02 (woken sleeper) and S06 (fan-in / fan-out ring)."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from demo.bank_plan import BankPlan
from demo.calendar import DAY_US, HOUR_US, MINUTE_US, Calendar
from demo.intents import ATM, CASH_OUT, MOBILE, NO_PARTNER, TRANSFER, Intents, intents, outside
from demo.profile import Profile
from demo.rng import fold, stream
from demo.scheme_plan import Instance, LevelMix, Member, Registry, between, shift_level, whole

STEPS = ("probe", "credit", "pass_on", "collect", "distribute", "warm_up")
PROBE, CREDIT, PASS_ON, COLLECT, DISTRIBUTE, WARM_UP = range(6)


@dataclass
class AccountSchemes:
    """Illicit intents of the run, ordered by moment, and what changes around them."""

    rows: Intents
    event_instance: np.ndarray
    event_step: np.ndarray
    quiet: dict[str, np.ndarray]  # account, first day, last day, share of ordinary life that stays
    phone_changes: list[tuple[int, int]]  # day, customer


@dataclass
class _Draft:
    """Rows under construction."""

    rows: list[tuple[int, int, int, int, int, int, int, int]] = field(default_factory=list)
    events: list[tuple[int, int]] = field(default_factory=list)
    quiet: list[tuple[int, int, int, float]] = field(default_factory=list)
    phones: list[tuple[int, int]] = field(default_factory=list)

    def add(
        self, at: int, account: int, sign: int, fen: int, partner: int, instance: int, step: int,
        device: int = 0, cash: bool = False,
    ) -> None:  # fmt: skip
        self.rows.append((at, account, sign, max(fen, 1), partner, int(cash), device, len(self.events)))
        self.events.append((instance, step))


class AccountPlanner:
    """Draws instances until the bad shares of the size are used up."""

    def __init__(
        self, profile: Profile, size: dict[str, Any], seed: int, days: int, calendar: Calendar, bank: BankPlan
    ) -> None:
        self.profile, self.size, self.seed, self.days = profile, size, seed, days
        self.spec, self.calendar, self.bank = profile["account_schemes"], calendar, bank
        self.rng = stream(seed, "account_schemes")
        self.levels = {s: LevelMix(self.rng, profile["levels"]["accounts"]) for s in self.spec["mix"]}
        self.draft = _Draft()
        self.end = calendar.midnight(days)
        self.pools = self._pools()

    def plan(self, registry: Registry) -> AccountSchemes:
        """Fill the registry and return the illicit rows."""
        existing = self.size["private"] + self.size["corporate"]
        opened = len(self.bank.accounts.customer) - existing
        left = {
            "existing": max(6, round(self.size["bad_existing"] * existing)),
            "new": round(self.size["bad_new"] * opened),
        }
        mix = self.spec["mix"]
        mean = {s: sum(self.spec["ring_size"][s]) / 2 for s in mix}
        weights = np.array([mix[s] / mean[s] for s in mix])
        queue = list(mix)  # at least one of each
        while sum(left.values()) > 0 and self.profile.schemes:
            scheme = (
                queue.pop(0)
                if queue
                else list(mix)[int(self.rng.choice(len(mix), p=weights / weights.sum()))]
            )
            members = self._recruit(scheme, left)
            if not members:
                break
            self._run(scheme, members, registry)
        return self._result()

    def _pools(self) -> dict[str, list[int]]:
        """Accounts that may be recruited, in an order drawn by weight; the last ones go first."""
        accounts, names, spec = self.bank.accounts, self.bank.names, self.spec["member_weight"]
        weight = np.ones(len(accounts.customer))
        for name in ("P03", "P08", "P12"):
            weight[accounts.persona == names.index(name)] *= spec[name]
        year = self.calendar.start.year - self.bank.customers.birth[accounts.customer] // 10_000
        weight[(year >= 19) & (year <= 29)] *= spec["young"]
        order = np.argsort(self.rng.random(len(weight)) ** (1 / weight), kind="stable")
        firm = self.bank.customers.company[accounts.customer]
        silent = accounts.persona == names.index("P12")
        old = accounts.opened_day < -60
        new = (accounts.opened_day >= 0) & (accounts.opened_day < self.days - 3)
        micro = accounts.persona == names.index("K01")
        fine = ~firm | (micro & (self.rng.random(len(weight)) < 0.3))
        return {
            "existing": order[(fine & ~silent & old)[order]].tolist(),
            "sleepers": order[(silent & old & ~firm)[order]].tolist(),
            "new": order[(fine & new)[order]].tolist(),
        }

    def _recruit(self, scheme: str, left: dict[str, int]) -> list[int]:
        count = whole(self.rng, self.spec["ring_size"][scheme])
        members = []
        for _ in range(count):
            total = sum(left.values())
            if scheme == "S02" and left["existing"] > 0:
                pool, budget = "sleepers", "existing"
            elif total > 0:
                budget = pool = "new" if self.rng.random() * total < left["new"] else "existing"
            else:
                break
            if not self.pools[pool]:
                break
            members.append(self.pools[pool].pop())
            left[budget] -= 1
        return members

    def _run(self, scheme: str, members: list[int], registry: Registry) -> None:
        first, last = self.spec["start"]
        level = self.levels[scheme].deal(len(members))
        start = whole(self.rng, [first, max(first, int(self.days * last))])
        instance = registry.open(scheme, level, len(members), start, start)
        before = len(self.draft.rows)
        levels = {m: shift_level(self.rng, level) for m in members}
        if scheme == "S06":
            roles = self._ring(instance, members, levels, start)
        else:
            roles = self._rented(instance, members, levels, start, asleep=scheme == "S02")
        self._close(registry, instance, before, levels, roles)

    def _close(
        self,
        registry: Registry,
        instance: Instance,
        before: int,
        levels: dict[int, str],
        roles: dict[int, str],
    ) -> None:
        """Register the members with the span of their harm; drop what lies beyond the run."""
        harm: dict[int, list[int]] = {}
        for row in self.draft.rows[before:]:
            at, account, sign, fen, partner, _, _, event = row
            if at >= self.end or self.draft.events[event][1] in (WARM_UP, PROBE):
                continue
            instance.fen += fen if sign > 0 else 0
            for touched in (account, partner):
                if touched in levels:
                    harm.setdefault(touched, []).append(at)
        for account, times in harm.items():
            registry.members.append(
                Member(
                    "account", account, instance.scheme, instance.number, roles.get(account, "mule"),
                    levels[account], min(times), max(times),
                )
            )  # fmt: skip
            last = int(self.calendar.day_of(np.array([max(times)]))[0])
            first = int(self.calendar.day_of(np.array([min(times)]))[0])
            instance.last_day = max(instance.last_day, last)
            stays = between(self.rng, self.spec["life"][levels[account]])
            self.draft.quiet.append((account, first - 1, last + 20, stays))

    def _begin(self, account: int, level: str, start: int) -> int:
        """First day of use: soon after the start of the instance, or after a wait since opening."""
        opened = int(self.bank.accounts.opened_day[account])
        if opened < 0:
            return min(start + whole(self.rng, [0, 6]), self.days - 1)
        return min(opened + 1 + whole(self.rng, self.spec["wait_days"][level]), self.days - 1)

    def _moment(self, day: int, level: str) -> int:
        night = self.rng.random() < self.spec["night"][level]
        hours = "night_hours" if night else "bank_hours"
        return int(self.calendar.moments(self.rng, day, 1, hours)[0])

    def _amount(self, level: str, factor: float = 1.0) -> int:
        median, sigma = self.spec["amount"][level]
        fen = median * factor * 100 * np.exp(self.rng.normal() * sigma)
        if self.rng.random() < self.spec["round"][level]:
            return max(1, round(fen / 10_000)) * 10_000
        return max(1, round(fen))

    def _payer(self, account: int, fen: int, level: str) -> int:
        """A known partner, a victim who banks here and can pay, or a victim elsewhere."""
        bank = self.bank
        if self.rng.random() < self.spec["known"][level]:
            rank = np.array([int(self.rng.geometric(self.profile["bank"]["partner_p"]))])
            return int(bank.partner(np.array([account]), rank, 0.0)[0])
        if self.rng.random() < self.spec["victim_in_house"]:
            tries = bank.accounts.eligible[self.rng.integers(0, len(bank.accounts.eligible), 12)]
            rich = tries[(bank.accounts.balance[tries] > 3 * fen) & (tries != account)]
            if len(rich):
                return int(rich[0])
        return int(outside(self.rng.integers(0, 1 << 57, 1))[0])

    def _device(self, instance: Instance, account: int, level: str) -> int:
        if self.rng.random() < self.spec["device"][level]:
            owner: Any = instance.number  # the ring's phone
        elif level == "H" or self.rng.random() < 0.3:
            return 0  # the holder does it himself
        else:
            owner = (instance.number << 32) + account
        return int(fold(np.array([owner]), salt=self.seed + 63)[0] >> np.uint64(2)) << 1

    def _rented(
        self, instance: Instance, members: list[int], levels: dict[int, str], start: int, asleep: bool
    ) -> dict[int, str]:
        """S01 and S02: probe, credits, then out in parts; several times until the account is burnt."""
        ring = outside(fold(np.arange(self.spec["payees"][instance.level]), instance.number, salt=64))
        for account in members:
            level = levels[account]
            day = self._begin(account, level, start)
            device = self._device(instance, account, level)
            factor = self.spec["sleeper_factor"][level] if asleep else 1.0
            if asleep:
                self._wake(instance, account, level, day)
            uses, over = (
                whole(self.rng, self.spec["uses"][level]),
                between(self.rng, self.spec["over_days"][level]),
            )
            for turn in range(uses):
                when = min(day + int(turn * over / uses), self.days - 1)
                at = self._moment(when, level)
                if turn == 0 and self.rng.random() < self.spec["probe"][level]:
                    fen = int(self.rng.choice([1, 10, 100, 1000, 10_000]))
                    probe_at = max(at - whole(self.rng, [20, 300]) * MINUTE_US, self.calendar.midnight(when))
                    self.draft.add(
                        probe_at, account, 1, fen, self._payer(account, fen, "E"), instance.number, PROBE
                    )
                self._use(instance, account, level, at, factor, device, ring, members)
        return dict.fromkeys(members, "mule")

    def _wake(self, instance: Instance, account: int, level: str, day: int) -> None:
        if self.rng.random() < self.spec["phone_change"][level]:
            changed = max(0, day - whole(self.rng, [0, 7]))
            self.draft.phones.append((changed, int(self.bank.accounts.customer[account])))
        if level == "H":
            for before in range(10, 0, -2):
                if day - before >= 0:
                    at, fen = self._moment(day - before, level), whole(self.rng, [2000, 30_000])
                    self.draft.add(
                        at, account, 1, fen, self._payer(account, fen, "H"), instance.number, WARM_UP
                    )

    def _use(
        self, instance: Instance, account: int, level: str, at: int, factor: float, device: int,
        ring: np.ndarray, members: list[int],
    ) -> None:  # fmt: skip
        total = 0
        gap = {"E": 18, "M": 45, "H": 150}[level]
        for turn in range(whole(self.rng, self.spec["credits"][level])):
            at += int(self.rng.exponential(gap) * MINUTE_US) if turn else 0
            fen = self._amount(level, factor)
            self.draft.add(at, account, 1, fen, self._payer(account, fen, level), instance.number, CREDIT)
            total += fen
        targets = [m for m in members if m != account and self.bank.accounts.opened[m] < at - DAY_US]

        def payee() -> int:
            if targets and self.rng.random() < self.spec["in_ring"][level]:
                return int(targets[int(self.rng.integers(0, len(targets)))])
            return int(ring[int(self.rng.integers(0, len(ring)))])

        self._pay_out(instance, account, level, at, total, device, payee, PASS_ON)

    def _pay_out(
        self,
        instance: Instance,
        account: int,
        level: str,
        at: int,
        total: int,
        device: int,
        payee: Any,
        step: int,
    ) -> int:
        """Send on what came in, less what is kept; returns the moment of the last part."""
        median, sigma = self.spec["delay"][level]
        at += int(min(median * np.exp(self.rng.normal() * sigma), 3000) * MINUTE_US)
        spend = int(total * (1 - between(self.rng, self.spec["keep"][level])))
        parts = min(whole(self.rng, self.spec["parts"][level]), max(1, spend // 10_000))
        cuts = self.rng.random(parts) + 0.4
        amounts = np.floor(spend * cuts / cuts.sum()).astype(np.int64)
        for amount in amounts:
            fen = int(amount)
            if self.rng.random() < self.spec["round"][level] and fen > 20_000:
                fen = fen // 10_000 * 10_000
            cash = bool(self.rng.random() < 0.12 and fen >= 10_000)
            if cash:
                self.draft.add(
                    at, account, -1, fen // 10_000 * 10_000, NO_PARTNER, instance.number, step, device, True
                )
            else:
                self.draft.add(at, account, -1, fen, payee(), instance.number, step, device)
            at += int(self.rng.exponential(4) * MINUTE_US) + 7_000_000
        return at

    def _ring(
        self, instance: Instance, members: list[int], levels: dict[int, str], start: int
    ) -> dict[int, str]:
        """S06: members receive, a collector gathers, a distributor spreads; roles rotate."""
        roles = dict.fromkeys(members, "receiver")
        ready = {m: self._begin(m, levels[m], start) for m in members}
        first = max(start, int(np.median(list(ready.values()))))
        for day in range(first, first + whole(self.rng, self.spec["ring_days"]), 3):
            present = [m for m in members if ready[m] <= day]
            if day >= self.days or len(present) < 4:
                continue
            turn = [present[i] for i in self.rng.permutation(len(present))]
            collector, distributor, receivers = turn[0], turn[1], turn[2 : 2 + whole(self.rng, [3, 12])]
            roles[collector], roles[distributor] = "collector", "distributor"
            gathered, last = 0, 0
            for account in receivers:
                level, at = levels[account], self._moment(day, levels[account])
                fen = self._amount(level)
                self.draft.add(at, account, 1, fen, self._payer(account, fen, level), instance.number, CREDIT)
                device = self._device(instance, account, level)
                done = self._pay_out(
                    instance, account, level, at, fen, device, lambda c=collector: c, COLLECT
                )
                gathered, last = gathered + fen * 3 // 5, max(last, done)
            level = levels[collector]
            device = self._device(instance, collector, level)
            last = self._pay_out(
                instance, collector, level, last, gathered, device, lambda d=distributor: d, DISTRIBUTE
            )
            ends = outside(fold(np.arange(8), instance.number, salt=65))

            def payee(ends: np.ndarray = ends, present: list[int] = present) -> int:
                if self.rng.random() < 0.3:
                    return int(present[int(self.rng.integers(0, len(present)))])
                return int(ends[int(self.rng.integers(0, len(ends)))])

            self._pay_out(
                instance,
                distributor,
                levels[distributor],
                last + HOUR_US,
                gathered * 4 // 5,
                device,
                payee,
                DISTRIBUTE,
            )
        return roles

    def _result(self) -> AccountSchemes:
        columns = np.array(self.draft.rows, np.int64).reshape(-1, 8)
        keep = (columns[:, 0] < self.end) & (columns[:, 1] != columns[:, 4])
        columns = columns[keep]
        at, account, sign, fen, partner, cash, device, event = columns[
            np.argsort(columns[:, 0], kind="stable")
        ].T
        rows = intents(
            at, account, sign, fen, partner, np.where(cash, ATM, MOBILE), np.where(cash, CASH_OUT, TRANSFER),
            66, device=device, event=event,
        )  # fmt: skip
        events = np.array(self.draft.events, np.int64).reshape(-1, 2)
        quiet = np.array(self.draft.quiet, float).reshape(-1, 4)
        return AccountSchemes(
            rows,
            events[:, 0],
            events[:, 1],
            {
                "account": quiet[:, 0].astype(np.int64),
                "first": quiet[:, 1],
                "last": quiet[:, 2],
                "stays": quiet[:, 3],
            },
            self.draft.phones,
        )
