"""What Spark's tasks do for features; each reads and writes files of the lake, no row passes through the JVM.

A task never raises for what a driver can mend or has to tell: it returns it.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from conf.errors import DataRefused
from jobs.mart_events import Index, MartEvents, Reader
from lake.commit import Written
from lake.partials import BucketReader, DamagedFile, Partials, read_digest

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    from features.engine import Covered
    from features.indicator import FeatureGroup
    from features.kept import Part
    from features.table import FeatureTable
    from features.windows import Entries
    from lake.parts import Part as TablePart

DRAWS = 1_000_000
Files = Mapping[str, Mapping[date, str]]  # part or digest -> morning -> file


@dataclass(frozen=True)
class Place:
    """Where a feature table lies, and how the tables that it is made from are read."""

    features: "FeatureTable"
    partials: Partials
    references: Mapping[str, Sequence[str]]  # table -> files
    timezone: str
    read: Reader

    def tables(self, names: Iterable[str] | None = None) -> "dict[str, pl.DataFrame]":
        """The reference tables, or some of them, whole."""
        read, columns = self.references if names is None else set(names), self.features.columns
        return {name: self.read(self.references[name], name, columns(name), self.timezone) for name in read}


@dataclass(frozen=True)
class Making:
    """Neighbouring mornings whose additions to the kept days of one group are made from events."""

    place: Place
    group: str
    mornings: tuple[date, ...]
    index: Index
    inputs: Mapping[date, str]

    def run(self) -> list[Written]:
        """Write a file per morning and part."""
        import polars as pl

        from features.partials import partials_of

        place = self.place
        group = next(group for group in place.features.chosen if group.name == self.group)
        added = place.features.added
        references = place.tables(
            name for table in group.tables if table in added for name in added[table].references
        )
        events = MartEvents(
            place.features, group, self.index, references, place.timezone, self.mornings[-1], place.read
        )
        written = []
        for name, frame in partials_of(group, events, self.mornings):
            for morning in self.mornings:
                rows = frame.filter(pl.col("known_as_of") == morning)
                written.append(place.partials.write(name, morning, rows, self.inputs[morning]))
        return written


@dataclass(frozen=True)
class Looking:
    """Mornings for which one task looks across all subjects."""

    place: Place
    mornings: tuple[date, ...]
    files: Files
    sample: float | None  # share of the subjects of each morning, by hash
    folder: str

    def run(self) -> dict[date, str] | DamagedFile:
        """Write a file per morning, a row group per bucket."""
        import pyarrow.parquet as pq

        from features.engine import wholes
        from features.point_in_time import Morning

        features, groups = self.place.features, self.place.features.chosen
        try:
            digests = {d.name: read_digest(self.files[d.name]) for g in groups for d in g.digests}
            found: dict[date, str] = {}
            tables = self.place.tables()
            for as_of in self.mornings:
                morning = Morning(as_of, tables, digests, features.subjects(tables, as_of))
                whole = wholes(groups, morning, lambda group: _entries(group, self.files, None))
                whole = whole if self.sample is None else _sampled(whole, as_of, self.sample)
                found[as_of] = f"{self.folder}/{as_of}-{uuid.uuid4().hex[:8]}.parquet"
                table = whole.to_arrow()
                with pq.ParquetWriter(found[as_of], table.schema, compression="lz4") as writer:
                    for begin, end in self.place.partials.bounds(whole["key"].to_numpy()):
                        writer.write_table(table.slice(begin, end - begin), max(1, end - begin))
        except DamagedFile as damaged:
            return damaged
        return found


@dataclass(frozen=True)
class Finishing:
    """One bucket of subjects, whose features of some mornings are computed and written beside their table."""

    place: Place
    bucket: int
    wholes: Mapping[date, str]
    files: Files
    covered: "Covered"
    part: "TablePart"
    folder: str  # of the feature table

    def run(self) -> list[Written] | DamagedFile | DataRefused:
        """Write a file per morning; rows that break the contract are refused, and nothing is left of the bucket."""
        import polars as pl
        import pyarrow.parquet as pq

        from features.engine import bucket_frames

        wholes = {}
        for as_of, file in self.wholes.items():
            opened = pq.ParquetFile(file)
            wholes[as_of] = pl.DataFrame(pl.from_arrow(opened.read_row_group(self.bucket)))
        groups, written = self.place.features.chosen, []
        try:
            frames = bucket_frames(
                groups, lambda group: _entries(group, self.files, self.bucket), wholes, self.covered
            )
            for as_of, frame in zip(wholes, frames, strict=True):
                if frame.height:
                    written.append(self._write(as_of, frame))
        except (DamagedFile, DataRefused) as told:
            for left in written:
                Path(self.folder, left.path).unlink()
            return told
        return written

    def _write(self, as_of: date, frame: "pl.DataFrame") -> Written:
        from lake.commit import partition_folder
        from lake.publish_batches import audit

        audit(frame, self.part)
        partition = {"as_of": as_of.isoformat()}
        name = f"{partition_folder(partition)}/{uuid.uuid4().hex}.parquet"
        place = Path(self.folder, name)
        place.parent.mkdir(parents=True, exist_ok=True)
        frame.drop("as_of").write_parquet(place, compression="lz4", statistics=False)
        return Written(name, partition, frame.height, place.stat().st_size)


def _entries(group: "FeatureGroup", files: Files, bucket: int | None) -> "Entries":
    from features.kept import parts_of
    from features.windows import Entries

    parts = parts_of(group)
    days = BucketReader(files[parts[0].name], bucket, ["key", "event_date", *parts[0].names])
    readers = {parts[0].name: days}

    def column(part: "Part", name: str) -> "np.ndarray":
        if part.name not in readers:
            readers[part.name] = BucketReader(files[part.name], bucket, ["value", *part.names])
        return readers[part.name].column(name)

    return Entries(days.column("key"), days.column("event_date"), days.known(), column)


def _sampled(whole: "pl.DataFrame", as_of: date, share: float) -> "pl.DataFrame":
    """The subjects that a hash of them and of the morning draws."""
    import polars as pl

    from features.hashing import hashed

    drawn = hashed(pl.Series(whole["key"].to_numpy() ^ as_of.toordinal())).to_numpy()
    return whole.filter(pl.Series(drawn % DRAWS < int(share * DRAWS)))
