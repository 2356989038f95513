"""Counter-based randomness: every draw is addressed by (seed, stream, bucket, day)."""

import numpy as np

# A new consumer takes a new number at the end; numbers never move, so old streams never move.
_NAMES = (
    "places", "customers", "accounts", "openings", "phones", "owners",
    "personas", "card_traits", "bank_purchases", "bank_moves", "bank_regular", "bank_cash",
    "episodes", "sweeper", "logins", "phone_changes", "calls", "sms", "data",
    "signalling", "account_schemes", "card_schemes", "scheme_calls", "leaks", "reviewers",
    "dirt_transactions", "dirt_logins", "dirt_calls", "dirt_sms", "dirt_data_sessions",
    "dirt_signalling", "dirt_customers_private", "dirt_customers_corporate", "tac", "batches",
    "holders", "card_swaps", "shops",
)  # fmt: skip
STREAMS = {name: number for number, name in enumerate(_NAMES, start=1)}
DAY_OFFSET = 1_000_000  # days before the start are negative; Philox counters are not

_M1, _M2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_GOLDEN = 0x9E3779B97F4A7C15
_MASK = (1 << 64) - 1


def stream(seed: int, name: str, day: int = 0, bucket: int = 0) -> np.random.Generator:
    """Return the generator of one stream, bucket and day.

    The lowest counter word counts the blocks drawn, so it starts at 0 and the address stands in
    the words above it; two addresses can never run into each other.
    """
    counter = [0, day + DAY_OFFSET, bucket, STREAMS[name]]
    return np.random.Generator(np.random.Philox(key=seed, counter=counter))


def mix(values: np.ndarray, salt: int = 0) -> np.ndarray:
    """Bijective 64-bit mixing (splitmix64) of integers: unique in, unique out, no visible order."""
    offset = np.uint64(((salt + 1) * _GOLDEN) & _MASK)
    x = np.atleast_1d(np.asarray(values)).astype(np.uint64) + offset  # scalars would warn of overflow
    x = (x ^ (x >> np.uint64(30))) * _M1
    x = (x ^ (x >> np.uint64(27))) * _M2
    return x ^ (x >> np.uint64(31))


def fold(*parts: np.ndarray | int, salt: int = 0) -> np.ndarray:
    """Hash several integer columns into one 64-bit column (keyed by `salt`)."""
    value = mix(np.asarray(parts[0]), salt)
    for part in parts[1:]:
        value = mix(value ^ mix(np.asarray(part), salt + 1), salt)
    return value


def uniform(hashed: np.ndarray) -> np.ndarray:
    """Turn 64-bit hashes into floats in [0, 1)."""
    return (hashed >> np.uint64(11)).astype(np.float64) * 2.0**-53


class Keyed:
    """Draws per position: more positions, or other ones, never move the draws of the rest.

    Every call takes the next salt, so the order of the calls is part of the address.
    """

    def __init__(self, seed: int, name: str, index: np.ndarray) -> None:
        self._index, self._salt = np.asarray(index), (seed * 1000 + STREAMS[name]) * 100

    def random(self) -> np.ndarray:
        """Uniform in [0, 1)."""
        self._salt += 1
        return uniform(fold(self._index, salt=self._salt))

    def normal(self) -> np.ndarray:
        """Standard normal (Box-Muller)."""
        return np.sqrt(-2 * np.log1p(-self.random())) * np.cos(2 * np.pi * self.random())

    def integers(self, low: int | np.ndarray, high: int | np.ndarray) -> np.ndarray:
        """Whole numbers in [low, high)."""
        return (low + np.floor(self.random() * (np.asarray(high) - low))).astype(np.int64)

    def choice(self, weights: np.ndarray) -> np.ndarray:
        """Positions drawn by weight."""
        total = np.cumsum(weights)
        return np.searchsorted(total, self.random() * total[-1], side="right")

    def geometric(self, p: np.ndarray) -> np.ndarray:
        """Number of trials up to the first success."""
        return 1 + np.floor(np.log1p(-self.random()) / np.log1p(-p)).astype(np.int64)

    def poisson(self, mean: np.ndarray, most: int = 12) -> np.ndarray:
        """Poisson counts of small means, cut at `most`."""
        chance, term = self.random(), np.exp(-mean)
        total, count = term.copy(), np.zeros(len(mean), np.int64)
        for step in range(1, most + 1):
            count += chance >= total
            term = term * mean / step
            total += term
        return count


def permute(values: np.ndarray, domain: int, key: int) -> np.ndarray:
    """Keyed permutation of the integers [0, domain): a Feistel network with cycle walking.

    Identifiers built from it are unique and say nothing about the order of creation.
    """
    half = max(1, ((domain - 1).bit_length() + 1) // 2)
    mask = np.uint64((1 << half) - 1)
    out = np.asarray(values).astype(np.uint64)
    pending = np.ones(out.shape, bool)
    while pending.any():
        left, right = out[pending] >> np.uint64(half), out[pending] & mask
        for turn in range(4):
            left, right = right, left ^ (mix(right, key * 8 + turn) & mask)
        out[pending] = (left << np.uint64(half)) | right
        pending = out >= domain
    return out.astype(np.int64)
