"""Landed files as frames: the columns as they are named in the file, and where each row stands.

Besides the columns of the file: `_file`, `_line` (of the unpacked file, the header is line 1; of Parquet the row),
`_broken` (what is wrong with the line itself, null when it is fine), and `_as_of`, `_delivered_at`, `_by_row` of
its delivery. Every value of a CSV or JSON file is text here.
"""

import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import reduce
from typing import TYPE_CHECKING, Any

from conf.days import DayRange
from conf.errors import DataRefused, UsageError
from conf.settings import Settings
from conf.sources import Feed, FeedOptions
from lake.ingest.landed import Delivery
from lake.ingest.preflight import Inspected

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

PLACE = ("_file", "_line", "_broken", "_as_of", "_delivered_at", "_by_row")
WHOLE_FILES = str(1 << 40)
# One text file is one partition, unsplit and unjoined: only so is a row's position its line. Java's character sets
# are needed for GB18030; a byte that is none becomes U+FFFD, which is found, instead of ending the night.
SETTINGS = {
    "spark.sql.files.maxPartitionBytes": WHOLE_FILES,
    "spark.sql.files.openCostInBytes": WHOLE_FILES,
    "spark.sql.legacy.javaCharsets": "true",
    "spark.sql.legacy.codingErrorAction": "true",
}
ROW_IN_PARTITION = (1 << 33) - 1  # the low bits of monotonically_increasing_id


@contextmanager
def reading_settings(spark: "SparkSession") -> Iterator[None]:
    """The settings that frames of this module need while they are computed; the old ones come back after."""
    before = {key: str(spark.conf.get(key)) for key in SETTINGS}
    try:
        for key, value in SETTINGS.items():
            spark.conf.set(key, value)
        yield
    finally:
        for key, value in before.items():
            spark.conf.set(key, value)


def read(
    spark: "SparkSession", delivery: Delivery, files: list[Inspected], settings: Settings, days: DayRange
) -> "DataFrame":
    """All rows of a delivery, files of equal columns and types together; one row per row of the files."""
    from pyspark.sql import functions as F

    feed = delivery.feed
    if feed.format in ("delta", "jdbc"):
        frame = _asked(spark, delivery, settings, days)
    else:
        groups = defaultdict(list)
        for file in files:
            groups[file.columns, file.types].append(file)
        parts = [_landed(spark, feed, group) for group in groups.values()]
        frame = reduce(lambda one, other: one.unionByName(other, allowMissingColumns=True), parts)
    if feed.where:
        words = F.trim(F.col(feed.where.column).cast("string"))
        # A line that cannot be read belongs to no other feed for certain; it must not get lost.
        frame = frame.where(words.isin(*feed.where.values) | F.col("_broken").isNotNull())
    return frame


def _landed(spark: "SparkSession", feed: Feed, files: list[Inspected]) -> "DataFrame":
    from pyspark.sql import functions as F

    paths = [str(file.file.path) for file in files]
    if feed.format == "parquet":
        rows = spark.read.parquet(*paths).select(
            *feed.source_columns,
            F.col("_metadata.file_path").alias("_uri"),
            (F.col("_metadata.row_index") + 1).alias("_line"),
            F.lit(None).cast("string").alias("_broken"),
        )
    else:
        lines = spark.read.text(paths).select(
            "value",
            F.col("_metadata.file_path").alias("_uri"),
            _position(),
        )
        rows = _csv(lines, feed, files[0].columns) if feed.format == "csv" else _json(lines, feed)
    places = [
        (
            file.file.path.as_uri().removeprefix("file://"),
            file.file.name,
            file.file.as_of,
            file.file.delivered_at,
            file.file.dated_by_row,
        )
        for file in files
    ]
    schema = "_path string, _file string, _as_of date, _delivered_at timestamp, _by_row boolean"
    known = spark.createDataFrame(places, schema)
    # Spark writes some characters of a path otherwise than Python; both are compared in plain.
    path = F.regexp_replace(_plain(F.col("_uri")), "^file:/+", "/")
    known = known.withColumn("_path", _plain(F.col("_path")))
    rows = rows.withColumn("_path", path).join(F.broadcast(known), "_path", "left")
    return rows.select(*feed.source_columns, *PLACE)


def _position() -> "Column":
    """`_line`: the place of a row among the rows that are read from its file, from 1 on."""
    from pyspark.sql import functions as F

    return (F.monotonically_increasing_id().bitwiseAND(F.lit(ROW_IN_PARTITION)) + 1).alias("_line")


def _plain(uri: "Column") -> "Column":
    from pyspark.sql import functions as F

    return F.url_decode(F.replace(uri, F.lit("+"), F.lit("%2B")))


def _csv(lines: "DataFrame", feed: Feed, columns: tuple[str, ...]) -> "DataFrame":
    """Lines as columns; blank lines, header and trailer are no rows."""
    from pyspark.sql import functions as F

    options = feed.options
    text = F.col("value")
    is_other = ~F.is_valid_utf8(text)
    if options.encoding.upper().replace("-", "") != "UTF8":
        text = F.decode(text.cast("binary"), options.encoding)
        is_other = F.contains(text, F.lit("\ufffd"))
    lines = lines.where((F.col("_line") > 1) & (F.trim(F.col("value")) != "")).withColumn("_text", text)
    if options.trailer:
        lines = lines.where(~F.startswith(F.col("_text"), F.lit(options.trailer + options.delimiter)))
    fields = [f"c{number}" for number in range(len(columns))]
    schema = ", ".join(f"{name} string" for name in [*fields, "_bad"])
    how = {
        "sep": options.delimiter,
        "quote": options.quote,
        "mode": "PERMISSIVE",
        "columnNameOfCorruptRecord": "_bad",
        "maxCharsPerColumn": "-1",
    }
    lines = lines.withColumn("_row", F.from_csv("_text", schema, how))
    broken = (
        F.when(is_other, f"line: not {options.encoding}")
        .when(F.contains(F.col("_text"), F.lit("\0")), "line: holds a NUL character")
        .when(F.col("_row._bad").isNotNull(), f"line: not {len(columns)} fields")
    )
    position = {name: fields[number] for number, name in enumerate(columns)}
    cells = [F.col("_row")[position[name]].alias(name) for name in feed.source_columns]
    return lines.select(*cells, "_uri", "_line", broken.alias("_broken"))


def _json(lines: "DataFrame", feed: Feed) -> "DataFrame":
    """Objects as columns of text; a field that an object lacks is null."""
    from pyspark.sql import functions as F
    from pyspark.sql.types import StringType, StructType

    schema = StructType()
    for name in (*feed.source_columns, "_bad"):
        schema = schema.add(name, StringType())
    how = {"mode": "PERMISSIVE", "columnNameOfCorruptRecord": "_bad"}
    rows = lines.where(F.trim(F.col("value")) != "").withColumn("_row", F.from_json("value", schema, how))
    broken = F.when(~F.is_valid_utf8("value"), "line: not UTF-8").when(
        F.col("_row._bad").isNotNull(), "line: not a JSON object"
    )
    cells = [F.col("_row")[name].alias(name) for name in feed.source_columns]
    return rows.select(*cells, "_uri", "_line", broken.alias("_broken"))


def _asked(spark: "SparkSession", delivery: Delivery, settings: Settings, days: DayRange) -> "DataFrame":
    """Rows of a Delta table or of a database, asked for by day where the mapping names a day column."""
    from pyspark.sql import functions as F

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
    rows = table.select(*feed.source_columns, file.alias("_file"), _position()).withColumn("_as_of", as_of)
    return rows.select(
        *feed.source_columns,
        "_file",
        "_line",
        F.lit(None).cast("string").alias("_broken"),
        "_as_of",
        delivered_at.alias("_delivered_at"),
        F.lit(by_row).alias("_by_row"),
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
