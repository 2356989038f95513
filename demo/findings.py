"""What was planted, and how much of it a risk list found."""

import json
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, time
from pathlib import Path
from statistics import median
from typing import Any

import pyarrow.parquet as pq

from conf.errors import UsageError

Listed = tuple[str, str, date, int]  # subject_kind, subject_no, as_of, rank (1 = first)
HEAD = 100


def planted_and_found(
    truth_dir: Path, listed: Iterable[Listed], population: dict[str, int] | None = None
) -> dict[str, Any]:
    """Compare lists with the truth as of the newest `as_of` among them.

    `listed` holds (subject_kind, subject_no, as_of, rank) of every listed subject and morning, with
    real numbers. Bad as of D means that the first harm lay before midnight of D; a subject counts as
    found when it stood on a list between its first harm and D. `population` gives the number of
    subjects per kind for the share of a random list (default: the accounts and cards that the
    manifest counts as landed).

    Returns `as_of`; `schemes`: {scheme: {planted, found, share, median_days}}, where median_days
    counts from first harm to first listing (None when nothing was found); `head`: {subject_kind:
    {listed, planted, share, random_share}} for the first 100 ranks of the newest list of a kind.

    Raises:
        UsageError: nothing was listed, or the folder holds no truth.
    """
    rows = list(listed)
    if not rows:
        raise UsageError("nothing is listed: name at least one (subject_kind, subject_no, as_of, rank)")
    subjects = truth_dir / "subjects.parquet"
    if not subjects.exists():
        raise UsageError(
            f"{subjects} does not exist; generate the demo world first, or name its truth folder"
        )
    as_of = max(row[2] for row in rows)
    midnight = datetime.combine(as_of, time())
    bad = [m for m in pq.read_table(subjects).to_pylist() if m["first_harm"] < midnight]
    mornings: dict[tuple[str, str], list[date]] = defaultdict(list)
    for kind, number, day, _ in rows:
        mornings[kind, number].append(day)
    schemes: dict[str, dict[str, Any]] = {}
    for scheme in sorted({m["scheme"] for m in bad}):
        schemes[scheme] = _scheme([m for m in bad if m["scheme"] == scheme], mornings)
    population = population or _population(truth_dir)
    kinds = sorted({row[0] for row in rows})
    return {
        "as_of": as_of,
        "schemes": schemes,
        "head": {k: _head(k, rows, bad, population.get(k)) for k in kinds},
    }


def _scheme(members: list[dict[str, Any]], mornings: dict[tuple[str, str], list[date]]) -> dict[str, Any]:
    days = []
    for member in members:
        harm = member["first_harm"].date()
        seen = [d for d in mornings.get((member["subject_kind"], member["subject_no"]), ()) if d > harm]
        if seen:
            days.append((min(seen) - harm).days)
    return {
        "planted": len(members),
        "found": len(days),
        "share": len(days) / len(members),
        "median_days": median(days) if days else None,
    }


def _head(kind: str, rows: list[Listed], bad: list[dict[str, Any]], population: int | None) -> dict[str, Any]:
    newest = max(row[2] for row in rows if row[0] == kind)
    first = {row[1] for row in rows if row[0] == kind and row[2] == newest and row[3] <= HEAD}
    midnight = datetime.combine(newest, time())
    numbers = {m["subject_no"] for m in bad if m["subject_kind"] == kind and m["first_harm"] < midnight}
    planted = len(first & numbers)
    return {
        "listed": len(first),
        "planted": planted,
        "share": planted / len(first) if first else None,
        "random_share": len(numbers) / population if population else None,
    }


def _population(truth_dir: Path) -> dict[str, int]:
    """Subjects that landed during the run."""
    manifest = json.loads((truth_dir / "manifest.json").read_text(encoding="utf-8"))
    return {"account": manifest["accounts"], "card": manifest["cards"]}
