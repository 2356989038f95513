import dataclasses
from pathlib import Path

import pyodcs
import pytest
from jsonschema import Draft201909Validator
from pyspark.sql import types as T

from conf.errors import UsageError
from data_contracts.contract import FOLDER, all_contracts, load_contract, read_contract, table_names
from data_contracts.rules import LINEAGE
from data_contracts.standard import ContractError
from data_contracts.types import nested_types, spark_type
from data_contracts.writer import render, write_contract

MART = {
    "customers", "accounts", "transactions", "logins", "branches", "cards", "card_owners", "dealers", "shops",
    "cells", "calls", "sms", "data_sessions", "signalling", "tac_library", "labels",
}  # fmt: skip
REST = {
    "account_scores", "card_scores", "risk_list_private", "risk_list_corporate", "risk_list_cards", "runs",
    "quarantine", "landing_core_transactions", "landing_cdr_calls", "landing_branch_drop_customers_private",
}  # fmt: skip


@pytest.fixture(params=table_names())
def table(request: pytest.FixtureRequest) -> str:
    return request.param


def test_every_table_is_under_contract():
    assert set(table_names()) >= (MART | REST)
    assert {name for name, contract in all_contracts().items() if contract.layer == "mart"} == MART


def test_contracts_come_in_the_order_of_the_layers():
    layers = [contract.layer for contract in all_contracts().values()]
    assert layers[0] == "landing"
    assert layers.index("mart") < layers.index("decisions") < layers.index("lists") < layers.index("ops")


def test_a_shipped_contract_is_valid_under_the_pinned_schema_of_the_standard(table):
    import yaml

    text = (FOLDER / f"{table}.odcs.yaml").read_text(encoding="utf-8")
    assert pyodcs.parse_and_validate(text)["diagnostics"] == []
    assert list(Draft201909Validator(pyodcs.pinned_schema()).iter_errors(yaml.safe_load(text))) == []


def test_a_shipped_contract_is_written_as_the_writer_writes_it(table):
    contract = load_contract(table)
    assert render(contract) == (FOLDER / f"{table}.odcs.yaml").read_text(encoding="utf-8")


def test_a_shipped_contract_has_a_spark_schema_in_its_column_order(table):
    contract = load_contract(table)
    assert contract.spark_schema().names == [column.name for column in contract.columns]


def test_columns_that_end_in_id_and_name_a_person_or_a_device_hold_pseudonyms():
    clear = {"branch_id", "home_branch_id", "parent_branch_id", "dealer_id", "shop_id", "cell_id", "transfer_id",
             "transaction_id", "login_id", "call_id", "sms_id", "label_id", "terminal_id", "run_id"}  # fmt: skip
    for contract in all_contracts().values():
        if contract.layer != "landing":
            names = {c.name for c in contract.columns if c.name.endswith("_id")} - clear
            assert names == set(contract.pseudonyms), contract.table


def test_what_a_contract_says(changed):
    contract = changed()
    amount = contract.column("amount")
    assert (contract.layer, contract.kind, contract.owner) == ("decisions", "daily", "owner@example.org")
    assert contract.primary_key == ("payment_id", "as_of")  # by position, not by place in the file
    assert contract.partition_by == ("as_of",)
    assert contract.day_column == "as_of"
    assert contract.pseudonyms == {"account_id": "account"}
    assert contract.column("account_id").pattern == "^account[0-9]+_[a-z2-7]{20}$"
    assert (amount.minimum, amount.maximum, amount.unit) == (0, 1000, "yuan")
    assert contract.column("direction").valid_values == ("in", "out")
    assert contract.path(Path("/lake")) == Path("/lake/decisions/payments")


def test_a_column_of_accounts_or_cards_takes_pseudonyms_of_both():
    assert load_contract("labels").column("subject_id").pattern == "^(?:account|phone)[0-9]+_[a-z2-7]{20}$"


def test_what_a_dimension_row_is_about_leaves_the_time_of_the_change_out():
    assert load_contract("customers").primary_key == ("customer_id", "updated_at")
    assert load_contract("customers").key == ("customer_id",)
    assert load_contract("data_sessions").key == ("card_id", "happened_at", "app_class")


def test_mart_tables_end_with_where_the_row_came_from():
    assert all(
        tuple(c.name for c in contract.columns[-6:]) == LINEAGE
        for contract in all_contracts().values()
        if contract.layer == "mart"
    )


def test_an_unknown_table_or_column_is_answered_with_the_known_ones(changed):
    with pytest.raises(UsageError, match=r"no table 'nothing'.*transactions"):
        load_contract("nothing")
    with pytest.raises(UsageError, match=r"no column 'nothing'.*amount"):
        changed().column("nothing")


SECOND_TABLE = "  - {name: other, physicalType: table}\nschema:"
BROKEN = {
    "misspelt key": (("required: true", "requird: true"), "'requird' was unexpected"),
    "unknown logical type": (("logicalType: date", "logicalType: day"), r"properties\[0\].logicalType: 'day'"),
    "no version": (("version: 1.0.0\n", ""), "'version' is a required property"),
    "key given twice": (("name: amount", "name: amount\n        name: sum"), "duplicate key 'name'"),
    "not YAML": (("kind: DataContract", "kind: ["), "not YAML"),
    "no mapping": (("\nkind: DataContract", "- a\n- b\n#"), "payments.odcs.yaml is not valid"),
    "no purpose of the table": (("{purpose: Payments of the tests.}", "{}"), "description.purpose is missing"),
    "no purpose of a column": (("        description: How much.\n", ""), "column amount: description is missing"),
    "no unit": (("        customProperties: [{property: unit, value: yuan}]\n", ""), "column amount: unit"),
    "no owner": (("role: owner", "role: reader"), "no member with role owner"),
    "no grain": (("    dataGranularityDescription: One row per payment.\n", ""), "what one row is"),
    "no classification": (("        classification: restricted\n", ""), "column account_id: classification"),
    "pseudonym not restricted": (("classification: restricted", "classification: internal"), "restricted; found"),
    "tag with a digit": (("value: account}", "value: acc0unt}"), "wanted tags of small letters"),
    "misspelt property": (("property: pseudonym", "property: pseudonim"), r"customProperties \['pseudonim'\]"),
    "unknown layer": (("property: layer, value: decisions", "property: layer, value: attic"), "layer: wanted one"),
    "unknown kind": (("property: kind, value: daily", "property: kind, value: weekly"), "kind: wanted one"),
    "other place": (("decisions/payments", "mart/payments"), "physicalName: wanted decisions/payments"),
    "other file name": (("- name: payments", "- name: payouts"), "a file payouts.odcs.yaml"),
    "other Spark type": (("physicalType: decimal(18,2)", "physicalType: money"), "'money' is not a known Spark"),
    "types disagree": (("physicalType: decimal(18,2)", "physicalType: bigint"), "bigint is integer; found number"),
    "bounds crossed": (("minimum: 0, maximum: 1000", "minimum: 9, maximum: 1"), "minimum 9 is above maximum 1"),
    "limit nobody checks": (("{minimum: 0,", "{exclusiveMinimum: 0,"), "are not checked"),
    "quality nobody checks": (("mustBe: 0", "mustBe: 5"), "quality: only"),
    "other metric": (("metric: invalidValues", "metric: nullValues"), "quality: only"),
    "unique nobody checks": (("        required: true\n", "        required: true\n        unique: true\n"), "unique"),
    "words of another type": (("[in, out]", "[1, 2]"), r"validValues \[1, 2\] are not of type string"),
    "key may be empty": (("        required: true\n", ""), r"\['as_of'\] of the primary key are not required"),
    "key without place": (("        primaryKeyPosition: 1\n", ""), "primaryKeyPosition: wanted 1 or more"),
    "column twice": (("name: direction", "name: amount"), r"\['amount'\] are declared twice"),
    "daily table by another day": (("        partitioned: true\n", ""), "a daily table is partitioned by as_of"),
    "mart without lineage": (("layer, value: decisions", "layer, value: mart"), "a mart table ends with received_at"),
    "time that is no column": (("daily}]", "daily}, {property: timeColumn, value: at}]"), "at is not a column"),
}  # fmt: skip


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_contract_is_refused_and_the_place_is_named(changed, fault):
    change, wanted = BROKEN[fault]
    with pytest.raises(ContractError, match=wanted) as caught:
        changed(change)
    assert "payments.odcs.yaml" in str(caught.value)


def test_all_faults_of_a_file_are_named_at_once(changed):
    with pytest.raises(ContractError) as caught:
        changed(("        description: How much.\n", ""), ("role: owner", "role: reader"))
    assert len(caught.value.problems) == 2


def test_a_pattern_that_is_none_is_refused(changed):
    with_pattern = (
        "        description: Which way.",
        "        logicalTypeOptions: {pattern: '['}\n        description: x",
    )
    with pytest.raises(ContractError, match=r"column direction: pattern '\[' is not a regular expression"):
        changed(with_pattern)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ContractError, match=r"gone.odcs.yaml.*\n.*does not exist"):
        read_contract(tmp_path / "gone.odcs.yaml")


def test_a_changed_contract_changes_the_schema(changed):
    contract = changed(("physicalType: decimal(18,2)", "physicalType: double"))
    wanted = T.StructType(
        [
            T.StructField("as_of", T.DateType()),
            T.StructField("payment_id", T.StringType()),
            T.StructField("account_id", T.StringType()),
            T.StructField("amount", T.DoubleType()),
            T.StructField("direction", T.StringType()),
        ]
    )
    assert contract.spark_schema() == wanted


def test_a_written_contract_reads_back_as_it_was(tmp_path, changed):
    contract = changed()
    given = {field.name: getattr(contract, field.name) for field in dataclasses.fields(contract)}
    file = tmp_path / "again" / "payments.odcs.yaml"
    write_contract(file, **given)
    assert read_contract(file) == contract
    before = file.read_bytes()
    write_contract(file, **given)
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("decimal(18,2)", T.DecimalType(18, 2)),
        ("array<string>", T.ArrayType(T.StringType())),
        ("map<string,bigint>", T.MapType(T.StringType(), T.LongType())),
        (
            "array<struct<code:string,when:date>>",
            T.ArrayType(
                T.StructType([T.StructField("code", T.StringType()), T.StructField("when", T.DateType())])
            ),
        ),
        (
            "struct<m:map<string,decimal(4,1)>,n:int>",  # commas inside brackets don't part fields
            T.StructType(
                [
                    T.StructField("m", T.MapType(T.StringType(), T.DecimalType(4, 1))),
                    T.StructField("n", T.IntegerType()),
                ]
            ),
        ),
    ],
)
def test_types_are_read_as_spark_reads_them(text, wanted):
    assert spark_type(text) == wanted


@pytest.mark.spark
def test_types_agree_with_sparks_own_parser(spark):
    texts = {column.spark_type for contract in all_contracts().values() for column in contract.columns}
    for text in texts:
        assert spark_type(text) == T.StructType.fromDDL(f"x {text}")["x"].dataType, text


def test_an_unknown_type_is_an_error():
    with pytest.raises(ValueError, match="'money' is not a type"):
        spark_type("money")
    assert nested_types("money") == []
