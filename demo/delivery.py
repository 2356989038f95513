"""Writing landed folders: part file first, manifest last; the same rows give the same bytes."""

import gzip
import hashlib
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from demo.arrow import clock, timestamps
from demo.calendar import DAY_US, SECOND_US, Calendar
from demo.dirt import break_line, break_parquet, breakages, corrected, fates, record
from demo.feeds import Feed
from demo.profile import Profile
from demo.rng import STREAMS, fold, uniform

ZONE_US = 8 * 3_600_000_000  # landed epoch milliseconds are UTC, everything else is local
Pending = dict[int, list[pa.Table]]  # folder day -> rows that will arrive late, with their key and time


class Delivery:
    """Delivers the feeds of one chain and remembers files and faults for the truth."""

    def __init__(self, root: Path, profile: Profile, calendar: Calendar, seed: int) -> None:
        self.root, self.profile, self.calendar, self.seed = root, profile, calendar, seed
        self.files: list[dict[str, object]] = []
        self.dirt: list[pa.Table] = []

    def snapshot(self, feed: Feed, folder: int, rows: pa.Table, order: np.ndarray | None = None) -> None:
        """Deliver a table or its changes; with `order` (row keys) faults are planted as well."""
        if order is None:
            self._write(feed, folder, rows, np.zeros(rows.num_rows, np.int64))
            return
        fate = fates(self.profile, feed, fold(order, salt=folder + 1_000_000), self._salt(feed))
        duplicate = np.flatnonzero(fate.duplicate)
        place = np.argsort(np.r_[np.arange(rows.num_rows), duplicate], kind="stable")
        source = np.r_[np.arange(rows.num_rows), duplicate][place]
        copies = place >= rows.num_rows
        rows = rows.take(pa.array(source))
        self._record(feed, folder, rows, np.flatnonzero(copies), "duplicate_exact", "duplicate")
        self._write(feed, folder, rows, np.where(copies, 0, fate.broken[source]))

    def events(
        self, feed: Feed, day: int, rows: pa.Table, at: np.ndarray, key: np.ndarray, pending: Pending
    ) -> Pending:
        """Deliver the events of a day with its faults; returns the rows that are still on their way.

        `rows` lacks `received_at`, which is added here; `key` is a unique 64-bit key per row.
        """
        folder = day + 1
        salt = self._salt(feed)
        fate = fates(self.profile, feed, key, salt)
        due = self.calendar.midnight(folder) + feed.delivered
        slack = -np.log1p(-uniform(fold(key, salt=salt + 76))) * 30 * SECOND_US
        # Nothing is handed over after the delivery; the last second is left to corrected copies.
        prompt = np.minimum(at + slack.astype(np.int64), due - 2 * SECOND_US)
        tardy = (
            due
            - DAY_US
            + fate.late_days * DAY_US
            + (uniform(fold(key, salt=salt + 77)) * DAY_US).astype(np.int64)
        )
        received = np.where(
            fate.late_days > 0, np.minimum(tardy, due + fate.late_days * DAY_US - 2 * SECOND_US), prompt
        )
        received -= received % SECOND_US
        extra = {"_received": received, "_key": key, "_broken": fate.broken, "_late": fate.late_days}
        extra |= {"_duplicate": fate.duplicate, "_superseded": fate.superseded}
        for name, column in extra.items():
            rows = rows.append_column(name, pa.array(column))
        later = dict(pending)
        for ahead in np.unique(fate.late_days[fate.late_days > 0]):
            part = rows.filter(pa.array(fate.late_days == ahead))
            later.setdefault(folder + int(ahead), []).append(part)
        present = pa.concat_tables([rows.filter(pa.array(fate.late_days == 0)), *later.pop(folder, [])])
        self._deliver(feed, folder, present)
        return later

    def _deliver(self, feed: Feed, folder: int, rows: pa.Table) -> None:
        duplicate, superseded = (_mask(rows, name) for name in ("_duplicate", "_superseded"))
        count = rows.num_rows
        copies = np.r_[np.flatnonzero(duplicate), np.flatnonzero(superseded)]
        news = corrected(feed, rows.take(pa.array(np.flatnonzero(superseded))))
        rows = pa.concat_tables([rows, rows.take(pa.array(np.flatnonzero(duplicate))), news])
        origin = np.r_[
            np.zeros(count, np.int64), np.ones(int(duplicate.sum()), np.int64), np.full(news.num_rows, 2)
        ]
        received = rows.column("_received").to_numpy() + np.where(origin == 2, SECOND_US, 0)
        tie = fold(rows.column("_key").to_numpy(), salt=78)
        order = np.lexsort((origin, tie, received))
        rows, origin, received = rows.take(pa.array(order)), origin[order], received[order]
        broken = np.where(origin == 0, rows.column("_broken").to_numpy(), 0)
        plain = rows.select([n for n in rows.column_names if not n.startswith("_")])
        plain = plain.append_column("received_at", _received(feed, received))
        late = (rows.column("_late").to_numpy() > 0) & (origin == 0) & ~_mask(rows, "_superseded")
        self._record(feed, folder, plain, np.flatnonzero(late), "late", "late")
        self._record(feed, folder, plain, np.flatnonzero(origin == 1), "duplicate_exact", "duplicate")
        replaced = np.flatnonzero(_mask(rows, "_superseded") & (origin == 0))
        self._record(feed, folder, plain, replaced, "superseded", "duplicate")
        if len(copies) != int((origin > 0).sum()):
            raise ValueError(f"{feed.path}: wanted {len(copies)} copies, found {int((origin > 0).sum())}")
        self._write(feed, folder, plain, broken)

    def _record(
        self, feed: Feed, folder: int, rows: pa.Table, lines: np.ndarray, kind: str, verdict: str,
        reason: np.ndarray | None = None,
    ) -> None:  # fmt: skip
        if len(lines):
            name, day = f"part-000.{feed.form}", self.calendar.date(folder).isoformat()
            self.dirt.append(record(feed, day, name, rows, lines, kind, verdict, reason))

    def _write(self, feed: Feed, folder: int, rows: pa.Table, broken: np.ndarray) -> None:
        kinds = np.array(["", *breakages(feed)])
        at = np.flatnonzero(broken)
        self._record(feed, folder, rows, at, "broken", "quarantine", kinds[broken[at]])
        if feed.form == "parquet":
            sink = pa.BufferOutputStream()
            pq.write_table(break_parquet(feed, rows, broken), sink, compression="zstd", compression_level=1)
            data = sink.getvalue().to_pybytes()
        else:
            data = csv_bytes(feed, rows, {int(i): str(kinds[broken[i]]) for i in at})
            data = gzip.compress(data, compresslevel=1, mtime=0) if feed.form == "csv.gz" else data
        target = self.root / "landing" / feed.path / self.calendar.date(folder).isoformat()
        target.mkdir(parents=True, exist_ok=True)
        name = f"part-000.{feed.form}"
        entry = {
            "name": name,
            "rows": rows.num_rows,
            "bytes": len(data),
            "sha256": hashlib.sha256(data).hexdigest(),
        }
        moment = np.datetime64(self.calendar.midnight(folder) + feed.delivered, "us")
        manifest = {"files": [entry], "delivered_at": f"{np.datetime_as_string(moment, unit='s')}+08:00"}
        replace_file(target / name, data)
        replace_file(target / "_MANIFEST.json", (json.dumps(manifest, indent=1) + "\n").encode())
        self.files.append({"path": f"{feed.path}/{target.name}/{name}", **entry})

    def _salt(self, feed: Feed) -> int:
        return self.seed * 1000 + STREAMS["dirt_" + feed.table] * 10


def csv_bytes(feed: Feed, rows: pa.Table, broken: dict[int, str]) -> bytes:
    """Header, one line per row, perhaps a trailer; `broken` names the fault of a row position."""
    columns = [pc.fill_null(pc.cast(c, pa.string()), "") for c in rows.columns]
    ends = pa.repeat("\n", rows.num_rows)
    lines = pc.binary_join_element_wise(*columns, feed.separator)
    lines = pc.binary_join_element_wise(lines, ends, "")
    if isinstance(lines, pa.ChunkedArray):
        lines = lines.combine_chunks()
    offsets = (
        np.frombuffer(lines.buffers()[1], np.int32)[: len(lines) + 1] if len(lines) else np.zeros(1, np.int32)
    )
    text = bytes(lines.buffers()[2]) if len(lines) else b""
    parts, begin = [(feed.separator.join(rows.column_names) + "\n").encode()], 0
    for at, kind in sorted(broken.items()):
        parts.append(text[begin : offsets[at]])
        line = text[offsets[at] : offsets[at + 1] - 1].decode()
        parts.append((break_line(feed, rows.column_names, line, kind) + "\n").encode())
        begin = offsets[at + 1]
    parts.append(text[begin : offsets[-1]])
    if feed.trailer:
        parts.append(f"TRAILER|{rows.num_rows}\n".encode())
    data = b"".join(parts)
    return data if feed.encoding == "utf-8" else data.decode().encode(feed.encoding)


def _received(feed: Feed, received: np.ndarray) -> pa.Array:
    if feed.clock == "clock":
        return clock(received)
    if feed.clock == "epoch_ms":
        return pa.array((received - ZONE_US) // 1000)
    return timestamps(received)


def _mask(rows: pa.Table, name: str) -> np.ndarray:
    return rows.column(name).to_numpy(zero_copy_only=False)


def replace_file(path: Path, data: bytes) -> None:
    """Write a file so that readers see the old one or the new one, never half of it."""
    draft = path.with_name(f".{path.name}.tmp")
    draft.write_bytes(data)
    draft.replace(path)
