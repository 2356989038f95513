"""One entry of an analyst's YAML: its keys, their types, and the measure, moment or sequence that it says."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from conf.errors import UsageError
from features.indicator import KINDS, LONGEST_DAYS, MONTHS, OF_DAYS, SENTENCE_EN, SENTENCE_ZH, Measure, Window
from features.moments import KINDS as MOMENT_KINDS
from features.moments import Moment
from features.sequences import Sequence as EventSequence
from features.sequences import Step

ROOT = Path(__file__).parents[1]
NAME = re.compile(r"[a-z][a-z0-9_]*")
TYPES = ("bigint", "double", "decimal(18,2)")
OWN_KINDS = tuple(kind for kind in KINDS if kind != "given")  # what a function gives is code
TEXT, LIST, WHOLE, NUMBER = "text", "a list", "a whole number", "a number"
FLAG, EMPTY = "true or false", "0 or null"

GROUP = {
    "group": TEXT, "table": TEXT, "events": LIST, "key": TEXT, "joins": TEXT, "where": TEXT, "order": TEXT,
    "category": TEXT, "moments": LIST, "sequences": LIST, "indicators": LIST, "retire": LIST,
}  # fmt: skip
INDICATOR = {
    "name": TEXT, "sql": TEXT, "kind": TEXT, "where": TEXT, "windows": LIST, "unit": TEXT, "type": TEXT, "zh": TEXT,
    "en": TEXT, "empty": EMPTY, "version": WHOLE, "retired": TEXT, "hidden": FLAG, "category": TEXT,
    "sentence_zh": TEXT, "sentence_en": TEXT,
}  # fmt: skip
MOMENT = {
    "name": TEXT, "sql": TEXT, "window": TEXT, "kind": TEXT, "where": TEXT, "delay": TEXT, "ahead": FLAG, "type": TEXT,
}  # fmt: skip
SEQUENCE = {"name": TEXT, "steps": LIST}
STEP = {
    "where": TEXT, "within": TEXT, "count": WHOLE, "amount": TEXT, "least_amount": NUMBER, "share_of_previous": NUMBER,
    "most_share_of_previous": NUMBER,
}  # fmt: skip
RETIRE = {"name": TEXT, "version": WHOLE, "since": TEXT}


def refused(place: str, wanted: str, found: str, cure: str = "") -> UsageError:
    """The one sentence of every complaint about an analyst's file."""
    return UsageError(f"{place}: wanted {wanted}, found {found}" + (f"; {cure}" if cure else ""))


def guess(word: object, known: Iterable[str]) -> str:
    """What a misspelt word may have meant, else all that is known."""
    known = list(known)
    close = get_close_matches(str(word), known, n=1)
    return f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"


def shown(file: Path) -> str:
    """The file as people name it: from the project on where it lies there."""
    return str(file.relative_to(ROOT) if file.is_relative_to(ROOT) else file)


class _Loader(yaml.SafeLoader):
    """Refuses a key that is given twice, of which YAML would silently keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [str(key.value) for key, _ in node.value]
        if twice := sorted({key for key in keys if keys.count(key) > 1}):
            raise yaml.constructor.ConstructorError(
                problem=f"key {twice[0]!r} is given twice", problem_mark=node.start_mark
            )
        return super().construct_mapping(node, deep)


def entries(file: Path) -> dict[str, Any]:
    """The content of one file with its keys checked; lists may still hold anything. Raises UsageError."""
    try:
        content = yaml.load(file.read_text(encoding="utf-8"), _Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" in line {mark.line + 1}" if mark else ""
        raise refused(
            shown(file), "YAML", f"{getattr(error, 'problem', None) or error}{line}",
            "text that holds a colon, a brace or a # belongs into quotes",
        ) from None  # fmt: skip
    except UnicodeDecodeError as error:
        raise refused(shown(file), "text in UTF-8", str(error), "save the file as UTF-8") from None
    return checked(shown(file), content, GROUP, ("group", "table"))


def checked(place: str, given: Any, known: Mapping[str, str], required: Sequence[str]) -> dict[str, Any]:
    """`given` with nothing but known keys of the right types, none of the required missing."""
    if not isinstance(given, dict):
        raise refused(place, f"keys {', '.join(known)}", repr(given))
    for key, value in given.items():
        if key not in known:
            raise refused(place, "known keys", f"{key!r}", guess(key, known))
        if not _is(known[key], value):
            cure = "write it in quotes" if known[key] == TEXT and not isinstance(value, list | dict) else ""
            raise refused(f"{place}: {key}", known[key], repr(value), cure)
    if missing := [key for key in required if key not in given]:
        raise refused(place, f"the key {missing[0]}", f"only {', '.join(map(str, given))}", "add it")
    if "name" in given and not NAME.fullmatch(given["name"]):
        raise refused(
            f"{place}: name", "small letters, digits and _", repr(given["name"]), "windows and versions are added to it"
        )  # fmt: skip
    return given


def _is(wanted: str, value: object) -> bool:
    if wanted == TEXT:
        return isinstance(value, str) and value.strip() != ""
    if wanted == FLAG:
        return isinstance(value, bool)
    if wanted == LIST:
        return isinstance(value, list)
    if wanted == NUMBER:
        return type(value) in (int, float)
    is_whole = type(value) is int
    return is_whole if wanted == WHOLE else value is None or (is_whole and value == 0)


def place_of(file: Path, what: str, given: Any, number: int) -> str:
    """Where an entry stands: by its name, else by its number from 1 on."""
    named = isinstance(given, dict) and isinstance(given.get("name"), str)
    return f"{shown(file)}: {what} {given['name'] if named else f'number {number}'}"


def measure_of(place: str, given: Any, categories: Iterable[str], units: Iterable[str]) -> Measure:
    """The measure that one entry of `indicators` says. Raises UsageError."""
    entry = checked(place, given, INDICATOR, ("name", "sql", "kind", "unit", "type", "zh", "en"))
    _one_of(f"{place}: kind", entry["kind"], OWN_KINDS)
    _one_of(f"{place}: type", entry["type"], TYPES)
    _one_of(f"{place}: unit", entry["unit"], sorted(units))
    if "category" in entry:
        _one_of(f"{place}: category", entry["category"], categories)
    is_derived = entry["kind"] == "derived"
    if is_derived == ("empty" in entry):
        if is_derived:
            raise refused(
                f"{place}: empty",
                "none for a derived indicator",
                repr(entry["empty"]),
                "write coalesce in sql",
            )
        raise refused(place, "the key empty", "none", "write 0, or null where no rows means unknown")
    if entry.get("version", 1) < 1:
        raise refused(f"{place}: version", "a whole number from 1 on", repr(entry["version"]))
    if "retired" in entry:
        retirement(f"{place}: retired", entry["retired"])
    windows = tuple(_window(f"{place}: windows", window) for window in entry.get("windows", ()))
    if twice := [w for w in windows if windows.count(w) > 1]:
        raise refused(f"{place}: windows", "each once", f"{twice[0]!r} twice")
    if entry["kind"] in OF_DAYS and (not windows or not all(isinstance(w, int) for w in windows)):
        raise refused(f"{place}: windows", f"days for a {entry['kind']}", repr(entry.get("windows", [])))
    for key in ("zh", "en"):
        if ("{d}" in entry[key]) != bool(windows):
            found = f"{entry[key]!r} with windows {list(windows)}"
            raise refused(f"{place}: {key}", "{d} where the window is told, if there are windows", found)
    if is_derived and "{d}" in entry["sql"] and not all(isinstance(w, int) for w in windows or ("",)):
        raise refused(
            f"{place}: windows", "days, since sql says {d}", repr(list(windows)),
            "write an indicator of its own without windows, with the month's columns in sql",
        )  # fmt: skip
    try:
        return Measure(
            name=entry["name"], sql=entry["sql"], unit=entry["unit"], zh=entry["zh"], en=entry["en"], windows=windows,
            kind=entry["kind"], where=entry.get("where", "true"), empty=entry.get("empty"), spark_type=entry["type"],
            hidden=entry.get("hidden", False), sentence_zh=entry.get("sentence_zh", SENTENCE_ZH),
            sentence_en=entry.get("sentence_en", SENTENCE_EN), version=entry.get("version", 1),
            retired=entry.get("retired"), category=entry.get("category"),
        )  # fmt: skip
    except ValueError as error:
        raise UsageError(f"{place}: {error}") from None


def moment_of(place: str, given: Any) -> Moment:
    """The moment that one entry of `moments` says. Raises UsageError."""
    entry = checked(place, given, MOMENT, ("name", "sql", "window"))
    _one_of(f"{place}: type", entry.get("type", "bigint"), TYPES)
    _one_of(f"{place}: kind", entry.get("kind", "sum"), MOMENT_KINDS)
    try:
        return Moment(
            name=entry["name"], sql=entry["sql"], window=entry["window"], kind=entry.get("kind", "sum"),
            where=entry.get("where", "true"), delay=entry.get("delay", ""), spark_type=entry.get("type", "bigint"),
            ahead=entry.get("ahead", False),
        )  # fmt: skip
    except ValueError as error:
        raise UsageError(told(place, f"moment {entry['name']}", error)) from None


def sequence_of(place: str, given: Any) -> EventSequence:
    """The sequence that one entry of `sequences` says. Raises UsageError."""
    entry = checked(place, given, SEQUENCE, ("name", "steps"))
    steps = tuple(_step(f"{place}: step {number}", step) for number, step in enumerate(entry["steps"], 1))
    try:
        return EventSequence(entry["name"], steps)
    except ValueError as error:
        raise UsageError(told(place, f"sequence {entry['name']}", error)) from None


def _step(place: str, given: Any) -> Step:
    entry = checked(place, given, STEP, ("where",))
    try:
        step = Step(**entry)
        _ = step.span
        return step
    except ValueError as error:
        raise UsageError(told(place, f"step {entry['where']!r}", error)) from None


def told(place: str, who: str, error: ValueError) -> str:
    """What an error says, named by its place in the file instead of by `who`."""
    return f"{place}: {str(error).removeprefix(f'{who}: ')}"


def retirement(place: str, text: str) -> str:
    """`text` when it says since when and why. Raises UsageError."""
    day, colon, why = text.partition(": ")
    try:
        date.fromisoformat(day)
    except ValueError:
        colon = ""
    if not colon or not why.strip():
        raise refused(place, '"YYYY-MM-DD: why"', repr(text))
    return text


def _one_of(place: str, word: str, known: Iterable[str]) -> None:
    known = tuple(known)
    if word not in known:
        raise refused(place, "a known word", repr(word), guess(word, known))


def _window(place: str, window: object) -> Window:
    if type(window) is int and 1 <= window <= LONGEST_DAYS:
        return window
    if isinstance(window, str) and window in MONTHS:
        return window
    cure = guess(window, MONTHS) if isinstance(window, str) else ""
    raise refused(place, f"1 to {LONGEST_DAYS} days or {', '.join(MONTHS)}", repr(window), cure)
