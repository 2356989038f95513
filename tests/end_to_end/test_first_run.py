"""What a newcomer gets: lists with labels, scores and reasons that real tasks have produced."""

import json
import sqlite3
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from end_to_end.conftest import MORNING, Province
from lake.reader import list_rows, runs

pytestmark = [pytest.mark.slow, pytest.mark.airflow]
LISTS = ("risk_list_private", "risk_list_corporate", "risk_list_cards")


def test_the_tour_ends_well_and_says_where_the_lists_are(province: Province):
    assert province.tour.returncode == 0, province.tour.stdout[-3000:] + province.tour.stderr[-3000:]
    assert f"{MORNING}/index.html" in province.tour.stdout


@pytest.mark.parametrize("table", ["risk_list_private", "risk_list_cards"])
def test_a_list_has_ranks_labels_scores_and_reasons(province: Province, table: str):
    rows = list_rows(province.settings, table, MORNING).to_pylist()
    assert rows
    for scenario in {row["scenario"] for row in rows}:
        ranked = sorted((r for r in rows if r["scenario"] == scenario), key=lambda r: r["rank"])
        scores = [row["risk_score"] for row in ranked]
        assert scores == sorted(scores, reverse=True)
        assert [row["rank"] for row in ranked] == list(range(1, len(ranked) + 1))
    assert {row["risk_label"] for row in rows} <= {"red", "yellow", "green"}
    assert all(0 <= row["risk_score"] <= 100 for row in rows)
    assert any(row["reasons"] for row in rows)
    assert all(reason["text"] for row in rows for reason in row["reasons"])


def test_both_populations_are_listed(province: Province):
    populations = set()
    for table in LISTS:
        populations |= set(list_rows(province.settings, table, MORNING)["population"].to_pylist())
    assert populations == {"new", "existing"}


def test_each_row_names_a_champion_that_the_registry_knows(province: Province):
    import mlflow

    client = mlflow.MlflowClient(tracking_uri=province.settings.mlflow_uri)
    named = {
        (row["model_name"], row["model_version"])
        for table in LISTS
        for row in list_rows(province.settings, table, MORNING).to_pylist()
    }
    assert named
    for name, version in named:
        assert str(client.get_model_version_by_alias(name, "champion").version) == version


def test_every_read_row_is_accounted_for(province: Province):
    ingested = [
        row for row in runs(province.settings).to_pylist()
        if row["stage"].startswith("ingest:") and row["status"] == "complete" and row["rows_read"] is not None
    ]  # fmt: skip
    assert ingested
    for row in ingested:
        parts = ("rows_accepted", "rows_quarantined", "rows_duplicate", "rows_late")
        assert row["rows_read"] == sum(row[part] for part in parts), row


def test_workbooks_and_page_are_there(province: Province):
    page = (province.settings.reports / str(MORNING) / "index.html").read_text(encoding="utf-8")
    assert "<svg" in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert list((province.settings.worklists / str(MORNING)).glob("*.xlsx"))


def planted_identifiers(province: Province) -> set[str]:
    """Account, card, customer and id numbers, phones and names as they stand in the landing files."""
    landing, found = province.settings.landing, set()
    for table, columns in (
        ("core/accounts", ("account_no", "card_no", "customer_no", "phone_at_opening")),
        ("carrier_core/subscriptions", ("msisdn", "imsi")),
        ("carrier_core/owners", ("id_no",)),
        ("core/transactions", ("counterparty_account",)),
    ):
        for file in sorted(landing.glob(f"{table}/*/*.parquet"))[:3]:
            for column in pq.read_table(file, columns=list(columns)).columns:
                found |= set(pc.unique(column.drop_null()).to_pylist())
    options = csv.ParseOptions(delimiter="|", invalid_row_handler=lambda row: "skip")
    for file in sorted(landing.glob("branch_drop/customers_private/*/*.csv"))[:2]:
        table = csv.read_csv(file, csv.ReadOptions(encoding="gb18030"), options)
        for name in ("name", "id_no", "phone"):
            found |= {str(value) for value in table[name].to_pylist() if value}
    # Two-character names are words of the language too ("安宁"): not evidence of a leak.
    return {text for text in found if len(text) > 2}


def texts(table: pa.Table) -> set[str]:
    """All distinct strings of a table, those inside lists and structs included."""
    found: set[str] = set()
    arrays = [chunk for column in table.columns for chunk in column.chunks]
    while arrays:
        array = arrays.pop()
        if pa.types.is_list(array.type) or pa.types.is_large_list(array.type):
            arrays.append(array.flatten())
        elif pa.types.is_map(array.type):
            arrays += [array.keys, array.items]
        elif pa.types.is_struct(array.type):
            arrays += array.flatten()
        elif pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
            found |= set(pc.unique(array.drop_null()).to_pylist())
    return found


def test_no_identifier_of_the_landing_files_stands_in_any_table(province: Province):
    planted = planted_identifiers(province)
    assert len(planted) > 5000
    tables = [log.parent for log in province.settings.lake.glob("*/*/_delta_log")]
    assert len(tables) > 15
    for folder in tables:
        assert texts(DeltaTable(str(folder)).to_pyarrow_table()) & planted == set(), folder


def test_no_identifier_stands_in_logs_registry_or_airflow(province: Province):
    planted = [text for text in planted_identifiers(province) if len(text) >= 9]
    sample = {text.encode() for text in sorted(planted)[:: max(1, len(planted) // 3000)]}
    build = province.home / "build"
    vault, landing = province.settings.vault, province.settings.landing
    looked_at = 0
    for file in build.rglob("*"):
        apart = (
            vault,
            landing,
            province.settings.truth,
            province.settings.lake,
            build / "jars",
            build / "spark",
        )
        if file.is_file() and not any(file.is_relative_to(folder) for folder in apart):
            content = file.read_bytes()
            looked_at += 1
            # Numbers of nine digits and more: a shorter window would find them inside hashes.
            assert not {text for text in sample if text in content}, file
    assert looked_at > 20
    output = province.tour.stdout + province.tour.stderr
    assert not [text for text in planted if text in output]


def test_a_morning_for_which_nothing_landed_ends_in_one_sentence_not_in_an_empty_list(province: Province):
    ended = province.riskvane("night", "--as-of", "2026-03-30")
    assert ended.returncode == 3, ended.stderr[-2000:]
    assert "nothing has landed for 2026-03-30" in ended.stderr
    assert province.riskvane("list", LISTS[0], "--as-of", "2026-03-30").returncode != 0


def test_the_command_reads_a_list_and_explains_its_first_row_without_a_jvm(province: Province):
    shown = province.riskvane("list", "risk_list_private", "--as-of", str(MORNING), "--top", "3", "--json")
    assert shown.returncode == 0, shown.stderr
    rows = json.loads(shown.stdout)
    assert {row["rank"] for row in rows} == {1, 2, 3}  # of each scenario
    explained = province.riskvane("explain", rows[0]["subject_id"], "--as-of", str(MORNING), "--json")
    assert explained.returncode == 0, explained.stderr
    assert rows[0]["subject_id"] in explained.stdout


@pytest.mark.parametrize("table", ["transactions", "risk_list_private"])
def test_check_of_a_published_day_keeps_its_contract(province: Province, table: str):
    ended = province.riskvane("check", table, "--as-of", str(MORNING))
    assert ended.returncode == 0, ended.stdout + ended.stderr[-2000:]


def test_check_of_a_day_without_rows_is_refused(province: Province):
    ended = province.riskvane("check", "transactions", "--as-of", "2026-03-30")
    assert ended.returncode == 3, ended.stdout + ended.stderr[-2000:]


def test_airflow_ran_each_dag_with_real_tasks(province: Province):
    (database,) = Path(province.settings.airflow_home).glob("airflow.db")
    with sqlite3.connect(database) as connection:
        states = connection.execute("select dag_id, task_id, state from task_instance").fetchall()
    assert {dag for dag, _, _ in states} == {"nightly", "screening", "training"}
    assert {state for _, _, state in states} == {"success"}
