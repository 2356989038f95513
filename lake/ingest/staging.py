"""The one pass over landed rows: read, mapped, checked, pseudonymised and written to a staging folder.

Nothing in staging is in clear, and a refused row keeps nothing but its place, its reasons and a fingerprint.
Files are taken together up to some hundred thousand rows, so memory does not grow with what has landed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from conf.days import DayRange
from conf.settings import Settings
from conf.sources import TABLE_FORMATS
from data_contracts.contract import Contract
from data_contracts.row_checks import row_is_broken, row_violations, with_reasons
from data_contracts.types import polars_type
from lake.ingest.landed import Delivery
from lake.ingest.mapping import TAGGED, fit, mapped, tags
from lake.ingest.preflight import Inspected
from lake.ingest.reading import read_asked, read_file
from privacy.pseudonyms import Pseudonymiser

PLACE = ("known_as_of", "received_at", "source", "source_file", "source_line")
ROWS_TOGETHER = 300_000


@dataclass(frozen=True)
class Input:
    """A delivery whose files were looked at and found readable."""

    delivery: Delivery
    files: tuple[Inspected, ...]


def stage(
    settings: Settings,
    contract: Contract,
    inputs: Sequence[Input],
    days: DayRange,
    folder: Path,
    pseudonymiser: Pseudonymiser,
) -> list[Path]:
    """Write all rows of `inputs` that the mornings `days` get to know into Parquet files in `folder`.

    One row per landed row: the columns of the contract, `_feed` (name of the feed), `_reasons` (list of text, empty
    for a row that is fine) and `_row` (fingerprint). Of a row with reasons only its place is kept. Returns the files
    in the order in which they were written. UsageError when a mapping does not fit the contract.
    """
    folder.mkdir(parents=True)
    wanted = tags([item.delivery.feed for item in inputs], contract)
    written: list[Path] = []
    for item in inputs:
        fit(item.delivery.source, item.delivery.feed, contract)
        for raw in _together(item, settings, days):
            rows = mapped(raw, item.delivery.source, item.delivery.feed, contract, settings)
            rows = _known(rows, settings, contract, days)
            rows = _staged(rows, contract, wanted, pseudonymiser).with_columns(
                pl.lit(item.delivery.feed.name).alias("_feed")
            )
            written.append(folder / f"part-{len(written):05}.parquet")
            rows.write_parquet(written[-1], compression="lz4")
    return written


def _together(item: Input, settings: Settings, days: DayRange) -> Iterator[pl.DataFrame]:
    """The rows of a delivery, files of equal columns and types together."""
    if item.delivery.feed.format in TABLE_FORMATS:
        yield read_asked(item.delivery, settings, days)
        return
    waiting: list[pl.DataFrame] = []
    for file in item.files:
        rows = read_file(file, item.delivery.feed)
        full = sum(frame.height for frame in waiting) + rows.height > ROWS_TOGETHER
        if waiting and (full or waiting[0].schema != rows.schema):
            yield pl.concat(waiting)
            waiting = []
        waiting.append(rows)
    if waiting:
        yield pl.concat(waiting)


def _known(rows: pl.DataFrame, settings: Settings, contract: Contract, days: DayRange) -> pl.DataFrame:
    """The rows that one of the mornings `days` got to know first, with that morning and whether that was late."""
    cutoff = pl.duration(hours=settings.cutoff.hour, minutes=settings.cutoff.minute)
    received = pl.col("received_at").dt.convert_time_zone(settings.timezone).dt.replace_time_zone(None)
    by_receipt = (received - cutoff).dt.date() + pl.duration(days=1)
    # max skips nulls: a row without a readable receipt belongs to its delivery, or to the first morning asked
    by_row = pl.max_horizontal("_as_of", by_receipt).fill_null(days.first)
    known = pl.when("_by_row").then(by_row).otherwise("_as_of").alias("known_as_of")
    rows = rows.with_columns(known).filter(pl.col("known_as_of").is_between(days.first, days.last))
    is_late = pl.lit(False)
    if contract.kind == "event":  # the morning of an event is the day after it happened
        is_late = (pl.col("known_as_of") > pl.col("event_date") + pl.duration(days=1)).fill_null(False)
    return rows.with_columns(is_late.alias("is_late"))


def _staged(
    rows: pl.DataFrame, contract: Contract, wanted: dict[str, str], pseudonymiser: Pseudonymiser
) -> pl.DataFrame:
    rows = rows.with_columns(
        pl.lit(None, pl.String).alias(name) for name in wanted if name not in rows.columns
    )
    # Blanked before pseudonyms are made, so that the vault never learns what a shifted line holds.
    readable = pl.col("_broken").is_null()
    rows = rows.with_columns(pl.when(readable).then(pl.col(name)).alias(name) for name in wanted)
    rows = pseudonymiser.replace(rows, wanted)
    rows = rows.with_columns(
        pl.coalesce(parts).alias(name) for name in contract.pseudonyms if (parts := _parts(name, wanted))
    )
    rows = _with_reasons(rows, contract)
    is_fine = pl.col("_reasons").list.len() == 0
    return rows.select(
        *(
            (pl.col(c.name) if c.name in PLACE else pl.when(is_fine).then(pl.col(c.name)))
            .cast(polars_type(c.spark_type))
            .alias(c.name)
            for c in contract.columns
        ),
        "_reasons",
        "_row",
    )


def _with_reasons(rows: pl.DataFrame, contract: Contract) -> pl.DataFrame:
    """`rows` with `_reasons`: what is wrong with a mapped row; a value that did not parse is named once."""
    # Pseudonyms are ours, so only whether they are there is asked; event_date is missing when happened_at is.
    asked = {column.name for column in contract.columns} - {"event_date"}
    is_broken = row_is_broken(contract, clear=True, columns=asked)
    rows = with_reasons(
        rows, is_broken, row_violations(contract, clear=True, columns=asked), "_reasons"
    ).with_row_index("_n")
    troubled = rows.filter(pl.col("_problems").list.len() > 0)  # few, or the delivery will be refused
    if troubled.is_empty():
        return rows
    reasons = [
        given if is_broken else given + [r for r in broken if _column(r) not in set(map(_column, given))]
        for is_broken, given, broken in troubled.select(
            pl.col("_broken").is_not_null(), "_problems", "_reasons"
        ).iter_rows()
    ]
    named = pl.DataFrame(
        {"_n": troubled["_n"], "_named": reasons},
        schema={"_n": troubled.schema["_n"], "_named": pl.List(pl.String)},
    )
    rows = rows.join(named, "_n", how="left", maintain_order="left")
    return rows.with_columns(pl.coalesce("_named", "_reasons").alias("_reasons"))


def _column(reason: str) -> str:
    return reason.partition(":")[0]


def _parts(name: str, wanted: dict[str, str]) -> list[str]:
    """The columns in which the values of `name` stand by their tags, when the tag depends on the row."""
    return [column for column, tag in wanted.items() if column == TAGGED.format(column=name, tag=tag)]
