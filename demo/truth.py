"""Ground truth: who was bad, since when, and which landed rows carry faults."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from demo.arrow import timestamps
from demo.chains import EVENTS_SCHEMA, Outcome
from demo.delivery import replace_file
from demo.dirt import DIRT_SCHEMA
from demo.plan import Plan


def write_truth(root: Path, plan: Plan, outcomes: dict[str, Outcome], manifest: dict[str, Any]) -> None:
    """Write `truth/`: subjects, instances, events, dirt, leaks, and the manifest last."""
    truth = root / "truth"
    truth.mkdir(parents=True, exist_ok=True)
    _write(truth / "subjects.parquet", subjects(plan))
    _write(truth / "instances.parquet", instances(plan))
    _write(truth / "leaks.parquet", leaks(plan))
    for name, schema in (("events", EVENTS_SCHEMA), ("dirt", DIRT_SCHEMA)):
        parts = [table for chain in sorted(outcomes) for table in getattr(outcomes[chain], name)]
        _write(truth / f"{name}.parquet", pa.concat_tables([schema.empty_table(), *parts]))
    replace_file(
        truth / "manifest.json", (json.dumps(manifest, indent=1, ensure_ascii=False) + "\n").encode()
    )


def _write(path: Path, table: pa.Table) -> None:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", compression_level=1)
    replace_file(path, sink.getvalue().to_pybytes())


def _number(plan: Plan, kind: str, index: int) -> str:
    table = plan.bank.accounts.no if kind == "account" else plan.cards.cards.msisdn
    return table[index].as_py()


def subjects(plan: Plan) -> pa.Table:
    """One row per bad subject and instance."""
    members = sorted(plan.registry.members, key=lambda m: (m.kind, m.instance, m.index))
    return pa.table(
        {
            "subject_kind": pa.array([m.kind for m in members], pa.string()),
            "subject_no": pa.array([_number(plan, m.kind, m.index) for m in members], pa.string()),
            "scheme": pa.array([m.scheme for m in members], pa.string()),
            "instance": pa.array([m.instance for m in members], pa.int64()),
            "role": pa.array([m.role for m in members], pa.string()),
            "level": pa.array([m.level for m in members], pa.string()),
            "first_harm": timestamps([m.first_harm for m in members]),
            "last_harm": timestamps([m.last_harm for m in members]),
        }
    )


def instances(plan: Plan) -> pa.Table:
    """One row per execution of a scheme."""
    rows = plan.registry.instances
    calendar = plan.calendar
    return pa.table(
        {
            "instance": pa.array([r.number for r in rows], pa.int64()),
            "scheme": pa.array([r.scheme for r in rows], pa.string()),
            "level": pa.array([r.level for r in rows], pa.string()),
            "members": pa.array([r.members for r in rows], pa.int64()),
            "first_day": pa.array([calendar.date(r.first_day) for r in rows], pa.date32()),
            "last_day": pa.array([calendar.date(r.last_day) for r in rows], pa.date32()),
            "fen": pa.array([r.fen for r in rows], pa.int64()),
        }
    )


def leaks(plan: Plan) -> pa.Table:
    """One row per label event; `true` says whether it is right."""
    events = plan.leaks.events
    return pa.table(
        {
            "source": pa.array([e.source for e in events], pa.string()),
            "subject_kind": pa.array([e.kind for e in events], pa.string()),
            "subject_no": pa.array([_number(plan, e.kind, e.index) for e in events], pa.string()),
            "at": timestamps([e.at for e in events]),
            "folder_day": pa.array([plan.calendar.date(e.day + 1) for e in events], pa.date32()),
            "says_bad": pa.array([e.says_bad for e in events], pa.bool_()),
            "true": pa.array([e.true for e in events], pa.bool_()),
        }
    )
