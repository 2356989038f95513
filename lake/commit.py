"""Parquet files that were written beside a Delta table become part of it in one transaction."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa

Values = Mapping[str, Any]  # partition column -> value


@dataclass(frozen=True)
class Written:
    """A file under the folder of its table, in no commit yet; its name was never used before."""

    path: str  # relative to the folder
    partition: Mapping[str, str]
    rows: int
    size: int


def partition_folder(partition: Mapping[str, str]) -> str:
    """Where files of one partition lie, relative to the table."""
    return "/".join(f"{name}={quote(value, safe='')}" for name, value in partition.items())


def commit_files(
    folder: Path,
    schema: pa.Schema,
    partition_by: Sequence[str],
    written: Sequence[Written],
    is_replaced: Callable[[Values], bool],
    run_id: str,
    configuration: Mapping[str, str] | None = None,
) -> int:
    """Put `written` in the place of the files whose partition `is_replaced`; returns the new version of the table.

    Readers see all of it or nothing. Columns that the table lacks are added to it, with null in older files. A file
    that no commit names is left over from a run that died; nobody reads it. Raises deltalake's CommitFailedError when
    another process changed the table meanwhile.
    """
    from deltalake import CommitProperties, DeltaTable, Schema
    from deltalake.transaction import create_table_with_add_actions

    properties = CommitProperties(custom_metadata={"userMetadata": run_id})
    added = [_add(file) for file in written]
    if not DeltaTable.is_deltatable(str(folder)):
        folder.mkdir(parents=True, exist_ok=True)
        create_table_with_add_actions(
            str(folder),
            Schema.from_arrow(schema),
            added,
            partition_by=list(partition_by),
            configuration=dict(configuration or {}),
            commit_properties=properties,
        )
        return DeltaTable(str(folder), without_files=True).version()
    table = DeltaTable(str(folder))
    names = {field.name for field in table.schema().fields}
    if new := [field for field in Schema.from_arrow(schema).fields if field.name not in names]:
        table.alter.add_columns(new)
        table = DeltaTable(str(folder))
    removed = [
        _remove(path, values) for path, values in committed(table, partition_by) if is_replaced(values)
    ]
    table.create_write_transaction(
        [*added, *removed], "append", table.schema(), list(partition_by), commit_properties=properties
    )
    return DeltaTable(str(folder), without_files=True).version()


def committed(table: Any, partition_by: Sequence[str]) -> list[tuple[str, dict[str, Any]]]:
    """The files of a table (a DeltaTable) as they stand in its log, each with the values of its partition."""
    files = pa.table(table.get_add_actions(flatten=True))
    values = [files[f"partition.{name}"].to_pylist() for name in partition_by]
    rows = zip(files["path"].to_pylist(), *values, strict=True)
    return [(path, dict(zip(partition_by, found, strict=True))) for path, *found in rows]


def _add(file: Written) -> Any:
    from deltalake.transaction import AddAction

    stats = json.dumps({"numRecords": file.rows})
    return AddAction(file.path, file.size, file.partition, _now(), True, stats)


def _remove(path: str, values: Values) -> Any:
    from deltalake.transaction import RemoveAction

    texts: dict[str, str | None] = {
        n: v.isoformat() if isinstance(v, date) else str(v) for n, v in values.items()
    }
    return RemoveAction(path, True, _now(), partition_values=texts)


def _now() -> int:
    return int(time.time() * 1000)
