"""Card Precision@100 of the daily list on the public card-fraud benchmark, replayed night by night.

The 183 daily files of "Reproducible Machine Learning for Credit Card Fraud Detection" (Le Borgne, Siblini,
Lebichot, Bontempi, 2022) are ingested as a bank would deliver them, a model is trained on the mornings after
each day of 2018-06-13..07-31 with the labels known on 2018-08-08 (each fraud is known seven days late), and
seven real Airflow nights publish the list of the 100 riskiest customers for 2018-08-08..08-14.

Card Precision@100 as in the book's chapter 4: the share of a day's 100 customers with the highest score that
really had a fraud that day; customers known as compromised, and customers found on an earlier day, are left out.

Example: RISKVANE_LANDING=/data/handbook make bench-handbook
"""

import json
import os
import platform
import sys
from datetime import date, timedelta
from pathlib import Path
from time import process_time

import pyarrow.compute as pc
import pyarrow.parquet as pq

from conf.days import DayRange
from conf.errors import RiskvaneError
from conf.settings import Settings, load_settings
from jobs.airflow import run_dag
from jobs.steps import run_plan
from privacy.keys import KeyRing

FIRST_FILE = date(2018, 4, 1)
TRAINING_DAYS = DayRange(date(2018, 6, 13), date(2018, 7, 31))
TEST_DAYS = DayRange(date(2018, 8, 8), date(2018, 8, 14))
LABELS_KNOWN = date(2018, 8, 8)
K = 100
ONE_DAY = timedelta(days=1)


def main() -> int:
    """Replay, measure, print and write build/bench/handbook.json."""
    os.environ["RISKVANE_ENV"] = "handbook"
    settings = load_settings()
    folder = settings.landing / "transactions"
    if not (folder / f"{FIRST_FILE}.parquet").is_file():
        raise RiskvaneError(
            f"wanted the benchmark's daily files in {folder}; set RISKVANE_LANDING to its folder"
        )
    replay(settings)
    result = measure(settings, folder)
    out = settings.home / "build" / "bench" / "handbook.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result["metrics"], indent=2))
    print(f"written to {out}")
    return 0


def replay(settings: Settings) -> None:
    """Ingest the history by range, train once, and run seven nights as Airflow runs them."""
    KeyRing.create(settings.keys)
    history = DayRange(FIRST_FILE + ONE_DAY, TEST_DAYS.first)
    training = DayRange(TRAINING_DAYS.first + ONE_DAY, TRAINING_DAYS.last + ONE_DAY)
    run_plan([("ingest", history), ("account_features", training)], settings, "nightly", print)
    for dag, mornings in (
        ("training", DayRange.one(LABELS_KNOWN)),
        ("nightly", DayRange(TEST_DAYS.first + ONE_DAY, TEST_DAYS.last + ONE_DAY)),
    ):
        for morning in mornings:
            if code := run_dag(dag, morning, settings):
                raise RiskvaneError(f"DAG {dag} of {morning} ended with {code}")


def measure(settings: Settings, folder: Path) -> dict:
    """Precision of the published lists and of the book's definition, one figure a day and their means."""
    from lake.reader import list_rows, read_day_arrow
    from privacy.pseudonyms import pseudonym

    ring = KeyRing.load(settings.keys)
    found: set[str] = set()
    days: list[dict] = []
    for day in TEST_DAYS:
        frauds = pq.read_table(folder / f"{day}.parquet", filters=pc.field("TX_FRAUD") == 1)
        bad = {pseudonym(ring, "account", str(c)) for c in frauds["CUSTOMER_ID"].to_pylist()}
        listed = list_rows(settings, "risk_list_private", day + ONE_DAY)["subject_id"].to_pylist()
        scores = read_day_arrow(
            settings, "account_scores", day + ONE_DAY, columns=["subject_id", "risk_score"]
        )
        ranked = scores.sort_by([("risk_score", "descending"), ("subject_id", "ascending")])
        top = [s for s in ranked["subject_id"].to_pylist() if s not in found][:K]
        days.append(
            {
                "day": str(day),
                "listed": len(listed),
                "fraud_customers": len(bad),
                "fraud_customers_not_known_before": len(bad & set(scores["subject_id"].to_pylist())),
                "precision_published_list": len(bad & set(listed)) / K,
                "card_precision_at_100": len(bad & set(top)) / K,
            }
        )
        found |= bad & set(top)
    metrics = {
        "handbook_list_cp100": _mean(days, "card_precision_at_100"),
        "handbook_published_list_precision": _mean(days, "precision_published_list"),
        "highest_possible": _mean(days, "fraud_customers_not_known_before", 1 / K),
    }
    machine = {"cores": os.cpu_count(), "python": platform.python_version()}
    return {
        "size": "183 daily files, 7 nights",
        "cpu_seconds": {"measure": round(process_time(), 1)},
        "ratios": {"found_of_possible": metrics["handbook_list_cp100"] / metrics["highest_possible"]},
        "metrics": metrics,
        "days": days,
        "machine": machine,
    }


def _mean(days: list[dict], key: str, factor: float = 1.0) -> float:
    return round(factor * sum(day[key] for day in days) / len(days), 4)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except RiskvaneError as error:
        print(f"bench-handbook: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
