"""Who is scored among the accounts, and what is known of account and holder besides their transactions."""

from collections.abc import Sequence
from datetime import date

from pyspark.sql import Column, DataFrame, Window, WindowSpec
from pyspark.sql import functions as F

from features.indicator import Mornings
from features.point_in_time import newest_changes

NEW_DAYS = 30
LEVELS = {"I": 1, "II": 2, "III": 3, "基本": 1, "一般": 2, "专用": 3}


def account_subjects(accounts: DataFrame, customers: DataFrame, days: Sequence[date]) -> DataFrame:
    """The accounts that were open on each morning, as they and their holders were known then.

    One row per `as_of` and `subject_id` (the account): opened before midnight of `as_of`, not closed.
    An account whose holder is unknown keeps null holder columns.
    """
    changes = newest_changes(accounts, ["account_id"], "updated_at", days)
    holders = newest_changes(customers, ["customer_id"], "updated_at", days).select(
        "as_of", "customer_id", "birth_year", "since"
    )
    is_open = (F.col("status") == "open") & (F.col("opened_at") < F.col("as_of").cast("timestamp"))
    return (
        changes.where(is_open)
        .select(
            "as_of",
            F.col("account_id").alias("subject_id"),
            *("customer_id", "customer_type", "account_class", "opened_at", "is_by_proxy", "clerk_id"),
            *("phone_id", "device_id", "daily_limit"),
        )
        .join(holders, ["as_of", "customer_id"], "left")
    )


def with_types(transactions: DataFrame, accounts: DataFrame) -> DataFrame:
    """`transactions` plus `own_type` and `counterparty_type`: private, corporate or null.

    A counterparty at another bank, or one whose account was not known when the transaction became known, is
    null: neither company-to-private nor private-to-company can be told.
    """
    first = F.min(F.struct("known_as_of", "customer_type"))
    types = accounts.groupBy("account_id").agg(first.alias("first"))
    types = types.select("account_id", "first.customer_type", "first.known_as_of").toDF(
        "account_id", "type", "type_known"
    )
    own = types.select("account_id", F.col("type").alias("own_type"))
    other = types.select(
        F.col("account_id").alias("counterparty_account_id"), F.col("type").alias("other_type"), "type_known"
    )
    known = F.when(F.col("type_known") <= F.col("known_as_of"), F.col("other_type"))
    return (
        transactions.join(own, "account_id", "left")
        .join(other, "counterparty_account_id", "left")
        .withColumn("counterparty_type", known)
        .drop("other_type", "type_known")
    )


def account_holders(events: dict[str, DataFrame], dimension: DataFrame, mornings: Mornings) -> DataFrame:
    """Account and holder: one row per `as_of` and `subject_id`; unknown inputs give null."""
    opened = F.to_date("opened_at")

    def sharing(column: str, *others: Column) -> WindowSpec:
        # Subjects without a value share nothing: together they would be one huge partition, whose set of holders
        # each of its rows would carry.
        return Window.partitionBy("as_of", F.coalesce(column, "subject_id"), *others)

    of_holder, of_phone = sharing("customer_id"), sharing("phone_id")
    of_device, of_clerk = sharing("device_id"), sharing("clerk_id", opened)
    level = F.create_map(*[F.lit(x) for pair in LEVELS.items() for x in pair])
    age = F.datediff("as_of", opened)

    def where_given(column: str, value: Column) -> Column:
        return F.when(F.col(column).isNotNull(), value)

    return dimension.select(
        "as_of",
        "subject_id",
        age.cast("bigint").alias("account_age"),
        (F.col("customer_type") == "corporate").cast("bigint").alias("is_corporate"),
        F.try_element_at(level, "account_class").cast("bigint").alias("account_level"),
        F.col("is_by_proxy").cast("bigint").alias("is_by_proxy"),
        F.col("device_id").isNotNull().cast("bigint").alias("is_device_opening"),
        "daily_limit",
        (F.year("as_of") - F.col("birth_year")).cast("bigint").alias("holder_age"),
        F.datediff("as_of", "since").cast("bigint").alias("holder_tenure"),
        where_given("customer_id", F.count("*").over(of_holder)).alias("accounts_of_holder"),
        where_given("customer_id", F.count_if(age <= NEW_DAYS).over(of_holder)).alias("accounts_opened_by_holder_30d"),
        where_given("phone_id", F.size(F.collect_set("customer_id").over(of_phone))).alias("holders_of_phone"),
        where_given("device_id", F.size(F.collect_set("customer_id").over(of_device))).alias(
            "holders_of_opening_device"
        ),
        where_given("clerk_id", F.count("*").over(of_clerk)).alias("clerk_openings_of_day"),
    )  # fmt: skip
