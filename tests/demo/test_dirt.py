"""Every fault that landed is recorded, and nothing else is faulty."""

import gzip
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from stdnum import luhn

from demo.dirt import breakages
from demo.feeds import FEEDS


@pytest.fixture(scope="module")
def dirt(world) -> list[dict]:
    return pq.read_table(world / "truth/dirt.parquet").to_pylist()


def lines_of(world: Path, table: str, day: str) -> list[str]:
    feed = FEEDS[table]
    data = (world / "landing" / feed.path / day / f"part-000.{feed.form}").read_bytes()
    text = gzip.decompress(data) if feed.form == "csv.gz" else data
    return text.decode(feed.encoding).split("\n")


def test_every_kind_of_fault_landed(dirt):
    assert {d["kind"] for d in dirt} == {"duplicate_exact", "superseded", "late", "broken"}
    reasons = {r for feed in FEEDS.values() if feed.key for r in breakages(feed)}
    assert {d["reason"] for d in dirt if d["kind"] == "broken"} == reasons


@pytest.mark.parametrize("table", ["calls", "sms"])
def test_broken_csv_lines_are_where_the_truth_says_and_nowhere_else(world, dirt, table):
    recorded = {
        (d["folder_day"], d["line"]): d for d in dirt if d["table"] == table and d["kind"] == "broken"
    }
    found, checked = {}, set()
    for folder in sorted((world / "landing/cdr" / table).iterdir())[:4]:  # enough for every kind
        header, *body = lines_of(world, table, folder.name)
        names = header.split(",")
        for number, line in enumerate(body[:-1], start=2):  # the text ends with a line feed
            reason = fault(names, line)
            if reason:
                found[folder.name, number] = reason
        checked.add(folder.name)
    assert found == {at: d["reason"] for at, d in recorded.items() if at[0] in checked}
    assert len(found) > 10


def fault(names: list[str], line: str) -> str | None:
    values = line.split(",")
    if len(values) != len(names):
        return "separator_in_name"
    row = dict(zip(names, values, strict=True))
    moment = row.get("start_at") or row.get("at") or ""
    checks = {
        "nul_byte": "\0" in line,
        "missing_key": row[names[0]] == "",
        "bad_enum": row["direction"] == "未知值",
        "bad_date": moment[4:8] == "0230",
        "bad_number": not row.get("duration_s", "0").isdigit(),
        "bad_check_digit": not luhn.is_valid(row["imei"]),
    }
    return next((reason for reason, hit in checks.items() if hit), None)


def test_copies_are_exactly_the_recorded_duplicates(world, dirt):
    for folder in sorted((world / "landing/core/transactions").iterdir()):
        ids = pq.read_table(folder / "part-000.parquet").column("txn_id").to_pylist()
        copies = {k: n - 1 for k, n in Counter(ids).items() if n > 1 and k is not None}
        recorded = Counter(
            d["key"] for d in dirt
            if d["table"] == "transactions" and d["folder_day"] == folder.name and d["verdict"] == "duplicate"
        )  # fmt: skip
        assert copies == recorded


def test_late_rows_are_recorded_and_carry_their_true_time(world, dirt):
    late = [d for d in dirt if d["table"] == "transactions" and d["kind"] == "late"]
    assert late
    for day in {d["folder_day"] for d in late}:
        table = pq.read_table(world / f"landing/core/transactions/{day}/part-000.parquet")
        recorded = {d["line"] for d in late if d["folder_day"] == day}
        yesterday = pa.scalar(f"{day} 00:00:00").cast(pa.timestamp("us")).as_py()
        happened = table.column("happened_at").to_pylist()
        old = {i for i, at in enumerate(happened, start=1) if (yesterday - at).total_seconds() > 86_400}
        here = [d for d in dirt if d["table"] == "transactions" and d["folder_day"] == day]
        copies = {d["line"] for d in here if d["verdict"] == "duplicate"}
        assert recorded <= old
        # A late row may have been copied or corrected; only the copies are not "late" themselves.
        assert len(old - recorded) <= 2 * len(copies)


def test_the_trailer_counts_the_rows_and_no_file_is_unreadable(world):
    for folder in (world / "landing/branch_drop/customers_private").iterdir():
        *body, trailer, end = lines_of(world, "customers_private", folder.name)
        assert (trailer, end) == (f"TRAILER|{len(body) - 1}", "")
