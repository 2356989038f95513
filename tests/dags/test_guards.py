"""What there is to work on for a morning, and how a run ends when there is nothing."""

from datetime import date

import pytest
import yaml
from airflow.sdk.exceptions import AirflowSkipException

from conf.errors import DataRefused, UsageError
from dags.guards import landed_feeds, stop, tables_without_features

MORNING = date(2026, 3, 6)


def source(tmp_path, *feeds):
    columns = {"transaction_id": "id"}
    given = [{"name": n, "table": "transactions", "format": "csv", "columns": columns, **f} for n, f in feeds]
    file = tmp_path / "bank.yaml"
    file.write_text(yaml.safe_dump({"title": "Bank", "timezone": "Asia/Shanghai", "feeds": given}))
    return str(file)


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("core/2026-03-06/part-000.csv", ["bank: same"]),
        ("core/2026-03-05/part-000.csv", []),  # yesterday's delivery is not today's
        ("core/2026-03-06/_MANIFEST.json", []),  # a manifest without its file
        ("late/20260305.csv", ["bank: before"]),  # the day before, in the source's own spelling
        ("all.csv", ["bank: whole"]),  # one file for all days counts on each
        (None, []),
    ],
)
def test_a_feed_has_landed_when_a_file_of_its_day_is_there(settings, tmp_path, file, expected):
    mapping = source(
        tmp_path,
        ("same", {"path": "core/{day}/part-*.csv"}),
        ("before", {"path": "late/{day}.csv", "day": "day_before", "day_format": "%Y%m%d"}),
        ("whole", {"path": "all.csv", "day": "none"}),
    )
    if file:
        (settings.landing / file).parent.mkdir(parents=True)
        (settings.landing / file).touch()
    assert landed_feeds(settings.with_(sources=(mapping,)), MORNING) == expected


def test_an_unknown_source_is_named(settings):
    with pytest.raises(UsageError, match="source 'nobody'"):
        landed_feeds(settings.with_(sources=("nobody",)), MORNING)


def test_only_tables_with_the_morning_count_as_written(settings):
    (settings.lake / "features" / "account_features" / "as_of=2026-03-06").mkdir(parents=True)
    (settings.lake / "features" / "card_features" / "as_of=2026-03-05").mkdir(parents=True)
    assert tables_without_features(settings, MORNING) == ["card_features"]


def test_a_morning_that_a_person_asked_for_fails_one_from_the_clock_is_skipped():
    with pytest.raises(DataRefused, match="nothing there"):
        stop("nothing there", "2026-03-06")
    with pytest.raises(AirflowSkipException, match="nothing there"):
        stop("nothing there", "")
