"""Cards of the whole run: owners, habits, places and phones."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from demo.arrow import number
from demo.bank_plan import BankPlan
from demo.calendar import DAY_US, SECOND_US, Calendar
from demo.identifiers import imeis, imsis, iot_numbers, phone_numbers
from demo.places import Places
from demo.profile import Profile
from demo.rng import Keyed, fold, permute, stream, uniform

NEVER = 10**6


@dataclass
class Owners:
    """One position per owner: people first, then groups (owners of IoT cards)."""

    group: np.ndarray  # bool
    customer: np.ndarray  # position of the same person at the bank, -1 = banks elsewhere
    birth: np.ndarray
    man: np.ndarray
    county: np.ndarray
    since: np.ndarray  # day of the first card


@dataclass
class Cards:
    """One position per card: phones, IoT cards, phones opened during the run, cards of batches."""

    iot: np.ndarray  # bool
    persona: np.ndarray  # position in phones or, for IoT cards, in iot
    owner: np.ndarray
    county: np.ndarray
    home: np.ndarray  # cell
    work: np.ndarray
    opened: np.ndarray  # moment
    opened_day: np.ndarray
    shop: np.ndarray
    batch: np.ndarray  # number of the batch it was opened in, -1 = alone
    calls_out: np.ndarray  # a day
    calls_in: np.ndarray
    book: np.ndarray
    new: np.ndarray  # share of calls to new numbers
    seconds: np.ndarray
    sms: np.ndarray  # a day
    mb: np.ndarray  # a month
    use_from: np.ndarray  # short-lived cards are used inside a window, on some days
    use_until: np.ndarray
    use_share: np.ndarray
    odd_from: np.ndarray  # first day of the month of many new numbers
    odd_calls: np.ndarray
    fresh: np.ndarray  # bool, opened during the run and mostly calling out at first
    handset: np.ndarray  # position of the card in whose handset it is used, mostly its own
    tac_class: np.ndarray
    msisdn_no: np.ndarray
    msisdn: pa.Array
    imsi: pa.Array


@dataclass
class Tacs:
    """Types of devices: the TACs of class c are `first[c] .. first[c] + count[c]`."""

    classes: tuple[str, ...]
    first: np.ndarray
    count: np.ndarray
    number: np.ndarray

    def pick(self, tac_class: np.ndarray, key: np.ndarray) -> np.ndarray:
        """TAC of a device of a class; few models are frequent, many are rare."""
        at = (uniform(fold(key, salt=101)) ** 2 * self.count[tac_class]).astype(np.int64)
        return self.number[self.first[tac_class] + at]


@dataclass
class CardPlan:
    """Everything about the carrier that does not depend on the day."""

    cards: Cards
    owners: Owners
    tacs: Tacs
    swaps: dict[str, np.ndarray]  # card, day: a new phone
    phone_names: tuple[str, ...]
    iot_names: tuple[str, ...]

    def device_keys(self, day: int) -> np.ndarray:
        """The device key of every card on a day."""
        done = self.swaps["day"] <= day
        count = np.bincount(self.swaps["card"][done], minlength=len(self.cards.iot))
        own = (fold(np.arange(len(count)), count, salt=102) >> np.uint64(1)).astype(np.int64)
        return own[self.cards.handset]

    def imeis(self, key: np.ndarray, tac_class: np.ndarray) -> pa.Array:
        """IMEIs of device keys."""
        return imeis(self.tacs.pick(tac_class, key), fold(key, salt=103).astype(np.int64) & 0xFFFFF)


@dataclass
class Batch:
    """Cards that a group opened together (they exist besides the ordinary openings)."""

    number: int
    day: int
    shops: list[int]
    county: int
    cards: list[int]  # cards per person


def build_cards(
    profile: Profile,
    size: dict[str, Any],
    seed: int,
    days: int,
    calendar: Calendar,
    places: Places,
    bank: BankPlan,
    batches: list[Batch],
) -> CardPlan:
    """Draw owners, cards and devices; the bank's customers get their phone numbers from here."""
    new = np.repeat(
        np.arange(days),
        [stream(seed, "phones", d).poisson(size["phones_opened"]) for d in range(days)],
    )
    owner, owners, opened_day, batch, shop = _owners(profile, size, seed, days, places, bank, new, batches)
    cards = _cards(profile, size, seed, days, calendar, places, owners, owner, opened_day, batch, shop)
    _give_phones(bank, owners, cards)
    draw = Keyed(seed, "card_swaps", np.arange(len(owner)))
    rate = np.array([p["imei"] for p in profile["phones"].values()])
    mean = np.where(cards.iot, 0.02, rate[np.where(cards.iot, 0, cards.persona)] * 1.3)
    count = draw.poisson(mean * np.exp(draw.normal() * 0.95) * days / 243)
    who = np.repeat(np.arange(len(mean)), count)
    turn = np.arange(len(who)) - np.repeat(np.cumsum(count) - count, count)
    day = (uniform(fold(who, turn, salt=seed + 106)) * days).astype(np.int64)
    swaps = {"card": who, "day": day}
    return CardPlan(
        cards, owners, _tacs(profile, seed), swaps, tuple(profile["phones"]), tuple(profile["iot"])
    )


def _tacs(profile: Profile, seed: int) -> Tacs:
    classes = profile["tac"]["classes"]
    count = np.array(list(classes.values()))
    number_of = 9_990_000 + permute(np.arange(count.sum()), 10_000, seed + 17)  # 0999xxxx
    return Tacs(tuple(classes), np.cumsum(count) - count, count, number_of)


def _owners(
    profile: Profile,
    size: dict[str, Any],
    seed: int,
    days: int,
    places: Places,
    bank: BankPlan,
    new: np.ndarray,
    batches: list[Batch],
) -> tuple[np.ndarray, Owners, np.ndarray, np.ndarray, np.ndarray]:
    """Owner, opening day, batch and shop of each card, and the owners themselves."""
    rng = stream(seed, "owners")
    held = np.where(
        rng.random(size["phones"]) < profile["phone_traits"]["family"],
        4,
        1 + (rng.random(size["phones"]) < 0.15),
    )
    people = int(np.searchsorted(np.cumsum(held), size["phones"])) + 1
    phone_owner = rng.permutation(np.repeat(np.arange(people), held[:people])[: size["phones"]])
    groups = max(3, size["iot"] // profile["iot_traits"]["cards_per_owner"])
    weight = np.exp(rng.normal(size=groups) * 1.6)
    iot_owner = rng.choice(groups, size["iot"], p=weight / weight.sum())
    new_people = len(new)
    batch_people = sum(len(b.cards) for b in batches)
    base = people + groups
    batch_owner = (
        np.repeat(np.arange(batch_people), [n for b in batches for n in b.cards]) + base + new_people
    )
    owner = np.r_[phone_owner, iot_owner + people, base + np.arange(new_people), batch_owner].astype(np.int64)
    batch_size = [sum(b.cards) for b in batches]
    extra_day = np.repeat([b.day for b in batches], batch_size)
    opened_day = np.r_[
        -(rng.random(size["phones"]) ** 1.4 * (profile["calendar"]["lead_days"] - 1)).astype(int) - 1,
        _iot_days(profile, rng, size["iot"]),
        new,
        extra_day,
    ].astype(np.int64)
    batch = np.r_[
        np.full(len(owner) - sum(batch_size), -1), np.repeat([b.number for b in batches], batch_size)
    ].astype(int)
    shop = Keyed(seed, "shops", np.arange(len(owner))).integers(0, len(places.shop_dealer))
    spots = [b.shops[i % len(b.shops)] for b in batches for i in range(sum(b.cards))]
    shop[len(owner) - len(spots) :] = spots
    total = base + new_people + batch_people
    customers = bank.customers
    known = np.full(total, -1)
    private = np.flatnonzero(~customers.company)
    links = min(int(len(private) * profile["bank"]["carrier_share"]), people)
    known[rng.permutation(people)[:links]] = rng.permutation(private)[:links]
    draw = Keyed(seed, "holders", np.arange(total))
    county = draw.integers(0, len(places.county_code))
    county[total - batch_people :] = np.repeat([b.county for b in batches], [len(b.cards) for b in batches])
    age = 18 + draw.random() ** 0.9 * 55
    born = np.datetime64("2026-01-01") - (age * 365.25).astype(int) - draw.integers(0, 365)
    birth = np.array([d.year * 10000 + d.month * 100 + d.day for d in born.astype(object)])
    man = draw.random() < 0.51
    match = known >= 0
    county[match], birth[match] = customers.county[known[match]], customers.birth[known[match]]
    man[match] = customers.man[known[match]]
    since = np.full(total, NEVER)
    np.minimum.at(since, owner, opened_day)
    group = np.zeros(total, bool)
    group[people:base] = True
    return owner, Owners(group, known, birth, man, county, since), opened_day, batch, shop


def _iot_days(profile: Profile, rng: np.random.Generator, count: int) -> np.ndarray:
    """Opening days of IoT cards: the given share on or after 2023-04-28 (about 980 days)."""
    recent = rng.random(count) < profile["iot_traits"]["recent"]
    return np.where(recent, -rng.integers(1, 975, count), -rng.integers(995, 2900, count))


def _cards(
    profile: Profile,
    size: dict[str, Any],
    seed: int,
    days: int,
    calendar: Calendar,
    places: Places,
    owners: Owners,
    owner: np.ndarray,
    opened_day: np.ndarray,
    batch: np.ndarray,
    shop: np.ndarray,
) -> Cards:
    traits, count = profile["phone_traits"], len(owner)
    rank = np.arange(count)
    draw = Keyed(seed, "card_traits", rank)
    iot = np.zeros(count, bool)
    iot[size["phones"] : size["phones"] + size["iot"]] = True
    phones, things = list(profile["phones"].values()), list(profile["iot"].values())
    share = np.array([p["share"] for p in phones])
    thing_share = np.array([t["share"] for t in things])
    persona = np.where(iot, draw.choice(thing_share), draw.choice(share))

    def of(name: str, thing: Any, default: float = 0.0) -> np.ndarray:
        phone_values = np.array([p.get(name, default) for p in phones], float)
        return np.where(iot, thing, phone_values[np.where(iot, 0, persona)])

    def spread(sigma: float, shift: float = 0.0) -> np.ndarray:
        return np.exp(shift + draw.normal() * sigma)

    county = np.where(draw.random() < 0.92, owners.county[owner], draw.integers(0, len(places.county_code)))
    volume, tilt = spread(traits["volume"]), spread(traits["tilt"])
    quiet = np.where(draw.random() < traits["few_incoming"], 0.05, 1.0)
    thing_mb = np.array([t["mb"] for t in things])[np.where(iot, persona, 0)]
    mb = np.where(
        iot,
        thing_mb[:, 0] * np.exp(draw.normal() * thing_mb[:, 1]),
        of("mb", 0) * spread(traits["data"], traits["data_shift"]),
    )
    mb[draw.random() < of("no_data", 0)] = 0
    months, short = of("months", 0), of("months", 0) > 0
    length = 30 * draw.geometric(np.where(short, months, 0.5))
    begin = np.where(opened_day >= 0, opened_day, draw.integers(-240, max(days, 1)))
    active = np.array([p.get("active", [30, 30]) for p in phones])[np.where(iot, 0, persona)]
    used = (active[:, 0] + draw.random() * (active[:, 1] - active[:, 0])) / 30
    odd = (draw.random() < traits["odd_month"]) & ~iot
    fresh = (draw.random() < traits["just_opened"]) & (opened_day >= 0)
    lent = (draw.random() < traits["shared_handset"]) & ~iot & (rank > 0) & (opened_day < 0)
    classes = list(profile["tac"]["classes"])
    kind = [p.get("tac", "phone") for p in phones], [t["tac"] for t in things]
    tac_class = np.where(
        iot, np.array([classes.index(c) for c in kind[1]])[np.where(iot, persona, 0)],
        np.array([classes.index(c) for c in kind[0]])[np.where(iot, 0, persona)],
    )  # fmt: skip
    elder = (tac_class == 0) & (draw.random() < 0.12) & np.isin(persona, [2, 3]) & ~iot
    tac_class[elder] = classes.index("feature phone")
    second = draw.integers(9 * 3600, 19 * 3600)
    msisdn_no = np.where(iot, iot_numbers(rank, seed), phone_numbers(rank, seed))
    return Cards(
        iot=iot,
        persona=persona,
        owner=owner,
        county=county,
        home=places.cells_of(county, draw.random()),
        work=places.cells_of(county, draw.random()),
        opened=calendar.midnight(0) + opened_day * DAY_US + second * SECOND_US,
        opened_day=opened_day,
        shop=shop,
        batch=batch,
        calls_out=of("out", 0) * volume * tilt,
        calls_in=of("in", 0) * volume / tilt * quiet,
        book=np.maximum(2, of("book", 2) * 1.3 * spread(traits["book"]) * np.sqrt(volume)),
        new=np.minimum(0.95, of("new", 0) * spread(traits["new"])),
        seconds=of("sec", 30) * spread(traits["seconds"], traits["seconds_shift"]),
        sms=of("sms", 0) * spread(traits["sms"], traits["sms_shift"]),
        mb=mb,
        use_from=np.where(short, begin, -NEVER),
        use_until=np.where(short, begin + length, NEVER),
        use_share=np.where(short, used, 1.0),
        odd_from=np.where(fresh, opened_day, np.where(odd, draw.integers(-30, max(days, 1)), NEVER)),
        odd_calls=traits["odd_calls"][0] * spread(traits["odd_calls"][1]) / 30,
        fresh=fresh,
        handset=np.where(lent, rank - 1, rank),
        tac_class=tac_class,
        msisdn_no=msisdn_no,
        msisdn=pa.concat_arrays(
            [
                number(msisdn_no[: size["phones"]], 11),
                number(msisdn_no[iot], 13),
                number(msisdn_no[size["phones"] + size["iot"] :], 11),
            ]
        ),
        imsi=imsis(permute(rank, 10**10, seed + 18)),
    )


def _give_phones(bank: BankPlan, owners: Owners, cards: Cards) -> None:
    """A customer whose carrier we are has the number of the first card that person owns."""
    first = np.full(len(owners.customer), -1)
    phones = np.flatnonzero(~cards.iot)[::-1]
    first[cards.owner[phones]] = phones
    match = np.flatnonzero((owners.customer >= 0) & (first >= 0))
    customer, card = owners.customer[match], first[match]
    bank.customers.card[customer] = card
    bank.customers.phone[customer] = cards.msisdn_no[card]
