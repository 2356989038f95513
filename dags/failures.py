"""Is a failed task worth another try?"""

from airflow.sdk import RetryDecision, RetryPolicy
from airflow.sdk.definitions.context import Context

from conf.errors import DataRefused, UsageError
from conf.failures import exit_code

FINAL = {
    UsageError.exit_code: "the call or a setting is wrong",
    DataRefused.exit_code: "the data was refused",
}


class RefusalsAreFinal(RetryPolicy):
    """Don't retry what cannot succeed by itself; every other failure has the task's usual retries."""

    def evaluate(
        self, exception: BaseException, try_number: int, max_tries: int, context: Context | None = None
    ) -> RetryDecision:
        """Fail at once on exit codes 2 and 3, else leave it to `retries`."""
        if reason := FINAL.get(exit_code(exception)):
            return RetryDecision.fail(f"not retried: {reason}")
        return RetryDecision.default()
