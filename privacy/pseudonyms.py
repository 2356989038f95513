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
    """`frame` with the columns named in `tags` (column -> tag) replaced by pseudonyms; same rows, same order of columns.

    Null and blank become null. New pairs of pseudonym and value are put into the vault. The named columns of
    `frame` are read twice, so `frame` should be cheap to read again and must give the same values both times.
    """
    from pyspark.sql import functions as F

    if not tags:
        return frame
    frame = frame.withColumns({c: _blank_is_null(F.col(c)) for c in tags})
    mapping = _mapping(frame, tags, ring, vault)
    codes = _codes(tags)
    pairs = frame.sparkSession.createDataFrame(mapping)
    result = frame
    for number, (column, tag) in enumerate(tags.items()):
        side = pairs.where(F.col("tag") == codes[tag]).select(
            F.col("value").alias(f"_value_{number}"), F.col("pseudonym").alias(f"_pseudonym_{number}")
        )
        side = F.broadcast(side) if mapping.num_rows <= BROADCAST_PAIRS else side
        result = result.join(side, F.col(column) == F.col(f"_value_{number}"), "left")
    # A frame that changed between the two readings must not lose identifiers silently.
    lost = F.raise_error(F.lit("the frame changed while its identifiers were replaced; run this again"))
    replaced = {
        column: F.when(F.col(column).isNotNull(), F.coalesce(F.col(f"_pseudonym_{number}"), lost)).alias(
            column
        )
        for number, column in enumerate(tags)
    }
    return result.select(*[replaced.get(c, F.col(c)) for c in frame.columns])


def _codes(tags: dict[str, str]) -> dict[str, int]:
    return {tag: number for number, tag in enumerate(sorted(set(tags.values())))}


def _blank_is_null(column):
    from pyspark.sql import functions as F

    text = column.cast("string")
    return F.when(F.trim(text) != "", text)


def _mapping(frame: "DataFrame", tags: dict[str, str], ring: KeyRing, vault: Vault) -> pa.Table:
    """One row per distinct (tag, value) of the frame: `tag` (its code), `value`, `pseudonym`."""
    from pyspark.sql import functions as F

    codes = _codes(tags)
    cells = [F.struct(F.lit(codes[tag]).alias("tag"), F.col(c).alias("value")) for c, tag in tags.items()]
    distinct = frame.select(F.inline(F.array(*cells))).where(F.col("value").isNotNull()).distinct().toArrow()
    parts = []
    for tag, code in codes.items():
        values = distinct.filter(pc.equal(distinct["tag"], code))["value"]
        clear = values.to_pylist()
        made = pseudonyms(ring, tag, clear)
        vault.put(dict(zip(made, (canonical(tag, value) for value in clear), strict=True)))
        parts.append(
            pa.table(
                {
                    "tag": pa.array([code] * len(clear), pa.int32()),
                    "value": values,
                    "pseudonym": pa.array(made, pa.string()),
                }
            )
        )
    return pa.concat_tables(parts)
