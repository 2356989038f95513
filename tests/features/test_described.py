"""What the catalogue tells of one indicator."""

import pytest

from conf.errors import UsageError
from features.described import described


def test_a_plain_indicator_names_its_expression_its_condition_and_what_is_made_of_it():
    found = described("in_amount_7d")
    told = {
        key: found[key] for key in ("table", "group", "kind", "expression", "window", "unit", "empty", "of")
    }
    assert told == {
        "table": "account_features", "group": "transactions", "kind": "sum", "expression": "amount",
        "window": "last 7 d", "unit": "yuan", "empty": 0, "of": ["transactions"],
    }  # fmt: skip
    assert found["condition"] == "status = 'booked' AND direction = 'in'"
    assert found["used_in"] == ["balance_to_inflow_7d", "in_amount_mean_7d", "out_in_ratio_7d", "passed_on_share_1h_7d", "passed_on_share_24h_7d"]


def test_a_derived_one_names_what_it_is_made_of_and_one_of_moments_says_so():
    assert described("in_amount_mean_7d")["made_of"] == ["in_amount_7d", "in_count_7d"]
    assert described("payee_count_1h_max_7d")["expression"].startswith("distinct of coalesce(")
    assert not described("night_count_7d")["is_published"]
    assert described("probe_count")["expression"] == "features.account_flows.account_flows"


def test_an_unknown_name_is_answered_with_a_guess():
    with pytest.raises(UsageError, match="there is no indicator in_amount_8d; did you mean in_amount_7d"):
        described("in_amount_8d")
