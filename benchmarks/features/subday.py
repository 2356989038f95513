"""Windows below a day for every event of the last day, by DuckDB and Polars: count, sum and counterparties.

An event's window (t - w, t] holds the account's own events, those of the same second included; so both read the
day and the end of the day before. One row per event: its own account, counterparty, direction, amount and time.
"""

from datetime import date, datetime, time, timedelta
from pathlib import Path

from benchmarks.features.load import last_files
from benchmarks.features.peers import duckdb_connection
from benchmarks.features.windows import SUBDAY

EVENT = ("account_id", "counterparty_id", "direction", "amount", "happened_at")
LONGEST = max(SUBDAY.values())


def reach(as_of: date) -> tuple[datetime, datetime]:
    """Time from which events can be in a window, and midnight from which events get a row."""
    midnight = datetime.combine(as_of - timedelta(days=1), time())
    return midnight - LONGEST, midnight


def duckdb_subday(folder: Path, as_of: date, out: Path) -> None:
    """Window functions over ranges of time; RANGE includes its start, so windows are a microsecond shorter."""
    first, midnight = reach(as_of)
    frames, columns = [], []
    for name, length in SUBDAY.items():
        back = int(length / timedelta(microseconds=1)) - 1
        frames.append(
            f"w{name} AS (PARTITION BY account_id ORDER BY happened_at "
            f"RANGE BETWEEN INTERVAL {back} MICROSECONDS PRECEDING AND CURRENT ROW)"
        )
        columns += [
            f"count(*) OVER w{name} AS count_{name}",
            f"CAST(sum(amount) OVER w{name} AS BIGINT) AS amount_sum_{name}",
            f"count(DISTINCT counterparty_id) OVER w{name} AS counterparty_count_{name}",
        ]
    query = f"""
SELECT * FROM (
  SELECT {", ".join(EVENT)}, {", ".join(columns)}
  FROM read_parquet({last_files(folder, as_of, 2)!r}, hive_partitioning = true)
  WHERE known_as_of <= DATE '{as_of}' AND happened_at > TIMESTAMP '{first}' WINDOW {", ".join(frames)}
) WHERE happened_at >= TIMESTAMP '{midnight}'"""
    duckdb_connection(out).execute(f"COPY ({query}) TO '{out}' (FORMAT parquet)")


def duckdb_subday_by_join(folder: Path, as_of: date, out: Path) -> None:
    """Each event joined with the account's events of the longest window, then grouped by event."""
    first, midnight = reach(as_of)
    columns = []
    for name, length in SUBDAY.items():
        near = f"FILTER (WHERE age < INTERVAL {int(length.total_seconds())} SECONDS)"
        columns += [
            f"count(*) {near} AS count_{name}",
            f"CAST(sum(other_amount) {near} AS BIGINT) AS amount_sum_{name}",
            f"count(DISTINCT other_counterparty) {near} AS counterparty_count_{name}",
        ]
    query = f"""
WITH legs AS (
  SELECT {", ".join(EVENT)}, row_number() OVER () AS event
  FROM read_parquet({last_files(folder, as_of, 2)!r}, hive_partitioning = true)
  WHERE known_as_of <= DATE '{as_of}' AND happened_at > TIMESTAMP '{first}'),
near AS (
  SELECT legs.event, other.amount AS other_amount, other.counterparty_id AS other_counterparty,
         legs.happened_at - other.happened_at AS age
  FROM legs JOIN legs AS other ON other.account_id = legs.account_id AND other.happened_at <= legs.happened_at
    AND other.happened_at > legs.happened_at - INTERVAL {int(LONGEST.total_seconds())} SECONDS
  WHERE legs.happened_at >= TIMESTAMP '{midnight}'),
found AS (SELECT event, {", ".join(columns)} FROM near GROUP BY event)
SELECT legs.* EXCLUDE event, found.* EXCLUDE event FROM legs JOIN found USING (event)"""
    duckdb_connection(out).execute(f"COPY ({query}) TO '{out}' (FORMAT parquet)")


def polars_subday(folder: Path, as_of: date, out: Path) -> None:
    """Rolling groups of each account, closed at the event, laid beside the events in their order."""
    import polars as pl

    first, midnight = reach(as_of)
    legs = (
        pl.scan_parquet(last_files(folder, as_of, 2), hive_partitioning=True)
        .filter(pl.col("known_as_of") <= as_of, pl.col("happened_at") > first)
        .select(EVENT)
        .sort("account_id", "happened_at")
        .collect()
    )
    sides = [
        legs.rolling("happened_at", period=length, closed="right", group_by="account_id")
        .agg(
            pl.len().cast(pl.Int64).alias(f"count_{name}"),
            pl.col("amount").sum().alias(f"amount_sum_{name}"),
            pl.col("counterparty_id").n_unique().cast(pl.Int64).alias(f"counterparty_count_{name}"),
        )
        .drop("account_id", "happened_at")
        for name, length in SUBDAY.items()
    ]
    found = pl.concat([legs, *sides], how="horizontal")
    found.filter(pl.col("happened_at") >= midnight).write_parquet(out, compression="snappy")


def polars_subday_by_join(folder: Path, as_of: date, out: Path) -> None:
    """As the join of DuckDB."""
    import polars as pl

    first, midnight = reach(as_of)
    legs = (
        pl.scan_parquet(last_files(folder, as_of, 2), hive_partitioning=True)
        .filter(pl.col("known_as_of") <= as_of, pl.col("happened_at") > first)
        .select(EVENT)
        .with_row_index("event")
        .collect(engine="streaming")
        .lazy()
    )
    own = legs.filter(pl.col("happened_at") >= midnight)
    other = legs.select("account_id", other="counterparty_id", other_amount="amount", other_at="happened_at")
    near = (
        own.select("event", "account_id", "happened_at")
        .join(other, on="account_id")
        .with_columns(age=pl.col("happened_at") - pl.col("other_at"))
        .filter(pl.col("age") >= timedelta(0), pl.col("age") < LONGEST)
    )
    columns = []
    for name, length in SUBDAY.items():
        inside = pl.col("age") < length
        columns += [
            inside.sum().cast(pl.Int64).alias(f"count_{name}"),
            pl.when(inside).then("other_amount").sum().alias(f"amount_sum_{name}"),
            pl.when(inside)
            .then("other")
            .drop_nulls()
            .n_unique()
            .cast(pl.Int64)
            .alias(f"counterparty_count_{name}"),
        ]
    found = near.group_by("event").agg(columns)
    own.join(found, on="event").drop("event").sink_parquet(out, compression="snappy", engine="streaming")
