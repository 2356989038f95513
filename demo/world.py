"""`generate`: lands a simulated province and writes its truth beside it."""

import json
import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from conf.errors import UsageError
from demo.chains import CHAINS, Outcome, run_chain
from demo.delivery import replace_file
from demo.plan import Arguments, Plan, build_plan
from demo.profile import Profile, load_profile
from demo.truth import write_truth

DEFAULT_SEED = 7
DEFAULT_START = date(2026, 1, 5)
DEFAULT_SIZE = "small"

_worker_plan: Plan | None = None  # one plan per worker process, built from the arguments


def generate(
    root: Path,
    size: str = DEFAULT_SIZE,
    days: int = 60,
    seed: int = DEFAULT_SEED,
    start: date = DEFAULT_START,
    processes: int | None = None,
    progress: Callable[[str], None] | None = None,
    profile: Profile | None = None,
) -> dict[str, Any]:
    """Write `<root>/landing` and `<root>/truth` for the events of [start, start + days).

    Equal arguments give byte-identical files for any number of `processes` (default: the processors
    this process may use). Each delivery folder is complete once its `_MANIFEST.json` stands; the
    world is complete once `truth/manifest.json`, which is also the result, stands.

    Raises:
        UsageError: unknown size, no days, or `root` already holds a different world.
    """
    profile = profile or load_profile()
    profile.size(size)
    if days < 1:
        raise UsageError(f"wanted at least one day, found {days}")
    if seed < 0:
        raise UsageError(f"wanted a seed of 0 or more, found {seed}")
    arguments = Arguments(size, days, seed, start, profile)
    _claim(root, arguments)
    say = progress or (lambda message: None)
    plan = build_plan(arguments)
    say(f"plan: {len(plan.bank.accounts.customer)} accounts, {len(plan.cards.cards.iot)} cards")
    workers = min(processes or len(os.sched_getaffinity(0)), len(CHAINS))
    outcomes = _run_here(plan, root, say) if workers == 1 else _run_there(arguments, root, workers, say)
    manifest = _manifest(plan, outcomes)
    write_truth(root, plan, outcomes, manifest)
    return manifest


def _claim(root: Path, arguments: Arguments) -> None:
    """Note the arguments first, so that two different worlds never mix in one folder."""
    note = root / "truth" / "arguments.json"
    wanted = _described(arguments)
    if note.exists():
        found = json.loads(note.read_text(encoding="utf-8"))
        if found != wanted:
            raise UsageError(
                f"{root} already holds another world: wanted {wanted}, found {found}; name an empty folder"
            )
    elif (root / "landing").exists() and any((root / "landing").iterdir()):
        raise UsageError(f"{root / 'landing'} holds files of unknown origin; name an empty folder")
    note.parent.mkdir(parents=True, exist_ok=True)
    replace_file(note, (json.dumps(wanted, ensure_ascii=False) + "\n").encode())


def _described(arguments: Arguments) -> dict[str, Any]:
    return {
        "size": arguments.size,
        "days": arguments.days,
        "seed": arguments.seed,
        "start": arguments.start.isoformat(),
        "world_version": arguments.profile.version,
        "schemes": arguments.profile.schemes,
    }


def _run_here(plan: Plan, root: Path, say: Callable[[str], None]) -> dict[str, Outcome]:
    outcomes = {}
    for name in CHAINS:
        outcomes[name] = run_chain(name, plan, root)
        say(f"{name}: {plan.arguments.days} days delivered")
    return outcomes


def _run_there(
    arguments: Arguments, root: Path, workers: int, say: Callable[[str], None]
) -> dict[str, Outcome]:
    # Spawned, not forked: a caller may hold threads (Arrow, the JVM gateway) that do not survive a fork.
    context = multiprocessing.get_context("spawn")
    outcomes = {}
    with ProcessPoolExecutor(workers, context, initializer=_prepare, initargs=(arguments,)) as pool:
        waiting = {pool.submit(_work, name, root): name for name in CHAINS}
        for done in as_completed(waiting):
            outcomes[waiting[done]] = done.result()
            say(f"{waiting[done]}: {arguments.days} days delivered")
    return outcomes


def _prepare(arguments: Arguments) -> None:
    global _worker_plan
    pa.set_cpu_count(1)  # the processes share the processors
    _worker_plan = build_plan(arguments)


def _work(name: str, root: Path) -> Outcome:
    if _worker_plan is None:
        raise RuntimeError("a worker was asked to work before it had a plan")
    return run_chain(name, _worker_plan, root)


def _manifest(plan: Plan, outcomes: dict[str, Outcome]) -> dict[str, Any]:
    files = sorted((f for o in outcomes.values() for f in o.files), key=lambda f: str(f["path"]))
    rows: dict[str, int] = {}
    for file in files:
        table = "/".join(str(file["path"]).split("/")[:2])
        rows[table] = rows.get(table, 0) + int(str(file["rows"]))
    members = plan.registry.members
    arguments = plan.arguments
    return {
        **_described(arguments),
        "last_day": (arguments.start + timedelta(days=arguments.days - 1)).isoformat(),
        "enriched": {k: v for k, v in plan.size.items() if k.startswith("bad_")},
        "accounts": len(plan.bank.accounts.customer),
        "cards": len(plan.cards.cards.iot),
        "bad_accounts": len({m.index for m in members if m.kind == "account"}),
        "bad_cards": len({m.index for m in members if m.kind == "card"}),
        "rows": dict(sorted(rows.items())),
        "files": files,
    }
