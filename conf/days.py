"""Inclusive ranges of mornings."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from conf.errors import UsageError


@dataclass(frozen=True)
class DayRange:
    """The mornings `first` to `last`, both inclusive."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise UsageError(
                f"a range of days must not end before it begins; found {self.first} to {self.last}"
            )

    @classmethod
    def one(cls, day: date) -> "DayRange":
        """The range of a single morning."""
        return cls(day, day)

    def __iter__(self) -> Iterator[date]:
        return (self.first + timedelta(days=n) for n in range(len(self)))

    def __len__(self) -> int:
        return (self.last - self.first).days + 1

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}..{self.last}"
