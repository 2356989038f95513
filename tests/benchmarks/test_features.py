"""The load of the feature benchmark, and its peers held against plain Python."""

import statistics
from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest

from benchmarks.features.compare import differences
from benchmarks.features.load import FIRST_DAY, MOST, SIZES, Load, day_file, transactions, write_load
from benchmarks.features.peers import duckdb_night, polars_night
from benchmarks.features.subday import (
    EVENT,
    duckdb_subday,
    duckdb_subday_by_join,
    polars_subday,
    polars_subday_by_join,
)
from benchmarks.features.windows import QUARTER, SUBDAY, WEEK, columns, subday_columns
from conf.errors import UsageError

DAYS = 95
AS_OF = FIRST_DAY + timedelta(days=DAYS)
LOAD = replace(SIZES["tiny"], late_share=0.1)
BUSY = Load(accounts=5, transactions_a_day=600)  # many events of an account within an hour, and in one second


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    made = tmp_path_factory.mktemp("load")
    write_load(made, LOAD, DAYS)
    return made


@pytest.fixture(scope="module")
def busy(tmp_path_factory) -> Path:
    made = tmp_path_factory.mktemp("busy")
    write_load(made, BUSY, 3)
    return made


def test_a_day_written_alone_has_the_same_bytes(folder, tmp_path):
    day = FIRST_DAY + timedelta(days=40)
    write_load(tmp_path, LOAD, 1, first=day)
    assert day_file(tmp_path, day).read_bytes() == day_file(folder, day).read_bytes()


def test_days_and_seeds_differ():
    tables = [transactions(LOAD, FIRST_DAY), transactions(LOAD, FIRST_DAY + timedelta(days=1))]
    tables.append(transactions(replace(LOAD, seed=8), FIRST_DAY))
    assert len({str(table["account_id"].to_pylist()) for table in tables}) == 3


def test_a_day_is_in_order_of_time_and_within_its_midnights():
    table = pl.from_arrow(transactions(LOAD, FIRST_DAY))
    assert table["happened_at"].is_sorted()
    assert set(table["happened_at"].dt.date()) == {FIRST_DAY}
    assert table["amount"].min() >= 1
    assert table["amount"].max() <= MOST
    assert (table["account_id"] != table["counterparty_id"]).all()


def test_some_rows_are_known_later_than_the_next_morning():
    behind = pl.from_arrow(transactions(replace(LOAD, transactions_a_day=10_000), FIRST_DAY))
    days = (behind["known_as_of"] - FIRST_DAY).dt.total_days()
    assert days.min() == 1
    assert days.max() == 6
    assert (days > 1).mean() == pytest.approx(0.1, abs=0.02)


def test_a_folder_with_another_load_is_refused(folder):
    with pytest.raises(UsageError, match="take another folder"):
        write_load(folder, replace(LOAD, seed=8), DAYS)


def in_plain_python(folder: Path, as_of: date, windows: tuple[int, ...]) -> pl.DataFrame:
    """The definition in `windows.py`, said once more, row by row."""
    by_account = defaultdict(list)
    for back in range(1, max(windows) + 1):
        day = as_of - timedelta(days=back)
        for row in pq.read_table(day_file(folder, day), partitioning=None).to_pylist():
            if row["known_as_of"] <= as_of:
                by_account[row["account_id"]].append((back, row))
    found = []
    for account, rows in by_account.items():
        values = [account]
        for days in windows:
            legs = [row for back, row in rows if back <= days]
            amounts = [leg["amount"] for leg in legs]
            into = [leg for leg in legs if leg["direction"] == "in"]
            out = [leg for leg in legs if leg["direction"] == "out"]
            money = sorted(sum(leg["amount"] for leg in side) for side in (into, out))
            values += [
                len(legs),
                sum(amounts),
                sum(amounts) / len(legs) if legs else None,
                statistics.pstdev(amounts) if legs else None,
                min(amounts, default=None),
                max(amounts, default=None),
                sum(leg["happened_at"].hour < 5 for leg in legs) / len(legs) if legs else None,
                money[0] / money[1] if money[1] else None,
                *(len({leg["counterparty_id"] for leg in side}) for side in (legs, into, out)),
            ]
        found.append(values)
    return pl.DataFrame(
        found, schema=["account_id", *columns(windows)], orient="row", infer_schema_length=None
    )


@pytest.mark.parametrize("windows", [QUARTER, WEEK], ids=["quarter", "week"])
@pytest.mark.parametrize("peer", [duckdb_night, polars_night])
def test_a_peer_equals_plain_python(peer, windows, folder, tmp_path):
    in_plain_python(folder, AS_OF, windows).write_parquet(tmp_path / "plain.parquet")
    peer(folder, AS_OF, windows, tmp_path / "peer.parquet")
    assert differences(tmp_path / "plain.parquet", tmp_path / "peer.parquet") == []


@pytest.mark.parametrize("peer", [duckdb_subday, duckdb_subday_by_join, polars_subday, polars_subday_by_join])
def test_a_peer_of_the_event_grain_equals_plain_python(peer, busy, tmp_path):
    as_of = FIRST_DAY + timedelta(days=2)
    events = [
        row
        for back in (2, 1)
        for row in pq.read_table(day_file(busy, as_of - timedelta(days=back)), partitioning=None).to_pylist()
    ]
    found = []
    for event in events[BUSY.transactions_a_day :]:
        values = [event[name] for name in EVENT]
        for length in SUBDAY.values():
            near = [
                other
                for other in events
                if other["account_id"] == event["account_id"]
                and timedelta(0) <= event["happened_at"] - other["happened_at"] < length
            ]
            values += [len(near), sum(o["amount"] for o in near), len({o["counterparty_id"] for o in near})]
        found.append(values)
    plain = pl.DataFrame(found, schema=[*EVENT, *subday_columns()], orient="row")
    assert plain["count_1h"].max() > 5
    plain.write_parquet(tmp_path / "plain.parquet")
    peer(busy, as_of, tmp_path / "peer.parquet")
    assert differences(tmp_path / "plain.parquet", tmp_path / "peer.parquet") == []


def test_a_difference_is_named_with_account_and_values(tmp_path):
    frame = pl.DataFrame({"account_id": [1, 2], "count_1d": [3, 4], "amount_mean_1d": [1.0, None]})
    frame.write_parquet(tmp_path / "one.parquet")
    frame.with_columns(pl.Series("amount_mean_1d", [1.0 + 1e-8, None])).write_parquet(
        tmp_path / "two.parquet"
    )
    frame.head(1).write_parquet(tmp_path / "short.parquet")
    assert differences(tmp_path / "one.parquet", tmp_path / "two.parquet") == [
        "amount_mean_1d: 1 of 2 rows differ, first (key, one, other): [((1,), 1.0, 1.00000001)]"
    ]
    assert differences(tmp_path / "one.parquet", tmp_path / "short.parquet")[0].startswith("rows: 2 and 1")
