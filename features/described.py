"""What one indicator is and what is made of it, as data: for the command line and for people who ask."""

from difflib import get_close_matches
from typing import Any

from conf.errors import UsageError
from features.catalogue import FEATURE_TABLES
from features.expressions import compiled
from features.indicator import FeatureGroup, Measure, Window, flat
from features.table import FeatureTable


def described(name: str) -> dict[str, Any]:
    """Declaration of an indicator, hidden ones included, and the indicators that are made of it.

    Keys: name, table, group, en, zh, unit, type, kind, window, expression, condition, empty, is_published, of (event
    tables), made_of, used_in (names of indicators and moments). Raises UsageError, with what may have been meant,
    for an unknown name.
    """
    for table in FEATURE_TABLES.values():
        for group in table.groups:
            for measure in group.measures:
                for column, window in measure.columns():
                    if column == name:
                        return _described(table, group, measure, column, window)
    known = [c for t in FEATURE_TABLES.values() for g in t.groups for m in g.measures for c, _ in m.columns()]
    close = ", ".join(get_close_matches(name, known, n=3))
    raise UsageError(f"there is no indicator {name}" + (f"; did you mean {close}?" if close else ""))


def _described(
    table: FeatureTable, group: FeatureGroup, measure: Measure, name: str, window: Window | None
) -> dict[str, Any]:
    made = _made_of(table)
    moments = {m.name: f"{m.kind} of {m.sql} where {m.where}, {m.window}" for m in group.moments}
    expression = measure.expression(window)
    if measure.kind == "given" and group.function is not None:
        expression = f"{group.function.__module__}.{group.function.__name__}"
    told = flat(group, measure, name, window)
    return {
        "name": name,
        "table": table.name,
        "group": group.name,
        "en": told.en,
        "zh": told.zh,
        "unit": told.unit,
        "type": told.spark_type,
        "kind": measure.kind,
        "window": None if window is None else _words(window),
        "expression": moments.get(expression, expression),
        "condition": None if measure.where == "true" else measure.where,
        "empty": told.empty,
        "is_published": not measure.hidden,
        "of": list(group.tables),
        "made_of": sorted(made.get(name, ())),
        "used_in": sorted(other for other, columns in made.items() if name in columns),
    }


def _made_of(table: FeatureTable) -> dict[str, frozenset[str]]:
    """Of each derived indicator of the table the ones that it is made of."""
    measures = [(m, c, w) for g in table.groups for m in g.measures for c, w in m.columns()]
    types = {column: measure.spark_type for measure, column, _ in measures}
    return {
        column: compiled(measure.expression(window), types).columns
        for measure, column, window in measures
        if measure.kind == "derived"
    }


def _words(window: Window) -> str:
    return "month to date" if isinstance(window, str) else f"last {window} d"
