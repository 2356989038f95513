from datetime import UTC, datetime, timedelta

import pyarrow as pa

from review import figures
from tests.review.rows import AS_OF, account, arrow, card

BEGAN = datetime(2026, 3, 5, 18, tzinfo=UTC)


def stage(name, start, end, flow="nightly", status="complete", as_of=AS_OF, counts=(None,) * 5):
    return {
        "flow": flow,
        "stage": name,
        "as_of": as_of,
        "status": status,
        "started_at": BEGAN + timedelta(seconds=start),
        "finished_at": BEGAN + timedelta(seconds=end),
    } | {f"rows_{n}": count for n, count in zip(figures.COUNTS, counts, strict=True)}


def test_rows_are_counted_by_list_and_population_new_before_existing():
    lists = {
        "risk_list_cards": arrow("risk_list_cards", [card(1, risk_label="green")]),
        "risk_list_private": arrow(
            "risk_list_private",
            [account(1, population="existing"), account(1), account(2, "c", risk_label="yellow")],
        ),
    }
    assert [(bar.name, tuple(bar.by_label.values()), bar.total) for bar in figures.by_list(lists)] == [
        (("risk_list_private", "new"), (1, 1, 0), 2),
        (("risk_list_private", "existing"), (1, 0, 0), 1),
        (("risk_list_cards", "new"), (0, 0, 1), 1),
    ]


def test_branches_come_by_rows_then_by_red_rows():
    rows = [
        account(1, "a", branch_id="2", branch_name="B", risk_label="green"),
        account(2, "c", branch_id="1", branch_name="A", risk_label="green"),
        account(3, "d", branch_id="1", branch_name="A", risk_label="green"),
        account(4, "e", branch_id="3", branch_name="C"),  # as many rows as branch 2, but red
        account(5, "f", branch_id=None, branch_name=None, risk_label="green"),  # branch unknown
    ]
    found = figures.by_branch({"risk_list_private": arrow("risk_list_private", rows)})
    assert [bar.name for bar in found] == [("1", "A"), ("3", "C"), ("", ""), ("2", "B")]


def test_a_reason_counts_each_subject_once():
    def because(*codes):
        return [{"code": code, "text": code, "value": "1"} for code in codes]

    rows = [
        account(1, "a", reasons=because("x", "y")),
        account(1, "a", scenario="account_screening", reasons=because("x")),  # the same subject again
        account(2, "c", reasons=because("y", "z")),
        account(3, "d", reasons=[]),
    ]
    assert figures.top_reasons([arrow("risk_list_private", rows)], 2) == [("y", 2), ("x", 1)]


def test_scores_fall_into_half_open_bins_and_100_into_the_last():
    scores = pa.chunked_array([[0.0, 4.99, 5.0], [99.9, 100.0, None]])
    bins = figures.score_bins(scores)
    assert (len(bins), bins[0], bins[1], bins[-1], sum(bins)) == (20, 2, 1, 2, 5)


def test_the_last_attempt_of_a_stage_counts_and_other_mornings_do_not():
    rows = pa.Table.from_pylist(
        [
            stage("score", 10, 12),
            stage("score", 0, 5, status="failed"),  # repaired by the row above
            stage("score", 50, 60, flow="screening"),
            stage("score", 70, 80, as_of=AS_OF - timedelta(days=1)),
        ]
    )
    found = figures.newest_stages(rows, AS_OF)
    assert [(row["flow"], row["status"]) for row in found] == [
        ("nightly", "complete"),
        ("screening", "complete"),
    ]


def test_tables_of_one_step_are_one_bar_and_one_line_of_quality_each():
    stages = [
        stage("ingest:calls", 0, 30, counts=(100, 90, 2, 3, 5)),
        stage("ingest:sms", 0, 30, counts=(10, 10, 0, 0, 0)),
        stage("score", 30, 45, status="failed", counts=(7, 7, 0, 0, 0)),  # counts, but takes nothing in
        stage("score", 100, 101, flow="screening"),
    ]
    times = [(t.flow, t.step, t.started, t.seconds, t.status) for t in figures.step_times(stages)]
    assert times == [
        ("nightly", "ingest", 0.0, 30.0, "complete"),
        ("nightly", "score", 30.0, 15.0, "failed"),
        ("screening", "score", 0.0, 1.0, "complete"),
    ]
    quality = figures.quality(stages)
    assert [(t.table, tuple(t.counts.values())) for t in quality] == [
        ("calls", (100, 90, 2, 3, 5)),
        ("sms", (10, 10, 0, 0, 0)),
    ]
    assert (quality[0].share("late"), quality[1].share("late")) == (0.05, 0.0)


def test_quarantine_reasons_come_by_frequency():
    rows = pa.table(
        {"table": ["a", "a", "b"], "reasons": [["x: missing"], ["x: missing", "y: below 0"], None]}
    )
    assert figures.quarantine_reasons(rows, 5) == [("a", "x: missing", 2), ("a", "y: below 0", 1)]
