"""The landed feeds: form, hour of delivery, and where faults may be planted."""

from dataclasses import dataclass

from demo.calendar import HOUR_US, MINUTE_US


@dataclass(frozen=True)
class Feed:
    """How one table lands."""

    source: str
    table: str
    form: str  # parquet, csv or csv.gz
    delivered: int  # microseconds after midnight of the folder's day
    next_day: bool = True  # the folder is the day after the events
    separator: str = ","
    encoding: str = "utf-8"
    trailer: bool = False
    key: tuple[str, ...] = ()  # columns that name a row
    clock: str = "timestamp"  # how received_at is written: timestamp, clock, epoch_ms
    corrected: str = ""  # column in which a superseding copy differs
    enum: str = ""
    number: str = ""
    name: str = ""
    checked: str = ""  # column with a check digit
    dated: str = ""

    @property
    def path(self) -> str:
        """Folder below landing."""
        return f"{self.source}/{self.table}"


def _at(hour: int, minute: int) -> int:
    return hour * HOUR_US + minute * MINUTE_US


FEEDS = {
    feed.table: feed
    for feed in (
        Feed("core", "accounts", "parquet", _at(0, 40)),
        Feed(
            "core", "transactions", "parquet", _at(0, 40), key=("txn_id",), corrected="remark", enum="direction",
            number="amount",
        ),
        Feed(
            "ebank", "logins", "parquet", _at(1, 10), key=("login_id",), corrected="device_model", enum="result"
        ),
        Feed(
            "branch_drop", "customers_private", "csv", _at(22, 30), False, "|", "gb18030", True, ("customer_no",),
            enum="id_type", name="name", checked="id_no", dated="birth_date",
        ),
        Feed(
            "branch_drop", "customers_corporate", "csv", _at(22, 30), False, "|", "gb18030", True, ("customer_no",),
            enum="status", number="capital", name="name", checked="uscc", dated="registered_at",
        ),
        Feed("gp", "branches", "csv", _at(20, 0), False),
        *(Feed("carrier_core", name, "parquet", _at(23, 0), False) for name in
          ("subscriptions", "owners", "dealers", "shops", "cells")),
        Feed(
            "cdr", "calls", "csv.gz", _at(0, 20), key=("cdr_id",), clock="clock", corrected="release_cause",
            enum="direction", number="duration_s", checked="imei", dated="start_at", name="protocol",
        ),
        Feed(
            "cdr", "sms", "csv.gz", _at(0, 20), key=("sms_id",), clock="clock", corrected="cell_id",
            enum="direction", checked="imei", dated="at",
        ),
        Feed(
            "dpi", "data_sessions", "parquet", _at(0, 50), key=("msisdn", "slot_start", "app_class"),
            clock="epoch_ms", corrected="host", enum="app_class", number="down_bytes",
        ),
        Feed(
            "signalling", "signalling", "parquet", _at(0, 10), key=("msisdn", "at", "event"), corrected="cell_id",
            enum="event", checked="imei",
        ),
        Feed("feeds", "police_accounts", "csv", _at(1, 30)),
        Feed("feeds", "police_numbers", "csv", _at(1, 30)),
        Feed("people", "review_answers", "csv", _at(1, 30)),
        Feed("reference", "tac_library", "csv", _at(20, 0), False),
    )
}  # fmt: skip
