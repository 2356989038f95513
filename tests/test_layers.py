"""The house: who may import whom, and what a DAG file must not load."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# A folder may import the folders named beside it, and itself.
MAY_IMPORT = {
    "conf": set(),
    "data_contracts": {"conf"},
    "privacy": {"conf"},
    "lake": {"conf", "data_contracts", "privacy"},
    "features": {"conf", "data_contracts"},
    "models": {"conf", "data_contracts", "features"},
    "review": {"conf", "data_contracts", "privacy", "lake"},
    "demo": {"conf", "data_contracts"},
    "jobs": {"conf", "data_contracts", "privacy", "lake", "features", "models", "review", "demo"},
    # DAG files know steps and dates by name; settings tell them where things lie.
    "dags": {"conf"},
}
# A notebook looks at whatever it likes; nothing looks at a notebook.
MAY_IMPORT["notebooks"] = {*MAY_IMPORT}
HEAVY = {
    "pyspark",
    "polars",
    "pandas",
    "mlflow",
    "great_expectations",
    "lightgbm",
    "sklearn",
    "numpy",
    "deltalake",
}
FILES = [file for folder in MAY_IMPORT for file in sorted((ROOT / folder).rglob("*.py"))]


def imported(file: Path, *, top_level_only: bool = False) -> set[str]:
    """First parts of the modules that `file` imports."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    nodes = tree.body if top_level_only else list(ast.walk(tree))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and node.level == 0}
    return {name.split(".")[0] for name in names}


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(ROOT)))
def test_imports_go_one_way_through_the_folders(file):
    folder = file.relative_to(ROOT).parts[0]
    ours = imported(file) & MAY_IMPORT.keys()
    assert ours - MAY_IMPORT[folder] - {folder} == set()


@pytest.mark.parametrize("file", sorted((ROOT / "dags").glob("*.py")), ids=lambda f: f.name)
def test_a_dag_file_loads_nothing_heavy(file):
    assert imported(file, top_level_only=True) & HEAVY == set()


def test_every_folder_of_the_house_was_looked_at():
    assert {file.relative_to(ROOT).parts[0] for file in FILES} == MAY_IMPORT.keys()


def test_nothing_but_the_report_step_and_the_demo_knows_of_ground_truth():
    """The pipeline must never read what a real bank would not have."""
    knowing = {
        str(file.relative_to(ROOT))
        for file in FILES
        if "settings.truth" in file.read_text(encoding="utf-8") and file.parts[-2] != "demo"
    }
    assert knowing <= {"jobs/report.py", "jobs/findings.py"}
