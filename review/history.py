"""Which subjects stood on the lists of past mornings, and since when; read without a JVM."""

from datetime import date, timedelta

import polars as pl
import pyarrow as pa

from conf.settings import Settings
from lake.reader import rows_where
from review.columns import LISTS

LOOK_BACK_DAYS = 90
COLUMNS = ("as_of", "scenario", "subject_id", "rank")


def listings(settings: Settings, as_of: date, days: int = LOOK_BACK_DAYS) -> pa.Table:
    """Every list row of the mornings (as_of - days, as_of]: `list, as_of, scenario, subject_id, rank`.

    One row per list row, in the order of morning, list, scenario and rank. A list that was never written adds
    nothing.
    """
    schema = pa.schema(
        {
            "list": "string",
            "as_of": pa.date32(),
            "scenario": "string",
            "subject_id": "string",
            "rank": "int32",
        }
    )
    first = as_of - timedelta(days=days - 1)
    parts = [schema.empty_table()]
    for table in LISTS:
        reach = pl.col("as_of").is_between(first, as_of)
        rows = rows_where(settings, table, reach, {"as_of": (first, as_of)}, COLUMNS)
        named = rows.add_column(0, "list", pa.array([table] * rows.num_rows, pa.string()))
        parts.append(named.select(schema.names).cast(schema))
    order = [(name, "ascending") for name in ("as_of", "list", "scenario", "rank")]
    return pa.concat_tables(parts).sort_by(order)


def first_listed(rows: pa.Table) -> dict[str, date]:
    """The first morning of each subject in `rows` (as `listings` gives them)."""
    first = rows.group_by("subject_id").aggregate([("as_of", "min")])
    return dict(zip(first["subject_id"].to_pylist(), first["as_of_min"].to_pylist(), strict=True))
