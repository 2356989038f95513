"""Little mart tables for tests: the contract's columns, null where a row does not say."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import polars.selectors as cs

from data_contracts.contract import load_contract
from data_contracts.types import polars_type
from features.table import FeatureTable
from lake.rows import for_computing

BUSINESS = ZoneInfo("Asia/Shanghai")


def mart(table: str, rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Rows of a mart table, as indicators compute with them.

    Events were known the morning after they happened unless they say otherwise. Times in tests are those of the
    business time zone, whatever this machine's is.
    """
    types = {c.name: polars_type(c.spark_type) for c in load_contract(table).columns}
    filled = []
    for line, given in enumerate(rows):
        happened = given.get("happened_at")
        known = happened.date() + timedelta(days=1) if happened else date(2026, 1, 1)
        base = dict.fromkeys(types) | {"known_as_of": known, "source_line": line, "source": "test"}
        base |= {"received_at": datetime(2026, 1, 1), "is_late": False, "source_file": "f"} | given
        if happened:
            base["event_date"] = happened.date()
        filled.append(
            {k: v.replace(tzinfo=BUSINESS) if isinstance(v, datetime) else v for k, v in base.items()}
        )
    rows = pl.DataFrame(filled, types).with_columns(cs.datetime().dt.convert_time_zone(str(BUSINESS)))
    return for_computing(rows, table)


def computed(
    features: FeatureTable, tables: dict[str, pl.DataFrame], as_of: date
) -> dict[str, dict[str, Any]]:
    """The indicators of one morning by subject; columns are those of the declarations."""
    (frame,) = features.compute(tables, [as_of])
    assert frame.columns == ["as_of", "subject_id", *(i.name for i in features.indicators)]
    return {row["subject_id"]: row for row in frame.iter_rows(named=True)}
