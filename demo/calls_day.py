"""Calls and text messages of one day."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from demo.arrow import clock, constant, hex_id, nulls, number, pick
from demo.calendar import SECOND_US
from demo.card_day import ABROAD, COUNTRIES, HERE, CardDay, CardWorld, event_key, ranks
from demo.identifiers import outside_numbers, service_numbers
from demo.rng import fold, stream, uniform

NETWORKS = ("本网", "异网", "固话", "境外")
ROAMING = ("本地", "省际", "国际")
RELEASES = ("正常", "无应答", "用户忙", "拒接")
OUT, IN, FORWARDED = range(3)
ORDINARY, ODD, ILLICIT, TEXT = 1, 2, 3, 4  # kinds of event keys

Rows = dict[str, np.ndarray]


class CallDays:
    """day -> calls or messages, a pure function of plan and day."""

    def __init__(self, world: CardWorld) -> None:
        self.world, self.cards, self.traits = world, world.plan.cards, world.profile["phone_traits"]
        self.seed = world.seed
        # Cards of batches stand behind the others and draw from a stream of their own, so that
        # nobody's calls change with the number of batches.
        ordinary, count = int((self.cards.batch < 0).sum()), len(self.cards.batch)
        self.groups = ((0, ordinary, 0), (ordinary, count, 4))
        self.seat = (
            np.isin(self.cards.persona, [list(world.profile["phones"]).index("H09")]) & ~self.cards.iot
        )

    def calls(self, day: int) -> tuple[pa.Table, Rows]:
        """Calls as they land, without `received_at`, and their moments, keys and instances."""
        state = self.world.day(day)
        parts = [
            part
            for group in self.groups
            for part in (self._ordinary(state, *group), self._odd_month(state, *group))
        ]
        parts.append(self._illicit(state))
        rows = {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}
        return self._call_table(state, rows), rows

    def _pace(self, state: CardDay) -> np.ndarray:
        calendar = self.world.calendar
        office = 1.0 if calendar.working(state.day) else self.world.profile["calendar"]["seat_holiday"]
        return state.alive * np.where(self.seat, office, calendar.private_factor(state.day))

    def _contacts(self, rng: np.random.Generator, card: np.ndarray, new: np.ndarray) -> np.ndarray:
        """64-bit keys of the other numbers: somebody new, or a contact (few often, many seldom)."""
        rank = (self.cards.book[card] * rng.random(len(card)) ** 2.2).astype(np.int64)
        known = fold(card, rank, salt=self.seed + 121)
        # Part of everybody's contacts are the numbers that others of the county know too.
        common = uniform(fold(known, salt=122)) < self.traits["book_pool"]
        pool = fold(self.cards.county[card], known % np.uint64(4000), salt=self.seed + 123)
        fresh = rng.integers(0, 1 << 62, len(card)).astype(np.uint64)
        return np.where(rng.random(len(card)) < new, fresh, np.where(common, pool, known))

    def _ordinary(self, state: CardDay, low: int, high: int, bucket: int) -> Rows:
        rng, cards = stream(self.seed, "calls", state.day, bucket), self.cards
        pace = self._pace(state)
        fresh = cards.fresh & (state.day - cards.opened_day < 30)
        out = rng.poisson((cards.calls_out * pace)[low:high])
        into = rng.poisson((cards.calls_in * pace * np.where(fresh, 0.25, 1))[low:high])
        card = np.repeat(np.arange(low, high), out + into)
        outgoing = ranks(card) < out[card - low]
        new = np.minimum(
            1, np.where(outgoing, cards.new[card], cards.new[card] * 0.6) * np.where(fresh[card], 4, 1)
        )
        other = self._contacts(rng, card, new)
        at = self.world.calendar.moments(rng, state.day, len(card), "call_hours")
        median = cards.seconds[card]
        key = event_key(card, state.day, ranks(card), ORDINARY, self.seed)
        rows = self._row(rng, card, outgoing, other, at, median, self.traits["call_sigma"], key, -1)
        return self._alive(rows, state)

    def _odd_month(self, state: CardDay, low: int, high: int, bucket: int) -> Rows:
        """Job hunt, sale, wedding, lost parcel: a month with many calls to new numbers."""
        rng, cards = stream(self.seed, "calls", state.day, bucket + 1), self.cards
        now = (cards.odd_from <= state.day) & (state.day < cards.odd_from + 30)
        pace = (cards.odd_calls * now * self._pace(state))[low:high]
        card = np.repeat(np.arange(low, high), rng.poisson(pace))
        share = 0.4 + 0.6 * uniform(fold(card, salt=125))
        other = self._contacts(rng, card, share)
        at = self.world.calendar.moments(rng, state.day, len(card), "call_hours")
        key = event_key(card, state.day, ranks(card), ODD, self.seed)
        outgoing = rng.random(len(card)) < 0.85
        rows = self._row(
            rng, card, outgoing, other, at, cards.seconds[card], self.traits["call_sigma"], key, -1
        )
        return self._alive(rows, state)

    def _illicit(self, state: CardDay) -> Rows:
        rng, bad = stream(self.seed, "scheme_calls", state.day), state.bad
        spec = self.world.profile["card_schemes"]
        works = bad["calls"] > 0
        bad = {name: column[works] for name, column in bad.items()}
        count = np.maximum(1, rng.poisson(bad["calls"]))
        row = np.repeat(np.arange(len(count)), count)
        card = bad["card"][row]
        outgoing = rng.random(len(card)) >= bad["faked"][row]
        other = self._contacts(rng, card, bad["new"][row])
        begin = self.world.calendar.midnight(state.day)
        hour = np.minimum(bad["hour"][row] + rng.random(len(card)) * bad["span"][row], 23.9)
        at = begin + (hour * 3600).astype(np.int64) * SECOND_US
        key = event_key(card, state.day, ranks(card), ILLICIT, self.seed)
        median = np.full(len(card), float(spec["call_median"]))
        return self._row(
            rng, card, outgoing, other, at, median, spec["call_sigma"], key, bad["instance"][row]
        )

    def _row(
        self, rng: np.random.Generator, card: np.ndarray, outgoing: np.ndarray, other: np.ndarray, at: np.ndarray,
        median: np.ndarray, sigma: float, key: np.ndarray, instance: np.ndarray | int,
    ) -> Rows:  # fmt: skip
        seconds = np.maximum(1, median * np.exp(rng.normal(size=len(card)) * sigma)).astype(np.int64)
        answered = rng.random(len(card)) >= self.traits["unanswered"]
        direction = np.where(outgoing, OUT, np.where(rng.random(len(card)) < 0.02, FORWARDED, IN))
        return {
            "card": card,
            "direction": direction,
            "other": other,
            "at": at - at % SECOND_US,
            "seconds": np.where(answered, np.minimum(seconds, 7200), 0),
            "key": key,
            "instance": np.broadcast_to(np.asarray(instance, np.int64), card.shape),
        }

    def _alive(self, rows: Rows, state: CardDay) -> Rows:
        """Without the ordinary life that ended when a card changed hands, or began after the opening."""
        stays = uniform(fold(rows["key"], salt=126)) < state.stays[rows["card"]]
        stays &= rows["at"] >= self.cards.opened[rows["card"]]
        return {name: column[stays] for name, column in rows.items()}

    def _call_table(self, state: CardDay, rows: Rows) -> pa.Table:
        card, count = rows["card"], len(rows["card"])
        cell = self.world.cells(state, card, rows["at"], rows["key"])
        value, network = outside_numbers(rows["other"], self.seed)
        far = (rows["other"] >> np.uint64(40)) % np.uint64(400) == 0
        other = phone_text(value, network)
        other = pc.if_else(pa.array(far), number(value % 10**8, 8, "+999"), other)
        volte = uniform(fold(rows["card"], salt=127)) < 0.82
        release = np.where(rows["seconds"] > 0, 0, 1 + (rows["key"] % np.uint64(3)).astype(np.int64))
        place = state.place[card]
        abroad = (fold(card, state.day // 2, salt=128) % np.uint64(len(COUNTRIES))).astype(np.int64)
        return pa.table(
            {
                "cdr_id": hex_id(rows["key"], "C"),
                "msisdn": self.cards.msisdn.take(pa.array(card)),
                "direction": pick(("主叫", "被叫", "呼转"), rows["direction"]),
                "other_number": other,
                "other_network": pick(NETWORKS, np.where(far, 3, network)),
                "start_at": clock(rows["at"]),
                "duration_s": pa.array(rows["seconds"]),
                "cell_id": pick(self.world.places.cell_id, cell),
                "county": pick(
                    self.world.places.county_code, np.where(place == HERE, state.county[card], -1)
                ),
                "imei": state.imei.take(pa.array(card)),
                "imsi": self.cards.imsi.take(pa.array(card)),
                "roaming": pick(ROAMING, place),
                "country": pick(COUNTRIES, np.where(place == ABROAD, abroad, -1)),
                "call_kind": pick(("CS", "VoLTE"), volte.astype(int)),
                "protocol": pick(("ISUP", "SIP"), volte.astype(int)),
                "gateway_ip": nulls(count),
                "release_cause": pick(RELEASES, release),
            }
        )

    def messages(self, day: int) -> tuple[pa.Table, Rows]:
        """Text messages as they land, without `received_at`; the text is not supplied."""
        state, cards = self.world.day(day), self.cards
        parts = [self._texts(state, *group) for group in self.groups]
        rows = {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}
        cell = self.world.cells(state, rows["card"], rows["at"], rows["key"])
        value, network = outside_numbers(rows["other"], self.seed)
        ports = number(service_numbers(rows["sender"]), 12)
        table = pa.table(
            {
                "sms_id": hex_id(rows["key"], "M"),
                "msisdn": cards.msisdn.take(pa.array(rows["card"])),
                "direction": pick(("发送", "接收"), rows["received"].astype(int)),
                "other_number": pc.if_else(pa.array(rows["port"]), ports, phone_text(value, network)),
                "at": clock(rows["at"]),
                "text": constant("", len(rows["card"])),
                "cell_id": pick(self.world.places.cell_id, cell),
                "imei": state.imei.take(pa.array(rows["card"])),
            }
        )
        return table, rows

    def _texts(self, state: CardDay, low: int, high: int, bucket: int) -> Rows:
        rng, cards, day = stream(self.seed, "sms", state.day, bucket), self.cards, state.day
        fresh = cards.fresh & (day - cards.opened_day < 30)
        pace = (cards.sms * self._pace(state) * np.where(fresh, 0.4, 1))[low:high]
        card = np.repeat(np.arange(low, high), rng.poisson(pace))
        received = rng.random(len(card)) < self.traits["sms_received"]
        at = self.world.calendar.moments(rng, day, len(card), "call_hours")
        rows = {
            "card": card,
            "at": at - at % SECOND_US,
            "key": event_key(card, day, ranks(card), TEXT, self.seed),
            "received": received,
            "port": received & (rng.random(len(card)) < self.traits["sms_port_share"]),
            "sender": (rng.random(len(card)) ** 2 * 600).astype(np.int64) * 1511,
            "other": self._contacts(rng, card, np.full(len(card), 0.05)),
        }
        return self._alive(rows, state)


def phone_text(value: np.ndarray, network: np.ndarray) -> pa.Array:
    """Mobile numbers have 11 digits, fixed lines 12 with their leading zero."""
    return pc.if_else(pa.array(network == 2), number(value, 12), number(value, 11))
