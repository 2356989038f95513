"""One resolver finds the morning of a run; nothing ever means today."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from conf.errors import UsageError
from dags.dates import as_of


@pytest.mark.parametrize(
    ("asked", "key", "logical_date", "expected"),
    [
        ("2026-03-01", "2026-03-06", datetime(2026, 3, 7, tzinfo=UTC), "2026-03-01"),  # a person comes first
        (None, "2026-03-06", datetime(2026, 3, 7, tzinfo=UTC), "2026-03-06"),  # then the partition
        ("", "2026-03-06", None, "2026-03-06"),  # an emptied field of the trigger form
        (None, None, datetime(2026, 3, 5, 15, 59, tzinfo=UTC), "2026-03-05"),  # 23:59 in Shanghai
        (None, None, datetime(2026, 3, 5, 16, 0, tzinfo=UTC), "2026-03-06"),  # midnight in Shanghai
    ],
)
def test_the_morning_is_the_parameter_else_the_partition_else_the_logical_date(
    asked, key, logical_date, expected
):
    run = SimpleNamespace(partition_key=key, logical_date=logical_date)
    assert as_of(run, {"as_of": asked}) == expected


@pytest.mark.parametrize(
    ("asked", "key", "message"),
    [
        (None, None, "this run has no morning"),  # a blank trigger: never today
        ("tomorrow", None, "parameter as_of: wanted a date YYYY-MM-DD, found 'tomorrow'"),
        (None, "2026-03", "partition key: wanted a date YYYY-MM-DD, found '2026-03'"),
        (None, "2026-03-06T02:00:00", "partition key: wanted a date"),
    ],
)
def test_a_run_without_a_readable_morning_is_an_error_that_says_so(asked, key, message):
    with pytest.raises(UsageError, match=message):
        as_of(SimpleNamespace(partition_key=key, logical_date=None), {"as_of": asked})


def test_a_run_that_an_asset_started_has_no_logical_date_at_all():
    assert as_of(SimpleNamespace(partition_key="2026-03-06"), {}) == "2026-03-06"
