"""The command line: usage errors end with 2 and a sentence, help shows an example, ranges are inclusive."""

import json
from datetime import date

import pytest

from conf.days import DayRange
from jobs.cli import build_parser, main
from jobs.commands import _stretches

CALLS = [
    "doctor", "demo", "run", "night", "backfill", "status", "list", "explain", "check", "indicators", "config",
    "airflow", "first-run",
]  # fmt: skip


@pytest.mark.parametrize("call", CALLS)
def test_help_of_every_call_has_an_example_and_the_exit_codes(call, capsys):
    with pytest.raises(SystemExit) as ended:
        main([call, "--help"])
    shown = capsys.readouterr().out
    assert ended.value.code == 0
    assert f"Example: riskvane {call}" in shown
    assert "3 data refused" in shown


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["night"], "--as-of"),  # no default of today
        (["night", "--as-of", "2026-02-30"], "2026-02-30"),  # no such day
        (["list", "risk_list_cats", "--as-of", "2026-01-01"], "risk_list_cats"),
        (["demo", "--size", "huge"], "huge"),
        (["demo", "--days", "-3"], "-3"),
        (["fly"], "fly"),
    ],
)
def test_a_wrong_call_ends_with_2_and_names_what_is_wrong(arguments, named, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert named in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--env", "moon", "config"], "moon"),
        (["run", "fly", "--as-of", "2026-01-01"], "fly"),
        (["backfill", "--from", "2026-01-02", "--to", "2026-01-01"], "2026-01-02 to 2026-01-01"),
    ],
)
def test_a_wrong_value_found_later_ends_with_2_too(arguments, named, capsys, monkeypatch):
    monkeypatch.setenv("RISKVANE_ENV", "test")  # put back after: --env sets the variable
    assert main(arguments) == 2
    assert named in capsys.readouterr().err


def test_config_names_the_source_of_each_value(capsys):
    assert main(["config"]) == 0
    assert "timezone" in (shown := capsys.readouterr().out)
    assert "(conf/test.yaml)" in shown


def test_an_indicator_names_its_versions_its_source_and_who_uses_it(capsys):
    assert main(["indicators", "machine_share_30d@1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    keys = ("name", "category", "version", "versions", "made_of", "backfills_from", "models", "scenarios")
    assert {key: found[key] for key in keys} == {
        "name": "machine_share_30d", "category": "cash", "version": 1, "versions": [],
        "made_of": ["in_count_30d", "machine_count_30d", "out_count_30d"], "backfills_from": "events",
        "models": ["accounts", "handbook_customers"], "scenarios": ["account_monitoring", "account_screening"],
    }  # fmt: skip


def test_indicators_are_listed_by_table_and_category(capsys):
    assert main(["indicators", "--table", "account_features", "--category", "cash", "--all", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in rows] == ["machine_share_30d", "machine_out_amount_7d"]
    assert main(["indicators", "--like", "cash machines"]) == 0
    assert "machine_share_30d" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--category", "cahs"], "did you mean cash?"),
        (["machine_share_7d"], "did you mean machine_share_30d"),
    ],
)
def test_an_unknown_indicator_or_category_ends_with_2_and_a_guess(arguments, named, capsys):
    assert main(["indicators", *arguments]) == 2
    assert named in capsys.readouterr().err


def test_neighbouring_days_share_a_pass():
    days = [date(2026, 1, d) for d in (1, 2, 3, 5, 8, 9)]  # the 4th, 6th and 7th are done already
    expected = [
        DayRange(date(2026, 1, 1), date(2026, 1, 3)),
        DayRange.one(date(2026, 1, 5)),
        DayRange(date(2026, 1, 8), date(2026, 1, 9)),
    ]
    assert list(_stretches(days)) == expected
    assert list(_stretches([])) == []


def test_every_call_has_a_handler():
    from jobs import commands

    actions = next(a for a in build_parser()._subparsers._group_actions)
    assert sorted(actions.choices) == sorted(CALLS)
    for name, call in actions.choices.items():
        assert callable(getattr(commands, call.get_default("handler"))), name
