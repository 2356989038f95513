"""The declarations: names, words, and the files that follow from them."""

from datetime import date
from pathlib import Path

import pytest

from data_contracts.contract import read_contract
from features.catalogue import FEATURE_TABLES, indicators_of
from features.reference import reference_page
from jobs.feature_contracts import write
from models.reasons import UNITS_ZH
from tests.features.declarations import ADDING, CASH, SHARE, loaded
from tests.features.frames import mart

ROOT = Path(__file__).parents[2]


def test_contracts_and_reference_page_are_those_of_the_declarations(tmp_path):
    for fresh in write(tmp_path):
        kept = ROOT / fresh.relative_to(tmp_path)
        assert kept.read_text() == fresh.read_text(), f"{kept.name}: run `python -m jobs.feature_contracts`"


@pytest.mark.parametrize("table", FEATURE_TABLES)
def test_each_indicator_has_words_in_both_languages_and_a_unit_that_people_read(table):
    for indicator in indicators_of(table):
        assert indicator.zh, indicator.name
        assert indicator.en, indicator.name
        assert "{" not in indicator.zh + indicator.en
        assert indicator.unit in {*UNITS_ZH, "ratio", "yes or no"}


@pytest.mark.parametrize(("table", "least"), [("account_features", 150), ("card_features", 120)])
def test_there_are_as_many_indicators_as_the_field_works_with(table, least):
    assert len(indicators_of(table)) >= least


@pytest.mark.parametrize("table", FEATURE_TABLES)
def test_each_expression_is_made_of_known_words_and_columns(table):
    features = FEATURE_TABLES[table]
    empty = {name: mart(name, []) for name in (*features.events, *features.references)}
    columns = {name: [c for c in features.columns(name) if c in rows.columns] for name, rows in empty.items()}
    (frame,) = features.compute(
        {name: rows.select(columns[name]) for name, rows in empty.items()}, [date(2026, 2, 1)]
    )
    assert frame.is_empty()


@pytest.fixture
def tables(tmp_path):
    """Cash counted anew; its share is retired."""
    indicators = [CASH, CASH | {"version": 2}, SHARE | {"retired": "2026-03-01: a|b"}]
    table = loaded(tmp_path, ADDING | {"indicators": indicators, "category": "cash"})
    return {table.name: table}


def test_the_page_is_by_category_and_tells_last_what_is_published_no_more(tables):
    lines = reference_page(tables).splitlines()
    assert [line for line in lines if line.startswith("#")] == [
        "# Indicators", "## account_features (6 indicators)", "### Money in and out · 资金收付", "### Cash · 现金",
        "### Other · 其他", "## Retired and earlier versions · 已停用与早期版本",
    ]  # fmt: skip
    assert [line for line in lines if "`cash" in line] == [  # the bar in a reason would end its cell
        "| `cash_7d` | cash, last 7 d | 近7天取现 | yuan | decimal(18,2) | 0 | transactions | 2 |",
        "| `cash_7d@1` | cash, last 7 d | 近7天取现 | yuan | transactions | a newer version is in force |",
        "| `cash_share_7d@1` | share of cash, last 7 d | 近7天取现占比 | ratio | transactions "
        "| retired 2026-03-01: a\\|b |",
    ]  # fmt: skip


def test_a_contract_names_the_version_of_a_column_above_1(tables, tmp_path):
    _, contract, _ = write(tmp_path / "out", tables)
    assert {c.name: c.version for c in read_contract(contract).columns if c.version != 1} == {"cash_7d": 2}
    assert contract.read_text().count("property: version") == 1
