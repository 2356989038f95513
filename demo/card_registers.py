"""Subscriptions, owners and device types as they land."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from demo import names
from demo.arrow import constant, moments, nulled, nulls, number, pick
from demo.bank_registers import PERSON_KEY, person_ids
from demo.calendar import Calendar
from demo.card_plan import CardPlan
from demo.identifiers import credit_codes, iccids
from demo.places import Places
from demo.profile import Profile
from demo.rng import fold, permute, stream, uniform

TARIFFS = ("19元保号", "39元畅享", "49元青春", "79元畅享", "129元畅享", "199元尊享")
THING_TARIFFS = ("物联30M", "物联1G", "物联10G", "物联100G")
CHANNELS = ("厅店", "商城", "代理", "校园", "直销")
OWNER_KEY = 50_000_000


class CardRegisters:
    """Rows of the carrier's master data."""

    def __init__(
        self,
        profile: Profile,
        size: dict[str, Any],
        seed: int,
        calendar: Calendar,
        places: Places,
        plan: CardPlan,
    ) -> None:
        self.profile, self.size, self.seed = profile, size, seed
        self.calendar, self.places, self.plan = calendar, places, plan

    def subscriptions(self, who: np.ndarray) -> pa.Table:
        """`subscriptions` for the given cards."""
        cards, owners = self.plan.cards, self.plan.owners
        iot, owner = cards.iot[who], cards.owner[who]
        u = [uniform(fold(who, salt=171 + i)) for i in range(6)]
        traits = self.profile["iot_traits"]
        batch = cards.batch[who] >= 0
        cmiot = iot & (uniform(fold(owner, salt=178)) < traits["cmiot"])
        tariff = np.where(batch, 2, np.searchsorted([0.2, 0.45, 0.6, 0.82, 0.95], u[0]))
        thing = np.clip(np.log10(np.maximum(cards.mb[who], 1)).astype(int), 0, 3)
        tariffs = pc.if_else(pa.array(iot), pick(THING_TARIFFS, thing), pick(TARIFFS, tariff))
        channel = np.where(iot, 4, np.where(batch, 2, np.searchsorted([0.4, 0.6, 0.9, 0.96], u[1])))
        shop = np.isin(channel, [0, 2, 3])
        line = np.where(iot, 3, np.where(channel == 3, 1, np.where(u[2] < 0.1, 2, 0)))
        clerk = 8_000_000 + cards.shop[who] * 10 + (u[3] * 3).astype(np.int64)
        old = (self.calendar.start.year - owners.birth[owner] // 10_000 >= 65) & ~iot
        customer = number(800_000_000 + permute(owner, 10**8, self.seed + 21), 9)
        return pa.table(
            {
                "msisdn": cards.msisdn.take(pa.array(who)),
                "imsi": cards.imsi.take(pa.array(who)),
                "iccid": iccids(permute(who, 10**14, self.seed + 22)),
                "owner_id": self._owner_ids(owner),
                "customer_no": customer,
                "kind": pick(("手机", "物联"), iot.astype(int)),
                "platform": pick(("BSS", "CMIOT", "PBOSS"), np.where(iot, np.where(cmiot, 1, 2), 0)),
                "opened_at": moments(cards.opened[who]),
                "migrated": pa.array(iot & (u[4] < traits["migrated"])),
                "tariff": tariffs,
                "product_line": pick(("个人", "校园", "副卡", "物联"), line),
                "channel": pick(CHANNELS, channel),
                "dealer_id": nulled(number(self.places.shop_dealer[cards.shop[who]] + 1, 5, "D"), ~shop),
                "shop_id": nulled(number(cards.shop[who] + 1, 6, "S"), ~shop),
                "clerk_id": nulled(number(clerk, 7), ~shop),
                "order_id": nulled(number(permute(who, 10**12, self.seed + 23), 12, "W"), channel != 1),
                "status": constant("在用", len(who)),
                "status_at": moments(cards.opened[who]),
                "stop_reason": nulls(len(who)),
                "home_county": pick(self.places.county_code, cards.county[who]),
                "special_group": pick(("老年人",), np.where(old, 0, -1)),
            }
        )

    def _owner_ids(self, owner: np.ndarray) -> pa.Array:
        return number(permute(owner, 10**9, self.seed + 24), 9, "O")

    def owners(self, who: np.ndarray) -> pa.Table:
        """`owners` for the given owners; people who bank with us bear the same name and ID there."""
        owners, places = self.plan.owners, self.places
        group, county = owners.group[who], owners.county[who]
        key = np.where(owners.customer[who] >= 0, owners.customer[who] + PERSON_KEY, who + OWNER_KEY)
        region = pc.cast(places.county_code.take(pa.array(county)), pa.int64()).to_numpy()
        company = pa.array(group)
        ids = person_ids(key, places.county_code, county, owners.birth[who], owners.man[who])
        codes = credit_codes(region, permute(who + OWNER_KEY, 10**9, self.seed + 19))
        industries = sorted({t["industry"] for t in self.profile["iot"].values()})
        industry = (fold(who, salt=181) % np.uint64(len(industries))).astype(np.int64)
        contact = 16_400_000_000 + (fold(who, salt=self.seed + 182) % np.uint64(10**8)).astype(np.int64)
        return pa.table(
            {
                "owner_id": self._owner_ids(who),
                "type": pick(("个人", "集团"), group.astype(int)),
                "name": pc.if_else(company, names.companies(key), names.people(key)),
                "id_type": pick(("居民身份证", "统一社会信用代码"), group.astype(int)),
                "id_no": pc.if_else(company, codes, ids),
                "address": names.addresses(key, places.county_name, county),
                "contact": number(contact, 11),
                "industry": pick(industries, np.where(group, industry, -1)),
            }
        )

    def tac_library(self) -> pa.Table:
        """Device types as the carrier knows them: some on air are missing, some are filed wrongly."""
        rng, tacs, spec = stream(self.seed, "tac"), self.plan.tacs, self.profile["tac"]
        kind = np.repeat(np.arange(len(tacs.classes)), tacs.count)
        known = rng.random(len(kind)) >= spec["missing"]
        filed = np.where(
            rng.random(len(kind)) < spec["wrong"], rng.integers(0, len(tacs.classes), len(kind)), kind
        )
        order = np.argsort(tacs.number[known], kind="stable")
        tac, filed = tacs.number[known][order], filed[known][order]
        brand = (fold(tac, salt=183) % np.uint64(18)).astype(np.int64)
        return pa.table(
            {
                "tac": number(tac, 8),
                "brand": pick([f"品牌{chr(65 + i)}" for i in range(18)], brand),
                "model": number((fold(tac, salt=184) % np.uint64(9000)).astype(np.int64) + 100, 4, "N"),
                "class": pick(tacs.classes, filed),
                "valid_from": constant("2015-01-01", len(tac)),
                "valid_to": nulls(len(tac)),
            }
        )

    def opened_on(self, first: int, last: int) -> np.ndarray:
        """Cards opened on the days first..last."""
        day = self.plan.cards.opened_day
        return np.flatnonzero((day >= first) & (day <= last))

    def owners_since(self, first: int, last: int) -> np.ndarray:
        """Owners whose first card was opened on the days first..last (and holders of any card)."""
        since = self.plan.owners.since
        return np.flatnonzero((since >= first) & (since <= last))
