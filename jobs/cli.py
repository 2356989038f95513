"""The `riskvane` command: parse, call, and turn every error into one sentence and an exit code."""

import argparse
import logging
import os
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable
from datetime import date
from pathlib import Path

from conf.errors import RiskvaneError

Handler = Callable[[Namespace], int]

SIZES = ("tiny", "small", "city", "province")
FLOWS = ("nightly", "screening", "training", "weekly")
LISTS = ("risk_list_private", "risk_list_corporate", "risk_list_cards")
EXIT_CODES = "Exit codes: 0 ok, 1 failure, 2 usage, 3 data refused."


def main(arguments: list[str] | None = None) -> int:
    """Run one call of the command; returns its exit code."""
    given = build_parser().parse_args(arguments)
    if given.env:
        os.environ["RISKVANE_ENV"] = given.env
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    logging.basicConfig(level="WARNING", format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("jobs").setLevel("INFO")  # what steps tell of their work
    from jobs import commands

    try:
        return getattr(commands, given.handler)(given)
    except RiskvaneError as error:
        print(f"riskvane {given.command}: {error}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        # `riskvane list ... | head` is not a failure; silence Python's own complaint at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print(f"riskvane {given.command}: stopped", file=sys.stderr)
        return 130


def build_parser() -> ArgumentParser:
    """All calls with their help and an example each."""
    parser = ArgumentParser(
        prog="riskvane",
        description="Nightly risk lists of accounts and SIM/IoT cards used for telecom fraud, gambling, money-muling.",
        epilog=f"First time here: make run. {EXIT_CODES}",
    )
    parser.add_argument("--env", help="which conf/<env>.yaml to read (default: RISKVANE_ENV, else local)")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, text: str, example: str) -> ArgumentParser:
        call = commands.add_parser(
            name, help=text, description=text, epilog=f"Example: {example}\n{EXIT_CODES}",
            formatter_class=RawDescriptionHelpFormatter,
        )  # fmt: skip
        call.set_defaults(handler=name.replace("-", "_") if name != "list" else "list_rows")
        return call

    call = add("doctor", "tell what is missing or wrong on this machine, with the cure", "riskvane doctor")
    _json(call)

    call = add("demo", "land a simulated province", "riskvane demo --size small --days 60 --seed 7")
    call.add_argument("--size", choices=SIZES, default="small")
    call.add_argument("--days", type=_positive, help="default: 60 (tiny: 35)")
    call.add_argument("--seed", type=int, default=7)
    call.add_argument("--start", type=_day, default=date(2026, 1, 5), metavar="YYYY-MM-DD")
    call.add_argument("--processes", type=_positive, help="default: one per core; the files are the same")
    call.add_argument("--out", type=Path, help="default: the folder above the landing folder of the settings")
    _json(call)

    call = add("run", "one step of a night", "riskvane run ingest --as-of 2026-03-06")
    call.add_argument(
        "step", metavar="STEP", help="ingest, check_mart, account_features, ... (see riskvane run -h)"
    )
    _as_of(call)
    call.add_argument("--until", type=_day, metavar="YYYY-MM-DD", help="last morning, inclusive")
    call.add_argument(
        "--every", type=_positive, default=1, help="only each n-th morning, counted from the last"
    )
    call.add_argument("--flow", choices=FLOWS, default="nightly")

    call = add("night", "the whole night in one Spark application", "riskvane night --as-of 2026-03-06")
    _as_of(call)
    call.add_argument("--flow", choices=FLOWS, default="nightly")
    call.add_argument("--source", action="append", help="take in only this source (may be repeated)")

    call = add(
        "backfill", "many mornings, both ends inclusive, in one Spark application",
        "riskvane backfill --from 2026-01-06 --to 2026-03-05 --steps ingest",
    )  # fmt: skip
    call.add_argument("--from", dest="first", type=_day, required=True, metavar="YYYY-MM-DD")
    call.add_argument("--to", dest="last", type=_day, required=True, metavar="YYYY-MM-DD")
    call.add_argument("--steps", help="comma-separated; default: all steps of a night")
    call.add_argument("--only", choices=("missing", "failed", "all"), default="missing")
    call.add_argument("--dry-run", action="store_true", help="say what would run, run nothing")

    call = add("status", "runs and freshness of the tables", "riskvane status")
    call.add_argument("--last", type=_positive, default=20, help="how many runs (default 20)")
    _json(call)

    call = add("list", "a published risk list", "riskvane list risk_list_private --as-of 2026-03-06 --top 20")
    call.add_argument("table", metavar="LIST", choices=LISTS)
    _as_of(call)
    call.add_argument("--branch", help="only this branch")
    call.add_argument("--top", type=_positive, help="only the first n")
    _json(call)

    call = add("explain", "why a subject is where it is", "riskvane explain 990000001234 --as-of 2026-03-06")
    call.add_argument("subject", help="account number, card number or pseudonym")
    _as_of(call)
    _json(call)

    call = add(
        "check", "hold a table's day against its contract", "riskvane check transactions --as-of 2026-03-06"
    )
    call.add_argument("table")
    _as_of(call)
    _json(call)

    call = add(
        "indicators",
        "all indicators, or what one is and where it is used",
        "riskvane indicators in_amount_7d",
    )
    call.add_argument("name", nargs="?", help="an indicator, or a version as name@1; none: list them")
    call.add_argument("--table", help="only those of this feature table")
    call.add_argument("--category", help="only those of this category, e.g. cash")
    call.add_argument("--like", metavar="TEXT", help="only those whose name, words or category hold TEXT")
    call.add_argument("--all", action="store_true", help="retired and earlier versions too")
    _json(call)

    call = add("config", "each setting and where it came from", "riskvane config")
    _json(call)

    call = add(
        "airflow", "run one DAG for one morning as real tasks", "riskvane airflow nightly --as-of 2026-03-06"
    )
    call.add_argument("dag", choices=FLOWS)
    _as_of(call)

    call = add("first-run", "demo, history, training, one night: the tour", "riskvane first-run --size small")
    call.add_argument("--size", choices=SIZES, default="small")
    call.add_argument("--days", type=_positive)
    call.add_argument("--seed", type=int, default=7)
    return parser


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"wanted a date YYYY-MM-DD, found {text!r}") from None


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"wanted a whole number from 1 on, found {text!r}")
    return int(text)


def _as_of(call: ArgumentParser) -> None:
    call.add_argument(
        "--as-of", type=_day, required=True, metavar="YYYY-MM-DD", help="the morning a list is delivered"
    )


def _json(call: ArgumentParser) -> None:
    call.add_argument("--json", action="store_true", help="for machines")


if __name__ == "__main__":
    sys.exit(main())
