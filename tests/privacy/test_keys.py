import pytest

from conf.errors import RiskvaneError
from privacy.keys import KeyRing


def test_a_key_is_made_once_and_only_its_owner_may_read_it(tmp_path):
    ring = KeyRing.create(tmp_path / "keys")
    (file,) = (tmp_path / "keys").iterdir()
    assert (file.name, file.stat().st_mode & 0o777, file.stat().st_size) == ("pseudonym-1.key", 0o600, 32)
    assert KeyRing.create(tmp_path / "keys") == ring == KeyRing.load(tmp_path / "keys")


def test_the_newest_key_is_the_current_one(tmp_path):
    first = KeyRing.create(tmp_path)
    rotated = KeyRing.rotate(tmp_path)
    assert (first.current, rotated.current) == (1, 2)
    assert rotated.keys[1] == first.keys[1] != rotated.keys[2]
    assert rotated.vault_key(1) == first.vault_key(1) != rotated.vault_key(2)
    with pytest.raises(RiskvaneError, match=r"key 3 is needed, the ring holds \[1, 2\]"):
        rotated.vault_key(3)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_may_use_is_refused_with_the_cure(tmp_path, mode):
    KeyRing.create(tmp_path)
    file = tmp_path / "pseudonym-1.key"
    file.chmod(mode)
    with pytest.raises(RiskvaneError, match=f"run: chmod 600 {file}"):
        KeyRing.load(tmp_path)


def test_missing_and_damaged_keys_are_named(tmp_path):
    with pytest.raises(RiskvaneError, match=r"no pseudonym-<n>.key in .*keys"):
        KeyRing.load(tmp_path / "keys")
    KeyRing.create(tmp_path)
    (tmp_path / "pseudonym-1.key").write_bytes(b"short")
    with pytest.raises(RiskvaneError, match="wanted 32 bytes, found 5"):
        KeyRing.load(tmp_path)


def test_a_printed_ring_shows_no_key(tmp_path):
    ring = KeyRing.create(tmp_path)
    assert repr(ring) == str(ring) == "KeyRing(numbers=[1])"
