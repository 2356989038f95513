"""All rows of one morning's lists with what is needed to show them; read without a JVM."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from conf.errors import RiskvaneError
from conf.scenarios import load_scenario
from conf.settings import Settings
from lake.reader import list_rows
from privacy.keys import KeyRing
from privacy.vault import Vault
from review.columns import LISTS
from review.shown import masked_identifiers


@dataclass(frozen=True)
class Morning:
    """One morning's published lists, all flows together."""

    as_of: date
    lists: Mapping[str, pa.Table]  # list table -> its rows; a list without rows is absent
    masked: Mapping[str, str]  # pseudonym -> masked identifier
    titles: Mapping[str, str]  # scenario -> words


def load_morning(settings: Settings, as_of: date, reason: str, who: str) -> Morning:
    """The lists of `as_of` at the versions of the newest complete runs; a published list may well be empty.

    Identifiers are revealed in one recorded read of the vault (`reason`, `who`) and masked at once. Raises
    RiskvaneError naming the newest mornings when no list was published for that one.
    """
    found, refusals = {}, []
    for table in LISTS:
        try:
            found[table] = list_rows(settings, table, as_of)
        except RiskvaneError as error:  # a site without cards has no list of cards
            refusals.append(error)
    if not found:
        raise refusals[0]
    found = {table: rows for table, rows in found.items() if rows.num_rows}
    vault = Vault(settings.vault, KeyRing.load(settings.keys))
    names = sorted({name for rows in found.values() for name in rows["scenario"].unique().to_pylist()})
    titles = {name: load_scenario(name).title[settings.language] for name in names}
    return Morning(as_of, found, masked_identifiers(found, vault, reason, who), titles)
