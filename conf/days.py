"""Inclusive ranges of mornings."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from conf.errors import UsageError


@dataclass(frozen=True)
class DayRange:
    """The mornings `first` to `last`, both inclusive; with `every` = n each n-th, counted back from `last`."""

    first: date
    last: date
    every: int = 1

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise UsageError(
                f"a range of days must not end before it begins; found {self.first} to {self.last}"
            )
        if self.every < 1:
            raise UsageError(f"wanted every 1 or more days, found {self.every}")

    @classmethod
    def one(cls, day: date) -> "DayRange":
        """The range of a single morning."""
        return cls(day, day)

    def __iter__(self) -> Iterator[date]:
        return (self.last - timedelta(days=n * self.every) for n in reversed(range(len(self))))

    def __len__(self) -> int:
        return (self.last - self.first).days // self.every + 1

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}..{self.last}"
