"""What becomes of each staged row: accepted, late, duplicate or quarantined. Every row gets exactly one verdict."""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from conf.days import DayRange
from conf.errors import DataRefused
from conf.settings import Settings
from data_contracts.contract import Contract
from lake.tables import exists, read_table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

ACCEPTED, LATE, DUPLICATE, QUARANTINED = VERDICTS = ("accepted", "late", "duplicate", "quarantined")
PLACE = ["source", "_feed", "source_file", "source_line"]
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


def with_verdicts(
    staged: "DataFrame", settings: Settings, contract: Contract, days: DayRange, folder: Path
) -> "DataFrame":
    """`staged` with the column `_verdict`.

    Of rows with the same primary key the first morning's counts, within a morning the one received last; a row
    whose key the mart knew before `days` is a duplicate too. The few repetitions are written to `folder`.
    """
    from pyspark.sql import functions as F

    spark = staged.sparkSession
    _repetitions(staged, settings, contract, days).write.parquet(str(folder))
    repeated = spark.read.parquet(str(folder)).withColumn("_repeated", F.lit(True))
    verdict = (
        F.when(F.size("_reasons") > 0, QUARANTINED)
        .when(F.col("_repeated"), DUPLICATE)
        .when(F.col("is_late"), LATE)
        .otherwise(ACCEPTED)
    )
    return staged.join(repeated, PLACE, "left").withColumn("_verdict", verdict).drop("_repeated")


def _repetitions(staged: "DataFrame", settings: Settings, contract: Contract, days: DayRange) -> "DataFrame":
    """Places of the rows that repeat a key: one row per such row."""
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    key = list(contract.primary_key)
    fine = staged.where(F.size("_reasons") == 0)
    # Hashes find the few candidates; only these are sorted by their whole keys.
    needed = dict.fromkeys([*key, "known_as_of", "received_at", "_row", *PLACE])
    hashed = fine.select(*needed, F.xxhash64(*key).alias("_hash"))
    often = hashed.groupBy("_hash").agg(F.count(F.lit(1)).alias("_rows")).where(F.col("_rows") > 1)
    # Of rows received at the same moment the last content counts, and of equal rows the first.
    last = F.max(F.struct("source_file", "source_line")).over(
        Window.partitionBy(*key, "known_as_of", "received_at", "_row")
    )
    order = Window.partitionBy(*key).orderBy(
        "known_as_of", F.desc("received_at"), F.desc("_last"), "source_file", "source_line"
    )
    rivals = hashed.join(often.select("_hash"), "_hash", "left_semi").withColumn("_last", last)
    repeated = rivals.withColumn("_n", F.row_number().over(order)).where(F.col("_n") > 1).select(*PLACE)
    if "known_as_of" in key or not exists(settings, contract.table):
        return repeated
    known = read_table(staged.sparkSession, settings, contract.table).where(
        F.col("known_as_of") < F.lit(days.first)
    )
    if contract.kind == "event":
        oldest = days.first - timedelta(days=LOOK_BACK_DAYS)
        touched = [row[0] for row in fine.select("event_date").distinct().collect() if row[0] >= oldest]
        known = known.where(F.col("event_date").isin(touched))
    again = hashed.join(known.select(*key), key, "left_semi").select(*PLACE)
    return repeated.union(again).distinct()


def counted(verdicts: "DataFrame") -> list[Count]:
    """Rows by morning, file and verdict."""
    from pyspark.sql import functions as F

    by = ["known_as_of", "source", "_feed", "source_file", "_verdict"]
    return [Count(*row) for row in verdicts.groupBy(*by).agg(F.count(F.lit(1))).collect()]


def totals(counts: list[Count]) -> dict[date, dict[str, int]]:
    """Rows by morning and verdict, and `read`, their sum."""
    found: dict[date, dict[str, int]] = {}
    for count in counts:
        day = found.setdefault(count.as_of, dict.fromkeys(("read", *VERDICTS), 0))
        day["read"] += count.rows
        day[count.verdict] += count.rows
    return found


def break_circuit(
    verdicts: "DataFrame", counts: list[Count], settings: Settings, contract: Contract
) -> list[str]:
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
                    f"{contract.table} {as_of}: {found}, allowed are {share:.1%}; {_examples(verdicts, as_of, verdict)}"
                )
    return problems


def _examples(verdicts: "DataFrame", as_of: date, verdict: str) -> str:
    from pyspark.sql import functions as F

    rows = verdicts.where((F.col("known_as_of") == F.lit(as_of)) & (F.col("_verdict") == verdict))
    place = F.min(F.struct("source_file", "source_line")).alias("place")
    if verdict == DUPLICATE:
        ((first,),) = rows.agg(place).collect()
        return f"first {first['source_file']}:{first['source_line']}; was a file delivered twice?"
    reasons = rows.select(F.explode("_reasons").alias("reason"), "source_file", "source_line").groupBy(
        "reason"
    )
    worst = (
        reasons.agg(F.count(F.lit(1)).alias("n"), place).orderBy(F.desc("n"), "reason").limit(SHOWN).collect()
    )
    return "; ".join(
        f"{row['n']} x {row['reason']} (first {row['place']['source_file']}:{row['place']['source_line']})"
        for row in worst
    )


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
