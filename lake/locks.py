"""One writer process per table (Delta on a local disk is safe for no more)."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from conf.errors import RiskvaneError
from conf.settings import Settings

WAIT_SECONDS = 600.0


@contextmanager
def table_lock(
    settings: Settings, table: str, holder: str, wait_seconds: float | None = None
) -> Iterator[None]:
    """Hold the writer's lock of `table`; it falls open by itself when the process dies.

    Waits `wait_seconds` (default WAIT_SECONDS), then raises RiskvaneError that names who holds it.
    """
    folder = settings.lake / "_locks"
    folder.mkdir(parents=True, exist_ok=True)
    note = folder / f"{table}.holder"  # the lock file itself is emptied by whoever tries to take it
    wait_seconds = WAIT_SECONDS if wait_seconds is None else wait_seconds
    lock = FileLock(folder / f"{table}.lock")
    try:
        lock.acquire(timeout=wait_seconds)
    except Timeout as error:
        found = note.read_text().strip() if note.is_file() else "an unknown process"
        raise RiskvaneError(
            f"table {table} is being written by {found}; waited {wait_seconds:g} s for its lock. "
            "Let that process end, or stop it, then run this again"
        ) from error
    try:
        note.write_text(f"{holder} (process {os.getpid()})\n")
        yield
        note.unlink(missing_ok=True)
    finally:
        lock.release()
