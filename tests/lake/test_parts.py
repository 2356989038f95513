from datetime import date, timedelta

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from conf.days import DayRange
from data_contracts.contract import load_contract
from lake.parts import Part
from tests.lake.rows import AS_OF, NEXT

SCORES, SMS = load_contract("account_scores"), load_contract("sms")
LATER = NEXT + timedelta(days=1)


def test_values_are_quoted():
    part = Part(SCORES, DayRange.one(AS_OF), {"scenario": ("a", "o'brien\\")})
    day = "`as_of` >= DATE'2026-03-09' AND `as_of` <= DATE'2026-03-09'"
    assert part.predicate() == day + r" AND `scenario` IN ('a', 'o\'brien\\')"


def test_a_range_with_gaps_names_its_mornings():
    part = Part(SMS, DayRange(AS_OF, LATER, every=2))
    assert part.predicate() == "`known_as_of` IN (DATE'2026-03-09', DATE'2026-03-11')"
    assert str(part) == "known_as_of 2026-03-09..2026-03-11"


@pytest.mark.parametrize(
    ("part", "is_absent"),
    [
        (Part(SCORES, DayRange.one(AS_OF)), False),
        (Part(SCORES, DayRange.one(AS_OF), {"scenario": ("m",)}), False),
        (Part(SCORES, DayRange.one(AS_OF), {"scenario": ("a", "z")}), False),  # statistics cannot tell
        (Part(SCORES, DayRange.one(AS_OF), {"scenario": ("a", "l")}), True),  # both before every value
        (Part(SCORES, DayRange.one(AS_OF), {"scenario": ("z",)}), True),
        (Part(SCORES, DayRange.one(AS_OF), {"population": ("new",)}), False),  # not in the file's statistics
        (Part(SCORES, DayRange(NEXT, LATER)), True),
        (Part(SCORES, DayRange(AS_OF - timedelta(days=3), AS_OF)), False),
    ],
)
def test_a_part_is_absent_when_no_file_can_hold_a_row_of_it(tmp_path, part, is_absent):
    assert part.is_absent(tmp_path / "never_written")
    nothing = pa.array([None, None], pa.string())
    days = pa.array([AS_OF] * 2, pa.date32())
    rows = pa.table({"as_of": days, "scenario": ["m", "n"], "population": nothing})
    config = {"delta.dataSkippingStatsColumns": "scenario"}
    write_deltalake(str(tmp_path / "t"), rows, partition_by=["as_of"], configuration=config)
    assert part.is_absent(tmp_path / "t") is is_absent


def test_an_event_partition_is_looked_at_by_the_mornings_of_its_rows(tmp_path):
    days = pa.array([AS_OF, NEXT], pa.date32())
    happened = pa.array([date(2026, 3, 8)] * 2, pa.date32())
    write_deltalake(
        str(tmp_path / "t"),
        pa.table({"known_as_of": days, "event_date": happened}),
        partition_by=["event_date"],
    )
    assert not Part(SMS, DayRange.one(NEXT), {"source": ("demo",)}).is_absent(tmp_path / "t")
    assert Part(SMS, DayRange.one(LATER), {"source": ("demo",)}).is_absent(tmp_path / "t")
