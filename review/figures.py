"""The numbers behind the morning's page, counted from Arrow tables; no JVM, no drawing."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa

from review.columns import LISTS

LABELS = ("red", "yellow", "green")
COUNTS = ("read", "accepted", "quarantined", "duplicate", "late")
BIN_WIDTH = 5  # score points


@dataclass(frozen=True)
class Bar:
    """One bar: its name and the number of rows per risk label."""

    name: tuple[str, ...]
    by_label: dict[str, int]

    @property
    def total(self) -> int:
        """Rows of all labels."""
        return sum(self.by_label.values())


@dataclass(frozen=True)
class TableQuality:
    """What became of the rows that one table took in."""

    table: str
    counts: dict[str, int]

    def share(self, name: str) -> float:
        """Rows of that kind among the rows read, 0 when nothing was read."""
        return self.counts[name] / self.counts["read"] if self.counts["read"] else 0.0


@dataclass(frozen=True)
class StepTime:
    """When a step ran: `started` in seconds after the first step of its flow, `seconds` long."""

    flow: str
    step: str
    started: float
    seconds: float
    status: str


def bars(rows: Iterable[tuple[tuple[str, ...], str]]) -> list[Bar]:
    """One bar per name, in order of first appearance, from (name, risk label) pairs."""
    counted: dict[tuple[str, ...], Counter[str]] = {}
    for name, label in rows:
        counted.setdefault(name, Counter())[label] += 1
    return [Bar(name, {label: found[label] for label in LABELS}) for name, found in counted.items()]


def by_list(lists: Mapping[str, pa.Table]) -> list[Bar]:
    """Rows per list and population, the name being (list table, population)."""
    pairs = (
        ((table, population), label)
        for table in LISTS
        if table in lists
        for population, label in _columns(lists[table], "population", "risk_label")
    )
    return sorted(bars(pairs), key=lambda bar: (LISTS.index(bar.name[0]), bar.name[1] != "new"))


def by_branch(lists: Mapping[str, pa.Table]) -> list[Bar]:
    """Rows per branch, most rows first, of these most red; the name is (branch_id, branch name or nothing)."""
    pairs = []
    for rows in lists.values():
        names = rows["branch_name"] if "branch_name" in rows.column_names else rows["branch_id"]
        for branch, name, label in zip(
            rows["branch_id"].to_pylist(), names.to_pylist(), rows["risk_label"].to_pylist(), strict=True
        ):
            pairs.append(((branch or "", "" if name == branch else name or ""), label))
    return sorted(
        bars(pairs), key=lambda bar: (-bar.total, *[-bar.by_label[label] for label in LABELS], bar.name)
    )


def top_reasons(rows: Iterable[pa.Table], count: int) -> list[tuple[str, int]]:
    """The reason codes that most listed subjects show: (code, subjects), ties by code."""
    subjects: dict[str, set[str]] = {}
    for table in rows:
        for subject, reasons in _columns(table, "subject_id", "reasons"):
            for reason in reasons or ():
                subjects.setdefault(reason["code"], set()).add(subject)
    counted = sorted(((code, len(found)) for code, found in subjects.items()), key=lambda c: (-c[1], c[0]))
    return counted[:count]


def score_bins(scores: pa.ChunkedArray | pa.Array) -> list[int]:
    """How many scores lie in [0, 5), [5, 10) ... [95, 100]; null scores are left out."""
    edges = np.arange(0, 100 + BIN_WIDTH, BIN_WIDTH)
    return np.histogram(np.asarray(scores.drop_null()), edges)[0].tolist()


def quality(ledger: list[dict[str, Any]]) -> list[TableQuality]:
    """One entry per table that was taken in, from the stages that count rows, largest first."""
    found: dict[str, Counter[str]] = {}
    for row in ledger:
        step, _, table = row["stage"].partition(":")
        if row["rows_read"] is not None and step == "ingest" and table:
            found.setdefault(table, Counter()).update({n: row[f"rows_{n}"] or 0 for n in COUNTS})
    tables = [TableQuality(table, {n: counts[n] for n in COUNTS}) for table, counts in found.items()]
    return sorted(tables, key=lambda t: (-t.counts["read"], t.table))


def newest_stages(runs: pa.Table, as_of: Any) -> list[dict[str, Any]]:
    """The last ledger row of each flow and stage of one morning, in the order in which they began."""
    rows = [row for row in runs.to_pylist() if row["as_of"] == as_of]
    last = {(row["flow"], row["stage"]): row for row in sorted(rows, key=lambda row: row["finished_at"])}
    return sorted(last.values(), key=lambda row: (row["started_at"], row["stage"]))


def step_times(ledger: list[dict[str, Any]]) -> list[StepTime]:
    """One entry per flow and step; the stages of one step (its tables) are joined."""
    spans: dict[tuple[str, str], list[tuple[datetime, datetime, str]]] = {}
    for row in ledger:
        spans.setdefault((row["flow"], step_of(row["stage"])), []).append(
            (row["started_at"], row["finished_at"], row["status"])
        )
    began = {flow: min(s for (f, _), ss in spans.items() if f == flow for s, _, _ in ss) for flow, _ in spans}
    return [
        StepTime(
            flow,
            step,
            (min(s for s, _, _ in found) - began[flow]).total_seconds(),
            (max(e for _, e, _ in found) - min(s for s, _, _ in found)).total_seconds(),
            "failed" if any(status != "complete" for _, _, status in found) else "complete",
        )
        for (flow, step), found in spans.items()
    ]


def quarantine_reasons(rows: pa.Table, count: int) -> list[tuple[str, str, int]]:
    """Why rows were quarantined: (table, reason, rows), most first, at most `count`."""
    counted = Counter(
        (table, reason) for table, reasons in _columns(rows, "table", "reasons") for reason in reasons or ()
    )
    ordered = sorted(counted.items(), key=lambda entry: (-entry[1], entry[0]))
    return [(table, reason, found) for (table, reason), found in ordered[:count]]


def step_of(stage: str) -> str:
    """The step that a stage belongs to: `ingest` of `ingest:transactions`."""
    return stage.partition(":")[0]


def _columns(rows: pa.Table, *names: str) -> Iterable[tuple[Any, ...]]:
    return zip(*[rows[name].to_pylist() for name in names], strict=True)
