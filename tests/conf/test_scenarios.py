"""Scenario parameters: complete, ordered, and a label for every score."""

import pytest
import yaml

from conf import scenarios as module
from conf.errors import UsageError
from conf.scenarios import load_scenario, load_scenarios
from conf.settings import load_settings


def test_every_environment_names_scenarios_that_exist():
    for environment in ("local", "test", "handbook"):
        assert load_scenarios(load_settings(environment))


@pytest.mark.parametrize(
    ("score", "label"),
    [(0, "green"), (19.99, "green"), (20, "yellow"), (59.99, "yellow"), (60, "red"), (100, "red")],
)
def test_a_label_begins_exactly_at_its_threshold(score, label):
    assert load_scenario("account_monitoring").label(score) == label


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"capasity": 3}, "capasity"),  # misspelt
        ({"flow": "hourly"}, "flow"),
        ({"yellow_from": 70}, "yellow_from <= red_from"),  # above red
    ],
)
def test_a_wrong_scenario_is_named(tmp_path, monkeypatch, change, named):
    values = yaml.safe_load((module.CONF / "scenarios" / "account_monitoring.yaml").read_text())
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "own.yaml").write_text(yaml.safe_dump(values | change, allow_unicode=True))
    monkeypatch.setattr(module, "CONF", tmp_path)
    with pytest.raises(UsageError, match=named):
        load_scenario("own")
