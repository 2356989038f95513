"""What both feature steps do: mornings handed to Spark tasks, each computed in memory, all published in one commit."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from conf.days import DayRange
from conf.settings import Settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from lake.runs import Run

# Neighbours share most of the events that they look back to, so a task has some of them, even if a core is left over.
FEWEST_MORNINGS, MOST_MORNINGS = 3, 20


@dataclass(frozen=True)
class Task:
    """Some neighbouring mornings of one feature table, with all that is needed to compute them anywhere."""

    table: str
    mornings: tuple[date, ...]
    files: Mapping[str, Sequence[str]]  # by table, those that hold what the mornings look at
    covered: Mapping[str, Mapping[date, date]] | None  # event table -> day -> first morning that knew of it
    timezone: str
    folder: str


def publish_feature_days(
    spark: "SparkSession", settings: Settings, table: str, days: DayRange, run: "Run"
) -> None:
    """Compute `table` for `days`, replace these mornings and note it in the ledger.

    Raises DataRefused, and leaves the table as it was, when a row breaks the contract.
    """
    from lake.publish_batches import publish_files

    def write(folder: Path) -> list[Path]:
        cores = spark.sparkContext.defaultParallelism
        return _computed(spark, _tasks(settings, table, days, folder, cores))

    with run.stage(table, days) as stage:
        stage.published(table, publish_files(write, settings, table, days, run))


def _tasks(settings: Settings, table: str, days: DayRange, folder: Path, cores: int) -> list[Task]:
    from features.catalogue import FEATURE_TABLES
    from lake.rows import covered_days, event_files, files_of

    features, mornings = FEATURE_TABLES[table], list(days)
    together = min(MOST_MORNINGS, max(FEWEST_MORNINGS, -(-len(mornings) // cores)))
    parts = [mornings[n : n + together] for n in range(0, len(mornings), together)]
    references = {name: files_of(settings, name, {}) for name in features.references}
    earliest = mornings[0] - timedelta(days=features.look_back)
    covered = covered_days(settings, list(features.events), earliest, mornings[-1])
    tasks = []
    for part in parts:
        first = part[0] - timedelta(days=features.look_back)
        files = {name: event_files(settings, name, first, part[-1]) for name in features.events}
        tasks.append(
            Task(
                table=table,
                mornings=tuple(part),
                files=files | references,
                covered=covered,
                timezone=settings.timezone,
                folder=str(folder),
            )
        )
    return tasks


def _computed(spark: "SparkSession", tasks: Sequence[Task]) -> list[Path]:
    """Let Spark's tasks compute and write; returns the files in the order of their mornings."""
    # Spark hands out tasks, not rows: what a task reads and writes never passes through the JVM.
    done = spark.sparkContext.parallelize(tasks, len(tasks)).flatMap(_compute).collect()
    return [Path(file) for _, file in sorted(done)]


def _compute(task: Task) -> Iterator[tuple[date, str]]:
    """Each morning of the task with the file of its rows; a task that Spark tries again writes files of its own."""
    import uuid

    from features.catalogue import FEATURE_TABLES
    from lake.rows import read_rows

    features = FEATURE_TABLES[task.table]
    tables = {t: read_rows(files, t, features.columns(t), task.timezone) for t, files in task.files.items()}
    frames = features.compute(tables, task.mornings, task.covered)
    for as_of, frame in zip(task.mornings, frames, strict=True):
        file = f"{task.folder}/{as_of}-{uuid.uuid4().hex[:8]}.parquet"
        frame.write_parquet(file, compression="lz4")
        yield as_of, file
