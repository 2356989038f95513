"""Rows of a list as people see them: masked identifiers, words instead of codes, sentences instead of structs."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa

from data_contracts.contract import load_contract
from privacy.masking import mask
from privacy.vault import Vault
from review.columns import COLUMNS
from review.words import Words, words

TAG = re.compile(r"([a-z]+)\d+_")
WORDED = {"risk_label": "label", "customer_type": "customer_type", "card_kind": "card_kind"}


@dataclass(frozen=True)
class Row:
    """One row of a list: `values` as published, `shown` as text for people (empty where unknown)."""

    values: dict[str, Any]
    shown: dict[str, str]


def masked_identifiers(lists: Mapping[str, pa.Table], vault: Vault, reason: str, who: str) -> dict[str, str]:
    """The masked form of every pseudonym in `lists`, in one recorded read of the vault.

    A pseudonym that the vault does not know is absent.
    """
    found = {
        name
        for table, rows in lists.items()
        for column in load_contract(table).pseudonyms
        for name in rows[column].to_pylist()
        if name is not None
    }
    if not found:
        return {}
    clear = vault.reveal(sorted(found), reason, who)
    return {name: mask(tag_of(name), value) for name, value in clear.items()}


def tag_of(pseudonym: str) -> str:
    """The kind of identifier behind a pseudonym, which stands in front of its key number."""
    match = TAG.match(pseudonym)
    return match[1] if match else ""


def shown_rows(
    rows: pa.Table | None, table: str, masked: Mapping[str, str], titles: Mapping[str, str], language: str
) -> list[Row]:
    """The rows of one list, by scenario and rank. Unknown pseudonyms are shown as they are."""
    if rows is None:
        return []
    phrases, hidden = words(language), set(load_contract(table).pseudonyms)
    found = [
        Row(
            values,
            {
                column.name: _text(column.name, values.get(column.name), hidden, masked, titles, phrases)
                for column in COLUMNS[table]
            },
        )
        for values in rows.to_pylist()
    ]
    return sorted(found, key=lambda row: (row.values["scenario"], row.values["rank"]))


def numbered(reasons: Iterable[Mapping[str, str]]) -> str:
    """Reasons as one text, a numbered line each."""
    return "\n".join(f"{number}. {reason['text']}" for number, reason in enumerate(reasons, 1))


def _text(
    name: str,
    value: Any,
    hidden: set[str],
    masked: Mapping[str, str],
    titles: Mapping[str, str],
    phrases: Words,
) -> str:
    if value is None:
        return ""
    if name in hidden:
        return masked.get(value, value)
    if name == "scenario":
        return titles.get(value, value)
    if name == "reasons":
        return numbered(value)
    if name in WORDED:
        return phrases.of(WORDED[name], value)
    return value.isoformat() if isinstance(value, date) else str(value)
