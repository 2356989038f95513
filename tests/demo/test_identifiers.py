"""Check digits are right, and no identifier can belong to anybody."""

import gzip
import re

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum import imei as stdnum_imei
from stdnum import luhn
from stdnum.cn import ric, uscc
from stdnum.exceptions import InvalidComponent

from demo import identifiers
from demo.rng import Keyed, permute, stream


@settings(deadline=None, max_examples=40)  # the machine may be busy
@given(st.lists(st.integers(0, 10**11 - 1), min_size=1, max_size=20))
def test_bank_cards_have_the_right_prefix_and_luhn_digit(serials):
    cards = identifiers.bank_cards(np.array(serials)).to_pylist()
    assert all(len(c) == 16 and c.startswith("9900") and luhn.is_valid(c) for c in cards)


@settings(deadline=None, max_examples=40)  # the machine may be busy
@given(st.integers(0, 499), st.sampled_from([160101, 160220, 170101]), st.booleans())
def test_resident_ids_have_the_right_check_character_and_an_unassigned_region(order, region, man):
    made = identifiers.resident_ids(np.array([region]), np.array([19900228]), np.array([order * 2 + man]))
    number = made[0].as_py()
    assert ric.calc_check_digit(number) == number[-1]
    with pytest.raises(InvalidComponent):  # the check digit passes, the province does not exist
        ric.validate(number)


@settings(deadline=None, max_examples=40)  # the machine may be busy
@given(st.integers(0, 10**9 - 1))
def test_credit_codes_pass_the_public_check(serial):
    assert uscc.is_valid(identifiers.credit_codes(np.array([160101]), np.array([serial]))[0].as_py())


def test_imeis_and_iccids_end_in_a_luhn_digit():
    (imei,) = identifiers.imeis(np.array([9_990_123]), np.array([42])).to_pylist()
    (iccid,) = identifiers.iccids(np.array([42])).to_pylist()
    assert (imei[:8], stdnum_imei.is_valid(imei)) == ("09990123", True)
    assert (len(iccid), iccid[:5], luhn.is_valid(iccid)) == (20, "89999", True)


@settings(deadline=None, max_examples=40)  # the machine may be busy
@given(st.integers(2, 5000), st.integers(0, 100))
def test_permutation_is_one_to_one(domain, key):
    assert sorted(permute(np.arange(domain), domain, key)) == list(range(domain))


def test_our_numbers_and_other_peoples_numbers_never_meet():
    ours = identifiers.phone_numbers(np.arange(50_000), 7)
    others, network = identifiers.outside_numbers(np.arange(50_000), 7)
    assert len(np.unique(ours)) == 50_000
    assert not np.isin(others[network == 0], ours).any()


def test_streams_differ_by_name_day_and_bucket_and_repeat_themselves():
    addresses = (("calls", 1), ("calls", 2), ("calls", 1, 1), ("sms", 1))
    draws = [stream(7, *address).integers(0, 1 << 60) for address in addresses]
    assert len(set(draws)) == 4
    assert stream(7, "calls", 1).integers(0, 1 << 60) == draws[0]


def test_more_positions_do_not_move_the_draws_of_the_others():
    few, many = (Keyed(7, "shops", np.arange(n)) for n in (10, 1000))
    assert (few.random() == many.random()[:10]).all()
    assert (few.poisson(np.full(10, 0.7)) == many.poisson(np.full(1000, 0.7))[:10]).all()


def test_keyed_draws_have_the_stated_means():
    draw = Keyed(7, "shops", np.arange(40_000))
    assert abs(draw.normal().mean()) < 0.02
    assert abs(draw.poisson(np.full(40_000, 0.7)).mean() - 0.7) < 0.02
    assert abs(draw.geometric(np.full(40_000, 0.5)).mean() - 2) < 0.05


def test_landed_numbers_carry_only_unassigned_prefixes(world):
    landing = world / "landing"
    calls = gzip.decompress((landing / "cdr/calls/2026-01-08/part-000.csv.gz").read_bytes()).decode()
    numbers = {line.split(",")[1] for line in calls.splitlines()[1:] if line.count(",") == 17} - {""}
    assert all(re.fullmatch(r"154\d{8}", n) for n in numbers)
    cards = pq.read_table(landing / "carrier_core/subscriptions/2026-01-04/part-000.parquet")
    assert {n[:5] for n in cards.column("imsi").to_pylist()} == {"00101"}
    iot = cards.filter(np.array(cards.column("kind").to_pylist()) == "物联").column("msisdn").to_pylist()
    assert all(re.fullmatch(r"1548\d{9}", n) for n in iot)
    people = (landing / "branch_drop/customers_private/2026-01-04/part-000.csv").read_text("gb18030")
    ids = re.findall(r"\|(\d{17}[\dX])\|", people)
    assert len(ids) > 1000
    assert {i[:2] for i in ids} == {"16", "17", "18", "19"}
