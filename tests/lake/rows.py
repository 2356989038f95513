"""Literal rows for tables of the lake; whatever a test doesn't speak of is filled in."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl

from data_contracts.contract import load_contract
from data_contracts.types import polars_type

AS_OF = date(2026, 3, 9)
NEXT = AS_OF + timedelta(days=1)
NIGHT = datetime(2026, 3, 9, 0, 40)
LINEAGE = {
    "received_at": NIGHT,
    "known_as_of": AS_OF,
    "is_late": False,
    "source": "demo",
    "source_file": "f.csv",
    "source_line": 1,
}


def name_of(tag: str, letter: str) -> str:
    """A pseudonym that a person can tell from others."""
    return f"{tag}1_{letter * 20}"


def score(letter: str, risk_score: float | None, **changes: Any) -> dict[str, Any]:
    """A row of account_scores."""
    return {
        "as_of": AS_OF,
        "scenario": "monitoring",
        "population": "new",
        "subject_id": name_of("account", letter),
        "customer_type": "private",
        "branch_id": "91000",
        "risk_score": risk_score,
        "model_name": "accounts",
        "model_version": "1",
        "run_id": "r",
    } | changes


def listed(letter: str, rank: int, **changes: Any) -> dict[str, Any]:
    """A row of risk_list_private."""
    reasons = [{"code": "c", "text": "t", "value": "v"}]
    return (
        score(letter, 90.0 - rank)
        | {"rank": rank, "risk_label": "red", "reasons": reasons, "not_evaluable": []}
        | changes
    )


def message(sms_id: str, event_date: date, known_as_of: date = AS_OF, **changes: Any) -> dict[str, Any]:
    """A row of sms."""
    happened = datetime(event_date.year, event_date.month, event_date.day, 12)
    own = {"sms_id": sms_id, "card_id": name_of("phone", "c"), "direction": "out", "happened_at": happened}
    return LINEAGE | own | {"event_date": event_date, "known_as_of": known_as_of} | changes


def frame(spark, table: str, rows: Iterable[dict[str, Any]]):
    """The rows as a frame with the contract's columns; columns a row doesn't name are null."""
    schema = load_contract(table).spark_schema()
    return spark.createDataFrame([tuple(row.get(name) for name in schema.names) for row in rows], schema)


def batch(table: str, rows: Iterable[dict[str, Any]]) -> pl.DataFrame:
    """As `frame`, for what takes rows without Spark; times mean what Spark takes them for: this machine's clocks."""
    schema = {column.name: polars_type(column.spark_type) for column in load_contract(table).columns}

    def instant(value: Any) -> Any:
        return value.astimezone(UTC) if isinstance(value, datetime) else value

    return pl.DataFrame(
        [[instant(row.get(name)) for name in schema] for row in rows], schema=schema, orient="row"
    )


def rows_of(found: Any) -> list[tuple]:
    """Rows of a frame in a fixed order, for comparison."""
    return sorted((tuple(row) for row in found.collect()), key=repr)
