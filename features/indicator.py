"""What an indicator is: one measure over its windows, with its unit and the words that reviewers read."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from features.moments import Moment
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
    `rise_now`, `fall_now`, `trend`, `deviation`: of the daily sums (see `features.windows`); `given`: the group's
    function makes the column; `derived`: `sql` over finished columns, where `{d}` stands for the window.

    Of several measures of one name the one with the highest `version` that is not `retired` is published; the others
    stay computable as `<column>@<version>`.

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
    days: int = 0  # that the function looks back
    moments: tuple[Moment, ...] = ()  # columns of each row that its measures may use like any other
    sequences: tuple[Sequence, ...] = ()  # likewise
    digests: tuple[Digest, ...] = ()  # what functions of any group may look at
    category: str = "other"  # class of its indicators

    def measures_of(self, *kinds: str) -> list[Measure]:
        """Its measures of some kinds."""
        return [m for m in self.measures if m.kind in kinds]

    @property
    def moment_days(self) -> int:
        """Days before a row that its moments and sequences reach."""
        reach = [m.reach for m in (*self.moments, *self.sequences)]
        return max((-(-length // timedelta(days=1)) for length in reach), default=0)

    @property
    def days_ahead(self) -> int:
        """Days after a row that its moments look to."""
        return max((m.days_ahead for m in self.moments), default=0)

    @property
    def look_back(self) -> int:
        """Days before `as_of` that the widest window reaches."""
        reach = [window_days(w) for m in self.measures for w in m.windows]
        return max(reach, default=self.days)

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


def window_name(window: Window) -> str:
    """`7` is `7d`, a month is called what it is."""
    return window if isinstance(window, str) else f"{window}d"


def window_days(window: Window) -> int:
    """Days before `as_of` that a window may reach."""
    return MONTH_DAYS * MONTHS[window] if isinstance(window, str) else window


def indicators(groups: tuple[FeatureGroup, ...]) -> tuple[Indicator, ...]:
    """The published columns of `groups` in their order; a name that comes twice is an error."""
    found: dict[str, Indicator] = {}
    for group in groups:
        for measure in group.measures:
            for column, window in measure.columns():
                if column in found:
                    raise ValueError(
                        f"indicator {column} is declared in {found[column].group} and {group.name}"
                    )
                if not measure.hidden:
                    found[column] = flat(group, measure, column, window)
    return tuple(found.values())


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
