"""Which of several rows with one key counts, and when a night is stopped."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from conf.days import DayRange
from conf.errors import DataRefused
from conf.settings import Settings
from data_contracts.contract import load_contract
from lake.ingest.verdicts import Count, judge, prove_whole, totals

SCHEMA = {
    "call_id": pl.String(),
    "known_as_of": pl.Date(),
    "received_at": pl.Datetime("us", "UTC"),
    "event_date": pl.Date(),
    "is_late": pl.Boolean(),
    "source_file": pl.String(),
    "source_line": pl.Int64(),
    "_row": pl.String(),
    "_reasons": pl.List(pl.String()),
}
D = date(2026, 1, 6)
ROWS = st.lists(
    st.tuples(
        st.sampled_from("abcd"),  # few keys, so that many repeat
        st.integers(0, 2),  # morning
        st.integers(0, 3),  # minute of receipt
        st.booleans(),  # late
        st.sampled_from("xy"),  # content
        st.sampled_from([[], [], ["amount: below 0"]]),
    ),
    min_size=1,
    max_size=60,
)


def oracle(rows: list[dict[str, Any]]) -> dict[int, str]:
    """The plainest way to say it: line -> verdict."""
    found = {}
    for row in rows:
        rivals = [r for r in rows if r["call_id"] == row["call_id"] and not r["_reasons"]]
        first_morning = min((r["known_as_of"] for r in rivals), default=None)
        rivals = [r for r in rivals if r["known_as_of"] == first_morning]
        newest = max((r["received_at"] for r in rivals), default=None)
        last = max(
            ((r["source_line"], r["_row"]) for r in rivals if r["received_at"] == newest), default=(0, "")
        )[1]
        best = next((r for r in rivals if r["received_at"] == newest and r["_row"] == last), None)
        if row["_reasons"]:
            verdict = "quarantined"
        elif row is not best:
            verdict = "duplicate"
        else:
            verdict = "late" if row["is_late"] else "accepted"
        found[row["source_line"]] = verdict
    return found


@examples(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=ROWS)
def test_agrees_with_plain_python_on_random_rows(
    settings: Settings, tmp_path_factory: pytest.TempPathFactory, drawn: list[Any]
) -> None:
    rows = [
        {
            "call_id": key,
            "known_as_of": D + timedelta(days=morning),
            "received_at": datetime(2026, 1, 6, 0, minute),
            "event_date": D,
            "is_late": late,
            "source_file": "calls/part-000.csv",
            "source_line": line,
            "_row": content,
            "_reasons": reasons,
        }
        for line, (key, morning, minute, late, content, reasons) in enumerate(drawn, 1)
    ]
    folder: Path = tmp_path_factory.mktemp("staged")
    files = [folder / "one.parquet", folder / "two.parquet"]  # rivals may stand in different files
    staged = pl.DataFrame(rows, schema=SCHEMA)
    staged.head(len(rows) // 2).write_parquet(files[0])
    staged.tail(len(rows) - len(rows) // 2).write_parquet(files[1])
    judged = judge(files, settings, load_contract("calls"), DayRange(D, D + timedelta(days=2)))
    found = pl.concat(judged.rows(number) for number in range(2))
    assert dict(found.select("source_line", "_verdict").iter_rows()) == oracle(rows)


def test_read_is_the_sum_of_the_verdicts() -> None:
    counts = [
        Count(D, "bank", "calls", "a", "accepted", 5),
        Count(D, "bank", "calls", "b", "accepted", 2),
        Count(D, "bank", "calls", "b", "late", 1),
    ]
    assert totals(counts) == {D: {"read": 8, "accepted": 7, "late": 1, "duplicate": 0, "quarantined": 0}}


def test_a_file_that_brought_other_rows_than_it_states_is_named() -> None:
    counts = [Count(D, "bank", "calls", "a", "accepted", 5), Count(D, "bank", "calls", "a", "late", 1)]
    prove_whole(counts, {("bank", "calls", "a"): 6})
    with pytest.raises(DataRefused, match="a: 7 rows are stated, 6 were read"):
        prove_whole(counts, {("bank", "calls", "a"): 7})
    with pytest.raises(DataRefused, match="b: 1 rows are stated, 0 were read"):
        prove_whole(counts, {("bank", "calls", "b"): 1})
    prove_whole(counts, {("bank", "calls", "empty"): 0})
