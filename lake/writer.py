"""Rows into a Delta table without Spark: one commit takes milliseconds, a Spark job of its own some seconds."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from conf.settings import Settings
from data_contracts.contract import Contract
from lake.parts import Part, standard_text

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

FEW_ROWS = 100_000  # up to here rows fit into the memory of any driver, and Spark would only be slower


def arrow_schema(contract: Contract) -> pa.Schema:
    """The contract's columns as Arrow types; instants in UTC."""
    from pyspark.sql.pandas.types import to_arrow_schema  # pure Python: no session, no JVM

    return to_arrow_schema(contract.spark_schema(), timezone="UTC")


def arrow_rows(staged: "DataFrame | Path", contract: Contract) -> pa.Table:
    """The rows of a frame, or of a folder of Parquet files, with the contract's columns and types."""
    import pyarrow.parquet as pq

    rows = pq.read_table(staged) if isinstance(staged, Path) else staged.toArrow()
    schema = arrow_schema(contract)
    return rows.select(schema.names).cast(schema)


def commit_rows(rows: pa.Table | pa.RecordBatchReader, part: Part, settings: Settings, run_id: str) -> int:
    """Put `rows` in the place of `part` in one commit that names its run; returns the new version of the table.

    A reader's rows are written as they come; when it raises, nothing is committed.
    """
    from deltalake import DeltaTable, write_deltalake

    path = part.contract.path(settings.lake)
    options = _options(part.contract, run_id)
    # Nobody else writes while the lock is held, so a part that is not there yet needs no search for rows to replace:
    # the first run of a night, the common case, takes half the time.
    if part.is_absent(path):
        write_deltalake(str(path), rows, mode="append", **options)
    else:
        write_deltalake(str(path), rows, mode="overwrite", predicate=part.predicate(standard_text), **options)
    return DeltaTable(str(path), without_files=True).version()


def append(rows: pa.Table, contract: Contract, path: Path, run_id: str) -> None:
    """Add rows in one commit that names its run.

    Raises deltalake's CommitFailedError where another process's commit is in the way; its appends are not.
    """
    from deltalake import write_deltalake

    write_deltalake(str(path), rows, mode="append", **_options(contract, run_id))


def statistics(contract: Contract) -> str:
    """The columns with statistics: what reads and replaceWhere ask for. Delta's default is the first 32 columns."""
    asked = dict.fromkeys((*contract.primary_key, contract.day_column or "as_of"))
    return ",".join(name for name in asked if name not in contract.partition_by)


def _options(contract: Contract, run_id: str) -> dict[str, Any]:
    from deltalake import CommitProperties, WriterProperties

    daily = contract.day_column is not None
    return {
        "partition_by": list(contract.partition_by) or None,
        "configuration": {"delta.dataSkippingStatsColumns": statistics(contract)} if daily else None,
        # Dictionaries of identifiers, which hardly repeat, are given up early.
        "writer_properties": WriterProperties(compression="SNAPPY", dictionary_page_size_limit=1 << 17),
        "commit_properties": CommitProperties(custom_metadata={"userMetadata": run_id}),
    }
