"""Do sums of a real bank's transactions explain its balances? The oracle is the balance that it printed itself.

The transactions of the Berka bank (PKDD'99) come in by `conf/sources/berka.yaml`. Held against the bank's own
`balance` after each row are (1) the running sum of inbound minus outbound amounts at the end of each day of each
account, and (2) the indicators `in_amount_30d - out_amount_30d` of twelve mornings. Rows of one
day have no order in the files, so a day reconciles when its sum is one of that day's balances.

Example: RISKVANE_LANDING=/data/berka make bench-berka
"""

import json
import os
import sys
from datetime import date, timedelta

import polars as pl

from conf.days import DayRange
from conf.errors import RiskvaneError
from conf.settings import Settings, load_settings
from jobs.steps import run_plan
from lake.tables import table_path
from privacy.keys import KeyRing

FIRST = date(1993, 1, 2)
MORNINGS = DayRange(date(1993, 4, 1), date(1994, 2, 25), every=30)
LEFT_OUT = 0.5  # balances are printed to a tenth and interest is rounded


def main() -> int:
    """Load, compare, print and write build/bench/berka.json."""
    os.environ["RISKVANE_ENV"] = "berka"
    settings = load_settings()
    if not (settings.landing / "trans.asc").is_file():
        raise RiskvaneError(f"wanted trans.asc in {settings.landing}; set RISKVANE_LANDING to its folder")
    KeyRing.create(settings.keys)
    plan = [("ingest", DayRange(FIRST, date(1995, 1, 1))), ("account_features", MORNINGS)]
    run_plan(plan, settings, "nightly", print)
    legs = pl.read_delta(str(table_path(settings, "transactions")))
    days = end_of_days(legs)
    result = {"metrics": {**by_account(days), **by_indicator(settings, days)}, "size": f"{legs.height} rows"}
    out = settings.home / "build" / "bench" / "berka.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))
    return 0


def end_of_days(legs: pl.DataFrame) -> pl.DataFrame:
    """One row per account and day with rows: `sum` of all rows so far, and `off`, how far it is from a balance."""
    signed = pl.when(pl.col("direction") == "in").then(pl.col("amount")).otherwise(-pl.col("amount"))
    days = legs.group_by("account_id", "event_date").agg(
        signed.cast(pl.Float64).sum().alias("sum"), pl.col("balance_after").cast(pl.Float64)
    )
    days = days.sort("account_id", "event_date").with_columns(pl.col("sum").cum_sum().over("account_id"))
    off = (pl.col("balance_after") - pl.col("sum")).abs().min().alias("off")
    return days.explode("balance_after").group_by("account_id", "event_date", "sum").agg(off)


def by_account(days: pl.DataFrame) -> dict[str, int]:
    """How many accounts reconcile on each of their days, and on which day the others do not."""
    last = days["event_date"].max()
    wrong = days.filter(pl.col("off") > LEFT_OUT)
    elsewhere = wrong.filter(pl.col("event_date") != last)
    accounts = days["account_id"].n_unique()
    return {
        "accounts": accounts,
        "accounts_that_reconcile": accounts - wrong["account_id"].n_unique(),
        "accounts_off_on_the_last_day_of_the_file_only": wrong["account_id"].n_unique()
        - elsewhere["account_id"].n_unique(),
        "accounts_off_on_another_day": elsewhere["account_id"].n_unique(),
        "days": days.height,
        "days_that_reconcile": days.height - wrong.height,
    }


def by_indicator(settings: Settings, days: pl.DataFrame) -> dict[str, int]:
    """How many account-mornings have indicators whose difference is the change of the balance in 30 days."""
    found = pl.read_delta(str(table_path(settings, "account_features"))).select(
        pl.col("subject_id").alias("account_id"),
        "as_of",
        (pl.col("in_amount_30d") - pl.col("out_amount_30d")).cast(pl.Float64).alias("net"),
    )
    days = days.sort("event_date").with_columns(pl.col("event_date").alias("day"))
    for name, back in (("then", 1), ("before", 31)):
        found = (
            found.with_columns((pl.col("as_of") - timedelta(days=back)).alias("day"))
            .sort("day")
            .join_asof(days.select("account_id", "day", pl.col("sum").alias(name)), on="day", by="account_id")
            .drop("day")
        )
    held = found.filter(pl.col("then").is_not_null())
    change = pl.col("then") - pl.col("before").fill_null(0)
    fits = held.filter((pl.col("net").fill_null(0) - change).abs() < LEFT_OUT)
    return {"account_mornings": held.height, "account_mornings_whose_indicators_fit": fits.height}


if __name__ == "__main__":
    try:
        sys.exit(main())
    except RiskvaneError as error:
        print(f"bench-berka: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
