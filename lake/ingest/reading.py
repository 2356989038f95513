"""Landed files as frames: the columns as they are named in the file, and where each row stands.

Besides the columns of the file: `_file`, `_line` (of the unpacked file, the header is line 1; of Parquet the row),
`_broken` (what is wrong with the line itself, null when it is fine), and `_as_of`, `_delivered_at`, `_by_row` of
its delivery. Every value of a CSV or JSON file is text here; a Parquet file keeps its types.
"""

import codecs
import csv
import gzip
import os
from collections.abc import Sequence
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from conf.days import DayRange
from conf.errors import DataRefused, UsageError
from conf.settings import Settings
from conf.sources import Feed, FeedOptions
from lake.ingest.landed import Delivery, LandedFile
from lake.ingest.preflight import Inspected

MOMENT = pl.Datetime("us", "UTC")
PLACE = {
    "_file": pl.String(),
    "_line": pl.Int64(),
    "_broken": pl.String(),
    "_as_of": pl.Date(),
    "_delivered_at": MOMENT,
    "_by_row": pl.Boolean(),
}
HAS_NUL, NOT_FIELDS = "line: holds a NUL character", "line: not {} fields"


def read_file(inspected: Inspected, feed: Feed) -> pl.DataFrame:
    """All rows of a file that was found readable; one row per row of the file, in its order."""
    path = inspected.file.path
    if feed.format == "parquet":
        table = pq.read_table(path, columns=list(feed.source_columns))
        rows = pl.DataFrame(pl.from_arrow(table.select(list(feed.source_columns))))
        rows = rows.with_columns(
            pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("_line"),
            pl.lit(None, pl.String).alias("_broken"),
        )
    else:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        rows = _csv(data, feed, inspected.columns) if feed.format == "csv" else _json(data, feed)
    return _only_ours(_placed(rows, inspected.file), feed)


def _placed(rows: pl.DataFrame, file: LandedFile) -> pl.DataFrame:
    return rows.with_columns(
        pl.lit(file.name).alias("_file"),
        pl.lit(file.as_of, pl.Date).alias("_as_of"),
        pl.lit(file.delivered_at).cast(MOMENT).alias("_delivered_at"),
        pl.lit(file.dated_by_row).alias("_by_row"),
    )


def _only_ours(rows: pl.DataFrame, feed: Feed) -> pl.DataFrame:
    """The rows that the feed's `where` names; a line that cannot be read must not get lost, so it stays."""
    rows = rows.select(*feed.source_columns, *PLACE)
    if feed.where is None:
        return rows
    words = pl.col(feed.where.column).cast(pl.String).str.strip_chars(" ")
    return rows.filter(words.is_in(feed.where.values) | pl.col("_broken").is_not_null())


def _lines(data: bytes, encoding: str) -> pl.DataFrame:
    """`_line`, `_text` and `_broken` (null, or that the bytes are not of that encoding) of every line."""
    data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    wrong: list[int] = []
    try:
        texts = pl.Series([data.decode(encoding)]).str.split("\n").explode()
    except UnicodeDecodeError:
        parts = [part.decode(encoding, errors="replace") for part in data.split(b"\n")]
        wrong = [number for number, text in enumerate(parts, 1) if "\ufffd" in text]
        texts = pl.Series(parts, dtype=pl.String)
    lines = pl.DataFrame({"_text": texts}).with_row_index("_line", 1)
    broken = pl.when(pl.col("_line").is_in(wrong)).then(pl.lit(f"line: not {encoding}"))
    return lines.select(pl.col("_line").cast(pl.Int64), "_text", broken.alias("_broken"))


def _csv(data: bytes, feed: Feed, columns: tuple[str, ...]) -> pl.DataFrame:
    """Lines as columns; blank lines, header and trailer are no rows."""
    found = _csv_at_once(data, feed, columns)
    return _csv_by_lines(data, feed, columns) if found is None else found


def _csv_at_once(data: bytes, feed: Feed, columns: tuple[str, ...]) -> pl.DataFrame | None:
    """As `_csv`, in one go; None where lines need a look of their own: undecodable, blank, or swallowed by a quote."""
    options = feed.options
    lines = _bare(data.replace(b"\r\n", b"\n").rstrip(b"\n") + b"\n")
    is_row = len(columns) == 1 or (len(columns) == 2 and bool(options.trailer))  # a blank line, the trailer
    if is_row or b"\r" in lines or b"\n\n" in lines:
        return None
    try:
        if codecs.lookup(options.encoding).name != "utf-8":
            lines = lines.decode(options.encoding).encode()
        table, odd = _parsed(lines, columns, options, feed.source_columns, skip=1)
    except (UnicodeDecodeError, pa.ArrowInvalid):
        return None
    if table.num_rows + len(odd) != lines.count(b"\n") - 1:
        return None
    trailer = options.trailer + options.delimiter if options.trailer else "\n"
    trailers = sum(text.startswith(trailer) for _, text in odd)
    if options.trailer and trailers != lines.count(
        b"\n" + trailer.encode()
    ):  # one has as many fields as a row
        return None
    wrong = [(number, text) for number, text in odd if text.strip() and not text.startswith(trailer)]
    numbers = pl.int_range(2, table.num_rows + len(odd) + 2, eager=True)
    rows = pl.DataFrame(pl.from_arrow(table)).with_columns(
        numbers.filter(~numbers.is_in([number for number, _ in odd])).alias("_line"),
        pl.lit(None, pl.String).alias("_broken"),
    )
    broken = [HAS_NUL if "\0" in text else NOT_FIELDS.format(len(columns)) for _, text in wrong]
    unread = {"_line": [number for number, _ in wrong], "_broken": broken}
    return pl.concat([rows, pl.DataFrame(unread)], how="diagonal").sort("_line") if wrong else rows


def _bare(lines: bytes) -> bytes:
    """Of each line with a NUL only the NUL: whatever else it holds, it is no row."""
    parts, start = [], 0
    while (place := lines.find(b"\0", start)) != -1:
        parts.append(lines[start : lines.rfind(b"\n", start, place) + 1])
        start = lines.index(b"\n", place)
        parts.append(b"\0")
    return b"".join([*parts, lines[start:]]) if parts else lines


def _csv_by_lines(data: bytes, feed: Feed, columns: tuple[str, ...]) -> pl.DataFrame:
    options = feed.options
    text = pl.col("_text")
    lines = _lines(data, options.encoding).filter((pl.col("_line") > 1) & (text.str.strip_chars() != ""))
    has_nul = text.str.contains("\0", literal=True)
    if options.trailer:
        lines = lines.filter(~text.str.starts_with(options.trailer + options.delimiter) | has_nul)
    lines = lines.with_columns(pl.coalesce("_broken", pl.when(has_nul).then(pl.lit(HAS_NUL))))
    whole = lines.filter(pl.col("_broken").is_null())
    cells = _cells(whole["_text"], columns, options)
    is_odd = pl.when("_is_odd").then(pl.lit(NOT_FIELDS.format(len(columns)))).alias("_broken")
    found = cells.with_columns(whole["_line"], is_odd).select(*feed.source_columns, "_line", "_broken")
    unread = lines.filter(pl.col("_broken").is_not_null()).select("_line", "_broken")
    return pl.concat([found, unread], how="diagonal").sort("_line") if unread.height else found


def _cells(lines: pl.Series, columns: tuple[str, ...], options: FeedOptions) -> pl.DataFrame:
    """The fields of each line; null, and `_is_odd` true, for a line with another number of fields."""
    if lines.is_empty():
        return pl.DataFrame(schema=dict.fromkeys(columns, pl.String) | {"_is_odd": pl.Boolean})
    table, refused = _parsed((lines.str.join("\n").item() + "\n").encode(), columns, options, columns)
    odd = [number - 1 for number, _ in refused]
    if table.num_rows + len(odd) != len(lines):  # a quote that is never closed has swallowed lines
        return _cells_one_by_one(lines.to_list(), columns, options)
    cells = pl.DataFrame(pl.from_arrow(table))
    if not odd:
        return cells.with_columns(pl.lit(False).alias("_is_odd"))
    places = pl.DataFrame({"_n": range(len(lines))})
    right = cells.with_columns(places.filter(~pl.col("_n").is_in(odd))["_n"], pl.lit(False).alias("_is_odd"))
    every = places.join(right, "_n", how="left", maintain_order="left")
    return every.with_columns(pl.col("_is_odd").fill_null(True)).drop("_n")


def _parsed(
    text: bytes, columns: Sequence[str], options: FeedOptions, wanted: Sequence[str], skip: int = 0
) -> tuple[pa.Table, list[tuple[int, str]]]:
    """The lines with as many fields as `columns` as a table of texts; number (from 1) and text of the others."""
    odd: list[tuple[int, str]] = []

    def refuse(row: pa_csv.InvalidRow) -> str:
        odd.append((row.number, row.text))
        return "skip"

    table = pa_csv.read_csv(
        pa.py_buffer(text),
        # One thread: only then a refused row has a number.
        pa_csv.ReadOptions(use_threads=False, column_names=list(columns), skip_rows=skip, block_size=1 << 26),
        pa_csv.ParseOptions(
            delimiter=options.delimiter,
            quote_char=options.quote or False,
            ignore_empty_lines=False,
            invalid_row_handler=refuse,
        ),
        pa_csv.ConvertOptions(
            column_types=dict.fromkeys(columns, pa.string()),
            strings_can_be_null=False,
            include_columns=list(wanted),
        ),
    )
    return table, odd


def _cells_one_by_one(lines: list[str], columns: tuple[str, ...], options: FeedOptions) -> pl.DataFrame:
    """As `_cells`, each line for itself: slow, but a quote that is never closed harms its own line only."""
    rows = []
    for line in lines:
        fields = next(csv.reader([line], delimiter=options.delimiter, quotechar=options.quote or None), [])
        is_odd = len(fields) != len(columns) or line.count(options.quote) % 2 == 1
        rows.append([*([None] * len(columns) if is_odd else fields), is_odd])
    schema = dict.fromkeys(columns, pl.String()) | {"_is_odd": pl.Boolean()}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _json(data: bytes, feed: Feed) -> pl.DataFrame:
    """Objects as columns of text; a field that an object lacks is null."""
    text = pl.col("_text")
    lines = _lines(data, "UTF-8").filter(text.str.strip_chars() != "")
    whole = text.str.json_path_match("$")  # null for what is no JSON
    is_object = whole.str.starts_with("{").fill_null(False)
    broken = pl.coalesce("_broken", pl.when(~is_object).then(pl.lit("line: not a JSON object")))

    def cell(name: str) -> pl.Expr:
        quoted = name.replace("\\", "\\\\").replace("'", "\\'")
        return pl.when(is_object).then(text.str.json_path_match(f"$['{quoted}']")).alias(name)

    return lines.select(*map(cell, feed.source_columns), "_line", broken.alias("_broken"))


def read_asked(delivery: Delivery, settings: Settings, days: DayRange) -> pl.DataFrame:
    """Rows of a Delta table or of a database, asked for by day where the mapping names a day column."""
    from pyspark.sql import functions as F

    from conf.spark import spark_session

    spark = spark_session(f"riskvane ingest {delivery.feed.name}", settings)  # the only feeds that need one
    feed, options = delivery.feed, delivery.feed.options
    if feed.format == "delta":
        folder = delivery.source.folder(settings) / feed.path
        table = spark.read.format("delta").load(str(folder))
        file = F.concat(F.lit(f"{feed.path}/"), F.col("_metadata.file_name"))
    else:
        table = spark.read.format("jdbc").options(**_jdbc_options(options)).load()
        file = F.lit(f"{feed.name}:{options.dbtable}")
    absent = [name for name in feed.source_columns if name not in table.columns]
    if absent:
        raise DataRefused(
            f"{delivery.source.name}: {feed.name}: column {', '.join(absent)} is missing; found {table.columns}"
        )
    by_row = feed.days_before is None and "received_at" in feed.columns
    as_of = F.lit(None).cast("date") if by_row else F.lit(days.first)
    if feed.days_before is not None:
        day = F.col(str(options.day_column)).cast("date")
        table = table.where((day >= F.lit(feed.day_of(days.first))) & (day <= F.lit(feed.day_of(days.last))))
        as_of = F.date_add(day, feed.days_before)
    morning = F.coalesce(F.col("_as_of"), F.lit(days.first)).cast("string")
    delivered_at = F.concat_ws(" ", morning, F.lit(f"{feed.delivered_at:%H:%M:%S}")).cast("timestamp")
    # The low bits are the place of a row among the rows of its file or partition.
    line = F.monotonically_increasing_id().bitwiseAND(F.lit((1 << 33) - 1)) + 1
    rows = table.select(*feed.source_columns, file.alias("_file"), line.alias("_line"))
    rows = rows.withColumn("_as_of", as_of).withColumn("_delivered_at", delivered_at)
    found = pl.DataFrame(pl.from_arrow(rows.toArrow()))
    return _only_ours(
        found.with_columns(
            pl.lit(None, pl.String).alias("_broken"),
            pl.col("_delivered_at").cast(MOMENT),
            pl.lit(by_row).alias("_by_row"),
        ),
        feed,
    )


def _jdbc_options(options: FeedOptions) -> dict[str, Any]:
    given = {"url": options.url, "dbtable": options.dbtable, "user": options.user}
    if options.password_variable:
        if options.password_variable not in os.environ:
            raise UsageError(
                f"wanted the database password in the variable {options.password_variable}, found none"
            )
        given["password"] = os.environ[options.password_variable]
    return {key: value for key, value in given.items() if value is not None}
