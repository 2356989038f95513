"""The morning's risk lists: who is listed, in which order, and what a reviewer needs to know about them."""

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import TYPE_CHECKING

from conf.errors import RiskvaneError
from conf.scenarios import Scenario

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

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


def pick(scores: "DataFrame", scenario: Scenario) -> "DataFrame":
    """The scored subjects that go onto the lists of `scenario`, best first.

    Per morning and list: scores from `list_from` on, at most `capacity` of them, highest score first, ties by
    subject_id. Adds `list_table`, `rank` (1 = highest) and `risk_label`. A null score and a customer type that
    the scenario has no list for are left out. One row per as_of and subject_id.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    score = F.col("risk_score")
    best_first = Window.partitionBy("as_of", "list_table").orderBy(score.desc(), F.col("subject_id"))
    label = F.when(score >= scenario.red_from, "red").when(score >= scenario.yellow_from, "yellow")
    return (
        scores.where((F.col("scenario") == scenario.name) & (score >= scenario.list_from))
        .withColumn("list_table", _chosen("customer_type", scenario.lists))
        .where(F.col("list_table").isNotNull())
        .withColumn("rank", F.row_number().over(best_first))
        .where(F.col("rank") <= scenario.capacity)
        .withColumn("risk_label", label.otherwise("green"))
    )


def listed_rows(
    picked: "DataFrame",
    reasons: "DataFrame",
    details: "DataFrame",
    scenario: Scenario,
    language: str,
) -> "DataFrame":
    """All list rows of `scenario`, not yet split into its tables.

    `picked` comes from `pick`; `reasons` holds `subject_id` and may hold `reasons` and `not_evaluable`; `details`
    comes from `account_details` or `card_details`. One row per as_of, scenario and subject_id. A subject
    without details keeps its place with null columns: a gap in a dimension must not hide a risk. What is not
    told is an empty array.
    """
    from pyspark.sql import functions as F

    words = {label: by_language[language] for label, by_language in scenario.control_suggestions.items()}
    given = {name: (name,) for name in TOLD if name in reasons.columns}
    kind = "card_kind" if scenario.subject == "card" else "customer_type"
    own = [name for name in ("customer_id", "branch_id", kind) if name in details.columns]
    return (
        picked.withColumn(kind, F.col("customer_type"))
        .join(F.broadcast(reasons.select("subject_id", *given)), "subject_id", "left")
        .join(details.withColumnsRenamed({name: f"detail_{name}" for name in own}), "subject_id", "left")
        .withColumns({name: F.coalesce(name, F.col(f"detail_{name}")) for name in own})
        .withColumns(
            {
                **{
                    name: F.coalesce(*given.get(name, ()), F.array().cast(spark_type))
                    for name, spark_type in TOLD.items()
                },
                "control_suggestion": _chosen("risk_label", words),
                "rule_package": F.lit(None).cast("string"),
                "rule_version": F.lit(None).cast("string"),
            }
        )
    )


def build_lists(rows: "DataFrame", scenario: Scenario) -> dict[str, "DataFrame"]:
    """One frame per list table of `scenario` with the columns of its contract, from `listed_rows`.

    `rows` is read once per list: persist it. Raises RiskvaneError for a list that does not exist.
    """
    from pyspark.sql import functions as F

    tables = dict.fromkeys(scenario.lists.values())
    if unknown := sorted(tables.keys() - DETAILS.keys()):
        raise RiskvaneError(f"scenario {scenario.name}: no list {unknown}; known are {sorted(DETAILS)}")
    return {
        table: rows.where(F.col("list_table") == table).select(*COMMON, *DETAILS[table]) for table in tables
    }


def account_details(
    picked: "DataFrame",
    features: "DataFrame",
    accounts: "DataFrame",
    customers: "DataFrame",
    branches: "DataFrame",
) -> "DataFrame":
    """What W13 wants to know of each picked account, from dimensions and features of one morning.

    One row per picked account: `subject_id, branch_id`, name, branch and its second-level branch, opening
    day, figures of the last 30 days. What is not known is null.
    """
    from pyspark.sql import functions as F

    figures = {**FIGURES, **CORPORATE_FIGURES}
    wanted = F.broadcast(picked.select("subject_id"))
    own = branches.select("branch_id", "branch_name", "parent_branch_id")
    parents = branches.select(
        F.col("branch_id").alias("parent_branch_id"), F.col("branch_name").alias("second_level_branch")
    )
    found = (
        accounts.withColumnRenamed("account_id", "subject_id")
        .join(wanted, "subject_id")
        .select("subject_id", "customer_id", "branch_id", F.to_date("opened_at").alias("opened_on"))
    )
    # Customers are many and picked ones few: only theirs take part in the join.
    holders = customers.join(F.broadcast(found.select("customer_id")), "customer_id", "left_semi")
    return (
        found.join(holders.select("customer_id", "name_id"), "customer_id", "left")
        .join(F.broadcast(own), "branch_id", "left")
        .join(F.broadcast(parents), "parent_branch_id", "left")
        .join(
            features.join(wanted, "subject_id").select(
                "subject_id", *[F.col(source).alias(name) for name, source in figures.items()]
            ),
            "subject_id",
            "left",
        )
        .drop("parent_branch_id")
    )


def card_details(
    picked: "DataFrame", cards: "DataFrame", owners: "DataFrame", devices: "DataFrame"
) -> "DataFrame":
    """What C17 wants to know of each picked card; `devices` comes from `last_devices`.

    One row per picked card. The office that must look at a card is that of its home county, so `branch_id`
    is the county.
    """
    from pyspark.sql import functions as F

    found = (
        cards.withColumnRenamed("card_id", "subject_id")
        .join(F.broadcast(picked.select("subject_id")), "subject_id")
        .select(
            *("subject_id", "owner_id", "customer_id", "card_kind", "home_county", "platform"),
            *("sales_channel", "tariff"),
            F.to_date("opened_at").alias("opened_on"),
            F.col("home_county").alias("branch_id"),
        )
    )
    holders = owners.join(F.broadcast(found.select("owner_id")), "owner_id", "left_semi")
    names = holders.select("owner_id", F.col("name_id").alias("owner_name_id"))
    return found.join(names, "owner_id", "left").join(devices, "subject_id", "left").drop("owner_id")


def last_devices(usage: Sequence["DataFrame"], picked: "DataFrame") -> "DataFrame":
    """The device each picked card was last seen in: `subject_id, imei_id`, one row per card that was seen.

    `usage` are event tables with card_id, imei_id and happened_at. Of two devices at one instant the greater
    pseudonym counts, so that a rerun says the same.
    """
    from pyspark.sql import functions as F

    columns = ("card_id", "imei_id", "happened_at")
    seen = reduce(lambda one, other: one.unionByName(other), [events.select(*columns) for events in usage])
    wanted = F.broadcast(picked.select(F.col("subject_id").alias("card_id")))
    newest = F.max(F.struct("happened_at", "imei_id"))["imei_id"].alias("imei_id")
    return (
        seen.where(F.col("imei_id").isNotNull())
        .join(wanted, "card_id", "left_semi")
        .groupBy(F.col("card_id").alias("subject_id"))
        .agg(newest)
    )


def _chosen(column: str, values: Mapping[str, str]) -> "Column":
    """The value that belongs to what `column` holds; null where there is none."""
    from pyspark.sql import functions as F

    return F.coalesce(*[F.when(F.col(column) == key, F.lit(value)) for key, value in values.items()])
