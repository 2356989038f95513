"""Indicators that analysts declare as data: `features/groups/*.yaml`, one group a file, beside those of the code.

A file with `events` declares a group of its own; one without adds to the group of that name. What a file may say
stands in docs/indicators.md.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from data_contracts.contract import load_contract, table_names
from features.declared_checks import check_group, check_table, columns_used
from features.entries import (
    RETIRE,
    checked,
    entries,
    guess,
    measure_of,
    moment_of,
    place_of,
    refused,
    retirement,
    sequence_of,
    shown,
)
from features.indicator import FeatureGroup, Measure
from features.moments import Moment
from features.sequences import Sequence
from features.table import WHEN, FeatureTable

FOLDER = Path(__file__).parent / "groups"
CATEGORIES: dict[str, dict[str, str]] = yaml.safe_load(
    (Path(__file__).parent / "categories.yaml").read_text(encoding="utf-8")
)
OF_NEW = ("events", "key", "joins", "where", "order")  # keys of a group of its own


@dataclass
class _Known:
    """What the files are held against while they are read; `places` tells where each measure stands."""

    tables: dict[str, FeatureTable]
    units: frozenset[str]
    places: dict[tuple[str, str, int], str] = field(default_factory=dict)  # table, measure, version
    groups: dict[tuple[str, str], str] = field(default_factory=dict)  # table, group


def with_declared(tables: Iterable[FeatureTable], folder: Path = FOLDER) -> dict[str, FeatureTable]:
    """`tables` by name, each with the groups, measures, moments and sequences that the files of `folder` add.

    Raises UsageError for the first thing that is wrong in a file; it names file and indicator, what was wanted,
    what was found and what to do.
    """
    coded = {table.name: table for table in tables}
    units = frozenset(m.unit for t in coded.values() for g in t.groups for m in g.measures if not m.hidden)
    known = _Known(dict(coded), units)
    files = [(file, entries(file)) for file in sorted(folder.glob("*.yaml"))]
    # Groups of their own first: a file may add to one that stands in a later file.
    for file, content in sorted(files, key=lambda pair: "events" not in pair[1]):
        _add(file, content, known)
    for file, content in files:
        for number, given in enumerate(content.get("retire", ()), 1):
            _retire(place_of(file, "retire", given, number), given, content["table"], known)
    for table in known.tables.values():
        check_table(table, {key[1:]: place for key, place in known.places.items() if key[0] == table.name})
    return known.tables


def _add(file: Path, content: dict[str, Any], known: _Known) -> None:
    place, name = shown(file), content["group"]
    if content["table"] not in known.tables:
        found, cure = repr(content["table"]), guess(content["table"], known.tables)
        raise refused(f"{place}: table", "a feature table", found, cure)
    if content.get("category", "other") not in CATEGORIES:
        found, cure = repr(content["category"]), guess(content["category"], CATEGORIES)
        raise refused(f"{place}: category", "a category of features/categories.yaml", found, cure)
    if not any(content.get(key) for key in ("indicators", "moments", "sequences", "retire")):
        raise refused(place, "the key indicators", f"only {', '.join(content)}", "add at least one indicator")
    table = known.tables[content["table"]]
    old = next((group for group in table.groups if group.name == name), None)
    group = _new_group(place, content, old, table, known) if "events" in content else old
    if group is None:
        cure = f"{guess(name, (g.name for g in table.groups))}; a new group needs events, key and joins"
        raise refused(f"{place}: group", f"a group of {table.name}", repr(name), cure)
    if group is old and (more := [key for key in OF_NEW if key in content]):
        cure = f"leave {', '.join(more)} out, or give events, key and joins and a new name"
        raise refused(place, f"measures to add to the group {name}", f"the key {more[0]}", cure)
    moments, sequences = _moments(file, content, group), _sequences(file, content, group)
    measures = _measures(file, content, table, known)
    added = replace(group, moments=moments, sequences=sequences, measures=measures)
    whole = replace(added, moments=(*group.moments, *moments), sequences=(*group.sequences, *sequences))
    check_group(table, whole, place)
    whole = replace(whole, measures=(*group.measures, *measures))
    groups = tuple(whole if g is old else g for g in table.groups) if old else (*table.groups, whole)
    known.tables[table.name] = replace(table, groups=groups, events=_events(table, whole, added))


def _new_group(
    place: str, content: dict[str, Any], old: FeatureGroup | None, table: FeatureTable, known: _Known
) -> FeatureGroup:
    name = content["group"]
    if old is not None:
        where = known.groups.get((table.name, name), "the code")
        cure = f"give it another name, or leave {', '.join(OF_NEW)} out to add to that one"
        raise refused(f"{place}: group", "a name of its own", f"{name!r}, which is declared in {where}", cure)
    for key in ("key", "joins"):
        if key not in content:
            raise refused(place, f"the key {key}", f"only {', '.join(content)}", "a new group needs it")
    events = [t for t in table_names() if load_contract(t).kind == "event"]
    for event in content["events"] or (None,):
        if event not in events:
            raise refused(f"{place}: events", "event tables", repr(event), guess(event, events))
        columns = [c.name for c in load_contract(event).columns]
        if content["key"] not in columns:
            cure = guess(content["key"], columns)
            raise refused(f"{place}: key", f"a column of {event}", repr(content["key"]), cure)
    joins = sorted({group.joins for group in table.groups})
    if content["joins"] not in joins:
        cure = guess(content["joins"], joins)
        raise refused(
            f"{place}: joins", f"a column of the subjects of {table.name}", repr(content["joins"]), cure
        )
    known.groups[table.name, name] = place
    return FeatureGroup(
        name=name, tables=tuple(content["events"]), key=content["key"], joins=content["joins"], measures=(),
        where=content.get("where", "true"), order=content.get("order", "happened_at"),
        category=content.get("category", "other"),
    )  # fmt: skip


def _moments(file: Path, content: dict[str, Any], group: FeatureGroup) -> tuple[Moment, ...]:
    found: list[Moment] = []
    for number, given in enumerate(content.get("moments", ()), 1):
        place = place_of(file, "moment", given, number)
        moment = moment_of(place, given)
        if moment.name in {m.name for m in (*group.moments, *found)}:
            raise refused(place, "a name of its own", f"a second {moment.name} in {group.name}", "rename it")
        found.append(moment)
    if found and not group.tables:
        raise refused(shown(file), "a group of events for moments", f"{group.name!r}, which has none")
    return tuple(found)


def _sequences(file: Path, content: dict[str, Any], group: FeatureGroup) -> tuple[Sequence, ...]:
    given = content.get("sequences", ())
    if given and not group.tables:
        raise refused(shown(file), "a group of events for sequences", f"{group.name!r}, which has none")
    return tuple(sequence_of(place_of(file, "sequence", one, n), one) for n, one in enumerate(given, 1))


def _measures(file: Path, content: dict[str, Any], table: FeatureTable, known: _Known) -> tuple[Measure, ...]:
    found: list[Measure] = []
    coded = {(m.name, m.version): g.name for g in table.groups for m in g.measures}
    for number, given in enumerate(content.get("indicators", ()), 1):
        place = place_of(file, "indicator", given, number)
        measure = measure_of(place, given, CATEGORIES, known.units)
        key = (table.name, measure.name, measure.version)
        if key in known.places or key[1:] in coded:
            where = known.places.get(key) or f"the code of group {coded[key[1:]]}"
            cure = "give the newer one the next version, or another name"
            raise refused(place, "each version once", f"version {measure.version} in {where} too", cure)
        known.places[key] = place
        # Of a group of the code the file's category is that of its own measures.
        category = measure.category or content.get("category")
        found.append(replace(measure, category=category))
    return tuple(found)


def _events(table: FeatureTable, group: FeatureGroup, added: FeatureGroup) -> dict[str, tuple[str, ...]]:
    """What the table reads, with the columns that the added measures look at."""
    used = columns_used(table, added)
    events = dict(table.events)
    for name in group.tables:
        more = [c.name for c in load_contract(name).columns if c.name in used and c.name not in WHEN]
        events[name] = tuple(dict.fromkeys((*events.get(name, ()), *more)))
    return events


def _retire(place: str, given: Any, table_name: str, known: _Known) -> None:
    """Retire one version of a measure, such as one that the code declares."""
    entry = checked(place, given, RETIRE, ("name", "version", "since"))
    since = retirement(f"{place}: since", entry["since"])
    table = known.tables[table_name]
    versions = [f"{m.name} {m.version}" for g in table.groups for m in g.measures]
    wanted = f"{entry['name']} {entry['version']}"
    if wanted not in versions:
        raise refused(
            place, f"a measure of {table_name} and its version", repr(wanted), guess(wanted, versions)
        )
    known.places.setdefault((table_name, entry["name"], entry["version"]), place)

    def retired(m: Measure) -> Measure:
        is_meant = (m.name, m.version) == (entry["name"], entry["version"])
        return replace(m, retired=since) if is_meant else m

    groups = tuple(replace(g, measures=tuple(retired(m) for m in g.measures)) for g in table.groups)
    known.tables[table_name] = replace(table, groups=groups)
