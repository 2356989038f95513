"""The one pass over landed rows: mapped, checked, pseudonymised and written to a staging folder.

Nothing in staging is in clear, and a refused row keeps nothing but its place, its reasons and a fingerprint.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING

from conf.days import DayRange
from conf.settings import Settings
from data_contracts.contract import Contract
from lake.ingest.landed import Delivery
from lake.ingest.mapping import TAGGED, mapped, tags
from lake.ingest.preflight import Inspected
from lake.ingest.reading import read
from privacy.keys import KeyRing
from privacy.pseudonyms import pseudonymise
from privacy.vault import Vault

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

PLACE = ("known_as_of", "received_at", "source", "source_file", "source_line")


@dataclass(frozen=True)
class Input:
    """A delivery whose files were looked at and found readable."""

    delivery: Delivery
    files: tuple[Inspected, ...]


def stage(
    spark: "SparkSession",
    settings: Settings,
    contract: Contract,
    inputs: Sequence[Input],
    days: DayRange,
    folder: Path,
    ring: KeyRing,
    vault: Vault,
) -> "DataFrame":
    """Write all rows of `inputs` that the mornings `days` get to know into `folder`; returns them as read back.

    One row per landed row: the columns of the contract, `_feed` (name of the feed), `_reasons` (array<string>,
    empty for a row that is fine) and `_row` (fingerprint). Of a row with reasons only its place is kept.
    """
    from pyspark.sql import functions as F

    parts = []
    for item in inputs:
        delivery = item.delivery
        raw = read(spark, delivery, list(item.files), settings, days)
        rows = mapped(raw, delivery.source, delivery.feed, contract, settings)
        parts.append(rows.withColumn("_feed", F.lit(delivery.feed.name)))
    rows = reduce(lambda one, other: one.unionByName(other, allowMissingColumns=True), parts)
    known = _known_as_of(settings, days)
    is_late = F.lit(False)
    if contract.kind == "event":  # the morning of an event is the day after it happened
        is_late = F.coalesce(F.col("known_as_of") > F.date_add("event_date", 1), F.lit(False))
    rows = rows.withColumn("known_as_of", known).withColumn("is_late", is_late)
    rows = rows.where(
        (F.col("known_as_of") >= F.lit(days.first)) & (F.col("known_as_of") <= F.lit(days.last))
    )
    wanted = tags([item.delivery.feed for item in inputs], contract)
    # Blanked before pseudonyms are made, so that the vault never learns what a shifted line holds. What else may
    # be wrong is asked only after, so that the pass over the identifiers reads nothing but them.
    rows = rows.withColumns({name: F.when(F.col("_broken").isNull(), F.col(name)) for name in wanted})
    rows = pseudonymise(rows, wanted, ring, vault)
    rows = rows.select(
        *[_joined(column.name, wanted).alias(column.name) for column in contract.columns],
        "_feed",
        "_row",
        "_broken",
        "_problems",
    ).withColumn("_reasons", _reasons(contract))
    is_fine = F.size("_reasons") == 0
    kept = [
        F.col(c.name) if c.name in PLACE else F.when(is_fine, F.col(c.name)).alias(c.name)
        for c in contract.columns
    ]
    rows.select(*kept, "_feed", "_reasons", "_row").write.parquet(str(folder))
    return spark.read.parquet(str(folder))


def _known_as_of(settings: Settings, days: DayRange) -> "Column":
    """The first morning whose night could know the row: that of its delivery, or the one its receipt made."""
    from pyspark.sql import functions as F

    cutoff = F.make_dt_interval(hours=F.lit(settings.cutoff.hour), mins=F.lit(settings.cutoff.minute))
    by_receipt = F.date_add((F.col("received_at") - cutoff).cast("date"), 1)
    # greatest skips nulls: a row without a readable receipt belongs to its delivery, or to the first morning asked
    by_row = F.coalesce(F.greatest("_as_of", by_receipt), F.lit(days.first))
    return F.when(F.col("_by_row"), by_row).otherwise(F.col("_as_of"))


def _reasons(contract: Contract) -> "Column":
    """What is wrong with a mapped row that is still in clear; a value that did not parse is named once."""
    from pyspark.sql import functions as F

    from data_contracts.checks import broken_columns, violations

    problems = F.col("_problems")
    # Pseudonyms are ours, so only whether they are there is asked; event_date is missing when happened_at is.
    kept = violations(contract, clear=True, columns={c.name for c in contract.columns} - {"event_date"})
    named = broken_columns(problems)
    others = F.filter(kept, lambda reason: ~F.array_contains(named, F.substring_index(reason, ":", 1)))
    unreadable = F.col("_broken").isNotNull()
    return F.when(unreadable, problems).when(F.size(problems) > 0, F.concat(problems, others)).otherwise(kept)


def _joined(name: str, wanted: dict[str, str]) -> "Column":
    """The column, put together again where its tag depended on the row."""
    from pyspark.sql import functions as F

    parts = _parts(name, wanted)
    return F.coalesce(*parts) if parts else F.col(name)


def _parts(name: str, wanted: dict[str, str]) -> list[str]:
    return [column for column, tag in wanted.items() if column == TAGGED.format(column=name, tag=tag)]
