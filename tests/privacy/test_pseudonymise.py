import polars as pl
import pytest
from polars.testing import assert_frame_equal

from privacy import pseudonyms
from privacy.keys import KeyRing
from privacy.pseudonyms import Pseudonymiser, pseudonym
from privacy.vault import Vault

TAGS = {"account_id": "account", "counterparty_account_id": "account", "phone_id": "phone"}
SCHEMA = ["n", "account_id", "counterparty_account_id", "amount", "phone_id"]
ROWS = [
    (1, "9900001", "9900002", 1.0, "9900001"),  # the same text under two tags
    (2, "9900002", None, 2.0, ""),  # null and blank have no pseudonym
    (3, " 9900001 ", "\u3000", 3.0, "138\u00a0"),  # blanks around a value don't count
    (3, " 9900001 ", "\u3000", 3.0, "138\u00a0"),  # a repeated row stays repeated
]


@pytest.fixture
def ring(settings):
    return KeyRing.create(settings.keys)


@pytest.fixture
def vault(settings, ring):
    return Vault(settings.vault, ring)


@pytest.mark.parametrize("most_known", [2_000_000, 0])
def test_identifiers_are_replaced_and_everything_else_stays(ring, vault, monkeypatch, most_known):
    monkeypatch.setattr(pseudonyms, "MOST_KNOWN", most_known)  # what was forgotten is made again
    a, b = (pseudonym(ring, "account", value) for value in ("9900001", "9900002"))
    p, q = (pseudonym(ring, "phone", value) for value in ("9900001", "138"))
    expected = [(1, a, b, 1.0, p), (2, b, None, 2.0, None), (3, a, None, 3.0, q), (3, a, None, 3.0, q)]
    given = pl.DataFrame(ROWS, schema=SCHEMA, orient="row")
    pseudonymiser = Pseudonymiser(ring, vault)
    for _ in range(2):
        found = pseudonymiser.replace(given, TAGS)
        assert_frame_equal(found, pl.DataFrame(expected, schema=SCHEMA, orient="row"))
    pseudonymiser.seal()
    clear = {a: "9900001", b: "9900002", p: "9900001", q: "138"}
    assert vault.reveal(clear, "test", "ann") == clear
    assert_frame_equal(pseudonymiser.replace(given, {}), given)


def test_a_column_of_numbers_becomes_text(ring, vault):
    given = pl.DataFrame({"phone_id": [13800001234, None]})
    found = Pseudonymiser(ring, vault).replace(given, {"phone_id": "phone"})
    assert found["phone_id"].to_list() == [pseudonym(ring, "phone", "13800001234"), None]
