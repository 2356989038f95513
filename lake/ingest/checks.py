"""Check digits of clear identifiers, as Spark columns. Shape and check digit only: which regions, prefixes and
networks exist is looked up in dated reference tables, never here."""

from functools import reduce
from operator import add
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import Column

RESIDENT_WEIGHTS = tuple(pow(2, 17 - position, 11) for position in range(17))
RESIDENT_CHECK = "10X98765432"
CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
CREDIT_WEIGHTS = tuple(pow(3, position, 31) for position in range(17))


def carries(kind: str, value: "Column") -> "Column":
    """Whether `value` (text) has the shape of `kind` and its check digit; null stays null.

    luhn: digits only, such as card numbers and IMEIs. resident_id: 18 places, MOD 11-2. credit_code: 18 places, MOD 31.
    """
    from pyspark.sql import functions as F

    if kind == "luhn":
        # luhn_check is null for what is no number
        return F.when(value.isNotNull(), F.coalesce(F.call_function("luhn_check", value), F.lit(False)))
    text = F.upper(value)
    if kind == "resident_id":
        return F.when(~F.rlike(text, F.lit("^[0-9]{17}[0-9X]$")), False).otherwise(
            _at(RESIDENT_CHECK, _sum(text, RESIDENT_WEIGHTS, "0123456789") % 11) == F.substring(text, 18, 1)
        )
    return F.when(~F.rlike(text, F.lit(f"^[{CREDIT_ALPHABET}]{{18}}$")), False).otherwise(
        _at(CREDIT_ALPHABET, (31 - _sum(text, CREDIT_WEIGHTS, CREDIT_ALPHABET) % 31) % 31)
        == F.substring(text, 18, 1)
    )


def _sum(text: "Column", weights: tuple[int, ...], alphabet: str) -> "Column":
    from pyspark.sql import functions as F

    # translate gives each place its value as one character (code 33 = 0), ascii reads it back: no branch per letter
    shifted = F.translate(text, alphabet, "".join(chr(33 + n) for n in range(len(alphabet))))
    places = enumerate(weights, 1)
    return reduce(add, [(F.ascii(F.substring(shifted, place, 1)) - 33) * weight for place, weight in places])


def _at(letters: str, position: "Column") -> "Column":
    from pyspark.sql import functions as F

    return F.substring(F.lit(letters), position + 1, F.lit(1))
