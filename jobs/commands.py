"""What each call of `riskvane` does; every function takes the parsed call and returns an exit code."""

import json
from argparse import Namespace
from collections.abc import Iterable
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from conf.days import DayRange
from conf.errors import UsageError
from conf.settings import Settings, explain_settings, load_settings
from jobs.steps import ALL_STEPS, STEPS, run_steps

DEFAULT_DAYS = {"tiny": 35}  # shorter, and labels come too late to train on


def say(line: str) -> None:
    """Progress for the person who waits."""
    print(line, flush=True)


def as_json(value: Any) -> str:
    """JSON for machines; dates and paths as text."""
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)


def doctor(given: Namespace) -> int:
    """One line per part of the machine; exit 1 when something is wrong."""
    from conf.doctor import diagnose

    findings = diagnose(load_settings())
    if given.json:
        say(as_json([asdict(finding) for finding in findings]))
    else:
        for finding in findings:
            cure = "" if finding.ok else f"  ->  {finding.cure}"
            say(f"{'ok   ' if finding.ok else 'WRONG'} {finding.subject}: {finding.found}{cure}")
    return 0 if all(finding.ok for finding in findings) else 1


def config(given: Namespace) -> int:
    """Each setting, its value and where it came from."""
    origins = explain_settings()
    if given.json:
        say(as_json([asdict(origin) for origin in origins]))
    else:
        width = max(len(origin.key) for origin in origins)
        for origin in origins:
            say(f"{origin.key:{width}}  {_plain(origin.value)}  ({origin.source})")
    return 0


def demo(given: Namespace) -> int:
    """Land a simulated province; the last line says where it lies and which morning to run."""
    from demo.world import generate

    out = given.out or load_settings().landing.parent
    days = given.days or DEFAULT_DAYS.get(given.size, 60)
    tell = None if given.json else say
    manifest = generate(out, given.size, days, given.seed, given.start, given.processes, tell)
    if given.json:
        say(as_json(manifest))
    else:
        last = given.start + timedelta(days=days)
        say(f"landed {days} days of the {given.size} province in {out}/landing; the last morning is {last}")
    return 0


def run(given: Namespace) -> int:
    """One step for one morning or a range of mornings."""
    days = DayRange(given.as_of, given.until or given.as_of, given.every)
    run_steps((given.step,), load_settings(), days, given.flow, say)
    return 0


def night(given: Namespace) -> int:
    """The steps of a flow, one after the other, in one Spark application."""
    settings = load_settings()
    if given.source:
        settings = settings.with_(sources=tuple(given.source))
    run_steps(STEPS[given.flow], settings, DayRange.one(given.as_of), given.flow, say)
    if given.flow in ("nightly", "screening"):
        _say_where(settings, given.as_of)
    return 0


def backfill(given: Namespace) -> int:
    """Inclusive mornings; each stretch of mornings without a gap is one pass per step."""
    settings = load_settings()
    wanted = DayRange(given.first, given.last)
    steps = tuple(given.steps.split(",")) if given.steps else STEPS["nightly"]
    if unknown := [step for step in steps if step not in ALL_STEPS]:
        raise UsageError(f"unknown steps {unknown}; known are {list(ALL_STEPS)}")
    from lake.reader import stage_states

    states = stage_states(settings, steps[-1])
    keep = {
        "all": lambda day: True,
        "failed": lambda day: states.get(day) == "failed",
        "missing": lambda day: states.get(day) != "complete",
    }[given.only]
    stretches = _stretches(day for day in wanted if keep(day))
    say(f"{', '.join(steps)}: {sum(map(len, stretches))} of {len(wanted)} mornings to run ({given.only})")
    for days in stretches:
        say(f"  {days}")
        if not given.dry_run:
            run_steps(steps, settings, days, "nightly", say)
    return 0


def _stretches(days: Iterable[date]) -> list[DayRange]:
    """Neighbouring days joined to ranges."""
    found: list[DayRange] = []
    for day in days:
        if found and day == found[-1].last + timedelta(days=1):
            found[-1] = DayRange(found[-1].first, day)
        else:
            found.append(DayRange.one(day))
    return found


def status(given: Namespace) -> int:
    """The newest runs, and for each table the newest day it holds."""
    from lake.reader import latest_days, runs
    from review.show import show_runs

    settings = load_settings()
    table = runs(settings).sort_by([("started_at", "descending")]).slice(0, given.last)
    newest = latest_days(settings)
    if given.json:
        say(as_json({"runs": table.to_pylist(), "newest_day": newest}))
    else:
        show_runs(table, newest)
    return 0


def list_rows(given: Namespace) -> int:
    """Rows of a published list, read without a JVM."""
    from lake.reader import list_rows as read
    from review.show import show_list

    settings = load_settings()
    rows = read(settings, given.table, given.as_of, branch=given.branch, top=given.top)
    if given.json:
        say(as_json(rows.to_pylist()))
    else:
        show_list(rows, settings)
    return 0


def explain(given: Namespace) -> int:
    """Where a subject stands on a morning, and why."""
    from jobs.subject import features_of
    from review.explain import explain as look_up
    from review.show import show_explanation

    settings = load_settings()
    found = look_up(settings, given.subject, given.as_of, features_of(settings))
    if given.json:
        say(as_json(found))
    else:
        show_explanation(found, settings)
    return 0


def indicators(given: Namespace) -> int:
    """All indicators, or one with its declaration, its versions and its uses."""
    from conf.scenarios import load_scenarios
    from features.catalogue import FEATURE_TABLES
    from features.described import described, listed
    from lake.partials import kept_at
    from models.specs import MODEL_SPECS
    from review.show import show_indicator, show_indicators

    if given.name:
        settings = load_settings()
        one = described(
            given.name, FEATURE_TABLES, {t: kept_at(settings, t).columns() for t in FEATURE_TABLES}
        )
        of_table = [spec for spec in MODEL_SPECS.values() if spec.feature_table == one["table"]]
        one["models"] = [spec.name for spec in of_table if one["name"] in spec.features]
        one["scenarios"] = [s.name for s in load_scenarios(settings) if s.model in one["models"]]
        say(as_json(one)) if given.json else show_indicator(one)
        return 0
    rows = listed(given.table, given.category, given.like, given.all)
    say(as_json(rows)) if given.json else show_indicators(rows)
    return 0


def check(given: Namespace) -> int:
    """Hold one day of a table against its contract; exit 3 with what broke."""
    from jobs.check import check as check_table

    result = check_table(None, load_settings(), given.table, given.as_of)
    if given.json:
        say(as_json(asdict(result)))
    else:
        say(f"{given.table} {given.as_of}: {result.rows} rows, {'contract kept' if result.ok else 'BROKEN'}")
        for problem in result.problems:
            say(f"  - {problem}")
    return 0 if result.ok else 3


def airflow(given: Namespace) -> int:
    """One DAG for one morning, its tasks as Airflow runs them, in this process."""
    from jobs.airflow import run_dag

    return run_dag(given.dag, given.as_of, load_settings())


def first_run(given: Namespace) -> int:
    """The tour behind `make run`."""
    from jobs.first_run import tour

    return tour(load_settings(), given.size, given.days or DEFAULT_DAYS.get(given.size, 60), given.seed, say)


def _say_where(settings: Settings, as_of: date) -> None:
    say(f"page:      {settings.reports / str(as_of) / 'index.html'}")
    say(f"workbooks: {settings.worklists / str(as_of)}")


def _plain(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "(none)"
    return str(value) if isinstance(value, Path) or value is not None else "(none)"
