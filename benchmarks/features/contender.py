"""One contender as a process of its own, so that its CPU seconds and memory are those of its process tree.

Example: python -m benchmarks.features.contender duckdb --folder load --work work --out out.parquet
"""

import argparse
import os
import sys
from pathlib import Path

from benchmarks.features.cases import CASES
from benchmarks.features.ours import Task
from conf.errors import RiskvaneError, UsageError

CORES = "2"


def main(arguments: list[str] | None = None) -> int:
    """Run (or prepare) one case."""
    parser = argparse.ArgumentParser(description="One contender of the feature benchmark.")
    parser.add_argument("name", choices=CASES)
    parser.add_argument("--folder", type=Path, required=True, help="the load")
    parser.add_argument("--work", type=Path, required=True, help="kept between preparing and running")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--prepare", action="store_true", help="what comes before the measured run")
    given = parser.parse_args(arguments)
    os.environ.setdefault("POLARS_MAX_THREADS", CORES)
    case = CASES[given.name]
    given.work.mkdir(parents=True, exist_ok=True)
    task = Task(given.folder, case.as_of, case.windows, given.work, given.out)
    try:
        if not given.prepare:
            case.run(task)
        elif case.prepare is None:
            raise UsageError(f"case {given.name} has nothing to prepare")
        else:
            case.prepare(task)
    except RiskvaneError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
