"""Who is scored: new or existing by the day of opening, nobody twice for the same thing."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import polars as pl
import pytest

from conf.scenarios import load_scenario
from models.population import population

AS_OF = date(2026, 3, 5)
NEW = load_scenario("account_monitoring")  # 30 days; known ones rest for 60
OLD = load_scenario("account_screening")


def at(days_before, hour=12):
    day = AS_OF - timedelta(days=days_before)
    return datetime(day.year, day.month, day.day, hour)


@pytest.fixture(scope="module")
def frames():
    opened = {
        "today": at(0, 0),  # opened on as_of itself: not yet anybody's
        "yesterday": at(1, 23),
        "edge": at(30, 0),  # the last day that is new
        "older": at(31, 23),
        "known": at(5),
        "known_long_ago": at(90),
        "known_tomorrow": at(5),
        "cleared": at(5),
    }
    rows = [(name, "c", "private", "b", moment) for name, moment in opened.items()]
    columns = ["subject_id", "customer_id", "customer_type", "branch_id", "opened_at"]
    subjects = pl.DataFrame(rows, columns, orient="row")
    labels = [
        ("account", "known", 1, AS_OF),
        (
            "account",
            "known_long_ago",
            1,
            AS_OF - timedelta(days=60),
        ),  # sixty mornings ago: may be looked at again
        ("account", "known_tomorrow", 1, AS_OF + timedelta(days=1)),
        ("account", "cleared", 0, AS_OF),
        ("card", "yesterday", 1, AS_OF),  # a card that happens to have the same name
    ]
    return subjects, pl.DataFrame(
        labels, ["subject_kind", "subject_id", "label", "known_as_of"], orient="row"
    )


@pytest.mark.parametrize(
    ("scenario", "asked"),
    [
        (NEW, {"yesterday", "edge", "known_tomorrow", "cleared"}),
        (replace(NEW, skip_known_days=0), {"yesterday", "edge", "known_tomorrow", "cleared", "known"}),
        (OLD, {"older", "known_long_ago"}),
    ],
)
def test_the_population_of_a_scenario(frames, scenario, asked):
    found = population(*frames, scenario, AS_OF)
    assert set(found["subject_id"]) == asked
    assert found.select("as_of", "population").unique().rows() == [(AS_OF, scenario.population)]


def test_an_imported_list_may_name_accounts_or_their_holders(frames):
    subjects, labels = frames
    assert set(population(subjects, labels, NEW, AS_OF, {"edge", "nobody"})["subject_id"]) == {"edge"}
    assert population(subjects, labels, NEW, AS_OF, {"c"}).height == 4  # everybody's holder
    assert population(subjects, labels, NEW, AS_OF, set()).is_empty()
