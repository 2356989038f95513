"""Events laid out for kernels: sorted by subject, time and order, with columns as plain arrays."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from features.expressions import compiled

WHEN = "happened_at"
OWNER = "_owner"


@dataclass(frozen=True)
class EventRows:
    """Sorted events. All arrays are as long as `rows` and must not be written to.

    `owner`: number of the subject, equal for events of one key; `time`: microseconds since 1970 (UTC where the column
    has a zone); `is_owned`: whether the event has a key at all.
    """

    rows: pl.DataFrame
    owner: np.ndarray
    time: np.ndarray
    is_owned: np.ndarray
    _made: dict[tuple[str, str], tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)

    def condition(self, text: str, types: Mapping[str, str], who: str) -> np.ndarray:
        """Whether each event meets `text`; null counts as no. `who` is named in the ValueError for a non-condition."""
        if ("condition", text) not in self._made:
            found = self._evaluated(text, types)
            if found.dtype not in (pl.Boolean, pl.Null):
                raise ValueError(f"{who}: wanted a condition, found {found.dtype} from {text!r}")
            meets = _array(found.cast(pl.Boolean).fill_null(False))
            self._made["condition", text] = meets, meets
        return self._made["condition", text][0]

    def whole(self, text: str, types: Mapping[str, str], who: str) -> tuple[np.ndarray, np.ndarray]:
        """`text` of each event as whole numbers (money in cents, true as 1) and whether it is known; unknown is 0.

        Raises ValueError that names `who` for anything else: sums of floats depend on the order of the rows.
        """
        if ("whole", text) not in self._made:
            found = self._evaluated(text, types)
            if not (found.dtype.is_integer() or found.dtype in (pl.Boolean, pl.Null)):
                raise ValueError(f"{who}: wanted whole numbers, found {found.dtype} from {text!r}")
            known = _array(found.is_not_null())
            self._made["whole", text] = _array(found.cast(pl.Int64).fill_null(0)), known
        return self._made["whole", text]

    def codes(self, text: str, types: Mapping[str, str]) -> tuple[np.ndarray, np.ndarray]:
        """Small numbers from 0, equal where `text` is equal, and whether it is known; unknown is 0."""
        if ("codes", text) not in self._made:
            found = self._evaluated(text, types)
            known = _array(found.is_not_null())
            self._made["codes", text] = _array(_numbered(found).fill_null(0)), known
        return self._made["codes", text]

    def _evaluated(self, text: str, types: Mapping[str, str]) -> pl.Series:
        # Beside a column, because a literal alone would be one row.
        return self.rows.select(pl.col(WHEN), compiled(text, types).value.alias("_value"))["_value"]

    def days(self, column: str, unknown: int) -> np.ndarray:
        """A Date column as days since 1970, `unknown` where it is null."""
        return _array(self.rows[column].cast(pl.Date).to_physical().cast(pl.Int64).fill_null(unknown))


def in_order(rows: pl.DataFrame, key: str, order: str) -> EventRows:
    """`rows` sorted by `key`, happened_at and `order`; what is equal in all three keeps its order.

    Texts sort as texts, numbers as numbers, categories by their numbers; rows without a key come first. Raises
    ValueError where happened_at is null: such a row has no place among the others.
    """
    if homeless := rows[WHEN].null_count():
        raise ValueError(f"wanted {WHEN} in every row, found {homeless} of {rows.height} rows without it")
    owner = _owners(rows[key])
    if not _are_in_order(owner, rows[WHEN], rows[order]):
        rows = rows.with_columns(owner.alias(OWNER)).sort(OWNER, WHEN, order, maintain_order=True)
        owner, rows = rows[OWNER], rows.drop(OWNER)
    return EventRows(
        rows, _array(owner), _array(rows[WHEN].dt.timestamp("us")), _array(rows[key].is_not_null())
    )


def with_column(rows: pl.DataFrame, name: str, values: np.ndarray, known: np.ndarray | None) -> pl.DataFrame:
    """`rows` with one more Int64 column, null where it is not known; ValueError where the name is taken."""
    if name in rows.columns:
        raise ValueError(f"the rows have a column {name} already; give the new one another name")
    column = pl.Series(name, values, pl.Int64)
    if known is not None:
        column = column.set(pl.Series(~known), None)
    return rows.with_columns(column)


def _are_in_order(*columns: pl.Series) -> bool:
    """Whether rows that come from here come again: a look is a tenth of a sort. Null is taken as not in order."""
    same = pl.repeat(True, max(len(columns[0]) - 1, 0), eager=True)
    for column in columns:
        before, after = column.slice(0, max(len(column) - 1, 0)), column.slice(1)
        if not (~same | (before <= after).fill_null(False)).all():
            return False
        same = same & (before == after).fill_null(False)
    return True


def _owners(keys: pl.Series) -> pl.Series:
    """Numbers that sort as the keys do, found without sorting every row's text; 0 for null."""
    if keys.dtype.is_integer() and not keys.null_count():
        return keys.cast(pl.Int64)
    if keys.dtype == pl.String:
        codes = _numbered(keys)
        texts = pl.DataFrame({"text": keys, "code": codes}).drop_nulls().unique("code").sort("text")
        place = np.zeros(int(codes.max() or 0) + 2, np.int64)  # type: ignore[arg-type]
        place[texts["code"].to_numpy() + 1] = np.arange(1, texts.height + 1)
        return pl.Series(place[(codes + 1).fill_null(0).to_numpy()])
    if isinstance(keys.dtype, pl.Categorical | pl.Enum):
        return (keys.to_physical().cast(pl.Int64) + 1).fill_null(0)
    return keys.rank("dense").cast(pl.Int64).fill_null(0)


def _numbered(values: pl.Series) -> pl.Series:
    if values.dtype == pl.String:  # a hash table: half the time of a rank
        values = values.cast(pl.Categorical)
    if isinstance(values.dtype, pl.Categorical | pl.Enum):
        return values.to_physical().cast(pl.Int64)
    return values.rank("dense").cast(pl.Int64) - 1


def _array(values: pl.Series) -> np.ndarray:
    found = values.to_numpy()
    found.flags.writeable = (
        False  # of one kind for numba, whether Polars shares its memory or not: compiled once
    )
    return found
