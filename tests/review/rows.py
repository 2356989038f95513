"""Literal list rows for the tests of review: what a test does not name gets a plain value."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
from deltalake import write_deltalake
from pyspark.sql.pandas.types import to_arrow_schema

from conf.settings import Settings
from data_contracts.contract import load_contract
from review.figures import COUNTS

AS_OF = date(2026, 3, 6)
COMMON = {
    "as_of": AS_OF,
    "population": "new",
    "risk_score": 75.5,
    "risk_label": "red",
    "reasons": [{"code": "in_count_7d", "text": "近7天转入笔数38（通常为2）", "value": "38"}],
    "not_evaluable": [],
    "control_suggestion": "暂停非柜面交易并核实身份",
    "model_name": "accounts",
    "model_version": "3",
    "run_id": "nightly-1",
}
ACCOUNT = COMMON | {
    "scenario": "account_monitoring",
    "subject_id": "account1_" + "a" * 20,
    "customer_id": "customer1_" + "a" * 20,
    "branch_id": "91000",
    "branch_name": "云屿银行001支行",
    "second_level_branch": "云屿银行第1分行",
    "customer_type": "private",
    "name_id": "name1_" + "a" * 20,
    "opened_on": date(2026, 2, 20),
    "inbound_count_30d": 41,
    "inbound_amount_30d": Decimal("123456.70"),
    "outbound_count_30d": 12,
    "outbound_amount_30d": Decimal("123000.00"),
}
CARD = COMMON | {
    "scenario": "card_monitoring",
    "subject_id": "phone1_" + "b" * 20,
    "customer_id": "owner1_" + "b" * 20,
    "branch_id": "990101",
    "home_county": "990101",
    "card_kind": "phone",
    "owner_name_id": "name1_" + "b" * 20,
    "platform": "BSS",
    "opened_on": date(2026, 2, 25),
    "sales_channel": "厅店",
    "tariff": "49元套餐",
    "imei_id": "imei1_" + "b" * 20,
    "model_name": "cards",
}


def arrow(table: str, rows: list[dict]) -> pa.Table:
    """The rows as the reader hands them out; columns that are not given are null."""
    return pa.Table.from_pylist(rows, to_arrow_schema(load_contract(table).spark_schema(), timezone="UTC"))


def pseudonym(tag: str, letter: str) -> str:
    """Some pseudonym of that kind."""
    return f"{tag}1_{letter * 20}"


def account(rank: int, letter: str = "a", **changes: object) -> dict:
    """A row of an account list."""
    own = {"rank": rank, "subject_id": pseudonym("account", letter)}
    return ACCOUNT | own | changes


def card(rank: int, letter: str = "b", **changes: object) -> dict:
    """A row of the list of cards."""
    return CARD | {"rank": rank, "subject_id": pseudonym("phone", letter)} | changes


CLEAR = {
    "account": "99000012345678901",
    "bankcard": "9900123456789012",
    "customer": "990123456",
    "name": "张小三",
    "phone": "90012341234",
    "owner": "900777",
    "imei": "990001234567890",
}
STARTED = datetime(2026, 3, 5, 18, 30, tzinfo=UTC)


def put(settings: Settings, table: str, rows: list[dict]) -> None:
    """Append rows to a table of the lake, without Spark."""
    contract = load_contract(table)
    path = contract.path(settings.lake)
    path.parent.mkdir(parents=True, exist_ok=True)
    partitions = list(contract.partition_by) or None
    write_deltalake(str(path), arrow(table, rows), mode="append", partition_by=partitions)


def ledger_row(stage: str, versions=(), status="complete", counts=(None,) * 5, flow="nightly") -> dict:
    """A row of ops/runs."""
    return {
        "run_id": f"{flow}-1", "flow": flow, "as_of": AS_OF, "stage": stage, "status": status,
        "started_at": STARTED, "finished_at": STARTED.replace(second=20), "table_versions": list(versions),
        "code_version": "abc1234", "config_hash": "c" * 64,
    } | {f"rows_{name}": count for name, count in zip(COUNTS, counts, strict=True)}  # fmt: skip
