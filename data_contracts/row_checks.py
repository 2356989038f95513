"""Row checks made from a contract, as Polars expressions: for files that are taken in without Spark.

The same rules and sentences as the Spark columns of `checks`; a test holds the two against each other.
"""

from collections.abc import Collection

import polars as pl

from data_contracts.contract import ColumnContract, Contract

Rule = tuple[str, pl.Expr]  # the sentence, and when it is true


def row_violations(
    contract: Contract, *, clear: bool = False, columns: Collection[str] | None = None
) -> pl.Expr:
    """What is wrong with a row: list of sentences such as `amount: below 0`; empty for a row that is fine.

    A missing value breaks only `required` (a blank text counts as missing there). The sentences never hold the
    value, which may be an identifier. With `clear` the columns of pseudonyms still hold clear values and are only
    asked to be there; `columns` limits the check to columns that the frame already has.
    """
    rules = _all_rules(contract, clear, columns)
    none = pl.lit(None, pl.String)  # a table may have no rule
    found = [pl.when(is_true).then(pl.lit(sentence)) for sentence, is_true in rules]
    return pl.concat_list([none, *found]).list.drop_nulls()


def row_is_broken(
    contract: Contract, *, clear: bool = False, columns: Collection[str] | None = None
) -> pl.Expr:
    """Whether `row_violations` has anything to say about a row; never null. Cheaper, for counting."""
    rules = _all_rules(contract, clear, columns)
    return pl.any_horizontal(pl.lit(False), *(is_true.fill_null(False) for _, is_true in rules))


def with_reasons(rows: pl.DataFrame, is_wrong: pl.Expr, reasons: pl.Expr, name: str) -> pl.DataFrame:
    """`rows` with the column `name`: `reasons` (list of text) where `is_wrong`, elsewhere an empty list.

    Nearly all rows are fine, so sentences are made for the others alone: that takes a tenth of the time.
    """
    numbered = rows.with_row_index("_number")
    some = numbered.filter(is_wrong)
    if some.is_empty():
        return rows.with_columns(pl.lit([], pl.List(pl.String)).alias(name))
    found = some.select("_number", reasons.alias(name))
    found = numbered.select("_number").join(found, "_number", how="left", maintain_order="left")
    return rows.with_columns(found[name].fill_null(pl.Series([[]], dtype=pl.List(pl.String))))


def _all_rules(contract: Contract, clear: bool, columns: Collection[str] | None) -> list[Rule]:
    wanted = [column for column in contract.columns if columns is None or column.name in columns]
    return [rule for column in wanted for rule in _rules(column, clear)]


def _rules(column: ColumnContract, clear: bool) -> list[Rule]:
    name, value = column.name, pl.col(column.name)
    rules: list[Rule] = []
    if column.required:
        is_missing = value.is_null()
        is_blank = value.str.strip_chars(" ") == ""
        rules.append(
            (f"{name}: missing", is_missing | is_blank if column.spark_type == "string" else is_missing)
        )
    if column.spark_type == "double":
        rules.append((f"{name}: not a number", value.is_nan()))
    is_number = ~value.is_nan() if column.spark_type == "double" else pl.lit(True)
    if column.minimum is not None:
        rules.append((f"{name}: below {column.minimum}", value < column.minimum))
    if column.maximum is not None:
        rules.append((f"{name}: above {column.maximum}", (value > column.maximum) & is_number))
    if column.valid_values:
        words = ", ".join(map(str, column.valid_values))
        rules.append((f"{name}: not one of {words}", ~value.is_in(list(column.valid_values))))
    if column.pattern is not None and not (clear and column.pseudonym):
        form = f"a pseudonym of {column.pseudonym}" if column.pseudonym else f"of the form {column.pattern}"
        rules.append((f"{name}: not {form}", ~value.str.contains(rf"\A(?:{column.pattern})\z")))
    return rules
