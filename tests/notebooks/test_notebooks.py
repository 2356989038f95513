"""Each notebook runs from its first cell to its last on a little lake, as somebody would who opens it."""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from conf.settings import load_settings
from tests.review.rows import pseudonym, put

FOLDER = Path(__file__).parents[2] / "notebooks"
AS_OF = date(2026, 3, 6)
CLASS = "private | I | unknown"


@pytest.fixture
def lake(tmp_path, monkeypatch):
    """Two new accounts and three that were there, on two mornings."""
    monkeypatch.setenv("RISKVANE_HOME", str(tmp_path))
    monkeypatch.setenv("MPLBACKEND", "agg")
    settings = load_settings()
    assert tmp_path in settings.lake.parents
    accounts = [("a", 3, 10), ("b", 30, 20), ("c", 31, 1), ("d", 400, 2), ("e", 900, 3)]
    rows = [
        {
            "as_of": day,
            "subject_id": pseudonym("account", letter),
            "account_age": age,
            "in_count_7d": count,
            "in_amount_7d": Decimal(100 * count),
            "payer_count_7d": 1,
        }
        for day in (date(2026, 3, 5), AS_OF)
        for letter, age, count in accounts
    ]
    put(settings, "account_features", rows)
    register = {"customer_type": "private", "account_class": "I", "known_as_of": date(2026, 1, 5)}
    put(
        settings, "accounts", [register | {"account_id": pseudonym("account", one)} for one, _, _ in accounts]
    )
    usual = {"as_of": AS_OF, "peer_class": CLASS, "subjects": 5, "null_share": 0.0}
    put(
        settings,
        "account_normals",
        [
            usual | {"indicator": name, "median": 3.0, "p90": 16.0}
            for name in ("in_count_7d", "payer_count_7d")
        ],
    )
    return settings


def cells(file: Path) -> list[str]:
    """The code cells of a notebook kept as text."""
    parts = re.split(r"^# %%(.*)$", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return [code for kind, code in zip(parts[1::2], parts[2::2], strict=True) if "[markdown]" not in kind]


def run(file: Path) -> dict:
    """What the cells have defined in the end."""
    names: dict = {"__name__": "__main__"}
    for code in cells(file):
        exec(compile(code, str(file), "exec"), names)
    return names


def test_features_of_a_morning(lake, capsys):
    names = run(FOLDER / "features_of_a_morning.py")
    assert names["as_of"] == AS_OF
    middle = names["quantiles"].loc[0.5]
    assert (middle["in_count_7d", "new"], middle["in_count_7d", "existing"]) == (15.0, 2.0)
    assert set(names["figures"]) == {"in_count_7d", "in_amount_7d", "payer_count_7d", "night_share_7d"}
    said = capsys.readouterr().out
    assert f"account_features {AS_OF}" in said
    assert CLASS in said
    assert "account1_" not in said  # shares of many, never a row


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.py")), ids=lambda file: file.name)
def test_a_notebook_begins_with_its_question_and_the_date_of_its_data(file):
    first = file.read_text(encoding="utf-8").split("# %%")[1]
    assert first.startswith(" [markdown]")
    assert "?" in first
    assert "Data:" in first
    assert f"test_{file.stem}" in globals(), f"{file.name} has no test here that runs it"
