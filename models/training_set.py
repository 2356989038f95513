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
    from pyspark.sql import Column, DataFrame, Row

TRAIN, VALID = "train", "valid"
BUCKETS = 1000


@dataclass(frozen=True)
class Split:
    """Mornings before `cut` train, mornings from `valid_from` on validate; between them lies the gap.

    Without the gap the model would learn from labels that nobody had on the days it is judged on. Subjects
    are split by hash as well, so that nobody is in both.
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


def labelled(features: "DataFrame", labels: "DataFrame", spec: ModelSpec, cutoff: date) -> "DataFrame":
    """The rows of `features` with `label` (0 or 1), from labels known on the morning of `cutoff`.

    One row per `as_of` and `subject_id` that the label rule keeps.
    """
    from pyspark.sql import functions as F

    known = labels.where(
        (F.col("known_as_of") <= F.lit(cutoff)) & (F.col("subject_kind") == spec.subject_kind)
    ).select("subject_id", "label", "known_as_of", "harmed_on")
    positive = known.where("label = 1")
    if spec.label.kind == "event_day":
        # what was harmed on the day before the morning
        harmed = positive.where("harmed_on IS NOT NULL").select(
            F.date_add("harmed_on", 1).alias("as_of"), "subject_id", F.lit(1).alias("label")
        )
        rows = features.join(harmed.distinct(), ["as_of", "subject_id"], "left")
        return rows.fillna(0, ["label"])
    return _confirmed(features, positive, spec.label)


def _confirmed(features: "DataFrame", positive: "DataFrame", rule: LabelRule) -> "DataFrame":
    from pyspark.sql import functions as F

    first = positive.groupBy("subject_id").agg(
        F.min("known_as_of").alias("confirmed_on"), F.min("harmed_on").alias("first_harm")
    )
    rows = features.join(F.broadcast(first), "subject_id", "left")
    confirmed, as_of = F.col("confirmed_on"), F.col("as_of")
    within = (confirmed > as_of) & (confirmed <= F.date_add(as_of, rule.horizon_days))
    kept = F.coalesce(confirmed > as_of, F.lit(True)) & F.coalesce(F.col("first_harm") < as_of, F.lit(True))
    # Confirmed later than the horizon: bad or not at this morning, nobody can say.
    kept &= F.coalesce(confirmed <= F.date_add(as_of, rule.horizon_days), F.lit(True))
    label = F.coalesce(within, F.lit(False)).cast("int")
    return rows.where(kept).withColumn("label", label).drop("confirmed_on", "first_harm")


def _parted(rows: "DataFrame", split: Split, held_out: "Column") -> "tuple[DataFrame, dict[str, Row]]":
    """`rows` of both sides with `part`, and per side its negative rows and positive subjects."""
    from pyspark.sql import functions as F

    as_of = F.col("as_of")
    part = F.when((as_of < F.lit(split.cut)) & ~held_out, TRAIN).when(
        as_of.between(F.lit(split.valid_from), F.lit(split.last)) & held_out, VALID
    )
    parted = rows.withColumn("part", part).where("part IS NOT NULL")
    counts = parted.groupBy("part").agg(
        F.count_if(F.col("label") == 0).alias("negatives"),
        F.count_distinct(F.expr("CASE WHEN label = 1 THEN subject_id END")).alias("positives"),
    )
    return parted, {row["part"]: row for row in counts.collect()}


def _positives(counts: "dict[str, Row]") -> dict[str, int]:
    return {side: counts[side]["positives"] if side in counts else 0 for side in (TRAIN, VALID)}


def _drawn_positives(rows: "DataFrame", spec: ModelSpec, split: Split) -> list[str]:
    """The share of the late positives that validates when the hash, by bad luck, has held out none of them.

    Of few positives a hash may hold out none, and whether it does depends on the key of the pseudonyms.
    """
    from pyspark.sql import functions as F

    late = rows.where(
        F.col("as_of").between(F.lit(split.valid_from), F.lit(split.last)) & (F.col("label") == 1)
    )
    subjects = sorted(row["subject_id"] for row in late.select("subject_id").distinct().collect())
    return subjects[: math.ceil(spec.validation_share * len(subjects))]


def training_frame(rows: "DataFrame", spec: ModelSpec, split: Split) -> "pd.DataFrame":
    """`rows` of both sides on the driver: as_of, subject_id, label, part, weight, then the features as doubles.

    All positives; of the negatives at most about `most_negatives`, drawn by hash, with weight 1 / share.
    Sorted, so that equal tables give equal frames. Raises DataRefused when positives are too few.
    """
    from pyspark.sql import functions as F

    bucket = F.pmod(F.xxhash64(F.lit(SEED), "subject_id"), F.lit(BUCKETS))
    held_out = bucket < int(spec.validation_share * BUCKETS)
    parted, counts = _parted(rows, split, held_out)
    if not _positives(counts)[VALID] and (chosen := _drawn_positives(rows, spec, split)):
        parted, counts = _parted(rows, split, held_out | F.col("subject_id").isin(chosen))
    found = _positives(counts)
    if found[TRAIN] < spec.least_positives or found[VALID] < 1:
        raise DataRefused(
            f"model {spec.name} cannot be trained: wanted at least {spec.least_positives} confirmed subjects"
            f" before {split.cut} and one from {split.valid_from} on, found {found[TRAIN]} and {found[VALID]};"
            f" take in more labels or train on a later morning"
        )
    negatives = sum(row["negatives"] for row in counts.values())
    share = min(1.0, spec.most_negatives / max(negatives, 1))
    drawn = F.pmod(F.xxhash64(F.lit(SEED + 1), "as_of", "subject_id"), F.lit(1_000_000)) < int(
        share * 1_000_000
    )
    wanted = parted.where((F.col("label") == 1) | drawn).select(
        "as_of",
        "subject_id",
        "label",
        "part",
        F.when(F.col("label") == 1, 1.0).otherwise(1 / share).alias("weight"),
        *[F.col(name).cast("double").alias(name) for name in spec.features],
    )
    return wanted.toPandas().sort_values(["as_of", "subject_id"], ignore_index=True)
