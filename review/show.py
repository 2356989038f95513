"""Lists, explanations and runs on the terminal."""

import getpass
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
from rich.console import Console
from rich.table import Table
from rich.text import Text

from conf.scenarios import load_scenario
from conf.settings import Settings, load_settings
from privacy.keys import KeyRing
from privacy.vault import Vault
from review.columns import COLUMNS
from review.shown import masked_identifiers, shown_rows
from review.words import words

STYLES = {"red": "bold white on red", "yellow": "bold black on yellow", "green": "black on green"}
WIDE = 200  # columns of output that goes into a file or a pipe
SHORT = (
    *("rank", "risk_label", "risk_score", "scenario", "subject_id", "name_id", "owner_name_id", "branch_id"),
    *("branch_name", "home_county", "opened_on", "inbound_amount_30d", "outbound_amount_30d", "reasons"),
)


def show_list(rows: pa.Table, settings: Settings) -> None:
    """Print rows of one list with masked identifiers; the read of the vault is recorded under the user's name."""
    table = _table_of(rows)
    vault = Vault(settings.vault, KeyRing.load(settings.keys))
    masked = masked_identifiers({table: rows}, vault, f"list {table}", getpass.getuser())
    titles = {
        name: load_scenario(name).title[settings.language] for name in rows["scenario"].unique().to_pylist()
    }
    columns = [column for column in COLUMNS[table] if column.name in SHORT]
    grid = Table(show_lines=True, header_style="bold")
    for column in columns:
        number = column.kind in ("count", "amount", "score")
        grid.add_column(column.heading(settings.language), justify="right" if number else "left")
    for row in shown_rows(rows, table, masked, titles, settings.language):
        cells = [
            _cell(column.name, column.kind, row.values.get(column.name), row.shown) for column in columns
        ]
        grid.add_row(*cells)
    _console().print(grid)


def show_indicators(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print indicators, one a line."""
    grid = Table(header_style="bold")
    for heading in ("table", "category", "name", "meaning", "含义", "unit", "version"):
        grid.add_column(heading, overflow="fold")
    for row in rows:
        version = f"{row['version']}, retired {row['retired']}" if row["retired"] else str(row["version"])
        cells = [str(row[key]) for key in ("table", "category", "name", "en", "zh", "unit")]
        # Text, not markup: what analysts write may hold square brackets
        grid.add_row(*map(Text, [*cells, version]))
    _console().print(grid)


def show_indicator(found: Mapping[str, Any]) -> None:
    """Print one indicator as `features.described.described` tells of it."""
    grid = Table(show_header=False, box=None)
    for key, value in found.items():
        shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        if value not in (None, []):
            grid.add_row(Text(key, style="bold"), Text(shown))
    _console().print(grid)


def show_explanation(found: Mapping[str, Any], settings: Settings) -> None:
    """Print what `review.explain.explain` found: list rows, scores, labels, features beside what is normal."""
    phrases, console = words(settings.language), _console()
    console.print(Text(f"{found['subject']['shown']}  {found['as_of']}", style="bold"))
    for row in found["lists"]:
        line = Text(f" {phrases.of('label', row['risk_label'])} ", style=STYLES[row["risk_label"]])
        line.append(
            f" {phrases.of('list', row['list'])} #{row['rank']}  {row['risk_score']:.1f}", style="default"
        )
        console.print(line)
        for number, reason in enumerate(row["reasons"], 1):
            console.print(Text(f"  {number}. {reason['text']}"))
        console.print(Text(f"  -> {row['control_suggestion'] or ''}"))
    if not found["lists"]:
        console.print(Text(phrases["explain.not_listed"]))
    grid = Table(*[phrases[f"explain.{name}"] for name in ("scenario", "score", "model")])
    for row in found["scores"]:
        model = f"{row['model_name']} {row['model_version']}"
        grid.add_row(row["scenario"], f"{row['risk_score']:.1f}", model)
    console.print(grid)
    for label in found["labels"]:
        verdict = phrases["explain.confirmed" if label["label"] == 1 else "explain.cleared"]
        console.print(
            Text(f"{label['known_as_of']}  {verdict}  {label['label_source']} {label['case_kind'] or ''}")
        )
    numbers = ("value", "own", "peers", "peers_p90")
    classes = {row["peer_class"]: row["fallback"] for row in found["features"] if row["peer_class"]}
    for name, fallback in classes.items():
        wider = f" -> {fallback}" if fallback else ""
        console.print(Text(f"{phrases['explain.peer_class']}: {name}{wider}"))
    grid = Table(*[phrases[f"explain.{name}"] for name in ("indicator", *numbers, "unit")])
    for row in found["features"]:
        cells = ["" if row[name] is None else f"{float(row[name]):,.6g}" for name in numbers]
        grid.add_row(row["words"], *cells, row["unit"])
    console.print(grid)


def show_runs(runs: pa.Table, newest: Mapping[str, date | None]) -> None:
    """Print rows of the ledger, and the newest day that each table holds."""
    zone = ZoneInfo(load_settings().timezone)
    grid = Table(
        "as_of", "flow", "stage", "status", "started", "seconds", "read", "accepted", "refused", "run"
    )
    for row in runs.to_pylist():
        seconds = (row["finished_at"] - row["started_at"]).total_seconds()
        counts = [_number(row[f"rows_{name}"]) for name in ("read", "accepted", "quarantined")]
        status = Text(row["status"], style="green" if row["status"] == "complete" else "bold red")
        started = f"{row['started_at'].astimezone(zone):%Y-%m-%d %H:%M:%S}"
        grid.add_row(
            *(str(row["as_of"]), row["flow"], row["stage"], status, started, f"{seconds:.1f}", *counts),
            row["run_id"],
        )
    console = _console()
    console.print(grid)
    days = Table("table", "newest day")
    for table, day in sorted(newest.items()):
        days.add_row(table, str(day or ""))
    console.print(days)


def _table_of(rows: pa.Table) -> str:
    """Which list these rows are of, by the columns that only it has."""
    if "card_kind" in rows.column_names:
        return "risk_list_cards"
    company = "company_to_private_count_30d" in rows.column_names
    return "risk_list_corporate" if company else "risk_list_private"


def _cell(name: str, kind: str, value: Any, shown: Mapping[str, str]) -> Text:
    if name == "risk_label":
        return Text(f" {shown[name]} ", style=STYLES[value])
    if value is not None and kind in ("amount", "score"):
        return Text(f"{value:,.2f}" if kind == "amount" else f"{value:.1f}")
    # Text, not markup: names from outside may hold square brackets
    return Text(shown[name])


def _number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def _console() -> Console:
    return Console(width=None if sys.stdout.isatty() else WIDE)
