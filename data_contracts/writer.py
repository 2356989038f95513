"""Contracts written by code: for tables whose columns are declared elsewhere, such as feature groups."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from data_contracts.contract import ColumnContract, Contract
from data_contracts.types import logical_type, nested_types

OWNER = "risk-data@example.org"


class _Line(dict):
    """A mapping that is written on one line."""


class _Items(list):
    """A list that is written on one line."""


class _Dumper(yaml.SafeDumper):
    """Indents lists below their key, as people write them."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        return super().increase_indent(flow, False)


_Dumper.add_representer(
    _Line, lambda d, v: d.represent_mapping("tag:yaml.org,2002:map", v.items(), flow_style=True)
)
_Dumper.add_representer(
    _Items, lambda d, v: d.represent_sequence("tag:yaml.org,2002:seq", v, flow_style=True)
)


def write_contract(
    path: Path,
    table: str,
    layer: str,
    kind: str,
    description: str,
    columns: Sequence[ColumnContract],
    *,
    primary_key: Sequence[str] = ("as_of", "subject_id"),
    partition_by: Sequence[str] = ("as_of",),
    grain: str = "One row per subject and as_of.",
    owner: str = OWNER,
    time_column: str | None = None,
    limitations: str | None = None,
    version: str = "1.0.0",
) -> Path:
    """Write `<table>.odcs.yaml`; the same arguments give the same bytes. Read it back with `read_contract`.

    The defaults are those of a daily table with one row per subject and as_of.
    """
    contract = Contract(
        table=table,
        layer=layer,
        kind=kind,
        version=version,
        description=description,
        grain=grain,
        owner=owner,
        columns=tuple(columns),
        primary_key=tuple(primary_key),
        partition_by=tuple(partition_by),
        time_column=time_column,
        limitations=limitations,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render(contract), encoding="utf-8")
    return path


def render(contract: Contract) -> str:
    """The contract as ODCS YAML."""
    about = {"purpose": contract.description}
    if contract.limitations:
        about["limitations"] = contract.limitations
    custom = {"layer": contract.layer, "kind": contract.kind}
    if contract.time_column:
        custom["timeColumn"] = contract.time_column
    table = {
        "name": contract.table,
        "physicalName": f"{contract.layer}/{contract.table}",
        "physicalType": "files" if contract.kind == "feed" else "table",
        "dataGranularityDescription": contract.grain,
        "customProperties": _properties(custom),
        "properties": [_property(column, contract) for column in contract.columns],
    }
    content = {
        "kind": "DataContract",
        "apiVersion": "v3.1.0",
        "id": contract.table,
        "version": contract.version,
        "status": "active",
        "description": about,
        "team": {"members": [_Line(username=contract.owner, role="owner")]},
        "schema": [table],
    }
    return yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)


def _property(column: ColumnContract, contract: Contract) -> dict[str, Any]:
    given = _shape(column.name, column.spark_type)
    if column.required:
        given["required"] = True
    if column.name in contract.primary_key:
        given |= {"primaryKey": True, "primaryKeyPosition": contract.primary_key.index(column.name) + 1}
    if column.name in contract.partition_by:
        given |= {"partitioned": True, "partitionKeyPosition": contract.partition_by.index(column.name) + 1}
    given["classification"] = column.classification
    own_pattern = None if column.pseudonym else column.pattern
    limits = {"minimum": column.minimum, "maximum": column.maximum, "pattern": own_pattern}
    if limits := {name: value for name, value in limits.items() if value is not None}:
        given["logicalTypeOptions"] = _Line(limits)
    if column.valid_values:
        values = _Line(validValues=_Items(column.valid_values))
        given["quality"] = [_Line(metric="invalidValues", arguments=values, mustBe=0)]
    given["description"] = column.description
    version = column.version if column.version > 1 else None
    custom = {"pseudonym": column.pseudonym, "unit": column.unit, "version": version}
    if custom := {name: value for name, value in custom.items() if value is not None}:
        given["customProperties"] = _properties(custom)
    return given


def _shape(name: str, kind: str) -> dict[str, Any]:
    """Name and types; for nested types what is inside, which the standard wants to know."""
    given: dict[str, Any] = {"name": name, "logicalType": logical_type(kind), "physicalType": kind}
    inside = [_Line(_shape(part, of)) for part, of in nested_types(kind)]
    if given["logicalType"] == "array":
        given["items"] = inside[0]
    elif inside:
        given["properties"] = inside
    return given


def _properties(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    return _Items(_Line(property=name, value=value) for name, value in values.items())
