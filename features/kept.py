"""What is kept of a group's rows: which columns a measure needs of each day, and in which parts they lie.

A kept column is called after its definition, so a file that has a column of that name holds just what is wanted,
whichever version of whichever indicator asked for it first; a changed definition has another name.
"""

import re
from dataclasses import dataclass
from hashlib import blake2b

from features.indicator import ITEMS, OF_DAYS, SEEN, FeatureGroup, Measure

ROWS = "1"


@dataclass(frozen=True)
class Kept:
    """One number per key and day (and value): `how` of `sql` over the rows that meet `where`.

    how: `count`, `sum`, `least`, `most`; `apart`: sum of squared distances from the day's mean; `first` and `last`:
    the value at the lowest (highest) rank, `first_rank` and `last_rank` that rank; `values`: how many entries the day
    has in the part of the counted value `sql`.
    """

    how: str
    sql: str
    where: str

    def name(self, group: FeatureGroup) -> str:
        """Its column: the same for the same definition, another for another one."""
        return f"{self.how}_{_digest(self.definition(group))}"

    def definition(self, group: FeatureGroup) -> str:
        """All that its value depends on, in words."""
        words = f"{self.sql} {self.where}"
        made = {m.name: m.canonical() for m in group.moments} | {
            s.name: s.canonical() for s in group.sequences
        }
        used = [f"{name}: {told}" for name, told in made.items() if _mentions(words, name)]
        return "; ".join([f"{self.how}({self.sql}) where ({self.where}) and ({group.where})", *used])


@dataclass(frozen=True)
class Part:
    """Columns of one group that are kept together: one entry per key and day, or per key, day and `value`.

    Entries of the two kinds stand in one order, so that those by value need no key of their own: each day tells how
    many of them are its own.
    """

    group: FeatureGroup
    value: str | None  # SQL of the counted value; None: one entry per key and day
    columns: tuple[Kept, ...]
    measures: tuple[Measure, ...]

    @property
    def name(self) -> str:
        """Under which it is kept."""
        return self.group.name if self.value is None else f"{self.group.name}_{_digest(self.value)}"

    @property
    def names(self) -> tuple[str, ...]:
        """Its columns as they are called."""
        return tuple(kept.name(self.group) for kept in self.columns)

    @property
    def number(self) -> Kept:
        """The column of the days that tells how many entries of this part each has."""
        return Kept(
            "values", str(self.value), " or ".join(dict.fromkeys(kept.where for kept in self.columns))
        )


def parts_of(group: FeatureGroup) -> tuple[Part, ...]:
    """The parts of a group: first its days, then those by value in the order of its measures; none without measures
    of rows."""
    by_value = []
    for value in dict.fromkeys(m.sql for m in group.measures_of(*ITEMS)):
        counted = [m for m in group.measures_of(*ITEMS) if m.sql == value]
        of_value = dict.fromkeys(kept for m in counted for kept in needs(m, group.order))
        by_value.append(Part(group, value, tuple(of_value), tuple(counted)))
    daily = group.measures_of(*(kind for kind in _NEEDS if kind not in ITEMS))
    kept = dict.fromkeys(kept for m in daily for kept in needs(m, group.order))
    columns = (*kept, *(part.number for part in by_value))
    return (Part(group, None, columns, tuple(daily)), *by_value) if columns else ()


def needs(measure: Measure, order: str) -> tuple[Kept, ...]:
    """The kept columns that a measure is made of, in the order in which `features.windows` takes them."""
    sql, where = measure.sql, measure.where
    if measure.kind == "share":
        return Kept("count", ROWS, where), Kept("count", ROWS, f"({where}) AND ({sql})")
    if measure.kind in ("first", "last"):
        return Kept(measure.kind, sql, where), Kept(f"{measure.kind}_rank", order, where)
    total = Kept("sum" if sql != ROWS else "count", sql, where)
    kept = {"rows": Kept("count", ROWS, where), "values": Kept("count", sql, where), "sum": total}
    found = tuple(kept.get(how) or Kept(how, sql, where) for how in _NEEDS[measure.kind])
    # Nothing is another thing than a sum of zero where nothing is not zero.
    return (*found, kept["values"]) if measure.kind == "sum" and measure.empty is None else found


_NEEDS: dict[str, tuple[str, ...]] = {
    "sum": ("sum",),
    "mean": ("sum", "values"),
    "min": ("least",),
    "max": ("most",),
    "spread": ("values", "sum", "apart"),
    "variance": ("values", "sum", "apart"),
    "share": ("rows", "rows"),
    "first": ("first", "first_rank"),
    "last": ("last", "last_rank"),
    "days": ("rows",),
    **dict.fromkeys(SEEN, ("rows",)),
    **dict.fromkeys(ITEMS, ("rows",)),
    **dict.fromkeys(OF_DAYS, ("sum",)),
}


def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=6).hexdigest()


def _mentions(text: str, name: str) -> bool:
    return re.search(rf"\b{re.escape(name)}(_amount|_seconds)?\b", text) is not None
