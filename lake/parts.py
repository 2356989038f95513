"""The part of a table that one publish replaces: some mornings, and maybe only some values of a column."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from conf.days import DayRange
from conf.errors import DataRefused
from data_contracts.contract import Contract
from lake.files import Limits, added_files, may_hold
from lake.tables import day_column

if TYPE_CHECKING:
    import polars as pl
    from pyspark.sql import Column

Only = Mapping[str, tuple[str, ...]]
SAMPLE = 5  # kinds of broken rows told in a refusal


def check_columns(found: Sequence[str], contract: Contract) -> None:
    """Raise DataRefused unless `found` are the columns of the contract, in any order."""
    wanted = [column.name for column in contract.columns]
    missing, unknown = sorted(set(wanted) - set(found)), sorted(set(found) - set(wanted))
    if missing or unknown:
        raise DataRefused(
            f"{contract.table}: columns do not fit its contract",
            [
                f"missing: {', '.join(missing) or 'none'}",
                f"not in the contract: {', '.join(unknown) or 'none'}",
            ],
        )


def spark_text(value: str) -> str:
    """A text as Spark SQL writes it."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def standard_text(value: str) -> str:
    """A text as standard SQL, and with it delta-rs, writes it."""
    return "'" + value.replace("'", "''") + "'"


@dataclass(frozen=True)
class Part:
    """The rows of `contract.table` whose morning is one of `days` and whose columns in `only` hold a given value."""

    contract: Contract
    days: DayRange
    only: Only = field(default_factory=dict)

    def __str__(self) -> str:
        limits = [f"{column} in {', '.join(values)}" for column, values in self.only.items()]
        return " with ".join([f"{day_column(self.contract)} {self.days}", *limits])

    def holds(self) -> "Column":
        """Whether a row belongs to the part; never null."""
        from pyspark.sql import functions as F

        day = F.col(day_column(self.contract))
        inside = (day >= F.lit(self.days.first)) & (day <= F.lit(self.days.last))
        if self.days.every > 1:
            inside = day.isin(*self.days)
        for column, values in self.only.items():
            inside &= F.col(column).isin(*values)
        return F.coalesce(inside, F.lit(False))

    def holds_row(self) -> "pl.Expr":
        """As `holds`, for a Polars frame."""
        import polars as pl

        day = pl.col(day_column(self.contract))
        inside = day.is_between(self.days.first, self.days.last)
        if self.days.every > 1:
            inside = day.is_in(list(self.days))
        for column, values in self.only.items():
            inside &= pl.col(column).is_in(list(values))
        return inside.fill_null(False)

    def predicate(self, quoted: Callable[[str], str] = spark_text) -> str:
        """The part as Delta's replaceWhere; names come from contract and code, values are quoted."""
        day = day_column(self.contract)
        if self.days.every == 1:  # BETWEEN is what Delta fails to resolve here
            where = [f"`{day}` >= DATE'{self.days.first}'", f"`{day}` <= DATE'{self.days.last}'"]
        else:
            mornings = ", ".join(f"DATE'{one}'" for one in self.days)
            where = [f"`{day}` IN ({mornings})"]
        where += [f"`{column}` IN ({', '.join(map(quoted, values))})" for column, values in self.only.items()]
        return " AND ".join(where)

    def is_absent(self, path: Path) -> bool:
        """Whether no file of the table at `path` can hold a row of the part, by partition values and statistics."""
        from deltalake import DeltaTable

        if not DeltaTable.is_deltatable(str(path)):
            return True
        limits: Limits = {
            day_column(self.contract): (self.days.first, self.days.last),
            **{column: (min(values), max(values)) for column, values in self.only.items()},
        }
        return not any(may_hold(added_files(DeltaTable(str(path))), limits).to_pylist())
