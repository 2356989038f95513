"""What the error of a failed task says: the exit code of the step behind it, and a sentence for a person."""

import re

from conf.errors import DataRefused, RiskvaneError, UsageError

SUBMIT_EXIT_CODE = re.compile(r"Error code is: (\d+)")  # as Airflow's spark-submit hook words it


def exit_code(error: BaseException | str | None) -> int:
    """2 for a wrong call or setting, 3 for data refused, else 1."""
    if isinstance(error, RiskvaneError):
        return error.exit_code
    found = SUBMIT_EXIT_CODE.search(str(error))
    code = int(found.group(1)) if found else 1
    return code if code in (UsageError.exit_code, DataRefused.exit_code) else 1


def sentence(error: BaseException | str | None) -> str:
    """The step's own `JOB FAILED` line where it left one, else the error's first line."""
    lines = str(error or "").splitlines() or ["no reason was recorded"]
    failed = [line.partition("JOB FAILED ")[2] for line in lines if "JOB FAILED " in line]
    return failed[-1] if failed else lines[0]
