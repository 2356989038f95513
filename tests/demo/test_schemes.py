"""Schemes are planted at every size, leak only after their harm, and touch nobody else."""

import re
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from demo.calls_day import CallDays
from demo.card_day import CardWorld
from demo.plan import Arguments, build_plan
from demo.profile import load_profile

SCHEMES = {"S01", "S02", "S06", "S21", "S24", "S42"}


@pytest.fixture(scope="module")
def small():
    return build_plan(Arguments("small", 60, 7, date(2026, 1, 5), load_profile()))


def test_every_scheme_is_planted_at_tiny_and_small(plan, small):
    for built in (plan, small):
        assert {m.scheme for m in built.registry.members} == SCHEMES


def test_small_holds_the_stated_share_of_bad_subjects_and_enough_of_them_become_known(small):
    accounts = {m.index for m in small.registry.harmful("account")}
    cards = {m.index for m in small.registry.harmful("card")}
    assert 0.010 < len(accounts) / len(small.bank.accounts.customer) < 0.018
    assert 0.012 < len(cards) / len(small.cards.cards.iot) < 0.025
    known = {(e.kind, e.index) for e in small.leaks.events if e.says_bad and e.true}
    assert len({i for k, i in known if k == "account"} & accounts) >= 60
    assert len({i for k, i in known if k == "card"} & cards) >= 80


def test_some_labels_are_wrong_and_some_say_normal(small):
    verdicts = {(e.says_bad, e.true) for e in small.leaks.events}
    assert verdicts == {(True, True), (True, False), (False, True), (False, False)}


def test_no_true_label_comes_before_the_harm(plan, small):
    for built in (plan, small):
        harm = {(m.kind, m.index): m.first_harm for m in built.registry.members}
        early = [e for e in built.leaks.events if e.says_bad and e.true and e.at <= harm[e.kind, e.index]]
        assert early == []


def test_the_levels_of_the_members_keep_their_shares(small):
    levels = [m.level for m in small.registry.harmful("account")]
    shares = load_profile()["levels"]["accounts"]
    assert {k: pytest.approx(v, abs=0.12) for k, v in shares.items()} == {
        k: levels.count(k) / len(levels) for k in shares
    }


def test_illicit_rows_of_the_truth_have_landed_and_lie_inside_the_harm(world):
    truth = world / "truth"
    ids = set()
    for folder in (world / "landing/core/transactions").iterdir():
        ids |= set(pq.read_table(folder / "part-000.parquet").column("txn_id").to_pylist())
    events = [e for e in pq.read_table(truth / "events.parquet").to_pylist() if e["table"] == "transactions"]
    landed = [e for e in events if e["key"] in ids]
    assert len(landed) > 0.9 * len(events) > 0  # the rest is late beyond the run or broken
    instances = {i["instance"] for i in pq.read_table(truth / "instances.parquet").to_pylist()}
    assert {e["instance"] for e in events} <= instances


def test_without_schemes_nobody_is_bad_and_the_calls_of_all_others_stay_the_same(plan):
    clean = build_plan(
        Arguments("tiny", plan.arguments.days, 7, date(2026, 1, 5), load_profile().without_schemes())
    )
    assert clean.registry.members == []
    bad = {m.index for m in plan.registry.harmful("card")}
    count = len(clean.cards.cards.iot)
    tables = []
    for built in (plan, clean):
        cards = CardWorld(
            built.arguments.profile, 7, built.calendar, built.places, built.cards, built.card_schemes
        )
        for make in (CallDays(cards).calls, CallDays(cards).messages):
            table, rows = make(5)
            spared = ~np.isin(rows["card"], list(bad)) & (rows["card"] < count)
            tables.append(table.filter(spared))
    assert tables[0].num_rows > 1000
    assert tables[0].equals(tables[2])
    assert tables[1].equals(tables[3])


def test_every_number_of_the_profile_says_where_it_comes_from():
    text = (Path(__file__).parents[2] / "demo/world.yaml").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    unmarked = [line for line in lines if not line.endswith(":") and not re.search(r"  # [mskrj](,|$)", line)]
    assert unmarked == []
