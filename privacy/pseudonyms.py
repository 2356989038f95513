"""Keyed pseudonyms for identifiers.

Events are many and identifiers few: only *distinct* values get their HMAC and are joined back. It happens in the one
process that takes files in; the key never enters a Spark plan, a task or a log.
"""

import hmac
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from threading import Lock

import numpy as np
import polars as pl

from conf.errors import UsageError
from privacy.keys import KeyRing
from privacy.vault import Vault

LENGTH = 20  # base32 characters = 100 bits: among 10^9 values a collision has odds of 1 to 10^12
SIDE = {"value": pl.String, "pseudonym": pl.String}
MOST_UNSEALED = 1_000_000  # pairs, some 250 MB
MOST_KNOWN = 2_000_000  # values of a tag that are remembered between frames, some 200 MB
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
    cleaned = [canonical(tag, value) for value in values]
    if not all(cleaned):
        raise ValueError(f"a blank value has no {tag} pseudonym; blank identifiers are null")
    return _of_canonical(ring, tag, cleaned)


def _of_canonical(ring: KeyRing, tag: str, cleaned: Sequence[str]) -> list[str]:
    key, prefix = ring.keys[ring.current], f"{tag}\0".encode()
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
        self._unsealed: dict[str, str] = {}  # pseudonym -> value; many at once are sealed in half the time
        # by tag: value as it stands there, pseudonym (null: blank)
        self._known: defaultdict[str, pl.DataFrame] = defaultdict(lambda: pl.DataFrame(schema=SIDE))

    def replace(self, frame: pl.DataFrame, tags: dict[str, str]) -> pl.DataFrame:
        """`frame` with the columns named in `tags` (column -> tag) replaced by pseudonyms; same rows and columns.

        Null and blank become null. New pairs of pseudonym and value wait for `seal`.
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

    def seal(self) -> None:
        """Put into the vault what `replace` has met; call it before anything with these pseudonyms is published."""
        with self._lock:
            self._seal()

    def _seal(self) -> None:
        self._vault.put(self._unsealed)
        self._unsealed = {}

    def _side(self, tag: str, columns: list[pl.Series]) -> pl.DataFrame:
        """One row per distinct value of the columns: `value` as it stands there, `pseudonym` (null: blank)."""
        values = pl.concat([column.rename("value") for column in columns]).drop_nulls().unique().to_frame()
        known = self._known[tag]
        found = known.join(values, "value", how="semi")
        new = values.join(found, "value", how="anti")["value"].to_list()
        clear = [canonical(tag, value) for value in new]
        given = [value for value in clear if value]
        names = _of_canonical(self._ring, tag, given) if given else []
        self._unsealed |= zip(names, given, strict=True)
        if len(self._unsealed) > MOST_UNSEALED:
            self._seal()
        made = iter(names)
        fresh = pl.DataFrame(
            {"value": new, "pseudonym": [next(made) if value else None for value in clear]}, SIDE
        )
        self._known[tag] = fresh if known.height > MOST_KNOWN else pl.concat([known, fresh])
        return pl.concat([found, fresh])
