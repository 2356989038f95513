"""Writes what follows from the declared indicators: two contracts of each feature table and the reference page.

Run as `python -m jobs.feature_contracts` after an indicator was added; a test holds them in step.
"""

from collections.abc import Mapping
from pathlib import Path

from data_contracts.contract import ColumnContract
from data_contracts.writer import write_contract
from features.catalogue import FEATURE_TABLES
from features.indicator import Indicator
from features.normals import FEWEST, PEERS, normals_table
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
    folder = root / "data_contracts"
    contracts = [path for t in tables.values() for path in (_contract(folder, t), _normals(folder, t))]
    return [page, *contracts]


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


def _normals(folder: Path, features: FeatureTable) -> Path:
    """What is usual among peers: see `features.normals`."""
    subject, _ = SUBJECTS[features.name]
    peers, of = ", ".join(PEERS[features.name]), "unit of the indicator"
    columns = [
        ColumnContract("as_of", "date", "Morning of delivery; partition column.", required=True),
        ColumnContract("peer_class", "string", f"Class of the {subject}: {peers}.", required=True),
        ColumnContract("indicator", "string", f"Column of {features.name}.", required=True),
        ColumnContract("median", "double", "Middle of the known values; null where none is.", unit=of),
        ColumnContract("p90", "double", "A tenth of the known values lies above.", unit=of),
        ColumnContract(
            "subjects", "bigint", "Subjects of the class whose figures these are.",
            required=True, minimum=1, unit=f"{subject}s",
        ),
        ColumnContract(
            "null_share", "double", "Share of them without a value.",
            required=True, minimum=0, maximum=1, unit="ratio",
        ),
        ColumnContract(
            "fallback", "string", f"Wider class whose figures these are; null where it is its own, of {FEWEST} or more."
        ),
    ]  # fmt: skip
    table = normals_table(features.name)
    return write_contract(
        folder / f"{table}.odcs.yaml", table, "features", "daily",
        f"What is usual for an indicator among {subject}s of one class, on each morning.", columns,
        primary_key=("as_of", "peer_class", "indicator"), grain="One row per class of peers, indicator and as_of.",
    )  # fmt: skip


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
