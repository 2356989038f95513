"""A publish whose process is killed in the middle: readers still see yesterday, a plain rerun heals."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from conf.days import DayRange
from conf.settings import load_settings
from conf.spark import spark_session
from lake.publish import publish, publish_staged
from lake.reader import read_day_arrow
from lake.runs import Run
from lake.tables import exists, read_table
from tests.conftest import ROOT
from tests.lake.rows import AS_OF, frame, rows_of, score

TODAY = DayRange.one(AS_OF)
NEW = [score("a", 5.0), score("b", 6.0)]
TABLE = "account_scores"


@pytest.mark.slow
@pytest.mark.parametrize("when", ["staging", "commit"])
def test_a_killed_publish_is_not_seen_and_a_rerun_heals(spark, settings, when):
    yesterday = []
    run = Run.start(spark, settings, "nightly")
    if when == "staging":  # the other case dies in the very first write of the table
        publish(frame(spark, TABLE, [score("a", 1.0)]), settings, TABLE, TODAY, run)
        yesterday = [score("a", 1.0)]
    command = [sys.executable, "-m", "tests.lake.test_publish_killed", str(settings.lake), when]
    killed = subprocess.run(command, cwd=ROOT, timeout=300, capture_output=True, text=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr[-2000:]
    # Files of the half-done write lie about, and still nobody sees them.
    left = settings.lake / "_staging" / TABLE if when == "staging" else settings.lake / "decisions" / TABLE
    assert any(left.rglob("*.parquet"))
    assert rows_of(read_table(spark, settings, TABLE)) == rows_of(frame(spark, TABLE, yesterday))
    assert read_day_arrow(settings, TABLE, AS_OF).num_rows == len(yesterday)
    assert exists(settings, TABLE) == bool(yesterday)
    publish(frame(spark, TABLE, NEW), settings, TABLE, TODAY, run)
    assert rows_of(read_table(spark, settings, TABLE)) == rows_of(frame(spark, TABLE, NEW))
    assert not (settings.lake / "_staging" / TABLE).exists()


def die(lake: Path, when: str) -> None:
    """Publish a frame whose rows kill this process: while it is staged, or while Delta writes it."""
    settings = load_settings("test", ROOT).with_(lake=lake)
    spark = spark_session("killed", settings)
    driver, seen = os.getpid(), lake.parent / "seen"

    def deadly(batches):
        yield from batches  # the rows reach their file before the process dies
        if when == "commit" and not seen.exists():
            seen.touch()  # the audit reads the frame first; the commit is the second reading
            return
        time.sleep(1)
        os.kill(driver, signal.SIGKILL)
        time.sleep(60)

    rows = frame(spark, TABLE, NEW).coalesce(1)
    how = publish if when == "staging" else publish_staged
    how(rows.mapInArrow(deadly, rows.schema), settings, TABLE, TODAY, Run.start(spark, settings, "nightly"))


if __name__ == "__main__":
    die(Path(sys.argv[1]), sys.argv[2])
