"""The night at 02:00: take in what has landed, compute features, score new accounts and cards, publish their lists.

Every task works on one morning (`as_of`) and replaces exactly that morning, so any task may be cleared and run
again at any time, alone or with what follows it. By hand: *Trigger*, and give `as_of`.

**If it fails:** open the log of the red task; its last line begins with `JOB FAILED` and says what broke. Mend it,
clear the task. Yesterday's lists stay in place until today's have passed their checks.

**If `landed` is skipped:** no file had landed for that morning when the schedule (or un-pausing) started the run;
nothing was written. Once the files are there, clear `landed` with everything downstream.

**If `ingest` or `check_mart` refuses data** (exit code 3, never retried): the message names file and column;
refused rows lie in `ops/quarantine`. Ask the owner named in the table's contract, have it delivered again, clear.

**If `risk_lists` is late:** `riskvane status` shows what each stage of the night took.
"""

from datetime import date, datetime

from airflow.sdk import CronPartitionTimetable, dag, task

from conf.settings import load_settings
from dags.assets import ACCOUNT_FEATURES, CARD_FEATURES, CHAMPIONS, NIGHTLY_LISTS
from dags.dates import AS_OF_PARAM, ASKED_FOR, DAY
from dags.guards import landed_feeds, stop
from dags.tasks import MACROS, POOL, SETTINGS, TASK_DEFAULTS, plain_step, spark_step


@task
def landed(day: str, asked_for: str) -> list[str]:
    """Skip a night for which nothing has landed; fail when a person asked for just this morning."""
    settings = load_settings()
    feeds = landed_feeds(settings, date.fromisoformat(day))
    if not feeds:
        sources = ", ".join(settings.sources) or "any source (the setting `sources` is empty)"
        stop(
            f"nothing has landed for {day} from {sources} under {settings.landing}; "
            "deliver the files, then clear this task",
            asked_for,
        )
    return feeds


@dag(
    schedule=CronPartitionTimetable("0 2 * * *", timezone=SETTINGS.timezone, key_format="%Y-%m-%d"),
    start_date=datetime(
        2018, 1, 1
    ),  # no run is ever scheduled for the past; by hand any morning from here on
    catchup=False,
    max_active_runs=1,
    params={"as_of": AS_OF_PARAM},
    user_defined_macros=MACROS,
    default_args=TASK_DEFAULTS,
    tags=["risk lists", "daily"],
    doc_md=__doc__,
)
def nightly() -> None:
    """Eight tasks, one after the other but for the two feature tasks."""
    there = landed(DAY, ASKED_FOR)
    features = [
        spark_step("account_features", "nightly", outlets=[ACCOUNT_FEATURES]),
        spark_step("card_features", "nightly", outlets=[CARD_FEATURES]),
    ]
    score = spark_step("score", "nightly", inlets=[ACCOUNT_FEATURES, CARD_FEATURES, CHAMPIONS])
    lists = plain_step("risk_lists", "nightly", pool=POOL, outlets=[NIGHTLY_LISTS])
    there >> spark_step("ingest", "nightly") >> spark_step("check_mart", "nightly") >> features
    features >> score >> lists >> plain_step("report", "nightly")


nightly()
