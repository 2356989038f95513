"""The vault: encrypted clear values behind pseudonyms, and the record of who looked.

One SQLite file on the driver. A value is AES-GCM sealed together with its pseudonym, under a key derived from the
pseudonym's own key number, so a row that was moved to another pseudonym does not open.
A province (20 million values) makes a file of about 2.5 GB; a night adds only the values that are new.
"""

import json
import os
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from conf.errors import RiskvaneError, UsageError
from privacy.keys import KeyRing

CHUNK = 50_000
CACHE_KB = 200_000  # of the file; without it each insert into a large vault reads pages again
NONCE_BYTES = 12
WAIT_SECONDS = 60  # for another process's write
_HEAD = re.compile(r"[a-z]+(\d+)")  # tag and key number in front of the underscore
_TABLES = """
CREATE TABLE IF NOT EXISTS sealed (pseudonym TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS reads (
    read_at TEXT NOT NULL, who TEXT NOT NULL, reason TEXT NOT NULL, asked INTEGER NOT NULL, found INTEGER NOT NULL
);
CREATE TRIGGER IF NOT EXISTS reads_are_kept BEFORE DELETE ON reads
    BEGIN SELECT RAISE(ABORT, 'the record of reads is append-only'); END;
CREATE TRIGGER IF NOT EXISTS reads_stay_as_written BEFORE UPDATE ON reads
    BEGIN SELECT RAISE(ABORT, 'the record of reads is append-only'); END;
"""


class Vault:
    """Encrypted pseudonym -> clear value in `<folder>/vault.sqlite` (made on first use, readable by its owner only)."""

    def __init__(self, folder: Path, ring: KeyRing) -> None:
        self.file = folder / "vault.sqlite"
        self._ring = ring
        self._ciphers: dict[str, AESGCM] = {}

    def put(self, values: Mapping[str, str]) -> int:
        """Seal the pairs pseudonym -> clear value that the vault does not know yet; returns how many those were."""
        new = 0
        with self._connection() as connection:
            names = sorted(values)  # neighbours in the file are written together: half the time of any order
            for start in range(0, len(names), CHUNK):
                # Sealing costs more than looking up, and most nights hardly bring new values.
                unknown = connection.execute(
                    "SELECT value FROM json_each(?) WHERE value NOT IN (SELECT pseudonym FROM sealed)",
                    [json.dumps(names[start : start + CHUNK])],
                ).fetchall()
                rows = [(name, self._seal(name, values[name])) for (name,) in unknown]
                connection.executemany("INSERT OR IGNORE INTO sealed VALUES (?, ?)", rows)
                new += len(rows)
        return new

    def reveal(self, pseudonyms: Iterable[str], reason: str, who: str) -> dict[str, str]:
        """The clear values of those pseudonyms that the vault knows; others are absent.

        Each call leaves one row in the record of reads (when, who, why, how many) before a value is returned.
        UsageError without reason or name; RiskvaneError when an entry does not open with the ring's keys.
        """
        if not reason.strip() or not who.strip():
            raise UsageError("the vault opens only with a name and a reason; give both")
        asked = sorted(set(pseudonyms))
        sealed: list[tuple[str, bytes]] = []
        with self._connection() as connection:
            for start in range(0, len(asked), CHUNK):
                sealed += connection.execute(
                    "SELECT pseudonym, value FROM sealed WHERE pseudonym IN (SELECT value FROM json_each(?))",
                    [json.dumps(asked[start : start + CHUNK])],
                )
            connection.execute(
                "INSERT INTO reads VALUES (?, ?, ?, ?, ?)",
                [datetime.now(UTC).isoformat(timespec="seconds"), who, reason, len(asked), len(sealed)],
            )
        return {name: self._open(name, blob) for name, blob in sealed}

    def reads(self) -> list[dict[str, str | int]]:
        """The record of reads, oldest first: read_at (UTC), who, reason, asked, found."""
        with self._connection() as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute("SELECT * FROM reads ORDER BY rowid")]

    def _seal(self, name: str, value: str) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher(name).encrypt(nonce, value.encode(), name.encode())

    def _open(self, name: str, blob: bytes) -> str:
        try:
            return self._cipher(name).decrypt(blob[:NONCE_BYTES], blob[NONCE_BYTES:], name.encode()).decode()
        except InvalidTag as error:
            raise RiskvaneError(
                f"the vault entry of {name} does not open: it was changed, or {self.file} belongs to other keys; "
                "restore vault and keys from the same backup"
            ) from error

    def _cipher(self, name: str) -> AESGCM:
        head = name.partition("_")[0]
        if head not in self._ciphers:
            match = _HEAD.fullmatch(head)
            if match is None:
                raise UsageError(f"{name!r} is not a pseudonym; wanted something like phone1_abc...")
            self._ciphers[head] = AESGCM(self._ring.vault_key(int(match[1])))
        return self._ciphers[head]

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        if not self.file.is_file():
            self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(self.file, os.O_CREAT | os.O_WRONLY, 0o600))
        with closing(sqlite3.connect(self.file, timeout=WAIT_SECONDS)) as connection, connection:
            connection.execute(f"PRAGMA cache_size = -{CACHE_KB}")
            connection.executescript(_TABLES)
            yield connection
