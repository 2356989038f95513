"""Settings: merged in order, typed, and a misspelt key is named."""

import dataclasses
from datetime import date, time
from pathlib import Path

import pytest
import yaml

from conf import settings as module
from conf.days import DayRange
from conf.errors import UsageError
from conf.settings import config_hash, environments, explain_settings, load_settings


@pytest.fixture
def conf(tmp_path, monkeypatch):
    """A conf folder of its own with the shipped base and one environment to write to."""
    (tmp_path / "base.yaml").write_text((module.CONF / "base.yaml").read_text())
    monkeypatch.setattr(module, "CONF", tmp_path)

    def write(text: str) -> None:
        (tmp_path / "own.yaml").write_text(text)

    write("{}")
    return write


def test_every_shipped_environment_loads():
    assert {"local", "test", "prod", "handbook", "berka"} <= set(environments())
    for name in environments():
        assert load_settings(name).environment == name


def test_environment_file_overrides_base_and_variable_overrides_both(conf, monkeypatch):
    conf("language: en\nlake: own/lake")
    monkeypatch.setenv("RISKVANE_LAKE", "/elsewhere/lake")
    loaded = load_settings("own", Path("/home/bank"))
    assert (loaded.language, loaded.lake) == ("en", Path("/elsewhere/lake"))
    origins = {o.key: o.source for o in explain_settings("own", Path("/home/bank"))}
    assert origins["language"] == "conf/own.yaml"
    assert origins["lake"] == "variable RISKVANE_LAKE"
    assert origins["timezone"] == "conf/base.yaml"


def test_relative_paths_start_from_home(conf):
    assert load_settings("own", Path("/home/bank")).lake == Path("/home/bank/build/lake")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("lakee: x", "lakee"),  # misspelt
        ("cutoff: noon", "cutoff"),  # not a time
        ("spark_shuffle_partitions: many", "spark_shuffle_partitions"),  # not a number
        ("spark_shuffle_partitions: true", "spark_shuffle_partitions"),  # a bool is not a number here
        ("max_quarantined_share: lots", "max_quarantined_share"),
        ("language: fr", "language"),  # only zh and en have words
    ],
)
def test_a_wrong_key_or_value_is_named(conf, text, named):
    conf(text)
    with pytest.raises(UsageError, match=named):
        load_settings("own")


def test_an_unknown_variable_is_named(conf, monkeypatch):
    monkeypatch.setenv("RISKVANE_LAKEE", "x")
    with pytest.raises(UsageError, match="RISKVANE_LAKEE"):
        load_settings("own")


def test_an_unknown_environment_names_the_known_ones():
    with pytest.raises(UsageError, match=r"moon.*local.*prod"):
        load_settings("moon")


@pytest.mark.parametrize("text", ['cutoff: "02:00"', "cutoff: 02:00"])  # YAML 1.1 reads the second as 120
def test_a_time_reads_with_and_without_quotes(conf, text):
    conf(text)
    assert load_settings("own").cutoff == time(2)


def test_the_hash_follows_values_not_the_folder_the_project_lies_in():
    here, there = load_settings("test", Path("/a")), load_settings("test", Path("/b"))
    assert config_hash(here) == config_hash(there)
    assert config_hash(here) != config_hash(dataclasses.replace(here, max_duplicate_share=0.4))


def test_base_yaml_names_every_setting_or_an_environment_does():
    base = yaml.safe_load((module.CONF / "base.yaml").read_text())
    known = {f.name for f in dataclasses.fields(module.Settings)} - {"home", "environment"}
    assert base.keys() == known


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (DayRange(date(2026, 1, 1), date(2026, 1, 3)), [1, 2, 3]),  # both ends inclusive
        (DayRange(date(2026, 1, 1), date(2026, 1, 1)), [1]),
        (DayRange(date(2026, 1, 1), date(2026, 1, 6), every=2), [2, 4, 6]),  # counted back from the last
        (DayRange(date(2026, 1, 1), date(2026, 1, 7), every=3), [1, 4, 7]),
    ],
)
def test_days_of_a_range(days, expected):
    assert [d.day for d in days] == expected
    assert len(days) == len(expected)


def test_a_range_that_ends_before_it_begins_is_refused():
    with pytest.raises(UsageError, match="2026-01-02 to 2026-01-01"):
        DayRange(date(2026, 1, 2), date(2026, 1, 1))
