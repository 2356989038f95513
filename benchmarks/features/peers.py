"""Peers that recompute a night's features from the daily files: Spark, DuckDB, Polars streaming.

Each writes one plain Parquet output, as `windows.py` says. None of them commits: their output is not transactional.
"""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.features import sql
from benchmarks.features.load import last_files
from benchmarks.features.windows import ring_starts

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from pyspark.sql import SparkSession

SPARK_MEMORY = "6g"
SPARK_ROWS_PER_PARTITION = 2_000_000


def duckdb_night(folder: Path, as_of: date, windows: tuple[int, ...], out: Path) -> None:
    """One scan for sums by ring and one for counterparties."""
    connection = duckdb_connection(out)
    source = f"read_parquet({last_files(folder, as_of, windows[-1])!r}, hive_partitioning = true)"
    query = f"""
WITH legs AS ({sql.legs(source, windows, as_of)}),
rings AS ({sql.RING_SUMS}),
pairs AS ({sql.PAIRS}),
distincts AS ({sql.distincts(windows)}),
sums AS ({sql.sums_by_join(windows)}),
means AS (SELECT *, {sql.whole_means(windows, "//")} FROM sums)
SELECT account_id, {sql.features(windows)} FROM means"""
    connection.execute(f"COPY ({query}) TO '{out}' (FORMAT parquet)")


def duckdb_connection(out: Path) -> "DuckDBPyConnection":
    """DuckDB with both cores; what does not fit into its memory goes beside the output."""
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET threads = 2; SET preserve_insertion_order = false; SET memory_limit = '10GB'")
    connection.execute(f"SET temp_directory = '{out.parent / 'duckdb_spill'}'")
    return connection


def spark_night(folder: Path, as_of: date, windows: tuple[int, ...], out: Path) -> None:
    """One query: rows are shuffled by account, then grouped and joined without another shuffle."""
    spark = spark_for_bench(out)
    files = last_files(folder, as_of, windows[-1])
    spark.read.option("basePath", str(folder)).parquet(*files).createOrReplaceTempView("raw")
    partitions = max(2, _rows(files) // SPARK_ROWS_PER_PARTITION)
    hint = f"/*+ REPARTITION({partitions}, account_id) */"
    query = f"""
WITH legs AS ({sql.legs("raw", windows, as_of, hint)}),
pairs AS ({sql.PAIRS}),
distincts AS ({sql.distincts(windows)}),
sums AS ({sql.sums_by_filter(windows)}),
means AS (SELECT *, {sql.whole_means(windows, "div")} FROM sums)
SELECT /*+ SHUFFLE_HASH(distincts) */ means.account_id, {sql.features(windows)}
FROM means JOIN distincts ON means.account_id = distincts.account_id"""
    spark.sql(query).write.mode("overwrite").parquet(str(out))
    stop_and_wait(spark)


def spark_for_bench(out: Path) -> "SparkSession":
    """A plain session on two cores: no Delta, both compilers of the JVM, enough memory not to spill at once."""
    import os
    import sys

    os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    from pyspark.sql import SparkSession

    settings = {
        "spark.master": "local[2]",
        "spark.driver.memory": SPARK_MEMORY,
        "spark.driver.extraJavaOptions": "-XX:+UseParallelGC",
        "spark.local.dir": str(out.parent / "spark_spill"),
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.sources.parallelPartitionDiscovery.threshold": "100000",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    builder = SparkSession.builder.appName("bench-features")
    for key, value in settings.items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    return spark


def _rows(files: list[str]) -> int:
    import pyarrow.parquet as pq

    return sum(pq.read_metadata(file).num_rows for file in files)


def stop_and_wait(spark: "SparkSession") -> None:
    """Stop the session and wait for its JVM, so that its CPU seconds count as this process's child's."""
    gateway: Any = spark.sparkContext._gateway
    spark.stop()
    gateway.shutdown()
    gateway.proc.stdin.close()
    gateway.proc.wait(timeout=60)


def polars_night(folder: Path, as_of: date, windows: tuple[int, ...], out: Path) -> None:
    """Streaming groupings of the scanned files, rings laid side by side, one Parquet file."""
    import polars as pl

    starts = ring_starts(windows, as_of)
    ring: Any = pl.when(False).then(None)
    for number, start in enumerate(starts):
        ring = ring.when(pl.col("event_date") >= start).then(pl.lit(number, pl.Int8))
    incoming, amount = pl.col("direction") == "in", pl.col("amount")
    legs = (
        pl.scan_parquet(last_files(folder, as_of, windows[-1]), hive_partitioning=True)
        .filter(pl.col("known_as_of") <= as_of)
        .with_columns(ring=ring, incoming=incoming)
    )
    rings = (
        legs.with_columns(
            received=pl.when("incoming").then(amount).otherwise(0),
            square=amount * amount,
            at_night=pl.col("happened_at").dt.hour() < 5,
        )
        .group_by("account_id", "ring")
        .agg(
            n=pl.len().cast(pl.Int64),
            total=amount.sum(),
            total_in=pl.col("received").sum(),
            squares=pl.col("square").sum(),
            low=amount.min(),
            high=amount.max(),
            nights=pl.col("at_night").sum().cast(pl.Int64),
        )
        .collect(engine="streaming")
    )
    none = pl.lit(len(windows), pl.Int8)
    last = pl.col("ring")
    pairs = (
        legs.select(
            "account_id",
            "counterparty_id",
            ring_in=pl.when("incoming").then(last).otherwise(none),
            ring_out=pl.when("incoming").then(none).otherwise(last),
        )
        .group_by("account_id", "counterparty_id")
        .agg(pl.col("ring_in").min(), pl.col("ring_out").min())
        .with_columns(ring_any=pl.min_horizontal("ring_in", "ring_out"))
    )
    names = {"ring_any": "counterparty", "ring_in": "payer", "ring_out": "payee"}
    features = pairs.group_by("account_id").agg(
        (pl.col(column) <= j).sum().cast(pl.Int64).alias(f"{name}_count_{days}d")
        for j, days in enumerate(windows)
        for column, name in names.items()
    )
    for j in range(len(windows)):
        side = rings.lazy().filter(pl.col("ring") == j).drop("ring")
        side = side.rename({name: f"{name}_ring{j}" for name in rings.columns[2:]})
        features = features.join(side, on="account_id", how="left")
    selected = [column for j, days in enumerate(windows) for column in _polars_features(j, days)]
    features.select("account_id", *selected).sink_parquet(out, compression="snappy", engine="streaming")


def _polars_features(j: int, days: int) -> list:
    """The eleven columns of window `j` from the rings at its side."""
    import polars as pl

    def of(name: str) -> list[pl.Expr]:
        return [pl.col(f"{name}_ring{k}") for k in range(j + 1)]

    n, total, received = (pl.sum_horizontal(of(name)) for name in ("n", "total", "total_in"))
    squares, nights = pl.sum_horizontal(of("squares")), pl.sum_horizontal(of("nights"))
    count = pl.when(n > 0).then(n)
    whole = total // count
    rest = (total - n * whole) / count
    around = squares - 2 * whole * total + n * whole * whole
    larger = pl.max_horizontal(received, total - received)
    return [
        n.alias(f"count_{days}d"),
        total.alias(f"amount_sum_{days}d"),
        (total / count).alias(f"amount_mean_{days}d"),
        (around / count - rest * rest).sqrt().alias(f"amount_spread_{days}d"),
        pl.min_horizontal(of("low")).alias(f"amount_min_{days}d"),
        pl.max_horizontal(of("high")).alias(f"amount_max_{days}d"),
        (nights / count).alias(f"night_share_{days}d"),
        (pl.min_horizontal(received, total - received) / pl.when(larger > 0).then(larger)).alias(
            f"pass_share_{days}d"
        ),
        *(pl.col(f"{name}_count_{days}d") for name in ("counterparty", "payer", "payee")),
    ]
