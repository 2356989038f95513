"""The benchmark as a picture: CPU seconds per contender, and how they grow with the number of accounts.

Reads every build/bench/features_<size>.json that is there and writes docs/images/bench_features.png.

Example: python -m benchmarks.features.chart
"""

import argparse
import json
import sys
from pathlib import Path

import matplotlib

from conf.errors import RiskvaneError, UsageError
from conf.settings import project_home

SIZES = ("quick", "twentieth", "full")
NIGHTS = ("spark", "polars", "duckdb", "ours_night")
COLOURS = {"spark": "#c44e52", "duckdb": "#dd8452", "polars": "#4c72b0", "ours_night": "#2a9d4b"}
LABELS = {"spark": "Spark", "duckdb": "DuckDB", "polars": "Polars", "ours_night": "Riskvane"}


def read_results(folder: Path) -> list[dict]:
    """What was measured, from the smallest size to the largest."""
    files = [folder / f"features_{size}.json" for size in SIZES]
    found = [json.loads(file.read_text()) for file in files if file.is_file()]
    if not found:
        raise UsageError(f"wanted features_<size>.json in {folder}; run make bench-features")
    return found


def draw(results: list[dict], out: Path) -> None:
    """Bars of the largest size measured on the left, the scale curve on the right."""
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (bars, curve) = pyplot.subplots(1, 2, figsize=(10, 4), layout="constrained")
    largest = results[-1]
    names = [name for name in NIGHTS if name in largest["cpu_seconds"]]
    seconds = [largest["cpu_seconds"][name] for name in names]
    drawn = bars.barh([LABELS[name] for name in names], seconds, color=[COLOURS[name] for name in names])
    bars.bar_label(drawn, fmt="%.0f", padding=3)
    bars.set_xlabel("CPU seconds of one night")
    bars.set_title(
        f"{largest['metrics']['load']['accounts']:,} accounts, windows of 1 to 90 days", fontsize=10
    )
    for name in NIGHTS:
        points = [
            (result["metrics"]["load"]["accounts"], result["cpu_seconds"][name])
            for result in results
            if name in result["cpu_seconds"]
        ]
        if points:
            curve.plot(*zip(*points, strict=True), marker="o", color=COLOURS[name], label=LABELS[name])
    curve.set(xscale="log", yscale="log", xlabel="accounts", ylabel="CPU seconds of one night")
    ticks = [result["metrics"]["load"]["accounts"] for result in results]
    curve.set_xticks(ticks, [f"{accounts:,}" for accounts in ticks])
    curve.minorticks_off()
    curve.legend(frameon=False)
    for axes in (bars, curve):
        axes.spines[["top", "right"]].set_visible(False)
    out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out, dpi=130, metadata={"Software": None})


def main() -> int:
    """Draw what build/bench holds."""
    home = project_home()
    parser = argparse.ArgumentParser(description="Chart of the feature benchmark.")
    parser.add_argument("--results", type=Path, default=home / "build" / "bench")
    parser.add_argument("--out", type=Path, default=home / "docs" / "images" / "bench_features.png")
    given = parser.parse_args()
    draw(read_results(given.results), given.out)
    print(f"written to {given.out}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except RiskvaneError as error:
        print(f"chart: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
