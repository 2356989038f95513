"""The risk lists of a flow for each morning: who is listed, in which order and why. Replaces those mornings."""

from datetime import date, timedelta
from typing import TYPE_CHECKING

from conf.days import DayRange
from conf.errors import UsageError
from conf.scenarios import Scenario, load_scenarios
from conf.settings import Settings

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from lake.runs import Run

DEVICE_TABLES = ("data_sessions", "calls", "sms", "signalling")
DEVICE_DAYS = 30  # a card not seen for longer has no last device


def run(spark: "SparkSession", settings: Settings, days: DayRange, run: "Run") -> None:
    """Pick, explain and publish; one ledger stage per morning names all list versions, which makes it complete."""
    from lake.publish import publish

    scenarios = [scenario for scenario in load_scenarios(settings) if scenario.flow == run.flow]
    if not scenarios:
        raise UsageError(f"no scenario of {list(settings.scenarios)} belongs to the flow {run.flow!r}")
    for day in days:
        with run.stage("risk_lists", day) as stage:
            for scenario in scenarios:
                only: dict[str, tuple[str, ...]] = {"scenario": (scenario.name,)}
                for table, rows in lists_of(spark, settings, scenario, day).items():
                    stage.published(table, publish(rows, settings, table, DayRange.one(day), run, only=only))
            spark.catalog.clearCache()


def lists_of(
    spark: "SparkSession", settings: Settings, scenario: Scenario, day: date
) -> "dict[str, DataFrame]":
    """The lists of one scenario and morning by table."""
    from lake.tables import read_day, read_dimension, read_events
    from models.reasons import with_reasons
    from models.registry import load_version
    from review.lists import account_details, build_lists, card_details, last_devices, listed_rows, pick

    kind = scenario.subject
    picked = pick(read_day(spark, settings, f"{kind}_scores", day), scenario).persist()
    features = read_day(spark, settings, f"{kind}_features", day).join(picked[["subject_id"]], "subject_id")
    reasons = features
    for (version,) in picked.select("model_version").distinct().collect():  # resolved once per run: one
        reasons = with_reasons(reasons, load_version(settings, scenario.model, version), settings.language)
    if kind == "account":
        dimensions = [read_dimension(spark, settings, t, day) for t in ("accounts", "customers", "branches")]
        details = account_details(picked, features, *dimensions)
    else:
        first = day - timedelta(days=DEVICE_DAYS)
        usage = [read_events(spark, settings, table, first, day) for table in DEVICE_TABLES]
        cards, owners = (read_dimension(spark, settings, t, day) for t in ("cards", "card_owners"))
        details = card_details(picked, cards, owners, last_devices(usage, picked))
    # A few hundred rows at the end of a long plan: computed once, read by every list and its audit.
    return build_lists(listed_rows(picked, reasons, details, scenario, settings.language).persist(), scenario)
