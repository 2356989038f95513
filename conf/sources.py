"""Source mappings: where a source's files lie and how their columns become columns of the mart.

A new bank's files need one YAML file and no code: `conf/sources/<source>.yaml`, or any path that ends in
`.yaml` named in the setting `sources`. The operations are a closed list (`ColumnRule`); no SQL text is read.
"""

import re
from collections.abc import Set
from dataclasses import dataclass, field, fields
from datetime import date, time, timedelta
from pathlib import Path
from string import Formatter
from typing import Any

import yaml

from conf.errors import UsageError
from conf.settings import CONF, Settings

FOLDER = CONF / "sources"
FORMATS = ("csv", "jsonl", "parquet", "delta", "jdbc")
TABLE_FORMATS = ("delta", "jdbc")  # tables that are asked, not files that land
CHECKS = ("luhn", "resident_id", "credit_code")
EPOCHS = ("epoch_s", "epoch_ms", "epoch_us")
DAYS = {"as_of": 0, "day_before": 1, "none": None}
TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


class _Loader(yaml.SafeLoader):
    """YAML in which only true and false are booleans: `no` and `on` are good names for columns."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"), list("tf"))


@dataclass(frozen=True)
class Condition:
    """Rows whose `column` holds one of `values`, compared as text."""

    column: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Check:
    """A check digit that the clear value must carry; only rows that fulfil `when` are held to it."""

    kind: str
    when: Condition | None = None


@dataclass(frozen=True)
class ColumnRule:
    """How one column of the mart is made. Exactly one of `source`, `template` and `constant` is given."""

    source: str | None = None  # column of the file (YAML: from)
    template: str | None = None  # text with columns in braces, such as "{bank}-{account}"
    constant: str | int | bool | None = None
    format: str | None = None  # of a date or time: a pattern like yyyy-MM-dd, or epoch_s, epoch_ms, epoch_us
    part: str | None = None  # of a date: year
    values: dict[str, str] = field(
        default_factory=dict
    )  # word of the file -> our word; another word is broken
    otherwise: str | None = None  # our word for words that `values` does not know
    first: int | None = None  # only the first n characters
    factor: str | None = None  # multiply a number, such as "0.01" for cents
    absolute: bool = False  # without its sign
    sign: dict[str, str] = field(default_factory=dict)  # negative, positive -> our words (zero is positive)
    add_days: int = 0
    check: Check | None = None
    tag: str | None = None  # pseudonym tag, where the contract names none
    tag_by: str | None = None  # column of the file that decides on the tag
    tags: dict[str, str] = field(default_factory=dict)  # its word -> tag

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the file that the rule reads."""
        named = [part[1] for part in Formatter().parse(self.template or "") if part[1]]
        others = [
            self.source,
            self.tag_by,
            self.check.when.column if self.check and self.check.when else None,
        ]
        return tuple(dict.fromkeys([*named, *(name for name in others if name)]))


@dataclass(frozen=True)
class FeedOptions:
    """What is special about the files of a feed."""

    delimiter: str = ","
    quote: str = '"'  # empty: nothing is quoted
    encoding: str = "UTF-8"
    trailer: str | None = None  # first field of a last line that states the number of rows
    url: str | None = None  # jdbc
    dbtable: str | None = None  # jdbc
    user: str | None = None  # jdbc
    password_variable: str | None = None  # environment variable that holds the jdbc password
    day_column: str | None = None  # delta, jdbc: date column by which a day's rows are asked for


@dataclass(frozen=True)
class Feed:
    """One kind of delivery that becomes rows of one table."""

    name: str
    table: str
    format: str
    path: str  # under the source's root; {day} stands for the day, * for part numbers
    columns: dict[str, ColumnRule]
    days_before: int | None = 0  # {day} is so many days before the morning; None: one place for all days
    day_format: str = "%Y-%m-%d"
    delivered_at: time = time(0, 0)  # of the morning, where no manifest says better
    optional: bool = False  # days without a delivery are fine
    where: Condition | None = None  # rows of other kinds belong to another feed and are not read
    options: FeedOptions = FeedOptions()

    @property
    def source_columns(self) -> tuple[str, ...]:
        """Every column of the file that the feed needs, each once."""
        needed = [name for rule in self.columns.values() for name in rule.columns]
        extra = [self.where.column] if self.where else []
        extra += [self.options.day_column] if self.options.day_column else []
        return tuple(dict.fromkeys([*needed, *extra]))

    def day_of(self, as_of: date) -> date:
        """The day in the path for that morning."""
        return as_of - timedelta(days=self.days_before or 0)


@dataclass(frozen=True)
class Source:
    """One sender of data."""

    name: str
    title: str
    feeds: tuple[Feed, ...]
    timezone: str | None = None  # of times without an offset; default: the business time zone
    root: Path | None = None  # default: the setting `landing`

    def folder(self, settings: Settings) -> Path:
        """Where the source's paths start."""
        return settings.home / self.root if self.root else settings.landing


def load_sources(settings: Settings) -> tuple[Source, ...]:
    """The sources that the setting `sources` names, in its order. UsageError for unknown ones and broken files."""
    return tuple(load_source(name) for name in settings.sources)


def load_source(name: str) -> Source:
    """The source of that name, or of the mapping file at that path; errors name file, feed and key."""
    file = Path(name) if name.endswith(".yaml") else FOLDER / f"{name}.yaml"
    if not file.is_file():
        known = sorted(found.stem for found in FOLDER.glob("*.yaml"))
        raise UsageError(f"source {name!r} has no mapping file {file.name}; known are {known}")
    raw = yaml.load(file.read_text(encoding="utf-8"), _Loader)
    given = _mapping(raw, Source, file.name, renamed={"name"})
    where = file.name
    feeds = given.get("feeds")
    if not isinstance(feeds, list) or not feeds:
        raise UsageError(f"{where}: feeds: wanted a list of feeds, found {feeds!r}")
    typed = tuple(_feed(feed, f"{where}: feed {n}") for n, feed in enumerate(feeds, 1))
    names = [feed.name for feed in typed]
    if repeated := sorted({n for n in names if names.count(n) > 1}):
        raise UsageError(f"{where}: feeds {repeated} are declared twice")
    root = given.get("root")
    return Source(
        name=file.stem,
        title=_text(given, "title", where),
        timezone=_text(given, "timezone", where) if "timezone" in given else None,
        feeds=typed,
        root=Path(root) if root else None,
    )


def _feed(raw: Any, where: str) -> Feed:
    given = dict(_mapping(raw, Feed, where, renamed={"days_before"}, extra={"day"}))
    where = f"{where} ({given.get('name', 'without name')})"
    for key in ("name", "table", "format", "path"):
        _text(given, key, where)
    if given["format"] not in FORMATS:
        raise UsageError(f"{where}: format: wanted one of {', '.join(FORMATS)}; found {given['format']!r}")
    columns = given.get("columns")
    if not isinstance(columns, dict) or not columns:
        raise UsageError(f"{where}: columns: wanted a mapping from our columns to theirs, found {columns!r}")
    given["columns"] = {name: _rule(rule, f"{where}: column {name}") for name, rule in columns.items()}
    given["days_before"] = _days_before(given.pop("day", "as_of"), where)
    if "delivered_at" in given:
        text = given["delivered_at"]
        if not isinstance(text, str) or not TIME.fullmatch(text):
            raise UsageError(f'{where}: delivered_at: wanted a quoted "HH:MM", found {text!r}')
        given["delivered_at"] = time.fromisoformat(text)
    if "where" in given:
        given["where"] = _condition(given["where"], f"{where}: where")
    if "options" in given:
        given["options"] = FeedOptions(**_mapping(given["options"], FeedOptions, f"{where}: options"))
    feed = Feed(**given)
    _day_is_found(feed, where)
    return feed


def _day_is_found(feed: Feed, where: str) -> None:
    """Every delivery must be tied to a morning, else a rerun could not find the same rows again."""
    asked = feed.format in TABLE_FORMATS
    named = "{day}" in feed.path or (asked and feed.options.day_column is not None)
    if feed.days_before is not None and not named:
        wanted = "options.day_column" if asked else "{day} in path"
        raise UsageError(f"{where}: wanted {wanted}, or `day: none` for one place that holds all days")
    if feed.days_before is None and "{day}" in feed.path:
        raise UsageError(f"{where}: path holds {{day}} but `day: none` is set")
    if feed.format == "jdbc" and not (feed.options.url and feed.options.dbtable):
        raise UsageError(f"{where}: a jdbc feed needs options.url and options.dbtable")


def _rule(raw: Any, where: str) -> ColumnRule:
    if isinstance(raw, str):
        return ColumnRule(source=raw)
    given = dict(_mapping(raw, ColumnRule, where, renamed={"source"}, extra={"from"}))
    if "from" in given:
        given["source"] = given.pop("from")
    starts = [key for key in ("source", "template", "constant") if given.get(key) is not None]
    if len(starts) != 1:
        raise UsageError(
            f"{where}: wanted exactly one of from, template and constant; found {starts or 'none'}"
        )
    for key in ("values", "sign", "tags"):
        if key in given:
            words = _check_type(given[key], dict, f"{where}: {key}")
            given[key] = {_word(k): _word(v) for k, v in words.items()}
    if given.get("sign") and set(given["sign"]) != {"negative", "positive"}:
        raise UsageError(
            f"{where}: sign: wanted the keys negative and positive, found {sorted(given['sign'])}"
        )
    if bool(given.get("tag_by")) != bool(given.get("tags")):
        raise UsageError(f"{where}: tag_by and tags belong together")
    if "factor" in given:
        given["factor"] = str(given["factor"])
        if not re.fullmatch(r"\d+(\.\d+)?", given["factor"]):
            raise UsageError(f"{where}: factor: wanted a number, found {given['factor']!r}")
    if given.get("part") not in (None, "year"):
        raise UsageError(f"{where}: part: wanted year, found {given['part']!r}")
    if "check" in given:
        given["check"] = _digit_check(given["check"], f"{where}: check")
    return ColumnRule(**given)


def _digit_check(raw: Any, where: str) -> Check:
    given = {"kind": raw} if isinstance(raw, str) else dict(_mapping(raw, Check, where))
    if given.get("kind") not in CHECKS:
        raise UsageError(f"{where}: wanted one of {', '.join(CHECKS)}; found {given.get('kind')!r}")
    if "when" in given:
        return Check(given["kind"], _condition(given["when"], f"{where}: when"))
    return Check(given["kind"])


def _condition(raw: Any, where: str) -> Condition:
    given = _mapping(raw, Condition, where, renamed={"values"}, extra={"in"})
    words = _check_type(given.get("in"), list, f"{where}: in")
    return Condition(_text(given, "column", where), tuple(_word(word) for word in words))


def _days_before(raw: Any, where: str) -> int | None:
    if raw in DAYS:
        return DAYS[raw]
    if isinstance(raw, int) and not isinstance(raw, bool) and raw >= 0:
        return raw
    raise UsageError(f"{where}: day: wanted {', '.join(DAYS)} or a number of days before, found {raw!r}")


def _mapping(
    raw: Any,
    wanted: type[Any],
    where: str,
    renamed: Set[str] = frozenset(),
    extra: Set[str] = frozenset(),
) -> dict[str, Any]:
    """`raw` when it is a mapping that holds only the fields of the dataclass `wanted`."""
    _check_type(raw, dict, where)
    known = ({f.name for f in fields(wanted)} - renamed) | extra
    if unknown := sorted(map(str, raw.keys() - known)):
        raise UsageError(f"{where}: unknown keys {unknown}; known are {sorted(known)}")
    return raw


def _check_type(value: Any, wanted: type, where: str) -> Any:
    if not isinstance(value, wanted):
        kind = {"dict": "mapping"}.get(wanted.__name__, wanted.__name__)
        raise UsageError(f"{where}: wanted a {kind}, found {value!r}")
    return value


def _text(given: dict[str, Any], key: str, where: str) -> str:
    value = given.get(key)
    if not isinstance(value, str) or not value.strip():
        raise UsageError(f"{where}: {key}: wanted a text, found {value!r}")
    return value


def _word(value: Any) -> str:
    """YAML reads `true` and 1 as such; files hold text."""
    return str(value).lower() if isinstance(value, bool) else str(value)
