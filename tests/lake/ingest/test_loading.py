"""What a night takes in: verdicts, accounting, reruns, ranges, refusals."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from conf.errors import DataRefused
from tests.lake.ingest.small_bank import ACCOUNT, Bank, D, leg

NOON = datetime(2026, 1, 5, 12)
NEXT = date(2026, 1, 7)
MIXED = [
    leg("t1", NOON),
    leg("t2", NOON, direction="贷", amount=Decimal("0.00")),  # zero is an amount
    leg("t3", datetime(2026, 1, 3, 9), datetime(2026, 1, 6, 0, 10)),  # happened two days earlier: late
    leg("t1", NOON),  # the same row again
    leg("t4", NOON, amount=Decimal("1.00")),
    leg("t4", NOON, datetime(2026, 1, 6, 0, 30), amount=Decimal("2.00")),  # received later: this one counts
    leg("t5", NOON, direction="未知值"),
    leg("t6", NOON, amount=Decimal("-1.00")),
]
CUSTOMERS = "\n".join(
    [
        "no|name|id_no|updated_at",
        "100000001|张三|160101199001010030|2026-01-05 10:00:00",  # right check digit
        "100000002|李四|160101199001010032|2026-01-05 10:00:00",  # wrong check digit
        "",  # a blank line is no row, but it is counted as a line
        "100000003|王|五|160101199001010030|2026-01-05 10:00:00",  # a separator in the name
        "100000004|赵\0六||2026-01-05 10:00:00",
        "|钱七||2026-01-05 10:00:00",
        "100000005|孙八||2026-02-30 10:00:00",
        "TRAILER|6",
        "",
    ]
)
TABLES = ("transactions", "customers", "quarantine")
COUNTS = [f"rows_{name}" for name in ("read", "accepted", "late", "duplicate", "quarantined")]


def everything(bank: Bank, table: str) -> list[tuple[Any, ...]]:
    return bank.rows(table, *bank.table(table).columns)


def test_every_row_gets_one_verdict_and_a_rerun_changes_nothing(bank: Bank) -> None:
    bank.land(D, MIXED)
    bank.land_text("customers", date(2026, 1, 5), CUSTOMERS, "gb18030")
    bank.settings = bank.settings.with_(max_quarantined_share=0.9)
    bank.ingest()
    found = bank.rows(
        "transactions", "transaction_id", "direction", "amount", "is_late", "known_as_of", "event_date"
    )
    event = date(2026, 1, 5)
    assert found == [
        ("t1", "out", Decimal("10.00"), False, D, event),
        ("t2", "in", Decimal("0.00"), False, D, event),
        ("t3", "out", Decimal("10.00"), True, D, date(2026, 1, 3)),
        ("t4", "out", Decimal("2.00"), False, D, event),
    ]
    assert bank.rows("quarantine", "table", "source_line", "reasons", "broken_columns") == [
        ("customers", 3, ["id_number_id: wrong check digit (resident_id)"], ["id_number_id"]),
        ("customers", 5, ["line: not 4 fields"], ["line"]),
        ("customers", 6, ["line: holds a NUL character"], ["line"]),
        ("customers", 7, ["customer_id: missing"], ["customer_id"]),
        ("customers", 8, ["updated_at: not a timestamp: 9999-99-99 99:99:99"], ["updated_at"]),
        ("transactions", 7, ["direction: not a known word: aaa"], ["direction"]),
        ("transactions", 8, ["amount: below 0"], ["amount"]),
    ]
    assert bank.rows("runs", "stage", *COUNTS) == [
        ("ingest", 14, 4, 1, 2, 7),
        ("ingest:customers", 6, 1, 0, 0, 5),
        ("ingest:transactions", 8, 3, 1, 2, 2),
    ]
    for identifier in (ACCOUNT, "张三", "李四", "100000001", "160101199001010030", "100000003"):
        assert not any(
            identifier in str(row)
            for t in ("transactions", "customers", "quarantine")
            for row in everything(bank, t)
        )
    before = {table: everything(bank, table) for table in TABLES}
    bank.ingest()
    assert {table: everything(bank, table) for table in before} == before


def test_a_range_gives_what_its_nights_give_one_by_one(bank: Bank) -> None:
    bank.land(D, MIXED)
    bank.land(
        NEXT,
        [
            leg("t1", NOON, datetime(2026, 1, 7, 0, 10)),  # known since yesterday
            leg("t7", NOON, datetime(2026, 1, 7, 0, 10)),  # a day late
            leg("t8", datetime(2026, 1, 6, 23, 59, 59)),
        ],
    )
    bank.settings = bank.settings.with_(max_quarantined_share=0.9)
    bank.ingest(D, NEXT)
    at_once = everything(bank, "transactions")
    assert [row[0] for row in at_once] == ["t1", "t2", "t3", "t4", "t7", "t8"]
    bank.settings = bank.settings.with_(lake=bank.settings.lake.parent / "night_by_night")
    bank.ingest(D)
    bank.ingest(NEXT)
    assert everything(bank, "transactions") == at_once
    counts = sorted(bank.rows("runs", "as_of", "stage", *COUNTS), key=str)
    assert counts[-1] == (NEXT, "ingest:transactions", 3, 1, 1, 1, 0)


def test_yesterdays_file_twice_is_refused_and_nothing_is_half_published(bank: Bank) -> None:
    rows = [leg(f"t{n}", NOON) for n in range(6)]
    bank.land(D, rows)
    bank.ingest()
    before = everything(bank, "transactions")
    bank.land(NEXT, rows)
    # Customers of the same night are fine and must wait all the same.
    bank.land_text("customers", date(2026, 1, 6), CUSTOMERS.splitlines()[0] + "\nTRAILER|0\n", "gb18030")
    with pytest.raises(DataRefused) as refused:
        bank.ingest(NEXT)
    assert "transactions 2026-01-07: 6 of 6 rows are duplicate (100.0%), allowed are 50.0%" in str(
        refused.value
    )
    assert "transactions/2026-01-07/part-000.parquet:1; was a file delivered twice?" in str(refused.value)
    assert everything(bank, "transactions") == before
    assert not (bank.settings.lake / "mart" / "customers").exists()
    assert ("ingest", NEXT, "failed") in bank.rows("runs", "stage", "as_of", "status")


def test_too_many_broken_rows_are_refused_with_reasons_and_a_place(bank: Bank) -> None:
    bank.land(D, [leg(f"t{n}", NOON, direction="?" if n < 4 else "借") for n in range(20)])
    with pytest.raises(DataRefused) as refused:
        bank.ingest()
    assert "transactions 2026-01-06: 4 of 20 rows are quarantined (20.0%), allowed are 5.0%" in str(
        refused.value
    )
    assert "4 x direction: not a known word: ? (first transactions/2026-01-06/part-000.parquet:1)" in str(
        refused.value
    )
    assert not (bank.settings.lake / "mart").exists()


def test_rows_received_after_the_cut_off_count_for_the_next_morning(bank: Bank) -> None:
    # No manifest says when the folder was complete, so each row's own receipt decides.
    bank.land(D, [leg("t1", NOON, datetime(2026, 1, 6, 1, 59, 59)), leg("t2", NOON, datetime(2026, 1, 6, 2))])
    bank.land(NEXT, [leg("t3", datetime(2026, 1, 6, 12))])
    bank.ingest(D)
    assert bank.rows("transactions", "transaction_id", "known_as_of", "is_late") == [("t1", D, False)]
    bank.ingest(NEXT)
    assert bank.rows("transactions", "transaction_id", "known_as_of", "is_late") == [
        ("t1", D, False),
        ("t2", NEXT, True),
        ("t3", NEXT, False),
    ]
