import json
import shutil
from datetime import date

import pytest

from conf.errors import RiskvaneError
from jobs.subject import features_of
from lake.reader import list_rows, runs
from review.explain import explain
from review.history import first_listed, listings
from review.show import show_explanation, show_list, show_runs
from tests.review.rows import AS_OF, CLEAR, account, pseudonym, put

CLASS = "private | unknown | unknown"  # of the accounts of this lake


@pytest.fixture
def known(published, names):
    """The published lake plus dimension, features and labels of the listed account."""
    put(
        published,
        "accounts",
        [
            {
                "account_id": names["account"],
                "bank_card_id": names["bankcard"],
                "customer_type": "private",
                "known_as_of": AS_OF,
            }
        ],
    )
    counts = {"in_count_7d": 38, "in_count_30d": 61, "account_age": 400}
    own = {"as_of": AS_OF, "subject_id": names["account"]}
    put(published, "account_features", [own | counts, own | {"as_of": date(2026, 3, 5), "in_count_7d": 999}])
    usual = {"as_of": AS_OF, "subjects": 40, "null_share": 0.0, "indicator": "in_count_7d"}
    put(
        published,
        "account_normals",
        [
            usual | {"peer_class": CLASS, "median": 5.0, "p90": 11.5, "fallback": "private"},
            usual | {"peer_class": "corporate | unknown | unknown", "median": 70.0, "p90": 90.0},
            usual | {"peer_class": CLASS, "median": 6.0, "p90": 7.0, "as_of": date(2026, 3, 5)},
        ],
    )
    label = {"subject_kind": "account", "label": 1, "label_source": "police", "event_date": date(2026, 3, 4)}
    put(
        published,
        "labels",
        [
            label | {"label_id": "1", "subject_id": names["account"], "known_as_of": AS_OF},
            label
            | {"label_id": "2", "subject_id": names["account"], "known_as_of": date(2026, 3, 7)},  # later
            label
            | {"label_id": "3", "subject_id": pseudonym("account", "c"), "known_as_of": AS_OF},  # another's
        ],
    )
    return published


@pytest.mark.parametrize("asked", ["account", "bankcard", "pseudonym"])
def test_a_subject_is_explained_by_number_bank_card_or_pseudonym(known, names, asked):
    found = explain(
        known, names["account"] if asked == "pseudonym" else f" {CLEAR[asked]} ", AS_OF, features_of(known)
    )
    assert found["subject"]["pseudonym"] == names["account"]
    assert [(row["list"], row["rank"], row["risk_score"]) for row in found["lists"]] == [
        ("risk_list_private", 1, 88.8)
    ]
    assert [row["risk_score"] for row in found["scores"]] == [88.8]
    assert [row["known_as_of"] for row in found["labels"]] == [AS_OF]
    (feature,) = [f for f in found["features"] if f["name"] == "in_count_7d"]
    assert feature == {
        "name": "in_count_7d", "words": "近7天转入笔数", "unit": "transactions", "value": 38, "own": 7.0,
        "peers": 5.0, "peers_p90": 11.5, "peer_class": CLASS, "fallback": "private",
    }  # fmt: skip
    assert not [value for value in CLEAR.values() if value in json.dumps(found, default=str)]


def test_an_unknown_number_is_an_error_that_does_not_repeat_it(known):
    with pytest.raises(RiskvaneError, match="no account, bank card or SIM/IoT card") as error:
        explain(known, "99000000000000000", AS_OF, features_of(known))
    assert "99000000000000000" not in str(error.value)


def test_a_morning_without_the_subject_is_an_error(known, names):
    with pytest.raises(RiskvaneError, match="nothing is known"):
        explain(known, names["account"], date(2026, 1, 1), features_of(known))


def test_a_morning_from_before_there_were_normals_has_values_and_no_peers(known, names):
    found = explain(known, names["account"], date(2026, 3, 5), features_of(known))
    (feature,) = [f for f in found["features"] if f["name"] == "in_count_30d"]
    assert (feature["value"], feature["own"], feature["peers"]) == (None, None, None)
    shutil.rmtree(known.lake / "features" / "account_normals")
    found = explain(known, names["account"], AS_OF, features_of(known))
    (feature,) = [f for f in found["features"] if f["name"] == "in_count_7d"]
    assert (feature["value"], feature["own"], feature["peers"]) == (38, 7.0, None)


def test_history_names_the_first_morning_of_each_subject(published, names):
    day = date(2026, 3, 4)
    put(published, "risk_list_private", [account(1, "c", as_of=day), account(1, "x", as_of=date(2025, 1, 1))])
    put(published, "risk_list_private", [account(1, "y", as_of=date(2026, 3, 7))])
    rows = listings(published, AS_OF)
    assert [(str(r["as_of"]), r["list"], r["rank"]) for r in rows.to_pylist()] == [
        ("2026-03-04", "risk_list_private", 1),
        ("2026-03-06", "risk_list_cards", 1),
        ("2026-03-06", "risk_list_private", 1),
        ("2026-03-06", "risk_list_private", 2),
    ]  # neither the day beyond the look-back nor the one after as_of
    assert first_listed(rows) == {
        names["account"]: AS_OF,
        names["phone"]: AS_OF,
        pseudonym("account", "c"): day,
    }


def test_the_terminal_shows_masked_identifiers(known, names, capsys):
    show_list(list_rows(known, "risk_list_private", AS_OF), known)
    show_explanation(explain(known, CLEAR["account"], AS_OF, features_of(known)), known)
    show_runs(runs(known), {"labels": AS_OF, "calls": None})
    text = capsys.readouterr().out
    assert "9900***8901" in text
    assert "近7天转入笔数38" in text
    assert f"同类: {CLASS} -> private" in text
    assert [value for value in CLEAR.values() if value in text] == []


def test_square_brackets_in_names_are_no_markup(known, capsys):
    rows = list_rows(known, "risk_list_private", AS_OF).slice(0, 1)
    at = rows.column_names.index("branch_name")
    show_list(rows.set_column(at, "branch_name", [["[bold]支行[/x]"]]), known)
    assert "[bold]" in capsys.readouterr().out.replace("\n", "")
