"""Folders for what is written but not yet published."""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from conf.settings import Settings
from lake.runs import Run


@contextmanager
def staging_folder(settings: Settings, name: str, run: Run) -> Iterator[Path]:
    """A place for a new folder of `name` (a table, or a step that writes several), gone at the end.

    The caller holds the lock of `name`: what other runs left behind under it is of dead ones, and removed.
    """
    parent = settings.lake / "_staging" / name
    shutil.rmtree(parent, ignore_errors=True)
    folder = parent / f"{run.run_id}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    parent.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(parent, ignore_errors=True)
