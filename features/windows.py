"""From what is kept of a group's days to the windows of a morning: one column per measure and window."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import polars as pl

from features import kernels, series_kernels, value_kernels
from features.indicator import MONTHS, OF_DAYS, FeatureGroup, Measure, Window, window_days
from features.kept import Part, needs, parts_of
from features.kernels import NOTHING_LESS, NOTHING_MORE

EPOCH = date(1970, 1, 1)


@dataclass
class Entries:
    """What is kept of a group for some subjects: of each entry of its days `key`, `event_date` and `known_as_of` (days
    since 1970), and the columns of its parts by their name."""

    key: np.ndarray
    day: np.ndarray
    known: np.ndarray
    column: Callable[[Part, str], np.ndarray]  # of entries by value `value` is one too; asked once per column
    _read: dict[tuple[str, str], np.ndarray] = field(default_factory=dict)

    @classmethod
    def of(cls, group: FeatureGroup, frames: Mapping[str, pl.DataFrame]) -> "Entries":
        """The entries of frames by part, as `features.partials` makes them."""
        days = frames[parts_of(group)[0].name]
        day, known = (days[c].to_physical().cast(pl.Int32).to_numpy() for c in ("event_date", "known_as_of"))
        return cls(days["key"].to_numpy(), day, known, lambda part, name: frames[part.name][name].to_numpy())

    def values(self, part: Part, name: str) -> np.ndarray:
        """A column, read at the first call."""
        if (part.name, name) not in self._read:
            self._read[part.name, name] = self.column(part, name)
        return self._read[part.name, name]


class Windows:
    """The measures of a group's rows for the subjects whose hashed keys are `rows`."""

    def __init__(self, group: FeatureGroup, entries: Entries, rows: np.ndarray) -> None:
        self._group, self._entries = group, entries
        places = kernels.rows_of(entries.key, rows)
        self._first, self._order = kernels.grouped(places, len(rows), entries.day, entries.known)

    def columns(self, as_of: date, wanted: np.ndarray) -> Iterator[pl.Series]:
        """Every column of the group's measures of rows on a morning for the `wanted` of the rows, in that order.

        Null where nothing is known. Money is in cents, a variance of money in cents squared. Whole numbers are Int64,
        the rest Float64.
        """
        today, entries, group = _number(as_of), self._entries, self._group
        first, order = kernels.in_force(
            self._first, self._order, entries.day, entries.known, today - group.look_back, today, wanted
        )
        days = parts_of(group)[0]
        for part in parts_of(group):
            by_value: list[np.ndarray] = []
            if part.value is not None:
                numbers = entries.values(days, part.number.name(group))
                by_value = [np.concatenate([[0], np.cumsum(numbers)]), entries.values(part, "value")]
            for alike in _alike(part.measures).values():
                asked = [
                    (window_start(w, as_of, group.look_back), name) for m in alike for name, w in m.columns()
                ]
                asked.sort(reverse=True)  # the narrowest window first
                bounds = np.array([_number(begin) for begin, _ in asked], np.int64)
                kept = [entries.values(part, k.name(group)) for k in needs(alike[0], group.order)]
                made = _MADE[alike[0].kind](
                    _Pass(first, order, entries.day, [*by_value, *kept], today, bounds)
                )
                for (_, name), values in zip(asked, made, strict=True):
                    yield pl.Series(name, values)


def window_start(window: Window | None, as_of: date, look_back: int) -> date:
    """First day of a window that ends before `as_of`; no window is the whole look-back."""
    if window is None:
        return as_of - timedelta(look_back)
    if isinstance(window, str):
        month = as_of - timedelta(1)
        for _ in range(MONTHS[window] - 1):
            month = month.replace(day=1) - timedelta(1)
        return month.replace(day=1)
    return as_of - timedelta(window_days(window))


def _alike(measures: Sequence[Measure]) -> Mapping[tuple, list[Measure]]:
    """Measures that differ in nothing but windows are computed in one pass."""
    found: dict[tuple, list[Measure]] = {}
    for m in measures:
        found.setdefault((m.kind, m.sql, m.where, m.empty is None), []).append(m)
    return found


def _number(day: date) -> int:
    return (day - EPOCH).days


@dataclass(frozen=True)
class _Pass:
    """What one kind of measure is computed from."""

    first: np.ndarray
    order: np.ndarray
    day: np.ndarray
    kept: list[np.ndarray]
    today: int
    bounds: np.ndarray

    def run(self, kernel: Callable, kind: type, *given: object) -> np.ndarray:
        """One line per window."""
        out: np.ndarray = np.empty((len(self.bounds), len(self.first) - 1), kind)
        kernel(self.first, self.order, self.day, *given, self.bounds, out)
        return out

    def sums(self, number: int) -> np.ndarray:
        """Sums of one of the kept columns."""
        return self.run(kernels.window_sums, np.int64, self.kept[number])


Made = Callable[[_Pass], Iterable[np.ndarray | pl.Series]]


def _sums(asked: _Pass) -> Iterable[np.ndarray | pl.Series]:
    if len(asked.kept) == 1:
        return asked.sums(0)
    return map(_null_where, asked.sums(0), asked.sums(1) == 0)


def _quotients(upper: int, lower: int) -> Made:
    def made(asked: _Pass) -> Iterable[pl.Series]:
        with np.errstate(invalid="ignore"):  # 0 / 0 is what nothing is
            return map(_known, asked.sums(upper) / asked.sums(lower))

    return made


def _extremes(is_most: bool) -> Made:
    def made(asked: _Pass) -> Iterable[pl.Series]:
        found = asked.run(kernels.window_extremes, np.int64, asked.kept[0], is_most)
        return map(_null_where, found, found == (NOTHING_MORE if is_most else NOTHING_LESS))

    return made


def _variances(root: bool) -> Made:
    def made(asked: _Pass) -> Iterable[pl.Series]:
        found = asked.run(kernels.window_variances, np.float64, *asked.kept)
        return map(_known, np.sqrt(found) if root else found)

    return made


def _ranked(is_last: bool) -> Made:
    def made(asked: _Pass) -> Iterable[pl.Series]:
        values, rank = asked.kept
        found = asked.run(kernels.window_edges, np.int64, rank, values, is_last)
        return map(_null_where, found, found == NOTHING_LESS)

    return made


def _since(is_last: bool) -> Made:
    def made(asked: _Pass) -> Iterable[pl.Series]:
        found = asked.run(kernels.window_days, np.int64, asked.kept[0], is_last, asked.today)
        return map(_null_where, found, found < 0)

    return made


def _counted(kernel: Callable, *given: str) -> Made:
    return lambda asked: asked.run(kernel, np.int64, *asked.kept, *(getattr(asked, name) for name in given))


def _concentrated(is_entropy: bool) -> Made:
    def made(asked: _Pass) -> Iterable[pl.Series]:
        return map(_known, asked.run(value_kernels.window_concentration, np.float64, *asked.kept, is_entropy))

    return made


def _series(kind: int) -> Made:
    def made(asked: _Pass) -> Iterable[np.ndarray | pl.Series]:
        found = asked.run(series_kernels.window_series, np.float64, asked.kept[0], kind, asked.today)
        if kind in (series_kernels.TREND, series_kernels.DEVIATION):
            return map(_known, found)
        return found.astype(np.int64)

    return made


def _known(values: np.ndarray) -> pl.Series:
    return pl.Series(values, nan_to_null=True)


def _null_where(values: np.ndarray, nothing: np.ndarray) -> pl.Series:
    return pl.Series(values).set(pl.Series(nothing), None)


_MADE: dict[str, Made] = {
    "sum": _sums,
    "mean": _quotients(0, 1),
    "min": _extremes(is_most=False),
    "max": _extremes(is_most=True),
    "spread": _variances(root=True),
    "variance": _variances(root=False),
    "share": _quotients(1, 0),
    "first": _ranked(is_last=False),
    "last": _ranked(is_last=True),
    "since_first": _since(is_last=False),
    "since_last": _since(is_last=True),
    "days": _counted(kernels.day_masks, "today"),
    "distinct": _counted(value_kernels.window_distinct),
    "new": _counted(value_kernels.window_new),
    "largest": _concentrated(is_entropy=False),
    "entropy": _concentrated(is_entropy=True),
    **{kind: _series(number) for number, kind in enumerate(OF_DAYS)},
}
