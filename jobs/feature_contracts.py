"""Writes what follows from the declared indicators: two contracts and the reference page.

Run as `python -m jobs.feature_contracts` after an indicator was added; a test holds them in step.
"""

from collections.abc import Mapping
from pathlib import Path

from data_contracts.contract import ColumnContract
from data_contracts.writer import write_contract
from features.catalogue import FEATURE_TABLES
from features.indicator import Indicator
from features.reference import reference_page
from features.table import FeatureTable

ROOT = Path(__file__).parents[1]
SUBJECTS = {"account_features": ("account", "account"), "card_features": ("card", "phone")}
UNLIMITED = (
    "yuan",
    "days",
    "times",
    "years",
    "yuan a day",
    "calls a day",
)  # balances and gaps may be below zero


def write(root: Path, tables: Mapping[str, FeatureTable] = FEATURE_TABLES) -> list[Path]:
    """Write the files of `tables` under `root`; the same declarations give the same bytes."""
    page = root / "docs" / "reference" / "indicators.md"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(reference_page(tables), encoding="utf-8")
    return [page, *(_contract(root / "data_contracts", table) for table in tables.values())]


def _contract(folder: Path, features: FeatureTable) -> Path:
    table = features.name
    subject, tag = SUBJECTS[table]
    keys = [
        ColumnContract("as_of", "date", "Morning of delivery; partition column.", required=True),
        ColumnContract("subject_id", "string", f"The {subject}.", required=True, pseudonym=tag),
    ]
    columns = keys + [_column(indicator) for indicator in features.indicators]
    description = f"Indicators of every {subject} in use, as known on the morning; declared in features/."
    return write_contract(folder / f"{table}.odcs.yaml", table, "features", "daily", description, columns)


def _column(indicator: Indicator) -> ColumnContract:
    return ColumnContract(
        indicator.name,
        indicator.spark_type,
        minimum=None if indicator.unit in UNLIMITED else 0,
        maximum=1 if indicator.unit in ("ratio", "yes or no") else None,
        description=f"{indicator.en}; {indicator.zh}",
        unit=indicator.unit or None,
        version=indicator.version,
    )


if __name__ == "__main__":
    for path in write(ROOT):
        print(path.relative_to(ROOT))
