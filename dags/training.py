"""Training on the 2nd of each month at 07:00, or by hand with `as_of`: a challenger, and the gate before it.

`train` learns from the labels known by the morning `as_of` and registers each model as challenger; `gate` compares
it with the champion in service and promotes it only where it is better by the rules of its ModelSpec.

**If it fails:** open the log of the red task; its last line begins with `JOB FAILED` and says what broke. Mend it,
clear the task. The champion in service stays in service until the gate has promoted another.

**If a challenger is not promoted:** `gate` ends well all the same, for nothing is broken: it was worse than the
champion. The log of `gate` and the version's tag `gate` (`make mlflow`) say why; scoring goes on.
"""

from datetime import datetime

from airflow.sdk import CronPartitionTimetable, dag

from dags.assets import ACCOUNT_FEATURES, CARD_FEATURES, CHAMPIONS
from dags.dates import AS_OF_PARAM
from dags.tasks import MACROS, POOL, SETTINGS, TASK_DEFAULTS, plain_step


@dag(
    schedule=CronPartitionTimetable("0 7 2 * *", timezone=SETTINGS.timezone, key_format="%Y-%m-%d"),
    start_date=datetime(2018, 1, 1),
    catchup=False,
    max_active_runs=1,
    params={"as_of": AS_OF_PARAM},
    user_defined_macros=MACROS,
    default_args=TASK_DEFAULTS,
    tags=["models", "monthly"],
    doc_md=__doc__,
)
def training() -> None:
    """Two tasks: the gate is its own, so that it can be run again without another training."""
    train = plain_step("train", "training", pool=POOL, inlets=[ACCOUNT_FEATURES, CARD_FEATURES])
    train >> plain_step("gate", "training", outlets=[CHAMPIONS])


training()
