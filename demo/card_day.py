"""Where every card is on a day, in which device, and whether it is in use."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from demo.calendar import Calendar
from demo.card_plan import CardPlan
from demo.card_schemes import CardSchemes
from demo.places import Places
from demo.profile import Profile
from demo.rng import fold, uniform

HERE, OTHER_PROVINCE, ABROAD = range(3)
COUNTRIES = ("XA", "XB", "XC", "XD")


@dataclass
class CardDay:
    """One entry per card: state of a day, schemes included."""

    day: int
    alive: np.ndarray  # opened, in use today
    stays: np.ndarray  # share of ordinary life
    county: np.ndarray
    place: np.ndarray  # HERE, OTHER_PROVINCE or ABROAD
    fixed_cell: np.ndarray  # cell in which a scheme holds the card, -1 = free
    device: np.ndarray
    tac_class: np.ndarray
    imei: pa.Array
    bad: dict[str, np.ndarray]  # the scheme rows of the day


class CardWorld:
    """Draws the state of the cards per day; a pure function of plan and day."""

    def __init__(
        self,
        profile: Profile,
        seed: int,
        calendar: Calendar,
        places: Places,
        plan: CardPlan,
        schemes: CardSchemes,
    ) -> None:
        self.profile, self.seed, self.calendar, self.places = profile, seed, calendar, places
        self.plan, self.schemes = plan, schemes
        counties = np.array([p["counties"] for p in profile["phones"].values()]) / 6
        moves = np.array([t["moves"] for t in profile["iot"].values()])
        cards = plan.cards
        rate = np.where(
            cards.iot,
            moves[np.where(cards.iot, cards.persona, 0)] * 6,
            counties[np.where(cards.iot, 0, cards.persona)],
        )
        self.roams = rate * profile["phone_traits"]["away_county"]

    def day(self, day: int) -> CardDay:
        """The state of all cards on a day."""
        cards, traits = self.plan.cards, self.profile["phone_traits"]
        count = len(cards.iot)
        draw = fold(np.arange(count), day, salt=self.seed + 111)
        used = (cards.use_from <= day) & (day < cards.use_until) & (uniform(draw) < cards.use_share)
        alive = (cards.opened_day <= day) & used
        trip = fold(np.arange(count), day // 2, salt=self.seed + 112)  # a trip lasts a day or two
        away = uniform(trip) < self.roams
        far = (
            (uniform(fold(trip, salt=113)) < traits["away_province"] / traits["away_county"])
            & away
            & ~cards.iot
        )
        abroad = far & (uniform(fold(trip, salt=114)) < traits["country_share"])
        elsewhere = (fold(trip, salt=115) % np.uint64(len(self.places.county_code))).astype(np.int64)
        county = np.where(away, elsewhere, cards.county)
        place = np.select([abroad, far], [ABROAD, OTHER_PROVINCE], HERE)
        bad = self.schemes.on(day)
        device, tac_class = self.plan.device_keys(day), cards.tac_class.copy()
        fixed = np.full(count, -1)
        who = bad["card"]
        placed = bad["cell"] >= 0
        fixed[who[placed]] = bad["cell"][placed]
        county[who[placed]] = self.places.cell_county[bad["cell"][placed]]
        place[who[placed]] = HERE
        swapped = bad["device"] >= 0
        device[who[swapped]] = bad["device"][swapped]
        tac_class[who[swapped]] = bad["tac_class"][swapped]
        stays = self.schemes.stays(day, count)
        return CardDay(
            day,
            alive,
            stays,
            county,
            place,
            fixed,
            device,
            tac_class,
            self.plan.imeis(device, tac_class),
            bad,
        )

    def cells(self, state: CardDay, card: np.ndarray, at: np.ndarray, key: np.ndarray) -> np.ndarray:
        """The cell of each event; -1 outside the province."""
        cards = self.plan.cards
        hour = at // 3_600_000_000 % 24
        office = (hour >= 9) & (hour < 18) & self.calendar.working(state.day)
        usual = np.where(office & ~cards.iot[card], cards.work[card], cards.home[card])
        roam = (uniform(fold(key, salt=116)) < 0.15) & (~cards.iot[card] | (self.roams[card] > 0))
        spot = uniform(fold(card, fold(key, salt=117) % np.uint64(6), salt=118))  # a few places of habit
        county = state.county[card]
        moved = roam | (county != cards.county[card])
        cell = np.where(moved, self.places.cells_of(county, spot), usual)
        cell = np.where(state.fixed_cell[card] >= 0, state.fixed_cell[card], cell)
        return np.where(state.place[card] == HERE, cell, -1)


def event_key(card: np.ndarray, day: int, rank: np.ndarray, kind: int, seed: int) -> np.ndarray:
    """Unique 64-bit key per event: kind (1..7), card, day and rank within card, day and kind."""
    packed = (kind << 60) | (card.astype(np.int64) << 32) | (day << 20) | rank
    return fold(packed, salt=seed + 119)


def ranks(card: np.ndarray) -> np.ndarray:
    """Position of each row within its run of equal cards."""
    first = np.r_[True, card[1:] != card[:-1]] if len(card) else np.zeros(0, bool)
    return np.arange(len(card)) - np.maximum.accumulate(np.where(first, np.arange(len(card)), 0))
