"""One tiny world per test run; nobody changes it."""

from datetime import date
from pathlib import Path

import pytest

from demo.plan import Arguments, Plan, build_plan
from demo.profile import load_profile
from demo.world import generate

DAYS = 12


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny world of twelve days, made by one process."""
    root = tmp_path_factory.mktemp("world")
    generate(root, "tiny", DAYS, processes=1)
    return root


@pytest.fixture(scope="session")
def plan() -> Plan:
    """The plan of that world."""
    return build_plan(Arguments("tiny", DAYS, 7, date(2026, 1, 5), load_profile()))
