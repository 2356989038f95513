"""A table's contract, read from `<table>.odcs.yaml` (Open Data Contract Standard 3.1) and checked.

Schema, row checks, Great Expectations suite and dictionary page are all made from what stands here.
No Spark session and no JVM are needed to read a contract.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from conf.errors import UsageError
from data_contracts.rules import LAYERS, column_problems, table_problems
from data_contracts.standard import ContractError, document
from data_contracts.types import spark_type

if TYPE_CHECKING:
    from pyspark.sql.types import StructType

FOLDER = Path(__file__).parent
SUFFIX = ".odcs.yaml"


@dataclass(frozen=True)
class ColumnContract:
    """What one column promises.

    `pseudonym` is the tag of the identifier that the column stands for, `account|phone` where a row may hold
    either; such a column never holds clear text, and its pattern follows from the tag.
    """

    name: str
    spark_type: str
    description: str
    required: bool = False
    pseudonym: str | None = None
    minimum: float | int | None = None  # smallest value that is fine
    maximum: float | int | None = None  # largest value that is fine
    pattern: str | None = None  # regular expression that a text matches from end to end
    valid_values: tuple[str | int, ...] = ()
    unit: str | None = None
    classification: str = "internal"
    version: int = 1  # of the declaration that the column is computed by

    def __post_init__(self) -> None:
        if self.pseudonym:
            object.__setattr__(self, "pattern", pseudonym_pattern(self.pseudonym))
            object.__setattr__(self, "classification", "restricted")


@dataclass(frozen=True)
class Contract:
    """What one table promises. `columns` in the order in which they are stored."""

    table: str
    layer: str
    kind: str
    version: str
    description: str
    grain: str
    owner: str
    columns: tuple[ColumnContract, ...]
    primary_key: tuple[str, ...]
    partition_by: tuple[str, ...]
    time_column: str | None = None
    limitations: str | None = None

    @property
    def key(self) -> tuple[str, ...]:
        """What a row is about: the primary key, for a dimension without the moment of the change."""
        if self.kind != "dimension":
            return self.primary_key
        return tuple(name for name in self.primary_key if name != self.time_column)

    @property
    def day_column(self) -> str | None:
        """The date by which days of the table are replaced; None for feeds and ledgers."""
        return {"event": "known_as_of", "dimension": "known_as_of", "daily": "as_of"}.get(self.kind)

    @property
    def pseudonyms(self) -> dict[str, str]:
        """Columns that hold pseudonyms, each with its tag."""
        return {column.name: column.pseudonym for column in self.columns if column.pseudonym}

    def column(self, name: str) -> ColumnContract:
        """The column of that name; UsageError where there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        names = [column.name for column in self.columns]
        raise UsageError(f"table {self.table} has no column {name!r}; it has {names}")

    def spark_schema(self) -> "StructType":
        """The Spark schema, every column nullable.

        Whether a value may be missing is proved by the checks: readers of files hand back nullable columns
        whatever was written, and a schema that says otherwise would let Spark drop null checks.
        """
        from pyspark.sql.types import StructField, StructType

        return StructType([StructField(c.name, spark_type(c.spark_type), True) for c in self.columns])

    def path(self, lake: Path) -> Path:
        """Where the table lies in that lake."""
        return lake / self.layer / self.table


def pseudonym_pattern(tag: str) -> str:
    """The form of a pseudonym: tag (one of several, parted by `|`), number of the key, 20 base32 characters."""
    tags = f"(?:{tag})" if "|" in tag else tag
    return f"^{tags}[0-9]+_[a-z2-7]{{20}}$"


def load_contract(table: str) -> Contract:
    """The contract of `table`. Raises UsageError for an unknown table, ContractError for a broken file."""
    if table not in table_names():
        raise UsageError(f"no table {table!r} is under contract; known are {', '.join(table_names())}")
    return _cached(FOLDER / f"{table}{SUFFIX}")


def all_contracts() -> dict[str, Contract]:
    """Every contract by table name, in the order of the layers, then by name."""
    contracts = [load_contract(table) for table in table_names()]
    return {c.table: c for c in sorted(contracts, key=lambda c: (LAYERS.index(c.layer), c.table))}


def table_names() -> list[str]:
    """Names of the tables that have a contract."""
    return sorted(file.name.removesuffix(SUFFIX) for file in FOLDER.glob(f"*{SUFFIX}"))


@cache
def _cached(file: Path) -> Contract:
    return read_contract(file)


def read_contract(file: Path) -> Contract:
    """Read one file. Raises ContractError that names the file and each place that is wrong."""
    raw = document(file)
    (table,) = raw["schema"]
    custom = _custom(table)
    properties = table.get("properties", [])
    contract = Contract(
        table=table["name"],
        layer=str(custom.get("layer")),
        kind=str(custom.get("kind")),
        version=raw["version"],
        description=raw.get("description", {}).get("purpose", ""),
        grain=table.get("dataGranularityDescription", ""),
        owner=_owner(raw),
        columns=tuple(_column(p) for p in properties),
        primary_key=_in_order(properties, "primaryKey", "primaryKeyPosition"),
        partition_by=_in_order(properties, "partitioned", "partitionKeyPosition"),
        time_column=custom.get("timeColumn"),
        limitations=raw.get("description", {}).get("limitations"),
    )
    problems = list(table_problems(contract, table))
    if file.name != f"{contract.table}{SUFFIX}":
        problems.append(f"table {contract.table} belongs into a file {contract.table}{SUFFIX}")
    for column, given in zip(contract.columns, properties, strict=True):
        problems += [f"column {column.name}: {problem}" for problem in column_problems(column, given)]
    if problems:
        raise ContractError(file, problems)
    return contract


def _in_order(properties: list[dict], flag: str, position: str) -> tuple[str, ...]:
    marked = [given for given in properties if given.get(flag)]
    return tuple(given["name"] for given in sorted(marked, key=lambda given: given.get(position, 0)))


def _custom(element: dict) -> dict:
    return {entry["property"]: entry["value"] for entry in element.get("customProperties", [])}


def _owner(raw: dict) -> str:
    members = raw.get("team", {}).get("members", [])
    return next((m["username"] for m in members if m.get("role") == "owner"), "")


def _column(given: dict) -> ColumnContract:
    limits, custom = given.get("logicalTypeOptions", {}), _custom(given)
    rules = [rule for rule in given.get("quality", []) if rule.get("metric") == "invalidValues"]
    return ColumnContract(
        name=given["name"],
        spark_type=given.get("physicalType", ""),
        description=given.get("description", "").strip(),
        required=given.get("required", False),
        pseudonym=str(custom["pseudonym"]) if "pseudonym" in custom else None,
        minimum=limits.get("minimum"),
        maximum=limits.get("maximum"),
        pattern=limits.get("pattern"),
        valid_values=tuple(
            value for rule in rules for value in rule.get("arguments", {}).get("validValues", [])
        ),
        unit=custom.get("unit"),
        classification=given.get("classification", "internal"),
        version=custom.get("version", 1),
    )
