import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from conf.errors import RiskvaneError, UsageError
from privacy.keys import KeyRing
from privacy.pseudonyms import pseudonyms
from privacy.vault import Vault

NUMBERS = ["13800001234", "13800005678"]


@pytest.fixture
def ring(tmp_path):
    return KeyRing.create(tmp_path / "keys")


@pytest.fixture
def vault(tmp_path, ring):
    return Vault(tmp_path / "vault", ring)


def sealed(ring, values=NUMBERS, tag="phone"):
    return dict(zip(pseudonyms(ring, tag, values), values, strict=True))


def test_what_was_put_is_revealed_and_each_read_leaves_a_row(vault, ring):
    pairs = sealed(ring)
    one, two = pairs
    assert (vault.put(pairs), vault.put(pairs)) == (2, 0)
    unknown = "phone1_" + "a" * 20
    assert vault.reveal([one, two, one, unknown], "case 7", "ann") == pairs
    assert vault.reveal([unknown], "case 8", "bob") == {}
    found = [(row["who"], row["reason"], row["asked"], row["found"]) for row in vault.reads()]
    assert found == [("ann", "case 7", 3, 2), ("bob", "case 8", 1, 0)]
    assert all(row["read_at"].endswith("+00:00") for row in vault.reads())


@pytest.mark.parametrize(("reason", "who"), [("", "ann"), ("case 7", " ")])
def test_nobody_reads_without_name_and_reason(vault, reason, who):
    with pytest.raises(UsageError, match="give both"):
        vault.reveal(["phone1_" + "a" * 20], reason, who)


def test_the_record_of_reads_cannot_be_changed(vault):
    vault.reveal([], "case 7", "ann")
    with sqlite3.connect(vault.file) as connection:
        for statement in ("DELETE FROM reads", "UPDATE reads SET who = 'bob'"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                connection.execute(statement)
    connection.close()


def test_the_file_is_its_owners_and_holds_nothing_in_clear(vault, ring):
    vault.put(sealed(ring))
    assert vault.file.stat().st_mode & 0o777 == 0o600
    content = vault.file.read_bytes()
    assert b"phone1_" in content
    assert not any(number.encode() in content for number in NUMBERS)
    assert not any(key in content for key in ring.keys.values())


def test_after_a_rotation_old_and_new_pseudonyms_are_revealed(tmp_path, vault, ring):
    vault.put(sealed(ring))
    rotated = KeyRing.rotate(tmp_path / "keys")
    newer = Vault(tmp_path / "vault", rotated)
    newer.put(sealed(rotated))
    pairs = sealed(ring) | sealed(rotated)
    assert len(pairs) == 4
    assert newer.reveal(pairs, "case 7", "ann") == pairs
    with pytest.raises(RiskvaneError, match=r"key 2 is needed, the ring holds \[1\]"):
        vault.reveal(sealed(rotated), "case 7", "ann")


def test_an_entry_of_another_key_or_another_pseudonym_does_not_open(tmp_path, vault, ring):
    pairs = sealed(ring)
    one, two = pairs
    vault.put(pairs)
    stranger = Vault(tmp_path / "vault", KeyRing.create(tmp_path / "other"))
    with pytest.raises(RiskvaneError, match="does not open"):
        stranger.reveal([one], "case 7", "ann")
    with sqlite3.connect(vault.file) as connection:  # somebody swaps two values
        connection.execute(
            "UPDATE sealed SET value = (SELECT value FROM sealed WHERE pseudonym = ?) WHERE pseudonym = ?",
            [two, one],
        )
    connection.close()
    with pytest.raises(RiskvaneError, match=f"the vault entry of {one} does not open"):
        vault.reveal([one], "case 7", "ann")
    with pytest.raises(UsageError, match="'13800001234' is not a pseudonym"):
        vault.put({"13800001234": "13800001234"})


def test_several_tables_put_at_once(vault, ring):
    parts = [sealed(ring, [f"{part}{n:08}" for n in range(500)]) for part in range(8)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(vault.put, parts)) == [500] * 8
    everything = {name: value for part in parts for name, value in part.items()}
    assert vault.reveal(everything, "case 7", "ann") == everything


def test_a_night_of_new_values_takes_seconds(vault, ring):
    pairs = sealed(ring, [f"138{n:08}" for n in range(60_000)])
    started = time.process_time()
    vault.put(pairs)
    assert (
        time.process_time() - started < 2.0
    )  # 300,000 in 10 s even on a slow machine; half a second as a rule
