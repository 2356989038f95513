"""The little SQL of indicators: what it means, and what it refuses."""

import polars as pl
import pytest

from features.expressions import compiled

TYPES = {"mask": "bigint", "amount": "decimal(18,2)", "count": "bigint", "text": "string"}
ROWS = pl.DataFrame(
    {
        "mask": [0b11000001, 0, None, 1],
        "amount": [12300, 10000, -5, None],  # cents
        "count": [2, 0, 3, 1],
        "text": ["a", "ATM", None, "atm"],
    }
)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("amount % 100 = 0", [False, True, False, None]),  # hundreds of yuan; unknown stays unknown
        ("amount >= 100", [True, True, False, None]),
        ("amount BETWEEN 100 AND 122.99", [False, True, False, None]),
        ("double(amount)", [123.0, 100.0, -0.05, None]),
        ("try_divide(amount, count)", [6150, None, -2, None]),  # money again, half a cent away from zero
        ("try_divide(double(amount), double(count))", [61.5, None, -0.05 / 3, None]),
        ("try_divide(count, 0)", [None] * 4),
        (
            "CASE WHEN mask > 1 THEN 'many' WHEN mask = 1 THEN 'one' ELSE 'none' END",
            ["many", "none", "none", "one"],
        ),
        ("CASE WHEN count > 1 THEN amount END", [12300, None, -5, None]),
        ("coalesce(amount, 1)", [12300, 10000, -5, 100]),
        ("greatest(amount, 0)", [12300, 10000, 0, 0]),
        ("upper(text) = 'ATM'", [False, True, None, True]),
        ("text NOT IN ('a', 'b')", [False, True, None, True]),
        ("text IS NULL OR text = 'a'", [True, False, True, False]),
        ("text || ' ' || text", ["a a", "ATM ATM", None, "atm atm"]),
        ("bit_count(mask & (shiftleft(1L, 7) - 1))", [2, 0, None, 1]),
        ("longest_gap(mask)", [5, None, None, 0]),
        ("30.0D * count", [60.0, 0.0, 90.0, 30.0]),
    ],
)
def test_what_an_expression_means(text, values):
    found = ROWS.select(value=compiled(text, TYPES).value)["value"].to_list()
    assert found == [v if not isinstance(v, float) else pytest.approx(v, abs=1e-12) for v in values]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("amout > 1", r"unknown column amout \(did you mean amount\?\) in 'amout > 1'"),
        ("longest_gp(mask)", r"unknown function longest_gp \(did you mean longest_gap\?\)"),
        ("reflect('java.lang.System', 'exit', 1)", "unknown function reflect"),
        ("SELECT 1", "Select is not allowed"),
        ("1; DROP TABLE risk_list_private", "is not allowed"),
        ("(SELECT max(count) FROM accounts)", "is not allowed"),
        ("count >", "is not an expression"),
        ("count / count", "may be by zero; write try_divide"),
        ("amount * amount", "money times money"),
        ("cast(text AS date)", "cast to DATE is not allowed"),
        ("shiftleft(1, count)", "two whole literals"),
    ],
)
def test_what_is_refused(text, complaint):
    with pytest.raises(ValueError, match=complaint):
        compiled(text, TYPES)


def test_columns_that_an_expression_looks_at():
    assert compiled("CASE WHEN count > 1 THEN amount END", TYPES).columns == {"count", "amount"}
