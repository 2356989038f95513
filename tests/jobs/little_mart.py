"""One account and its four credits, for tests of steps."""

from datetime import date, datetime

from conf.days import DayRange
from lake.publish_batches import publish_batches
from lake.runs import Run
from tests.lake.rows import LINEAGE, batch, name_of

FIRST, BETWEEN, LAST = date(2026, 2, 8), date(2026, 2, 9), date(2026, 2, 10)
OPENED = datetime(2026, 1, 5, 9)


def transaction(number, day, amount):
    happened = datetime(day.year, day.month, day.day, 12)
    return LINEAGE | {
        "transaction_id": f"t{number}", "account_id": name_of("account", "a"), "sequence_no": number, "direction": "in",
        "amount": amount, "balance_after": amount, "status": "booked", "happened_at": happened, "event_date": day,
        "known_as_of": date.fromordinal(day.toordinal() + 1),
    }  # fmt: skip


def land(settings) -> Run:
    """Put the account, its customer and its transactions into the mart; returns the run."""
    run = Run.start(None, settings, "nightly")
    known = {"updated_at": OPENED, "known_as_of": date(2026, 1, 6)}
    account = LINEAGE | known | {
        "account_id": name_of("account", "a"), "customer_id": name_of("customer", "c"), "customer_type": "private",
        "account_class": "I", "branch_id": "91000", "opened_at": OPENED, "status": "open", "is_by_proxy": False,
    }  # fmt: skip
    customer = LINEAGE | known | {"customer_id": name_of("customer", "c"), "customer_type": "private"}
    rows = {
        "accounts": [account],
        "customers": [customer],
        "transactions": [transaction(n, date(2026, 2, n), 100 * n) for n in (6, 7, 8, 9)],
    }
    for table, given in rows.items():
        days = DayRange(date(2026, 1, 1), LAST)
        publish_batches([batch(table, given)], settings, table, days, run)
    return run
