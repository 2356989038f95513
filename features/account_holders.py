"""Who is scored among the accounts, and what is known of account and holder besides their transactions."""

from datetime import date

import polars as pl

from features.point_in_time import Morning, newest_changes

OPENED_DAYS = (7, 30, 90)
COUNTER, OUTSIDE = "柜面", "外拓"
NIGHT_ENDS = 5  # o'clock
LEVELS = {"I": 1, "II": 2, "III": 3, "基本": 1, "一般": 2, "专用": 3}


def account_subjects(accounts: pl.DataFrame, customers: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """The accounts that were open on the morning, as they and their holders were known then.

    One row per `subject_id` (the account): opened before midnight of `as_of`, not closed. An account whose
    holder is unknown keeps null holder columns.
    """
    holders = newest_changes(customers, ["customer_id"], "updated_at", as_of)
    changes = newest_changes(accounts, ["account_id"], "updated_at", as_of)
    is_open = (pl.col("status") == "open") & (pl.col("opened_at").dt.date() < as_of)
    return (
        changes.filter(is_open)
        .rename({"account_id": "subject_id"})
        .join(
            holders.select("customer_id", "birth_year", "since", "id_number_id", holder_phone="phone_id"),
            on="customer_id",
            how="left",
        )
    )


def with_types(transactions: pl.DataFrame, accounts: pl.DataFrame) -> pl.DataFrame:
    """`transactions` plus `customer_id`, `own_type` and `counterparty_type`: private, corporate or null.

    A counterparty at another bank, or one whose account was not known when the transaction became known, is
    null: neither company-to-private nor private-to-company can be told.
    """
    first = accounts.sort("known_as_of", "customer_type").unique("account_id", keep="first")
    own = first.select("account_id", "customer_id", pl.col("customer_type").alias("own_type"))
    other = first.select(
        pl.col("account_id").alias("counterparty_account_id"),
        pl.col("customer_type").alias("counterparty_type"),
        pl.col("known_as_of").alias("type_known"),
    )
    typed = transactions.join(own, on="account_id", how="left")
    typed = typed.join(other, on="counterparty_account_id", how="left")
    known = pl.when(pl.col("type_known") <= pl.col("known_as_of")).then("counterparty_type")
    return typed.with_columns(known.alias("counterparty_type")).drop("type_known")


def with_residence(rows: pl.DataFrame, customers: pl.DataFrame) -> pl.DataFrame:
    """`rows` of a `customer_id` plus `residence_county`, as registered when the row became known; null before that."""
    order = ["known_as_of", "updated_at", "received_at", "source_file", "source_line"]
    changes = customers.sort(order).unique(["customer_id", "known_as_of"], keep="last", maintain_order=True)
    homes = changes.select("customer_id", "known_as_of", pl.col("residence_county"))
    return rows.sort("known_as_of", maintain_order=True).join_asof(
        homes.sort("known_as_of"), on="known_as_of", by="customer_id", check_sortedness=False
    )


def account_holders(morning: Morning) -> pl.DataFrame:
    """Account and holder: one row per `subject_id`; unknown inputs give null."""
    opened, customer = pl.col("opened_at").dt.date(), pl.col("customer_id")
    age = (pl.lit(morning.as_of) - opened).dt.total_days()

    def sharing(value: pl.Expr, *columns: str | pl.Expr) -> pl.Expr:
        return pl.when(pl.col(str(columns[0])).is_not_null()).then(value.over(*columns)).cast(pl.Int64)

    return morning.subjects.select(
        "subject_id",
        age.alias("account_age"),
        (pl.col("customer_type") == "corporate").cast(pl.Int64).alias("is_corporate"),
        pl.col("account_class")
        .cast(pl.String)
        .replace_strict(LEVELS, default=None, return_dtype=pl.Int64)
        .alias("account_level"),
        pl.col("is_by_proxy").cast(pl.Int64),
        pl.col("device_id").is_not_null().cast(pl.Int64).alias("is_device_opening"),
        (pl.col("opening_channel") == COUNTER).cast(pl.Int64).alias("is_counter_opening"),
        (pl.col("opening_channel") == OUTSIDE).cast(pl.Int64).alias("is_outside_opening"),
        (pl.col("opened_at").dt.hour() < NIGHT_ENDS).cast(pl.Int64).alias("is_night_opening"),
        "daily_limit",
        (morning.as_of.year - pl.col("birth_year")).cast(pl.Int64).alias("holder_age"),
        (pl.lit(morning.as_of) - pl.col("since")).dt.total_days().alias("holder_tenure"),
        sharing(pl.len(), "customer_id").alias("accounts_of_holder"),
        *(
            sharing((age <= days).sum(), "customer_id").alias(f"accounts_opened_by_holder_{days}d")
            for days in OPENED_DAYS
        ),
        sharing(customer.drop_nulls().n_unique(), "phone_id").alias("holders_of_phone"),
        sharing(customer.drop_nulls().n_unique(), "device_id").alias("holders_of_opening_device"),
        sharing(customer.drop_nulls().n_unique(), "ip_id").alias("holders_of_opening_ip"),
        sharing(customer.drop_nulls().n_unique(), "id_number_id").alias("customers_of_id_number"),
        (pl.col("phone_id") == pl.col("holder_phone")).cast(pl.Int64).alias("is_phone_of_holder"),
        sharing(pl.len(), "clerk_id", opened.alias("opened_on")).alias("clerk_openings_of_day"),
    )
