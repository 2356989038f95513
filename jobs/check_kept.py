"""What features have kept of the last seven mornings, made again from events and compared; differences are mended."""

import logging
from datetime import date, timedelta
from typing import TYPE_CHECKING

from conf.days import DayRange
from conf.errors import DataRefused
from conf.settings import Settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from jobs.feature_days import Maker
    from lake.commit import Written
    from lake.runs import Run

log = logging.getLogger(__name__)
DAYS = 7  # once a week, so that every morning is looked at once


def run(spark: "SparkSession", settings: Settings, days: DayRange, run: "Run") -> None:
    """Check the seven mornings that end with the last of `days`.

    What differs is replaced by what was made again. Raises DataRefused that names part and morning, for features of
    these mornings and later ones were computed from it: `riskvane backfill --only all` computes them anew.
    """
    from features.catalogue import FEATURE_TABLES
    from jobs.feature_days import maker_of
    from lake.locks import table_lock
    from lake.staging import staging_folder

    week = DayRange(days.last - timedelta(days=DAYS - 1), days.last)
    problems = []
    for table in FEATURE_TABLES:
        with (
            run.stage("check_kept", days.last) as stage,
            table_lock(settings, table, run.run_id),
            staging_folder(settings, table, run) as staging,
        ):
            maker = maker_of(settings, table, week, staging, run.run_id)
            wrong, looked_at = differing(spark, maker, list(week))
            stage.counts(read=looked_at)
            problems += [
                f"{table}: {file.partition['part']} of {file.partition['known_as_of']}" for file in wrong
            ]
    if problems:
        first = min(problem[-10:] for problem in problems)
        raise DataRefused(
            "kept days were not what their events give; they are mended. Compute the features from there again: "
            f"riskvane backfill --from {first} --to {days.last} --steps account_features,card_features --only all",
            problems,
        )


def differing(spark: "SparkSession", maker: "Maker", mornings: list[date]) -> "tuple[list[Written], int]":
    """The parts that were not what is made again, now replaced, and the number of parts compared.

    A morning that nothing is kept of has nothing to compare.
    """
    found = maker.place.partials.files()
    kept = {key: file for key, file in found.items() if key[1] in mornings}
    made = [file for file in maker.make(spark, mornings) if _key(file) in kept]
    wrong = [file for file in made if not maker.place.partials.holds_the_same(file, kept[_key(file)])]
    if wrong:
        maker.place.partials.commit(wrong, maker.run_id)
    for file in made:
        if file not in wrong:
            (maker.place.partials.folder / file.path).unlink()
    return wrong, len(made)


def _key(file: "Written") -> tuple[str, date]:
    return file.partition["part"], date.fromisoformat(file.partition["known_as_of"])
