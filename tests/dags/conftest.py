"""DAGs as Airflow parses them; AIRFLOW_HOME must be set before Airflow's first import."""

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import DagBag

ROOT = Path(__file__).parents[2]
os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="airflow-"))
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"


@pytest.fixture(scope="session")
def bag() -> "DagBag":
    """All DAGs of the folder under the settings of the test environment."""
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(ROOT / "dags", bundle_path=ROOT)
