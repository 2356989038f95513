"""Mapping files are read strictly: what is wrong is named with file, feed and key."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from conf.errors import UsageError
from conf.sources import FOLDER, load_source
from data_contracts.contract import load_contract
from lake.ingest.mapping import fit

GOOD: dict[str, Any] = {
    "title": "t",
    "feeds": [
        {
            "name": "f",
            "table": "dealers",
            "format": "csv",
            "path": "f/{day}/*.csv",
            "columns": {"dealer_id": "no"},
        }
    ],
}


def _load(folder: Path, **changes: Any) -> Any:
    raw = yaml.safe_load(yaml.safe_dump(GOOD))
    raw["feeds"][0] |= changes
    file = folder / "bank.yaml"
    file.write_text(yaml.safe_dump(raw), encoding="utf-8")
    return load_source(str(file))


@pytest.mark.parametrize("name", sorted(file.stem for file in FOLDER.glob("*.yaml")))
def test_shipped_mappings_fit_the_contracts(name: str) -> None:
    source = load_source(name)
    for feed in source.feeds:
        fit(source, feed, load_contract(feed.table))


def test_a_column_named_no_is_no_boolean(tmp_path: Path) -> None:
    file = tmp_path / "bank.yaml"
    file.write_text(
        "title: t\nfeeds: [{name: f, table: dealers, format: csv, path: '{day}/a.csv', columns: {dealer_id: no}}]"
    )
    assert load_source(str(file)).feeds[0].columns["dealer_id"].source == "no"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"tabel": "x"}, r"bank.yaml: feed 1: unknown keys \['tabel'\]"),
        ({"format": "xls"}, "format: wanted one of csv, jsonl, parquet, delta, jdbc; found 'xls'"),
        ({"path": "f/*.csv"}, "wanted {day} in path, or `day: none`"),
        ({"day": "none"}, "path holds {day} but `day: none` is set"),
        (
            {"day": "tomorrow"},
            "day: wanted as_of, day_before, none or a number of days before, found 'tomorrow'",
        ),
        ({"delivered_at": 40}, 'delivered_at: wanted a quoted "HH:MM", found 40'),
        (
            {"columns": {"dealer_id": {"from": "a", "constant": 1}}},
            "wanted exactly one of from, template and constant",
        ),
        ({"columns": {"dealer_id": {"from": "a", "sql": "1"}}}, r"column dealer_id: unknown keys \['sql'\]"),
        ({"columns": {"dealer_id": {"from": "a", "check": "crc"}}}, "check: wanted one of luhn, resident_id"),
        (
            {"columns": {"dealer_id": {"from": "a", "sign": {"minus": "x"}}}},
            "sign: wanted the keys negative and",
        ),
        ({"options": {"delimeter": ";"}}, r"options: unknown keys \['delimeter'\]"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence.replace("{", r"\{").replace("}", r"\}")):
        _load(tmp_path, **changes)


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"dealer_no": "a"}, r"columns \['dealer_no'\] are not in table dealers"),
        ({"level": "a"}, r"table dealers needs the columns \['dealer_id'\]"),
        ({"dealer_id": {"from": "a", "tag": "phone"}}, "column dealer_id: wanted the tag none, found"),
    ],
)
def test_a_mapping_that_does_not_fit_its_table_is_named(
    tmp_path: Path, columns: dict[str, Any], sentence: str
) -> None:
    source = _load(tmp_path, columns=columns)
    with pytest.raises(UsageError, match=sentence):
        fit(source, source.feeds[0], load_contract("dealers"))


def test_an_unknown_source_is_told_which_exist() -> None:
    with pytest.raises(UsageError, match=r"source 'bnak' has no mapping file bnak.yaml; known are .*demo"):
        load_source("bnak")
