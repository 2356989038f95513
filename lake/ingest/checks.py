"""Check digits of clear identifiers, as Polars expressions. Shape and check digit only: which regions, prefixes
and networks exist is looked up in dated reference tables, never here."""

from collections.abc import Callable

import numpy as np
import polars as pl

RESIDENT_WEIGHTS = tuple(pow(2, 17 - position, 11) for position in range(17))
RESIDENT_CHECK = "10X98765432"
CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
CREDIT_WEIGHTS = tuple(pow(3, position, 31) for position in range(17))
LONGEST_NUMBER = 32  # digits of what a Luhn digit may protect


def carries(kind: str, value: pl.Expr) -> pl.Expr:
    """Whether `value` (text) has the shape of `kind` and its check digit; null stays null.

    luhn: digits only, such as card numbers and IMEIs. resident_id: 18 places, MOD 11-2. credit_code: 18 places, MOD 31.
    """

    def of_distinct(values: pl.Series) -> pl.Series:  # usage repeats the same numbers again and again
        known = pl.DataFrame({"value": values.drop_nulls().unique()})
        holds = (
            _luhn(known["value"])
            if kind == "luhn"
            else known.select(_carries(kind, pl.col("value"))).to_series()
        )
        known = known.with_columns(holds.alias("holds"))
        return pl.DataFrame({"value": values}).join(known, "value", how="left", maintain_order="left")[
            "holds"
        ]

    return value.map_batches(of_distinct, return_dtype=pl.Boolean)


def _carries(kind: str, value: pl.Expr) -> pl.Expr:
    text = value.str.to_uppercase()
    if kind == "resident_id":
        digit = _at(
            RESIDENT_CHECK, _sum(text, RESIDENT_WEIGHTS, lambda c: c.cast(pl.Int64, strict=False)) % 11
        )
        return text.str.contains("^[0-9]{17}[0-9X]$") & (digit == text.str.slice(17, 1)).fill_null(False)
    places = {letter: place for place, letter in enumerate(CREDIT_ALPHABET)}
    total = _sum(
        text, CREDIT_WEIGHTS, lambda c: c.replace_strict(places, default=None, return_dtype=pl.Int64)
    )
    digit = _at(CREDIT_ALPHABET, (31 - total % 31) % 31)
    return text.str.contains(f"^[{CREDIT_ALPHABET}]{{18}}$") & (digit == text.str.slice(17, 1)).fill_null(
        False
    )


def _luhn(values: pl.Series) -> pl.Series:
    """Whether the places, every second one from the right doubled, add up to a multiple of ten."""
    is_number = values.str.contains(rf"^[0-9]{{1,{LONGEST_NUMBER}}}$")
    numbers = values.filter(is_number).str.zfill(LONGEST_NUMBER)  # leading zeros change no sum
    places = np.frombuffer(numbers.str.join("").item().encode(), np.uint8).reshape(-1, LONGEST_NUMBER) - 48
    doubled = places[:, ::2] * 2  # an even number of places: the last counts once, its neighbour twice
    total = (doubled - 9 * (doubled > 9)).sum(axis=1) + places[:, 1::2].sum(axis=1)
    return is_number.scatter(is_number.arg_true(), total % 10 == 0)


def _sum(text: pl.Expr, weights: tuple[int, ...], number: Callable[[pl.Expr], pl.Expr]) -> pl.Expr:
    parts = [number(text.str.slice(place, 1)) * weight for place, weight in enumerate(weights)]
    return pl.sum_horizontal(parts)


def _at(letters: str, position: pl.Expr) -> pl.Expr:
    return position.replace_strict(dict(enumerate(letters)), default=None, return_dtype=pl.String)
