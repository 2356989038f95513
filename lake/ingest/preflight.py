"""Looks at every landed file before a row is read: is it whole, can it be read, has it the columns it must have.

All of it ends in sentences that name file and column, so that a bad delivery is refused
before anything is written.
"""

import codecs
import gzip
import hashlib
import json
import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from conf.sources import Feed
from data_contracts.contract import Contract
from data_contracts.types import logical_type
from lake.ingest.landed import Delivery, LandedFile

SAMPLE_BYTES = 1 << 20
CHUNK = 1 << 22
WHOLE_LINES = ("utf-16", "utf-32")  # here a line break is no single byte, so lines cannot be cut from bytes
# What a column of a Parquet file may be, by the logical type it shall become. Strings may hold anything.
CASTABLE = {
    "string": (
        pa.types.is_integer,
        pa.types.is_boolean,
        pa.types.is_decimal,
        pa.types.is_date,
        pa.types.is_floating,
    ),
    "boolean": (pa.types.is_boolean,),
    "integer": (pa.types.is_integer, pa.types.is_decimal, pa.types.is_floating, pa.types.is_boolean),
    "number": (pa.types.is_integer, pa.types.is_decimal, pa.types.is_floating),
    "date": (pa.types.is_date, pa.types.is_timestamp, pa.types.is_integer),
    "timestamp": (pa.types.is_timestamp, pa.types.is_date, pa.types.is_integer),
}


@dataclass(frozen=True)
class Inspected:
    """A file that can be read: its columns in their order, their types, and how many rows it must bring."""

    file: LandedFile
    columns: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    rows: int | None = None


def inspect(delivery: Delivery, contract: Contract) -> tuple[list[Inspected], list[str]]:
    """The files of a delivery that are fine, and one sentence for everything that is wrong with the others."""

    def look(file: LandedFile) -> Inspected | list[str]:
        try:
            return _inspected(file, delivery.feed, contract)
        except (OSError, EOFError, ValueError, pa.ArrowException) as error:
            wanted = "Parquet" if delivery.feed.format == "parquet" else f"{delivery.feed.format} text"
            return [f"{file.path}: cannot be read as {wanted}, cut off or damaged: {_first_line(error)}"]

    with ThreadPoolExecutor() as pool:
        results = list(pool.map(look, delivery.files))
    fine = [result for result in results if isinstance(result, Inspected)]
    return fine, [problem for result in results if isinstance(result, list) for problem in result]


def _inspected(file: LandedFile, feed: Feed, contract: Contract) -> Inspected | list[str]:
    if problems := _not_whole(file):
        return problems
    if feed.format == "parquet":
        return _parquet(file, feed, contract)
    if feed.format == "csv":
        return _csv(file, feed)
    return _json_lines(file)


def _not_whole(file: LandedFile) -> list[str]:
    size = file.path.stat().st_size
    if size == 0:
        return [f"{file.path}: the file is empty (0 bytes)"]
    if file.promise.size not in (None, size):
        return [f"{file.path}: the manifest states {file.promise.size} bytes, found {size}"]
    if file.promise.sha256:
        if (found := _sha256(file.path)) != file.promise.sha256:
            return [f"{file.path}: the manifest states SHA-256 {file.promise.sha256}, found {found}"]
    elif file.path.suffix == ".gz":
        with gzip.open(file.path) as stream:  # reads to the end, which proves that there is one
            while stream.read(CHUNK):
                pass
    return []


def _parquet(file: LandedFile, feed: Feed, contract: Contract) -> Inspected | list[str]:
    footer = pq.read_metadata(file.path)
    schema = footer.schema.to_arrow_schema()
    if missing := _missing(feed.source_columns, schema.names):
        return [f"{file.path}: {missing}"]
    problems = []
    for name, rule in feed.columns.items():
        if rule.source is None or rule.values or rule.sign or name not in {c.name for c in contract.columns}:
            continue
        wanted, found = contract.column(name).spark_type, schema.field(rule.source).type
        if pa.types.is_timestamp(found) and found.unit == "ns":
            problems.append(f"{file.path}: column {rule.source}: times in nanoseconds; write microseconds")
        elif not _fits(found, logical_type(wanted)):
            problems.append(f"{file.path}: column {rule.source}: {found} cannot become {wanted} ({name})")
    if problems:
        return problems
    types = tuple(str(schema.field(name).type) for name in feed.source_columns)
    return Inspected(file, feed.source_columns, types, footer.num_rows)


def _fits(found: pa.DataType, wanted: str | None) -> bool:
    text = pa.types.is_string(found) or pa.types.is_large_string(found) or pa.types.is_null(found)
    if pa.types.is_dictionary(found):
        return _fits(found.value_type, wanted)
    return text or any(test(found) for test in CASTABLE.get(wanted or "", ()))


def _csv(file: LandedFile, feed: Feed) -> Inspected | list[str]:
    options = feed.options
    if codecs.lookup(options.encoding).name.startswith(WHOLE_LINES):
        return [f"{file.path}: encoding {options.encoding} is not supported; deliver UTF-8 or GB18030"]
    sample = _head(file.path)
    header, _, _ = sample.partition(b"\n")
    try:
        line = header.decode(options.encoding).removeprefix("\ufeff").rstrip("\r")
    except UnicodeDecodeError as error:
        return [f"{file.path}: the header is not {options.encoding}: {error.reason} at byte {error.start}"]
    if _is_other_encoding(sample, options.encoding):
        return [
            f"{file.path}: wanted encoding {options.encoding}, found UTF-8; correct the mapping or the file"
        ]
    columns = tuple(_unquoted(name, options.quote) for name in line.split(options.delimiter))
    if missing := _missing(feed.source_columns, columns):
        return [f"{file.path}: {missing}"]
    if repeated := sorted({name for name in columns if columns.count(name) > 1}):
        return [f"{file.path}: columns {repeated} stand in the header twice"]
    rows = file.promise.rows
    if options.trailer:
        stated = _trailer_rows(file.path, options.trailer, options.delimiter)
        if stated is None:
            wanted = f"{options.trailer}{options.delimiter}<rows>"
            return [f"{file.path}: the last line is not `{wanted}`; the file is cut off"]
        if rows not in (None, stated):
            return [f"{file.path}: the manifest states {rows} rows, the trailer {stated}"]
        rows = stated
    return Inspected(file, columns, rows=rows)


def _is_other_encoding(sample: bytes, wanted: str) -> bool:
    """Whether text that should be GB18030 or the like is UTF-8: bytes above 127 hardly ever form UTF-8 by chance."""
    if codecs.lookup(wanted).name == "utf-8" or sample.isascii():
        return False
    decoder = codecs.getincrementaldecoder(
        "utf-8"
    )()  # does not mind a character cut at the end of the sample
    try:
        decoder.decode(sample)
    except UnicodeDecodeError:
        return False
    return True


def _json_lines(file: LandedFile) -> Inspected | list[str]:
    first = _head(file.path).partition(b"\n")[0]
    try:
        if isinstance(json.loads(first), dict):
            return Inspected(file, rows=file.promise.rows)
        found = "another value"
    except ValueError as error:
        found = _first_line(error)
    return [f"{file.path}: wanted one JSON object per line; line 1: {found}"]


def _missing(wanted: Iterable[str], found: Iterable[str]) -> str | None:
    wanted, found = list(wanted), list(found)
    gone = [name for name in wanted if name not in found]
    if wanted and gone == wanted:  # perhaps a file without header, whose first row must not be quoted
        return f"none of the columns {', '.join(wanted)} is in the header of {len(found)} fields; is there a header?"
    if gone:
        return f"column {', '.join(gone)} is missing; found {', '.join(found)}"
    return None


def _trailer_rows(file: Path, word: str, delimiter: str) -> int | None:
    lines = _tail(file).split(b"\n")
    last = next((line for line in reversed(lines) if line.strip()), b"")
    match = re.fullmatch(re.escape(f"{word}{delimiter}").encode() + rb"(\d+)\s*", last)
    return int(match[1]) if match else None


def _head(file: Path) -> bytes:
    with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as stream:
        return stream.read(SAMPLE_BYTES)


def _tail(file: Path) -> bytes:
    if file.suffix == ".gz":
        end = b""
        with gzip.open(file) as stream:
            while chunk := stream.read(CHUNK):
                end = end[-200:] + chunk
        return end[-200:]
    with file.open("rb") as stream:
        stream.seek(max(0, file.stat().st_size - 200))
        return stream.read()


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _unquoted(name: str, quote: str) -> str:
    return name.strip().strip(quote) if quote else name.strip()


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
