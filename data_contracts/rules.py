"""What the house asks of a contract beyond the standard: purposes, units, owners, keys, and no check left unread."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from data_contracts.types import is_numeric, logical_type

if TYPE_CHECKING:
    from data_contracts.contract import ColumnContract, Contract

LAYERS = ("landing", "mart", "features", "decisions", "lists", "review", "ops")
# feed: a file as it lands; event, dimension: mart; daily: replaced by as_of; ledger: only ever grows.
KINDS = ("feed", "event", "dimension", "daily", "ledger")
CLASSIFICATIONS = ("public", "internal", "confidential", "restricted")
# Every row of the mart says when and how it came; these are its last columns, in this order.
LINEAGE = ("received_at", "known_as_of", "is_late", "source", "source_file", "source_line")
# What is read out of a file. The standard allows more; what nobody would check must not look like a promise.
READ_LIMITS = {"minimum", "maximum", "pattern"}
READ_TABLE_PROPERTIES = {"layer", "kind", "timeColumn"}
READ_COLUMN_PROPERTIES = {"pseudonym", "unit", "version"}
NOT_READ = {"unique", "encryptedName", "transformLogic", "criticalDataElement"}


def table_problems(contract: "Contract", table: dict) -> Iterator[str]:
    """One sentence per rule that the table breaks; `table` is the entry under `schema`."""
    names = [column.name for column in contract.columns]
    place = f"{contract.layer}/{contract.table}"
    if contract.layer not in LAYERS:
        yield f"layer: wanted one of {', '.join(LAYERS)}; found {contract.layer}"
    if contract.kind not in KINDS:
        yield f"kind: wanted one of {', '.join(KINDS)}; found {contract.kind}"
    if table.get("physicalName") != place:
        yield f"physicalName: wanted {place}; found {table.get('physicalName')}"
    if unread := _names(table) - READ_TABLE_PROPERTIES:
        yield f"customProperties {sorted(unread)} are unknown; known are {sorted(READ_TABLE_PROPERTIES)}"
    if table.get("quality"):
        yield "quality of the whole table is not checked; write it at a column"
    if not contract.description:
        yield "description.purpose is missing"
    if not contract.grain:
        yield "dataGranularityDescription (what one row is) is missing"
    if not contract.owner:
        yield "team has no member with role owner"
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        yield f"columns {repeated} are declared twice"
    if not contract.primary_key:
        yield "no column is marked primaryKey"
    if optional := [name for name in contract.primary_key if not contract.column(name).required]:
        yield f"columns {optional} of the primary key are not required"
    if contract.time_column not in (None, *names):
        yield f"timeColumn {contract.time_column} is not a column"
    yield from _kind_problems(contract, names)


def _kind_problems(contract: "Contract", names: list[str]) -> Iterator[str]:
    split, time = contract.partition_by, contract.time_column
    if contract.layer == "mart" and tuple(names[-len(LINEAGE) :]) != LINEAGE:
        yield f"a mart table ends with {', '.join(LINEAGE)}; found {', '.join(names[-len(LINEAGE) :])}"
    if contract.kind == "event" and (split, time) != (("event_date",), "happened_at"):
        yield "an event table is partitioned by event_date and its timeColumn is happened_at"
    if contract.kind == "dimension" and (split != ("known_as_of",) or time is None):
        yield "a dimension is partitioned by known_as_of and names its timeColumn"
    if contract.kind == "daily" and split != ("as_of",):
        yield "a daily table is partitioned by as_of"


def column_problems(column: "ColumnContract", given: dict) -> Iterator[str]:
    """One sentence per rule that the column breaks; `given` is its entry under `properties`."""
    kind, stated = logical_type(column.spark_type), given.get("classification")
    numeric = is_numeric(column.spark_type)
    if kind is None:
        yield f"physicalType {column.spark_type!r} is not a known Spark type"
    elif given.get("logicalType") != kind:
        yield f"logicalType: {column.spark_type} is {kind}; found {given.get('logicalType')}"
    if not column.description:
        yield "description is missing; a column without a stated purpose is refused"
    if numeric and not column.unit and not column.valid_values:
        yield "unit is missing"
    if stated not in CLASSIFICATIONS:
        yield f"classification: wanted one of {', '.join(CLASSIFICATIONS)}; found {stated}"
    for flag, position in (("primaryKey", "primaryKeyPosition"), ("partitioned", "partitionKeyPosition")):
        if given.get(flag) and given.get(position, 0) < 1:
            yield f"{position}: wanted 1 or more; found {given.get(position)}"
    if type(column.version) is not int or column.version < 1:
        yield f"version: wanted a whole number from 1 on; found {column.version!r}"
    if column.pseudonym and not re.fullmatch(r"[a-z]+(\|[a-z]+)*", column.pseudonym):
        yield f"pseudonym: wanted tags of small letters such as account or account|phone; found {column.pseudonym!r}"
    if column.pseudonym and stated != "restricted":
        yield f"a column of pseudonyms has classification restricted; found {stated}"
    yield from _check_problems(column, given, numeric)


def _check_problems(column: "ColumnContract", given: dict, numeric: bool) -> Iterator[str]:
    text = column.spark_type == "string"
    low, high, values = column.minimum, column.maximum, column.valid_values
    if not numeric and (low, high) != (None, None):
        yield "minimum and maximum are for numbers"
    if low is not None and high is not None and low > high:
        yield f"minimum {low} is above maximum {high}"
    if column.pattern is not None and not text:
        yield "pattern and pseudonym are for strings"
    elif not _compiles(column.pattern):
        yield f"pattern {column.pattern!r} is not a regular expression"
    if not all(isinstance(v, str) if text else numeric and type(v) is int for v in values):
        yield f"validValues {list(values)} are not of type {column.spark_type}"
    for rule in given.get("quality", []):
        if rule.get("metric") != "invalidValues" or rule.get("mustBe") != 0 or not values:
            yield "quality: only `metric: invalidValues` with `validValues` and `mustBe: 0` is checked"
    if unread := given.get("logicalTypeOptions", {}).keys() - READ_LIMITS:
        yield f"logicalTypeOptions {sorted(unread)} are not checked; known are {sorted(READ_LIMITS)}"
    if unread := _names(given) - READ_COLUMN_PROPERTIES:
        yield f"customProperties {sorted(unread)} are unknown; known are {sorted(READ_COLUMN_PROPERTIES)}"
    if unread := NOT_READ & given.keys():
        yield f"{sorted(unread)} are not checked; a key is stated by primaryKey and primaryKeyPosition"


def _names(element: dict) -> set[str]:
    return {entry["property"] for entry in element.get("customProperties", [])}


def _compiles(pattern: str | None) -> bool:
    try:
        re.compile(pattern or "")
    except re.error:
        return False
    return True
