import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.errors import PySparkException
from pyspark.testing import assertDataFrameEqual

from privacy import pseudonyms
from privacy.keys import KeyRing
from privacy.pseudonyms import pseudonym, pseudonymise
from privacy.vault import Vault

TAGS = {"account_id": "account", "counterparty_account_id": "account", "phone_id": "phone"}
SCHEMA = "n int, account_id string, counterparty_account_id string, amount double, phone_id string"


@pytest.fixture
def ring(settings):
    return KeyRing.create(settings.keys)


@pytest.fixture
def vault(settings, ring):
    return Vault(settings.vault, ring)


def rows(spark):
    given = [
        (1, "9900001", "9900002", 1.0, "9900001"),  # the same text under two tags
        (2, "9900002", None, 2.0, ""),  # null and blank have no pseudonym
        (3, " 9900001 ", "\u3000", 3.0, "138\u00a0"),  # blanks around a value don't count
        (3, " 9900001 ", "\u3000", 3.0, "138\u00a0"),  # a repeated row stays repeated
    ]
    return spark.createDataFrame(given, SCHEMA)


@pytest.mark.parametrize("broadcast_pairs", [1_000_000, 1])
def test_identifiers_are_replaced_and_everything_else_stays(spark, ring, vault, monkeypatch, broadcast_pairs):
    monkeypatch.setattr(pseudonyms, "BROADCAST_PAIRS", broadcast_pairs)
    a, b = (pseudonym(ring, "account", value) for value in ("9900001", "9900002"))
    p, q = (pseudonym(ring, "phone", value) for value in ("9900001", "138"))
    expected = [(1, a, b, 1.0, p), (2, b, None, 2.0, None), (3, a, None, 3.0, q), (3, a, None, 3.0, q)]
    assertDataFrameEqual(
        pseudonymise(rows(spark), TAGS, ring, vault), spark.createDataFrame(expected, SCHEMA)
    )
    clear = {a: "9900001", b: "9900002", p: "9900001", q: "138"}
    assert vault.reveal(clear, "test", "ann") == clear
    assert pseudonymise(rows(spark), {}, ring, vault).columns == rows(spark).columns


def test_a_column_of_numbers_becomes_text(spark, ring, vault):
    frame = spark.createDataFrame([(13800001234,), (None,)], "phone_id bigint")
    found = [row.phone_id for row in pseudonymise(frame, {"phone_id": "phone"}, ring, vault).collect()]
    assert found == [pseudonym(ring, "phone", "13800001234"), None]


def test_neither_key_nor_clear_value_stands_in_a_plan(spark, ring, vault, tmp_path):
    rows(spark).write.parquet(str(tmp_path / "rows"))
    result = pseudonymise(spark.read.parquet(str(tmp_path / "rows")), TAGS, ring, vault)
    result.collect()
    execution = result._jdf.queryExecution()
    plans = execution.toString() + execution.logical().treeString() + execution.executedPlan().treeString()
    assert "_pseudonym_0" in plans
    key = ring.keys[1]
    for secret in ("9900001", "9900002", key.hex(), str(key), repr(list(key))):
        assert secret not in plans


def test_a_frame_that_changes_between_the_readings_is_an_error(spark, ring, vault, tmp_path):
    path = str(tmp_path / "rows")
    rows(spark).coalesce(1).write.parquet(path)
    result = pseudonymise(spark.read.parquet(path), TAGS, ring, vault)
    file = next((tmp_path / "rows").glob("part-*.parquet"))
    changed = pq.read_table(file).drop_columns(["account_id"])
    changed = changed.add_column(1, "account_id", pa.array(["new"] * changed.num_rows))
    pq.write_table(changed, file)
    (tmp_path / "rows" / f".{file.name}.crc").unlink()
    with pytest.raises(PySparkException, match="the frame changed while"):
        result.collect()
