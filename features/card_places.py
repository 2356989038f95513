"""Where each card was and in which handset, and what follows from it: sharing, terminals, travelling batches."""

from functools import reduce

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from features.indicator import Mornings
from features.point_in_time import at_mornings
from features.sharing import SHARED_DAYS, Shared, subjects_per_item

USAGE = ("calls", "sms", "data_sessions", "signalling")
PLACE = ("imei_id", "tac", "cell_id")
TRAVEL_DAYS = 7  # C2 and C21: a batch meets again within about five days
BATCH_LEAST = 3  # cards of one shop and day before they are called a batch
PHONE_CLASSES = ("phone", "feature phone")
CARDS_SHARE = (
    Shared("cards_per_imei_7d", "imei_id", 7),
    Shared("cards_per_imei_30d", "imei_id", SHARED_DAYS),
    Shared("cards_per_cell_and_tac_7d", "cell_id || ' ' || tac", 7),
)


def card_places(events: dict[str, DataFrame], mornings: Mornings) -> DataFrame:
    """Calls, SMS, data and signalling of the last 30 days together.

    One row per `as_of`, `card_id`, handset and cell: `last_at`, first and last day, and the days as bits (bit n
    is the day n + 1 days before `as_of`). The county is that of the cell; rows without a cell (abroad) keep
    the county they came with. Small beside the usage, so callers keep it: four groups look at it.
    """
    keys = ("card_id", *PLACE, "happened_at", "event_date", "known_as_of")

    def seen(table: str) -> DataFrame:
        given = F.col("county") if "county" in events[table].columns else F.lit(None).cast("string")
        return events[table].select(*keys, F.when(F.col("cell_id").isNull(), given).alias("county"))

    together = reduce(DataFrame.unionByName, [seen(table) for table in USAGE])
    places = at_mornings(together, mornings, SHARED_DAYS).groupBy("as_of", "card_id", *PLACE, "county").agg(
        F.max("happened_at").alias("last_at"),
        F.min("event_date").alias("first_day"),
        F.max("event_date").alias("last_day"),
        F.expr("bit_or(shiftleft(1L, datediff(as_of, event_date) - 1))").alias("days"),
    )  # fmt: skip
    newest = F.max(F.struct("known_as_of", "county")).getField("county")
    counties = events["cells"].groupBy("cell_id").agg(newest.alias("cell_county"))
    found = places.join(F.broadcast(counties), "cell_id", "left")
    return found.withColumn("county", F.coalesce("cell_county", "county")).drop("cell_county")


def card_presence(events: dict[str, DataFrame], dimension: DataFrame, mornings: Mornings) -> DataFrame:
    """Different handsets, cells and counties per window, and the active days: one row per `as_of` and card."""
    windows = {
        "imei_id": ("imei_count", (1, 7, 30)),
        "cell_id": ("cell_count", (1, 7, 30)),
        "county": ("county_count", (7, 30)),
    }
    counts = [
        F.expr(
            f"size(collect_set(CASE WHEN last_day >= date_sub(as_of, {d}) THEN {item} END)) AS {name}_{d}d"
        )
        for item, (name, days) in windows.items()
        for d in days
    ]
    active = F.expr("bit_or(days)").alias("seen_mask")
    return events["card_places"].groupBy("as_of", "card_id").agg(*counts, active)


def card_sharing(events: dict[str, DataFrame], dimension: DataFrame, mornings: Mornings) -> DataFrame:
    """Cards that share a handset, or a cell and handset model: one row per `as_of` and `card_id`."""
    places = events["card_places"].withColumnRenamed("last_day", "event_date")
    return subjects_per_item(places, "card_id", CARDS_SHARE)


def card_terminals(events: dict[str, DataFrame], dimension: DataFrame, mornings: Mornings) -> DataFrame:
    """The last handset and place: one row per `as_of` and `card_id` seen in the last 30 days.

    A handset model that the library of that day lacks is unknown: `is_phone_terminal` is null, not 0.
    """
    last = events["card_places"].groupBy("as_of", "card_id").agg(
        F.expr("max(CASE WHEN tac IS NOT NULL THEN struct(last_at, tac) END).tac").alias("tac"),
        F.expr("max(CASE WHEN county IS NOT NULL THEN struct(last_at, county) END).county").alias("county"),
        F.min("first_day").alias("first_day"),
    )  # fmt: skip
    library = events["tac_library"].select("tac", "terminal_class", "valid_from", "valid_to", "known_as_of")
    mornings_frame = last.select("as_of", "tac").distinct().where("tac IS NOT NULL")
    valid = (
        (F.col("valid_from") < F.col("as_of"))
        & (F.col("valid_to").isNull() | (F.col("valid_to") >= F.col("as_of")))
        & (F.col("known_as_of") <= F.col("as_of"))
    )
    newest = F.max(F.struct("valid_from", "known_as_of", "terminal_class")).getField("terminal_class")
    classes = (
        mornings_frame.join(F.broadcast(library), "tac")
        .where(valid)
        .groupBy("as_of", "tac")
        .agg(newest.alias("terminal_class"))
    )
    home = dimension.select("as_of", F.col("subject_id").alias("card_id"), "home_county", "opened_on")
    # Before the look-back nothing is read, so the first activity is only known of cards opened inside it.
    opened_inside = F.datediff("as_of", "opened_on") <= SHARED_DAYS
    return (
        last.join(classes, ["as_of", "tac"], "left")
        .join(home, ["as_of", "card_id"])
        .select(
            "as_of",
            "card_id",
            F.col("terminal_class").isin(*PHONE_CLASSES).cast("bigint").alias("is_phone_terminal"),
            F.expr("CASE WHEN tac IS NOT NULL THEN bigint(terminal_class IS NOT NULL) END AS is_known_terminal"),
            (F.col("county") != F.col("home_county")).cast("bigint").alias("is_away_from_home"),
            F.when(opened_inside, F.datediff("first_day", "opened_on")).cast("bigint").alias("days_to_first_seen"),
        )
    )  # fmt: skip


def card_batches(events: dict[str, DataFrame], dimension: DataFrame, mornings: Mornings) -> DataFrame:
    """Cards opened together that were together far from home: one row per `as_of` and `card_id` of a batch.

    The share is of the batch's cards seen in the remote cell where most of them met, among the cells of
    this card; a card that was in no remote cell has no row.
    """
    batches = dimension.where(F.col("batch_size") >= BATCH_LEAST).select(
        "as_of", F.col("subject_id").alias("card_id"), "shop_id", "opened_on", "home_county", "batch_size"
    )
    seen = events["card_places"].where(
        F.expr(f"cell_id IS NOT NULL AND last_day >= date_sub(as_of, {TRAVEL_DAYS})")
    )
    seen = seen.select("as_of", "card_id", "cell_id", "county").distinct()
    remote = seen.join(batches, ["as_of", "card_id"]).where(F.col("county") != F.col("home_county"))
    met = Window.partitionBy("as_of", "shop_id", "opened_on", "cell_id")
    share = F.count("*").over(met) / F.col("batch_size")
    best = F.max("share").alias("batch_share_in_remote_cell")
    return remote.withColumn("share", share).groupBy("as_of", "card_id").agg(best)
