from datetime import date, timedelta

import pytest
from deltalake import DeltaTable

from conf.days import DayRange
from lake.files import event_index, paths
from lake.publish_batches import publish_batches
from lake.runs import Run
from lake.tables import table_path
from tests.lake.rows import AS_OF, NEXT, batch, message

YESTERDAY = AS_OF - timedelta(days=1)
LONG_AGO = AS_OF - timedelta(days=40)


@pytest.fixture
def log(settings):
    """Two mornings of messages: three rows of yesterday, one of long ago; then a late row of yesterday."""
    run = Run.start(None, settings, "nightly")
    rows = [message(f"a{n}", YESTERDAY) for n in range(3)] + [message("b", LONG_AGO, is_late=True)]
    publish_batches([batch("sms", rows)], settings, "sms", DayRange.one(AS_OF), run)
    late = [message("c", YESTERDAY, NEXT, is_late=True)]
    publish_batches([batch("sms", late)], settings, "sms", DayRange.one(NEXT), run)
    return DeltaTable(str(table_path(settings, "sms")))


def test_only_files_that_may_hold_the_wanted_rows_are_named(settings, log):
    folder = table_path(settings, "sms")
    named = [paths(log, folder, limits) for limits in (
        {},
        {"event_date": (YESTERDAY, YESTERDAY)},
        {"event_date": (YESTERDAY, YESTERDAY), "known_as_of": (NEXT, NEXT)},  # by statistics
        {"event_date": (date(2020, 1, 1), date(2020, 1, 2))},
    )]  # fmt: skip
    assert [len(files) for files in named] == [3, 2, 1, 0]
    assert all(file.startswith(f"{folder}/event_date=") for files in named for file in files)


def test_the_log_tells_of_each_file_its_day_its_rows_and_the_mornings_that_got_to_know_them(settings, log):
    found = event_index(log, table_path(settings, "sms"))
    told = sorted((f.event_date, f.first_known, f.last_known, f.rows) for f in found)
    assert told == [(LONG_AGO, AS_OF, AS_OF, 1), (YESTERDAY, AS_OF, AS_OF, 3), (YESTERDAY, NEXT, NEXT, 1)]
