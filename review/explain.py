"""Why a subject stands where it stands on a morning; read without a JVM."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from conf.errors import RiskvaneError
from conf.settings import Settings
from data_contracts.contract import load_contract, pseudonym_pattern
from lake.reader import list_rows, rows_where
from privacy.keys import KeyRing
from privacy.masking import mask
from privacy.pseudonyms import pseudonym
from review.shown import tag_of

FeaturesOf = Callable[[str, str, date], Sequence[dict[str, Any]]]  # of a kind, a subject, a morning

KINDS = {"account": "account", "phone": "card"}  # tag of a pseudonym -> kind of subject
LISTS = {"account": ("risk_list_private", "risk_list_corporate"), "card": ("risk_list_cards",)}


def explain(settings: Settings, subject: str, as_of: date, features_of: FeaturesOf) -> dict[str, Any]:
    """What is known of one account or card on the morning of `as_of`.

    `subject` is an account number, bank card number, card number or a pseudonym. Returns `subject` (pseudonym,
    kind, shown: masked when the number was given), `as_of`, `scores` (one per scenario), `lists` (one per list
    row, with reasons), `labels` (the ones known by that morning, oldest first) and `features`, which `features_of`
    tells: none for a subject that has none. Raises RiskvaneError when nothing is known of the subject on that morning.
    """
    name, shown = _resolve(settings, subject.strip())
    kind = KINDS[tag_of(name)]
    own = (pl.col("as_of") == as_of) & (pl.col("subject_id") == name)
    scores = rows_where(settings, f"{kind}_scores", own, {"as_of": (as_of, as_of)}).to_pylist()
    features = features_of(kind, name, as_of)
    if not scores and not features:
        raise RiskvaneError(
            f"nothing is known of {shown} on {as_of}: wanted an open account or card with scores or features of "
            "that morning. Check the number and the date (`riskvane status` names the days)"
        )
    known = (pl.col("subject_id") == name) & (pl.col("known_as_of") <= as_of)
    labels = rows_where(settings, "labels", known, {}).sort_by([("known_as_of", "ascending")]).to_pylist()
    return {
        "subject": {"pseudonym": name, "kind": kind, "shown": shown},
        "as_of": as_of,
        "scores": [
            _only(row, "scenario", "population", "risk_score", "model_name", "model_version", "run_id")
            for row in sorted(scores, key=lambda row: row["scenario"])
        ],
        "lists": _list_rows(settings, kind, name, as_of),
        "labels": [
            _only(row, "label", "label_source", "case_kind", "harmed_on", "event_date", "known_as_of")
            for row in labels
        ],
        "features": list(features),
    }


def _resolve(settings: Settings, subject: str) -> tuple[str, str]:
    """The pseudonym that `subject` means, and how to show it."""
    if tag_of(subject):
        wanted = [pseudonym_pattern(tag) for tag in KINDS]
        if not any(pc.match_substring_regex(pa.array([subject]), pattern)[0].as_py() for pattern in wanted):
            raise RiskvaneError(f"{subject}: wanted the pseudonym of an account or a card, like {wanted[0]}")
        return subject, subject
    ring = KeyRing.load(settings.keys)
    # After a key was changed, rows of earlier mornings still carry pseudonyms of the key before.
    rings = [KeyRing({number: key}) for number, key in sorted(ring.keys.items(), reverse=True)]
    for tag, table, column in (
        ("account", "accounts", "account_id"),
        ("bankcard", "accounts", "bank_card_id"),
        ("phone", "cards", "card_id"),
    ):
        names = [pseudonym(one, tag, subject) for one in rings]
        found = rows_where(settings, table, pl.col(column).is_in(names), {}, [load_contract(table).key[0]])
        if found.num_rows:
            return found.column(0)[0].as_py(), mask(tag, subject)
    raise RiskvaneError(
        "no account, bank card or SIM/IoT card has that number; wanted one that was taken in, or a pseudonym"
    )


def _list_rows(settings: Settings, kind: str, name: str, as_of: date) -> list[dict[str, Any]]:
    found = []
    for table in LISTS[kind]:
        try:
            rows = list_rows(settings, table, as_of)
        except RiskvaneError:  # that list has no such morning
            continue
        for row in rows.filter(pc.field("subject_id") == name).to_pylist():
            columns = (
                "scenario",
                "population",
                "rank",
                "risk_score",
                "risk_label",
                "reasons",
                "not_evaluable",
            )
            found.append({"list": table, **_only(row, *columns, "control_suggestion", "branch_id")})
    return found


def _only(row: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: row.get(name) for name in names}
