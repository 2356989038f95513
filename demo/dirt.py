"""Faults: duplicates, corrections, late and broken rows. Equal rates for good and bad.

Every decision is a hash of the row's own key, so a row keeps its fate whatever else is in the file.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from demo.feeds import Feed
from demo.profile import Profile
from demo.rng import fold, uniform

UNKNOWN_WORD = "未知值"
DIRT_SCHEMA = pa.schema(
    [
        (name, pa.int64() if name == "line" else pa.string())
        for name in ("source", "table", "folder_day", "file", "line", "key", "kind", "verdict", "reason")
    ]
)


@dataclass(frozen=True)
class Fate:
    """What will happen to each row of a batch."""

    late_days: np.ndarray
    duplicate: np.ndarray
    superseded: np.ndarray
    broken: np.ndarray  # 0 = whole, else 1 + position in `breakages(feed)`


def breakages(feed: Feed) -> tuple[str, ...]:
    """The kinds of broken rows that a feed can carry."""
    csv = feed.form != "parquet"
    kinds = [("missing_key", feed.key), ("bad_enum", feed.enum), ("bad_check_digit", feed.checked)]
    if csv:
        kinds += [("bad_date", feed.dated), ("bad_number", feed.number)]
        kinds += [("separator_in_name", feed.name), ("nul_byte", feed.enum)]
    else:
        kinds += [("negative_amount", feed.number)]
    return tuple(kind for kind, possible in kinds if possible)


def fates(profile: Profile, feed: Feed, key: np.ndarray, salt: int) -> Fate:
    """Decide what happens to each row, from its key."""
    rates = profile["dirt"]
    chance = uniform(fold(key, salt=salt + 71))
    one, few, many = rates["late"]
    days = (fold(key, salt=salt + 72) >> np.uint64(2)).astype(np.int64)
    spread = [2 + days % 2, 4 + days % 27]
    late = np.select(
        [chance < many, chance < many + few, chance < many + few + one], [spread[1], spread[0], 1], 0
    )
    once = uniform(fold(key, salt=salt + 73))
    kinds = breakages(feed)
    rate = rates["broken_csv" if feed.form != "parquet" else "broken_parquet"]
    breaks = (uniform(fold(key, salt=salt + 74)) < rate) & (late == 0)
    kind = 1 + (fold(key, salt=salt + 75) % np.uint64(max(1, len(kinds)))).astype(np.int64)
    duplicate = (once < rates["duplicate"]) & ~breaks
    superseded = ~duplicate & (once < rates["duplicate"] + rates["superseded"]) & ~breaks
    if not feed.corrected:
        superseded[:] = False
    return Fate(late.astype(np.int64), duplicate, superseded, np.where(breaks, kind, 0))


def corrected(feed: Feed, rows: pa.Table) -> pa.Table:
    """The later copy of rows whose content was corrected at the source."""
    at = rows.schema.get_field_index(feed.corrected)
    if feed.corrected == "cell_id":
        text = pc.fill_null(rows.column(at), "")
        last = pc.utf8_slice_codeunits(text, -1)
        changed = pc.if_else(pc.equal(last, "0"), "1", "0")
        value = pc.binary_join_element_wise(pc.utf8_slice_codeunits(text, 0, -1), changed, "")
        value = pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), value)
    else:
        value = pc.binary_join_element_wise(pc.fill_null(rows.column(at), ""), "更正", "")
    return rows.set_column(at, feed.corrected, value)


def break_parquet(feed: Feed, rows: pa.Table, broken: np.ndarray) -> pa.Table:
    """Plant the broken values of a Parquet batch."""
    for number, kind in enumerate(breakages(feed), start=1):
        mask = pa.array(broken == number)
        if not (broken == number).any():
            continue
        name = {
            "missing_key": feed.key[0],
            "bad_enum": feed.enum,
            "bad_check_digit": feed.checked,
            "negative_amount": feed.number,
        }[kind]
        at = rows.schema.get_field_index(name)
        column = rows.column(at).combine_chunks()
        value = {
            "missing_key": lambda c: pa.scalar(None, c.type),
            "bad_enum": lambda c: pa.scalar(UNKNOWN_WORD, c.type),
            "bad_check_digit": _wrong_digit,
            "negative_amount": lambda c: pc.cast(pc.subtract(pa.scalar(0, pa.int64()), _positive(c)), c.type),
        }[kind](column)
        rows = rows.set_column(at, rows.schema.field(at), pc.if_else(mask, value, column))
    return rows


def break_line(feed: Feed, columns: list[str], line: str, kind: str) -> str:
    """One CSV line with the fault planted."""
    fields = line.split(feed.separator)
    at = {
        "missing_key": feed.key[0],
        "bad_enum": feed.enum,
        "bad_check_digit": feed.checked,
        "bad_date": feed.dated,
        "bad_number": feed.number,
        "separator_in_name": feed.name,
        "nul_byte": feed.enum,
    }[kind]
    position = columns.index(at)
    old = fields[position]
    fields[position] = {
        "missing_key": "",
        "bad_enum": UNKNOWN_WORD,
        "bad_check_digit": old[:-1] + ("1" if old[-1:] in "0X" else "0"),
        "bad_date": "2026-02-30" if "-" in old else "20260230" + old[8:],
        "bad_number": f"{old[:1]}a{old[1:]}",
        "separator_in_name": f"{old[:1]}{feed.separator}{old[1:]}",
        "nul_byte": f"{old[:1]}\0{old[1:]}",
    }[kind]
    return feed.separator.join(fields)


def record(
    feed: Feed, folder: str, file: str, rows: pa.Table, lines: np.ndarray, kind: str, verdict: str,
    reason: np.ndarray | None = None,
) -> pa.Table:  # fmt: skip
    """Rows of `truth/dirt` for the given row positions; the key is taken from the unbroken rows."""
    first = 1 if feed.form == "parquet" else 2  # CSV lines count the header
    picked = rows.select(list(feed.key)).take(pa.array(lines))
    key = pc.binary_join_element_wise(*[pc.cast(picked.column(name), pa.string()) for name in feed.key], "|")
    count = len(lines)
    fixed = {"source": feed.source, "table": feed.table, "folder_day": folder, "file": file}
    columns: dict[str, pa.Array] = {n: pa.repeat(v, count) for n, v in fixed.items()}
    columns |= {
        "line": pa.array(lines + first, pa.int64()),
        "key": key,
        "kind": pa.repeat(kind, count),
        "verdict": pa.repeat(verdict, count),
        "reason": pa.array(reason if reason is not None else [None] * count, pa.string()),
    }
    return pa.table(columns, schema=DIRT_SCHEMA)


def _wrong_digit(column: pa.Array) -> pa.Array:
    last = pc.utf8_slice_codeunits(column, -1)
    other = pc.if_else(pc.equal(last, "0"), "1", "0")
    return pc.binary_join_element_wise(pc.utf8_slice_codeunits(column, 0, -1), other, "")


def _positive(column: pa.Array) -> pa.Array:
    return pc.add(column, pa.scalar(1, pa.int64())) if pa.types.is_integer(column.type) else column
