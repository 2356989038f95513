"""Indicators of single events: what happened to the same subject in the minutes, hours or days around each event."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl

from features import event_kernels as kernels
from features.event_rows import WHEN, EventRows, in_order, with_column

LENGTH = re.compile(r"([1-9]\d*)([mhd])")
UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
LONGEST = timedelta(days=90)
KINDS = ("sum", "min", "max", "distinct", "next")
END_OF_DAYS = int(np.iinfo(np.int64).max)  # no limit, and the day of an event that only no limit reaches


@dataclass(frozen=True)
class Moment:
    """A column of each event at `t`: over the events of its key in (t - delay - window, t - delay].

    kind: `sum`, `min`, `max` of `sql` (whole numbers; money counts in cents), or `distinct` values of it, over events
    that meet `where`. A window without such events gives 0, for `min` and `max` null. `window` and `delay` read like
    10m, 1h or 7d.

    `ahead`: over the events in [t, t + window] instead, the event itself and all of its instant among them, whichever
    was booked first. `next`, of such windows only: whole seconds to the nearest event that meets `where`, 0 when one
    carries the same instant, null where there is none; its `sql` is "1".

    Raises ValueError for an unknown kind, a window beyond 90d, a delay ahead and a `next` that does not look ahead.
    """

    name: str
    sql: str
    window: str
    kind: str = "sum"
    where: str = "true"
    delay: str = ""
    spark_type: str = "bigint"
    ahead: bool = False

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(
                f"moment {self.name}: kind is sum, min, max or distinct, ahead also next; found {self.kind!r}"
            )
        if not timedelta(0) < length(self.window) <= LONGEST:
            raise ValueError(
                f"moment {self.name}: wanted a window of up to {LONGEST.days}d, found {self.window!r}"
            )
        if self.delay and self.ahead:
            raise ValueError(
                f"moment {self.name}: a window ahead begins at the event; leave out the delay {self.delay!r}"
            )
        if self.delay:
            length(self.delay)
        if self.kind == "next" and not self.ahead:
            raise ValueError(f"moment {self.name}: next looks for an event ahead; say ahead=True")
        if self.kind == "next" and self.sql != "1":
            raise ValueError(
                f"moment {self.name}: next counts seconds and has no value; wanted the sql '1', found {self.sql!r}"
            )

    @property
    def reach(self) -> timedelta:
        """How far before an event it looks."""
        if self.ahead:
            return timedelta(0)
        return length(self.window) + (length(self.delay) if self.delay else timedelta(0))

    @property
    def days_ahead(self) -> int:
        """Days after an event that it may look at, begun ones counted."""
        return -(-length(self.window) // timedelta(days=1)) if self.ahead else 0

    def canonical(self) -> str:
        """Its whole definition in one line, the same for two moments exactly when they are declared alike.

        How it is called and typed is not part of it.
        """
        return (
            f"moment(kind={self.kind!r}, sql={self.sql!r}, where={self.where!r}, window={self.window!r}, "
            f"delay={self.delay!r}, ahead={self.ahead!r})"
        )


def length(text: str) -> timedelta:
    """`10m`, `1h`, `7d` as a length of time; ValueError for anything else."""
    found = LENGTH.fullmatch(text)
    if found is None:
        raise ValueError(f"wanted a length like 10m, 1h or 7d, found {text!r}")
    return int(found[1]) * UNITS[found[2]]


def microseconds(span: timedelta) -> int:
    """A length of time in the unit of the kernels."""
    return span // timedelta(microseconds=1)


def with_moments(
    rows: pl.DataFrame,
    types: Mapping[str, str],
    key: str,
    moments: Sequence[Moment],
    order: str = WHEN,
    seen_until: str | None = None,
) -> pl.DataFrame:
    """`rows` with an Int64 column per moment; one row per row, ordered by key, time and `order`.

    Of events of one key at the same instant each sees itself and those before it in `order`; ahead and with a delay
    they count together. A row without a key belongs to nobody: its moments are null. `types` are the Spark types of
    the columns. `seen_until` names a Date column: what lies ahead of an event counts only if its `event_date` is at
    most that day of the event's row, the event itself too; null is no limit, and an event without a date is past
    every limit.

    Raises ValueError that names the moment where `sql` of a sum, min or max is no whole number, and for rows without
    happened_at.
    """
    events = in_order(rows, key, order)
    seen = None
    if seen_until is not None and any(m.ahead for m in moments):
        seen = events.days("event_date", END_OF_DAYS), events.days(seen_until, END_OF_DAYS)
    found: dict[str, tuple[np.ndarray, np.ndarray | None]] = {}
    for alike in _alike(moments):  # the ends of one window only are held in memory
        ends = _windows(alike[0], events)
        if seen is None or not alike[0].ahead:
            found |= {m.name: _over(m, *ends, events, types) for m in alike}
        elif kernels.days_ascend(events.owner, seen[0]):
            first, end = ends[0], kernels.ends_seen(*ends, *seen)
            found |= {m.name: _over(m, first, end, events, types) for m in alike}
        else:
            found |= {m.name: _scanned(m, *ends, *seen, events, types) for m in alike}
    result = events.rows
    for moment in moments:
        values, known = found[moment.name]
        if not events.is_owned.all():
            known = events.is_owned if known is None else known & events.is_owned
        result = with_column(result, moment.name, values, known)
    return result


def _alike(moments: Sequence[Moment]) -> Iterable[list[Moment]]:
    found: dict[tuple[str, str, bool], list[Moment]] = {}
    for moment in moments:
        found.setdefault((moment.window, moment.delay, moment.ahead), []).append(moment)
    return found.values()


def _windows(moment: Moment, events: EventRows) -> tuple[np.ndarray, np.ndarray]:
    window = microseconds(length(moment.window))
    if moment.ahead:
        return kernels.windows_ahead(events.owner, events.time, window)
    delay = microseconds(length(moment.delay)) if moment.delay else 0
    return kernels.windows_up_to(events.owner, events.time, window, delay)


def _over(
    moment: Moment, first: np.ndarray, end: np.ndarray, events: EventRows, types: Mapping[str, str]
) -> tuple[np.ndarray, np.ndarray | None]:
    """The moment over rows [first, end) of each event, and where it is known (None: everywhere)."""
    values, counted = _values(moment, events, types)
    if moment.kind == "sum":
        return kernels.window_sums(first, end, values, counted), None
    if moment.kind == "distinct":
        return kernels.window_distinct(first, end, values, counted, _count(values)), None
    if moment.kind == "next":
        return kernels.window_next(first, end, values, counted)
    return kernels.window_extremes(first, end, values, counted, moment.kind == "max")


def _scanned(
    moment: Moment,
    first: np.ndarray,
    end: np.ndarray,
    day: np.ndarray,
    limit: np.ndarray,
    events: EventRows,
    types: Mapping[str, str],
) -> tuple[np.ndarray, np.ndarray | None]:
    values, counted = _values(moment, events, types)
    codes = _count(values) if moment.kind == "distinct" else 0
    found, known = kernels.window_scanned(
        first, end, day, limit, values, counted, KINDS.index(moment.kind), codes
    )
    return found, None if moment.kind in ("sum", "distinct") else known


def _values(moment: Moment, events: EventRows, types: Mapping[str, str]) -> tuple[np.ndarray, np.ndarray]:
    """What the kernels of its kind take from each event, and which events count."""
    who = f"moment {moment.name}"
    meets = events.condition(moment.where, types, who)
    if moment.kind == "next":
        return events.time, meets
    if moment.kind == "distinct":
        values, known = events.codes(moment.sql, types)
    else:
        values, known = events.whole(moment.sql, types, who)
    return values, meets & known


def _count(codes: np.ndarray) -> int:
    return int(codes.max(initial=-1)) + 1
