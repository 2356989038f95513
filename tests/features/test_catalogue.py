"""The declarations: names, words, and the files that follow from them."""

from datetime import date
from pathlib import Path

import pytest

from features.catalogue import FEATURE_TABLES, indicators_of
from jobs.feature_contracts import write
from models.reasons import UNITS_ZH
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


@pytest.mark.parametrize("table", FEATURE_TABLES)
def test_each_expression_is_made_of_known_words_and_columns(table):
    features = FEATURE_TABLES[table]
    empty = {name: mart(name, []) for name in (*features.events, *features.references)}
    columns = {name: [c for c in features.columns(name) if c in rows.columns] for name, rows in empty.items()}
    (frame,) = features.compute(
        {name: rows.select(columns[name]) for name, rows in empty.items()}, [date(2026, 2, 1)]
    )
    assert frame.is_empty()
