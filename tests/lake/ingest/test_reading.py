"""Lines of text files as fields: quotes, breaks, encodings; and the check digits of what stands in them."""

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from conf.sources import ColumnRule, Feed, FeedOptions
from lake.ingest.checks import carries
from lake.ingest.landed import LandedFile
from lake.ingest.preflight import Inspected
from lake.ingest.reading import _csv_at_once, _csv_by_lines, read_file

ODD = "line: not 2 fields"


def feed_of(**options: str) -> Feed:
    rules = {"customer_id": ColumnRule(source="no"), "name_id": ColumnRule(source="name")}
    return Feed("f", "customers", "csv", "{day}.csv", rules, options=FeedOptions(**options))


def lines_of(tmp_path: Path, data: bytes, **options: str) -> list[tuple]:
    path = tmp_path / "part.csv"
    path.write_bytes(data)
    feed = feed_of(**options)
    landed = LandedFile(path, "part.csv", date(2026, 1, 6), datetime(2026, 1, 6, tzinfo=UTC))
    rows = read_file(Inspected(landed, ("no", "name")), feed)
    return rows.select("_line", "no", "name", "_broken").rows()


@pytest.mark.parametrize(
    ("data", "options", "expected"),
    [
        (b"no,name\n1,a\n2,b\n", {}, [(2, "1", "a", None), (3, "2", "b", None)]),
        (b"no,name\r\n1,a\r\n\r\n2,b", {}, [(2, "1", "a", None), (4, "2", "b", None)]),  # no last line break
        (b'no,name\n1,"a,b"\n2,"say ""hi"""\n', {}, [(2, "1", "a,b", None), (3, "2", 'say "hi"', None)]),
        (b"no,name\n1,a,b\n2\n3,c\n", {}, [(2, None, None, ODD), (3, None, None, ODD), (4, "3", "c", None)]),
        # A quote that is never closed harms its own line only.
        (b'no,name\n1,"a\n2,b\n3,"c"\n', {}, [(2, None, None, ODD), (3, "2", "b", None), (4, "3", "c", None)]),
        (b'no|name\n1|"a\n', {"delimiter": "|", "quote": ""}, [(2, "1", '"a', None)]),
        ("no,name\n1,\u5f20\n".encode("gb18030"), {"encoding": "GB18030"}, [(2, "1", "\u5f20", None)]),
        (b"no,name\n1,a\n2,\xff\xfe\n", {}, [(2, "1", "a", None), (3, None, None, "line: not UTF-8")]),
        (b"no,name\n", {}, []),
        (b"no,name\n1,a\nEND,1\n", {"trailer": "END"}, [(2, "1", "a", None)]),
    ],
)  # fmt: skip
def test_a_line_is_read_or_says_what_is_wrong_with_it(tmp_path, data, options, expected):
    assert lines_of(tmp_path, data, **options) == expected


PIECES = ["1", "a", ",", ",", "\n", "\n", '"', " ", "\0", "END,9,9", "\r\n", "\u5f20"]


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.lists(st.sampled_from(PIECES), max_size=40), st.sampled_from(["", "END"]), st.sampled_from(['"', ""])
)
def test_a_file_read_in_one_go_reads_as_line_by_line(pieces, trailer, quote):
    columns = ("no", "name", "more")
    data = ("no,name,more\n" + "".join(pieces)).encode()
    feed = feed_of(trailer=trailer, quote=quote)
    at_once, by_lines = (read(data, feed, columns) for read in (_csv_at_once, _csv_by_lines))
    if at_once is not None:
        assert_frame_equal(at_once, by_lines, check_column_order=False, check_dtypes=False)


@pytest.mark.parametrize(
    ("kind", "value", "holds"),
    [
        ("luhn", "79927398713", True),
        ("luhn", "79927398710", False),
        ("luhn", "490154203237518", True),  # an IMEI
        ("luhn", "49015420323751a", False),
        ("luhn", "9" * 33, False),  # longer than any number with such a digit
        ("resident_id", "160101199001010030", True),
        ("resident_id", "160101199001010032", False),
        ("resident_id", "11010519491231002x", True),  # ends with X, in any case
        ("resident_id", "1601011990010100", False),
        ("credit_code", "91350100M000100Y43", True),
        ("credit_code", "91350100M000100Y44", False),
        ("credit_code", "91350100I000100Y43", False),  # the alphabet has no I
        ("luhn", None, None),
        ("resident_id", None, None),
    ],
)
def test_check_digits(kind, value, holds):
    frame = pl.DataFrame({"value": [value, value]}, schema={"value": pl.String})
    assert frame.select(carries(kind, pl.col("value"))).to_series().to_list() == [holds, holds]
