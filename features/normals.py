"""What is normal on a morning: of an indicator among a subject's peers, and of a window among its own days before.

Peers are the subjects of one class. A class of few subjects takes the figures of the wider one, and says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from features.table import FeatureTable

# Columns of the subjects that make a class, the last one given up first.
PEERS = {
    "account_features": ("customer_type", "account_class", "branch_level"),
    "card_features": ("card_kind", "tariff"),
}
AGES = {"account_features": "account_age", "card_features": "card_age"}
FEWEST = 30  # subjects of a class that speaks for itself
BETWEEN, UNKNOWN, ALL = " | ", "unknown", "all"
COLUMNS_AT_ONCE = 8
NORMALS = {
    "as_of": pl.Date,
    "peer_class": pl.String,
    "indicator": pl.String,
    "median": pl.Float64,
    "p90": pl.Float64,
    "subjects": pl.Int64,
    "null_share": pl.Float64,
    "fallback": pl.String,
}
FIGURES = ("indicator", "median", "p90", "subjects", "null_share")


def normals_table(table: str) -> str:
    """The table that holds the normals of a feature table."""
    return f"{table.removesuffix('_features')}_normals"


def normals(
    features: pl.LazyFrame,
    subjects: pl.DataFrame,
    peers: Sequence[str],
    indicators: Sequence[str],
    as_of: date,
) -> pl.DataFrame:
    """Median and 90th percentile of `indicators` in each class, over the subjects whose value is known.

    `features` holds `subject_id` and the indicators, one row per subject of the morning; it is read some columns at a
    time. `subjects` holds `subject_id` and the columns `peers`, one row per subject; of one that it lacks they are
    unknown. Both figures are exact: between two values they lie in between, as far as their rank does.

    One row per class that has a subject and indicator, sorted by both. `subjects` counts the class whose figures these
    are: its own, or, where that has fewer than 30, the narrowest wider one that has not, which `fallback` names;
    everybody is always enough. `null_share` is the share of these without a value; the figures are null where it is 1.
    """
    ids = features.select("subject_id").collect()
    classes = with_classes(ids, subjects, peers)
    taken = _taken(classes)
    coded = _coded(classes, taken)
    found = [pl.DataFrame(schema={"source": pl.String, **{n: NORMALS[n] for n in FIGURES}})]
    for first in range(0, len(indicators), COLUMNS_AT_ONCE):
        some = indicators[first : first + COLUMNS_AT_ONCE]
        values = features.select(pl.col(name).cast(pl.Float64) for name in some).collect()
        for sources, codes in coded:
            found += _figures(values.with_columns(codes), sources)
    told = taken.join(pl.concat(found), on="source").with_columns(
        as_of=pl.lit(as_of),
        fallback=pl.when(pl.col("source") != pl.col("peer_class")).then("source"),
    )
    return told.select(pl.col(n).cast(kind) for n, kind in NORMALS.items()).sort("peer_class", "indicator")


def with_classes(ids: pl.DataFrame, subjects: pl.DataFrame, peers: Sequence[str]) -> pl.DataFrame:
    """The rows of `ids` in their order: `subject_id`, its class as `class_0`, the wider ones as `class_1`, ...

    The last is everybody's. A value that nobody knows is one like any other, `unknown`.
    """
    known = ids.select("subject_id").join(
        subjects.select("subject_id", *peers), on="subject_id", how="left", maintain_order="left"
    )
    values = [pl.col(name).cast(pl.String).fill_null(UNKNOWN) for name in peers]
    names = [pl.concat_str(values[:n], separator=BETWEEN) for n in range(len(values), 0, -1)]
    return known.select("subject_id", **{f"class_{n}": e for n, e in enumerate([*names, pl.lit(ALL)])})


def _taken(classes: pl.DataFrame) -> pl.DataFrame:
    """Of each class (`peer_class`) the one whose figures it takes: `source`, so many steps wider (`level`)."""
    levels = [name for name in classes.columns if name != "subject_id"]
    counts = [pl.len().over(name).alias(f"count_{n}") for n, name in enumerate(levels)]
    one_each = classes.with_columns(counts).unique("class_0", keep="any")
    last = len(levels) - 1
    level = pl.coalesce(
        *(pl.when(pl.col(f"count_{n}") >= FEWEST).then(n) for n in range(last)), pl.lit(last)
    ).alias("level")
    source = pl.coalesce(pl.when(pl.col("level") == n).then(name) for n, name in enumerate(levels))
    return one_each.with_columns(level).select(pl.col("class_0").alias("peer_class"), "level", source=source)


def _coded(classes: pl.DataFrame, taken: pl.DataFrame) -> list[tuple[pl.DataFrame, pl.Series]]:
    """Per level the classes whose figures are asked for, with a number each (`source`, `code`), and the number of each
    row's class, null where nobody asks for it: numbers are grouped much sooner than texts."""
    found = []
    for (level,), asked in taken.select("level", "source").unique().group_by("level"):
        sources = asked.select("source").sort("source").with_row_index("code")
        rows = classes.select(source=f"class_{level}").join(
            sources, on="source", how="left", maintain_order="left"
        )
        found.append((sources, rows["code"]))
    return found


def _figures(values: pl.DataFrame, sources: pl.DataFrame) -> list[pl.DataFrame]:
    """The figures of each column of `values`, by its column `code`."""
    names = [name for name in values.columns if name != "code"]
    figures = {
        "median": [pl.col(name).median() for name in names],
        "p90": [pl.col(name).quantile(0.9, "linear") for name in names],
        "null_share": [pl.col(name).null_count() / pl.len() for name in names],
    }
    expressions = [e.alias(f"{figure}_{n}") for figure, es in figures.items() for n, e in enumerate(es)]
    grouped = values.drop_nulls("code").group_by("code").agg([*expressions, pl.len().alias("subjects")])
    wide = sources.join(grouped, on="code")
    return [
        wide.select(
            "source",
            indicator=pl.lit(name),
            **{figure: pl.col(f"{figure}_{n}") for figure in figures},
            subjects=pl.col("subjects"),
        ).select("source", *(pl.col(f).cast(NORMALS[f]) for f in FIGURES))
        for n, name in enumerate(names)
    ]


@dataclass(frozen=True)
class Own:
    """A window whose normal is in the days before it: those of a wider window of the same measure."""

    column: str
    days: int
    wide: str
    wide_days: int

    def value(self) -> pl.Expr:
        """What the days before the window give for as many days as it has."""
        before = pl.col(self.wide).cast(pl.Float64) - pl.col(self.column).cast(pl.Float64)
        return before / (self.wide_days - self.days) * self.days


def owns(table: FeatureTable) -> tuple[Own, ...]:
    """The published columns that have a normal of their own: sums and counts with a wider window beside them."""
    found = []
    for group in table.chosen:
        for m in group.measures_of("sum"):
            days = sorted(w for w in m.windows if isinstance(w, int))
            if m.hidden or len(days) < 2:
                continue
            found += [Own(m.column(d), d, m.column(days[-1]), days[-1]) for d in days[:-1]]
    return tuple(found)


def own_normals(features: pl.DataFrame, table: FeatureTable) -> pl.DataFrame:
    """Each subject's own normal of the columns in `features` that have one; `subject_id`, then a column by their name.

    For `in_count_7d`: the mean per seven days of the 23 days before them. Null where one of the two windows is unknown,
    and of a subject that was not there yet when the wider window began, or whose age nobody knows.
    """
    age, there = AGES[table.name], set(features.columns)
    if age not in there:
        return features.select("subject_id")
    some = [own for own in owns(table) if {own.column, own.wide} <= there]
    return features.select(
        "subject_id", **{o.column: pl.when(pl.col(age) >= o.wide_days).then(o.value()) for o in some}
    )
