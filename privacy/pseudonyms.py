"""Keyed pseudonyms for identifiers.

Events are many and identifiers few: only *distinct* values get their HMAC and are joined back. It happens in the one
process that takes files in; the key never enters a Spark plan, a task or a log.
"""

import hmac
from collections.abc import Sequence
from pathlib import Path
from threading import Lock

import numpy as np
import polars as pl

from conf.errors import UsageError
from privacy.keys import KeyRing
from privacy.vault import Vault

LENGTH = 20  # base32 characters = 100 bits: among 10^9 values a collision has odds of 1 to 10^12
MOST_KNOWN = 2_000_000  # values of a tag that are remembered between frames, some 400 MB
_ALPHABET = np.frombuffer(b"abcdefghijklmnopqrstuvwxyz234567", dtype="S1")
_BITS = np.array([16, 8, 4, 2, 1], dtype=np.uint8)


def pseudonym(ring: KeyRing, tag: str, value: str) -> str:
    """The pseudonym `<tag><key number>_<20 characters>` of one value; equal values and tags give equal results.

    Blanks around the value don't count. A blank value has no pseudonym: ValueError.
    """
    return pseudonyms(ring, tag, [value])[0]


def pseudonyms(ring: KeyRing, tag: str, values: Sequence[str]) -> list[str]:
    """The pseudonyms of many values of one tag, in their order."""
    if not values:
        return []
    key, prefix = ring.keys[ring.current], f"{tag}\0".encode()
    cleaned = [canonical(tag, value) for value in values]
    if not all(cleaned):
        raise ValueError(f"a blank value has no {tag} pseudonym; blank identifiers are null")
    digests = b"".join(hmac.digest(key, prefix + value.encode(), "sha256") for value in cleaned)
    bits = np.unpackbits(np.frombuffer(digests, np.uint8).reshape(-1, 32)[:, :13], axis=1)[:, : 5 * LENGTH]
    letters = _ALPHABET[bits.reshape(-1, LENGTH, 5) @ _BITS]
    head = f"{tag}{ring.current}_"
    return [head + text.decode() for text in letters.reshape(-1).view(f"S{LENGTH}")]


def pseudonyms_of_file(ring: KeyRing, file: Path, tags: Sequence[str]) -> list[str]:
    """The pseudonyms that the numbers of a file, one a line, may have under any of `tags`.

    A number says not whose it is, so each gives one pseudonym per tag. UsageError where there is no such file
    or no number in it.
    """
    if not file.is_file():
        raise UsageError(f"wanted a file with one number per line, found no file {file}")
    numbers = [line.strip() for line in file.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    if not numbers:
        raise UsageError(f"wanted a file with one number per line, found none in {file}")
    return [name for tag in tags for name in pseudonyms(ring, tag, numbers)]


def canonical(tag: str, value: str) -> str:
    """The spelling of a value that its pseudonym is made of: no blanks around it, ID numbers in capitals."""
    value = value.strip()
    return value.upper() if tag == "idno" else value


class Pseudonymiser:
    """Replaces the identifiers of many frames; what it has learnt it need not make again. Threads may share it."""

    def __init__(self, ring: KeyRing, vault: Vault) -> None:
        self._ring, self._vault = ring, vault
        self._lock = Lock()
        self._known: dict[str, dict[str, str | None]] = {}  # tag -> value as it stands there -> pseudonym

    def replace(self, frame: pl.DataFrame, tags: dict[str, str]) -> pl.DataFrame:
        """`frame` with the columns named in `tags` (column -> tag) replaced by pseudonyms; same rows and columns.

        Null and blank become null. New pairs of pseudonym and value are put into the vault.
        """
        frame = frame.with_columns(pl.col(column).cast(pl.String) for column in tags)
        with self._lock:
            sides = {
                tag: self._side(tag, [frame[column] for column in tags if tags[column] == tag])
                for tag in sorted(set(tags.values()))
            }
        replaced = []
        for column, tag in tags.items():
            found = frame.select(pl.col(column).alias("value")).join(
                sides[tag], "value", how="left", maintain_order="left"
            )
            replaced.append(found["pseudonym"].alias(column))
        return frame.with_columns(replaced)

    def _side(self, tag: str, columns: list[pl.Series]) -> pl.DataFrame:
        """One row per distinct value of the columns: `value` as it stands there, `pseudonym` (null: blank)."""
        values = pl.concat([column.rename("value") for column in columns]).drop_nulls().unique().to_list()
        known = self._known.setdefault(tag, {})
        if len(known) > MOST_KNOWN:
            known.clear()
        new = [value for value in values if value not in known]
        clear = [canonical(tag, value) for value in new]
        made = iter(pseudonyms(self._ring, tag, [value for value in clear if value]))
        names = [next(made) if value else None for value in clear]
        self._vault.put({name: value for name, value in zip(names, clear, strict=True) if name})
        known.update(zip(new, names, strict=True))
        pairs = {"value": values, "pseudonym": [known[value] for value in values]}
        return pl.DataFrame(pairs, schema={"value": pl.String, "pseudonym": pl.String})
