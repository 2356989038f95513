"""A little published lake that is read without Spark: one morning of lists, scores, features, ledger, vault."""

import pytest

from privacy.keys import KeyRing
from privacy.pseudonyms import pseudonym
from privacy.vault import Vault
from tests.review.rows import AS_OF, CLEAR, account, card, ledger_row, put


@pytest.fixture
def names(settings):
    """The pseudonym of each clear value, all of them in the vault."""
    ring = KeyRing.create(settings.keys)
    found = {tag: pseudonym(ring, tag, value) for tag, value in CLEAR.items()}
    Vault(settings.vault, ring).put({found[tag]: value for tag, value in CLEAR.items()})
    return found


@pytest.fixture
def published(settings, names):
    """Settings of a lake with one account and one card on the lists of the morning."""
    own = {"subject_id": names["account"], "customer_id": names["customer"], "name_id": names["name"]}
    sim = {"subject_id": names["phone"], "customer_id": names["owner"], "owner_name_id": names["name"]}
    put(
        settings,
        "risk_list_private",
        [account(1, risk_score=88.8) | own, account(2, "c", risk_label="yellow")],
    )
    put(settings, "risk_list_cards", [card(1) | sim | {"imei_id": names["imei"]}])
    base = {
        "as_of": AS_OF, "population": "new", "model_version": "3", "run_id": "nightly-1",
        "scenario": "account_monitoring", "model_name": "accounts",
    }  # fmt: skip
    put(
        settings,
        "account_scores",
        [
            base | {"subject_id": names["account"], "customer_type": "private", "risk_score": 88.8},
            base | {"subject_id": "account1_" + "c" * 20, "customer_type": "private", "risk_score": 30.0},
            base | {"subject_id": "account1_" + "d" * 20, "customer_type": "private", "risk_score": 0.2},
        ],
    )
    put(
        settings,
        "card_scores",
        [base | {"subject_id": names["phone"], "customer_type": "phone", "risk_score": 75.5}],
    )
    put(
        settings,
        "quarantine",
        [{"as_of": AS_OF, "source": "demo", "table": "calls", "source_file": "f", "source_line": 3,
          "reasons": ["duration_s: <not> a number"]}],
    )  # fmt: skip
    lists = [("risk_list_private", 0), ("risk_list_cards", 0)]
    put(
        settings,
        "runs",
        [ledger_row("ingest:calls", counts=(1000, 990, 1, 4, 5)), ledger_row("risk_lists", lists)],
    )
    return settings
