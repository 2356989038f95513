"""The part of a table that one publish replaces: some mornings, and maybe only some values of a column."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from conf.days import DayRange
from data_contracts.contract import Contract
from lake.tables import day_column

if TYPE_CHECKING:
    import polars as pl
    from pyspark.sql import Column

Only = Mapping[str, tuple[str, ...]]


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
        inside = day.is_in(list(self.days)) if self.days.every > 1 else day.is_between(*self._ends)
        for column, values in self.only.items():
            inside &= pl.col(column).is_in(list(values))
        return inside.fill_null(False)

    def predicate(self) -> str:
        """The part as Delta's replaceWhere; names come from contract and code, values are quoted."""
        return self._where("`{}`", "DATE'{}'", _quoted)

    def sql(self) -> str:
        """The part as delta-rs asks for it: as `predicate`, in another dialect."""
        return self._where('"{}"', "CAST('{}' AS DATE)", lambda value: "'" + value.replace("'", "''") + "'")

    @property
    def _ends(self) -> tuple[date, date]:
        return self.days.first, self.days.last

    def _where(self, name: str, day: str, quoted: Callable[[str], str]) -> str:
        column = name.format(day_column(self.contract))
        if self.days.every == 1:  # BETWEEN is what Delta fails to resolve here
            where = [
                f"{column} {sign} {day.format(end)}"
                for sign, end in zip((">=", "<="), self._ends, strict=True)
            ]
        else:
            where = [f"{column} IN ({', '.join(map(day.format, self.days))})"]
        where += [
            f"{name.format(column)} IN ({', '.join(map(quoted, values))})"
            for column, values in self.only.items()
        ]
        return " AND ".join(where)

    def is_absent(self, path: Path) -> bool:
        """Whether no file of the table at `path` can hold a row of the part, by partition values and statistics."""
        from deltalake import DeltaTable

        if not DeltaTable.is_deltatable(str(path)):
            return True
        files = pa.table(DeltaTable(str(path)).get_add_actions(flatten=True))
        may_hold = _may_lie_between(files, day_column(self.contract), self.days.first, self.days.last)
        for column, values in self.only.items():
            may_hold = pc.and_(may_hold, _may_lie_between(files, column, min(values), max(values)))
        return not pc.any(may_hold).as_py()


def _may_lie_between(files: pa.Table, column: str, low: Any, high: Any) -> pa.ChunkedArray | pa.Array:
    """Per file, whether it may hold a value in [low, high]; a file without statistics may."""
    place = f"partition.{column}"
    names = [place, place] if place in files.column_names else [f"min.{column}", f"max.{column}"]
    if not set(names) <= set(files.column_names):
        return pa.array([True] * files.num_rows, pa.bool_())
    below = pc.less_equal(files[names[0]], pa.scalar(high))
    above = pc.greater_equal(files[names[1]], pa.scalar(low))
    return pc.fill_null(pc.and_(below, above), True)


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
