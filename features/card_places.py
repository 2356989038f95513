"""Where each card was and in which handset, and what follows from it: sharing, terminals, travelling batches."""

from datetime import timedelta

import polars as pl

from features.point_in_time import Morning
from features.sharing import SHARED_DAYS, Shared, subjects_per_item

USAGE = ("calls", "sms", "data_sessions", "signalling")
PLACE = ("imei_id", "tac", "cell_id", "county")
PLACES = "places"  # the digest of calls, SMS, data and signalling: where a card was in which handset
TRAVEL_DAYS = 7  # C2 and C21: a batch meets again within about five days
BATCH_LEAST = 3  # cards of one shop and day before they are called a batch
PHONE_CLASSES = ("phone", "feature phone")
PLACES_COUNTED = {
    "imei_id": ("imei_count", (1, 7, 30)),
    "tac": ("tac_count", (7, 30)),
    "cell_id": ("cell_count", (1, 7, 30)),
    "county": ("county_count", (7, 30)),
}
AWAY_DAYS = (7, 30)
CARDS_SHARE = (
    Shared("cards_per_imei_1d", PLACES, pl.col("imei_id"), 1),
    Shared("cards_per_imei_7d", PLACES, pl.col("imei_id"), 7),
    Shared("cards_per_imei_30d", PLACES, pl.col("imei_id"), SHARED_DAYS),
    Shared(
        "cards_per_cell_and_tac_7d",
        PLACES,
        pl.when(pl.col("cell_id").is_not_null() & pl.col("tac").is_not_null()).then(
            pl.struct("cell_id", "tac")
        ),
        7,
    ),
)


def _places(morning: Morning) -> pl.DataFrame:
    """The places of the last 30 days: one row per `card_id`, handset and cell with the last moment (`last_at`), first
    and last day and the days as bits (bit n is the day n + 1 days before `as_of`).

    The county is that of the cell; rows without a cell (abroad) keep the county they came with.
    """
    recent = morning.digest(PLACES, SHARED_DAYS)
    cells = morning.tables["cells"].sort("known_as_of", "county", descending=True)
    newest = cells.unique("cell_id", keep="first")
    newest = newest.select("cell_id", pl.col("county").alias("of_cell"), "is_at_border")
    recent = recent.join(newest, on="cell_id", how="left")
    bit = 2 ** ((pl.lit(morning.as_of) - pl.col("event_date")).dt.total_days() - 1)
    county = pl.coalesce("of_cell", "county").alias("county")
    return recent.with_columns(county, bit.cast(pl.Int64).alias("days")).group_by("card_id", *PLACE).agg(
        pl.max("last_at"),
        pl.min("event_date").alias("first_day"),
        pl.max("event_date").alias("event_date"),
        pl.col("days").bitwise_or(),
        pl.col("is_at_border").any(),
    )  # fmt: skip


def card_presence(morning: Morning) -> pl.DataFrame:
    """Different handsets, cells and counties per window, and the active days: one row per card."""
    places = morning.once("places", _places)
    frame = places.group_by("card_id").agg(pl.col("days").bitwise_or().alias("seen_mask"))
    for item, (name, windows) in PLACES_COUNTED.items():
        last = places.filter(pl.col(item).is_not_null()).group_by("card_id", item).agg(pl.max("event_date"))
        counts = {
            f"{name}_{d}d": (pl.col("event_date") >= morning.as_of - timedelta(d)).sum().cast(pl.Int64)
            for d in windows
        }
        frame = frame.join(last.group_by("card_id").agg(**counts), on="card_id", how="left")
    return frame


def card_away(morning: Morning) -> pl.DataFrame:
    """Days away from the home county, near the border and abroad: one row per card seen in the last 30 days.

    What was before the look-back is not known, so how a card began is told of cards opened inside it only.
    """
    subjects = morning.subjects.select(pl.col("subject_id").alias("card_id"), "home_county", "opened_on")
    seen = morning.once("places", _places).join(subjects, on="card_id")
    is_away = (pl.col("county") != pl.col("home_county")).fill_null(False)
    is_abroad = pl.col("cell_id").is_null() & pl.col("county").is_not_null() & is_away
    kinds = {"away": is_away, "border": pl.col("is_at_border").fill_null(False), "abroad_seen": is_abroad}
    days, first = pl.col("days"), pl.col("first_day")
    frame = seen.group_by("card_id").agg(
        *(days.filter(kind).bitwise_or().fill_null(0).alias(name) for name, kind in kinds.items()),
        first.filter(is_away).min().alias("first_away"),
        first.filter(pl.col("county").is_not_null()).min().alias("first_place"),
        pl.col("opened_on").first(),
    )  # fmt: skip
    opened_inside = (pl.lit(morning.as_of) - pl.col("opened_on")).dt.total_days() <= SHARED_DAYS
    counted = (
        (pl.col(name) & (2**n - 1)).bitwise_count_ones().cast(pl.Int64).alias(f"{name}_day_count_{n}d")
        for name in kinds
        for n in AWAY_DAYS
    )
    to_first = (pl.col("first_away") - pl.col("opened_on")).dt.total_days()
    starts_away = (pl.col("first_away") == pl.col("first_place")).fill_null(False).cast(pl.Int64)
    return frame.select(
        "card_id",
        *counted,
        (pl.lit(morning.as_of) - pl.col("first_away")).dt.total_days().alias("days_since_first_away_30d"),
        pl.when(opened_inside).then(to_first).alias("days_to_first_away"),
        pl.when(opened_inside & pl.col("first_place").is_not_null())
        .then(starts_away)
        .alias("is_first_seen_away"),
    )


def card_first_power_ons(morning: Morning) -> pl.DataFrame:
    """When and where cards were first switched on: one row per card switched on for the first time in 30 days."""
    first = morning.digest("first_power_ons", SHARED_DAYS).sort(
        "last_at", pl.col("county").cast(pl.String), nulls_last=True
    )
    first = first.unique("card_id", keep="first", maintain_order=True)
    subjects = morning.subjects.select(pl.col("subject_id").alias("card_id"), "home_county", "opened_on")
    return first.join(subjects, on="card_id").select(
        "card_id",
        (pl.col("event_date") - pl.col("opened_on")).dt.total_days().alias("days_to_first_power_on"),
        (pl.col("county") != pl.col("home_county")).cast(pl.Int64).alias("is_first_power_on_away"),
    )


def card_sharing(morning: Morning) -> pl.DataFrame:
    """Cards that share a handset, or a cell and handset model: one row per card."""
    return subjects_per_item({PLACES: morning.once("places", _places)}, "card_id", CARDS_SHARE, morning.as_of)


def card_terminals(morning: Morning) -> pl.DataFrame:
    """The last handset and place: one row per card seen in the last 30 days.

    A handset model that the library of that day lacks is unknown: `is_phone_terminal` is null, not 0.
    """
    as_of = morning.as_of

    order = ["last_at", pl.col("tac").cast(pl.String), pl.col("county").cast(pl.String)]
    places = morning.once("places", _places).sort(order)
    seen = places.group_by("card_id").agg(
        pl.col("tac").drop_nulls().last(), pl.col("county").drop_nulls().last(), pl.min("first_day")
    )
    valid = (
        (pl.col("known_as_of") <= as_of)
        & (pl.col("valid_from") < as_of)
        & (pl.col("valid_to").is_null() | (pl.col("valid_to") >= as_of))
    )
    library = morning.tables["tac_library"].filter(valid)
    classes = library.sort("valid_from", "known_as_of", descending=True).unique("tac", keep="first")
    home = morning.subjects.select(pl.col("subject_id").alias("card_id"), "home_county", "opened_on")
    # Before the look-back nothing is read, so the first activity is only known of cards opened inside it.
    opened_inside = (pl.lit(as_of) - pl.col("opened_on")).dt.total_days() <= SHARED_DAYS
    first_seen = (pl.col("first_day") - pl.col("opened_on")).dt.total_days()
    terminal = pl.col("terminal_class")
    return (
        seen.join(classes.select("tac", "terminal_class"), on="tac", how="left")
        .join(home, on="card_id")
        .select(
            "card_id",
            terminal.is_in(PHONE_CLASSES).cast(pl.Int64).alias("is_phone_terminal"),
            pl.when(pl.col("tac").is_not_null())
            .then(terminal.is_not_null())
            .cast(pl.Int64)
            .alias("is_known_terminal"),
            (pl.col("county") != pl.col("home_county")).cast(pl.Int64).alias("is_away_from_home"),
            pl.when(opened_inside).then(first_seen).alias("days_to_first_seen"),
        )
    )


def card_batches(morning: Morning) -> pl.DataFrame:
    """Cards opened together that were together far from home: one row per card of a batch.

    The share is of the batch's cards seen in the remote cell where most of them met, among the cells of
    this card; a card that was in no remote cell has no row.
    """
    batches = morning.subjects.filter(pl.col("batch_size") >= BATCH_LEAST).select(
        pl.col("subject_id").alias("card_id"), "shop_id", "opened_on", "home_county", "batch_size"
    )
    recent = pl.col("event_date") >= morning.as_of - timedelta(TRAVEL_DAYS)
    seen = morning.once("places", _places).filter(pl.col("cell_id").is_not_null() & recent)
    seen = seen.select("card_id", "cell_id", "county").unique()
    remote = seen.join(batches, on="card_id").filter(pl.col("county") != pl.col("home_county"))
    share = pl.len().over("shop_id", "opened_on", "cell_id") / pl.col("batch_size")
    remote = remote.with_columns(share.alias("batch_share_in_remote_cell"))
    return remote.group_by("card_id").agg(pl.max("batch_share_in_remote_cell"))
