"""Damaged deliveries are refused on the driver, with file and column in the sentence. No Spark here."""

import gzip
import hashlib
import json
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conf.days import DayRange
from conf.errors import DataRefused
from conf.settings import Settings
from conf.sources import load_source
from lake.ingest.landed import deliveries
from lake.ingest.loading import look
from tests.lake.ingest.small_bank import MAPPING, SCHEMA, D, leg

ROWS = [leg("t1", datetime(2026, 1, 5, 12)), leg("t2", datetime(2026, 1, 5, 13))]
CUSTOMERS = "no|name|id_no|updated_at\n1|张三|16010119900101003X|2026-01-05 10:00:00\nTRAILER|1\n"


class Landing:
    """Writes files as the small bank would land them, and looks at them as a night would."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings = settings
        settings.landing.mkdir()
        self.mapping = folder / "bank.yaml"
        self.mapping.write_text(MAPPING, encoding="utf-8")

    def parquet(self, table: pa.Table, day: date = D) -> Path:
        file = self.settings.landing / "transactions" / str(day) / "part-000.parquet"
        file.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, file)
        return file

    def customers(self, content: bytes) -> Path:
        self.parquet(pa.Table.from_pylist(ROWS, SCHEMA))
        file = self.settings.landing / "customers" / "2026-01-05" / "part-000.csv"
        file.parent.mkdir(parents=True)
        file.write_bytes(content)
        return file

    def manifest(self, file: Path, **wrong: object) -> None:
        content = file.read_bytes()
        entry = {
            "name": file.name,
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        } | wrong
        text = json.dumps({"files": [entry], "delivered_at": "2026-01-06T00:40:00+08:00"})
        (file.parent / "_MANIFEST.json").write_text(text)

    def look(self, first: date = D, last: date | None = None) -> None:
        source = load_source(str(self.mapping))
        look(deliveries(source, self.settings, DayRange(first, last or first)))

    def refusal(self, first: date = D, last: date | None = None) -> str:
        with pytest.raises(DataRefused) as refused:
            self.look(first, last)
        assert refused.value.exit_code == 3
        return str(refused.value)


@pytest.fixture
def landing(settings: Settings, tmp_path: Path) -> Landing:
    return Landing(settings, tmp_path)


def test_whole_files_are_fine(landing: Landing) -> None:
    landing.customers(CUSTOMERS.encode("gb18030"))
    landing.look()


def test_a_missing_column_is_named_with_what_was_found(landing: Landing) -> None:
    file = landing.parquet(pa.Table.from_pylist(ROWS, SCHEMA).drop_columns(["amount"]))
    assert (
        f"{file}: column amount is missing; found id, account, at, direction, received_at"
        in landing.refusal()
    )


def test_a_type_that_can_never_fit_is_named(landing: Landing) -> None:
    table = pa.Table.from_pylist(ROWS, SCHEMA)
    times = table.column("at")
    table = table.set_column(4, "amount", times)
    file = landing.parquet(table)
    assert f"{file}: column amount: timestamp[us] cannot become decimal(18,2) (amount)" in landing.refusal()


def test_a_parquet_file_that_was_cut_off_is_named(landing: Landing) -> None:
    file = landing.parquet(pa.Table.from_pylist(ROWS, SCHEMA))
    file.write_bytes(file.read_bytes()[:-20])
    assert f"{file}: cannot be read as Parquet, cut off or damaged" in landing.refusal()


def test_an_empty_file_is_named(landing: Landing) -> None:
    file = landing.parquet(pa.Table.from_pylist(ROWS, SCHEMA))
    file.write_bytes(b"")
    assert f"{file}: the file is empty" in landing.refusal()


@pytest.mark.parametrize(
    ("encoding", "sentence"),
    [
        ("utf-8", "wanted encoding GB18030, found UTF-8"),
        ("utf-16", "the header is not GB18030"),  # its byte order mark is no GB18030
    ],
)
def test_a_file_in_another_encoding_is_named(landing: Landing, encoding: str, sentence: str) -> None:
    file = landing.customers(CUSTOMERS.encode(encoding))
    assert f"{file}: {sentence}" in landing.refusal()


def test_a_file_without_its_last_line_is_cut_off(landing: Landing) -> None:
    file = landing.customers(CUSTOMERS.removesuffix("TRAILER|1\n").encode("gb18030"))
    assert f"{file}: the last line is not `TRAILER|<rows>`" in landing.refusal()


def test_a_file_that_differs_from_its_manifest_is_refused(landing: Landing) -> None:
    file = landing.parquet(pa.Table.from_pylist(ROWS, SCHEMA))
    landing.manifest(file)
    landing.look()
    landing.manifest(file, sha256="0" * 64)
    assert f"{file}: the manifest states SHA-256 {'0' * 64}, found" in landing.refusal()
    landing.manifest(file, bytes=1)
    assert f"{file}: the manifest states 1 bytes" in landing.refusal()


def test_a_file_that_the_manifest_names_must_be_there(landing: Landing) -> None:
    landing.manifest(landing.parquet(pa.Table.from_pylist(ROWS, SCHEMA)), name="part-001.parquet")
    assert "names part-001.parquet, which did not land" in landing.refusal()


def test_a_gzip_file_that_was_cut_off_is_found_without_a_manifest(landing: Landing) -> None:
    mapping = landing.mapping.read_text().replace("*.csv", "*.csv.gz")
    landing.mapping.write_text(mapping)
    file = landing.customers(CUSTOMERS.encode("gb18030"))
    packed = file.with_suffix(".csv.gz")
    packed.write_bytes(gzip.compress(CUSTOMERS.encode("gb18030"))[:-9])
    assert f"{packed}: cannot be read as csv text, cut off or damaged" in landing.refusal()


def test_all_that_is_wrong_is_said_at_once(landing: Landing) -> None:
    first = landing.customers(b"")
    second = landing.parquet(pa.Table.from_pylist(ROWS, SCHEMA).drop_columns(["id"]))
    refusal = landing.refusal()
    assert f"{first}: the file is empty" in refusal
    assert f"{second}: column id is missing" in refusal


def test_a_day_on_which_nothing_landed_is_one_clear_sentence(landing: Landing) -> None:
    landing.parquet(pa.Table.from_pylist(ROWS, SCHEMA))
    sentence = "nothing has landed for 2026-03-09 of source bank under"
    refusal = landing.refusal(date(2026, 3, 9))
    assert refusal.startswith(sentence)
    assert refusal.endswith("newest day there is 2026-01-06")


def test_a_required_feed_may_not_be_missing_once_it_has_begun(landing: Landing) -> None:
    landing.customers(CUSTOMERS.encode("gb18030"))
    later = landing.settings.landing / "customers" / "2026-01-08"
    later.mkdir()
    (later / "part-000.csv").write_bytes(CUSTOMERS.encode("gb18030"))
    landing.look(date(2026, 1, 5), D)  # transactions begin on the 6th; nothing was due before
    assert "bank: transactions has not landed for 2026-01-09" in landing.refusal(date(2026, 1, 9))
    assert "for 2026-01-07, 2026-01-08, 2026-01-09 (wanted" in landing.refusal(D, date(2026, 1, 9))


def test_a_delivery_after_the_cut_off_counts_for_the_next_morning(landing: Landing) -> None:
    file = landing.parquet(pa.Table.from_pylist(ROWS, SCHEMA))
    landing.manifest(file)
    manifest = file.parent / "_MANIFEST.json"
    manifest.write_text(manifest.read_text().replace("T00:40", "T02:00"))  # the cut-off itself is too late
    source = load_source(str(landing.mapping))
    found = deliveries(source, landing.settings, DayRange(date(2026, 1, 7), date(2026, 1, 7)))
    assert [f.as_of for d in found for f in d.files] == [date(2026, 1, 7)]
