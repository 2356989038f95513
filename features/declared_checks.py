"""Whether declared indicators can be computed: columns, types, versions, and that no two need each other."""

from collections.abc import Callable, Iterable, Iterator, Mapping

import polars as pl

from conf.errors import UsageError
from data_contracts.types import polars_type
from features.entries import refused, told
from features.expressions import Term, columns_of, compiled, is_money
from features.indicator import OF_DAYS, FeatureGroup, Measure, Window, declared_columns, is_in_force, newest
from features.moments import Moment
from features.sequences import Sequence
from features.table import FeatureTable

ADDED_UP = (
    "sum",
    "mean",
    "spread",
    "variance",
    *OF_DAYS,
)  # kinds that add up, which is exact for whole numbers only
OF_NUMBERS = (*ADDED_UP, "max", "min", "first", "last")
IN_UNITS_OF_SQL = ("sum", "mean", "max", "min", "first", "last")  # money stays money
Declared = Mapping[str, tuple[FeatureGroup, Measure, Window | None]]
KEYS = ("as_of", "subject_id")  # of every feature table
Places = Mapping[tuple[str, int], str]  # measure and version -> where it is declared


def row_types(table: FeatureTable, group: FeatureGroup) -> dict[str, str]:
    """Spark types of the columns of the group's rows: of the contracts and those that the table adds."""
    types = table.types
    return {column: kind for name in group.tables for column, kind in types[name].items()}


def columns_used(table: FeatureTable, group: FeatureGroup) -> frozenset[str]:
    """The columns of events that the group's measures, moments and sequences look at."""
    texts = [group.where, group.order]
    for m in group.measures:
        texts += [m.sql, m.where] if m.kind not in ("derived", "given") else []
    for moment in group.moments:
        texts += [moment.sql, moment.where]
    texts += [t for s in group.sequences for step in s.steps for t in (step.where, step.amount) if t]
    named = {column for text in texts for column in columns_of(text)}
    return frozenset({group.key, *named} & row_types(table, group).keys())


def check_group(table: FeatureTable, group: FeatureGroup, file: str) -> None:
    """Raise UsageError for an expression over rows that cannot be computed.

    `group` holds all its moments and sequences, and of its measures those that `file` adds.
    """
    types = row_types(table, group)
    everything = types | {m.name: m.spark_type for m in group.moments}
    for sequence in group.sequences:
        everything |= _sequence_columns(
            f"{file}: sequence {sequence.name}", sequence, types, everything, group
        )
    if group.tables:
        _expression(f"{file}: where", group.where, everything, group.tables, pl.Boolean)
        _expression(f"{file}: order", group.order, everything, group.tables)
    for moment in group.moments:
        place = f"{file}: moment {moment.name}"
        if moment.name in types:
            raise refused(place, "a name of its own", f"{moment.name}, a column of the events", "rename it")
        _check_rows(place, moment, types, group)
    for m in group.measures:
        if m.kind == "derived":
            continue
        place = f"{file}: indicator {m.name}"
        if group.function is not None or not group.tables:
            cure = "add it to a group of events"
            raise refused(
                place, "a derived indicator", f"a {m.kind} in {group.name}, which a function makes", cure
            )
        if m.kind == "days" and m.windows:
            raise refused(
                f"{place}: windows", "none for days", repr(list(m.windows)), "derive windows from its bits"
            )
        _check_rows(place, m, everything, group)


def _sequence_columns(
    place: str, of: Sequence, types: Mapping[str, str], taken: Iterable[str], group: FeatureGroup
) -> dict[str, str]:
    """The columns of a sequence that can be computed and has names of its own."""
    for number, step in enumerate(of.steps, 1):
        _expression(f"{place}: step {number}: where", step.where, types, group.tables, pl.Boolean)
        if step.amount:
            _, found = _expression(f"{place}: step {number}: amount", step.amount, types, group.tables)
            if not (found.is_integer() or found == pl.Boolean):
                wrong = f"{step.amount!r}, which is a {str(found).lower()}"
                raise refused(f"{place}: step {number}: amount", "whole numbers or money", wrong)
    try:
        columns = of.columns(types)
    except ValueError as error:
        raise UsageError(told(place, f"sequence {of.name}", error)) from None
    if twice := sorted(columns.keys() & set(taken)):
        wrong = f"{twice[0]}, a column of the events, a moment or another sequence"
        raise refused(place, "columns of its own", wrong, "rename it")
    return columns


def _check_rows(place: str, of: Measure | Moment, types: Mapping[str, str], group: FeatureGroup) -> None:
    """Whether the condition is one, and the values are what the kind makes something of, in the declared type."""
    _expression(f"{place}: where", of.where, types, group.tables, pl.Boolean)
    if of.kind == "share":
        _expression(f"{place}: sql", of.sql, types, group.tables, pl.Boolean)
        return
    term, found = _expression(f"{place}: sql", of.sql, types, group.tables)
    told = f"{of.sql!r}, which is a {str(found).lower()}"
    if of.kind in OF_NUMBERS and not (found.is_numeric() or found == pl.Boolean):
        raise refused(f"{place}: sql", f"numbers for a {of.kind}", told)
    if of.kind in ADDED_UP and found.is_float():
        cure = (
            "sums of fractions depend on the order of rows: cast to bigint, or divide in a derived indicator"
        )
        raise refused(f"{place}: sql", f"whole numbers or money for a {of.kind}", told, cure)
    if of.kind in IN_UNITS_OF_SQL and term.is_money != is_money(of.spark_type):
        wanted = "decimal(18,2) for money" if term.is_money else "bigint or double for what is no money"
        raise refused(f"{place}: type", wanted, of.spark_type)


def _expression(
    place: str,
    text: str,
    types: Mapping[str, str],
    tables: Iterable[str],
    wanted: type[pl.DataType] | None = None,
) -> tuple[Term, pl.DataType]:
    """`text` over columns of rows, and the type of its values."""
    words = f"an expression over columns of {', '.join(tables)}"
    cure = "docs/reference/data_dictionary.md tells the columns, docs/indicators.md the words"
    try:
        term, found = _tried(text, types)
    except ValueError as error:
        raise refused(place, words, str(error), cure) from None
    if wanted is not None and found != wanted:
        told = f"{text!r}, which is a {str(found).lower()}"
        raise refused(place, "a condition", told, "compare it with something")
    return term, found


def _tried(text: str, types: Mapping[str, str]) -> tuple[Term, pl.DataType]:
    """`text` compiled, and the type of its values; ValueError for what would fail at night only, such as the hour of a
    text: it is tried on no rows."""
    try:
        term = compiled(text, types)
        schema = {c: pl.Int64 if is_money(types[c]) else polars_type(types[c]) for c in term.columns}
        return term, pl.DataFrame(schema=schema).select(term.value).dtypes[0]
    except TypeError as error:
        raise ValueError(f"{error} in {text!r}") from None
    except pl.exceptions.PolarsError as error:
        raise ValueError(f"{str(error).splitlines()[0]} in {text!r}") from None


def check_table(table: FeatureTable, places: Places) -> None:
    """Raise UsageError where the measures of the whole table do not fit together.

    Versions of a name count from 1 without a gap; no two columns have one name; what is derived is made of columns in
    force, or of named versions, and not of itself.
    """

    def place(m: Measure, group: FeatureGroup) -> str:
        return places.get((m.name, m.version), f"{table.name}: group {group.name}: indicator {m.name}")

    _check_versions(table, place)
    declared = declared_columns(table.groups)
    today: dict[str, str] = {}
    types: dict[str, str] = {}  # of the columns in force
    every: dict[str, str] = {}
    for group in table.groups:
        for m in group.measures:
            is_today, where = is_in_force(m, table.groups), place(m, group)
            for column, _ in m.columns():
                version = f"{column}@{m.version}"
                other = (today.get(column) if is_today else None) or every.get(version)
                if other or column in KEYS:
                    found = f"{column} in {other or 'every feature table'} too"
                    raise refused(where, "columns of its own", found, "rename one")
                every[version] = where
                if is_today:
                    today[column], types[column] = where, m.spark_type
    needs: dict[str, set[str]] = {}
    for name, (group, m, window) in declared.items():
        if m.kind == "derived":
            is_today = is_in_force(m, table.groups)
            needs[name] = _needed(f"{place(m, group)}: sql", m.expression(window), types, declared, is_today)
            if is_today:
                needs[name.rpartition("@")[0]] = needs[name]
    _check_circles(needs, lambda name: place(declared[name][1], declared[name][0]), declared)


def _needed(place: str, text: str, types: Mapping[str, str], declared: Declared, is_today: bool) -> set[str]:
    """The columns that a derived indicator is made of; `types` are those of the columns in force."""
    words, cure = "an expression over indicators", "docs/reference/indicators.md tells the indicators"
    try:
        used = columns_of(text)
    except ValueError as error:
        cure = (
            "write `<column>@<version>` in backticks" if "@" in text else "docs/indicators.md tells the words"
        )
        raise refused(place, words, str(error), cure) from None
    if made := sorted(
        one for one in used if "@" in one and one in declared and declared[one][1].kind == "given"
    ):
        raise refused(
            place,
            words,
            f"{made[0]}, which a function made",
            "functions have no versions: use the plain name",
        )
    gone = {one: old for one in used - types.keys() if (old := newest(one, declared)) is not None}
    if is_today and gone:
        one, old = min(gone.items())
        why = f"{one} ({declared[old][1].retired or 'a newer version lacks it'})"
        raise refused(
            place, "indicators in force", why, f"write `{old}` in backticks, or retire this one too"
        )
    versions = {name: m.spark_type for name, (_, m, _) in declared.items()}
    try:
        _, found = _tried(text, {**{one: versions[old] for one, old in gone.items()}, **types, **versions})
    except ValueError as error:
        raise refused(place, words, str(error), cure) from None
    if not (found.is_numeric() or found in (pl.Boolean, pl.Null)):
        raise refused(place, "a number", f"{text!r}, which is a {str(found).lower()}")
    return {gone.get(one, one) for one in used}


def _check_versions(table: FeatureTable, place: Callable[[Measure, FeatureGroup], str]) -> None:
    found: dict[str, dict[int, tuple[Measure, FeatureGroup]]] = {}
    for group in table.groups:
        for m in group.measures:
            versions = found.setdefault(m.name, {})
            if m.version in versions:
                other = place(*versions[m.version])
                cure = "give the newer one the next version, or another name"
                raise refused(
                    place(m, group), "each version once", f"version {m.version} in {other} too", cure
                )
            versions[m.version] = (m, group)
    for name, versions in found.items():
        for wanted, version in enumerate(sorted(versions), 1):
            if version != wanted:
                cure = f"call it version {wanted}; earlier versions stay declared, retired ones too"
                raise refused(
                    place(*versions[version]), f"version {wanted} of {name}", f"version {version}", cure
                )


def _check_circles(
    needs: Mapping[str, set[str]], place: Callable[[str], str], declared: Mapping[str, object]
) -> None:
    fine: set[str] = set()

    def walk(name: str, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        if name in path:
            yield (*path[path.index(name) :], name)
        elif name in needs and name not in fine:
            for other in sorted(needs[name]):
                yield from walk(other, (*path, name))
            fine.add(name)

    for name in needs:
        if circle := next(walk(name, ()), None):
            first = circle[0] if "@" in circle[0] else newest(circle[0], declared)
            raise refused(
                f"{place(str(first))}: sql", "indicators that are there before it", f"a circle {' -> '.join(circle)}",
                "let one of them be made of something else",
            )  # fmt: skip
