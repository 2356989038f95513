"""What the schemes of a run have in common: instances, members, and when their harm begins."""

from dataclasses import dataclass, field

import numpy as np

LEVELS = ("E", "M", "H")


@dataclass
class Member:
    """A bad subject: an account or a card (by position), from its first to its last harmful act."""

    kind: str  # account or card
    index: int
    scheme: str
    instance: int
    role: str
    level: str
    first_harm: int  # moment
    last_harm: int


@dataclass
class Instance:
    """One execution of a scheme by one group."""

    number: int
    scheme: str
    level: str
    members: int
    first_day: int
    last_day: int
    fen: int = 0


@dataclass
class Registry:
    """Everything that will stand in truth about the schemes."""

    members: list[Member] = field(default_factory=list)
    instances: list[Instance] = field(default_factory=list)

    def open(self, scheme: str, level: str, members: int, first_day: int, last_day: int) -> Instance:
        """Register a new instance."""
        instance = Instance(len(self.instances) + 1, scheme, level, members, first_day, last_day)
        self.instances.append(instance)
        return instance

    def harmful(self, kind: str) -> list[Member]:
        """Members of a kind."""
        return [m for m in self.members if m.kind == kind]


class LevelMix:
    """Deals easy, medium and hard so that the members, not only the instances, meet the shares."""

    def __init__(self, rng: np.random.Generator, shares: dict[str, float]) -> None:
        self._shares, self._dealt = shares, dict.fromkeys(LEVELS, 0.0)
        self._jitter = {level: rng.random() * 0.2 for level in LEVELS}

    def deal(self, members: int) -> str:
        """The level that lags furthest behind its share once these members are counted."""
        total = sum(self._dealt.values()) + members
        lag = {
            level: self._shares[level] * total - self._dealt[level] + self._jitter[level] for level in LEVELS
        }
        level = max(lag, key=lambda name: lag[name])
        self._dealt[level] += members
        return level


def shift_level(rng: np.random.Generator, level: str) -> str:
    """A member is sometimes more or less careful than its group, by one step."""
    at = LEVELS.index(level)
    if rng.random() < 0.2:
        at = min(2, max(0, at + int(rng.integers(0, 2)) * 2 - 1))
    return LEVELS[at]


def between(rng: np.random.Generator, bounds: list[float]) -> float:
    """Uniform between two bounds."""
    return float(bounds[0] + rng.random() * (bounds[1] - bounds[0]))


def whole(rng: np.random.Generator, bounds: list[int]) -> int:
    """Uniform whole number, both bounds included."""
    return int(rng.integers(bounds[0], bounds[1] + 1))
