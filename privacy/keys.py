"""The numbered secret keys behind pseudonyms and vault; they lie on the driver and nowhere else."""

import os
import re
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from conf.errors import RiskvaneError

KEY_BYTES = 32
FILE_NAME = re.compile(r"pseudonym-(\d+)\.key")


@dataclass(frozen=True)
class KeyRing:
    """All keys by number; the highest number makes new pseudonyms, the others still open old vault entries."""

    keys: dict[int, bytes] = field(repr=False)  # a ring that is printed or logged shows no key

    @property
    def current(self) -> int:
        """Number of the key that new pseudonyms are made with."""
        return max(self.keys)

    def __repr__(self) -> str:
        return f"KeyRing(numbers={sorted(self.keys)})"

    def vault_key(self, number: int) -> bytes:
        """The vault's own key, derived from key `number`; RiskvaneError when the ring lacks that key."""
        if number not in self.keys:
            raise RiskvaneError(
                f"key {number} is needed, the ring holds {sorted(self.keys)}; restore its file"
            )
        return HKDF(SHA256(), KEY_BYTES, salt=None, info=b"riskvane vault").derive(self.keys[number])

    @classmethod
    def create(cls, folder: Path) -> "KeyRing":
        """Make key 1 in `folder` unless keys are there already; returns the ring."""
        return cls.load(folder) if _files(folder) else cls.rotate(folder)

    @classmethod
    def rotate(cls, folder: Path) -> "KeyRing":
        """Add the next key and return the ring. From then on a value gets another pseudonym than before,
        so the mart must be loaded anew before joins across the change work; old pseudonyms stay revealable."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = folder / f"pseudonym-{max(_files(folder), default=0) + 1}.key"
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(secrets.token_bytes(KEY_BYTES))
        return cls.load(folder)

    @classmethod
    def load(cls, folder: Path) -> "KeyRing":
        """Read every key of `folder`.

        RiskvaneError when there is none, when one has another length, or when one may be read by others.
        """
        files = _files(folder)
        if not files:
            raise RiskvaneError(
                f"no pseudonym-<n>.key in {folder}; run `make setup`, or restore your keys there"
            )
        for file in files.values():
            mode = stat.S_IMODE(file.stat().st_mode)
            if mode & 0o077:
                raise RiskvaneError(
                    f"key file {file} may be used by others (mode {mode:04o}, wanted 0600); run: chmod 600 {file}"
                )
            if (size := file.stat().st_size) != KEY_BYTES:
                raise RiskvaneError(f"key file {file}: wanted {KEY_BYTES} bytes, found {size}; restore it")
        return cls({number: file.read_bytes() for number, file in files.items()})


def _files(folder: Path) -> dict[int, Path]:
    found = ((FILE_NAME.fullmatch(file.name), file) for file in folder.glob("pseudonym-*.key"))
    return {int(match[1]): file for match, file in found if match}
