"""The normals of the mornings that a feature step has just written, and who the peers of a subject are."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from conf.days import DayRange
from conf.settings import Settings

if TYPE_CHECKING:
    import polars as pl

    from features.table import FeatureTable
    from lake.commit import Written
    from lake.runs import Run, Stage

KEYS = {"account_features": ("accounts", "account_id"), "card_features": ("cards", "card_id")}


def normals_of(
    settings: Settings, features: "FeatureTable", folder: Path, written: "Sequence[Written]"
) -> "list[pl.DataFrame]":
    """One frame per morning of the files that were written, read back some columns at a time."""
    from features.normals import PEERS, normals
    from lake.rows import scan_rows

    files: dict[date, list[str]] = defaultdict(list)
    for file in written:
        files[date.fromisoformat(file.partition["as_of"])].append(f"{folder}/{file.path}")
    names = [indicator.name for indicator in features.indicators]
    return [
        normals(
            scan_rows(sorted(paths), features.name, settings.timezone),
            subjects_with_peers(settings, features.name, as_of),
            PEERS[features.name],
            names,
            as_of,
        )
        for as_of, paths in sorted(files.items())
    ]


def publish_normals(
    settings: Settings,
    table: str,
    frames: "Sequence[pl.DataFrame]",
    days: DayRange,
    run: "Run",
    stage: "Stage",
) -> None:
    """Replace the normals of a feature table for `days`, and note the version in the stage."""
    from features.normals import normals_table
    from lake.publish_batches import publish_batches

    name = normals_table(table)
    stage.published(name, publish_batches(frames, settings, name, days, run))


def subjects_with_peers(settings: Settings, table: str, as_of: date) -> "pl.DataFrame":
    """All accounts or cards as they were known on the morning: `subject_id` and what their class is made of.

    The kind of a branch is its `level` in the hierarchy: registers of branches tell no other.
    """
    import polars as pl

    from features.normals import PEERS
    from lake.rows import dimension_rows

    register, key = KEYS[table]
    rows = dimension_rows(settings, register, as_of).rename({key: "subject_id"})
    if "branch_level" in PEERS[table]:
        branches = dimension_rows(settings, "branches", as_of)
        levels = branches.select("branch_id", pl.col("level").alias("branch_level"))
        rows = rows.join(levels, on="branch_id", how="left")
    return rows.select("subject_id", *PEERS[table])


def peers_of(settings: Settings, table: str, as_of: date, names: Collection[str]) -> "pl.DataFrame":
    """What is usual among the peers of the subjects `names` on the morning.

    One row per subject and indicator: `subject_id`, then the columns of the normals. None where the morning has no
    normals: it was computed before there were any.
    """
    import polars as pl

    from features.normals import PEERS, normals_table, with_classes
    from lake.rows import day_rows

    found = day_rows(settings, normals_table(table), as_of).collect()
    ids = pl.DataFrame({"subject_id": sorted(names)}, schema={"subject_id": pl.String})
    if found.is_empty():
        return ids.clear().join(found, how="cross")
    classes = with_classes(ids, subjects_with_peers(settings, table, as_of), PEERS[table])
    own = classes.select("subject_id", peer_class="class_0")
    return own.join(found, on="peer_class", maintain_order="left").select("subject_id", *found.columns)
