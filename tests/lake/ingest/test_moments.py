from datetime import UTC, date, datetime

import polars as pl
import pytest

from conf.errors import UsageError
from lake.ingest.moments import moment

SHANGHAI, PRAGUE = "Asia/Shanghai", "Europe/Prague"


def instant(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def read(value: object, pattern: str | None, zone: str = SHANGHAI) -> datetime | None:
    given = pl.DataFrame({"given": [value]})
    return given.select(moment(pl.col("given"), given.schema["given"], pattern, zone)).item()


@pytest.mark.parametrize(
    ("value", "pattern", "zone", "expected"),
    [
        ("20260301000026", "yyyyMMddHHmmss", SHANGHAI, instant(2026, 2, 28, 16, 0, 26)),
        ("2026030100002", "yyyyMMddHHmmss", SHANGHAI, None),  # a digit too few must not shift the rest
        ("20260230000000", "yyyyMMddHHmmss", SHANGHAI, None),  # no such day
        ("01.03.2026 08:00", "dd.MM.yyyy HH:mm", SHANGHAI, instant(2026, 3, 1, 0, 0)),
        ("2026-03-01T08:00:00.250", "yyyy-MM-dd'T'HH:mm:ss.SSS", SHANGHAI, instant(2026, 3, 1, 0, 0, 0, 250_000)),
        ("2026-03-01 08:00:00+01:00", "yyyy-MM-dd HH:mm:ssXXX", SHANGHAI, instant(2026, 3, 1, 7, 0)),
        ("2026-03-01", "yyyy-MM-dd", PRAGUE, instant(2026, 2, 28, 23, 0)),
        ("2026-03-01", None, SHANGHAI, instant(2026, 2, 28, 16, 0)),  # ISO without a pattern
        ("2026-03-01 08:30", None, SHANGHAI, instant(2026, 3, 1, 0, 30)),
        ("2026-03-01T08:30:00.5Z", None, SHANGHAI, instant(2026, 3, 1, 8, 30, 0, 500_000)),
        ("2026-03-01T08:30:00-0230", None, SHANGHAI, instant(2026, 3, 1, 11, 0)),
        ("yesterday", None, SHANGHAI, None),
        ("2026-03-29 02:30:00", None, PRAGUE, None),  # an hour that clocks there left out
        ("1767657600000", "epoch_ms", SHANGHAI, instant(2026, 1, 6, 0, 0)),
        (1767657600, "epoch_s", SHANGHAI, instant(2026, 1, 6, 0, 0)),
        ("soon", "epoch_s", SHANGHAI, None),
        (date(2026, 3, 1), None, SHANGHAI, instant(2026, 2, 28, 16, 0)),
        (datetime(2026, 3, 1, 8), None, SHANGHAI, instant(2026, 3, 1, 0, 0)),
        (instant(2026, 3, 1, 8), None, SHANGHAI, instant(2026, 3, 1, 8)),  # has its zone already
    ],
)  # fmt: skip
def test_times_in_every_form_become_instants(value, pattern, zone, expected):
    assert read(value, pattern, zone) == expected


@pytest.mark.parametrize("pattern", ["yyyy-MM-dd GG", "yyyy 'never closed"])
def test_a_pattern_that_is_not_understood_is_named(pattern):
    with pytest.raises(UsageError, match="format "):
        read("2026-03-01", pattern)
