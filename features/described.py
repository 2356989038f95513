"""What an indicator is, what it is made of and what was before it, as data: for the command line and who asks."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict
from difflib import get_close_matches
from typing import Any

from conf.errors import UsageError
from features.catalogue import FEATURE_TABLES
from features.declared import CATEGORIES
from features.expressions import columns_of
from features.indicator import (
    MONTHS,
    FeatureGroup,
    Measure,
    Window,
    declared_columns,
    flat,
    is_in_force,
    newest,
)
from features.kept import Kept, needs
from features.sequences import Step
from features.table import FeatureTable

KEPT, EVENTS, REFERENCES = "kept days", "events", "reference tables"
Tables = Mapping[str, FeatureTable]
Column = tuple[FeatureGroup, Measure, Window | None]


def listed(
    table: str | None = None,
    category: str | None = None,
    like: str | None = None,
    with_old: bool = False,
    tables: Tables = FEATURE_TABLES,
) -> list[dict[str, Any]]:
    """The published indicators, a row each with its table; `with_old` adds those of retired and earlier versions.

    `like`: only those whose name, words or category hold this text. Raises UsageError, with what may have been
    meant, for an unknown table or category.
    """
    for what, word, known in (("feature table", table, tables), ("category", category, CATEGORIES)):
        if word is not None and word not in known:
            raise UsageError(f"there is no {what} {word}{_meant(word, known)}; known are {', '.join(known)}")
    rows = [
        {"table": t.name} | asdict(i)
        for t in tables.values()
        for i in (*t.indicators, *(t.not_in_force if with_old else ()))
        if table in (None, t.name) and category in (None, i.category)
    ]
    if like is None:
        return rows
    told = ("name", "en", "zh", "category")
    return [row for row in rows if like.lower() in " ".join(str(row[key]) for key in told).lower()]


def described(
    name: str, tables: Tables = FEATURE_TABLES, kept: Mapping[str, Collection[str]] | None = None
) -> dict[str, Any]:
    """Declaration of an indicator, hidden ones included, and the indicators that are made of it.

    `name` is a column in force, or one of any version as `<column>@<version>`. Keys: name, table, group, category,
    en, zh, unit, type, kind, window, expression, condition, sequences (those that it looks at, with their steps),
    empty, is_published, version, retired, versions (the other ones, each with what became of it), of (event tables),
    made_of, used_in (names of indicators, in force or named by their version), kept_as (columns that are kept of each
    day for it), backfills_from: what mornings of the past are computed from. `kept` tells of each table which columns
    are kept already; without it all are taken to be.
    Raises UsageError, with what may have been meant, for an unknown name and for one that is in force no more.
    """
    known: list[str] = []
    for table in tables.values():
        declared = declared_columns(table.groups)
        plain = {n.rpartition("@")[0]: n for n, (_, m, _) in declared.items() if is_in_force(m, table.groups)}
        full = plain.get(name, name)
        if full in declared:
            return _described(table, full, declared, plain, (kept or {}).get(table.name))
        if (old := newest(name, declared)) is not None:
            why = declared[old][1].retired
            became = f"was retired {why}" if why else "is not in the newer version"
            raise UsageError(f"indicator {name} {became}; ask for {old}")
        known += [*plain, *declared]
    close = (
        get_close_matches(name, known, n=3) if "@" in name else get_close_matches(name, _plain(known), n=3)
    )
    raise UsageError(
        f"there is no indicator {name}" + (f"; did you mean {', '.join(close)}?" if close else "")
    )


def _described(
    table: FeatureTable,
    full: str,
    declared: Mapping[str, Column],
    plain: Mapping[str, str],
    kept: Collection[str] | None,
) -> dict[str, Any]:
    group, measure, window = declared[full]
    made = {n: _made_of(n, declared, plain) for n, (_, m, _) in declared.items() if m.kind == "derived"}
    shown = {n: c for c, n in plain.items()}  # what is in force has no version in its name
    name = shown.get(full, full)
    moments = {m.name: m.canonical() for m in group.moments}
    expression = measure.expression(window)
    if measure.kind == "given" and group.function is not None:
        expression = f"{group.function.__module__}.{group.function.__name__}"
    told = flat(group, measure, name, window)
    every = {k.name(g) for g, m, _ in declared.values() for k in _kept(g, m)}
    column = full.rpartition("@")[0]
    others = {n: m for n, (_, m, _) in declared.items() if n.rpartition("@")[0] == column and n != full}
    return {
        "name": name,
        "table": table.name,
        "group": group.name,
        "category": told.category,
        "en": told.en,
        "zh": told.zh,
        "unit": told.unit,
        "type": told.spark_type,
        "kind": measure.kind,
        "window": None if window is None else _words(window),
        "expression": moments.get(expression, expression),
        "condition": None if measure.where == "true" else measure.where,
        "sequences": _sequences(group, measure),
        "empty": told.empty,
        "is_published": not measure.hidden and full in shown,
        "version": measure.version,
        "retired": measure.retired,
        "versions": [f"{n} ({_became(n, m, shown)})" for n, m in sorted(others.items())],
        "of": list(group.tables),
        "made_of": sorted(shown.get(n, n) for n in made.get(full, ())),
        "used_in": sorted(shown.get(n, n) for n, columns in made.items() if full in columns),
        "kept_as": [k.name(group) for k in _kept(group, measure)],
        "backfills_from": " and ".join(
            sorted(_sources(full, declared, made, every if kept is None else kept))
        ),
    }


def _step(step: Step) -> str:
    sums = [f"sum of {step.amount} >= {step.least_amount}"] if step.least_amount is not None else []
    for sign, share in ((">=", step.share_of_previous), ("<=", step.most_share_of_previous)):
        sums += [f"sum of {step.amount} {sign} {share} of the step before"] if share is not None else []
    rows = f"{step.count} rows or more" if step.is_run else "a row"
    return f"{f'within {step.within} ' if step.within else ''}{' and '.join([rows, *sums])} with {step.where}"


def _sequences(group: FeatureGroup, measure: Measure) -> list[str]:
    """The sequences whose columns a measure of rows looks at, with their steps."""
    if measure.kind in ("given", "derived"):
        return []
    used = columns_of(measure.sql) | columns_of(measure.where)
    return [
        f"{s.name}: {' -> '.join(map(_step, s.steps))}"
        for s in group.sequences
        if used & {s.name, f"{s.name}_amount", f"{s.name}_seconds"}
    ]


def _made_of(name: str, declared: Mapping[str, Column], plain: Mapping[str, str]) -> frozenset[str]:
    """The declared columns, with their versions, that a derived one is made of."""
    _, measure, window = declared[name]
    found = (
        one if "@" in one else plain.get(one) or newest(one, declared)
        for one in columns_of(measure.expression(window))
    )
    return frozenset(one for one in found if one is not None)


def _sources(
    name: str, declared: Mapping[str, Column], made: Mapping[str, frozenset[str]], kept: Collection[str]
) -> set[str]:
    """What has to be read to compute the column again for a morning of the past."""
    group, measure, _ = declared[name]
    if measure.kind == "derived":
        return {source for one in made[name] for source in _sources(one, declared, made, kept)}
    if not group.tables:
        return {REFERENCES}
    return {KEPT if {k.name(group) for k in _kept(group, measure)} <= set(kept) else EVENTS}


def _kept(group: FeatureGroup, measure: Measure) -> tuple[Kept, ...]:
    """What is kept of each day for a measure of rows."""
    return () if measure.kind in ("given", "derived") else needs(measure, group.order)


def _became(name: str, measure: Measure, shown: Mapping[str, str]) -> str:
    if measure.retired:
        return f"retired {measure.retired}"
    return "in force" if name in shown else "an earlier version"


def _plain(names: Iterable[str]) -> list[str]:
    return [name for name in names if "@" not in name]


def _meant(word: str, known: Iterable[str]) -> str:
    close = get_close_matches(word, list(known), n=1)
    return f", did you mean {close[0]}?" if close else ""


def _words(window: Window) -> str:
    if not isinstance(window, str):
        return f"last {window} d"
    before = MONTHS[window] - 1
    return "month to date" + (f" and the {before} months before" if before else "")
