"""The worklists of the branches and the page of each morning. Replaces those of the same morning; no Spark."""

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from conf.days import DayRange
from conf.settings import Settings
from features.catalogue import FEATURE_TABLES, indicators_of
from privacy.keys import KeyRing
from privacy.vault import Vault
from review.history import listings
from review.morning import load_morning
from review.report import write_report
from review.workbook import write_workbooks

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from lake.runs import Run

WHO = "step report"
KINDS = {"risk_list_private": "account", "risk_list_corporate": "account", "risk_list_cards": "card"}


def run(spark: "SparkSession | None", settings: Settings, days: DayRange, run: "Run") -> None:
    """Write workbooks and page of each morning from its published lists; raises RiskvaneError without lists."""
    for day in days:
        with run.stage("report", day):
            morning = load_morning(settings, day, "worklists and page", WHO)
            folder = settings.worklists / str(day)
            write_workbooks(morning.lists, folder, day, morning.masked, morning.titles, settings.language)
            write_report(settings, morning, findings(settings, day), indicator_words(settings.language))


def findings(settings: Settings, day: date) -> Mapping[str, Any] | None:
    """What the lists up to `day` found of what a simulated province holds; None where there is no truth."""
    if settings.truth is None or not settings.truth.is_dir():
        return None
    from demo.findings import planted_and_found

    rows = listings(settings, day)
    vault = Vault(settings.vault, KeyRing.load(settings.keys))
    clear = vault.reveal(rows["subject_id"].to_pylist(), "comparison with the simulated truth", WHO)
    listed = [
        (KINDS[row["list"]], clear[row["subject_id"]], row["as_of"], row["rank"])
        for row in rows.to_pylist()
        if row["subject_id"] in clear
    ]
    return planted_and_found(settings.truth, listed)


def indicator_words(language: str) -> dict[str, str]:
    """What each indicator is called: its words by reason code."""
    told = (indicator for table in FEATURE_TABLES for indicator in indicators_of(table))
    return {i.name: i.zh if language == "zh" else i.en for i in told}
