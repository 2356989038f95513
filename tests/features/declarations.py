"""An analyst's folder for tests: a small feature table of the code, and files beside it."""

# ruff: noqa: E501 - one indicator is one line, to be read as a table

from pathlib import Path
from typing import Any

import yaml

from features.declared import with_declared
from features.indicator import FeatureGroup, Measure
from features.table import Added, FeatureTable

CODED = FeatureTable(
    name="account_features",
    groups=(
        FeatureGroup(
            "transactions", ("transactions",), "account_id", "subject_id", order="sequence_no", category="money",
            measures=(
                Measure("count", "1", "transactions", "{d}笔数", "transactions, {d}", (7, 30)),
                Measure("night_count", "1", "transactions", "{d}夜间笔数", "at night, {d}", (7,), where="hour(happened_at) < 5", hidden=True),
                Measure("night_share", "try_divide(night_count_{d}d, count_{d}d)", "ratio", "{d}夜间占比", "share at night, {d}", (7,), "derived", spark_type="double"),
                Measure("drawn", "amount", "yuan", "{d}金额", "money, {d}", (7,), spark_type="decimal(18,2)"),
            ),
        ),
        FeatureGroup("holders", (), "subject_id", "subject_id", (Measure("age", "", "days", "龄", "age", kind="given", empty=None),), function=lambda morning: morning.subjects),
    ),
    events={"transactions": ("account_id", "sequence_no", "amount")},
    references=(),
    subjects=lambda tables, as_of: tables["accounts"].select(subject_id="account_id"),
    added={"transactions": Added({"own_type": "string"}, lambda rows, references: rows)},
)  # fmt: skip

CASH = {
    "name": "cash", "sql": "amount", "kind": "sum", "where": "upper(channel) = 'ATM'", "windows": [7],
    "unit": "yuan", "type": "decimal(18,2)", "zh": "{d}取现", "en": "cash, {d}", "empty": 0,
}  # fmt: skip
SHARE = {
    "name": "cash_share", "sql": "try_divide(cash_{d}d, drawn_{d}d)", "kind": "derived", "windows": [7],
    "unit": "ratio", "type": "double", "zh": "{d}取现占比", "en": "share of cash, {d}",
}  # fmt: skip
NEW = {
    "group": "machines", "table": "account_features", "events": ["transactions"], "key": "account_id",
    "joins": "subject_id", "category": "cash", "where": "status = 'booked'", "indicators": [CASH],
}  # fmt: skip
ADDING = {"group": "transactions", "table": "account_features", "indicators": [CASH]}


def without(entry: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key not in keys}


def loaded(folder: Path, *contents: dict[str, Any] | str) -> FeatureTable:
    """The table with files `a.yaml`, `b.yaml`, ... of these contents."""
    for letter, content in zip("abcdef", contents, strict=False):
        text = content if isinstance(content, str) else yaml.safe_dump(content, allow_unicode=True)
        (folder / f"{letter}.yaml").write_text(text, encoding="utf-8")
    return with_declared([CODED], folder)["account_features"]
