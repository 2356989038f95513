import base64
import hashlib
import hmac
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.keys import KeyRing
from privacy.pseudonyms import canonical, pseudonym, pseudonyms

RING = KeyRing({1: bytes(range(32))})
BOTH = KeyRing({1: bytes(range(32)), 2: bytes(range(1, 33))})
TAGS = st.sampled_from(["phone", "account", "idno", "name"])
VALUES = st.text(min_size=1).filter(lambda text: text.strip() and "\ud800" not in text)


def plain(key: bytes, tag: str, value: str) -> str:
    """The rule in its plainest form."""
    digest = hmac.new(key, tag.encode() + b"\0" + value.encode(), hashlib.sha256).digest()
    return base64.b32encode(digest).decode().lower()[:20]


@given(TAGS, st.lists(VALUES, min_size=1, max_size=20))
def test_agrees_with_the_plain_rule_and_one_by_one(tag, values):
    made = pseudonyms(RING, tag, values)
    assert made == [f"{tag}1_{plain(RING.keys[1], tag, canonical(tag, value))}" for value in values]
    assert made == [pseudonym(RING, tag, value) for value in values]
    assert all(re.fullmatch(rf"{tag}[0-9]+_[a-z2-7]{{20}}", name) for name in made)


@given(st.sets(VALUES, min_size=2, max_size=20), TAGS)
def test_different_values_and_different_tags_differ(values, tag):
    spellings = {canonical(tag, value) for value in values}
    assert len(set(pseudonyms(RING, tag, list(values)))) == len(spellings)
    value = values.pop()
    bodies = {pseudonym(RING, other, value).split("_")[1] for other in ("phone", "account", "imei")}
    assert len(bodies) == 3


def test_another_key_gives_another_pseudonym_with_its_number():
    old, new = pseudonym(RING, "phone", "13800001234"), pseudonym(BOTH, "phone", "13800001234")
    assert (old.split("_")[0], new.split("_")[0]) == ("phone1", "phone2")
    assert old.split("_")[1] != new.split("_")[1]


def test_blanks_around_a_value_and_small_letters_of_an_id_number_do_not_count():
    assert pseudonym(RING, "idno", " 16010119900101123x\t") == pseudonym(RING, "idno", "16010119900101123X")
    assert pseudonym(RING, "name", "Ann") != pseudonym(RING, "name", "ann")
    for blank in ("", "  ", "\u3000"):
        with pytest.raises(ValueError, match="a blank value has no phone pseudonym"):
            pseudonym(RING, "phone", blank)
    assert pseudonyms(RING, "phone", []) == []
