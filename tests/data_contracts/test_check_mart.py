from datetime import date, datetime

import pytest

from conf.days import DayRange
from conf.errors import DataRefused, UsageError
from data_contracts import suite
from data_contracts.contract import load_contract
from jobs import check as check_module
from jobs import check_mart
from jobs.check import check
from lake.runs import Run
from lake.tables import read_table

pytestmark = pytest.mark.spark
MORNING, NEXT = date(2026, 3, 6), date(2026, 3, 7)


def label(number: str, known_as_of: date = MORNING, **changes):
    """A row of the mart table `labels`; happened the day before it became known."""
    row = {
        "label_id": number, "subject_kind": "account", "subject_id": "account1_" + "a" * 20, "label": 1,
        "label_source": "police", "happened_at": datetime(2026, 3, 5, 12), "event_date": date(2026, 3, 5),
        "received_at": datetime(2026, 3, 6, 0, 40), "known_as_of": known_as_of, "is_late": False,
        "source": "demo", "source_file": "feeds/police_accounts/2026-03-06/part-000.csv", "source_line": 2,
    }  # fmt: skip
    return row | changes


def write(spark, settings, rows):
    """Past the audit of the lake on purpose: what a broken job or a hand could leave behind."""
    contract = load_contract("labels")
    values = [tuple(row.get(column.name) for column in contract.columns) for row in rows]
    frame = spark.createDataFrame(values, contract.spark_schema())
    table = frame.write.format("delta").mode("append").partitionBy(*contract.partition_by)
    table.save(str(contract.path(settings.lake)))


def step(spark, settings, day):
    check_mart.run(spark, settings, DayRange.one(day), Run.start(spark, settings, "nightly"))


def stages(spark, settings):
    rows = read_table(spark, settings, "runs").orderBy("started_at").collect()
    return [(row["stage"], row["as_of"], row["status"], row["rows_read"]) for row in rows]


def test_a_morning_that_keeps_its_contracts_passes_and_is_in_the_ledger(spark, settings):
    write(spark, settings, [label("a"), label("b"), label("next", NEXT)])
    step(spark, settings, MORNING)
    assert stages(spark, settings) == [
        ("check_mart", MORNING, "complete", 2)
    ]  # the next morning's row is not its
    assert (settings.data_docs / "2026-03-06" / "index.html").is_file()


def test_a_broken_morning_is_refused_with_what_broke_and_only_that_morning(spark, settings):
    clear = {"subject_id": "990012345678"}  # an account number in clear
    write(
        spark, settings, [label("a"), label("b", NEXT, **clear), label("b", NEXT), label("c", NEXT, label=7)]
    )
    step(spark, settings, MORNING)
    with pytest.raises(
        DataRefused, match=r"breaks its contracts for 2026-03-07; see .*2026-03-07/index.html"
    ) as caught:
        step(spark, settings, NEXT)
    assert sorted(caught.value.problems) == [
        "labels: key label_id: 2 of 3 rows share it with another row",
        "labels: label: not one of 0, 1 in 1 of 3 rows",
        "labels: subject_id: not of the form ^(?:account|phone)[0-9]+_[a-z2-7]{20}$ in 1 of 3 rows",
    ]
    assert "990012345678" not in str(caught.value)
    assert stages(spark, settings)[-1] == ("check_mart", NEXT, "failed", 3)
    assert "BROKEN" in (settings.data_docs / "2026-03-07" / "index.html").read_text(encoding="utf-8")


def test_a_morning_for_which_nothing_was_taken_in_is_refused(spark, settings):
    with pytest.raises(
        DataRefused, match="no mart table has rows for the morning 2026-03-06; run the step ingest"
    ):
        step(spark, settings, MORNING)


def test_a_large_morning_is_checked_by_spark_alike(spark, settings, monkeypatch):
    write(spark, settings, [label("a"), label("b", label=7)])
    for module in (suite, check_module):
        monkeypatch.setattr(module, "IN_MEMORY_ROWS", 1)
    assert check(spark, settings, "labels", MORNING).problems == ["label: not one of 0, 1 in 1 of 2 rows"]


def test_one_table_can_be_checked_alone_and_nothing_is_written(spark, settings):
    write(spark, settings, [label("a", label=7)])
    before = sorted(path for path in settings.lake.rglob("*") if "_delta_log" not in path.parts)
    result = check(spark, settings, "labels", MORNING)
    assert (result.ok, result.rows, result.problems) == (False, 1, ["label: not one of 0, 1 in 1 of 1 rows"])
    assert check(spark, settings, "labels", NEXT).problems == ["the day has no rows"]
    assert sorted(path for path in settings.lake.rglob("*") if "_delta_log" not in path.parts) == before
    assert not settings.data_docs.exists()


def test_a_table_that_cannot_be_checked_is_named(spark, settings):
    with pytest.raises(DataRefused, match=r"table labels was never written; wanted it in .*mart/labels"):
        check(spark, settings, "labels", MORNING)
    with pytest.raises(UsageError, match="no table 'nothing'"):
        check(spark, settings, "nothing", MORNING)
    with pytest.raises(UsageError, match=r"table runs \(ledger\) is not kept by days"):
        check(spark, settings, "runs", MORNING)
