from datetime import date, timedelta

import pytest

from conf.days import DayRange
from conf.errors import UsageError
from data_contracts.contract import load_contract
from lake.publish import publish
from lake.quarantine import quarantine
from lake.rows import dimension_rows, known_events
from lake.runs import Run
from lake.tables import read_day, read_table
from tests.lake.rows import AS_OF, LINEAGE, NEXT, batch, frame, message, rows_of

YESTERDAY = AS_OF - timedelta(days=1)
LATER = NEXT + timedelta(days=1)


@pytest.fixture
def run(spark, settings):
    return Run.start(spark, settings, "nightly")


def publish_range(spark, settings, run, table, rows, days=None):
    publish(frame(spark, table, rows), settings, table, days or DayRange(AS_OF, LATER), run)


def test_a_table_that_was_never_written_is_an_empty_frame_with_its_columns(spark, settings):
    found = [
        read_table(spark, settings, "sms"),
        read_day(spark, settings, "account_scores", AS_OF),
    ]
    for rows, table in zip(found, ("sms", "account_scores"), strict=True):
        assert rows.collect() == []
        assert rows.schema == load_contract(table).spark_schema()
    events, dimension = (
        known_events(settings, "sms", YESTERDAY, AS_OF),
        dimension_rows(settings, "accounts", AS_OF),
    )
    for rows, table in ((events.collect(), "sms"), (dimension, "accounts")):
        assert rows.is_empty()
        assert rows.columns == [column.name for column in load_contract(table).columns]
    with pytest.raises(UsageError, match="no table 'smss' is under contract"):
        read_table(spark, settings, "smss")


def test_events_are_those_of_the_days_that_the_morning_knew(spark, settings, run):
    rows = [
        message("too old", YESTERDAY - timedelta(days=2)),
        message("first day", YESTERDAY - timedelta(days=1)),
        message("last day", YESTERDAY),
        message("happens at as_of", AS_OF),
        message("late, not known yet", YESTERDAY, NEXT, is_late=True),
        message("late, known at last", YESTERDAY - timedelta(days=1), AS_OF, is_late=True),
    ]
    publish_range(spark, settings, run, "sms", rows)

    def known(first, as_of):
        return set(known_events(settings, "sms", first, as_of).collect()["sms_id"])

    assert known(YESTERDAY - timedelta(days=1), AS_OF) == {"first day", "last day", "late, known at last"}
    # on the next morning the late row counts
    assert known(YESTERDAY, NEXT) == {"last day", "late, not known yet", "happens at as_of"}
    assert [row.sms_id for row in read_day(spark, settings, "sms", NEXT).collect()] == ["late, not known yet"]


def test_a_dimension_gives_the_newest_change_that_the_morning_knew(spark, settings, run):
    def cell(cell_id: str, county: str, known_as_of: date, source_line: int = 1):
        return LINEAGE | {
            "cell_id": cell_id,
            "county": county,
            "known_as_of": known_as_of,
            "source_line": source_line,
        }

    rows = [
        cell("a", "old", AS_OF),
        cell("a", "new", NEXT),
        cell("a", "newest, not known yet", LATER),
        cell("b", "only", AS_OF),
        cell("c", "not known yet", LATER),
    ]
    publish_range(spark, settings, run, "cells", rows)
    found = dimension_rows(settings, "cells", NEXT)
    assert dict(found.select("cell_id", "county").rows()) == {"a": "new", "b": "only"}
    assert found.columns == [column.name for column in load_contract("cells").columns]


def test_a_change_counts_from_the_day_on_which_it_becomes_valid(spark, settings, run):
    def phone(valid_from: date, brand: str):
        return LINEAGE | {
            "tac": "35000000",
            "valid_from": valid_from,
            "brand": brand,
            "terminal_class": "phone",
        }

    rows = [phone(YESTERDAY, "today's"), phone(NEXT, "tomorrow's")]  # both are known on AS_OF
    publish_range(spark, settings, run, "tac_library", rows)
    brands = [dimension_rows(settings, "tac_library", day)["brand"].item() for day in (AS_OF, NEXT)]
    assert brands == ["today's", "tomorrow's"]


def test_quarantine_of_a_morning_is_replaced_table_by_table(spark, settings, run):
    def refused(table: str, line: int, source: str = "demo"):
        row = {"as_of": AS_OF, "source": source, "table": table, "source_file": "f", "source_line": line}
        return row | {"reasons": ["amount: missing"], "broken_columns": ["amount"], "row_hash": "0" * 64}

    def put(rows, *tables, source="demo"):
        given = batch("quarantine", rows)
        quarantine(given, settings, source, tables, DayRange.one(AS_OF), run)
        return rows_of(read_table(spark, settings, "quarantine").select("source", "table", "source_line"))

    put([refused("calls", 1), refused("sms", 2)], "calls", "sms")
    put([refused("calls", 3, "other")], "calls", source="other")
    rerun = put([refused("sms", 2)], "calls", "sms")  # this time no call was refused
    assert rerun == [("demo", "sms", 2), ("other", "calls", 3)]


def test_published_rows_come_back_as_they_were(spark, settings, run):
    rows = [message("a", YESTERDAY, received_at=LINEAGE["received_at"])]
    publish(frame(spark, "sms", rows), settings, "sms", DayRange.one(AS_OF), run)
    assert rows_of(read_table(spark, settings, "sms")) == rows_of(frame(spark, "sms", rows))
