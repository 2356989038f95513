"""One step as a Spark application: what a DAG task hands to spark-submit.

Example: spark-submit --properties-file build/spark/local.conf jobs/submit.py ingest --as-of 2026-03-06 --env local
"""

import ctypes
import logging
import signal
import sys
from argparse import ArgumentParser
from datetime import date

from conf.days import DayRange
from conf.errors import RiskvaneError
from conf.settings import load_settings
from jobs.steps import ALL_STEPS, STEPS, run_steps

PR_SET_PDEATHSIG = 1


def main(arguments: list[str] | None = None) -> int:
    """Parse, run the step, end with one line that says what failed; returns the exit code."""
    parser = ArgumentParser(prog="submit", description=__doc__)
    parser.add_argument("step", choices=ALL_STEPS)
    parser.add_argument("--as-of", type=date.fromisoformat, required=True, metavar="YYYY-MM-DD")
    parser.add_argument("--until", type=date.fromisoformat, metavar="YYYY-MM-DD")
    parser.add_argument("--flow", choices=sorted(STEPS), default="nightly")
    parser.add_argument(
        "--only", metavar="FILE", help="score only the numbers of this file; empty: everybody"
    )
    parser.add_argument("--env", required=True, help="which conf/<env>.yaml to read")
    given = parser.parse_args(arguments)
    die_with_parent()
    logging.basicConfig(level="INFO", format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    log = logging.getLogger("riskvane")
    log.info("%s --as-of %s --flow %s --env %s", given.step, given.as_of, given.flow, given.env)
    try:
        days = DayRange(given.as_of, given.until or given.as_of)
        settings = load_settings(given.env)
        if given.only:
            settings = settings.with_(only_subjects=settings.home / given.only)
        run_steps((given.step,), settings, days, given.flow, log.info)
    except Exception as error:
        log.exception("%s", given.step)
        # Airflow shows the end of a log: the last line must say what broke.
        first_line = str(error).splitlines()[0] if str(error) else type(error).__name__
        print(f"JOB FAILED {given.step} {given.as_of}: {first_line}", flush=True)
        return error.exit_code if isinstance(error, RiskvaneError) else 1
    return 0


def die_with_parent() -> None:
    """End this driver when spark-submit's JVM is killed; otherwise it would go on without one (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
