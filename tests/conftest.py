"""Shared fixtures: one Spark session per process, settings that keep every path under `tmp_path`."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from conf.settings import Settings, load_settings
from conf.spark import spark_session

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session", autouse=True)
def _quiet_environment() -> None:
    for key in [k for k in os.environ if k.startswith("RISKVANE_")]:
        del os.environ[key]
    os.environ["RISKVANE_ENV"] = "test"
    os.environ["RISKVANE_HOME"] = str(ROOT)
    os.environ.update({"GX_ANALYTICS_ENABLED": "false", "MLFLOW_DISABLE_TELEMETRY": "true"})


@pytest.fixture(scope="session")
def spark() -> Iterator["SparkSession"]:  # noqa: F821
    """The one session of this test process, as the jobs configure it."""
    session = spark_session("tests", load_settings("test", ROOT))
    yield session
    session.stop()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of the test environment with every folder under `tmp_path`."""
    base = load_settings("test", ROOT)
    folders = ("landing", "lake", "keys", "vault", "reports", "worklists", "data_docs", "mlflow_artifacts")
    changes = {name: tmp_path / name for name in folders}
    return base.with_(
        **changes, truth=None, mlflow_uri=f"sqlite:///{tmp_path}/mlflow.db", airflow_home=tmp_path / "airflow"
    )
