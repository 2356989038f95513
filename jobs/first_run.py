"""The tour behind `make run`: a simulated province, its history, a trained model, one night as real DAGs."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from time import perf_counter

from conf.days import DayRange
from conf.errors import RiskvaneError
from conf.settings import Settings
from jobs.airflow import run_dag
from jobs.steps import run_plan

START = date(2026, 1, 5)
HISTORY = ("ingest", "account_features", "card_features")


def tour(settings: Settings, size: str, days: int, seed: int, tell: Callable[[str], None]) -> int:
    """Land the province, load its history by range, then run training, nightly and screening in Airflow.

    What is already there is not made again, the DAGs always run. Returns the exit code of the first DAG
    that did not succeed, else 0.
    """
    began = perf_counter()
    morning = START + timedelta(days=days)
    tell(f"1/4 a simulated {size} province, {days} days from {START} (seed {seed})")
    land(settings, size, days, seed, tell)
    tell("2/4 history: mart and the feature mornings that training needs, one Spark application")
    load_history(settings, morning, days, tell)
    # Training learns from what the mornings before have taken in, so that a second tour learns the same.
    dags = (
        ("3/4", "training", morning - timedelta(days=1)),
        ("4/4", "nightly", morning),
        ("4/4", "screening", morning),
    )
    for number, dag, day in dags:
        tell(f"{number} Airflow DAG {dag} for the morning {day}")
        if code := run_dag(dag, day, settings):
            return code
    tell(f"\nDone in {perf_counter() - began:.0f} s. The lists of {morning}:")
    tell(f"  page       {settings.reports / str(morning) / 'index.html'}")
    tell(f"  workbooks  {settings.worklists / str(morning)}")
    tell(f"  terminal   riskvane list risk_list_private --as-of {morning} --top 20")
    tell("  services   make airflow (the scheduler's page), make mlflow (the registry's page)")
    return 0


def land(settings: Settings, size: str, days: int, seed: int, tell: Callable[[str], None]) -> None:
    """Generate the province unless the same one is already there; another one in its place is an error."""
    from demo.world import generate

    root = settings.landing.parent
    wanted = {"size": size, "days": days, "seed": seed, "start": str(START)}
    manifest = root / "truth" / "manifest.json"
    if manifest.is_file():
        landed = json.loads(manifest.read_text(encoding="utf-8"))
        found = {key: landed.get(key) for key in wanted}
        if found == wanted:
            tell(f"  already landed in {root}")
            return
        raise RiskvaneError(
            f"{root} holds another province: wanted {wanted}, found {found}; `make clean` removes it and its lake"
        )
    generate(root, size, days, seed, START, None, tell)


def load_history(settings: Settings, morning: date, days: int, tell: Callable[[str], None]) -> None:
    """Ingest all mornings before `morning` and compute features for a spread of mornings to train on.

    The training mornings begin after a third of the history (windows need something behind them) and lie
    `days` / 8 apart: neighbouring mornings of one subject say almost the same.
    """
    from lake.reader import stage_states

    history = DayRange(START, morning - timedelta(days=1))
    training = DayRange(
        START + timedelta(days=max(7, days // 3)), morning - timedelta(days=2), every=max(1, days // 8)
    )
    wanted = {"ingest": history, "account_features": training, "card_features": training}
    plan = []
    for step in HISTORY:
        states = stage_states(settings, step)
        if any(states.get(day) != "complete" for day in wanted[step]):
            plan.append((step, wanted[step]))
    if plan:
        run_plan(plan, settings, "nightly", lambda line: tell(f"  {line}"))
    else:
        tell("  already loaded")
