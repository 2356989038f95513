"""Declared sequences of events of one subject: a probe, then a large credit, then most of it gone in small parts."""

from collections.abc import Iterator, Mapping
from collections.abc import Sequence as Sequences
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from math import ceil, isfinite

import numpy as np
import polars as pl

from features import event_kernels as kernels
from features.event_rows import WHEN, EventRows, in_order, with_column
from features.expressions import CENTS, compiled
from features.moments import length, microseconds

LONGEST = timedelta(days=7)
FINEST_SHARE, LARGEST_SHARE = (
    10**6,
    10**3,
)  # a share has six decimals: its products with cents stay within 64 bits
NONE = (0, 0)  # for the kernels: no share
LOWEST = int(np.iinfo(np.int64).min)


@dataclass(frozen=True)
class Step:
    """One step: a row that meets `where`, or a run of such rows, after the row that completed the step before.

    Without sums and with a `count` of 1 any single such row meets it, at most `within` (10m, 1h, 3d) after that row,
    the last instant included. Otherwise it is a run: all rows that meet `where` from there on, at most `within` after
    that row. The run completes at the first of them at which there are `count` rows and the sum of `amount` over them
    is at least `least_amount` and at least `share_of_previous` of the amount of the step before, and at most
    `most_share_of_previous` of it, where these are given. The amount of a single row is its own, of a run its sum.

    `amount` is a whole number or money (counted in cents; `least_amount` is in yuan then). A null amount adds nothing
    to a run, and no share is taken of it. Shares have at most six decimals and are exact.

    Raises ValueError for a count below 1, a sum without `amount` and a share below 0, above 1000 or above the most.
    """

    where: str
    within: str = ""
    count: int = 1
    amount: str = ""
    least_amount: float | None = None
    share_of_previous: float | None = None
    most_share_of_previous: float | None = None

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ValueError(f"step {self.where!r}: wanted a count of at least 1, found {self.count}")
        if self.has_sums and not self.amount:
            raise ValueError(f"step {self.where!r}: a sum needs to know of what; say amount=")
        if self.least_amount is not None and not isfinite(self.least_amount):
            raise ValueError(f"step {self.where!r}: wanted a number, found least_amount={self.least_amount}")
        for share in self.shares:
            if not 0 <= share <= LARGEST_SHARE or FINEST_SHARE % Fraction(str(share)).denominator:
                raise ValueError(
                    f"step {self.where!r}: wanted shares from 0 to {LARGEST_SHARE} with at most six decimals, "
                    f"found {share}"
                )
        if len(self.shares) == 2 and self.shares[0] > self.shares[1]:
            raise ValueError(
                f"step {self.where!r}: wanted a least share up to the most, found {self.shares[0]} and {self.shares[1]}"
            )

    @property
    def shares(self) -> tuple[float, ...]:
        """The given shares of the step before, the least first."""
        given = (self.share_of_previous, self.most_share_of_previous)
        return tuple(share for share in given if share is not None)

    @property
    def has_sums(self) -> bool:
        """Whether the sum of its rows matters."""
        return self.least_amount is not None or bool(self.shares)

    @property
    def is_run(self) -> bool:
        """Whether several rows meet it together."""
        return self.count > 1 or self.has_sums

    @property
    def span(self) -> timedelta:
        """How far after the step before it may complete."""
        return length(self.within) if self.within else timedelta(0)


@dataclass(frozen=True)
class Sequence:
    """Ordered steps of one subject; it completes at row e when for some choice of the earlier rows e completes it.

    Every choice counts, not only the nearest row. Columns of each row: `<name>`, 1 where it completes and else 0;
    `<name>_seconds`, whole seconds from the row of the first step, the fewest of all choices; where the last step has
    an amount `<name>_amount`, the largest of all choices. The latter two are null where it does not complete, the
    amount also where that of the row is.

    The first step is a single row and has no `within`; every other has one, together at most 7d. Raises ValueError
    that names the sequence for anything else, for fewer than two steps and for shares of a step without amount.
    """

    name: str
    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        if not self.name.isidentifier():
            raise ValueError(f"sequence {self.name!r}: wanted a name that a column can have")
        if len(self.steps) < 2:
            raise ValueError(f"sequence {self.name}: wanted at least two steps, found {len(self.steps)}")
        if self.steps[0].within or self.steps[0].is_run:
            raise ValueError(
                f"sequence {self.name}: the first step is any single row; wanted neither within, count nor sums there "
                "(what its amount must be, its where says)"
            )
        for number, (before, step) in enumerate(zip(self.steps, self.steps[1:], strict=False), start=2):
            if not step.within:
                raise ValueError(f"sequence {self.name}: step {number} needs within=, like 10m, 1h or 3d")
            if step.shares and not before.amount:
                raise ValueError(
                    f"sequence {self.name}: step {number} is a share of the step before, which has no amount="
                )
        if self.reach > LONGEST:
            raise ValueError(
                f"sequence {self.name}: wanted at most {LONGEST.days}d from the first step to the last, "
                f"found {self.reach}"
            )

    @property
    def reach(self) -> timedelta:
        """How far before the row at which it completes it may begin."""
        return sum((step.span for step in self.steps), timedelta(0))

    def columns(self, types: Mapping[str, str]) -> dict[str, str]:
        """Its columns with their Spark types, for rows whose columns are of `types`.

        Raises ValueError for a share of another unit and for an amount that is no expression.
        """
        is_money = [compiled(s.amount, types).is_money if s.amount else None for s in self.steps]
        for number, step in enumerate(self.steps):
            if step.shares and is_money[number] != is_money[number - 1]:
                raise ValueError(
                    f"sequence {self.name}: step {number + 1} is a share of the step before; wanted money in both, or "
                    "neither"
                )
        amount = {True: "decimal(18,2)", False: "bigint", None: ""}[is_money[-1]]
        found = {self.name: "bigint", f"{self.name}_amount": amount, f"{self.name}_seconds": "bigint"}
        return {column: kind for column, kind in found.items() if kind}

    def canonical(self) -> str:
        """Its whole definition in one line, the same for two sequences exactly when they are declared alike.

        How it is called is not part of it.
        """
        return f"sequence({', '.join(repr(step) for step in self.steps)})"


@dataclass(frozen=True)
class _States:
    """Ways in which a step completed: at which row, when the sequence began (latest), with what amount."""

    row: np.ndarray  # ascending
    start: np.ndarray
    amount: np.ndarray
    known: np.ndarray  # whether there is an amount


def with_sequences(
    rows: pl.DataFrame,
    types: Mapping[str, str],
    key: str,
    sequences: Sequences[Sequence],
    order: str = WHEN,
) -> pl.DataFrame:
    """`rows` with the Int64 columns of each sequence (money in cents); one row per row, ordered by key, time, `order`.

    A row is after another of its key when it comes later in that order, also within one instant. `types` are the
    Spark types of the columns. A row without a key is of no sequence: 0 and null. Null conditions count as not met.

    Raises ValueError that names the sequence where an amount is no whole number or a share is of another unit, and for
    rows without happened_at.
    """
    events = in_order(rows, key, order)
    result = events.rows
    for sequence in sequences:
        names = iter(sequence.columns(types))
        for values, known in _found(sequence, events, types):
            result = with_column(result, next(names), values, known)
    return result


def _found(
    sequence: Sequence, events: EventRows, types: Mapping[str, str]
) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
    """Its columns in their order, each with where it is known."""
    who = f"sequence {sequence.name}"
    states: _States | None = None
    for step in sequence.steps:
        hits = np.flatnonzero(events.condition(step.where, types, who) & events.is_owned)
        amount, known = np.zeros(len(hits), np.int64), np.zeros(len(hits), np.bool_)
        if step.amount:
            amount, known = (found[hits] for found in events.whole(step.amount, types, who))
        here = _States(hits, events.time[hits], amount, known)
        if states is None:
            states = here
        elif step.is_run:
            is_money = bool(step.amount) and compiled(step.amount, types).is_money
            states = _run(states, step, here, events, is_money)
        else:
            states = _one_row(states, step, here, events)
    assert states is not None  # a sequence has steps
    done, seconds, largest, has_amount = kernels.completions(
        states.row, states.start, states.amount, states.known, events.time
    )
    yield done.astype(np.int64), None
    if sequence.steps[-1].amount:
        yield largest, has_amount
    yield seconds, done


def _one_row(before: _States, step: Step, here: _States, events: EventRows) -> _States:
    place, start = kernels.one_row_steps(
        before.row, before.start, here.row, events.owner, events.time, microseconds(step.span)
    )
    return _States(here.row[place], start, here.amount[place], here.known[place])


def _run(before: _States, step: Step, here: _States, events: EventRows, is_money: bool) -> _States:
    totals = np.concatenate([np.zeros(1, np.int64), np.cumsum(here.amount)])
    least = LOWEST
    if step.least_amount is not None:
        least = ceil(Fraction(str(step.least_amount)) * (CENTS if is_money else 1))
    row, start, amount = kernels.run_steps(
        before.row,
        before.start,
        before.amount,
        before.known,
        here.row,
        totals,
        events.owner,
        events.time,
        microseconds(step.span),
        step.count,
        least,
        _share(step.share_of_previous),
        _share(step.most_share_of_previous),
        bool((here.amount >= 0).all()),
    )
    # A larger amount before takes longer to be passed on: runs do not end in the order in which they began.
    by_row = np.argsort(row, kind="stable")
    known = np.full(len(row), bool(step.amount))
    return _States(row[by_row], start[by_row], amount[by_row], known)


def _share(share: float | None) -> tuple[int, int]:
    """As a fraction, exactly the decimal that is written."""
    return NONE if share is None else Fraction(str(share)).as_integer_ratio()
