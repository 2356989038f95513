"""Once a week, on Monday at 08:00 or by hand with `as_of`: is what features keep of their days what the events give?

`check_kept` makes the additions of the last seven mornings again from the mart and compares them, row by row. What
differs is mended at once.

**If it fails:** with exit code 3 it names the parts and mornings that differed, and the call that computes the features
from there again; it is never retried. Otherwise open the log; its last line begins with `JOB FAILED` and says what
broke. Mend it, clear the task.
"""

from datetime import datetime

from airflow.sdk import CronPartitionTimetable, dag

from dags.assets import ACCOUNT_FEATURES, CARD_FEATURES
from dags.dates import AS_OF_PARAM
from dags.tasks import MACROS, SETTINGS, TASK_DEFAULTS, spark_step


@dag(
    schedule=CronPartitionTimetable("0 8 * * 1", timezone=SETTINGS.timezone, key_format="%Y-%m-%d"),
    start_date=datetime(2018, 1, 1),
    catchup=False,
    max_active_runs=1,
    params={"as_of": AS_OF_PARAM},
    user_defined_macros=MACROS,
    default_args=TASK_DEFAULTS,
    tags=["features", "weekly"],
    doc_md=__doc__,
)
def weekly() -> None:
    """One task."""
    spark_step("check_kept", "weekly", inlets=[ACCOUNT_FEATURES, CARD_FEATURES])


weekly()
