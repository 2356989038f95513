"""One self-contained HTML page per morning: what the night did, found, refused, and how long it took."""

import math
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import jinja2
import pyarrow as pa

from conf.settings import Settings
from lake.reader import read_day_arrow, runs
from review import figures
from review.columns import COLUMNS, ListColumn
from review.morning import Morning
from review.shown import shown_rows
from review.words import Words, words

SCORES = ("account_scores", "card_scores")
ACCOUNT_LISTS = ("risk_list_private", "risk_list_corporate")
CARD_LISTS = ("risk_list_cards",)
TOP = 20
TOP_REASONS = 7
TOP_BRANCHES = 15
LONGEST_VERSION = 40  # of a SHA-256 half is more than enough to compare by eye
TOP_COLUMNS = (
    *(
        "rank",
        "risk_label",
        "risk_score",
        "scenario",
        "subject_id",
        "name_id",
        "owner_name_id",
        "branch_name",
    ),
    *("card_kind", "home_county", "opened_on", "inbound_amount_30d", "outbound_amount_30d", "reasons"),
)


def write_report(
    settings: Settings,
    morning: Morning,
    findings: Mapping[str, Any] | None = None,
    indicators: Mapping[str, str] | None = None,
) -> Path:
    """Write `<reports>/<as_of>/index.html` and return it; a page of an earlier run is replaced.

    The page refers to nothing outside itself and holds masked identifiers only. `findings` compares a simulated
    province with its ground truth: `schemes` (scheme -> planted, found, median_days) and `head` (account, card ->
    share among the first 100, random_share). `indicators` holds the words for reason codes; without words a
    code is shown as it is.
    """
    as_of = morning.as_of
    scores = {table: read_day_arrow(settings, table, as_of, columns=["risk_score"]) for table in SCORES}
    context = page_context(
        settings,
        morning,
        scores,
        runs(settings),
        read_day_arrow(settings, "quarantine", as_of),
        findings,
        indicators or {},
    )
    folder = settings.reports / str(as_of)
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / "index.html.part"
    part.write_text(_templates().get_template("page.html.j2").render(context), encoding="utf-8")
    return part.replace(folder / "index.html")


def page_context(
    settings: Settings,
    morning: Morning,
    scores: Mapping[str, pa.Table],
    ledger: pa.Table,
    quarantined: pa.Table,
    findings: Mapping[str, Any] | None,
    indicators: Mapping[str, str],
) -> dict[str, Any]:
    """Everything the template shows, from the tables of one morning."""
    phrases = words(settings.language)
    stages = figures.newest_stages(ledger, morning.as_of)
    quality = figures.quality(stages)
    listed = figures.by_list(morning.lists)
    branches = figures.by_branch(morning.lists)
    totals = {label: sum(bar.by_label[label] for bar in listed) for label in figures.LABELS}
    totals |= {name: sum(table.counts[name] for table in quality) for name in figures.COUNTS}
    totals |= {"scored": sum(rows.num_rows for rows in scores.values()), "branches": len(branches)}
    totals["listed"] = sum(totals[label] for label in figures.LABELS)
    shares = [sum(table.share(kind) for kind in figures.COUNTS[2:]) for table in quality]
    return {
        "language": settings.language,
        "words": phrases,
        "as_of": morning.as_of,
        "summary": phrases["page.summary"].format(
            as_of=_day(morning.as_of, settings.language), **{k: thousands(v) for k, v in totals.items()}
        ),
        "failed": sorted({row["stage"] for row in stages if row["status"] == "failed"}),
        "totals": totals,
        "labels": figures.LABELS,
        "counts": figures.COUNTS,
        "lists": [
            (f"{phrases.of('list', table)} · {phrases.of('population', population)}", bar)
            for bar in listed
            for table, population in [bar.name]
        ],
        "scores": [
            (phrases[f"page.scores.{table}"], figures.score_bins(rows["risk_score"]))
            for table, rows in scores.items()
            if rows.num_rows
        ],
        "bin_width": figures.BIN_WIDTH,
        "reasons": _reasons(morning, phrases, indicators),
        "branches": [(_office(bar.name, phrases), bar) for bar in branches[:TOP_BRANCHES]],
        "branches_note": phrases["page.branches.note"].format(
            count=min(len(branches), TOP_BRANCHES), total=len(branches)
        ),
        "findings": findings and _findings(findings, phrases),
        "quality": quality,
        "worst_share": max(shares, default=0.0) or 1.0,
        "refused": [
            (f"{table} · {reason}", count, thousands(count))
            for table, reason, count in figures.quarantine_reasons(quarantined, 12)
        ],
        "times": [
            (flow, [time for time in figures.step_times(stages) if time.flow == flow])
            for flow in dict.fromkeys(row["flow"] for row in stages)
        ],
        "details": _details(morning, stages, phrases, settings),
        "top": TOP,
        "tops": [
            (phrases.of("list", table), _top_columns(table), rows[:TOP])
            for table in morning.lists
            for rows in [_best(morning, table, settings.language)]
        ],
    }


def thousands(value: int) -> str:
    """12,345."""
    return f"{value:,}"


def _best(morning: Morning, table: str, language: str) -> list:
    """Rows of one list by score: the scenarios of a morning stand side by side here."""
    rows = shown_rows(morning.lists[table], table, morning.masked, morning.titles, language)
    return sorted(
        rows, key=lambda row: (-row.values["risk_score"], row.values["scenario"], row.values["rank"])
    )


def _office(office: tuple[str, ...], phrases: Words) -> str:
    """A branch by name and number; cards go to counties, which have a number only."""
    branch, name = office
    if not branch:
        return phrases["unassigned"]
    return f"{name} {branch}" if name else phrases["county"].format(county=branch)


def _top_columns(table: str) -> list[ListColumn]:
    columns = {column.name: column for column in COLUMNS[table]}
    return [columns[name] for name in TOP_COLUMNS if name in columns]


def _reasons(
    morning: Morning, phrases: Words, names: Mapping[str, str]
) -> list[tuple[str, list[tuple[str, int, str]]]]:
    found = []
    for key, tables in (("accounts", ACCOUNT_LISTS), ("cards", CARD_LISTS)):
        lists = [morning.lists[table] for table in tables if table in morning.lists]
        if top := figures.top_reasons(lists, TOP_REASONS):
            bars = [(names.get(code, code), count, thousands(count)) for code, count in top]
            found.append((phrases[f"page.reasons.{key}"], bars))
    return found


def _findings(findings: Mapping[str, Any], phrases: Words) -> dict[str, list]:
    """Schemes with their words, and the share of bad subjects at the head of each list beside a random one."""
    return {
        "schemes": [
            {"words": phrases.of("scheme", scheme), **found}
            for scheme, found in sorted(findings["schemes"].items())
        ],
        "lists": [
            (phrases[f"page.scores.{kind}_scores"], found["share"] or 0.0, found["random_share"] or 0.0)
            for kind, found in sorted(findings["head"].items())
        ],
    }


def _details(
    morning: Morning, stages: list[dict[str, Any]], phrases: Words, settings: Settings
) -> list[tuple[str, str]]:
    models = sorted(
        {
            f"{name} {version}"
            for rows in morning.lists.values()
            for name, version in zip(
                rows["model_name"].to_pylist(), rows["model_version"].to_pylist(), strict=True
            )
        }
    )
    entries = [(phrases["page.run.model"], ", ".join(models))]
    for key, column in (("run_id", "run_id"), ("code", "code_version"), ("config", "config_hash")):
        values = dict.fromkeys(row[column][:LONGEST_VERSION] for row in stages if row[column])
        entries.append((phrases[f"page.run.{key}"], ", ".join(values)))
    if stages:
        finished = max(row["finished_at"] for row in stages).astimezone(ZoneInfo(settings.timezone))
        entries.append((phrases["page.run.finished"], f"{finished:%Y-%m-%d %H:%M:%S} ({settings.timezone})"))
    return [(name, value or phrases["page.unknown"]) for name, value in entries]


def _day(as_of: date, language: str) -> str:
    return f"{as_of.year}年{as_of.month}月{as_of.day}日" if language == "zh" else str(as_of)


@cache
def _templates() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["thousands"] = thousands
    environment.filters["money"] = lambda value: "" if value is None else f"{Decimal(value):,.2f}"
    environment.filters["percent"] = lambda value: f"{100 * value:.1f} %"
    environment.filters["log10"] = math.log10
    return environment
