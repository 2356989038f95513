"""Scenario parameters (W14): who is scored, by which model, from which score on, onto which list."""

from dataclasses import dataclass, fields
from typing import Any

import yaml

from conf.errors import UsageError
from conf.settings import CONF, Settings

FLOWS = ("nightly", "screening")


@dataclass(frozen=True)
class Scenario:
    """One row of `conf/scenarios`; see the comments there for what each value does."""

    name: str
    title: dict[str, str]  # language -> words
    subject: str  # account or card
    population: str  # new or existing
    flow: str  # nightly or screening: which DAG scores it
    lists: dict[str, str]  # customer type (or card kind) -> list table
    model: str  # name of a ModelSpec
    new_days: int  # a subject is new for this many days after opening
    red_from: float  # scores from here on are red
    yellow_from: float  # scores from here on are yellow
    list_from: float  # scores below are not listed
    capacity: int  # at most so many rows per list, the highest scores
    skip_known_days: int  # leave out subjects confirmed within so many days before `as_of`; 0 keeps all
    control_suggestions: dict[str, dict[str, str]]  # label -> language -> words

    def label(self, score: float) -> str:
        """The risk label of a score 0-100."""
        return "red" if score >= self.red_from else "yellow" if score >= self.yellow_from else "green"


def load_scenarios(settings: Settings) -> tuple[Scenario, ...]:
    """The scenarios of this environment, in its order; UsageError names an unknown key or a bad value."""
    return tuple(load_scenario(name) for name in settings.scenarios)


def load_scenario(name: str) -> Scenario:
    """One scenario from `conf/scenarios/<name>.yaml`."""
    file = CONF / "scenarios" / f"{name}.yaml"
    if not file.is_file():
        found = sorted(f.stem for f in file.parent.glob("*.yaml"))
        raise UsageError(f"scenario {name!r} has no file conf/scenarios/{name}.yaml; found {found}")
    values: dict[str, Any] = {"name": name} | (yaml.safe_load(file.read_text(encoding="utf-8")) or {})
    known = {f.name for f in fields(Scenario)}
    if values.keys() != known:
        unknown, missing = sorted(values.keys() - known), sorted(known - values.keys())
        raise UsageError(f"conf/scenarios/{name}.yaml: unknown keys {unknown}, missing keys {missing}")
    scenario = Scenario(**values)
    if scenario.flow not in FLOWS or scenario.subject not in ("account", "card"):
        raise UsageError(f"conf/scenarios/{name}.yaml: flow must be one of {FLOWS}, subject account or card")
    if not 0 <= scenario.list_from <= scenario.yellow_from <= scenario.red_from <= 100:
        raise UsageError(
            f"conf/scenarios/{name}.yaml: wanted 0 <= list_from <= yellow_from <= red_from <= 100"
        )
    return scenario
