"""The risk lists of a flow for each morning: who is listed, in which order and why. Replaces those mornings.

Of a whole population some hundred subjects are listed: picked first, so that all the rest is done for them alone,
on the driver.
"""

from datetime import date, timedelta
from typing import TYPE_CHECKING

from conf.days import DayRange
from conf.errors import UsageError
from conf.scenarios import Scenario, load_scenarios
from conf.settings import Settings

if TYPE_CHECKING:
    import polars as pl
    from pyspark.sql import SparkSession

    from lake.runs import Run

DEVICE_TABLES = ("data_sessions", "calls", "sms", "signalling")
DEVICE_DAYS = 30  # a card not seen for longer has no last device


def run(spark: "SparkSession | None", settings: Settings, days: DayRange, run: "Run") -> None:
    """Pick, explain and publish; one ledger stage per morning names all list versions, which makes it complete."""
    from lake.publish_batches import publish_batches

    scenarios = [scenario for scenario in load_scenarios(settings) if scenario.flow == run.flow]
    if not scenarios:
        raise UsageError(f"no scenario of {list(settings.scenarios)} belongs to the flow {run.flow!r}")
    for day in days:
        with run.stage("risk_lists", day) as stage:
            for scenario in scenarios:
                only: dict[str, tuple[str, ...]] = {"scenario": (scenario.name,)}
                for table, rows in lists_of(settings, scenario, day).items():
                    version = publish_batches([rows], settings, table, DayRange.one(day), run, only)
                    stage.published(table, version)


def lists_of(settings: Settings, scenario: Scenario, day: date) -> "dict[str, pl.DataFrame]":
    """The lists of one scenario and morning by table."""
    import polars as pl

    from jobs.normals import peers_of
    from lake.rows import day_rows, dimension_rows, known_events
    from models.reasons import told
    from models.registry import load_version
    from review.lists import account_details, build_lists, card_details, last_devices, listed_rows, pick

    kind = scenario.subject
    picked = pick(day_rows(settings, f"{kind}_scores", day), scenario)
    population = day_rows(settings, f"{kind}_features", day)
    features = population.join(picked.lazy(), on="subject_id", how="semi").collect()
    peers = peers_of(settings, f"{kind}_features", day, picked["subject_id"].to_list())
    reasons = [pl.DataFrame(schema={"subject_id": pl.String})]
    for (version,), those in picked.group_by("model_version"):  # one run has one: resolved once
        model = load_version(settings, scenario.model, str(version))
        some = features.join(those, on="subject_id", how="semi")
        reasons.append(told(some, model, settings.language, peers))
    if kind == "account":
        dimensions = [dimension_rows(settings, t, day) for t in ("accounts", "customers", "branches")]
        details = account_details(picked, features, *dimensions)
    else:
        first = day - timedelta(days=DEVICE_DAYS)
        usage = [known_events(settings, table, first, day) for table in DEVICE_TABLES]
        cards, owners = (dimension_rows(settings, t, day) for t in ("cards", "card_owners"))
        details = card_details(picked, cards, owners, last_devices(usage, picked))
    explained = pl.concat(reasons, how="diagonal")
    return build_lists(listed_rows(picked, explained, details, scenario, settings.language), scenario)
