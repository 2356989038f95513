"""The files of a Delta table, as its log tells them without a JVM."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from deltalake import DeltaTable

Limits = Mapping[str, tuple[Any, Any]]  # column -> lowest and highest value that are wanted


def added_files(log: "DeltaTable") -> pa.Table:
    """One row per file of the table: path, partition values and statistics, flattened."""
    return pa.table(log.get_add_actions(flatten=True))


def may_hold(files: pa.Table, limits: Limits) -> pa.ChunkedArray | pa.Array:
    """Per file, whether it may hold a row within `limits`; a file without statistics may."""
    found: pa.ChunkedArray | pa.Array = pa.array([True] * files.num_rows, pa.bool_())
    for column, (low, high) in limits.items():
        found = pc.and_(found, _may_lie_between(files, column, low, high))
    return found


def paths(log: "DeltaTable", folder: Path, limits: Limits) -> list[str]:
    """Where the files lie that may hold rows within `limits`."""
    files = added_files(log)
    wanted = files["path"].filter(may_hold(files, limits))
    return [f"{folder}/{unquote(path)}" for path in wanted.to_pylist()]


@dataclass(frozen=True)
class EventFile:
    """A file of an event table: all its rows happened on one day."""

    path: str
    event_date: date
    first_known: date  # of its rows: the first and the last morning that got to know one
    last_known: date
    rows: int


def event_index(log: "DeltaTable", folder: Path) -> list[EventFile]:
    """The files of an event table by day; where a log does not tell when rows became known, any morning may be."""
    files = added_files(log)
    names = ("path", "partition.event_date", "min.known_as_of", "max.known_as_of", "num_records")
    told = [files[n].to_pylist() if n in files.column_names else [None] * files.num_rows for n in names]
    found = [
        EventFile(f"{folder}/{unquote(path)}", day, first or date.min, last or date.max, rows or 0)
        for path, day, first, last, rows in zip(*told, strict=True)
    ]
    return sorted(found, key=lambda file: (file.event_date, file.path))


def _may_lie_between(files: pa.Table, column: str, low: Any, high: Any) -> pa.ChunkedArray | pa.Array:
    place = f"partition.{column}"
    names = [place, place] if place in files.column_names else [f"min.{column}", f"max.{column}"]
    if not set(names) <= set(files.column_names):
        return pa.array([True] * files.num_rows, pa.bool_())
    below = pc.less_equal(files[names[0]], pa.scalar(high))
    above = pc.greater_equal(files[names[1]], pa.scalar(low))
    return pc.fill_null(pc.and_(below, above), True)
