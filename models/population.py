"""Who is scored for a scenario on a morning."""

from datetime import date, timedelta
from typing import TYPE_CHECKING

from conf.scenarios import Scenario

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

COLUMNS = ("subject_id", "customer_id", "customer_type", "branch_id")


def population(
    subjects: "DataFrame",
    labels: "DataFrame",
    scenario: Scenario,
    as_of: date,
    only: "DataFrame | None" = None,
) -> "DataFrame":
    """The subjects of `scenario`'s population on the morning `as_of`, without those that are known already.

    `subjects`: one row per subject with `subject_id, customer_id, customer_type, branch_id, opened_at`; for
    cards `customer_type` is the card kind. New means opened on one of the `new_days` days before `as_of`.
    Known means that a positive label became known on one of the `skip_known_days` mornings up to `as_of`.
    `only`, a frame of one column `name`, keeps those whose subject or customer pseudonym is named (W12).

    Returns one row per subject: `as_of, scenario, population`, then the first four columns.
    """
    from pyspark.sql import functions as F

    first_new = F.lit(as_of - timedelta(days=scenario.new_days))
    opened_on = F.to_date("opened_at")
    is_new = (opened_on >= first_new) & (opened_on < F.lit(as_of))
    asked = subjects.where(is_new if scenario.population == "new" else opened_on < first_new)
    if scenario.skip_known_days:
        since = F.lit(as_of - timedelta(days=scenario.skip_known_days))
        known = labels.where(
            (F.col("label") == 1)
            & (F.col("subject_kind") == scenario.subject)
            & (F.col("known_as_of") > since)
            & (F.col("known_as_of") <= F.lit(as_of))
        ).select("subject_id")
        asked = asked.join(known.distinct(), "subject_id", "left_anti")
    if only is not None:
        named = (F.col("subject_id") == F.col("name")) | (F.col("customer_id") == F.col("name"))
        asked = asked.join(F.broadcast(only), named, "left_semi")
    fixed = {"as_of": as_of, "scenario": scenario.name, "population": scenario.population}
    return asked.select(*[F.lit(value).alias(name) for name, value in fixed.items()], *COLUMNS)
