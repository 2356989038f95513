"""CPU seconds of a night's window features, ours beside peers that recompute; `make bench-features SIZE=quick|full`.

Writes the load where it is missing, runs the contenders in turn (A B A B), each as a process of its own, compares
their outputs, prints a table and writes build/bench/features.json. A figure is the smallest of its rounds.

Example: python -m benchmarks.features --size quick --only spark,duckdb,polars
"""

import argparse
import json
import os
import platform
import shutil
import sys
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.features.cases import CASES, LATE_SHARE, RATIOS, STATE_RATIO, Case
from benchmarks.features.compare import differences
from benchmarks.features.load import SIZES, Load, day_file, write_load
from benchmarks.features.measure import Measured, run_measured, size_of
from benchmarks.features.ours import PLUGGED_IN
from conf.errors import RiskvaneError, UsageError
from conf.settings import project_home

CHOICES = ("quick", "twentieth", "full")


class Bench:
    """One run of the benchmark: where things lie, what was measured, what could not be."""

    def __init__(self, size: str, folder: Path) -> None:
        self.size, self.folder = size, folder
        self.rounds: dict[str, list[Measured]] = {}
        self.not_measured: dict[str, str] = {}
        self.problems: dict[str, list[str]] = {}

    def load_of(self, case: Case) -> tuple[Path, Load]:
        """Folder and parameters of the load that a case reads."""
        load = SIZES[self.size]
        return (
            (self.folder / "late", replace(load, late_share=LATE_SHARE))
            if case.late
            else (self.folder / "load", load)
        )

    def arguments(self, name: str) -> list[str]:
        """The contender's command line."""
        load = self.load_of(CASES[name])[0]
        return [
            name,
            "--folder",
            str(load),
            "--work",
            str(self.work(name)),
            "--out",
            str(self.out(name)),
        ]

    def work(self, name: str) -> Path:
        """What a case keeps. Our engine keeps the same days for all windows, so its cases of one load share them."""
        case = CASES[name]
        return self.folder / "work" / (f"ours_{self.load_of(case)[0].name}" if case.action else name)

    def out(self, name: str) -> Path:
        """Output of a case: a file, or a folder of files."""
        return self.folder / "out" / f"{name}.parquet"

    def prepare(self, name: str) -> bool:
        """Write the missing days and let the contender prepare; False when it is not plugged in."""
        case = CASES[name]
        if case.action and case.action not in PLUGGED_IN:
            self.not_measured[name] = f"not plugged in: action {case.action!r} of benchmarks/features/ours.py"
            return False
        folder, load = self.load_of(case)
        write_load(folder, load, case.days, progress=True)
        if case.prepare is None:
            return True
        refused = run_measured([*self.arguments(name), "--prepare"], self.work(name))
        if isinstance(refused, str):
            self.not_measured[name] = refused
        return not isinstance(refused, str)

    def run(self, name: str) -> None:
        """One measured round of one case."""
        out = self.out(name)
        shutil.rmtree(out, ignore_errors=True)
        out.unlink(missing_ok=True)
        out.parent.mkdir(parents=True, exist_ok=True)
        measured = run_measured(self.arguments(name), out)
        if isinstance(measured, str):
            self.not_measured[name] = measured
            return
        self.rounds.setdefault(name, []).append(measured)
        print(f"{name}: {measured.cpu} CPU s, {measured.wall} s, {measured.peak_mb:.0f} MB", flush=True)

    def compare(self) -> None:
        """Hold outputs against those that they must equal."""
        for name in self.rounds:
            reference = CASES[name].same_as
            if reference in self.rounds and (found := differences(self.out(reference), self.out(name))):
                self.problems[name] = found

    def best(self, name: str) -> Measured:
        """The round with the fewest CPU seconds."""
        return min(self.rounds[name], key=lambda measured: measured.cpu)

    def ratios(self) -> dict[str, float]:
        """The ratios whose cases were all measured."""
        found = {}
        for ratio, (ours, others) in RATIOS.items():
            if ours in self.rounds and all(other in self.rounds for other in others):
                found[ratio] = round(self.best(ours).cpu / min(self.best(other).cpu for other in others), 3)
        if "ours_night" in self.rounds:
            case = CASES["ours_night"]
            days = [case.as_of - timedelta(days=back) for back in range(1, case.windows[-1] + 1)]
            raw = sum(day_file(self.load_of(case)[0], day).stat().st_size for day in days)
            kept = self.work("ours_night") / "kept"
            mornings = [day + timedelta(days=1) for day in days]
            state = sum(size_of(part) for day in mornings for part in kept.glob(f"part=*/known_as_of={day}"))
            found[STATE_RATIO] = round(state / raw, 3)
        return found

    def result(self) -> dict:
        """Everything that was found, as features.json has it."""
        measured = [name for name in self.rounds if not CASES[name].reference]
        return {
            "size": self.size,
            "cpu_seconds": {name: self.best(name).cpu for name in measured},
            "ratios": self.ratios(),
            "metrics": {
                "load": asdict(SIZES[self.size]),
                **{
                    name: {k: v for k, v in asdict(self.best(name)).items() if k != "cpu"}
                    for name in measured
                },
            },
            "rounds": {name: [asdict(one) for one in self.rounds[name]] for name in measured},
            "not_measured": self.not_measured,
            "differences": self.problems,
            "machine": {
                "cores": os.cpu_count(),
                "python": platform.python_version(),
                "load_of_machine": os.getloadavg()[1],
            },
        }

    def table(self) -> Table:
        """A line per contender."""
        table = Table(
            "contender", "wall s", "CPU s", "peak MB", "output MB", "agrees with", title=f"size {self.size}"
        )
        for name in self.rounds:
            best, reference = self.best(name), CASES[name].same_as
            agrees = (
                "DIFFERS" if name in self.problems else (reference or "" if reference in self.rounds else "")
            )
            table.add_row(
                name, f"{best.wall}", f"{best.cpu}", f"{best.peak_mb:.0f}", f"{best.output_mb}", agrees
            )
        return table


def main(arguments: list[str] | None = None) -> int:
    """Generate, run, compare, print, write; 1 when outputs differ or a case is not plugged in."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.features", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--size", choices=CHOICES, default="quick", help="1/100, 1/20 or 1/4 of a province")
    parser.add_argument(
        "--folder", type=Path, help="for the load and all outputs (build/bench/features/<size>)"
    )
    parser.add_argument("--only", default="", help="some cases, separated by commas")
    parser.add_argument("--rounds", type=int, help="2, at full 1")
    given = parser.parse_args(arguments)
    names = [name for name in given.only.split(",") if name]
    if unknown := sorted(set(names) - CASES.keys()):
        raise UsageError(f"unknown cases {unknown}; known are {list(CASES)}")
    names = names or [name for name, case in CASES.items() if case.quick or given.size != "quick"]
    rounds = given.rounds or (1 if given.size == "full" else 2)
    reports = project_home() / "build" / "bench"
    bench = Bench(given.size, given.folder or reports / "features" / given.size)
    # What only serves to be compared with runs when there is something to compare.
    needed = {reference for name in names if (reference := CASES[name].same_as)}
    ready = [name for name in names if not CASES[name].reference and bench.prepare(name)]
    for turn in range(rounds):
        for name in ready:
            if name not in bench.not_measured and (turn == 0 or not CASES[name].reference):
                bench.run(name)
    for name in sorted(needed - set(ready)):
        if any(CASES[other].same_as == name for other in bench.rounds) and bench.prepare(name):
            bench.run(name)
    bench.compare()
    return report(bench, reports, whole=not given.only)


def report(bench: Bench, reports: Path, whole: bool) -> int:
    """Print and write what was found; a whole run is also kept by its size, for the chart."""
    Console(width=120).print(bench.table())
    result = bench.result()
    for ratio, value in result["ratios"].items():
        print(f"{ratio}: {value}")
    for name, reason in bench.not_measured.items():
        print(f"{name}: {reason}", file=sys.stderr)
    for name, found in bench.problems.items():
        print(f"{name} differs:\n  " + "\n  ".join(found), file=sys.stderr)
    reports.mkdir(parents=True, exist_ok=True)
    for name in ("features", f"features_{bench.size}")[: 1 + whole]:
        (reports / f"{name}.json").write_text(json.dumps(result, indent=2) + "\n")
    print(f"written to {reports / 'features.json'}")
    return int(bool(bench.problems or bench.not_measured))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except RiskvaneError as error:
        print(f"bench-features: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
