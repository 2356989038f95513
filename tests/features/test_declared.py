"""Indicators as data: what a file adds, and that whatever is wrong in one is told in one sentence."""

# ruff: noqa: E501 - one complaint is one line, to be read as a table

import re
from configparser import ConfigParser
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal as D
from pathlib import Path

import pytest

from conf.errors import UsageError
from features.catalogue import FEATURE_TABLES
from features.declared import CATEGORIES, FOLDER, with_declared
from tests.features.declarations import ADDING, CASH, CODED, NEW, SHARE, loaded, without
from tests.features.frames import computed, mart

AS_OF = date(2026, 2, 10)
ROOT = Path(__file__).parents[2]


def legs(*rows):
    """Transactions of account a: day of February, hour, amount, channel, status."""
    return mart(
        "transactions",
        [
            {"account_id": "a", "happened_at": datetime(2026, 2, day, hour), "amount": D(amount), "channel": channel,
             "status": status, "sequence_no": n}
            for n, (day, hour, amount, channel, status) in enumerate(rows)
        ],
    )  # fmt: skip


TABLES = {
    "transactions": legs(
        (3, 1, "100.00", "atm", "booked"),  # seven days ago, at night
        (9, 12, "50.00", "ATM", "booked"),
        (9, 13, "30.00", "ATM", "declined"),  # not booked
        (9, 14, "850.00", "手机银行", "booked"),  # no cash
        (2, 12, "7.00", "ATM", "booked"),  # eight days ago
    ),
    "accounts": mart("accounts", [{"account_id": "a"}]),
}


def without_holders(table):
    return replace(table, groups=tuple(g for g in table.groups if g.name != "holders"))


def test_a_file_declares_a_group_of_its_own_and_the_table_computes_it(tmp_path):
    table = without_holders(loaded(tmp_path, NEW, ADDING | {"indicators": [SHARE]}))
    assert {name: row for name, row in computed(table, TABLES, AS_OF)["a"].items() if "cash" in name} == {
        "cash_7d": D("150.00"), "cash_share_7d": pytest.approx(150 / 1030),
    }  # fmt: skip
    assert {i.name: (i.group, i.category) for i in table.indicators if "cash" in i.name} == {
        "cash_7d": ("machines", "cash"), "cash_share_7d": ("transactions", "money"),
    }  # fmt: skip


def test_the_table_reads_the_columns_that_a_file_looks_at(tmp_path):
    assert loaded(tmp_path, NEW).columns("transactions") == (
        *("event_date", "known_as_of", "happened_at", "account_id", "sequence_no", "amount"),
        *("channel", "status"),  # of the file
    )


def test_moments_of_a_file_are_columns_of_its_rows(tmp_path):
    most = CASH | {"name": "burst", "sql": "n_13h", "kind": "max", "unit": "transactions", "type": "bigint"}
    moment = {"name": "n_13h", "sql": "1", "window": "13h", "where": "status = 'booked'"}
    table = loaded(tmp_path, ADDING | {"moments": [moment], "indicators": [most], "category": "cash"})
    assert computed(without_holders(table), TABLES, AS_OF)["a"]["burst_7d"] == 1  # the declined one is none
    assert [i.category for i in table.indicators if i.name == "burst_7d"] == ["cash"]
    assert table.look_back == 31  # the moments of the first day of 30 look a day further


def test_sequences_and_moments_ahead_of_a_file_are_columns_of_its_rows(tmp_path):
    steps = [
        {"where": "amount <= 60", "amount": "amount"},
        {"where": "amount > 60", "within": "3h", "amount": "amount"},
    ]
    content = ADDING | {
        "sequences": [{"name": "grown", "steps": steps}],
        "moments": [{"name": "wait", "sql": "1", "kind": "next", "window": "3h", "where": "amount > 60", "ahead": True}],
        "indicators": [
            CASH | {"name": "grown_count", "sql": "grown", "unit": "transactions", "type": "bigint", "where": "true"},
            CASH | {"name": "grown_amount", "sql": "grown_amount", "kind": "max", "where": "true", "empty": None},
            CASH | {"name": "wait", "sql": "wait", "kind": "max", "unit": "transactions", "type": "bigint", "empty": None},
        ],
    }  # fmt: skip
    row = computed(without_holders(loaded(tmp_path, content)), TABLES, AS_OF)["a"]
    # the 50 and the 30 of the 9th both come before the 850, which completes once; the 50 waits two hours for it
    assert (row["grown_count_7d"], row["grown_amount_7d"], row["wait_7d"]) == (1, D("850.00"), 7200)


def test_a_folder_without_files_adds_nothing(tmp_path):
    assert with_declared([CODED], tmp_path) == {"account_features": CODED}


def test_the_newest_version_of_a_coded_indicator_may_stand_in_a_file_and_retire_it(tmp_path):
    new = SHARE | {"name": "night_share", "sql": "night_count_{d}d / 7", "version": 2, "unit": "transactions"}
    table = loaded(tmp_path, ADDING | {"indicators": [new]})
    assert computed(without_holders(table), TABLES, AS_OF)["a"]["night_share_7d"] == pytest.approx(1 / 7)
    retire = [{"name": "night_share", "version": 1, "since": "2026-03-01: nobody used it"}]
    table = loaded(tmp_path, without(ADDING, "indicators") | {"retire": retire})
    assert [i.name for i in table.indicators] == ["count_7d", "count_30d", "drawn_7d", "age"]


def changed(**more):
    """The adding file with its indicator changed."""
    return ADDING | {"indicators": [CASH | more]}


def derived(**more):
    return ADDING | {"indicators": [CASH, SHARE | more]}


A, B = {"where": "amount <= 10"}, {"where": "amount >= 5000", "within": "3d"}


def sequence(*given, name="s", steps=None):
    """The adding file with one sequence."""
    return ADDING | {"sequences": [{"name": name, "steps": list(given) if steps is None else steps}]}


HERE = "a.yaml: indicator cash"
COMPLAINTS = {
    "no YAML": ("group: {", "a.yaml: wanted YAML, found ... in line 1; text that holds a colon"),
    "colon": ('group: a\nindicators:\n  - en: cash: much', "found mapping values ... in line 3; text that holds"),
    "key twice": ("group: a\ntable: b\ngroup: c", "a.yaml: wanted YAML, found key 'group' is given twice in line 1"),
    "empty file": ("", "a.yaml: wanted keys group, table, ..., found None"),
    "unknown key": (NEW | {"indicator": []}, "a.yaml: wanted known keys, found 'indicator'; did you mean indicators?"),
    "missing key": (without(NEW, "table"), "a.yaml: wanted the key table, found only category, "),
    "nothing in it": (without(ADDING, "indicators"), "a.yaml: wanted the key indicators, found only group, table"),
    "unknown table": (NEW | {"table": "account_feature"}, "a.yaml: table: ... did you mean account_features?"),
    "unknown group": (ADDING | {"group": "transaction"}, "group of account_features, found 'transaction'; did you mean transactions?; a new group needs events"),
    "taken group": (NEW | {"group": "holders"}, "a.yaml: group: wanted a name of its own, found 'holders', which is declared in the code; give"),
    "half a group": (ADDING | {"key": "account_id"}, "wanted measures to add to the group transactions, found the key key; leave key out"),
    "no key": (without(NEW, "key"), "a.yaml: wanted the key key, found only ...; a new group needs it"),
    "no event table": (NEW | {"events": ["transaction"]}, "events: wanted event tables, found 'transaction'; did you mean transactions?"),
    "no events": (NEW | {"events": []}, "events: wanted event tables, found None; known are calls, "),
    "unknown key column": (NEW | {"key": "acount_id"}, "key: wanted a column of transactions, found 'acount_id'; did you mean account_id?"),
    "unknown subject": (NEW | {"joins": "subject"}, "joins: wanted a column of the subjects ... did you mean subject_id?"),
    "unknown category": (NEW | {"category": "cahs"}, "category of features/categories.yaml, found 'cahs'; did you mean cash?"),
    "condition of rows": (NEW | {"where": "amuont > 1"}, "a.yaml: where: ...unknown column amuont (did you mean amount"),
    "order": (NEW | {"order": "sequence"}, "a.yaml: order: ...unknown column sequence (did you mean sequence_no"),
    "no mapping": (ADDING | {"indicators": ["cash"]}, "a.yaml: indicator number 1: wanted keys name, ...found 'cash'"),
    "nameless": (ADDING | {"indicators": [without(CASH, "name")]}, "a.yaml: indicator number 1: wanted the key name"),
    "bad name": (changed(name="Cash@1"), "indicator Cash@1: name: wanted small letters, digits and _, found 'Cash@1'"),
    "unknown word": (changed(window=[7]), f"{HERE}: wanted known keys, found 'window'; did you mean windows?"),
    "number for text": (changed(sql=1), f"{HERE}: sql: wanted text, found 1; write it in quotes"),
    "flag for text": (changed(where=True), f"{HERE}: where: wanted text, found True; write it in quotes"),
    "empty text": (changed(en=" "), f"{HERE}: en: wanted text, found ' '"),
    "wrong kind": (changed(kind="summ"), f"{HERE}: kind: wanted a known word, found 'summ'; did you mean sum?"),
    "given": (changed(kind="given"), f"{HERE}: kind: wanted a known word, found 'given'"),
    "wrong type": (changed(type="decimal"), f"{HERE}: type: ...found 'decimal'; did you mean decimal"),
    "wrong unit": (changed(unit="yuans"), f"{HERE}: unit: wanted a known word, found 'yuans'; did you mean yuan?"),
    "own category": (changed(category="csh"), f"{HERE}: category: ... did you mean cash?"),
    "wide window": (changed(windows=[93]), f"{HERE}: windows: wanted 1 to 92 days or month, ...found 93"),
    "no window": (changed(windows=[True]), f"{HERE}: windows: wanted 1 to 92 days or month, ...found True"),
    "week": (changed(windows=["moth"]), f"{HERE}: windows: ...found 'moth'; did you mean month?"),
    "window twice": (changed(windows=[7, 7]), f"{HERE}: windows: wanted each once, found 7 twice"),
    "trend of months": (changed(kind="trend", windows=["month"]), f"{HERE}: windows: wanted days for a trend"),
    "words of no window": (changed(zh="取现"), f"{HERE}: zh: wanted {{d}} where the window is told"),
    "window of no words": (changed(windows=[]), f"{HERE}: zh: wanted {{d}} where the window is told, ...windows []"),
    "no empty value": (ADDING | {"indicators": [without(CASH, "empty")]}, f"{HERE}: wanted the key empty, found none; write 0"),
    "other empty value": (changed(empty=0.5), f"{HERE}: empty: wanted 0 or null, found 0.5"),
    "text derived": (derived(sql="'a{d}'"), "cash_share: sql: wanted a number, found \"'a7'\", which is a string"),
    "huge number": (derived(sql="cash_{d}d + 1000000000000000000000000000000000000000000"), "cash_share: sql: wanted an expression over indicators, found "),
    "empty share": (derived(empty=0), "indicator cash_share: empty: wanted none for a derived indicator, found 0; write coalesce"),
    "version 0": (changed(version=0), f"{HERE}: version: wanted a whole number from 1 on, found 0"),
    "retired when": (changed(retired="2026-03-01"), f"{HERE}: retired: wanted \"YYYY-MM-DD: why\", found '2026-03-01'"),
    "retired on no day": (changed(retired="2026-02-30: old"), f"{HERE}: retired: wanted \"YYYY-MM-DD: why\""),
    "unknown column": (changed(sql="amuont"), f"{HERE}: sql: wanted an expression over columns of transactions, found unknown column amuont (did you mean amount... in 'amuont'; docs"),
    "unknown function": (changed(sql="sqrt(amount)"), f"{HERE}: sql: ...found Sqrt is not allowed in 'sqrt"),
    "no expression": (changed(where="amount >"), f"{HERE}: where: ...found 'amount >' is not an expression"),
    "no condition": (changed(where="amount"), f"{HERE}: where: wanted a condition, found 'amount', which is a int64; compare"),
    "hour of a text": (changed(where="hour(channel) < 5"), f"{HERE}: where: ...found ... in 'hour(channel) < 5'"),
    "sum of texts": (changed(sql="channel"), f"{HERE}: sql: wanted numbers for a sum, found 'channel', which is a"),
    "sum of fractions": (changed(sql="try_divide(1, sequence_no)"), f"{HERE}: sql: wanted whole numbers or money for a sum, found ...which is a float64; sums of fractions depend on the order"),
    "share of no condition": (changed(kind="share", type="double"), f"{HERE}: sql: wanted a condition, found 'amount'"),
    "bits of windows": (changed(kind="days", type="bigint"), f"{HERE}: windows: wanted none for days, found [7]; derive"),
    "moment of texts": (ADDING | {"moments": [{"name": "m", "sql": "channel", "window": "1h"}]}, "a.yaml: moment m: sql: wanted numbers for a sum, found 'channel'"),
    "money as a number": (changed(type="bigint"), f"{HERE}: type: wanted decimal(18,2) for money, found bigint"),
    "number as money": (changed(sql="1"), f"{HERE}: type: wanted bigint or double for what is no money, found decimal"),
    "rows of a function": (ADDING | {"group": "holders", "indicators": [CASH]}, f"{HERE}: wanted a derived indicator, found a sum in holders, which a function makes"),
    "moment like a column": (ADDING | {"moments": [{"name": "amount", "sql": "1", "window": "1h"}]}, "a.yaml: moment amount: wanted a name of its own, found amount, a column of the events"),
    "moment twice": (ADDING | {"moments": [{"name": "m", "sql": "1", "window": "1h"}] * 2}, "a.yaml: moment m: ...found a second m in"),
    "moment of no length": (ADDING | {"moments": [{"name": "m", "sql": "1", "window": "1w"}]}, "a.yaml: moment m: wanted a length like 10m, 1h or 7d, found '1w'"),
    "moment of no kind": (ADDING | {"moments": [{"name": "m", "sql": "1", "window": "1h", "kind": "nxt"}]}, "a.yaml: moment m: kind: ...found 'nxt'; did you mean next?"),
    "next behind": (ADDING | {"moments": [{"name": "m", "sql": "1", "window": "1h", "kind": "next"}]}, "a.yaml: moment m: next looks for an event ahead"),
    "next of a value": (ADDING | {"moments": [{"name": "m", "sql": "amount", "window": "1h", "kind": "next", "ahead": True}]}, "a.yaml: moment m: next counts seconds"),
    "delay ahead": (ADDING | {"moments": [{"name": "m", "sql": "1", "window": "1h", "delay": "1h", "ahead": True}]}, "a.yaml: moment m: a window ahead begins at the event"),
    "ahead of nothing": (ADDING | {"moments": [{"name": "m", "sql": "1", "window": "1h", "ahead": 1}]}, "a.yaml: moment m: ahead: wanted true or false, found 1"),
    "sequence of no steps": (sequence(steps=[]), "a.yaml: sequence s: wanted at least two steps, found 0"),
    "sequence without steps": (ADDING | {"sequences": [{"name": "s"}]}, "a.yaml: sequence s: wanted the key steps, found only name; add it"),
    "nameless sequence": (ADDING | {"sequences": [{"steps": [A, B]}]}, "a.yaml: sequence number 1: wanted the key name"),
    "sequence of no rows": (ADDING | {"group": "holders", "sequences": [{"name": "s", "steps": [A, B]}]}, "a.yaml: wanted a group of events for sequences, found 'holders', which has none"),
    "step of no mapping": (sequence(A, "b"), "a.yaml: sequence s: step 2: wanted keys where, within, ...found 'b'"),
    "step of no words": (sequence(A, B | {"widthin": "1h"}), "a.yaml: sequence s: step 2: wanted known keys, found 'widthin'; did you mean within?"),
    "step without where": (sequence(A, {"within": "1h"}), "a.yaml: sequence s: step 2: wanted the key where"),
    "step of no count": (sequence(A, B | {"count": "3"}), "a.yaml: sequence s: step 2: count: wanted a whole number, found '3'"),
    "step of count 0": (sequence(A, B | {"count": 0}), "a.yaml: sequence s: step 2: wanted a count of at least 1, found 0"),
    "step of no share": (sequence(A, B | {"amount": "amount", "share_of_previous": "80%"}), "a.yaml: sequence s: step 2: share_of_previous: wanted a number, found '80%'"),
    "step of a flag": (sequence(A, B | {"amount": "amount", "least_amount": True}), "a.yaml: sequence s: step 2: least_amount: wanted a number, found True"),
    "step of a wide share": (sequence(A, B | {"amount": "amount", "most_share_of_previous": 1001}), "a.yaml: sequence s: step 2: wanted shares from 0 to 1000"),
    "sum of nothing": (sequence(A, B | {"least_amount": 5000}), "a.yaml: sequence s: step 2: a sum needs to know of what"),
    "share of nothing": (sequence(A, B | {"amount": "amount", "share_of_previous": 0.8}), "a.yaml: sequence s: step 2 is a share of the step before, which has no amount="),
    "share of another unit": (sequence(A | {"amount": "sequence_no"}, B | {"amount": "amount", "share_of_previous": 0.8}), "a.yaml: sequence s: step 2 is a share of the step before; wanted money in both"),
    "step of no length": (sequence(A, B | {"within": "1w"}), "a.yaml: sequence s: step 2: wanted a length like 10m, 1h or 7d, found '1w'"),
    "step without length": (sequence(A, A), "a.yaml: sequence s: step 2 needs within=, like"),
    "first step within": (sequence(B, B), "a.yaml: sequence s: the first step is any single row"),
    "long sequence": (sequence(A, B | {"within": "8d"}), "a.yaml: sequence s: wanted at most 7d from the first step to the last"),
    "step of no condition": (sequence(A, B | {"where": "amount"}), "a.yaml: sequence s: step 2: where: wanted a condition, found 'amount'"),
    "step of no column": (sequence(A, B | {"where": "amuont > 1"}), "a.yaml: sequence s: step 2: where: ...unknown column amuont (did you mean amount"),
    "step of a text": (sequence(A, B | {"amount": "channel"}), "a.yaml: sequence s: step 2: amount: wanted whole numbers or money, found 'channel', which is a"),
    "step of a fraction": (sequence(A, B | {"amount": "try_divide(1, sequence_no)"}), "a.yaml: sequence s: step 2: amount: wanted whole numbers or money, found ...which is a float64"),
    "sequence like a column": (sequence(A, B, name="amount"), "a.yaml: sequence amount: wanted columns of its own, found amount, a column of the events"),
    "sequence twice": (ADDING | {"sequences": [{"name": "s", "steps": [A, B]}] * 2}, "a.yaml: sequence s: wanted columns of its own, found s, "),
    "sequence like a moment": (sequence(A, B) | {"moments": [{"name": "s_seconds", "sql": "1", "window": "1h"}]}, "a.yaml: sequence s: wanted columns of its own, found s_seconds, "),
    "same twice": (ADDING | {"indicators": [CASH, CASH]}, f"{HERE}: wanted each version once, found version 1 in ...a.yaml: indicator cash too; give the newer one the next version"),
    "same as the code": (changed(name="drawn"), "indicator drawn: wanted each version once, found version 1 in the code of group transactions too"),
    "column twice": (changed(name="cash_7d", windows=[], zh="取", en="cash", sql="amount") | {"indicators": [CASH, CASH | {"name": "cash_7d", "windows": [], "zh": "取", "en": "cash"}]}, "indicator cash_7d: wanted columns of its own, found cash_7d in ...indicator cash too; rename"),
    "skipped version": (changed(version=2), f"{HERE}: wanted version 1 of cash, found version 2; call it version 1"),
    "derived of nothing": (derived(sql="cahs_{d}d"), "cash_share: sql: wanted an expression over indicators, found unknown column cahs_7d (did you mean cash_7d"),
    "derived of months": (derived(windows=["month"]), "cash_share: windows: wanted days, since sql says {d}, found ['month']; write an indicator"),
    "circle": (ADDING | {"indicators": [SHARE | {"sql": "b_{d}d + 1"}, SHARE | {"name": "b", "sql": "cash_share_{d}d"}]}, "a.yaml: indicator b: sql: ...found a circle b_7d -> cash_share_7d -> b_7d; let one"),
    "made of a retired one": (ADDING | {"indicators": [CASH | {"retired": "2026-03-01: wrong"}, SHARE]}, "cash_share: sql: wanted indicators in force, found cash_7d (2026-03-01: wrong); write `cash_7d@1` in backticks"),
    "version without backticks": (derived(sql="cash_{d}d@1 + 1"), "cash_share: sql: ...is not an expression...; write `<column>@<version>` in backticks"),
    "unknown version": (derived(sql="`cash_{d}d@3` + 1"), "cash_share: sql: ...unknown column cash_7d@3 (did you mean cash_7d"),
    "version of a function": (derived(sql="`age@1` + count_{d}d"), "cash_share: sql: ...found age@1, which a function made; functions have no versions: use"),
    "retires nothing": (ADDING | {"retire": [{"name": "cahs", "version": 1, "since": "2026-03-01: x"}]}, "a.yaml: retire cahs: ...found 'cahs 1'; did you mean cash 1?"),
    "retires for no reason": (ADDING | {"retire": [{"name": "cash", "version": 1, "since": "soon"}]}, "a.yaml: retire cash: since: wanted \"YYYY-MM-DD: why\", found 'soon'"),
}  # fmt: skip


@pytest.mark.parametrize("wrong", COMPLAINTS)
def test_what_is_wrong_in_a_file_is_told_in_one_sentence(wrong, tmp_path):
    content, told = COMPLAINTS[wrong]
    with pytest.raises(UsageError) as refused:
        loaded(tmp_path, content)
    said = str(refused.value)
    assert re.search(".*".join(map(re.escape, told.split("..."))), said), (
        said
    )  # three dots: whatever stands there
    assert said.startswith(str(tmp_path / "a.yaml"))
    assert "\n" not in said


def test_two_files_cannot_declare_one_group(tmp_path):
    other = NEW | {"indicators": [CASH | {"name": "more"}]}
    with pytest.raises(
        UsageError, match=r"b\.yaml: group: .*'machines', which .* in .*a\.yaml; give it another"
    ):
        loaded(tmp_path, NEW, other)


def test_the_shipped_files_load_and_each_category_has_words():
    assert sorted(FOLDER.glob("*.yaml"))
    for table in FEATURE_TABLES.values():
        assert {i.category for i in table.indicators} <= CATEGORIES.keys() - {"other"}
    assert all(set(words) == {"zh", "en"} for words in CATEGORIES.values())


def test_the_example_of_the_page_is_a_file_that_loads(tmp_path):
    page = (ROOT / "docs" / "indicators.md").read_text(encoding="utf-8")
    table = loaded(tmp_path, page.split("```yaml\n")[1].split("```")[0])
    assert [i.name for i in table.indicators if i.group == "cash_at_night"] == [
        "night_cash_amount_7d", "night_cash_amount_30d", "night_cash_amount_month",
    ]  # fmt: skip


def test_the_package_ships_the_files():
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg")
    data = setup["options.package_data"]
    for package in ("conf", "features"):
        patterns = [*data["*"].split(", "), *data[package].split(", ")]
        shipped = {file for pattern in patterns for file in (ROOT / package).glob(pattern)}
        assert set((ROOT / package).rglob("*.yaml")) <= shipped
