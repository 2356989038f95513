"""Texts and numbers as 64-bit numbers that are the same on every machine and in every version.

Subjects and counted values (counterparties, devices, cells) are kept as such numbers: they are compared and counted,
never shown. Two different values of one subject meet by chance once in 10^13 subjects of a thousand values; that two
subjects of a morning meet is looked for and refused (`features.engine`).
"""

import numpy as np
import polars as pl
import pyarrow as pa
from numba import njit

FNV_START, FNV_PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)


def hashed(values: pl.Series) -> pl.Series:
    """One Int64 per value, null for null; texts by their bytes, whole numbers, dates and truth values by their value.

    The text "7" and the number 7 are different values. Raises TypeError for other types.
    """
    kind = values.dtype
    if isinstance(kind, pl.Categorical | pl.Enum):
        codes = values.to_physical().cast(pl.UInt32)
        seen = codes.unique().drop_nulls()
        texts = values.gather(_first_of_each(codes, seen)).cast(pl.String)
        table = np.zeros(int(seen.to_numpy().max(initial=0)) + 1, np.int64)
        table[seen.to_numpy()] = _of_texts(texts)
        found = pl.Series(table[codes.fill_null(0).to_numpy()])
    elif kind == pl.String:
        found = pl.Series(_of_texts(values.fill_null("")))
    elif kind.is_integer() or kind in (pl.Boolean, pl.Date):
        physical = values.to_physical().cast(pl.Int64).fill_null(0)
        found = pl.Series(_of_numbers(physical.to_numpy()))
    else:
        raise TypeError(
            f"{values.name}: values of type {kind} cannot be counted; wanted texts or whole numbers"
        )
    if values.null_count():
        found = found.set(values.is_null(), None)
    return found.alias(values.name)


def _first_of_each(codes: pl.Series, seen: pl.Series) -> pl.Series:
    places = pl.DataFrame({"code": codes}).with_row_index("place").unique("code", keep="any")
    return seen.to_frame("code").join(places, on="code", how="left", maintain_order="left")["place"]


def _of_texts(texts: pl.Series) -> np.ndarray:
    array = texts.to_arrow().cast(pa.large_string())
    _, offsets, data = array.buffers()
    if not len(array):
        return np.empty(0, np.int64)
    places = np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(array) + 1]
    return _text_hashes(places, np.frombuffer(data or b"\0", np.uint8))


@njit(cache=True, nogil=True)
def _mixed(value: np.uint64) -> np.uint64:
    """The finalizer of splitmix64 (Steele, Lea, Flood 2014): every bit of the input moves every bit of the output."""
    value ^= value >> np.uint64(30)
    value *= np.uint64(0xBF58476D1CE4E5B9)
    value ^= value >> np.uint64(27)
    value *= np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


@njit(cache=True, nogil=True)
def _text_hashes(offsets: np.ndarray, data: np.ndarray) -> np.ndarray:
    """FNV-1a over the bytes of each text, mixed."""
    found = np.empty(len(offsets) - 1, np.int64)
    for n in range(len(found)):
        value = FNV_START
        for place in range(offsets[n], offsets[n + 1]):
            value = (value ^ np.uint64(data[place])) * FNV_PRIME
        found[n] = np.int64(_mixed(value))
    return found


@njit(cache=True, nogil=True)
def _of_numbers(values: np.ndarray) -> np.ndarray:
    found = np.empty(len(values), np.int64)
    for n in range(len(values)):
        found[n] = np.int64(_mixed(np.uint64(values[n]) + np.uint64(0x9E3779B97F4A7C15)))
    return found
