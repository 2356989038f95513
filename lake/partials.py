"""What features keep of each day, as a Delta table of its own beside the feature table.

A file holds what one morning added to one part (`features.kept`). In it entries lie sorted by their hashed key, one
row group per bucket of keys, so that a task reads its buckets of all days and nothing else. Nothing in it is needed
that could not be made again from the mart: a file that is damaged, or of another layout, is made again.
"""

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from conf.settings import Settings
from lake.commit import Written, commit_files, committed, partition_folder
from lake.tables import table_path

if TYPE_CHECKING:
    import polars as pl

LAYOUT = 1  # of files; another number means that they are made again
PARTITION = ("part", "known_as_of")
ABOUT = b"riskvane"


@dataclass(frozen=True)
class Partials:
    """The table in `folder`, whose keys fall into `buckets` (a power of two)."""

    folder: Path
    buckets: int

    def files(self) -> dict[tuple[str, date], str]:
        """The file of each part and morning."""
        from deltalake import DeltaTable

        if not DeltaTable.is_deltatable(str(self.folder)):
            return {}
        rows = committed(DeltaTable(str(self.folder)), PARTITION)
        return {(v["part"], v["known_as_of"]): str(self.folder / path) for path, v in rows}

    def columns(self) -> set[str]:
        """What is kept, of any part."""
        from deltalake import DeltaTable

        if not DeltaTable.is_deltatable(str(self.folder)):
            return set()
        return {field.name for field in DeltaTable(str(self.folder)).schema().fields}

    def is_good(self, file: str, columns: Iterable[str], inputs: str) -> bool:
        """Whether `file` has the columns, was made from these `inputs`, and is of this layout; a file that cannot be
        opened is not good."""
        try:
            found = pq.read_schema(file)
        except (OSError, pa.ArrowInvalid):
            return False
        return self._about(inputs) == (found.metadata or {}).get(ABOUT) and set(columns) <= set(found.names)

    def holds_the_same(self, made: Written, file: str) -> bool:
        """Whether `file` holds what was made again, in all columns that were; one that cannot be read does not."""
        again = pq.read_table(self.folder / made.path, partitioning=None)
        try:
            kept = pq.ParquetFile(file, page_checksum_verification=True).read(again.column_names)
        except (OSError, pa.ArrowInvalid):
            return False
        return kept.equals(again)

    def write(self, part: str, known_as_of: date, frame: "pl.DataFrame", inputs: str) -> Written:
        """Write what a morning added to a part (see `features.partials`, rows sorted by key); it counts once it is
        committed."""
        import polars as pl

        partition = {"part": part, "known_as_of": known_as_of.isoformat()}
        name = f"{partition_folder(partition)}/{uuid.uuid4().hex}.parquet"
        place = self.folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        rows = frame.drop("known_as_of").with_columns(pl.col(pl.Categorical).cast(pl.String))
        bounds = self.bounds(rows["key"].to_numpy()) if "key" in rows.columns else [(0, rows.height)]
        if "value" in rows.columns:  # the days tell whose they are
            rows = rows.drop("key", "event_date")
        table = rows.to_arrow()
        is_digest = "key" not in frame.columns
        # What is never null is read in half the time when the file says so; dictionaries pay for few values only.
        fields = [pa.field(f.name, f.type, nullable=is_digest) for f in table.schema]
        table = table.cast(pa.schema(fields, {ABOUT: self._about(inputs)}))
        small = [n for n in rows.columns if is_digest or n.startswith(("event_date", "count_", "values_"))]
        writer = pq.ParquetWriter(
            place, table.schema, compression="zstd", compression_level=1, write_page_checksum=True,
            use_dictionary=small, write_statistics=False,
            column_encoding={n: "DELTA_BINARY_PACKED" for n in rows.columns if n == "key"},
        )  # fmt: skip
        with writer:
            for begin, end in bounds:
                writer.write_table(table.slice(begin, end - begin), row_group_size=max(1, end - begin))
        return Written(name, partition, rows.height, place.stat().st_size)

    def commit(self, written: Sequence[Written], run_id: str) -> int:
        """Make `written` count, in the place of what was kept of the same parts and mornings."""
        kinds = {pa.field("part", pa.string()), pa.field("known_as_of", pa.date32())}
        names = {field.name for field in kinds}
        fields = sorted(kinds, key=lambda field: PARTITION.index(field.name))
        for file in {file.partition["part"]: file for file in written}.values():
            for field in pq.read_schema(self.folder / file.path):
                if field.name not in names:
                    names.add(field.name)
                    fields.append(pa.field(field.name, _plain(field.type)))
        new = {tuple(file.partition[name] for name in PARTITION) for file in written}
        return commit_files(
            self.folder, pa.schema(fields), PARTITION, written,
            lambda v: (v["part"], v["known_as_of"].isoformat()) in new, run_id,
        )  # fmt: skip

    def bucket_of(self, keys: np.ndarray) -> np.ndarray:
        """The bucket of each hashed key; buckets are ranges of keys."""
        bits = self.buckets.bit_length() - 1
        return (keys >> (64 - bits)) + self.buckets // 2 if bits else np.zeros(len(keys), np.int64)

    def bounds(self, keys: np.ndarray) -> list[tuple[int, int]]:
        """Of sorted keys the first place of each bucket and the one after its last."""
        places = np.searchsorted(self.bucket_of(keys), np.arange(self.buckets + 1)).tolist()
        return list(pairwise(places))

    def _about(self, inputs: str) -> bytes:
        about = {"layout": LAYOUT, "buckets": self.buckets, "inputs": inputs}
        return json.dumps(about, sort_keys=True).encode()


def kept_at(settings: Settings, table: str) -> Partials:
    """What is kept for a feature table."""
    folder = table_path(settings, table)
    return Partials(folder.with_name(f"{table}_kept"), settings.feature_buckets)


class DamagedFile(Exception):
    """A file of kept days that cannot be read; its only argument is the file."""


class BucketReader:
    """The entries of one part in one bucket (None: in all), from the files of several mornings in their order."""

    def __init__(self, files: Mapping[date, str], bucket: int | None, columns: Sequence[str]) -> None:
        self._files, self._columns = dict(sorted(files.items())), list(columns)
        tables = [self._table(file, bucket) for file in self._files.values()]
        self._bounds = np.cumsum([0, *(len(table) for table in tables)])
        self._read = {name: self._joined(tables, name) for name in self._columns}

    def column(self, name: str) -> np.ndarray:
        """One of the columns; days as days since 1970."""
        return self._read[name]

    def known(self) -> np.ndarray:
        """Of each entry the morning that added it, as days since 1970."""
        mornings = [(morning - date(1970, 1, 1)).days for morning in self._files]
        return np.repeat(np.array(mornings, np.int32), np.diff(self._bounds))

    def _table(self, file: str, bucket: int | None) -> pa.Table:
        try:
            opened = pq.ParquetFile(file, page_checksum_verification=True)
            if bucket is None:
                return opened.read(self._columns, use_threads=False)
            return opened.read_row_group(bucket, self._columns, use_threads=False)
        except (OSError, pa.ArrowInvalid) as error:
            raise DamagedFile(file) from error

    def _joined(self, tables: Sequence[pa.Table], name: str) -> np.ndarray:
        is_day = name == "event_date"
        is_fraction = bool(tables) and pa.types.is_floating(tables[0].schema.field(name).type)
        whole = np.empty(self._bounds[-1], np.int32 if is_day else np.float64 if is_fraction else np.int64)
        for table, begin in zip(tables, self._bounds.tolist(), strict=False):
            for chunk in table[name].chunks:
                whole[begin : begin + len(chunk)] = (chunk.cast(pa.int32()) if is_day else chunk).to_numpy()
                begin += len(chunk)
        return whole


def read_digest(files: Mapping[date, str]) -> "pl.DataFrame":
    """The rows of a digest, texts as categories, with the morning that added them as `known_as_of`."""
    import polars as pl

    frames = []
    for morning, file in sorted(files.items()):
        try:
            table = pq.ParquetFile(file, page_checksum_verification=True).read(use_threads=False)
        except (OSError, pa.ArrowInvalid) as error:
            raise DamagedFile(file) from error
        frame: Any = pl.from_arrow(table)
        frames.append(frame.with_columns(pl.col(pl.String).cast(pl.Categorical), known_as_of=pl.lit(morning)))
    return pl.concat(frames)


def _joined(columns: Sequence[pa.ChunkedArray], kind: type) -> np.ndarray:
    if not columns:
        return np.empty(0, kind)
    return np.concatenate([column.to_numpy() for column in columns])


def _plain(kind: pa.DataType) -> pa.DataType:
    """The type as a Delta table knows it."""
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us", "UTC")
    return pa.string() if pa.types.is_large_string(kind) or pa.types.is_string_view(kind) else kind
