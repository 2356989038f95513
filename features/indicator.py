"""What an indicator is: one measure over its windows, with its unit, its words and its versions."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Sequence as Sequences
from dataclasses import dataclass, replace
from datetime import timedelta
from difflib import get_close_matches
from typing import TYPE_CHECKING

from conf.errors import UsageError
from features.expressions import columns_of, renamed
from features.moments import Moment, length
from features.sequences import Sequence

if TYPE_CHECKING:
    import polars as pl

    from features.point_in_time import Morning

MONTH = "month"  # the calendar month of the day before `as_of`, up to that day
MONTHS = {MONTH: 1, "2month": 2, "3month": 3}  # with the one or two calendar months before it
MONTH_DAYS = 31  # how far back a month may reach
Window = int | str  # a number of days, or one of MONTHS
LONGEST_DAYS = 92

OF_ROWS = ("sum", "mean", "max", "min", "spread", "variance", "share", "days", "first", "last")
SEEN = ("since_first", "since_last")
ITEMS = ("distinct", "new", "largest", "entropy")
OF_DAYS = ("rise", "fall", "rise_now", "fall_now", "trend", "deviation")
KINDS = (*OF_ROWS, *SEEN, *ITEMS, *OF_DAYS, "given", "derived")

SENTENCE_ZH = "{words}{value}（通常为{normal}）"
IS_IT_ZH = "{words}：{value}（通常为{normal}）"  # of yes or no
SENTENCE_EN = "{words}: {value} (normally {normal})"


@dataclass(frozen=True)
class Measure:
    """One line of an indicator group; its columns are `<name>_<days>d`, or `name` when it has no window.

    kind: `sum`, `mean`, `max` and `min` of `sql` over rows, `spread`: its standard deviation, `variance` (of a
    population; whole numbers and money); `share` of the rows for which the condition `sql` holds; `first` and `last`:
    `sql` of the row with the lowest (highest) `order` of the group; `since_first`, `since_last`: days from the first
    (last) day with a row to `as_of`, 1 for yesterday; `days`: bit n is set when there was a row n + 1 days before
    `as_of`; `distinct` values of `sql`; `new`: of these, the ones not seen in the days of the group's look-back before
    the window; `largest`: share of the most frequent value, `entropy` of the values (nats); `rise`, `fall`,
    `rise_now`, `fall_now`, `trend`, `deviation`: of the daily sums (`features.series_kernels`); `given`: the group's
    function makes the column; `derived`: `sql` over finished columns, where `{d}` stands for the window.

    Of several measures of one name the one with the highest `version` that is not `retired` is published; the others
    stay computable as `<column>@<version>` (see `chosen`).

    Raises ValueError for an unknown kind, and for a window that is no number of days from 1 to 92.
    """

    name: str
    sql: str
    unit: str
    zh: str  # words; `{d}` stands for the window
    en: str
    windows: tuple[Window, ...] = ()
    kind: str = "sum"
    where: str = "true"  # only these rows
    empty: float | None = 0  # value of a window without rows; None means unknown
    spark_type: str = "bigint"
    hidden: bool = False  # an ingredient of other indicators, not published
    sentence_zh: str = SENTENCE_ZH
    sentence_en: str = SENTENCE_EN
    version: int = 1
    retired: str | None = None  # since when, as YYYY-MM-DD, and why
    category: str | None = None  # class of the indicator where it is not that of its group

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"measure {self.name}: {self.kind!r} is no kind; known are {', '.join(KINDS)}")
        for window in self.windows:
            is_days = isinstance(window, int) and 1 <= window <= LONGEST_DAYS
            if not is_days and window not in MONTHS:
                raise ValueError(
                    f"measure {self.name}: wanted windows of 1 to {LONGEST_DAYS} days or {', '.join(MONTHS)}, "
                    f"found {window!r}"
                )
        if self.kind in OF_DAYS and not all(isinstance(window, int) for window in self.windows or ("",)):
            raise ValueError(f"measure {self.name}: a {self.kind} needs windows of days")

    def column(self, window: Window | None) -> str:
        """Name of the column of one window."""
        if "@" in self.name:  # one column of another version, which `chosen` names as a whole
            return self.name
        return self.name if window is None else f"{self.name}_{window_name(window)}"

    def expression(self, window: Window | None) -> str:
        """Its SQL for one window."""
        return self.sql.replace("{d}", "" if window is None else str(window))

    def columns(self) -> Iterator[tuple[str, Window | None]]:
        """Each column with its window."""
        return ((self.column(w), w) for w in self.windows or (None,))


@dataclass(frozen=True)
class Digest:
    """What is kept of rows for functions that look across subjects: each day's different values together.

    One row per key, values of `columns` (names and SQL) and day, with the last instant of it, `last_at`. Rows in which
    a column of `needs` is null are left out.
    """

    name: str
    columns: Mapping[str, str]
    days: int  # that functions look back to
    where: str = "true"
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class FeatureGroup:
    """Measures that share their rows: event tables, key and row filter."""

    name: str
    tables: tuple[str, ...]  # event tables; several are read as one
    key: str  # column of the events
    joins: str  # column of the subjects that `key` meets
    measures: tuple[Measure, ...]
    where: str = "true"
    order: str = "happened_at"  # of the rows of one key; equal for no two of them where a measure is `last`
    function: "Callable[[Morning], pl.DataFrame] | None" = None
    days: int = 0  # that it looks back at least: its function, or versions that are not computed today
    moments: tuple[Moment, ...] = ()  # columns of each row that its measures may use like any other
    sequences: tuple[Sequence, ...] = ()  # likewise
    digests: tuple[Digest, ...] = ()  # what functions of any group may look at
    category: str = "other"  # class of its indicators

    def measures_of(self, *kinds: str) -> list[Measure]:
        """Its measures of some kinds."""
        return [m for m in self.measures if m.kind in kinds]

    @property
    def reach(self) -> timedelta:
        """How far before a row its moments and sequences look."""
        return max([timedelta(0), *(m.reach for m in self.moments), *(s.reach for s in self.sequences)])

    @property
    def reach_ahead(self) -> timedelta:
        """How far after a row its moments look."""
        return max([timedelta(0), *(length(m.window) for m in self.moments if m.ahead)])

    @property
    def moment_days(self) -> int:
        """Days before a row that its moments and sequences reach, begun ones counted."""
        return -(-self.reach // timedelta(days=1))

    @property
    def days_ahead(self) -> int:
        """Days after a row that its moments look to, begun ones counted."""
        return max([0, *(m.days_ahead for m in self.moments)])

    @property
    def look_back(self) -> int:
        """Days before `as_of` that the widest window reaches."""
        return max([self.days, *(window_days(w) for m in self.measures for w in m.windows)])

    @property
    def kept_days(self) -> int:
        """Days before `as_of` of which something of it must be kept."""
        return max(self.look_back, *(digest.days for digest in self.digests), 0)


@dataclass(frozen=True)
class Indicator:
    """One published column, flattened from its measure."""

    name: str
    measure: str  # shared by the windows of one measure
    group: str
    spark_type: str
    unit: str
    empty: float | None
    zh: str
    en: str
    sentence_zh: str
    sentence_en: str
    category: str
    version: int
    retired: str | None


def window_name(window: Window) -> str:
    """`7` is `7d`, a month is called what it is."""
    return window if isinstance(window, str) else f"{window}d"


def window_days(window: Window) -> int:
    """Days before `as_of` that a window may reach."""
    return MONTH_DAYS * MONTHS[window] if isinstance(window, str) else window


def indicators(groups: Sequences[FeatureGroup]) -> tuple[Indicator, ...]:
    """The published columns of `groups` in their order; a name that comes twice is an error."""
    found: dict[str, Indicator] = {}
    for group in current(groups):
        for measure in group.measures:
            for column, window in measure.columns():
                if column in found:
                    raise ValueError(
                        f"indicator {column} is declared in {found[column].group} and {group.name}"
                    )
                if not measure.hidden:
                    found[column] = flat(group, measure, column, window)
    return tuple(found.values())


def current(groups: Sequences[FeatureGroup]) -> tuple[FeatureGroup, ...]:
    """`groups` with the versions in force alone; see `chosen`."""
    return chosen(groups, ())


def chosen(groups: Sequences[FeatureGroup], names: Iterable[str]) -> tuple[FeatureGroup, ...]:
    """`groups` as the engine computes them: the version in force of each measure, and the columns `names`.

    A name `<column>@<version>` adds that column of that version under this name. A derived one is made of what its
    expression names: of today's ingredients, of `` `<column>@<version>` `` where it says so in backticks, and of the
    newest version of an ingredient that is not in force any more. Other names have to be columns in force. A group
    looks back as far as all its versions do, so that neither retiring nor asking changes a column of another measure.

    Raises UsageError for a name that is not declared, and for an old column that a function made.
    """
    kept = {group.name: [m for m in group.measures if is_in_force(m, groups)] for group in groups}
    today = {column for measures in kept.values() for m in measures for column, _ in m.columns()}
    declared = declared_columns(groups)
    asked = [name for name in dict.fromkeys(names) if name not in today]
    # An expression in force may name another version too.
    waiting = [*asked, *(c for ms in kept.values() for m in ms for c in _versions_named(m))]
    done: set[str] = set()
    while waiting:
        name = waiting.pop(0)
        if name in done or name in today:  # chosen before: groups may come here twice
            continue
        done.add(name)
        group, measure, window = _declared(name, declared)
        old = replace(
            measure,
            name=name,
            windows=() if window is None else (window,),
            sql=measure.expression(window) if measure.kind == "derived" else measure.sql,
            hidden=name not in asked,
            retired=None,
        )
        if measure.kind == "derived":
            gone = {c: newest(c, declared) for c in columns_of(old.sql) - today if "@" not in c}
            old = replace(old, sql=renamed(old.sql, {c: n for c, n in gone.items() if n is not None}))
            waiting += _versions_named(old)
        kept[group.name].append(old)
    return tuple(
        replace(group, measures=tuple(kept[group.name]), days=group.look_back)
        for group in groups
        if kept[group.name]
    )


def declared_columns(
    groups: Sequences[FeatureGroup],
) -> dict[str, tuple[FeatureGroup, Measure, Window | None]]:
    """All columns of all versions by `<column>@<version>`."""
    return {
        f"{column}@{m.version}": (group, m, window)
        for group in groups
        for m in group.measures
        if "@" not in m.name
        for column, window in m.columns()
    }


def newest(column: str, declared: Iterable[str]) -> str | None:
    """The name with the highest version of `column` among `<column>@<version>`; None where there is none."""
    found = [name for name in declared if name.rpartition("@")[0] == column]
    return max(found, key=lambda name: int(name.rpartition("@")[2]), default=None)


def is_in_force(measure: Measure, groups: Sequences[FeatureGroup]) -> bool:
    """Whether it is the highest version of its name in `groups` that is not retired."""
    versions = [m.version for g in groups for m in g.measures if m.name == measure.name and m.retired is None]
    return measure.retired is None and measure.version == max(versions)


def _versions_named(measure: Measure) -> list[str]:
    """The columns of other versions that a derived measure is made of."""
    if measure.kind != "derived" or "@" not in measure.sql:
        return []
    texts = [measure.expression(window) for _, window in measure.columns()]
    return sorted({column for text in texts for column in columns_of(text) if "@" in column})


def _declared(
    name: str, declared: dict[str, tuple[FeatureGroup, Measure, Window | None]]
) -> tuple[FeatureGroup, Measure, Window | None]:
    if name not in declared:
        versions = [n for n in declared if n.rpartition("@")[0] == name.partition("@")[0]]
        close = versions or get_close_matches(name, declared, n=3)
        raise UsageError(
            f"indicator {name}: wanted a column in force or one written <column>@<version>, found neither"
            + (f"; did you mean {', '.join(close)}?" if close else "")
        )
    if declared[name][1].kind == "given":
        raise UsageError(
            f"indicator {name} was made by a function, which has no versions; compute it with the code of its time"
        )
    return declared[name]


def flat(group: FeatureGroup, measure: Measure, column: str, window: Window | None) -> Indicator:
    """One column of a measure, hidden or not."""
    zh, en = _window_words(window)
    return Indicator(
        name=column,
        measure=measure.name,
        group=group.name,
        spark_type=measure.spark_type,
        unit=measure.unit,
        empty=measure.empty if measure.kind != "derived" else None,
        zh=measure.zh.replace("{d}", zh),
        en=measure.en.replace("{d}", en),
        sentence_zh=measure.sentence_zh,
        sentence_en=measure.sentence_en,
        category=measure.category or group.category,
        version=measure.version,
        retired=measure.retired,
    )


def _window_words(window: Window | None) -> tuple[str, str]:
    if isinstance(window, str):
        before = MONTHS[window] - 1
        return (
            (f"本月及前{before}个月", f"this month and the {before} before")
            if before
            else ("本月", "this month")
        )
    return f"近{window}天", f"last {window} d"
