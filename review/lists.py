"""The morning's risk lists: who is listed, in which order, and what a reviewer needs to know about them."""

from collections.abc import Mapping, Sequence

import polars as pl

from conf.errors import RiskvaneError
from conf.scenarios import Scenario
from data_contracts.types import polars_type

# Columns of W13 that come from the feature row of the morning: list column -> indicator.
FIGURES = {
    "inbound_count_30d": "in_count_30d",
    "inbound_amount_30d": "in_amount_30d",
    "outbound_count_30d": "out_count_30d",
    "outbound_amount_30d": "out_amount_30d",
}
CORPORATE_FIGURES = {
    f"{way}_{what}_30d": f"{way}_{what}_30d"
    for way in ("company_to_private", "private_to_company")
    for what in ("count", "amount")
}
ACCOUNT_DETAILS = ("customer_type", "name_id", "second_level_branch", "branch_name", "opened_on", *FIGURES)
DETAILS = {
    "risk_list_private": ACCOUNT_DETAILS,
    "risk_list_corporate": (*ACCOUNT_DETAILS, *CORPORATE_FIGURES),
    "risk_list_cards": (
        *("card_kind", "home_county", "owner_name_id", "platform", "opened_on"),
        *("sales_channel", "tariff", "imei_id"),
    ),
}
COMMON = (
    *("as_of", "scenario", "population", "rank", "subject_id", "customer_id", "branch_id", "risk_score"),
    *("risk_label", "reasons", "not_evaluable", "control_suggestion", "model_name", "model_version"),
    *("rule_package", "rule_version", "run_id"),
)
TOLD = {
    "reasons": "array<struct<code:string,text:string,value:string>>",
    "not_evaluable": "array<string>",
}


def pick(scores: pl.LazyFrame, scenario: Scenario) -> pl.DataFrame:
    """The scored subjects of one morning that go onto the lists of `scenario`, best first.

    Per list: scores from `list_from` on, at most `capacity` of them, highest score first, ties by subject_id. Adds
    `list_table`, `rank` (1 = highest) and `risk_label`. A null score and a customer type that the scenario has no
    list for are left out. One row per subject_id.
    """
    score = pl.col("risk_score")
    lower = pl.when(score >= scenario.yellow_from).then(pl.lit("yellow")).otherwise(pl.lit("green"))
    label = pl.when(score >= scenario.red_from).then(pl.lit("red")).otherwise(lower)
    return (
        scores.filter((pl.col("scenario") == scenario.name) & (score >= scenario.list_from))
        .with_columns(list_table=_chosen("customer_type", scenario.lists))
        .filter(pl.col("list_table").is_not_null())
        .sort("list_table", score, "subject_id", descending=[False, True, False])
        .with_columns(rank=pl.int_range(1, pl.len() + 1, dtype=pl.Int32).over("list_table"), risk_label=label)
        .filter(pl.col("rank") <= scenario.capacity)
        .collect()
    )


def listed_rows(
    picked: pl.DataFrame, reasons: pl.DataFrame, details: pl.DataFrame, scenario: Scenario, language: str
) -> pl.DataFrame:
    """All list rows of `scenario`, not yet split into its tables.

    `picked` comes from `pick`; `reasons` holds `subject_id` and may hold `reasons` and `not_evaluable`; `details`
    comes from `account_details` or `card_details`. One row per subject_id. A subject without details keeps its
    place with null columns: a gap in a dimension must not hide a risk. What is not told is an empty list.
    """
    words = {label: by_language[language] for label, by_language in scenario.control_suggestions.items()}
    given = [name for name in TOLD if name in reasons.columns]
    kind = "card_kind" if scenario.subject == "card" else "customer_type"
    own = [name for name in ("customer_id", "branch_id", kind) if name in details.columns]
    rows = (
        picked.with_columns(pl.col("customer_type").alias(kind))
        .join(reasons.select("subject_id", *given), on="subject_id", how="left")
        .join(details.rename({name: f"detail_{name}" for name in own}), on="subject_id", how="left")
    )
    told = {
        name: pl.coalesce(*[name] * (name in given), pl.lit([], polars_type(spark_type)))
        for name, spark_type in TOLD.items()
    }
    return rows.with_columns(
        **{name: pl.coalesce(name, f"detail_{name}") for name in own},
        **told,
        control_suggestion=_chosen("risk_label", words),
        rule_package=pl.lit(None, pl.String),
        rule_version=pl.lit(None, pl.String),
    ).sort("list_table", "rank")


def build_lists(rows: pl.DataFrame, scenario: Scenario) -> dict[str, pl.DataFrame]:
    """One frame per list table of `scenario` with the columns of its contract, from `listed_rows`.

    Raises RiskvaneError for a list that does not exist.
    """
    tables = dict.fromkeys(scenario.lists.values())
    if unknown := sorted(tables.keys() - DETAILS.keys()):
        raise RiskvaneError(f"scenario {scenario.name}: no list {unknown}; known are {sorted(DETAILS)}")
    return {table: rows.filter(list_table=table).select(*COMMON, *DETAILS[table]) for table in tables}


def account_details(
    picked: pl.DataFrame,
    features: pl.DataFrame,
    accounts: pl.DataFrame,
    customers: pl.DataFrame,
    branches: pl.DataFrame,
) -> pl.DataFrame:
    """What W13 wants to know of each picked account, from dimensions and features of one morning.

    One row per picked account: `subject_id, branch_id`, name, branch and its second-level branch, opening
    day, figures of the last 30 days. What is not known is null.
    """
    figures = {**FIGURES, **CORPORATE_FIGURES}
    own = branches.select("branch_id", "branch_name", "parent_branch_id")
    parents = branches.select(parent_branch_id="branch_id", second_level_branch="branch_name")
    found = accounts.rename({"account_id": "subject_id"}).join(picked, on="subject_id", how="semi")
    return (
        found.select("subject_id", "customer_id", "branch_id", opened_on=pl.col("opened_at").dt.date())
        .join(customers.select("customer_id", "name_id"), on="customer_id", how="left")
        .join(own, on="branch_id", how="left")
        .join(parents, on="parent_branch_id", how="left")
        .join(features.select("subject_id", **figures), on="subject_id", how="left")
        .drop("parent_branch_id")
    )


def card_details(
    picked: pl.DataFrame, cards: pl.DataFrame, owners: pl.DataFrame, devices: pl.DataFrame
) -> pl.DataFrame:
    """What C17 wants to know of each picked card; `devices` comes from `last_devices`.

    One row per picked card. The office that must look at a card is that of its home county, so `branch_id`
    is the county.
    """
    found = cards.rename({"card_id": "subject_id"}).join(picked, on="subject_id", how="semi")
    return (
        found.select(
            *("subject_id", "owner_id", "customer_id", "card_kind", "home_county", "platform"),
            *("sales_channel", "tariff"),
            opened_on=pl.col("opened_at").dt.date(),
            branch_id="home_county",
        )
        .join(owners.select("owner_id", owner_name_id="name_id"), on="owner_id", how="left")
        .join(devices, on="subject_id", how="left")
        .drop("owner_id")
    )


def last_devices(usage: Sequence[pl.LazyFrame], picked: pl.DataFrame) -> pl.DataFrame:
    """The device each picked card was last seen in: `subject_id, imei_id`, one row per card that was seen.

    `usage` are event tables with card_id, imei_id and happened_at. Of two devices at one instant the greater
    pseudonym counts, so that a rerun says the same.
    """
    wanted = picked.lazy().select(card_id="subject_id")
    seen = [
        events.select("card_id", "imei_id", "happened_at")
        .filter(pl.col("imei_id").is_not_null())
        .join(wanted, on="card_id", how="semi")
        for events in usage
    ]
    newest = pl.concat(seen).sort("happened_at", "imei_id", descending=True).unique("card_id", keep="first")
    return newest.select("imei_id", subject_id="card_id").collect()


def _chosen(column: str, values: Mapping[str, str]) -> pl.Expr:
    """The value that belongs to what `column` holds; null where there is none."""
    return pl.col(column).replace_strict(dict(values), default=None, return_dtype=pl.String)
