"""Row checks made from a contract: Spark columns, one pass, no join, no UDF."""

from collections.abc import Collection
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from data_contracts.contract import ColumnContract, Contract

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

Rule = tuple[str, "Column"]  # the sentence, and when it is true


def violations(
    contract: Contract, *, clear: bool = False, columns: Collection[str] | None = None
) -> "Column":
    """What is wrong with a row: array<string> of sentences such as `amount: below 0`; empty for a row that is fine.

    A missing value breaks only `required` (a blank text counts as missing there). The sentences never hold the
    value, which may be an identifier. With `clear` the columns of pseudonyms still hold clear values and are only
    asked to be there; `columns` limits the check to columns that the frame already has.
    """
    from pyspark.sql import functions as F

    rules = _all_rules(contract, clear, columns)
    found = F.array_compact(F.array(*(F.when(is_true, F.lit(sentence)) for sentence, is_true in rules)))
    # Nearly all rows are fine: asking first whether any rule is broken halves the cost of building arrays.
    return F.when(_any(rules), found).otherwise(F.array().cast("array<string>"))


def is_broken(contract: Contract, *, clear: bool = False, columns: Collection[str] | None = None) -> "Column":
    """Whether `violations` has anything to say about a row; never null. Cheaper, for counting."""
    return _any(_all_rules(contract, clear, columns))


def broken_columns(reasons: "Column") -> "Column":
    """The columns that sentences like those of `violations` speak of: array<string>, each once."""
    from pyspark.sql import functions as F

    return F.array_distinct(F.transform(reasons, lambda reason: F.substring_index(reason, ":", 1)))


def duplicates(frame: "DataFrame", contract: Contract) -> "DataFrame":
    """The keys that stand in more than one row: one row per such key, its columns and `count bigint`.

    One aggregate over the key columns.
    """
    from pyspark.sql import functions as F

    counted = frame.groupBy(*contract.primary_key).agg(F.count(F.lit(1)).alias("count"))
    return counted.where(F.col("count") > 1)


def _any(rules: list[Rule]) -> "Column":
    from pyspark.sql import functions as F

    known = (F.coalesce(is_true, F.lit(False)) for _, is_true in rules)
    return reduce(or_, known, F.lit(False))


def _all_rules(contract: Contract, clear: bool, columns: Collection[str] | None) -> list[Rule]:
    wanted = [column for column in contract.columns if columns is None or column.name in columns]
    return [rule for column in wanted for rule in _rules(column, clear)]


def _rules(column: ColumnContract, clear: bool) -> list[Rule]:
    from pyspark.sql import functions as F

    name, value = column.name, F.col(column.name)
    is_text = column.spark_type == "string"
    rules: list[Rule] = []
    if column.required:
        is_missing = value.isNull()
        rules.append((f"{name}: missing", is_missing | (F.trim(value) == "") if is_text else is_missing))
    if column.spark_type == "double":
        rules.append((f"{name}: not a number", F.isnan(value)))
    if column.minimum is not None:
        rules.append((f"{name}: below {column.minimum}", value < F.lit(column.minimum)))
    if column.maximum is not None:
        is_above = value > F.lit(column.maximum)
        if column.spark_type == "double":  # Spark sorts NaN above every number
            is_above &= ~F.isnan(value)
        rules.append((f"{name}: above {column.maximum}", is_above))
    if column.valid_values:
        words = ", ".join(map(str, column.valid_values))
        rules.append((f"{name}: not one of {words}", ~value.isin(*column.valid_values)))
    if column.pattern is not None and not (clear and column.pseudonym):
        form = f"a pseudonym of {column.pseudonym}" if column.pseudonym else f"of the form {column.pattern}"
        # `$` alone would let a line break through at the end
        rules.append((f"{name}: not {form}", ~value.rlike(rf"\A(?:{column.pattern})\z")))
    return rules
