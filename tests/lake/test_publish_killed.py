"""A publish whose process is killed in the middle: readers still see yesterday, a plain rerun heals."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from conf.days import DayRange
from conf.settings import load_settings
from conf.spark import spark_session
from lake.publish import publish
from lake.publish_batches import publish_batches, publish_files
from lake.reader import read_day_arrow
from lake.runs import Run
from lake.tables import exists, read_table
from tests.conftest import ROOT
from tests.lake.rows import AS_OF, batch, frame, name_of, rows_of, score

TODAY = DayRange.one(AS_OF)
NEW = [score("a", 5.0), score("b", 6.0)]
TABLE = "account_scores"


@pytest.mark.slow
@pytest.mark.parametrize("when", ["staging", "batches", "files"])
def test_a_killed_publish_is_not_seen_and_a_rerun_heals(spark, settings, when):
    yesterday = []
    run = Run.start(spark, settings, "nightly")
    if when != "batches":  # that one dies in the very first write of the table
        publish(frame(spark, TABLE, [score("a", 1.0)]), settings, TABLE, TODAY, run)
        yesterday = [score("a", 1.0)]
    command = [sys.executable, "-m", "tests.lake.test_publish_killed", str(settings.lake), when]
    killed = subprocess.run(command, cwd=ROOT, timeout=200, capture_output=True, text=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr[-2000:]
    if when != "batches":  # a file or half of one lies about
        assert any((settings.lake / "_staging" / TABLE).rglob("*.parquet"))
    assert rows_of(read_table(spark, settings, TABLE)) == rows_of(frame(spark, TABLE, yesterday))
    assert read_day_arrow(settings, TABLE, AS_OF).num_rows == len(yesterday)
    assert exists(settings, TABLE) == bool(yesterday)
    publish(frame(spark, TABLE, NEW), settings, TABLE, TODAY, run)
    assert rows_of(read_table(spark, settings, TABLE)) == rows_of(frame(spark, TABLE, NEW))
    assert not (settings.lake / "_staging" / TABLE).exists()


def die(lake: Path, when: str) -> None:
    """Publish two rows of which the second kills this process, and its JVM where there is one."""
    settings = load_settings("test", ROOT).with_(lake=lake)
    if when == "batches":
        publish_batches(deadly_batches(), settings, TABLE, TODAY, Run.start(None, settings, "nightly"))
        return
    spark = spark_session("killed", settings)
    if when == "files":
        driver = os.getpid()

        def write(folder: Path) -> list[Path]:
            task = spark.sparkContext.parallelize([str(folder)], 1)
            return task.map(lambda folder: deadly_task(folder, driver)).collect()

        publish_files(write, settings, TABLE, TODAY, Run.start(spark, settings, "nightly"))
        return
    spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", 1)
    driver, staging = os.getpid(), lake / "_staging" / TABLE

    def deadly(batches):
        for rows in batches:
            if rows["subject_id"][0].as_py() == name_of("account", "b"):
                for _ in range(300):  # the first row is on its way into the file
                    if any(staging.rglob("*.parquet")):
                        break
                    time.sleep(0.1)
                java = psutil.Process().parent().parent()
                os.kill(driver, signal.SIGKILL)
                java.kill()
                time.sleep(60)
            yield rows

    # One task takes the rows one after the other.
    rows = frame(spark, TABLE, NEW[:1]).union(frame(spark, TABLE, NEW[1:])).coalesce(1)
    publish(
        rows.mapInArrow(deadly, rows.schema), settings, TABLE, TODAY, Run.start(spark, settings, "nightly")
    )


def deadly_task(folder, driver):
    """A task of Spark, as those of the feature steps, that writes its rows and then takes driver and JVM with it."""
    batch(TABLE, NEW[:1]).write_parquet(f"{folder}/part.parquet")
    java = psutil.Process().parent().parent()
    os.kill(driver, signal.SIGKILL)
    java.kill()
    time.sleep(60)


def deadly_batches():
    yield batch(TABLE, NEW[:1])
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    die(Path(sys.argv[1]), sys.argv[2])
