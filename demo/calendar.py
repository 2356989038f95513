"""Weekdays, holidays and hours of the simulated province."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from demo.profile import Profile

DAY_US = 86_400_000_000
HOUR_US, MINUTE_US, SECOND_US = 3_600_000_000, 60_000_000, 1_000_000
EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Calendar:
    """Dates by day number (0 = first simulated day) and the factors of a date."""

    start: date
    profile: Profile

    def date(self, day: int) -> date:
        """The date of a day number."""
        return self.start + timedelta(days=day)

    def midnight(self, day: int) -> int:
        """Microseconds since 1970 (business local) at the beginning of a day."""
        return (self.date(day) - EPOCH).days * DAY_US

    def day_of(self, micros: np.ndarray) -> np.ndarray:
        """Day numbers of moments."""
        return np.asarray(micros) // DAY_US - (self.start - EPOCH).days

    def holiday(self, day: int) -> bool:
        """Whether the day lies in the Spring Festival holiday."""
        text = self.date(day).isoformat()
        return any(first <= text <= last for first, last in self.profile["calendar"]["holidays"])

    def working(self, day: int) -> bool:
        """Whether banks and offices work."""
        return self.date(day).weekday() < 5 and not self.holiday(day)

    def private_factor(self, day: int) -> float:
        """How busy private customers are, 1 = an average day."""
        return self.profile["calendar"]["weekday"][self.date(day).weekday()]

    def transfer_factor(self, day: int) -> float:
        """Like `private_factor` for transfers between people, which peak on New Year's eve."""
        eve = self.date(day).isoformat() in self.profile["calendar"]["eves"]
        return self.private_factor(day) * (self.profile["calendar"]["eve_transfers"] if eve else 1.0)

    def company_factor(self, day: int) -> float:
        """How busy companies are."""
        numbers = self.profile["calendar"]
        if self.holiday(day):
            return numbers["company_holiday"]
        if self.date(day).weekday() == 6:
            return numbers["company_sunday"]
        month_end = self.date(day + 3).month != self.date(day).month
        return numbers["company_month_end"] if month_end else 1.0

    def pay_dates(self, day: int) -> list[int]:
        """Days of the month whose regular payments fall on `day`: moved forward off free days.

        A working day also takes the dates of the free days right after it.
        """
        if not self.working(day):
            return []
        dates, ahead = [self.date(day).day], day + 1
        while not self.working(ahead):
            dates.append(self.date(ahead).day)
            ahead += 1
        return dates

    def moments(
        self, rng: np.random.Generator, day: int, count: int, hours: str = "bank_hours"
    ) -> np.ndarray:
        """Draw moments of a day by the named weights of the hours."""
        weights = np.cumsum(np.asarray(self.profile["calendar"][hours], float))
        hour = np.searchsorted(weights / weights[-1], rng.random(count), side="right")
        return self.midnight(day) + hour * HOUR_US + rng.integers(0, HOUR_US // 1000, count) * 1000
