"""The declarations: names, words, and the files that follow from them."""

from pathlib import Path

import pytest

from features.catalogue import FEATURE_GROUPS, LOOK_BACK, indicators_of
from jobs.feature_contracts import write
from models.reasons import UNITS_ZH

ROOT = Path(__file__).parents[2]


def test_contracts_and_reference_page_are_those_of_the_declarations(tmp_path):
    for fresh in write(tmp_path):
        kept = ROOT / fresh.relative_to(tmp_path)
        assert kept.read_text() == fresh.read_text(), f"{kept.name}: run `python -m jobs.feature_contracts`"


@pytest.mark.parametrize("table", FEATURE_GROUPS)
def test_each_indicator_has_words_in_both_languages_and_a_unit_that_people_read(table):
    for indicator in indicators_of(table):
        assert indicator.zh, indicator.name
        assert indicator.en, indicator.name
        assert "{" not in indicator.zh + indicator.en
        assert indicator.unit in {*UNITS_ZH, "ratio", "yes or no"}


@pytest.mark.parametrize("table", FEATURE_GROUPS)
def test_no_window_reaches_further_than_the_rows_that_a_night_reads(table):
    assert max(group.look_back for group in FEATURE_GROUPS[table]) <= LOOK_BACK[table]
