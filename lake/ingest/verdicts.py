"""What becomes of each staged row: accepted, late, duplicate or quarantined. Every row gets exactly one verdict."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from conf.days import DayRange
from conf.errors import DataRefused
from conf.settings import Settings
from data_contracts.contract import Contract
from lake.tables import exists, table_path

ACCEPTED, LATE, DUPLICATE, QUARANTINED = VERDICTS = ("accepted", "late", "duplicate", "quarantined")
LOOK_BACK_DAYS = 90  # older events are not compared with the mart
GRACE_ROWS = 2  # a small delivery is not refused for one or two rows above the share
SHOWN = 3


@dataclass(frozen=True)
class Count:
    """How many rows of one file got one verdict on one morning."""

    as_of: date
    source: str
    feed: str
    file: str
    verdict: str
    rows: int


@dataclass(frozen=True)
class Judged:
    """Staged files with the places, file number and row in it, of the rows that repeat a key."""

    files: tuple[Path, ...]
    repeated: pl.DataFrame

    def rows(self, number: int, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """The rows of one file, of all columns or these, with the column `_verdict`."""
        wanted = None if columns is None else list(dict.fromkeys([*columns, "_reasons", "is_late"]))
        rows = pl.read_parquet(self.files[number], columns=wanted)
        again = self.repeated.filter(pl.col("_file") == number)["_n"]
        verdict = (
            pl.when(pl.col("_reasons").list.len() > 0)
            .then(pl.lit(QUARANTINED))
            .when(pl.int_range(pl.len()).is_in(again.implode()))
            .then(pl.lit(DUPLICATE))
            .when("is_late")
            .then(pl.lit(LATE))
            .otherwise(pl.lit(ACCEPTED))
        )
        rows = rows.with_columns(verdict.alias("_verdict"))
        return rows if columns is None else rows.select(*columns, "_verdict")


def judge(files: Sequence[Path], settings: Settings, contract: Contract, days: DayRange) -> Judged:
    """Find the rows that repeat a key, among all staged `files` and against the mart.

    Of rows with the same primary key the first morning's counts, within a morning the one received last; a row
    whose key the mart knew before `days` is a duplicate too. Rows with reasons are no rivals.
    """
    key = list(contract.primary_key)
    fine = pl.col("_reasons").list.len() == 0
    hashed = [
        pl.scan_parquet(file)
        .with_row_index("_n")
        .filter(fine)
        .select(
            pl.lit(number, pl.UInt32).alias("_file"),
            "_n",
            pl.struct(key).hash().alias("_hash"),
            *_days(contract),
        )
        .collect()
        for number, file in enumerate(files)
    ]
    if not hashed:
        return Judged((), pl.DataFrame(schema={"_file": pl.UInt32, "_n": pl.UInt32}))
    places = pl.concat(hashed)
    # Hashes find the few candidates; only these are compared by their whole keys.
    often = places.group_by("_hash").len().filter(pl.col("len") > 1).select("_hash")
    rivals = _whole(files, places.join(often, "_hash", how="semi"), key)
    # Of rows received at the same moment the last content counts, and of equal rows the first.
    rivals = rivals.sort("source_file", "source_line").with_row_index("_place")
    newest = pl.col("_place").max().over(*key, "known_as_of", "received_at", "_row")
    rivals = rivals.with_columns(newest.alias("_last")).sort(
        "known_as_of",
        "received_at",
        "_last",
        "_place",
        descending=[False, True, True, False],
        nulls_last=True,
    )
    first = pl.int_range(pl.len()).over(key)
    repeated = [rivals.filter(first > 0).select("_file", "_n")]
    if "known_as_of" not in key and exists(settings, contract.table):
        repeated.append(_known_before(files, places, settings, contract, days))
    return Judged(tuple(files), pl.concat(repeated).unique())


def _days(contract: Contract) -> list[str]:
    return ["event_date"] if contract.kind == "event" else []


def _whole(files: Sequence[Path], places: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """The staged rows at `places`, with their keys and what decides between them."""
    needed = list(dict.fromkeys([*key, "known_as_of", "received_at", "_row", "source_file", "source_line"]))
    parts = [
        pl.scan_parquet(files[number[0]])
        .with_row_index("_n")
        .select("_n", *needed)
        .join(rows.select("_file", "_n").lazy(), "_n", how="inner")
        .collect()
        for number, rows in places.group_by("_file")
    ]
    if parts:
        return pl.concat(parts)
    return (
        pl.read_parquet(files[0], columns=needed)
        .clear()
        .with_columns(pl.lit(0, pl.UInt32).alias("_file"), pl.lit(0, pl.UInt32).alias("_n"))
    )


def _known_before(
    files: Sequence[Path], places: pl.DataFrame, settings: Settings, contract: Contract, days: DayRange
) -> pl.DataFrame:
    """The places of rows whose key an earlier morning brought; of events only the touched days are read."""
    key = list(contract.primary_key)
    known = pl.scan_delta(str(table_path(settings, contract.table))).filter(
        pl.col("known_as_of") < days.first
    )
    if contract.kind == "event":
        oldest = days.first - timedelta(days=LOOK_BACK_DAYS)
        touched = [day for day in places["event_date"].unique().to_list() if day >= oldest]
        known = known.filter(pl.col("event_date").is_in(touched))
    hashes = known.select(*key, pl.struct(key).hash().alias("_hash"))
    hits = hashes.join(places.select("_hash").unique().lazy(), "_hash", how="semi").collect()
    if hits.is_empty():
        return pl.DataFrame(schema={"_file": pl.UInt32, "_n": pl.UInt32})
    candidates = _whole(files, places.join(hits.select("_hash").unique(), "_hash", how="semi"), key)
    return candidates.join(hits.select(key).unique(), key, how="semi").select("_file", "_n")


def counted(judged: Judged) -> list[Count]:
    """Rows by morning, file and verdict."""
    by = ["known_as_of", "source", "_feed", "source_file"]
    parts = [
        judged.rows(number, by).group_by(*by, "_verdict").len("_rows") for number in range(len(judged.files))
    ]
    if not parts:
        return []
    rows = pl.concat(parts).group_by(*by, "_verdict").agg(pl.col("_rows").sum()).sort(*by, "_verdict")
    return [Count(*row) for row in rows.iter_rows()]


def totals(counts: list[Count]) -> dict[date, dict[str, int]]:
    """Rows by morning and verdict, and `read`, their sum."""
    found: dict[date, dict[str, int]] = {}
    for count in counts:
        day = found.setdefault(count.as_of, dict.fromkeys(("read", *VERDICTS), 0))
        day["read"] += count.rows
        day[count.verdict] += count.rows
    return found


def break_circuit(judged: Judged, counts: list[Count], settings: Settings, contract: Contract) -> list[str]:
    """One sentence per morning on which too many rows were refused or repeated; empty when all is well."""
    problems = []
    for as_of, day in sorted(totals(counts).items()):
        limits = [(QUARANTINED, settings.max_quarantined_share)]
        if contract.kind == "event":  # a dimension may be delivered whole again and again
            limits.append((DUPLICATE, settings.max_duplicate_share))
        for verdict, share in limits:
            if day[verdict] > share * day["read"] + GRACE_ROWS:
                found = (
                    f"{day[verdict]} of {day['read']} rows are {verdict} ({day[verdict] / day['read']:.1%})"
                )
                problems.append(
                    f"{contract.table} {as_of}: {found}, allowed are {share:.1%}; {_examples(judged, as_of, verdict)}"
                )
    return problems


def _examples(judged: Judged, as_of: date, verdict: str) -> str:
    needed = ["known_as_of", "source_file", "source_line", "_reasons"]
    wanted = (pl.col("known_as_of") == as_of) & (pl.col("_verdict") == verdict)
    rows = pl.concat(judged.rows(number, needed).filter(wanted) for number in range(len(judged.files)))
    rows = rows.sort("source_file", "source_line")
    if verdict == DUPLICATE:
        file, line = rows.select("source_file", "source_line").row(0)
        return f"first {file}:{line}; was a file delivered twice?"
    reasons = rows.explode("_reasons").group_by("_reasons", maintain_order=True)
    worst = reasons.agg(pl.len(), pl.first("source_file"), pl.first("source_line"))
    worst = worst.sort("len", "_reasons", descending=[True, False]).head(SHOWN)
    return "; ".join(f"{n} x {reason} (first {file}:{line})" for reason, n, file, line in worst.iter_rows())


def prove_whole(counts: list[Count], expected: dict[tuple[str, str, str], int]) -> None:
    """Every file must have brought the rows that its footer, manifest or trailer states (source, feed, file -> rows).

    Raises DataRefused naming the files that did not.
    """
    found: dict[tuple[str, str, str], int] = {}
    for count in counts:
        place = (count.source, count.feed, count.file)
        found[place] = found.get(place, 0) + count.rows
    wrong = [
        f"{place[2]}: {rows} rows are stated, {found.get(place, 0)} were read"
        for place, rows in sorted(expected.items())
        if found.get(place, 0) != rows
    ]
    if wrong:
        raise DataRefused("files did not bring the rows that they state", wrong)
