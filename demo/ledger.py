"""The ledger: turns intents into booked legs, in order, without ever going below zero."""

from typing import Any

import numpy as np

from demo.intents import Intents
from demo.rng import fold, mix

BOOKED, DECLINED, REVERSED = range(3)
STATUSES = ("记账", "拒绝", "冲正")
Legs = dict[str, Any]


def book(
    rows: Intents,
    refused: np.ndarray,
    given_up: np.ndarray,
    balance: np.ndarray,
    last_seq: np.ndarray,
    seed: int,
) -> Legs:
    """Book the intents of a day; `balance` and `last_seq` (per account) are brought up to date in place.

    An intent between two of our accounts becomes two legs that share `transfer`. A payer's leg that
    is refused (the mask) or not covered is written as declined, moves nothing, and takes its
    counter-leg with it; where the mask `given_up` is set, an uncovered payment is not even tried and
    leaves no row. Returns one entry per leg, ordered by account and moment, with `seq` running
    on without a gap per account.
    """
    legs = _legs(rows)
    declined = _decline(legs, refused, balance)
    payer = legs["sign"] < 0
    tried = ~declined | refused | ~given_up
    # The payee never hears of a declined attempt.
    seen = ~declined[legs["intent"]] | (payer & tried[legs["intent"]])
    legs = {name: column[seen] for name, column in legs.items()}
    status = np.where(declined[legs["intent"]], DECLINED, BOOKED)
    status[rows["reverses"][legs["intent"]] > 0] = REVERSED
    effect = np.where(status == DECLINED, 0, legs["sign"] * legs["fen"])
    first = np.r_[True, np.diff(legs["account"]) != 0] if len(effect) else np.zeros(0, bool)
    legs["status"], legs["balance"] = status, _running(effect, legs["account"], first, balance)
    begin = np.maximum.accumulate(np.where(first, np.arange(len(effect)), 0))
    legs["seq"] = last_seq[legs["account"]] + np.arange(len(effect)) - begin + 1
    legs["id"] = mix((legs["account"] << 28) | legs["seq"], seed + 61)
    np.maximum.at(last_seq, legs["account"], legs["seq"])
    np.add.at(balance, legs["account"], effect)
    for name in ("channel", "summary", "device", "event", "reverses"):
        legs[name] = rows[name][legs["intent"]]
    both = np.bincount(legs["intent"], minlength=len(rows["at"]))[legs["intent"]] == 2
    key = fold(rows["at"], rows["account"], rows["key"], salt=seed + 62)[legs["intent"]]
    legs["transfer"] = np.where(both, key, np.uint64(0))
    return legs


def _legs(rows: Intents) -> Legs:
    """One or two legs per intent, ordered by account, moment and key."""
    inside = np.flatnonzero(rows["partner"] >= 0)
    intent = np.r_[np.arange(len(rows["at"])), inside]
    mirrored = np.r_[np.zeros(len(rows["at"]), bool), np.ones(len(inside), bool)]
    account = np.where(mirrored, rows["partner"][intent], rows["account"][intent])
    legs = {
        "intent": intent,
        "mirrored": mirrored,
        "account": account,
        "partner": np.where(mirrored, rows["account"][intent], rows["partner"][intent]),
        "sign": np.where(mirrored, -1, 1) * rows["sign"][intent],
        "fen": rows["fen"][intent],
        "at": rows["at"][intent],
    }
    order = np.lexsort((mirrored, rows["key"][intent], legs["at"], account))
    return {name: column[order] for name, column in legs.items()}


def _running(effect: np.ndarray, account: np.ndarray, first: np.ndarray, balance: np.ndarray) -> np.ndarray:
    """Balance after each leg."""
    total = np.cumsum(effect)
    begin = np.maximum.accumulate(np.where(first, np.arange(len(effect)), 0))
    return total - (total - effect)[begin] + balance[account] if len(effect) else total


def _decline(legs: Legs, refused: np.ndarray, balance: np.ndarray) -> np.ndarray:
    """Mask of intents that fail: refused ones, then payments that are not covered.

    Per round the first uncovered payment of each account fails; taking it away can only uncover
    payments of its payee, so the rounds end.
    """
    declined = refused.copy()
    first = np.r_[True, np.diff(legs["account"]) != 0] if len(legs["account"]) else np.zeros(0, bool)
    while True:
        effect = np.where(declined[legs["intent"]], 0, legs["sign"] * legs["fen"])
        after = _running(effect, legs["account"], first, balance)
        short = np.flatnonzero((after < 0) & (effect < 0))
        if not len(short):
            return declined
        worst = short[np.unique(legs["account"][short], return_index=True)[1]]
        declined[legs["intent"][worst]] = True
