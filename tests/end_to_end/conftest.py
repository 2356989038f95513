"""One tiny province, run through the tour once for all tests here: the command, Airflow, Spark, all real."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest

from conf.settings import Settings, load_settings
from privacy.keys import KeyRing

ROOT = Path(__file__).parents[2]
DAYS = 35
MORNING = date(2026, 1, 5) + timedelta(days=DAYS)


@dataclass(frozen=True)
class Province:
    """A home folder in which the tour ran, and how to call `riskvane` there."""

    home: Path
    settings: Settings
    tour: subprocess.CompletedProcess[str]
    riskvane: Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def province(tmp_path_factory: pytest.TempPathFactory) -> Province:
    """The tour on a tiny province in a home of its own, which only shares the fetched JARs."""
    home = tmp_path_factory.mktemp("home")
    (home / "build" / "spark").mkdir(parents=True)
    (home / "build" / "jars").symlink_to(ROOT / "build" / "jars")
    (home / "build" / "spark" / "classes.jsa").symlink_to(ROOT / "build" / "spark" / "classes.jsa")
    truth = home / "build" / "demo" / "truth"
    environment = {key: value for key, value in os.environ.items() if not key.startswith("AIRFLOW")}
    environment |= {
        "RISKVANE_HOME": str(home),
        "RISKVANE_ENV": "test",
        "RISKVANE_TRUTH": str(truth),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }

    def riskvane(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "jobs.cli", *arguments]
        return subprocess.run(
            command, env=environment, cwd=home, capture_output=True, text=True, timeout=2400
        )

    KeyRing.create(load_settings("test", home).keys)  # what `make setup` does for a home
    tour = riskvane("first-run", "--size", "tiny")
    return Province(home, load_settings("test", home).with_(truth=truth), tour, riskvane)
