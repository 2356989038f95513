"""Publishing for rows that come from files and not from a Spark plan: audited on the way, one commit at the end.

What `publish` promises holds here too: readers see either all of the new rows or none. A Delta commit names its files
only after the last row was written, and the audit ends the stream before that.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import polars as pl
import pyarrow as pa

from conf.days import DayRange
from conf.errors import DataRefused
from conf.settings import Settings
from data_contracts.contract import load_contract
from data_contracts.row_checks import row_is_broken, row_violations
from data_contracts.types import polars_type
from lake.locks import table_lock
from lake.parts import SAMPLE, Only, Part, check_columns
from lake.runs import Run
from lake.staging import staging_folder
from lake.writer import commit_rows


def publish_batches(
    batches: Iterable[pl.DataFrame],
    settings: Settings,
    table: str,
    days: DayRange,
    run: Run,
    only: Only | None = None,
) -> int:
    """Replace the rows of `days` in `table` by those of `batches`, if they keep the contract; returns the new version.

    Replaced are the rows whose morning (as_of; in the mart known_as_of) is one of `days` and whose columns named in
    `only` hold one of the given values. The batches are read once, one at a time; no batch empties the days. That
    no primary key repeats is the caller's to see to: rows of files are compared before they are published.

    Raises DataRefused, and leaves the table as it was, when columns are missing or unknown, or when a row lies
    outside `days` or `only` or breaks the contract. Raises RiskvaneError when another process writes the table.
    """
    with table_lock(settings, table, run.run_id):
        return _commit(batches, Part(load_contract(table), days, only or {}), settings, run)


def publish_files(
    write: Callable[[Path], Sequence[Path]],
    settings: Settings,
    table: str,
    days: DayRange,
    run: Run,
    only: Only | None = None,
) -> int:
    """As `publish_batches`, for rows in the Parquet files that `write` makes in the folder that it is given.

    The table's lock is held from before the first file is written; the folder is gone at the end.
    """
    with table_lock(settings, table, run.run_id), staging_folder(settings, table, run) as folder:
        folder.mkdir()
        batches = map(pl.read_parquet, write(folder))
        return _commit(batches, Part(load_contract(table), days, only or {}), settings, run)


def _commit(batches: Iterable[pl.DataFrame], part: Part, settings: Settings, run: Run) -> int:
    stream = _Audited(batches, part)
    try:
        reader = pa.RecordBatchReader.from_batches(stream.schema, stream)
        return commit_rows(reader, part, settings, run.run_id)
    except Exception:
        if stream.refused:  # its own words, not those of the writer that it ended
            raise stream.refused from None
        raise


class _Audited:
    """The batches as Arrow; ends with a refusal at the first one that does not keep the contract."""

    def __init__(self, batches: Iterable[pl.DataFrame], part: Part) -> None:
        self._batches, self._part = batches, part
        self.types = {c.name: polars_type(c.spark_type) for c in part.contract.columns}
        self.schema = pl.DataFrame(schema=self.types).to_arrow(compat_level=pl.CompatLevel.oldest()).schema
        self.refused: DataRefused | None = None

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        for batch in self._batches:
            try:
                audit(batch, self._part)
            except DataRefused as refusal:
                self.refused = refusal
                raise
            rows = batch.select(pl.col(name).cast(kind) for name, kind in self.types.items())
            yield from rows.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(self.schema).to_batches()


def audit(rows: pl.DataFrame, part: Part) -> None:
    """Raise DataRefused when `rows` do not keep the contract of the part or lie outside it."""
    contract = part.contract
    check_columns(rows.columns, contract)
    problems = []
    if outside := rows.height - rows.select(part.holds_row().sum()).item():
        problems.append(f"{outside} of {rows.height} rows lie outside {part}")
    if rows.select(row_is_broken(contract).any()).item():
        reasons = rows.select(row_violations(contract).alias("reason")).explode("reason").drop_nulls()
        worst = reasons.group_by("reason").len().sort("len", "reason", descending=[True, False]).head(SAMPLE)
        problems += [f"{reason} in {count} of {rows.height} rows" for reason, count in worst.iter_rows()]
    if problems:
        raise DataRefused(f"{contract.table} was not published; its rows stay as they were", problems)
