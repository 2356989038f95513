"""Money closes, attempts without cover fail, and a day follows from the day before alone."""

from collections import defaultdict

import numpy as np
import pyarrow.parquet as pq
import pytest

from demo.bank_day import BankDays, BankState
from demo.intents import MOBILE, NO_PARTNER, TRANSFER, intents, join, outside, select
from demo.ledger import BOOKED, DECLINED, book

ELSEWHERE = int(outside(np.array([99]))[0])


def booked(rows, balance, refused=(), given_up=()):
    columns = list(zip(*rows, strict=True))
    made = intents(
        np.array(columns[0]) * 1_000_000, np.array(columns[1]), np.array(columns[2]), np.array(columns[3]),
        np.array(columns[4]), MOBILE, TRANSFER, 1,
    )  # fmt: skip
    balance, seq = np.array(balance), np.zeros(len(balance), np.int64)
    masks = [np.isin(np.arange(len(rows)), where) for where in (refused, given_up)]
    legs = book(made, *masks, balance, seq, 7)
    names = ("account", "seq", "sign", "fen", "balance", "status")
    return [
        tuple(int(v) for v in row) for row in zip(*(legs[n] for n in names), strict=True)
    ], balance.tolist()


def test_a_transfer_inside_the_bank_makes_two_legs_and_a_cash_withdrawal_one():
    rows = [
        (10, 0, -1, 300, 1),  # 0 pays 1: both keep books here
        (20, 1, -1, 100, NO_PARTNER),  # cash
        (30, 1, +1, 50, ELSEWHERE),  # from another bank
    ]
    legs, balance = booked(rows, [1000, 0])
    assert legs == [
        (0, 1, -1, 300, 700, BOOKED),
        (1, 1, +1, 300, 300, BOOKED),
        (1, 2, -1, 100, 200, BOOKED),
        (1, 3, +1, 50, 250, BOOKED),
    ]
    assert balance == [700, 250]


def test_an_uncovered_payment_is_declined_and_the_payee_never_hears_of_it():
    rows = [
        (10, 0, -1, 2000, 1),  # not covered
        (20, 1, -1, 500, ELSEWHERE),  # would have been covered by the first one: fails with it
        (30, 0, -1, 900, ELSEWHERE),  # covered, because nothing moved
        (40, 0, -1, 200, ELSEWHERE),  # not covered and given up: leaves no row
    ]
    legs, balance = booked(rows, [1000, 0], given_up=[3])
    assert legs == [
        (0, 1, -1, 2000, 1000, DECLINED),
        (0, 2, -1, 900, 100, BOOKED),
        (1, 1, -1, 500, 0, DECLINED),
    ]
    assert balance == [100, 0]


def test_a_refused_payment_leaves_a_row_although_it_was_covered():
    assert booked([(10, 0, -1, 5, ELSEWHERE)], [10], refused=[0]) == ([(0, 1, -1, 5, 10, DECLINED)], [10])


def test_random_days_agree_with_a_plain_loop_and_never_go_below_zero():
    rng = np.random.default_rng(5)
    rows = [
        (int(t), int(a), int(rng.choice([-1, 1])), int(rng.integers(1, 400)), ELSEWHERE)
        for t, a in zip(rng.permutation(300), rng.integers(0, 6, 300), strict=True)
    ]
    start = [500] * 6
    expected, seq = [], defaultdict(int)
    balance = list(start)
    for _, account, sign, fen, _ in sorted(rows):
        fails = sign < 0 and balance[account] < fen
        balance[account] += 0 if fails else sign * fen
        seq[account] += 1
        expected.append((account, seq[account], sign, fen, balance[account], DECLINED if fails else BOOKED))
    assert booked(rows, start) == (sorted(expected), balance)


@pytest.fixture(scope="module")
def days(plan) -> BankDays:
    arguments = plan.arguments
    return BankDays(
        arguments.profile, arguments.seed, plan.calendar, plan.places, plan.bank, plan.account_schemes
    )


def test_balances_close_per_account_without_a_gap_in_seq_no(days, plan):
    state, balance = days.first_state(), plan.bank.accounts.balance.copy()
    last = np.zeros(len(balance), np.int64)
    for day in range(6):
        legs, state = days.step(day, state)
        for at in range(len(legs["at"])):
            account = legs["account"][at]
            last[account] += 1
            if legs["status"][at] != DECLINED:
                balance[account] += legs["sign"][at] * legs["fen"][at]
            assert (legs["seq"][at], legs["balance"][at]) == (last[account], balance[account])
            assert legs["balance"][at] >= 0
    assert (state.balance == balance).all()
    assert len(np.unique(legs["id"])) == len(legs["id"])


def test_a_day_alone_from_the_state_of_the_day_before_is_that_day(days):
    state, states, tables = days.first_state(), [], []
    for day in range(4):
        states.append(BankState(state.balance.copy(), state.seq.copy(), select(state.queue, slice(None))))
        legs, state = days.step(day, state)
        tables.append(days.table(day, legs))
    legs, _ = days.step(3, states[3])
    assert days.table(3, legs).equals(tables[3])


def test_both_legs_of_an_in_house_transfer_share_the_transfer_id_and_cancel_out(days):
    legs, _ = days.step(0, days.first_state())
    totals: dict[int, list[int]] = defaultdict(list)
    for transfer, sign, fen in zip(legs["transfer"], legs["sign"], legs["fen"], strict=True):
        if transfer:
            totals[transfer].append(int(sign * fen))
    assert len(totals) > 20
    assert {(len(t), sum(t)) for t in totals.values()} == {(2, 0)}


def test_every_row_that_landed_on_time_was_received_before_its_delivery(world):
    table = pq.read_table(world / "landing/core/transactions/2026-01-08/part-000.parquet")
    received, happened = (table.column(n).to_numpy() for n in ("received_at", "happened_at"))
    assert (received < np.datetime64("2026-01-08T00:40:00")).all()
    assert (received >= happened).all()
    assert (np.diff(received) >= np.timedelta64(0)).all()


def test_stacking_nothing_is_an_empty_set_of_intents():
    assert {name: len(column) for name, column in join([]).items()} == dict.fromkeys(join([]), 0)
