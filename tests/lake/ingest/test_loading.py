"""What a night takes in: verdicts, accounting, reruns."""

from datetime import date, datetime
from decimal import Decimal

from tests.lake.ingest.small_bank import Bank, D, leg

NOON = datetime(2026, 1, 5, 12)


def test_every_row_gets_one_verdict_and_the_ledger_adds_up(bank: Bank) -> None:
    bank.land(
        D,
        [
            leg("t1", NOON),
            leg("t2", NOON, direction="贷", amount=Decimal("0.00")),  # zero is an amount
            leg(
                "t3", datetime(2026, 1, 3, 9), datetime(2026, 1, 6, 0, 10)
            ),  # happened two days earlier: late
            leg("t1", NOON),  # the same row again
            leg("t4", NOON, amount=Decimal("1.00")),
            leg(
                "t4", NOON, datetime(2026, 1, 6, 0, 30), amount=Decimal("2.00")
            ),  # received later: this one counts
            leg("t5", NOON, direction="未知值"),
            leg("t6", NOON, amount=Decimal("-1.00")),
        ],
    )
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
    reasons = bank.rows("quarantine", "as_of", "table", "source_line", "reasons", "broken_columns")
    assert reasons == [
        (D, "transactions", 7, ["direction: not a known word: aaa"], ["direction"]),
        (D, "transactions", 8, ["amount: below 0"], ["amount"]),
    ]
    columns = [f"rows_{name}" for name in ("read", "accepted", "late", "duplicate", "quarantined")]
    assert bank.rows("runs", "stage", *columns) == [
        ("ingest", 8, 3, 1, 2, 2),
        ("ingest:transactions", 8, 3, 1, 2, 2),
    ]
