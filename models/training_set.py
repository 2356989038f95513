"""Feature mornings joined to the labels that were known by the cut-off, and their split."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from conf.errors import DataRefused
from models.specs import SEED, LabelRule, ModelSpec

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

TRAIN, VALID = "train", "valid"
BUCKETS = 1000
DRAWS = 1_000_000


@dataclass(frozen=True)
class Split:
    """Mornings before `cut` train, mornings from `valid_from` on validate; between them lies the gap.

    Without the gap the model would learn from labels that nobody had on the days it is judged on. Subjects
    are split by hash (`features.hashing`) as well, so that nobody is in both.
    """

    cut: date
    valid_from: date
    last: date


def choose_split(mornings: Sequence[date], spec: ModelSpec, cutoff: date) -> Split:
    """The split of the mornings whose labels have had `delay_days` to become known by `cutoff`.

    Raises DataRefused when too few mornings are left for both sides.
    """
    gap = timedelta(days=spec.label.delay_days)
    usable = sorted(d for d in set(mornings) if d + gap <= cutoff)
    if len(usable) >= 2:
        first, last = usable[0], usable[-1]
        cut = first + (last - first) * (1 - spec.validation_time) - gap
        split = Split(max(cut, first + timedelta(days=1)), max(cut, first + timedelta(days=1)) + gap, last)
        if any(d < split.cut for d in usable) and any(d >= split.valid_from for d in usable):
            return split
    raise DataRefused(
        f"model {spec.name}: wanted feature mornings on both sides of a gap of {spec.label.delay_days} days and"
        f" labels of {spec.label.delay_days} days for the last of them, found {[str(d) for d in usable]} for the"
        f" cut-off {cutoff}; compute more mornings of {spec.feature_table}"
    )


def labelled(
    features: "pl.LazyFrame", labels: "pl.LazyFrame", spec: ModelSpec, cutoff: date
) -> "pl.LazyFrame":
    """The rows of `features` with `label` (0 or 1), from labels known on the morning of `cutoff`.

    One row per `as_of` and `subject_id` that the label rule keeps.
    """
    import polars as pl

    positive = labels.filter(
        (pl.col("known_as_of") <= cutoff)
        & (pl.col("subject_kind") == spec.subject_kind)
        & (pl.col("label") == 1)
    ).select("subject_id", "known_as_of", "harmed_on")
    if spec.label.kind == "event_day":
        # what was harmed on the day before the morning
        harmed = positive.drop_nulls("harmed_on").select(
            pl.col("harmed_on").dt.offset_by("1d").alias("as_of"),
            "subject_id",
            label=pl.lit(1, pl.Int32),
        )
        rows = features.join(harmed.unique(), on=["as_of", "subject_id"], how="left")
        return rows.with_columns(pl.col("label").fill_null(0))
    return _confirmed(features, positive, spec.label)


def _confirmed(features: "pl.LazyFrame", positive: "pl.LazyFrame", rule: LabelRule) -> "pl.LazyFrame":
    import polars as pl

    first = positive.group_by("subject_id").agg(
        confirmed_on=pl.col("known_as_of").min(), first_harm=pl.col("harmed_on").min()
    )
    rows = features.join(first, on="subject_id", how="left")
    confirmed, as_of = pl.col("confirmed_on"), pl.col("as_of")
    end = as_of.dt.offset_by(f"{rule.horizon_days}d")
    within = (confirmed > as_of) & (confirmed <= end)
    kept = (confirmed > as_of).fill_null(True) & (pl.col("first_harm") < as_of).fill_null(True)
    # Confirmed later than the horizon: bad or not at this morning, nobody can say.
    kept &= (confirmed <= end).fill_null(True)
    label = within.fill_null(False).cast(pl.Int32).alias("label")
    return rows.filter(kept).with_columns(label).drop("confirmed_on", "first_harm")


def training_frame(rows: "pl.LazyFrame", spec: ModelSpec, split: Split) -> "pd.DataFrame":
    """`rows` of both sides: as_of, subject_id, label, part, weight, then the features as doubles.

    All positives; of the negatives at most about `most_negatives`, drawn by hash, with weight 1 / share.
    Sorted, so that equal tables give equal frames. Who is in it is settled before any feature is read. Raises
    DataRefused when positives are too few.
    """
    import polars as pl

    keys = rows.select("as_of", "subject_id", "label").collect()
    held_out = _number(keys["subject_id"], SEED, BUCKETS) < int(spec.validation_share * BUCKETS)
    parted = _parted(keys, split, held_out)
    if not _positives(parted)[VALID] and (chosen := _drawn_positives(keys, spec, split)):
        parted = _parted(keys, split, held_out | keys["subject_id"].is_in(chosen))
    found = _positives(parted)
    if found[TRAIN] < spec.least_positives or found[VALID] < 1:
        raise DataRefused(
            f"model {spec.name} cannot be trained: wanted at least {spec.least_positives} confirmed subjects"
            f" before {split.cut} and one from {split.valid_from} on, found {found[TRAIN]} and {found[VALID]};"
            f" take in more labels or train on a later morning"
        )
    is_positive = parted["label"] == 1
    share = min(1.0, spec.most_negatives / max((~is_positive).sum(), 1))
    names = parted["as_of"].cast(pl.String) + parted["subject_id"]
    is_drawn = _number(names, SEED + 1, DRAWS) < int(share * DRAWS)
    weight = pl.when(pl.col("label") == 1).then(1.0).otherwise(1 / share)
    wanted = parted.with_columns(weight=weight).filter(is_positive | is_drawn)
    features = rows.select("as_of", "subject_id", *(pl.col(name).cast(pl.Float64) for name in spec.features))
    found_rows = []
    for (day,), of_day in wanted.sort("as_of", "subject_id").group_by("as_of", maintain_order=True):
        one = features.filter(pl.col("as_of") == day)  # one morning in memory at a time
        joined = of_day.lazy().join(one, on=["as_of", "subject_id"], maintain_order="left")
        found_rows.append(joined.collect())
    frame = pl.concat(found_rows)
    return frame.to_arrow().to_pandas()


def _number(names: "pl.Series", seed: int, count: int) -> "pl.Series":
    """A number below `count` for each name: the same on every machine, another for another seed."""
    import polars as pl

    from features.hashing import hashed

    return pl.Series(hashed(pl.Series(hashed(names).to_numpy() ^ seed)).to_numpy() % count)


def _parted(keys: "pl.DataFrame", split: Split, held_out: "pl.Series") -> "pl.DataFrame":
    """The rows of both sides with `part`."""
    import polars as pl

    as_of = pl.col("as_of")
    part = (
        pl.when((as_of < split.cut) & ~pl.col("held_out"))
        .then(pl.lit(TRAIN))
        .when(as_of.is_between(split.valid_from, split.last) & pl.col("held_out"))
        .then(pl.lit(VALID))
    )
    return (
        keys.with_columns(held_out.alias("held_out"))
        .with_columns(part=part)
        .drop_nulls("part")
        .drop("held_out")
    )


def _positives(parted: "pl.DataFrame") -> dict[str, int]:
    """Per side its positive subjects."""
    positive = parted.filter(parted["label"] == 1)
    return {
        side: positive.filter(positive["part"] == side)["subject_id"].n_unique() for side in (TRAIN, VALID)
    }


def _drawn_positives(keys: "pl.DataFrame", spec: ModelSpec, split: Split) -> list[str]:
    """The share of the late positives that validates when the hash, by bad luck, has held out none of them.

    Of few positives a hash may hold out none, and whether it does depends on the key of the pseudonyms.
    """
    late = keys.filter(keys["as_of"].is_between(split.valid_from, split.last) & (keys["label"] == 1))
    subjects = late["subject_id"].unique().sort().to_list()
    return subjects[: math.ceil(spec.validation_share * len(subjects))]
