"""Ordinary money of one day: purchases, transfers, takings, pay days, cash, favours, sweeping."""

import numpy as np

from demo.bank_plan import BankPlan
from demo.calendar import MINUTE_US, Calendar
from demo.intents import (
    ATM,
    CASH_OUT,
    CHANNELS,
    MERCHANT,
    MOBILE,
    NO_PARTNER,
    OWN,
    PAYROLL,
    POS,
    PURCHASE,
    QUICK,
    SALARY,
    SUMMARIES,
    TRANSFER,
    WECHAT,
    Intents,
    intents,
    join,
    outside,
    select,
)
from demo.profile import Profile
from demo.rng import fold, mix, stream, uniform

MERCHANTS = 3000


class BankLife:
    """Draws what people want to do with their money; a pure function of the day."""

    def __init__(self, profile: Profile, seed: int, calendar: Calendar, bank: BankPlan) -> None:
        self.profile, self.seed, self.calendar, self.bank = profile, seed, calendar, bank
        numbers = [profile["personas"][name] for name in bank.names]
        persona = bank.accounts.persona
        self.buy = np.array([n["buy"] for n in numbers], float)[persona]
        self.buy[:, 0] *= profile["bank"]["purchase_factor"]
        moves = profile["bank"]["move_factor"]
        self.into = np.array([n["in"] for n in numbers], float)[persona] * moves
        self.out = np.array([n["out"] for n in numbers], float)[persona] * moves
        self.move = np.array([n["move"] for n in numbers], float)[persona]
        self.stranger = np.array([n["stranger"] for n in numbers], float)[persona]
        self.takings = np.array([n.get("takings", [0, 1, 0]) for n in numbers], float)[persona]
        self.firm = np.array([n.startswith("K") for n in bank.names])[persona]
        self.silent = np.isin(persona, [bank.names.index(n) for n in ("P12", "K06")])
        self.trait = uniform(fold(np.arange(len(persona)), salt=seed + 41))

    def day(self, day: int) -> Intents:
        """All ordinary intents that begin on a day; tails of favours may lie on later days."""
        alive = self.bank.accounts.active_from <= day
        pace = np.where(self.firm, self.calendar.company_factor(day), self.calendar.private_factor(day)) * (
            alive * self.bank.accounts.rate
        )
        parts = [self._purchases(day, pace), self._takings(day, pace), self._cash(day, alive)]
        parts += [self._moves(day, pace, +1), self._moves(day, pace, -1)]
        parts += [self._regulars(day, alive), self._payroll(day, alive)]
        parts += [self._episodes(day, alive)]
        rows = join(parts)
        return join([rows, self._sweep(day, rows)])

    def _amounts(
        self, rng: np.random.Generator, median: np.ndarray, sigma: np.ndarray, unit: int, share: float
    ) -> np.ndarray:
        """Lognormal fen; a share of them rounded to `unit` fen, the rest with odd cents."""
        fen = median * 100 * np.exp(rng.normal(size=len(median)) * sigma)
        rounded = np.maximum(np.round(fen / unit), 1) * unit
        return np.where(rng.random(len(median)) < share, rounded, np.maximum(np.round(fen), 1)).astype(
            np.int64
        )

    def _partners(self, rng: np.random.Generator, account: np.ndarray, stranger: np.ndarray) -> np.ndarray:
        """Mostly a known partner, few often and many seldom; else somebody new."""
        rank = np.minimum(
            rng.geometric(self.profile["bank"]["partner_p"], len(account)), self.bank.accounts.book[account]
        )
        known = self.bank.partner(account, rank, self.profile["bank"]["in_house"])
        new = rng.integers(0, 1 << 57, len(account))
        ours = rng.random(len(account)) < self.profile["bank"]["in_house"]
        pool = self.bank.accounts.eligible
        inside = pool[new % len(pool)]
        fresh = np.where(ours & (inside != account), inside, outside(new))
        return np.where(rng.random(len(account)) < stranger, fresh, known)

    def _purchases(self, day: int, pace: np.ndarray) -> Intents:
        rng = stream(self.seed, "bank_purchases", day)
        who = np.repeat(np.arange(len(pace)), rng.poisson(self.buy[:, 0] / 30 * pace))
        at = self.calendar.moments(rng, day, len(who))
        fen = self._amounts(
            rng, self.buy[who, 1], self.buy[who, 2], 1000, self.profile["bank"]["round_purchase"]
        )
        habit = rng.random(len(who)) < 0.7  # mostly the shops around the corner
        shop = np.where(
            habit,
            fold(who, rng.integers(0, 6, len(who)), salt=42),
            rng.integers(0, 1 << 50, len(who)).astype(np.uint64),
        )
        partner = outside(shop % np.uint64(MERCHANTS), MERCHANT)
        channel = np.where(rng.random(len(who)) < 0.12, POS, QUICK)
        return intents(at, who, -1, fen, partner, channel, PURCHASE, 1)

    def _takings(self, day: int, pace: np.ndarray) -> Intents:
        rng = stream(self.seed, "bank_purchases", day, bucket=1)
        who = np.repeat(np.arange(len(pace)), rng.poisson(self.takings[:, 0] / 30 * pace))
        at = self.calendar.moments(rng, day, len(who))
        fen = self._amounts(rng, self.takings[who, 1], self.takings[who, 2], 1000, 0.1)
        partner = self._partners(rng, who, np.full(len(who), 0.7))
        return intents(at, who, +1, fen, partner, WECHAT, PURCHASE, 2)

    def _cash(self, day: int, alive: np.ndarray) -> Intents:
        rng = stream(self.seed, "bank_cash", day)
        median, sigma = self.profile["bank"]["atm"]
        who = np.repeat(np.arange(len(alive)), rng.poisson(self.bank.accounts.atm / 30 * alive))
        fen = self._amounts(rng, np.full(len(who), median), np.full(len(who), sigma), 10_000, 1.0)
        at = self.calendar.moments(rng, day, len(who))
        return intents(at, who, -1, np.minimum(fen, 2_000_000), NO_PARTNER, ATM, CASH_OUT, 3)

    def _moves(self, day: int, pace: np.ndarray, sign: int) -> Intents:
        rng = stream(self.seed, "bank_moves", day, bucket=1 + (sign > 0))
        rate = self.into if sign > 0 else self.out
        eve = self.calendar.transfer_factor(day) / self.calendar.private_factor(day)
        who = np.repeat(np.arange(len(pace)), rng.poisson(rate / 30 * pace * np.where(self.firm, 1, eve)))
        at = self.calendar.moments(rng, day, len(who))
        share = self.profile["bank"]["round_transfer"]
        fen = self._amounts(rng, self.move[who, 0], self.move[who, 1], 10_000, share)
        partner = self._partners(rng, who, self.stranger[who])
        channel = np.where(self.firm[who], 1, np.where(rng.random(len(who)) < 0.85, MOBILE, WECHAT))
        return intents(at, who, sign, fen, partner, channel, TRANSFER, 4 + sign)

    def _regulars(self, day: int, alive: np.ndarray) -> Intents:
        plan = self.bank.regulars
        rng = stream(self.seed, "bank_regular", day)
        due = np.flatnonzero(np.isin(plan["day"], self.calendar.pay_dates(day)) & alive[plan["account"]])
        specs = list(self.profile["regulars"].values())
        kind = plan["kind"][due]
        cv = np.array([s["cv"] for s in specs])[kind]
        vary = np.round(plan["fen"][due] * np.maximum(0.2, 1 + rng.normal(size=len(due)) * cv))
        at = self.calendar.moments(rng, day, len(due), "office_hours")
        sign = np.array([1 if s["dir"] == "in" else -1 for s in specs])[kind]
        channel = np.array([CHANNELS.index(s["channel"]) for s in specs])[kind]
        summary = np.array([SUMMARIES.index(s["summary"]) for s in specs])[kind]
        fen = np.maximum(vary, 1).astype(np.int64)
        return intents(at, plan["account"][due], sign, fen, plan["partner"][due], channel, summary, 7)

    def _payroll(self, day: int, alive: np.ndarray) -> Intents:
        spec, parts = self.profile["payroll"], []
        if set(self.calendar.pay_dates(day)).isdisjoint(spec["days"]):
            return join([])
        accounts = self.bank.accounts
        for name in ("K01", "K03"):
            firms = np.flatnonzero((accounts.persona == self.bank.names.index(name)) & alive)
            low, high = spec[name]
            h = fold(firms, salt=43)
            own_day = np.array(spec["days"])[(h % np.uint64(len(spec["days"]))).astype(int)]
            firms, h = (x[np.isin(own_day, self.calendar.pay_dates(day))] for x in (firms, h))
            count = low + ((h >> np.uint64(9)) % np.uint64(high - low + 1)).astype(int)
            who = np.repeat(firms, count)
            rank = np.arange(len(who)) - np.repeat(np.cumsum(count) - count, count)
            pay = uniform(fold(who, rank, salt=44)) + uniform(fold(who, rank, salt=45)) - 1
            fen = np.round(spec["pay"][0] * np.exp(pay * 2 * spec["pay"][1]) * 10).astype(np.int64) * 10
            hour = (
                self.calendar.midnight(day)
                + 600 * MINUTE_US
                + (h % np.uint64(300)).astype(np.int64) * MINUTE_US
            )
            at = np.repeat(hour, count) + rank * 1_300_000
            partner = self.bank.partner(who, rank + 100, 0.2)
            parts.append(intents(at, who, -1, fen, partner, PAYROLL, SALARY, 8))
        return join(parts)

    def _episodes(self, day: int, alive: np.ndarray) -> Intents:
        parts = []
        for bucket, (name, spec) in enumerate(self.profile["episodes"].items()):
            rng = stream(self.seed, "episodes", day, bucket)
            parts.append(self._episode(rng, day, alive, name, spec))
        return join(parts)

    def _may(self, alive: np.ndarray, day: int, name: str, spec: dict) -> np.ndarray:
        """Accounts to which an episode may happen."""
        accounts = self.bank.accounts
        if spec.get("new"):
            return np.flatnonzero(alive & (accounts.opened_day >= max(0, day - 30)) & ~self.firm)
        may = alive & ~self.firm
        if "who" in spec:
            may &= np.isin(accounts.persona, [self.bank.names.index(n) for n in spec["who"]])
        else:
            may &= ~self.silent
        if "share" in spec:
            salt = self.seed + 50 + list(self.profile["episodes"]).index(name)
            may &= uniform(fold(np.arange(len(alive)), salt=salt)) < spec["share"]
        return np.flatnonzero(may)

    def _episode(
        self, rng: np.random.Generator, day: int, alive: np.ndarray, name: str, spec: dict
    ) -> Intents:
        may = self._may(alive, day, name, spec)
        count = rng.poisson(len(may) * spec["rate"] / 60 * self.profile["odd_life"])
        if not count or not len(may):
            return join([])
        who = may[rng.integers(0, len(may), count)]
        hours = "night_hours" if spec.get("night") else "bank_hours"
        begin = self.calendar.moments(rng, day, count, hours)
        n_in = rng.integers(spec["in"][0], spec["in"][1] + 1, count)
        part = np.repeat(np.arange(count), n_in)
        at = begin[part] + (rng.random(len(part)) * spec["span"] * MINUTE_US).astype(np.int64)
        median, sigma = spec["amount"]
        fen = self._amounts(
            rng,
            np.full(len(part), median),
            np.full(len(part), sigma),
            10_000,
            self.profile["bank"]["round_transfer"],
        )
        partner = self._partners(rng, who[part], np.full(len(part), spec["stranger"]))
        rows = [intents(at, who[part], +1, fen, partner, MOBILE, TRANSFER, 10)]
        rows.append(self._probes(rng, who, begin, spec.get("probe", 0.0)))
        total, last = np.zeros(count, np.int64), np.zeros(count, np.int64)
        np.add.at(total, part, fen)
        np.maximum.at(last, part, at)
        rows.append(self._pass_on(rng, who, total, last, spec))
        return join(rows)

    def _probes(self, rng: np.random.Generator, who: np.ndarray, begin: np.ndarray, chance: float) -> Intents:
        """A cent or a yuan beforehand, to see whether the account is the right one."""
        probed = np.flatnonzero(rng.random(len(who)) < chance)
        at = begin[probed] - rng.integers(2, 300, len(probed)) * MINUTE_US
        fen = rng.choice([1, 10, 100], len(probed))
        partner = self._partners(rng, who[probed], np.full(len(probed), 0.5))
        at = np.maximum(at, begin[probed] // 86_400_000_000 * 86_400_000_000)
        return intents(at, who[probed], +1, fen, partner, MOBILE, TRANSFER, 11)

    def _pass_on(
        self, rng: np.random.Generator, who: np.ndarray, total: np.ndarray, last: np.ndarray, spec: dict
    ) -> Intents:
        n_out = rng.integers(spec["out"][0], spec["out"][1] + 1, len(who))
        median, sigma = spec["delay"]
        wait = median * np.exp(rng.normal(size=len(who)) * sigma)
        low, high = spec["keep"]
        spend = total * (1 - low - rng.random(len(who)) * (high - low))
        part = np.repeat(np.arange(len(who)), n_out)
        weight = rng.random(len(part)) + 0.3
        whole = np.bincount(part, weight, len(who))
        fen = np.maximum(np.floor(spend[part] * weight / whole[part]), 1).astype(np.int64)
        pause = rng.random(len(part)) * 6 * MINUTE_US + np.minimum(wait[part], 4000) * MINUTE_US
        partner = self._partners(rng, who[part], np.full(len(part), 0.4))
        channel = np.where(rng.random(len(part)) < 0.1, ATM, MOBILE)
        cash = (channel == ATM) & (fen >= 10_000)
        fen = np.where(cash, fen // 10_000 * 10_000, fen)
        return intents(
            last[part] + pause.astype(np.int64),
            who[part],
            -1,
            fen,
            np.where(cash, NO_PARTNER, partner),
            np.where(cash, ATM, MOBILE),
            np.where(cash, CASH_OUT, TRANSFER),
            12,
        )

    def _sweep(self, day: int, rows: Intents) -> Intents:
        """Some people send on what comes in, always to their own account elsewhere."""
        rng, bank = stream(self.seed, "sweeper", day), self.profile["bank"]
        credits = select(
            rows, (rows["sign"] > 0) & (rows["fen"] >= 30_000) & self.bank.accounts.sweeper[rows["account"]]
        )
        credits = select(credits, rng.random(len(credits["at"])) < bank["sweep_share"])
        count = len(credits["at"])
        wait = bank["sweep_delay"][0] * np.exp(rng.normal(size=count) * bank["sweep_delay"][1])
        at = credits["at"] + (np.minimum(wait, 4000) * MINUTE_US).astype(np.int64)
        fen = (credits["fen"] * (0.8 + 0.2 * rng.random(count))).astype(np.int64)
        own = outside(fold(credits["account"], salt=46), OWN)
        return intents(at, credits["account"], -1, fen, own, MOBILE, TRANSFER, 13)

    def top_up(self, day: int, balance: np.ndarray) -> Intents:
        """Whoever runs dry brings money from an account elsewhere."""
        # Keyed by account, so that nobody's need changes what another one does.
        bank = self.profile["bank"]
        draw = fold(np.arange(len(balance)), day, salt=self.seed + 47)
        dry = (balance < bank["top_up_below"] * 100) & ~self.silent & (self.bank.accounts.active_from <= day)
        chance = bank["top_up_chance"] * np.minimum(1, self.out / 2)
        who = np.flatnonzero(dry & (uniform(draw) < chance))
        normal = np.sqrt(-2 * np.log1p(-uniform(mix(draw[who], 1)))) * np.cos(
            2 * np.pi * uniform(mix(draw[who], 2))
        )
        scale = np.where(self.firm[who], 20, 1.0) * bank["top_up"][0]
        fen = (
            np.maximum(np.round(scale * np.exp(normal * bank["top_up"][1]) / 100), 1).astype(np.int64)
            * 10_000
        )
        minute = 7 * 60 + uniform(mix(draw[who], 3)) * 15 * 60
        at = self.calendar.midnight(day) + (minute * MINUTE_US).astype(np.int64)
        return intents(at, who, +1, fen, outside(fold(who, salt=46), OWN), MOBILE, TRANSFER, 14)
