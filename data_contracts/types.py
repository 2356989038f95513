"""Spark types as they are written in a contract: parsed without a JVM, and their ODCS logical types."""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl
    from pyspark.sql.types import DataType

DECIMAL = re.compile(r"decimal\((\d+),\s*(\d+)\)")
NESTED = re.compile(r"(array|map|struct)<(.+)>")
LOGICAL = {
    "string": "string",
    "boolean": "boolean",
    "int": "integer",
    "bigint": "integer",
    "double": "number",
    "date": "date",
    "timestamp": "timestamp",
    "timestamp_ntz": "timestamp",
}


def logical_type(text: str) -> str | None:
    """The ODCS logical type of a Spark type, None for a type that contracts don't know."""
    if DECIMAL.fullmatch(text):
        return "number"
    if nested := NESTED.fullmatch(text):
        return "array" if nested[1] == "array" else "object"
    return LOGICAL.get(text)


def is_numeric(text: str) -> bool:
    """Whether values are numbers."""
    return logical_type(text) in ("integer", "number")


def spark_type(text: str) -> "DataType":
    """The Spark type of `text`, such as `decimal(18,2)` or `array<struct<code:string,value:string>>`.

    PySpark's own parser asks the JVM; this one serves readers that have none. Raises ValueError.
    """
    from pyspark.sql import types as T

    simple = {
        "string": T.StringType,
        "boolean": T.BooleanType,
        "int": T.IntegerType,
        "bigint": T.LongType,
        "double": T.DoubleType,
        "date": T.DateType,
        "timestamp": T.TimestampType,
        "timestamp_ntz": T.TimestampNTZType,
    }
    if text in simple:
        return simple[text]()
    if decimal := DECIMAL.fullmatch(text):
        return T.DecimalType(int(decimal[1]), int(decimal[2]))
    inside = [T.StructField(name, spark_type(kind)) for name, kind in nested_types(text)]
    if text.startswith("array<"):
        return T.ArrayType(inside[0].dataType)
    if text.startswith("map<"):
        return T.MapType(inside[0].dataType, inside[1].dataType)
    if inside:
        return T.StructType(inside)
    raise ValueError(
        f"{text!r} is not a type of a contract; known are {', '.join(simple)}, decimal(p,s), array, map"
    )


def polars_type(text: str) -> "pl.DataType":
    """The Polars type of `text`; times are instants in UTC. Raises ValueError for maps, which Polars lacks."""
    import polars as pl

    simple = {
        "string": pl.String(),
        "boolean": pl.Boolean(),
        "int": pl.Int32(),
        "bigint": pl.Int64(),
        "double": pl.Float64(),
        "date": pl.Date(),
        "timestamp": pl.Datetime("us", "UTC"),
        "timestamp_ntz": pl.Datetime("us"),
    }
    if text in simple:
        return simple[text]
    if decimal := DECIMAL.fullmatch(text):
        return pl.Decimal(int(decimal[1]), int(decimal[2]))
    if text.startswith("array<"):
        return pl.List(polars_type(nested_types(text)[0][1]))
    if text.startswith("struct<"):
        return pl.Struct({name: polars_type(kind) for name, kind in nested_types(text)})
    raise ValueError(f"{text!r} is not a type that rows of a file become")


def nested_types(text: str) -> list[tuple[str, str]]:
    """What a nested type holds, as (name, type): item of an array, key and value of a map, fields of a struct."""
    nested = NESTED.fullmatch(text)
    if not nested:
        return []
    parts = _top_level(nested[2])
    if nested[1] == "array":
        return [("item", nested[2])]
    if nested[1] == "map" and len(parts) == 2:
        return [("key", parts[0]), ("value", parts[1])]
    return [(name.strip(), kind.strip()) for name, _, kind in (part.partition(":") for part in parts)]


def _top_level(text: str) -> list[str]:
    """Split at commas that stand in no bracket."""
    parts, depth = [""], 0
    for character in text:
        depth += (character in "<(") - (character in ">)")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts]
