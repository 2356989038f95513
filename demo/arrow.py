"""NumPy columns to Arrow columns without a Python loop over rows."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_HEX = np.frombuffer(b"0123456789abcdef", np.uint8)


def from_chars(chars: np.ndarray) -> pa.StringArray:
    """Rows of a (n, width) matrix of ASCII codes as strings of that width."""
    rows, width = chars.shape
    offsets = np.arange(0, (rows + 1) * width, width, dtype=np.int32)
    data = np.ascontiguousarray(chars, dtype=np.uint8)
    return pa.StringArray.from_buffers(rows, pa.py_buffer(offsets), pa.py_buffer(data))


def digits(values: np.ndarray, width: int) -> np.ndarray:
    """Decimal digits (0..9) of non-negative integers, zero-padded, as a (n, width) matrix."""
    rest = np.asarray(values).astype(np.uint64)
    out = np.empty((rest.shape[0], width), np.uint8)
    for column in range(width - 1, -1, -1):
        rest, last = np.divmod(rest, np.uint64(10))
        out[:, column] = last
    return out


def number(values: np.ndarray, width: int, prefix: str = "") -> pa.StringArray:
    """Zero-padded decimal strings with a fixed prefix."""
    body = digits(values, width) + np.uint8(48)
    if not prefix:
        return from_chars(body)
    head = np.frombuffer(prefix.encode(), np.uint8)
    return from_chars(np.hstack([np.broadcast_to(head, (body.shape[0], head.size)), body]))


def hex_id(values: np.ndarray, prefix: str) -> pa.StringArray:
    """`prefix` and 16 hexadecimal digits of 64-bit values."""
    raw = np.ascontiguousarray(values.astype(">u8")).view(np.uint8).reshape(-1, 8)
    body = _HEX[np.stack([raw >> 4, raw & 15], axis=2).reshape(-1, 16)]
    head = np.frombuffer(prefix.encode(), np.uint8)
    return from_chars(np.hstack([np.broadcast_to(head, (body.shape[0], head.size)), body]))


def money(fen: np.ndarray) -> pa.Array:
    """Integer fen as decimal(18,2) yuan."""
    words = np.empty((fen.shape[0], 2), np.int64)
    words[:, 0] = fen
    words[:, 1] = fen >> 63  # sign extension of the upper half
    return pa.Array.from_buffers(pa.decimal128(18, 2), fen.shape[0], [None, pa.py_buffer(words)])


def timestamps(micros: np.ndarray | list[int]) -> pa.Array:
    """Microseconds since 1970 (business local) as timestamp[us] without zone."""
    return pa.array(np.asarray(micros, np.int64)).cast(pa.timestamp("us"))


def clock(micros: np.ndarray) -> pa.StringArray:
    """Microseconds since 1970 as `YYYYMMDDHHMMSS`."""
    return from_chars(_clock_digits(micros) + np.uint8(48))


def moments(micros: np.ndarray) -> pa.StringArray:
    """Microseconds since 1970 as `YYYY-MM-DD HH:MM:SS`."""
    plain = _clock_digits(micros) + np.uint8(48)
    out = np.empty((plain.shape[0], 19), np.uint8)
    for at, char in ((4, "-"), (7, "-"), (10, " "), (13, ":"), (16, ":")):
        out[:, at] = ord(char)
    out[:, [0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18]] = plain
    return from_chars(out)


def dates(days: np.ndarray) -> pa.Array:
    """Days since 1970 as `YYYY-MM-DD` strings."""
    return pa.array(np.datetime_as_string(np.asarray(days).astype("datetime64[D]")))


def _clock_digits(micros: np.ndarray) -> np.ndarray:
    seconds = np.asarray(micros, np.int64) // 1_000_000
    day, second = np.divmod(seconds, 86_400)
    first = int(day.min()) if day.size else 0
    span = int(day.max()) - first + 1 if day.size else 1
    names = np.datetime_as_string((first + np.arange(span)).astype("datetime64[D]"))
    table = np.array([[int(c) for c in name.replace("-", "")] for name in names], np.uint8)
    out = np.empty((day.shape[0], 14), np.uint8)
    out[:, :8] = table[day - first]
    clock_time = (second // 3600) * 10_000 + (second // 60 % 60) * 100 + second % 60
    out[:, 8:] = digits(clock_time, 6)
    return out


_OCTETS = pa.array([str(n) for n in range(256)])


def ip_addresses(values: np.ndarray) -> pa.Array:
    """IPv4 addresses from unsigned 32-bit integers; 0 becomes null."""
    v = np.asarray(values).astype(np.int64)
    parts = [_OCTETS.take(pa.array((v >> shift) & 255)) for shift in (24, 16, 8, 0)]
    return nulled(pc.binary_join_element_wise(*parts, "."), v == 0)


def nulled(values: pa.Array, where: np.ndarray) -> pa.Array:
    """`values` with nulls where the mask is true."""
    return pc.if_else(pa.array(where), pa.scalar(None, values.type), values)


def pick(words: list[str] | tuple[str, ...] | pa.Array, index: np.ndarray) -> pa.Array:
    """Look words up by position; a negative position becomes null."""
    table = words if isinstance(words, pa.Array) else pa.array(words, pa.string())
    index = np.asarray(index)
    if index.size and index.min() < 0:
        return table.take(pa.array(index, mask=index < 0))
    return table.take(pa.array(index))


def nulls(count: int) -> pa.Array:
    """A string column without values."""
    return pa.nulls(count, pa.string())


def constant(word: str | bool, count: int) -> pa.Array:
    """One value, `count` times."""
    return pa.repeat(word, count)
