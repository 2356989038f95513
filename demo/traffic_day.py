"""Data sessions and changes of state (signalling) of one day."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from demo.arrow import hex_id, ip_addresses, pick, timestamps
from demo.calendar import HOUR_US, SECOND_US
from demo.card_day import ABROAD, HERE, OTHER_PROVINCE, CardDay, CardWorld, event_key
from demo.delivery import ZONE_US
from demo.rng import Keyed, fold, mix, uniform

APPS = ("视频", "社交", "网页", "游戏", "音乐", "支付", "下载", "物联")
APP_WEIGHTS = (0.30, 0.30, 0.15, 0.09, 0.06, 0.05, 0.05)
SLOT_HOURS = 6
# Share of a day's bytes and chance of any traffic in the slots 0-6, 6-12, 12-18, 18-24.
PHONE_SLOTS = np.array([0.08, 0.24, 0.28, 0.40])
PHONE_CHANCE = np.array([0.45, 0.85, 0.88, 0.92])
EVENTS = ("首次开机", "开机", "关机", "IMEI变更", "县变更", "漫入", "漫出")
FIRST_ON, ON, OFF, NEW_IMEI, NEW_COUNTY, ROAM_IN, ROAM_OUT = range(7)

Rows = dict[str, np.ndarray]


class TrafficDays:
    """day -> data sessions or signalling, a pure function of plan and day."""

    def __init__(self, world: CardWorld) -> None:
        self.world, self.cards, self.seed = world, world.plan.cards, world.seed
        things = list(world.profile["iot"].values())
        self.sessions = np.array([t["sessions"] for t in things])[
            np.where(self.cards.iot, self.cards.persona, 0)
        ]

    def sessions_of(self, day: int) -> tuple[pa.Table, Rows]:
        """One row per card and six-hour slot with traffic, without `received_at`."""
        state, cards = self.world.day(day), self.cards
        count = len(cards.iot)
        draw = Keyed(self.seed, "data", np.arange(count) + day * (1 << 40))
        drawn = np.column_stack([draw.random() for _ in range(4)])
        smart = np.minimum(1, cards.mb / 100)[:, None] ** 0.3 * PHONE_CHANCE
        chance = np.where(cards.iot[:, None], self.sessions[:, None] / 4, smart)
        mb = cards.mb / 30 * np.exp(draw.normal() * 0.6 - 0.18)
        resold = state.bad["mb"] > 0
        who = state.bad["card"][resold]
        chance[who] = PHONE_CHANCE
        mb[who] = state.bad["mb"][resold] * np.exp(0.5 * (drawn[who, 0] - 0.5))
        alive = state.alive & (mb > 0) & (cards.opened_day < day)
        alive &= (uniform(fold(np.arange(count), day, salt=131)) < state.stays) | np.isin(
            np.arange(count), who
        )
        card, slot = np.nonzero((drawn < chance) & alive[:, None])
        like_phone = ~cards.iot
        like_phone[who] = True
        share = np.where(like_phone[card], PHONE_SLOTS[slot], 0.25)
        whole = np.bincount(card, share, count)
        size = mb[card] * 1e6 * share / whole[card]
        key = event_key(card, day, slot, 5, self.seed)
        up = 0.04 + 0.2 * uniform(fold(key, salt=132)) ** 2
        up = np.where(like_phone[card], up, 0.5)
        app = np.searchsorted(np.cumsum(APP_WEIGHTS), uniform(fold(key, salt=133)) * 0.9999)
        app = np.where(like_phone[card], np.minimum(app, len(APP_WEIGHTS) - 1), len(APPS) - 1)
        begin = self.world.calendar.midnight(day) + slot * SLOT_HOURS * HOUR_US
        instance = np.full(count, -1)
        instance[who] = state.bad["instance"][resold]
        rows = {
            "card": card,
            "at": begin + SLOT_HOURS * HOUR_US - SECOND_US,  # the record is written when the slot ends
            "slot": begin,
            "key": key,
            "instance": instance[card],
        }
        return self._session_table(state, rows, app, size, up), rows

    def _session_table(
        self, state: CardDay, rows: Rows, app: np.ndarray, size: np.ndarray, up: np.ndarray
    ) -> pa.Table:
        card, key = rows["card"], rows["key"]
        cell = self.world.cells(state, card, rows["slot"] + 3 * HOUR_US, key)
        # An IoT card talks to its platform; a phone to a few hundred hosts of its app class.
        thing = app == len(APPS) - 1
        host = np.where(
            thing, self.cards.owner[card], (uniform(fold(key, salt=134)) ** 2 * 60).astype(np.int64)
        )
        host_no = fold(app, host, salt=135)
        names = pc.binary_join_element_wise(
            pc.utf8_slice_codeunits(hex_id(host_no, "h"), 0, 7),
            pick((".example", ".test"), (host_no % np.uint64(2)).astype(int)),
            "",
        )
        address = (198 << 24) + (18 << 16) + (mix(host_no) % np.uint64(1 << 17)).astype(np.int64)
        return pa.table(
            {
                "msisdn": self.cards.msisdn.take(pa.array(card)),
                "imei": state.imei.take(pa.array(card)),
                "cell_id": pick(self.world.places.cell_id, cell),
                "slot_start": pa.array((rows["slot"] - ZONE_US) // 1000),
                "up_bytes": pa.array(np.maximum(1, size * up).astype(np.int64)),
                "down_bytes": pa.array(np.maximum(1, size * (1 - up)).astype(np.int64)),
                "apn": pick(("internet.example", "iot.example"), self.cards.iot[card].astype(int)),
                "host": names,
                "dst_ip": ip_addresses(address),
                "app_class": pick(APPS, app),
            }
        )

    def signalling(self, day: int) -> tuple[pa.Table, Rows]:
        """Changes of state, without `received_at`: power, device, county, roaming."""
        today, before = self.world.day(day), self.world.day(day - 1)
        cards, parts = self.cards, []
        known = cards.opened_day < day
        on = today.alive & known

        def add(event: int, mask: np.ndarray, first_hour: float, hours: float) -> None:
            card = np.flatnonzero(mask)
            key = event_key(card, day, np.full(len(card), event), 6, self.seed)
            second = ((first_hour + uniform(fold(key, salt=141)) * hours) * 3600).astype(np.int64)
            at = self.world.calendar.midnight(day) + second * SECOND_US
            parts.append({"card": card, "at": at, "key": key, "event": np.full(len(card), event)})

        off = (
            uniform(fold(np.arange(len(on)), day, salt=142))
            < self.world.profile["phone_traits"]["switched_off"]
        )
        off &= on & ~cards.iot
        add(OFF, off, 0.0, 1.0)
        add(ON, off, 6.0, 2.5)
        add(NEW_IMEI, on & (today.device != before.device), 8.0, 0.8)
        both = (today.place == HERE) & (before.place == HERE)
        add(NEW_COUNTY, on & both & (today.county != before.county), 6.5, 1.4)
        add(ROAM_OUT, on & (today.place != HERE) & (before.place == HERE), 7.0, 12.0)
        add(ROAM_IN, on & (today.place == HERE) & (before.place != HERE), 7.0, 12.0)
        opened = np.flatnonzero(cards.opened_day == day)
        at = cards.opened[opened] + (uniform(fold(opened, salt=143)) * 3 * 3600).astype(np.int64) * SECOND_US
        key = event_key(opened, day, np.full(len(opened), FIRST_ON), 6, self.seed)
        parts.append({"card": opened, "at": at, "key": key, "event": np.full(len(opened), FIRST_ON)})
        rows = {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}
        rows["instance"] = np.full(len(rows["card"]), -1)
        return self._signalling_table(today, rows), rows

    def _signalling_table(self, state: CardDay, rows: Rows) -> pa.Table:
        card = rows["card"]
        out = rows["event"] == ROAM_OUT
        cell = np.where(out, -1, self.world.cells(state, card, rows["at"], rows["key"]))
        place = np.where(out, state.place[card], HERE)
        county = np.where(place == HERE, state.county[card], -1)
        visited = np.select([place == ABROAD, place == OTHER_PROVINCE], [2, 1], 0)
        return pa.table(
            {
                "msisdn": self.cards.msisdn.take(pa.array(card)),
                "imsi": self.cards.imsi.take(pa.array(card)),
                "imei": state.imei.take(pa.array(card)),
                "at": timestamps(rows["at"]),
                "event": pick(EVENTS, rows["event"]),
                "cell_id": pick(self.world.places.cell_id, cell),
                "county": pick(self.world.places.county_code, county),
                "visited_network": pick(("00101", "00101-P", "99901"), visited),
            }
        )
