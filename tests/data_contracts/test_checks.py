from datetime import date
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import functions as F
from pyspark.testing import assertDataFrameEqual

from data_contracts.checks import broken_columns, duplicates, is_broken, violations
from data_contracts.row_checks import row_is_broken, row_violations
from data_contracts.types import polars_type

pytestmark = pytest.mark.spark
DAY, ACCOUNT = date(2026, 3, 6), "account1_" + "a" * 18 + "27"
NOT_A_PSEUDONYM = "account_id: not a pseudonym of account"


def row(payment="p", account=ACCOUNT, amount="1.00", direction="in", as_of=DAY):
    return (as_of, payment, account, None if amount is None else Decimal(amount), direction)


ROWS = [
    (row("fine"), []),
    (row("lowest", amount="0.00"), []),  # bounds belong to what is fine
    (row("highest", amount="1000.00"), []),
    (row("optional columns are empty", account=None, direction=None), []),
    (row("too low", amount="-0.01"), ["amount: below 0"]),
    (row("too high", amount="1000.01"), ["amount: above 1000"]),
    (row("no amount", amount=None), ["amount: missing"]),
    (row(None), ["payment_id: missing"]),
    (row("  "), ["payment_id: missing"]),  # blanks are no value
    (row("clear", account="990012345678"), [NOT_A_PSEUDONYM]),
    (row("other tag", account=ACCOUNT.replace("account", "phone")), [NOT_A_PSEUDONYM]),
    (row("too short", account=ACCOUNT[:-1]), [NOT_A_PSEUDONYM]),
    (row("too long", account=ACCOUNT + "a"), [NOT_A_PSEUDONYM]),
    (row("line break", account=ACCOUNT + "\n"), [NOT_A_PSEUDONYM]),  # $ alone would let it pass
    (row("no base32", account=ACCOUNT[:-1] + "8"), [NOT_A_PSEUDONYM]),
    (row("unknown word", direction="sideways"), ["direction: not one of in, out"]),
    (row("other case", direction="IN"), ["direction: not one of in, out"]),
    (
        row("all at once", account="x", amount="-1", direction="", as_of=None),
        ["as_of: missing", NOT_A_PSEUDONYM, "amount: below 0", "direction: not one of in, out"],
    ),
]


def test_each_broken_promise_is_named_and_nothing_else(spark, changed):
    contract = changed()
    frame = spark.createDataFrame([given for given, _ in ROWS], contract.spark_schema())
    actual = frame.select(
        "payment_id", violations(contract).alias("reasons"), is_broken(contract).alias("broken")
    )
    expected = spark.createDataFrame(
        [(given[1], reasons, bool(reasons)) for given, reasons in ROWS],
        "payment_id string, reasons array<string>, broken boolean",
    )
    assertDataFrameEqual(actual, expected, checkRowOrder=True)


def test_the_checks_of_files_say_the_same(spark, changed):
    contract = changed()
    schema = {column.name: polars_type(column.spark_type) for column in contract.columns}
    rows = pl.DataFrame([given for given, _ in ROWS], schema=schema, orient="row")
    found = rows.select(row_violations(contract).alias("reasons"), row_is_broken(contract).alias("broken"))
    assert found.rows() == [(reasons, bool(reasons)) for _, reasons in ROWS]
    numbers = changed(("physicalType: decimal(18,2)", "physicalType: double"))
    values = [float("nan"), float("inf"), 1.0, None]
    frame = spark.createDataFrame([(value,) for value in values], "amount double")
    expected = [reasons for (reasons,) in frame.select(violations(numbers, columns=["amount"])).collect()]
    doubles = pl.DataFrame({"amount": values})
    assert doubles.select(row_violations(numbers, columns=["amount"])).to_series().to_list() == expected


def test_reasons_never_hold_the_value(spark, changed):
    contract = changed()
    frame = spark.createDataFrame([row(account="6222000011112222")], contract.spark_schema())
    assert "6222" not in str(frame.select(violations(contract)).collect())


def test_before_pseudonyms_are_made_their_columns_are_only_asked_to_be_there(spark, changed):
    contract = changed(
        ("        classification: restricted", "        required: true\n        classification: restricted")
    )
    frame = spark.createDataFrame([row(account="990012345678"), row(account=None)], contract.spark_schema())
    found = frame.select(violations(contract, clear=True)).collect()
    assert [reasons for (reasons,) in found] == [[], ["account_id: missing"]]


def test_columns_that_a_frame_does_not_have_yet_can_be_left_out(spark, changed):
    frame = spark.createDataFrame([(None,)], "direction string")
    assert frame.select(violations(changed(), columns=frame.columns)).collect() == [([],)]


def test_a_contract_without_any_rule_finds_nothing(spark, changed):
    frame = spark.createDataFrame([(1,)], "n int")
    reasons = frame.select(
        violations(changed(), columns=()).alias("r"), is_broken(changed(), columns=()).alias("b")
    )
    assert reasons.collect() == [([], False)]
    assert reasons.schema["r"].dataType.simpleString() == "array<string>"


def test_a_float_that_is_not_a_number_is_broken_once(spark, changed):
    contract = changed(("physicalType: decimal(18,2)", "physicalType: double"))
    frame = spark.createDataFrame([(v,) for v in (float("nan"), float("inf"), 1.0, None)], "amount double")
    found = frame.select(violations(contract, columns=["amount"])).collect()
    assert [reasons for (reasons,) in found] == [
        ["amount: not a number"], ["amount: above 1000"], [], ["amount: missing"],
    ]  # fmt: skip


def test_broken_columns_are_each_named_once(spark):
    reasons = [("amount: below 0", "amount: not a decimal: it has letters", "direction: missing")]
    frame = spark.createDataFrame([(list(given),) for given in reasons] + [([],)], "reasons array<string>")
    found = frame.select(broken_columns(F.col("reasons"))).collect()
    assert [columns for (columns,) in found] == [["amount", "direction"], []]


def test_a_changed_contract_changes_the_row_check(spark, changed):
    rows = [row(amount="5"), row(direction="back")]
    contract = changed(("maximum: 1000", "maximum: 4"), ("[in, out]", "[in, out, back]"))
    found = spark.createDataFrame(rows, contract.spark_schema()).select(violations(contract)).collect()
    assert [reasons for (reasons,) in found] == [["amount: above 4"], []]


def test_keys_that_stand_in_several_rows_are_found(spark, changed):
    contract = changed()
    rows = [
        row("a"),
        row("a", amount="2"),
        row("a", as_of=date(2026, 3, 7)),
        row("b"),
    ]  # the key has two columns
    found = duplicates(spark.createDataFrame(rows, contract.spark_schema()), contract)
    expected = spark.createDataFrame([("a", DAY, 2)], "payment_id string, as_of date, count bigint")
    assertDataFrameEqual(found, expected)


def plain(given) -> set[str]:
    """The rules of the contract in plain Python."""
    as_of, payment, account, amount, direction = given
    found = {f"{name}: missing" for name, value in (("as_of", as_of), ("amount", amount)) if value is None}
    if payment is None or not payment.strip(" "):
        found.add("payment_id: missing")
    if account is not None:
        head, _, tail = account.partition("_")
        number = head.removeprefix("account")
        is_fine = head.startswith("account") and number.isascii() and number.isdigit() and len(tail) == 20
        if not (is_fine and set(tail) <= set("abcdefghijklmnopqrstuvwxyz234567")):
            found.add(NOT_A_PSEUDONYM)
    if amount is not None and amount < 0:
        found.add("amount: below 0")
    if amount is not None and amount > 1000:
        found.add("amount: above 1000")
    if direction not in (None, "in", "out"):
        found.add("direction: not one of in, out")
    return found


TEXTS = st.text(alphabet="a2_ \n9é", max_size=4)
PSEUDONYM_LIKE = st.builds(
    "account{}_aaaaaaaaaaaaaaaaaa{}".format, st.sampled_from(["1", "12", "x", "", "٣"]), TEXTS
)
ANY_ROW = st.builds(
    row,
    payment=st.none() | TEXTS,
    account=st.none() | PSEUDONYM_LIKE,
    amount=st.sampled_from([None, "-0.01", "0", "1000", "1000.01"]),
    direction=st.sampled_from([None, "in", "out", "", "in "]),
    as_of=st.sampled_from([None, DAY]),
)


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ANY_ROW, min_size=30, max_size=60))
def test_agrees_with_plain_python_on_random_rows(spark, changed, rows):
    contract = changed()
    found = spark.createDataFrame(rows, contract.spark_schema()).select(violations(contract)).collect()
    assert [set(reasons) for (reasons,) in found] == [plain(given) for given in rows]
