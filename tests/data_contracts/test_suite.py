import re
from datetime import date
from decimal import Decimal

import pytest

from data_contracts import suite
from data_contracts.contract import all_contracts, load_contract
from data_contracts.suite import check_day, check_tables, expectations

pytestmark = pytest.mark.spark
DAY, ACCOUNT = date(2026, 3, 6), "account1_" + "a" * 20
FINE = [
    (DAY, "p1", ACCOUNT, Decimal("0.00"), "in"),  # lowest amount
    (DAY, "p2", ACCOUNT, Decimal("1000.00"), "out"),  # highest amount
    (DAY, "p3", None, Decimal("1.00"), None),  # optional columns are empty
]
BROKEN = [
    *FINE,
    (DAY, "p4", "6222000011112222", Decimal("1.00"), "in"),  # an identifier in clear
    (DAY, "p5", ACCOUNT, Decimal("-0.01"), "in"),
    (DAY, "p6", ACCOUNT, Decimal("1000.01"), "sideways"),
    (DAY, "p7", ACCOUNT, None, "in"),
    (DAY, "p1", ACCOUNT, Decimal("2.00"), "in"),  # same key as the first row
]
PROBLEMS = [
    "key payment_id, as_of: 2 of 8 rows share it with another row",
    "account_id: not of the form ^account[0-9]+_[a-z2-7]{20}$ in 1 of 8 rows",
    "amount: missing in 1 of 8 rows",
    "amount: outside 0 to 1000 in 2 of 8 rows",
    "direction: not one of in, out in 1 of 8 rows",
]


def frame_of(spark, contract, rows):
    return spark.createDataFrame(rows, contract.spark_schema())


def test_a_day_that_keeps_its_contract_is_ok(spark, changed):
    result = check_day(changed(), frame_of(spark, changed(), FINE), None)
    assert (result.table, result.ok, result.rows, result.problems) == ("payments", True, 3, [])


@pytest.mark.parametrize(
    "in_memory", [suite.IN_MEMORY_ROWS, 0], ids=["small day in memory", "large day in Spark"]
)
def test_every_broken_promise_is_a_sentence_with_counts(spark, changed, monkeypatch, in_memory):
    monkeypatch.setattr(suite, "IN_MEMORY_ROWS", in_memory)
    result = check_day(changed(), frame_of(spark, changed(), BROKEN), None)
    assert not result.ok
    assert sorted(result.problems) == sorted(PROBLEMS)


def test_rows_that_were_read_without_spark_are_checked_alike(spark, changed):
    rows = frame_of(spark, changed(), BROKEN).toArrow()
    assert sorted(check_day(changed(), rows, None).problems) == sorted(PROBLEMS)


def test_a_day_without_rows_is_broken(spark, changed):
    assert check_day(changed(), frame_of(spark, changed(), []), None).problems == ["the day has no rows"]


def test_a_missing_column_is_named_and_nothing_else(spark, changed):
    frame = frame_of(spark, changed(), FINE).withColumnRenamed("amount", "sum")
    problem = "columns do not fit the contract; missing: amount; not in the contract: sum"
    assert check_day(changed(), frame, None).problems == [problem]


def test_a_key_of_one_column_must_be_unique(spark, changed):
    one_column = changed(("        primaryKey: true\n        primaryKeyPosition: 2\n", ""))
    assert one_column.primary_key == ("payment_id",)
    rows = [*FINE, (date(2026, 3, 7), "p1", None, Decimal("2.00"), "in")]  # same number on another day
    problems = check_day(one_column, frame_of(spark, one_column, rows), None).problems
    assert problems == ["key payment_id: 2 of 4 rows share it with another row"]


def test_a_changed_contract_changes_the_suite(spark, changed):
    contract = changed(("maximum: 1000", "maximum: 5"), ("[in, out]", "[in]"))
    problems = check_day(contract, frame_of(spark, contract, FINE), None).problems
    assert sorted(problems) == [
        "amount: outside 0 to 5 in 1 of 3 rows",
        "direction: not one of in in 1 of 3 rows",
    ]


def test_every_shipped_contract_has_a_suite_with_its_key_and_required_columns():
    for contract in all_contracts().values():
        found = [(e.expectation_type, getattr(e, "column", None)) for e in expectations(contract)]
        wanted = [c.name for c in contract.columns if c.required]
        assert [name for kind, name in found if kind.endswith("not_be_null")] == wanted, contract.table
        assert sum(kind.endswith("be_unique") for kind, _ in found) == 1


def test_lists_with_arrays_and_empty_text_columns_can_be_checked(spark):
    contract = load_contract("risk_list_cards")
    row = {
        "as_of": DAY, "scenario": "card_monitoring", "population": "new", "rank": 1, "subject_id": "phone1_" + "a" * 20,
        "risk_score": 81.5, "risk_label": "red", "reasons": [("c", "t", "1")], "not_evaluable": [], "model_name": "m",
        "model_version": "1", "run_id": "r", "card_kind": "iot",
    }  # fmt: skip
    rows = [tuple(row.get(column.name) for column in contract.columns)]
    assert check_day(contract, frame_of(spark, contract, rows), None).problems == []


def test_pages_are_complete_in_themselves_and_quote_no_value(spark, changed, tmp_path):
    contract = changed()
    docs = tmp_path / "docs"
    (result,) = check_tables([(contract, frame_of(spark, contract, BROKEN))], docs, "2026-03-06")
    assert result.docs == str(docs / "2026-03-06" / "index.html")
    pages = {page: page.read_text(encoding="utf-8") for page in docs.rglob("*.html")}
    index = pages[docs / "2026-03-06" / "index.html"]
    (link,) = re.findall(r'href="([^"]+)"', index)
    assert "unexpected values found" in pages[docs / "2026-03-06" / link]
    assert "BROKEN" in index
    for text in pages.values():
        assert not re.search(r"""(src|href|action)=["']?(https?:)?//|url\(["']?(https?:)?//|<script""", text)
        assert "6222000011112222" not in text
    assert {page.suffix for page in docs.rglob("*") if page.is_file()} == {".html"}


def test_a_second_check_of_a_day_replaces_its_pages_and_leaves_other_days(spark, changed, tmp_path):
    contract = changed()
    for rows, name in ((BROKEN, "2026-03-05"), (BROKEN, "2026-03-06"), (FINE, "2026-03-06")):
        check_day(contract, frame_of(spark, contract, rows), tmp_path, name)
    assert "BROKEN" in (tmp_path / "2026-03-05" / "index.html").read_text()
    assert "BROKEN" not in (tmp_path / "2026-03-06" / "index.html").read_text()
    assert len(list((tmp_path / "2026-03-06" / "validations").rglob("*.html"))) == 1
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == ["2026-03-05", "2026-03-06"]


def test_tables_without_rows_can_be_left_out(spark, changed):
    contract = changed()
    frames = [(contract, frame_of(spark, contract, []))]
    assert check_tables(frames, None, "2026-03-06", skip_empty=True) == []


def test_checking_prints_nothing(spark, changed, capfd):
    check_day(changed(), frame_of(spark, changed(), BROKEN), None)
    captured = capfd.readouterr()
    assert "Calculating" not in captured.out + captured.err
    assert captured.out == ""
