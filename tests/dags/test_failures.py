"""Which failures are final, and the sentence that a person gets."""

import pytest
from airflow.sdk import RetryAction
from airflow.sdk.exceptions import AirflowException

from conf.errors import DataRefused, RiskvaneError, UsageError
from conf.failures import exit_code, sentence
from dags.failures import RefusalsAreFinal

# as Airflow's hook words it: the command, the code, the last lines of the log
SUBMIT = (
    "Cannot execute: spark-submit --master local[*] submit.py ingest. Error code is: {}.\n"
    "Last spark-submit output:\n26/03/06 02:00:01 ERROR riskvane: ingest\n"
    "JOB FAILED ingest 2026-03-06: core/transactions: column amount is missing"
)


@pytest.mark.parametrize(
    ("error", "code", "action"),
    [
        (AirflowException(SUBMIT.format(3)), 3, RetryAction.FAIL),  # the same data would be refused again
        (AirflowException(SUBMIT.format(2)), 2, RetryAction.FAIL),
        (AirflowException(SUBMIT.format(1)), 1, RetryAction.DEFAULT),
        (AirflowException(SUBMIT.format(143)), 1, RetryAction.DEFAULT),  # the driver was killed
        (AirflowException(SUBMIT.format(33)), 1, RetryAction.DEFAULT),  # not a 3
        (DataRefused("nothing has landed"), 3, RetryAction.FAIL),
        (UsageError("no such step"), 2, RetryAction.FAIL),
        (RiskvaneError("no space left"), 1, RetryAction.DEFAULT),
        (ConnectionError("registry away"), 1, RetryAction.DEFAULT),
    ],
)
def test_refused_data_and_wrong_calls_are_not_retried(error, code, action):
    assert exit_code(error) == code
    assert RefusalsAreFinal().evaluate(error, 1, 2).action == action


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (
            AirflowException(SUBMIT.format(3)),
            "ingest 2026-03-06: core/transactions: column amount is missing",
        ),
        (DataRefused("refused", ["amount: below 0"]), "refused"),  # the first line of several
        (None, "no reason was recorded"),
        (ValueError(), "no reason was recorded"),
    ],
)
def test_the_sentence_is_the_steps_own_last_line_where_there_is_one(error, expected):
    assert sentence(error) == expected
