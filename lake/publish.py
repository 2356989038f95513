"""Write, audit, publish: data is staged and checked before one commit replaces the days it belongs to."""

from typing import TYPE_CHECKING

from conf.days import DayRange
from conf.errors import DataRefused
from conf.settings import Settings
from data_contracts.contract import Contract, load_contract
from lake.locks import table_lock
from lake.parts import SAMPLE, Only, Part, check_columns
from lake.runs import Run
from lake.staging import staging_folder
from lake.writer import FEW_ROWS, arrow_rows, commit_rows, statistics

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame


def publish(
    frame: "DataFrame", settings: Settings, table: str, days: DayRange, run: Run, only: Only | None = None
) -> int:
    """Replace the rows of `days` in `table` by `frame`, if they keep the contract; returns the new table version.

    Replaced are the rows whose morning (as_of; in the mart known_as_of) is one of `days` and whose columns named in
    `only` hold one of the given values, such as {"scenario": ("account_monitoring",)}. `frame` is computed once,
    into a staging folder; an empty frame empties the days. Running it again gives the same rows.

    Raises DataRefused, and leaves the table as it was, when columns are missing or unknown, when a row lies
    outside `days` or `only`, breaks the contract, or shares its primary key with another row. Raises RiskvaneError
    when another process writes the table for long.
    """
    from pyspark.sql import Observation

    part = Part(load_contract(table), days, only or {})
    rows = _as_contracted(frame, part.contract)
    with table_lock(settings, table, run.run_id), staging_folder(settings, table, run) as folder:
        seen = Observation()
        rows.observe(seen, *_measures(part)).write.parquet(str(folder))
        staged = rows.sparkSession.read.schema(rows.schema).parquet(str(folder))
        count = seen.get["rows"]
        if count < FEW_ROWS:
            few = arrow_rows(folder, part.contract)
            keys = few.group_by(part.contract.primary_key).aggregate([]).num_rows
            _audit(staged, part, {**seen.get, "keys": keys})
            return commit_rows(few, part, settings, run.run_id)
        keys = staged.agg(_keys(part.contract)).collect()[0]["keys"]
        _audit(staged, part, {**seen.get, "keys": keys})
        return _commit(staged, part, settings, run)


def _as_contracted(frame: "DataFrame", contract: Contract) -> "DataFrame":
    """The frame with the contract's columns in the contract's order and types."""
    from pyspark.sql import functions as F

    wanted = contract.spark_schema()
    check_columns(frame.columns, contract)
    found = frame.schema
    return frame.select(
        [
            F.col(c.name)
            if found[c.name].dataType == c.dataType
            else F.col(c.name).cast(c.dataType).alias(c.name)
            for c in wanted
        ]
    )


def _measures(part: Part) -> list["Column"]:
    from pyspark.sql import functions as F

    from data_contracts.checks import is_broken

    return [
        F.count(F.lit(1)).alias("rows"),
        F.count_if(is_broken(part.contract)).alias("broken"),
        F.count_if(~part.holds()).alias("outside"),
    ]


def _keys(contract: Contract) -> "Column":
    """As many hashes as rows prove that no key repeats, at a fraction of the shuffle of the keys themselves."""
    from pyspark.sql import functions as F

    return F.count_distinct(F.xxhash64(*contract.primary_key)).alias("keys")


def _audit(rows: "DataFrame", part: Part, seen: dict[str, int]) -> None:
    from pyspark.sql import functions as F

    from data_contracts.checks import violations

    contract, problems, repeated = part.contract, [], 0
    if seen["outside"]:
        problems.append(f"{seen['outside']} of {seen['rows']} rows lie outside {part}")
    if seen["broken"]:
        reasons = rows.select(F.explode(violations(contract)).alias("reason")).groupBy("reason").count()
        worst = reasons.orderBy(F.desc("count"), "reason").limit(SAMPLE).collect()
        problems += [f"{row['reason']} in {row['count']} of {seen['rows']} rows" for row in worst]
    if seen["keys"] != seen["rows"]:  # rarely two keys share a hash
        repeated = seen["rows"] - rows.select(*contract.primary_key).distinct().count()
    if repeated:
        problems.append(
            f"{repeated} rows repeat the primary key {', '.join(contract.primary_key)} of another row"
        )
    if problems:
        raise DataRefused(f"{contract.table} was not published; its rows stay as they were", problems)


def _commit(rows: "DataFrame", part: Part, settings: Settings, run: Run) -> int:
    from deltalake import DeltaTable

    contract, path = part.contract, part.contract.path(settings.lake)
    # A day and its few late rows become a handful of files, not hundreds; Spark splits a large day over several
    # tasks again, and joins small ones.
    writer = rows.hint("rebalance", *contract.partition_by).write.format("delta")
    writer = writer.option("userMetadata", run.run_id)
    # Nobody else writes while the lock is held, so a part that is not there yet needs no search for rows to replace:
    # the first run of a night, the common case, takes half the time.
    if part.is_absent(path):
        writer = writer.mode("append")
    else:
        writer = writer.mode("overwrite").option("replaceWhere", part.predicate())
    writer = writer.option("delta.dataSkippingStatsColumns", statistics(contract))
    writer.partitionBy(*contract.partition_by).save(str(path))
    return DeltaTable(str(path), without_files=True).version()
