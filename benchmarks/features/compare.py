"""Do two outputs agree on every row and column? Whole numbers must be equal, floats to 1e-9 of their size.

Rows are found by account_id, or by the event's own columns. A null equals a null only. Events of one account at the
same instant are not compared: SQL's ranges and our moments differ in what they see there, and say so.

Example: python -m benchmarks.features.compare duckdb.parquet spark.parquet
"""

import sys
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.features.subday import EVENT

RELATIVE = 1e-9
SHOWN = 5


def differences(one: Path, other: Path) -> list[str]:
    """One sentence per column that differs, with its first differing rows; empty when the outputs agree."""
    left, right = _scan(one), _scan(other)
    names, found = left.collect_schema().names(), right.collect_schema().names()
    if sorted(names) != sorted(found):
        return [
            f"columns: only in {one}: {sorted(set(names) - set(found))}, "
            f"only in {other}: {sorted(set(found) - set(names))}"
        ]
    keys = [name for name in EVENT if name in names]
    rows, keyed = _in_order(left, keys)
    other_rows, other_keyed = _in_order(right, keys)
    if keyed.height != other_keyed.height or not keyed.equals(other_keyed):
        missing = keyed.join(other_keyed, on=keys, how="anti")
        more = other_keyed.join(keyed, on=keys, how="anti")
        return [
            f"rows: {keyed.height} and {other_keyed.height}; only in {one}: {missing.head(SHOWN).rows()}, "
            f"only in {other}: {more.head(SHOWN).rows()}"
        ]
    problems = []
    for name in (name for name in names if name not in keys):  # one at a time: outputs are wide
        a = left.select(name).collect().to_series().gather(rows)
        b = right.select(name).collect().to_series().gather(other_rows)
        where = np.flatnonzero(_differs(a, b))
        if len(where):
            first = [(keyed.row(int(n)), a[int(n)], b[int(n)]) for n in where[:SHOWN]]
            problems.append(f"{name}: {len(where)} of {len(a)} rows differ, first (key, one, other): {first}")
    return problems


def _differs(a: pl.Series, b: pl.Series) -> np.ndarray:
    if a.dtype.is_integer() and b.dtype.is_integer():
        return a.ne_missing(b).to_numpy()
    if a.dtype.is_integer() or b.dtype.is_integer():
        return np.ones(len(a), bool)
    x, y = a.to_numpy(), b.to_numpy()
    near = np.abs(x - y) <= RELATIVE * np.maximum(np.abs(x), np.abs(y))
    both_null = (a.is_null() & b.is_null()).to_numpy()
    return ~(near | both_null)


def _scan(output: Path) -> pl.LazyFrame:
    """An output is one file, or a folder of them; of a feature table the accounts with a row in its widest window."""
    rows = pl.scan_parquet(
        output / "**" / "*.parquet" if output.is_dir() else output, hive_partitioning=False
    )
    names = rows.collect_schema().names()
    if "happened_at" in names:
        # Of an account's events at one instant a range of SQL sees all, our moments those booked before: left out.
        return rows.filter(pl.len().over("account_id", "happened_at") == 1)
    if "subject_id" not in names:
        return rows
    widest = max((name for name in names if name.startswith("count_")), key=lambda name: int(name[6:-1]))
    account = pl.col("subject_id").cast(pl.Int64).alias("account_id")
    return rows.filter(pl.col(widest) > 0).with_columns(account).drop("subject_id")


def _in_order(frame: pl.LazyFrame, keys: list[str]) -> tuple[pl.Series, pl.DataFrame]:
    """Positions of the rows ordered by key, and the ordered keys."""
    ordered = frame.select(keys).collect().with_row_index("row").sort(keys)
    return ordered["row"], ordered.drop("row")


def main() -> int:
    """Compare the two outputs that the command names."""
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    problems = differences(Path(sys.argv[1]), Path(sys.argv[2]))
    print("\n".join(problems) or "equal")
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
