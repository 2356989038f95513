"""Identifiers that cannot belong to anybody, with correct check digits.

Unassigned prefixes only: provinces 16, mobile 154 and 164, area code 0340, MCC 001, TAC 0999,
card range 9900, reserved IP ranges. Shape and check digits are right, so that checks of shape pass.
"""

import numpy as np
import pyarrow as pa

from demo.arrow import digits, from_chars, number
from demo.rng import fold, permute

_ID_WEIGHTS = np.array([pow(2, 17 - i, 11) for i in range(17)])
_ID_CHECK = np.frombuffer(b"10X98765432", np.uint8)
_USCC_ALPHABET = np.frombuffer(b"0123456789ABCDEFGHJKLMNPQRTUWXY", np.uint8)
_USCC_WEIGHTS = np.array([pow(3, i, 31) for i in range(17)])
HOME_CARDS = 20_000_000  # positions below are our cards, above are other numbers of the home network
RIVAL_PREFIXES = np.array([164, 194])


def luhn(body: np.ndarray) -> np.ndarray:
    """Luhn check digit of each row of a digit matrix."""
    doubled = body[:, ::-1].astype(np.int64)
    doubled[:, ::2] *= 2
    doubled -= 9 * (doubled > 9)
    return ((10 - doubled.sum(axis=1) % 10) % 10).astype(np.uint8)


def _with_luhn(body: np.ndarray) -> pa.StringArray:
    return from_chars(np.column_stack([body, luhn(body)]) + np.uint8(48))


def bank_cards(serial: np.ndarray) -> pa.StringArray:
    """16 digits: 9900, eleven digits, Luhn."""
    return _with_luhn(digits(990_000_000_000_000 + np.asarray(serial).astype(np.int64) % 10**11, 15))


def imeis(tac: np.ndarray, serial: np.ndarray) -> pa.StringArray:
    """15 digits: TAC (8), serial (6), Luhn."""
    return _with_luhn(digits(np.asarray(tac, np.int64) * 1_000_000 + serial % 1_000_000, 14))


def iccids(serial: np.ndarray) -> pa.StringArray:
    """20 digits: 89999, fourteen digits, Luhn."""
    body = np.hstack([digits(np.full(len(serial), 89_999), 5), digits(serial, 14)])
    return _with_luhn(body)


def imsis(serial: np.ndarray) -> pa.StringArray:
    """15 digits of the home network 001-01."""
    return number(serial, 10, "00101")


def resident_ids(region: np.ndarray, birth: np.ndarray, order: np.ndarray) -> pa.StringArray:
    """Resident IDs from region code (6 digits), birth date (yyyymmdd) and order number (odd = man)."""
    body = np.hstack([digits(region, 6), digits(birth, 8), digits(order, 3)])
    check = _ID_CHECK[(body * _ID_WEIGHTS).sum(axis=1) % 11]
    return from_chars(np.column_stack([body + np.uint8(48), check]))


def credit_codes(region: np.ndarray, serial: np.ndarray) -> pa.StringArray:
    """Unified social credit codes: 91, region, nine digits, check character (base 31)."""
    body = np.hstack([digits(np.full(len(serial), 91), 2), digits(region, 6), digits(serial, 9)])
    check = _USCC_ALPHABET[(31 - (body * _USCC_WEIGHTS).sum(axis=1) % 31) % 31]
    return from_chars(np.column_stack([body + np.uint8(48), check]))


def phone_numbers(index: np.ndarray, seed: int) -> np.ndarray:
    """Our phone cards: 154 and eight digits, a keyed permutation of the position."""
    return 15_400_000_000 + permute(index, 10**8, seed + 11)


def iot_numbers(index: np.ndarray, seed: int) -> np.ndarray:
    """Our IoT cards: 1548 and nine digits (13 digits)."""
    return 1_548_000_000_000 + permute(index, 10**9, seed + 12)


def outside_numbers(key: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Numbers that are none of our cards: (number, network 0 = home, 1 = rival, 2 = fixed line)."""
    h = fold(key, salt=seed + 13)
    share = (h % np.uint64(100)).astype(np.int64)
    tail = (h >> np.uint64(20)).astype(np.int64) % 10**8
    # Positions from HOME_CARDS up are numbers of the home network that live in other provinces.
    home = 15_400_000_000 + permute(HOME_CARDS + tail % 70_000_000, 10**8, seed + 11)
    rival = RIVAL_PREFIXES[(h >> np.uint64(8)).astype(np.int64) % 2] * 10**8 + tail
    fixed = 34_000_000_000 + tail  # written with its leading zero: 0340 + 8 digits
    network = np.select([share < 48, share < 94], [0, 1], 2)
    return np.select([network == 0, network == 1], [home, rival], fixed), network


def service_numbers(key: np.ndarray) -> np.ndarray:
    """SMS ports: 154069 and six digits."""
    return 154_069_000_000 + (np.asarray(key).astype(np.int64) % 1_000_000)


def outside_cards(key: np.ndarray) -> pa.StringArray:
    """Bank cards of other banks for hashed partner keys."""
    return bank_cards(np.asarray(key).astype(np.uint64) % np.uint64(10**11))
