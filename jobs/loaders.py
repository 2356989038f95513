"""Published features and training rows as frames: for notebooks, for the training step, for one subject's explanation.

What is read is what the nights have committed; nothing is computed, and no label or row of later comes in.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from conf.errors import RiskvaneError, UsageError
from conf.settings import Settings

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    from pyspark.sql import SparkSession

    from models.specs import ModelSpec
    from models.training_set import Split

Dictionary = dict[str, dict[str, Any]]  # indicator -> zh, en, unit, category, version, empty

KEYS = ("as_of", "subject_id")
NEWEST = 5  # mornings named when a wanted one is not there
KINDS = ("pandas", "polars", "spark")


@dataclass(frozen=True)
class Features:
    """Feature days as a frame, with what its columns mean."""

    frame: Any  # pandas, Polars or Spark, as asked for
    dictionary: Dictionary


@dataclass(frozen=True)
class TrainingSet:
    """The rows that a model learns from, how they are split, and the versions of the tables they came from."""

    frame: "pd.DataFrame"
    split: "Split"
    versions: Mapping[str, int]


def load_features(
    settings: Settings,
    table: str,
    as_of: date | Iterable[date],
    *,
    columns: Sequence[str] | None = None,
    subjects: Collection[str] | None = None,
    as_: str = "pandas",
    spark: "SparkSession | None" = None,
) -> Features:
    """The published rows of `table` on one morning or several, at its newest committed version.

    Columns are `as_of`, `subject_id`, then `columns` in their order, or all that are published. `subjects` keeps the
    rows of these pseudonyms; one without a row on a morning has none. Pandas and Polars frames are sorted by morning
    and subject; Polars and Spark have the types of the contract, pandas has money as doubles. A pandas frame also
    carries the dictionary in `attrs["dictionary"]`.

    Raises UsageError for an unknown table, column or kind of frame, with a guess, and RiskvaneError for a morning
    that was not published, naming the newest ones that were.
    """
    from lake.tables import table_path

    if as_ not in KINDS:
        raise UsageError(f"frames: wanted one of {', '.join(KINDS)}, found {as_!r}")
    if as_ == "spark" and spark is None:
        raise UsageError("a Spark frame needs a session; give spark=spark_session(...), or ask for polars")
    told = dictionary_of(table, columns)
    mornings = _published(settings, table, [as_of] if isinstance(as_of, date) else sorted(set(as_of)))
    names = [*KEYS, *told]
    from deltalake import DeltaTable

    version = DeltaTable(str(table_path(settings, table)), without_files=True).version()
    if spark is not None and as_ == "spark":
        return Features(_spark_rows(spark, settings, table, version, mornings, subjects).select(names), told)
    rows = _rows(settings, table, version, mornings, subjects).select(names).sort(KEYS).collect()
    return Features(rows if as_ == "polars" else as_pandas(rows, told), told)


def load_training_set(settings: Settings, family: str, cutoff: date) -> "pd.DataFrame":
    """The rows that the model `family` (of `models.specs`) is trained on with the labels known on `cutoff`.

    Columns are `as_of`, `subject_id`, `label`, `part` (train or valid), `weight`, then the features as doubles; the
    dictionary of the features is in `attrs["dictionary"]`. The same tables give the same rows, and those of the step
    `train`. Raises UsageError for an unknown family, DataRefused when there is too little to learn from.
    """
    from models.specs import MODEL_SPECS

    if family not in MODEL_SPECS:
        raise UsageError(
            f"model {family!r}: wanted one of {', '.join(MODEL_SPECS)}{_guess(family, MODEL_SPECS)}"
        )
    return training_set_of(settings, MODEL_SPECS[family], cutoff).frame


def training_set_of(settings: Settings, spec: "ModelSpec", cutoff: date) -> TrainingSet:
    """As `load_training_set`, with the split and the versions of the tables, which the registry keeps."""
    from deltalake import DeltaTable

    from lake.reader import days_of
    from lake.rows import files_of, scan_rows
    from lake.tables import exists, table_path
    from models.training_set import choose_split, labelled, training_frame

    tables = [spec.feature_table, "labels"]
    versions = {
        t: DeltaTable(str(table_path(settings, t)), without_files=True).version()
        for t in tables
        if exists(settings, t)
    }
    mornings = days_of(settings, spec.feature_table)
    split = choose_split(mornings, spec, cutoff)
    looked_at = [day for day in mornings if day <= split.last]
    features = _rows(settings, spec.feature_table, versions[spec.feature_table], looked_at, None)
    labels = scan_rows(files_of(settings, "labels", {}, versions.get("labels")), "labels", settings.timezone)
    frame = training_frame(labelled(features, labels, spec, cutoff), spec, split)
    frame.attrs["dictionary"] = dictionary_of(spec.feature_table, spec.features)
    return TrainingSet(frame, split, versions)


def dictionary_of(table: str, columns: Sequence[str] | None = None) -> Dictionary:
    """What the indicators of `table`, or those named, mean. Raises UsageError, with a guess, for an unknown one."""
    from features.catalogue import FEATURE_TABLES, indicators_of

    if table not in FEATURE_TABLES:
        wanted = ", ".join(FEATURE_TABLES)
        raise UsageError(f"table {table!r} holds no features; wanted {wanted}{_guess(table, FEATURE_TABLES)}")
    known = {
        i.name: {
            "zh": i.zh,
            "en": i.en,
            "unit": i.unit,
            "category": i.category,
            "version": i.version,
            "empty": i.empty,
        }
        for i in indicators_of(table)
    }
    if columns is None:
        return known
    wanted_names = [name for name in dict.fromkeys(columns) if name not in KEYS]
    for name in wanted_names:
        if name not in known:
            raise UsageError(
                f"{table} publishes no indicator {name!r}{_guess(name, known)}; `riskvane indicators` lists them"
            )
    return {name: known[name] for name in wanted_names}


def as_pandas(rows: "pl.DataFrame", told: Dictionary) -> "pd.DataFrame":
    """The rows for pandas: money as doubles, days as dates, the dictionary in `attrs`."""
    import polars.selectors as cs

    frame = rows.with_columns(cs.decimal().cast(float)).to_arrow().to_pandas()
    frame.attrs["dictionary"] = told
    return frame


def _published(settings: Settings, table: str, wanted: Sequence[date]) -> list[date]:
    """The wanted mornings, all of which are there."""
    from lake.reader import days_of

    if not wanted:
        raise UsageError(f"{table}: wanted at least one morning, found none")
    found = days_of(settings, table)
    if missing := [day for day in wanted if day not in found]:
        newest = ", ".join(map(str, found[:NEWEST])) or "none"
        raise RiskvaneError(
            f"{table} was not published for {', '.join(map(str, missing))}; newest mornings: {newest}. Ask for one of"
            f" them, or run `riskvane run {table} --as-of {missing[0]}` first"
        )
    return list(wanted)


def _rows(
    settings: Settings, table: str, version: int, mornings: Sequence[date], subjects: Collection[str] | None
) -> "pl.LazyFrame":
    import polars as pl

    from lake.rows import files_of, scan_rows

    files = files_of(settings, table, {"as_of": (min(mornings), max(mornings))}, version)
    rows = scan_rows(files, table, settings.timezone).filter(pl.col("as_of").is_in(list(mornings)))
    return rows if subjects is None else rows.filter(pl.col("subject_id").is_in(list(subjects)))


def _spark_rows(
    spark: "SparkSession",
    settings: Settings,
    table: str,
    version: int,
    mornings: Sequence[date],
    subjects: Collection[str] | None,
) -> Any:
    from pyspark.sql import functions as F

    from lake.tables import read_table

    rows = read_table(spark, settings, table, version).where(F.col("as_of").isin(list(mornings)))
    return rows if subjects is None else rows.where(F.col("subject_id").isin(list(subjects)))


def _guess(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, list(known), n=3)
    return f"; did you mean {', '.join(close)}?" if close else ""
