"""Who is scored for a scenario on a morning."""

from collections.abc import Collection
from datetime import date, timedelta
from typing import TYPE_CHECKING

from conf.scenarios import Scenario

if TYPE_CHECKING:
    import polars as pl

COLUMNS = ("subject_id", "customer_id", "customer_type", "branch_id")


def population(
    subjects: "pl.DataFrame",
    labels: "pl.DataFrame",
    scenario: Scenario,
    as_of: date,
    only: Collection[str] | None = None,
) -> "pl.DataFrame":
    """The subjects of `scenario`'s population on the morning `as_of`, without those that are known already.

    `subjects`: one row per subject with `subject_id, customer_id, customer_type, branch_id, opened_at` (local
    time); for cards `customer_type` is the card kind. New means opened on one of the `new_days` days before `as_of`.
    Known means that a positive label became known on one of the `skip_known_days` mornings up to `as_of`.
    `only` keeps those whose subject or customer pseudonym is in it (W12).

    Returns one row per subject: `as_of, scenario, population`, then the first four columns.
    """
    import polars as pl

    first_new = as_of - timedelta(days=scenario.new_days)
    opened_on = pl.col("opened_at").dt.date()
    is_new = opened_on.is_between(first_new, as_of, closed="left")
    asked = subjects.filter(is_new if scenario.population == "new" else opened_on < first_new)
    if scenario.skip_known_days:
        known = labels.filter(
            (pl.col("label") == 1)
            & (pl.col("subject_kind") == scenario.subject)
            & (pl.col("known_as_of") > as_of - timedelta(days=scenario.skip_known_days))
            & (pl.col("known_as_of") <= as_of)
        )
        asked = asked.join(known, on="subject_id", how="anti")
    if only is not None:
        names = list(only)
        asked = asked.filter(pl.col("subject_id").is_in(names) | pl.col("customer_id").is_in(names))
    return asked.select(
        as_of=pl.lit(as_of),
        scenario=pl.lit(scenario.name),
        population=pl.lit(scenario.population),
        **{name: pl.col(name) for name in COLUMNS},
    )
