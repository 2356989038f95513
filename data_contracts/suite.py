"""Published days held against their contracts by Great Expectations, with pages that people can open."""

import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pyarrow as pa

from data_contracts.contract import ColumnContract, Contract

if TYPE_CHECKING:
    from great_expectations.data_context import AbstractDataContext
    from great_expectations.expectations.expectation import Expectation
    from pandas import DataFrame as PandasFrame
    from pyspark.sql import DataFrame

    Rows: TypeAlias = DataFrame | pa.Table

# Up to here the rows are checked in memory: a Spark job per metric costs more than the rows themselves.
# 150,000 rows of 26 columns took about equally long both ways, a handful a sixth in memory.
IN_MEMORY_ROWS = 300_000
# Counts only. A value that broke the form of a pseudonym may be an identifier in clear: no page may quote it.
RESULT_FORMAT = {"result_format": "BASIC", "partial_unexpected_count": 0}


@dataclass(frozen=True)
class CheckResult:
    """What came out for one table: a sentence with counts per broken promise; `docs` is the page to open."""

    table: str
    ok: bool
    rows: int
    problems: list[str] = field(default_factory=list)
    docs: str | None = None


def check_day(contract: Contract, frame: "Rows", docs: Path | None, name: str | None = None) -> CheckResult:
    """As `check_tables`, for one table; `name` (default: the table's) is the folder under `docs`."""
    return check_tables([(contract, frame)], docs, name or contract.table)[0]


def check_tables(
    tables: Iterable[tuple[Contract, "Rows"]], docs: Path | None, name: str, *, skip_empty: bool = False
) -> list[CheckResult]:
    """Check one published day of several tables; one result per table, in the order given.

    The rows are a Spark frame or an Arrow table; Spark works only on frames of more than IN_MEMORY_ROWS rows.
    A missing value breaks only `required`. A day without rows is broken, or left out with `skip_empty`.
    Nothing is raised for broken data.
    With `docs` the folder `docs/name` is replaced by static pages of this check: an index and a page per table,
    which ask nothing of the network and hold counts and shares, never values.
    """
    context = _quiet_context()
    page = str(docs / name / "index.html") if docs else None
    results = []
    for contract, frame in tables:
        rows = frame.num_rows if isinstance(frame, pa.Table) else frame.count()
        if rows or not skip_empty:
            problems = _problems(_validate(context, contract, frame, rows, name), contract)
            results.append(CheckResult(contract.table, not problems, rows, problems, page))
    if docs is not None:
        from data_contracts.docs import write_docs

        write_docs(context, docs / name, name, results)
    return results


def expectations(contract: Contract) -> Iterator["Expectation"]:
    """The checks that a contract promises: columns, at least one row, key, then column by column."""
    from great_expectations import expectations as gxe

    yield gxe.ExpectTableColumnsToMatchSet(column_set=[c.name for c in contract.columns], exact_match=True)
    yield gxe.ExpectTableRowCountToBeBetween(min_value=1)
    if len(contract.primary_key) == 1:
        yield gxe.ExpectColumnValuesToBeUnique(column=contract.primary_key[0])
    else:
        yield gxe.ExpectCompoundColumnsToBeUnique(column_list=list(contract.primary_key))
    for column in contract.columns:
        yield from _column_expectations(column)


def _column_expectations(column: ColumnContract) -> Iterator["Expectation"]:
    from great_expectations import expectations as gxe

    name, low, high = column.name, column.minimum, column.maximum
    if column.required:
        yield gxe.ExpectColumnValuesToNotBeNull(column=name)
    if (low, high) != (None, None):
        yield gxe.ExpectColumnValuesToBeBetween(column=name, min_value=low, max_value=high)
    if column.valid_values:
        yield gxe.ExpectColumnValuesToBeInSet(column=name, value_set=list(column.valid_values))
    if column.pattern is not None:
        yield gxe.ExpectColumnValuesToMatchRegex(column=name, regex=column.pattern)


def _quiet_context() -> "AbstractDataContext":
    """A context in memory that reports nothing to anybody and draws no progress bars."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    return context


def _validate(
    context: "AbstractDataContext", contract: Contract, frame: "Rows", count: int, name: str
) -> Any:
    import great_expectations as gx

    sources: Any = context.data_sources
    with _readable(frame, count) as (kind, rows):
        source = getattr(sources, f"add_{kind}")(name=contract.table)
        batch = source.add_dataframe_asset(name=name).add_batch_definition_whole_dataframe(name)
        suite = context.suites.add(
            gx.ExpectationSuite(name=contract.table, expectations=list(expectations(contract)))
        )
        check = context.validation_definitions.add(
            gx.ValidationDefinition(name=contract.table, data=batch, suite=suite)
        )
        return check.run(
            batch_parameters={"dataframe": rows},
            result_format=RESULT_FORMAT,
            run_id=gx.RunIdentifier(run_name=name),
        )


@contextmanager
def _readable(frame: "Rows", count: int) -> Iterator[tuple[str, Any]]:
    """The rows so that every metric may read them again: in memory, or kept by Spark meanwhile."""
    from pyspark import StorageLevel

    if isinstance(frame, pa.Table):
        yield "pandas", _in_memory(frame)
    elif count <= IN_MEMORY_ROWS:
        yield "pandas", _in_memory(frame.toArrow())
    else:
        try:
            yield "spark", frame.persist(StorageLevel.MEMORY_AND_DISK)
        finally:
            frame.unpersist()


def _in_memory(rows: pa.Table) -> "PandasFrame":
    """The rows as pandas; money as float, which is exact enough for bounds and much faster than Decimal."""
    for place, column in enumerate(rows.schema):
        if pa.types.is_decimal(column.type):
            rows = rows.set_column(place, column.name, rows.column(place).cast(pa.float64()))
    return rows.to_pandas()


ROW_COUNT = "expect_table_row_count_to_be_between"
SENTENCES = {
    "expect_column_values_to_not_be_null": "{column}: missing in {count} of {rows} rows",
    "expect_column_values_to_be_between": "{column}: outside {min_value} to {max_value} in {count} of {rows} rows",
    "expect_column_values_to_be_in_set": "{column}: not one of {words} in {count} of {rows} rows",
    "expect_column_values_to_match_regex": "{column}: not of the form {regex} in {count} of {rows} rows",
    "expect_column_values_to_be_unique": "key {key}: {count} of {rows} rows share it with another row",
    "expect_compound_columns_to_be_unique": "key {key}: {count} of {rows} rows share it with another row",
}


def _kind(result: Any) -> str:
    return result.expectation_config.type


def _problems(outcome: Any, contract: Contract) -> list[str]:
    """A sentence per broken expectation; where columns are missing, only that, since the rest cannot be asked."""
    broken = [result for result in outcome.results if not result.success]
    for result in broken:
        if _kind(result) == "expect_table_columns_to_match_set":
            wanted, found = {c.name for c in contract.columns}, set(result.result["observed_value"])
            return [
                f"columns do not fit the contract; missing: {', '.join(sorted(wanted - found)) or 'none'}; "
                f"not in the contract: {', '.join(sorted(found - wanted)) or 'none'}"
            ]
    return [_sentence(result, contract) for result in broken]


def _sentence(result: Any, contract: Contract) -> str:
    kind, given, seen = _kind(result), result.expectation_config.kwargs, result.result
    if kind == ROW_COUNT:
        return "the day has no rows"
    if "unexpected_count" not in seen:
        causes = "; ".join(str(e.get("exception_message")) for e in _exceptions(result.exception_info))
        return f"{given.get('column', 'table')}: the check {kind} could not be run: {causes}"
    return SENTENCES[kind].format(
        column=given.get("column"),
        key=", ".join(contract.primary_key),
        words=", ".join(map(str, given.get("value_set", ()))),
        min_value=_bound(given.get("min_value")),
        max_value=_bound(given.get("max_value")),
        regex=given.get("regex"),
        count=seen["unexpected_count"],
        rows=seen["element_count"],
    )


def _exceptions(info: dict) -> list[dict]:
    return [info] if "exception_message" in info else list(info.values())


def _bound(value: float | None) -> str:
    return "any" if value is None else f"{value:g}" if abs(value) < 1e6 else f"{value:,.0f}"
