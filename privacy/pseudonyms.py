"""Keyed pseudonyms for identifiers.

Events are many and identifiers few: only *distinct* values travel to the driver, get their HMAC there and are
joined back. The key never enters a Spark plan, a task or a log. A province's night (40 million usage rows, some
10 million distinct values) needs about half a gigabyte of driver memory and 15 s for the HMACs.
"""

import hmac
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from conf.errors import UsageError
from privacy.keys import KeyRing
from privacy.vault import Vault

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

LENGTH = 20  # base32 characters = 100 bits: among 10^9 values a collision has odds of 1 to 10^12
BROADCAST_PAIRS = 1_000_000  # above, Spark chooses the join
CHANGED = "the frame changed while its identifiers were replaced; run this again"
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


def pseudonymise(frame: "DataFrame", tags: dict[str, str], ring: KeyRing, vault: Vault) -> "DataFrame":
    """`frame` with the columns named in `tags` (column -> tag) replaced by pseudonyms; same rows and columns.

    Null and blank become null. New pairs of pseudonym and value are put into the vault. The named columns of
    `frame` are read twice, so `frame` should be cheap to read again. Should it hold other values the second time,
    the action on the result fails (Spark's USER_RAISED_EXCEPTION).
    """
    from pyspark.sql import functions as F

    if not tags:
        return frame
    texts = frame.withColumns({column: F.col(column).cast("string") for column in tags})
    mappings = _mappings(texts, tags, ring, vault)
    pairs = sum(mapping.num_rows for mapping in mappings.values())
    sides = {tag: frame.sparkSession.createDataFrame(mapping) for tag, mapping in mappings.items()}
    result, replaced = texts, {}
    for number, (column, tag) in enumerate(tags.items()):
        value, name = f"_value_{number}", f"_pseudonym_{number}"
        side = sides[tag].toDF(value, name)
        side = F.broadcast(side) if pairs <= BROADCAST_PAIRS else side
        result = result.join(side, F.col(column) == F.col(value), "left")
        # An identifier must not get lost silently.
        is_lost = F.col(column).isNotNull() & F.col(value).isNull()
        replaced[column] = F.when(is_lost, F.raise_error(F.lit(CHANGED))).otherwise(F.col(name)).alias(column)
    return result.select([replaced.get(column, F.col(column)) for column in frame.columns])


def _mappings(frame: "DataFrame", tags: dict[str, str], ring: KeyRing, vault: Vault) -> dict[str, pa.Table]:
    """By tag, one row per distinct value of its columns: `value` as it stands there, `pseudonym` (null: blank)."""
    from pyspark.sql import functions as F

    codes = {tag: code for code, tag in enumerate(sorted(set(tags.values())))}
    cells = [
        F.struct(F.lit(codes[tag]).alias("tag"), F.col(column).alias("value")) for column, tag in tags.items()
    ]
    distinct = frame.select(F.inline(F.array(*cells))).where(F.col("value").isNotNull()).distinct().toArrow()
    found = {}
    for tag, code in codes.items():
        values = distinct.filter(pc.equal(distinct["tag"], code))["value"]
        clear = [canonical(tag, value) for value in values.to_pylist()]
        made = iter(pseudonyms(ring, tag, [value for value in clear if value]))
        names = [next(made) if value else None for value in clear]
        vault.put({name: value for name, value in zip(names, clear, strict=True) if name})
        found[tag] = pa.table({"value": values, "pseudonym": pa.array(names, pa.string())})
    return found
