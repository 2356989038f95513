"""Times and dates as files write them, read as instants; a value that cannot be read is null."""

import re

import polars as pl

from conf.errors import UsageError

MICROSECONDS = {"epoch_s": 1_000_000, "epoch_ms": 1_000, "epoch_us": 1}
# Letters of the patterns that mappings are written in (those of Java and Spark), and what Polars calls them.
DIRECTIVES = {
    "yyyy": "%Y", "yy": "%y", "MM": "%m", "M": "%m", "dd": "%d", "d": "%d", "HH": "%H", "H": "%H", "hh": "%I",
    "h": "%I", "mm": "%M", "m": "%M", "ss": "%S", "s": "%S", "SSS": "%3f", "SSSSSS": "%6f", "a": "%p",
    "XXX": "%:z", "xxx": "%:z", "XX": "%z", "xx": "%z", "Z": "%z",
}  # fmt: skip
TOKEN = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']")
ISO = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%d")
OFFSET = r"(Z|[+-]\d\d:?\d\d)$"


def moment(given: pl.Expr, kind: pl.DataType, pattern: str | None, zone: str) -> pl.Expr:
    """`given` as an instant, `Datetime("us", "UTC")`; what names no offset is the time on the clocks of `zone`.

    `kind` is the type of `given`: a text in `pattern` (without one: ISO 8601), a number since 1970 in the unit that
    `pattern` names, a date, or a time with or without a zone. UsageError for a pattern with letters that are unknown.
    """
    if pattern in MICROSECONDS:
        number = given.cast(pl.Int64, strict=False)
        return (number * MICROSECONDS[pattern]).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    if isinstance(kind, pl.Datetime) and not pattern:
        if kind.time_zone:
            return given.dt.convert_time_zone("UTC").dt.cast_time_unit("us")
        return _on_clocks(given.dt.cast_time_unit("us"), zone)
    if kind == pl.Date and not pattern:
        return _on_clocks(given.cast(pl.Datetime("us")), zone)
    text = given.cast(pl.String)
    if not pattern:
        return _iso(text, zone)
    directives = _directives(pattern)
    has_offset = directives.endswith("z") or "z" in re.findall(r"%:?(\w)", directives)
    value = text.str.to_datetime(directives, strict=False, exact=True, time_unit="us")
    if has_offset:
        return value.dt.convert_time_zone("UTC")
    if pattern.isalpha():  # no separators: a digit too few would shift the rest
        value = pl.when(text.str.len_chars() == len(pattern)).then(value)
    return _on_clocks(value, zone)


def _iso(text: pl.Expr, zone: str) -> pl.Expr:
    offset = text.str.extract(OFFSET)
    body = text.str.replace(OFFSET, "").str.strip_chars(" ").str.replace("T", " ", literal=True)
    clock = pl.coalesce(
        body.str.to_datetime(form, strict=False, exact=True, time_unit="us")
        if "%H" in form
        else body.str.to_date(form, strict=False, exact=True).cast(pl.Datetime("us"))
        for form in ISO
    )
    digits = offset.str.replace(":", "", literal=True)
    minutes = digits.str.slice(1, 2).cast(pl.Int64, strict=False) * 60 + digits.str.slice(3, 2).cast(
        pl.Int64, strict=False
    )
    minutes = (
        pl.when(offset == "Z").then(0).when(offset.str.starts_with("-")).then(-minutes).otherwise(minutes)
    )
    instant = (clock - pl.duration(minutes=minutes)).dt.replace_time_zone("UTC")
    return pl.when(offset.is_null()).then(_on_clocks(clock, zone)).otherwise(instant)


def _on_clocks(clock: pl.Expr, zone: str) -> pl.Expr:
    """The instant at which the clocks of `zone` showed that; of an hour that came twice the first, null for none."""
    return clock.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null").dt.convert_time_zone(
        "UTC"
    )


def _directives(pattern: str) -> str:
    """The pattern in the words of Polars."""
    parts, read = [], 0
    for token in TOKEN.finditer(pattern):
        read += len(token[0])
        if token[1] is not None:
            parts.append(token[1].replace("''", "'").replace("%", "%%") or "'")
        elif token[2] is None:
            parts.append(token[0].replace("%", "%%"))
        elif token[0] in DIRECTIVES:
            parts.append(DIRECTIVES[token[0]])
        else:
            raise UsageError(
                f"format {pattern!r}: {token[0]!r} is unknown; known are {', '.join(sorted(DIRECTIVES))}"
            )
    if read != len(pattern):
        raise UsageError(f"format {pattern!r}: a quote is never closed")
    return "".join(parts)
