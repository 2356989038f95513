"""Few rows into a Delta table without Spark: one commit takes milliseconds, a Spark job of its own some seconds."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from data_contracts.contract import Contract

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


def append(rows: pa.Table, contract: Contract, path: Path, run_id: str, stats: str | None = None) -> None:
    """Add rows in one commit that names its run; `stats` names the columns with statistics in a new table.

    Raises deltalake's CommitFailedError where another process's commit is in the way; its appends are not.
    """
    from deltalake import write_deltalake

    write_deltalake(str(path), rows, mode="append", **_options(contract, run_id, stats))


def replace(
    rows: pa.Table, contract: Contract, path: Path, run_id: str, predicate: str, stats: str | None = None
) -> None:
    """As `append`; the same commit takes away the rows that `predicate` holds for."""
    from deltalake import write_deltalake

    options = _options(contract, run_id, stats)
    write_deltalake(str(path), rows, mode="overwrite", predicate=predicate, **options)


def _options(contract: Contract, run_id: str, stats: str | None) -> dict[str, Any]:
    from deltalake import CommitProperties

    return {
        "partition_by": list(contract.partition_by) or None,
        "configuration": {"delta.dataSkippingStatsColumns": stats} if stats else None,
        "commit_properties": CommitProperties(custom_metadata={"userMetadata": run_id}),
    }
