"""Write, audit, publish: data is staged and checked before one commit replaces the days it belongs to."""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from conf.days import DayRange
from conf.errors import DataRefused
from conf.settings import Settings
from data_contracts.contract import Contract, load_contract
from lake.locks import table_lock
from lake.runs import Run
from lake.tables import day_column

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

SAMPLE = 5  # broken rows quoted in a refusal
Only = dict[str, tuple[str, ...]]


def publish(
    frame: "DataFrame", settings: Settings, table: str, days: DayRange, run: Run, only: Only | None = None
) -> int:
    """Replace the rows of `days` in `table` by `frame`, if they keep the contract; returns the new table version.

    Replaced are the rows whose morning (as_of; in the mart known_as_of) lies in [first, last] and whose columns
    named in `only` hold one of the given values, such as {"scenario": ("account_monitoring",)}. `frame` is computed
    once, into a staging folder; an empty frame empties the days. Running it again gives the same rows.

    Raises DataRefused, and leaves the table as it was, when columns are missing or unknown, when a row lies
    outside `days` or `only`, breaks the contract, or shares its primary key with another row. Raises RiskvaneError
    when another process writes the table for long.
    """
    from pyspark.sql import Observation

    contract = load_contract(table)
    rows = _as_contracted(frame, contract)
    with table_lock(settings, table, run.run_id), _staging(settings, table, run) as folder:
        seen = Observation()
        rows.observe(seen, *_measures(contract, days, only)).write.parquet(str(folder))
        staged = rows.sparkSession.read.schema(rows.schema).parquet(str(folder))
        _audit(staged, seen.get, contract, days, only)
        return _commit(staged, settings, contract, days, run, only)


def publish_staged(
    staged: "DataFrame", settings: Settings, table: str, days: DayRange, run: Run, only: Only | None = None
) -> int:
    """As `publish`, for a frame that is cheap to read again because the caller already wrote it to files.

    The audit reads `staged` instead of writing it a second time.
    """
    contract = load_contract(table)
    rows = _as_contracted(staged, contract)
    with table_lock(settings, table, run.run_id):
        seen = rows.agg(*_measures(contract, days, only)).head().asDict()
        _audit(rows, seen, contract, days, only)
        return _commit(rows, settings, contract, days, run, only)


def _as_contracted(frame: "DataFrame", contract: Contract) -> "DataFrame":
    """The frame with the contract's columns in the contract's order and types."""
    from pyspark.sql import functions as F

    wanted = contract.spark_schema()
    missing = sorted(set(wanted.names) - set(frame.columns))
    unknown = sorted(set(frame.columns) - set(wanted.names))
    if missing or unknown:
        raise DataRefused(
            f"{contract.table}: columns do not fit its contract",
            [
                f"missing: {', '.join(missing) or 'none'}",
                f"not in the contract: {', '.join(unknown) or 'none'}",
            ],
        )
    found = frame.schema
    return frame.select(
        [
            F.col(c.name)
            if found[c.name].dataType == c.dataType
            else F.col(c.name).cast(c.dataType).alias(c.name)
            for c in wanted
        ]
    )


def _inside(contract: Contract, days: DayRange, only: Only | None) -> "Column":
    """Whether a row belongs to what is being replaced; never null."""
    from pyspark.sql import functions as F

    day = F.col(day_column(contract))
    inside = (day >= F.lit(days.first)) & (day <= F.lit(days.last)) if days.every == 1 else day.isin(*days)
    for column, values in (only or {}).items():
        inside &= F.col(column).isin(*values)
    return F.coalesce(inside, F.lit(False))


def _measures(contract: Contract, days: DayRange, only: Only | None) -> list["Column"]:
    from pyspark.sql import functions as F

    from data_contracts.checks import is_broken

    return [
        F.count(F.lit(1)).alias("rows"),
        F.count_if(is_broken(contract)).alias("broken"),
        F.count_if(~_inside(contract, days, only)).alias("outside"),
    ]


def _audit(
    rows: "DataFrame", seen: dict[str, int], contract: Contract, days: DayRange, only: Only | None
) -> None:
    from pyspark.sql import functions as F

    from data_contracts.checks import violations

    problems = []
    if seen["outside"]:
        limits = "".join(f" with {column} in {', '.join(values)}" for column, values in (only or {}).items())
        problems.append(
            f"{seen['outside']} of {seen['rows']} rows lie outside {day_column(contract)} {days}{limits}"
        )
    if seen["broken"]:
        reasons = rows.select(F.explode(violations(contract)).alias("reason")).groupBy("reason").count()
        worst = reasons.orderBy(F.desc("count"), "reason").limit(SAMPLE).collect()
        problems += [f"{row['reason']} in {row['count']} of {seen['rows']} rows" for row in worst]
    if repeated := _repeated_keys(rows, contract, seen["rows"]):
        problems.append(
            f"{repeated} rows repeat the primary key {', '.join(contract.primary_key)} of another row"
        )
    if problems:
        raise DataRefused(f"{contract.table} was not published; its rows stay as they were", problems)


def _repeated_keys(rows: "DataFrame", contract: Contract, count: int) -> int:
    """How many rows are too many for a unique key."""
    from pyspark.sql import functions as F

    if not contract.primary_key or not count:
        return 0
    # As many hashes as rows proves that no key repeats, at a fraction of the shuffle of the keys themselves.
    hashes = rows.agg(F.count_distinct(F.xxhash64(*contract.primary_key))).head()[0]
    return 0 if hashes == count else count - rows.select(*contract.primary_key).distinct().count()


def _commit(
    rows: "DataFrame", settings: Settings, contract: Contract, days: DayRange, run: Run, only: Only | None
) -> int:
    from deltalake import DeltaTable

    path = str(contract.path(settings.lake))
    writer = _in_few_files(rows, contract).write.format("delta").mode("overwrite")
    writer = writer.option("replaceWhere", _replaced(contract, days, only)).option("userMetadata", run.run_id)
    # Statistics for what reads and replaceWhere ask for, in wide tables too; Delta's default is the first 32 columns.
    asked = dict.fromkeys((*contract.primary_key, day_column(contract)))
    asked = [name for name in asked if name not in contract.partition_by]
    writer = writer.option("delta.dataSkippingStatsColumns", ",".join(asked))
    writer.partitionBy(*contract.partition_by).save(path)
    return DeltaTable(path, without_files=True).version()  # ours: the lock is still held


def _replaced(contract: Contract, days: DayRange, only: Only | None) -> str:
    """The rows that go, as Delta's replaceWhere; names come from contract and code, values are quoted."""
    day = day_column(contract)
    if days.every == 1:  # BETWEEN is what Delta fails to resolve here
        where = [f"`{day}` >= DATE'{days.first}'", f"`{day}` <= DATE'{days.last}'"]
    else:
        mornings = ", ".join(f"DATE'{one}'" for one in days)
        where = [f"`{day}` IN ({mornings})"]
    where += [f"`{column}` IN ({', '.join(map(_quoted, values))})" for column, values in (only or {}).items()]
    return " AND ".join(where)


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _in_few_files(rows: "DataFrame", contract: Contract) -> "DataFrame":
    """Bring the rows of a partition together: a day and its few late rows become a handful of files, not hundreds.

    Spark splits a large day over several tasks again, and joins small ones.
    """
    return rows.hint("rebalance", *contract.partition_by)


@contextmanager
def _staging(settings: Settings, table: str, run: Run) -> Iterator[Path]:
    """A new staging folder; what dead runs of this table left behind is removed (the lock says they are dead)."""
    parent = settings.lake / "_staging" / table
    shutil.rmtree(parent, ignore_errors=True)
    folder = parent / f"{run.run_id}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    parent.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(parent, ignore_errors=True)
