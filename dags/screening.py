"""Screening of the existing population: everybody whose account or card is no longer new.

On the 1st of each month at 06:30, after the night; or after every night (`screening_every_night: true` in
`conf/<environment>.yaml`), started by the night's lists and for the same morning; or by hand: *Trigger* with
`as_of`, and with `list_file` to look at the customers, accounts and cards named in a file only.

**If it fails:** open the log of the red task; its last line begins with `JOB FAILED` and says what broke. Mend it,
clear the task: each one replaces its own morning and leaves the lists of the night alone.

**If `features_there` fails or is skipped:** the night of that morning has not written its features. Run or repair
`nightly` for the same date first, then clear.

**If `score` finds no champion:** run `training` for that date.
"""

from datetime import date, datetime

from airflow.sdk import CronPartitionTimetable, Param, PartitionedAssetTimetable, dag, task

from conf.settings import load_settings
from dags.assets import NIGHTLY_LISTS, SCREENING_LISTS
from dags.dates import AS_OF_PARAM, ASKED_FOR, DAY
from dags.guards import stop, tables_without_features
from dags.tasks import MACROS, POOL, SETTINGS, TASK_DEFAULTS, plain_step, spark_step

MONTHLY = CronPartitionTimetable("30 6 1 * *", timezone=SETTINGS.timezone, key_format="%Y-%m-%d")
AFTER_EVERY_NIGHT = PartitionedAssetTimetable(assets=NIGHTLY_LISTS)
LIST_FILE = Param(
    None,
    type=["null", "string"],
    title="list_file",
    description="File with one customer, account or card number per line; only these are screened. Empty: everybody.",
)


@task
def features_there(day: str, asked_for: str) -> None:
    """Skip a screening before the night of its morning; fail when a person asked for just this morning."""
    if missing := tables_without_features(load_settings(), date.fromisoformat(day)):
        stop(f"{', '.join(missing)} of {day} not written yet; run `nightly` for {day}, then clear", asked_for)


@dag(
    schedule=AFTER_EVERY_NIGHT if SETTINGS.screening_every_night else MONTHLY,
    start_date=datetime(2018, 1, 1),
    catchup=False,
    max_active_runs=1,
    params={"as_of": AS_OF_PARAM, "list_file": LIST_FILE},
    user_defined_macros=MACROS,
    default_args=TASK_DEFAULTS,
    tags=["risk lists", "existing population"],
    doc_md=__doc__,
)
def screening() -> None:
    """The night's features are there already: score, list, report."""
    score = spark_step("score", "screening", options=("--only={{ params.list_file or '' }}",))
    lists = plain_step("risk_lists", "screening", pool=POOL, outlets=[SCREENING_LISTS])
    features_there(DAY, ASKED_FOR) >> score >> lists >> plain_step("report", "screening")


screening()
