"""What the findings say about a list, on a truth of four subjects."""

import json
from datetime import date, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conf.errors import UsageError
from demo.findings import planted_and_found

AS_OF = date(2026, 1, 20)


@pytest.fixture
def truth(tmp_path):
    rows = [
        ("account", "a1", "S01", datetime(2026, 1, 10, 9)),  # listed three days later
        ("account", "a2", "S01", datetime(2026, 1, 12)),  # never listed
        ("account", "a3", "S02", datetime(2026, 1, 20)),  # harm begins on the morning itself: not yet bad
        ("card", "c1", "S21", datetime(2026, 1, 15)),  # listed before its harm only: not found
    ]
    names = ["subject_kind", "subject_no", "scheme", "first_harm"]
    pq.write_table(
        pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))),
        tmp_path / "subjects.parquet",
    )
    (tmp_path / "manifest.json").write_text(json.dumps({"accounts": 200, "cards": 100}))
    return tmp_path


def test_found_means_listed_after_the_first_harm(truth):
    listed = [
        ("account", "a1", date(2026, 1, 13), 5),
        ("account", "a1", AS_OF, 1),
        ("account", "a3", AS_OF, 2),  # about to do harm, but nobody can know
        ("account", "x", AS_OF, 101),  # beyond the head
        ("card", "c1", date(2026, 1, 15), 1),
    ]
    assert planted_and_found(truth, listed) == {
        "as_of": AS_OF,
        "schemes": {
            "S01": {"planted": 2, "found": 1, "share": 0.5, "median_days": 3},
            "S21": {"planted": 1, "found": 0, "share": 0.0, "median_days": None},
        },
        "head": {
            "account": {"listed": 2, "planted": 1, "share": 0.5, "random_share": 2 / 200},
            "card": {"listed": 1, "planted": 0, "share": 0.0, "random_share": 0.0},
        },
    }


def test_an_empty_list_and_a_missing_truth_are_refused(truth, tmp_path):
    with pytest.raises(UsageError, match="nothing is listed"):
        planted_and_found(truth, [])
    with pytest.raises(UsageError, match="generate the demo world first"):
        planted_and_found(tmp_path / "nowhere", [("card", "c1", AS_OF, 1)])
