"""The data dictionary page, made from the contracts: `python -m data_contracts.dictionary`."""

import sys
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from data_contracts.contract import ColumnContract, Contract, all_contracts

PAGE = Path("docs/reference/data_dictionary.md")
HEAD = """# Data dictionary

Made from `data_contracts/*.odcs.yaml` by `python -m data_contracts.dictionary`; change the contracts, not this page.

Tables lie in `<lake>/<layer>/<table>`. *Pseudonym* columns hold `<tag><key number>_<20 characters>` in place of an
identifier. *Must* columns are never empty. Event tables say when something happened (`happened_at`), and every row
of the mart says when and how it came (`received_at` to `source_line`).
"""
LAYER_WORDS = {
    "landing": "Files as they land, before anything is done to them. Only here identifiers are in clear.",
    "mart": "Checked, pseudonymised rows of all sources in one shape.",
    "features": "Indicators per subject and morning.",
    "decisions": "Scores per subject and morning.",
    "lists": "What reviewers get.",
    "review": "What reviewers answer.",
    "ops": "The ledger of runs and what was refused.",
}


def write_dictionary(path: Path, contracts: Iterable[Contract] | None = None) -> Path:
    """Write the page: one section per table, by layer. The same contracts give the same bytes."""
    chosen = list(all_contracts().values() if contracts is None else contracts)
    parts = [HEAD]
    for layer, tables in groupby(chosen, key=lambda contract: contract.layer):
        parts.append(f"## {layer}\n\n{LAYER_WORDS[layer]}\n")
        parts += [section(contract) for contract in tables]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(parts), encoding="utf-8")
    return path


def section(contract: Contract) -> str:
    """One table: what it is, its grain and key, and a row per column."""
    facts = [
        f"### {contract.table}",
        "",
        contract.description,
        *([contract.limitations] if contract.limitations else []),
        "",
        f"- {contract.grain}",
        f"- Key: {_code(contract.primary_key)}" + _newest(contract),
        f"- Partitioned by {_code(contract.partition_by) or 'nothing'}; kind {contract.kind}; "
        f"version {contract.version}; owner {contract.owner}",
        "",
        "| column | type | unit | must | allowed | held as | meaning |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *(_row(column) for column in contract.columns),
        "",
    ]
    return "\n".join(facts)


def _newest(contract: Contract) -> str:
    return f"; the newest row per {_code(contract.key)} counts" if contract.kind == "dimension" else ""


def _row(column: ColumnContract) -> str:
    held = f"pseudonym: {column.pseudonym}" if column.pseudonym else f"clear, {column.classification}"
    must = "yes" if column.required else ""
    cells = [_code([column.name]), column.spark_type, column.unit or "", must, _allowed(column), held]
    return "| " + " | ".join(_cell(text) for text in [*cells, column.description]) + " |"


def _allowed(column: ColumnContract) -> str:
    if column.valid_values:
        return _code(map(str, column.valid_values))
    if column.pattern and not column.pseudonym:
        return _code([column.pattern])
    low, high = column.minimum, column.maximum
    if (low, high) == (None, None):
        return ""
    if high is None:
        return f"from {low:,}"
    return f"up to {high:,}" if low is None else f"{low:,} to {high:,}"


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    print(write_dictionary(Path(sys.argv[1]) if len(sys.argv) > 1 else PAGE))
