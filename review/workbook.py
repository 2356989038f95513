"""Worklists: one Excel workbook per branch and morning, a sheet per list, ready to fill in and to print."""

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from review.columns import COLUMNS, LISTS, LONGEST_ANALYSIS, AnswerColumn, ListColumn, answers
from review.shown import Row, shown_rows
from review.words import Words, words

UNASSIGNED = "unassigned"
FROZEN_COLUMNS = 4  # rank to subject: a reviewer who scrolls right still sees whom a row is about
KEYS = ("as_of", "list", "scenario", "subject_id")  # hidden; they bring an answer back to its row
OPTIONS = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
INK, PAPER, LOCKED, OPEN = "#1F2937", "#FFFFFF", "#1F3A5F", "#B45309"
LABEL_COLOURS = {
    "red": ("#B91C1C", "#FFFFFF"),
    "yellow": ("#FDE68A", "#713F12"),
    "green": ("#BBF7D0", "#14532D"),
}
NUMBER_FORMATS = {"count": "#,##0", "amount": "#,##0.00", "score": "0.0", "date": "yyyy-mm-dd", "text": "@"}


def write_workbooks(
    lists: Mapping[str, pa.Table],
    folder: Path,
    as_of: date,
    masked: Mapping[str, str],
    titles: Mapping[str, str],
    language: str,
) -> list[Path]:
    """Write `<folder>/<branch_id>.xlsx` for every branch that has rows; returns the files in their order.

    `lists` holds the rows of one morning by list table, `masked` the masked form of each pseudonym, `titles` the
    words for each scenario. Rows without a branch go to `unassigned.xlsx`. Workbooks of an earlier run of the
    same morning are replaced, those of branches that have no row any more removed. Equal rows give equal bytes.
    """
    by_branch: dict[str, dict[str, list[Row]]] = {}
    for table in LISTS:
        for row in shown_rows(lists.get(table), table, masked, titles, language):
            branch = row.values.get("branch_id") or UNASSIGNED
            by_branch.setdefault(branch, {}).setdefault(table, []).append(row)
    folder.mkdir(parents=True, exist_ok=True)
    files = {folder / f"{quote(branch, safe='')}.xlsx": branch for branch in sorted(by_branch)}
    for stale in set(folder.glob("*.xlsx")) - files.keys():
        stale.unlink()
    for file, branch in files.items():
        part = file.with_suffix(".part")
        _write(part, branch, by_branch[branch], as_of, words(language), language)
        part.replace(file)
    return list(files)


def _write(
    file: Path, branch: str, lists: dict[str, list[Row]], as_of: date, phrases: Words, language: str
) -> None:
    name = _branch_name(branch, lists, phrases)
    with xlsxwriter.Workbook(str(file), OPTIONS) as book:
        # A fixed moment, so that the same rows give the same bytes.
        book.set_properties(
            {
                "title": f"{phrases['workbook.title']} {name} {as_of}",
                "created": datetime(*as_of.timetuple()[:3]),
            }
        )
        formats = Formats(book)
        _read_me(book.add_worksheet(phrases["workbook.sheet"]), formats, name, lists, as_of, phrases)
        for table, rows in lists.items():
            sheet = book.add_worksheet(phrases.of("list", table))
            _list_sheet(sheet, formats, table, rows, as_of, language)
            _for_print(sheet, name, as_of, phrases)


class Formats:
    """The cell formats of one workbook, each made once."""

    def __init__(self, book: xlsxwriter.Workbook) -> None:
        self._book = book
        self._made: dict[tuple, Format] = {}

    def get(self, **properties: Any) -> Format:
        """The format with these properties."""
        key = tuple(sorted(properties.items()))
        if key not in self._made:
            self._made[key] = self._book.add_format({"font_size": 10, "font_color": INK, **properties})
        return self._made[key]

    def heading(self, colour: str) -> Format:
        """Of a column's heading."""
        return self.get(
            bold=True, font_color=PAPER, bg_color=colour, border=1, border_color=PAPER,
            text_wrap=True, align="center", valign="vcenter",
        )  # fmt: skip

    def cell(self, kind: str, locked: bool = True) -> Format:
        """Of a value of that kind."""
        return self.get(
            num_format=NUMBER_FORMATS.get(kind, "@"), border=1, border_color="#D1D5DB", valign="top",
            text_wrap=kind in ("text", "choice"), locked=locked, **({} if locked else {"bg_color": "#FFF7ED"}),
        )  # fmt: skip

    def label(self, label: str) -> Format:
        """Of a risk label."""
        ground, ink = LABEL_COLOURS[label]
        return self.get(bold=True, bg_color=ground, font_color=ink, align="center", valign="top", border=1)

    def missing(self) -> Format:
        """Of an answer that is still wanted."""
        return self.get(bg_color="#FECACA")


def _list_sheet(
    sheet: Worksheet, formats: Formats, table: str, rows: list[Row], as_of: date, language: str
) -> None:
    columns, asked = COLUMNS[table], answers(table)
    first_answer, first_key = len(columns), len(columns) + len(asked)
    sheet.set_row(0, 42)
    for number, column in enumerate(columns):
        sheet.set_column(number, number, column.width)
        sheet.write_string(0, number, column.heading(language), formats.heading(LOCKED))
    for number, answer in enumerate(asked, first_answer):
        sheet.set_column(number, number, answer.width)
        sheet.write_string(0, number, answer.heading(language), formats.heading(OPEN))
        _check_answers(sheet, number, answer, len(rows), as_of, language)
    for number, key in enumerate(KEYS, first_key):
        sheet.set_column(number, number, None, None, {"hidden": True})
        sheet.write_string(0, number, key)
    for line, row in enumerate(rows, 1):
        for number, column in enumerate(columns):
            _write_value(sheet, line, number, column, row, formats)
        for number, answer in enumerate(asked, first_answer):
            sheet.write_blank(line, number, None, formats.cell(answer.kind, locked=False))
        for number, value in enumerate(
            (str(as_of), table, row.values["scenario"], row.values["subject_id"]), first_key
        ):
            sheet.write_string(line, number, value)
    _mark_missing(sheet, formats, asked, first_answer, len(rows), language)
    sheet.autofilter(0, 0, len(rows), first_key - 1)
    sheet.freeze_panes(1, FROZEN_COLUMNS)
    # Without a password: it guards against slips, not against people.
    sheet.protect("", {"autofilter": True, "sort": True, "format_columns": True, "format_rows": True})


def _write_value(
    sheet: Worksheet, line: int, number: int, column: ListColumn, row: Row, formats: Formats
) -> None:
    value, style = row.values.get(column.name), formats.cell(column.kind)
    if column.name == "risk_label":
        sheet.write_string(line, number, row.shown[column.name], formats.label(str(value)))
    elif value is None:
        sheet.write_blank(line, number, None, style)
    elif column.kind == "date":
        sheet.write_datetime(line, number, value, style)
    elif isinstance(value, int | float | Decimal):
        sheet.write_number(line, number, float(value), style)
    else:
        # write_string never makes a formula, whatever the text begins with
        sheet.write_string(line, number, row.shown[column.name], style)


def _check_answers(
    sheet: Worksheet, number: int, answer: AnswerColumn, rows: int, as_of: date, language: str
) -> None:
    phrases = words(language)
    rule: dict[str, Any]
    if answer.kind == "choice":
        rule = {"validate": "list", "source": answer.options(language)}
        message = phrases["workbook.choice.wanted"]
    elif answer.kind == "date":
        rule = {"validate": "date", "criteria": ">=", "value": as_of}
        message = phrases["workbook.date.wanted"].format(as_of=as_of)
    else:
        rule = {"validate": "length", "criteria": "<=", "value": answer.longest}
        message = phrases["workbook.length.wanted"].format(longest=answer.longest)
    sheet.data_validation(
        1, number, rows, number, {**rule, "error_title": answer.heading(language), "error_message": message}
    )


def _mark_missing(
    sheet: Worksheet,
    formats: Formats,
    asked: tuple[AnswerColumn, ...],
    first: int,
    rows: int,
    language: str,
) -> None:
    """Turn a cell red while the answers beside it demand it."""
    at = {answer.name: f"${xl_col_to_name(first + n)}2" for n, answer in enumerate(asked)}
    yes, no = next(a for a in asked if a.name == "controlled").options(language)
    demanded = {
        "analysis": f'{at["abnormal"]}<>""',
        "measure": f'{at["controlled"]}="{yes}"',
        "reason_not_controlled": f'{at["controlled"]}="{no}"',
    }
    for number, answer in enumerate(asked, first):
        if answer.name in demanded:
            formula = f'=AND({demanded[answer.name]},{at[answer.name]}="")'
            sheet.conditional_format(
                1, number, rows, number, {"type": "formula", "criteria": formula, "format": formats.missing()}
            )


def _for_print(sheet: Worksheet, name: str, as_of: date, phrases: Words) -> None:
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    sheet.set_margins(left=0.4, right=0.4, top=0.8, bottom=0.7)
    sheet.set_header(f"&L{name.replace('&', '&&')}&C{phrases['internal']}&R{as_of}")
    sheet.set_footer(f"&L{phrases['workbook.title']}&C{phrases['workbook.page']}&R{phrases['internal']}")


def _read_me(
    sheet: Worksheet, formats: Formats, name: str, lists: dict[str, list[Row]], as_of: date, phrases: Words
) -> None:
    bold, plain = formats.get(bold=True, valign="top"), formats.get(text_wrap=True, valign="top")
    number, head = formats.get(num_format="#,##0", align="right"), formats.heading(LOCKED)
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, 22)
    sheet.set_column(1, 5, 13)
    sheet.write_string(
        0, 0, phrases["workbook.title"], formats.get(bold=True, font_size=16, font_color=LOCKED)
    )
    for line, (key, value) in enumerate(
        (("workbook.branch", name), ("workbook.date", str(as_of)), ("workbook.rows", None)), 2
    ):
        sheet.write_string(line, 0, phrases[key], bold)
        if value is not None:
            sheet.write_string(line, 1, value, formats.get())
    sheet.write_number(4, 1, sum(map(len, lists.values())), formats.get(num_format="#,##0", align="left"))
    headings = ["workbook.list", *[f"label.{label}" for label in LABEL_COLOURS], "workbook.total"]
    for column, key in enumerate(headings):
        sheet.write_string(6, column, phrases[key], head)
    for line, (table, rows) in enumerate(lists.items(), 7):
        counted = Counter(row.values["risk_label"] for row in rows)
        sheet.write_string(line, 0, phrases.of("list", table), bold)
        for column, count in enumerate([*[counted[label] for label in LABEL_COLOURS], len(rows)], 1):
            sheet.write_number(line, column, count, number)
    line = 8 + len(lists)
    sheet.write_string(line, 0, phrases["workbook.how"], bold)
    for step in range(1, 7):
        text = f"{step}. {phrases[f'workbook.how.{step}'].format(longest=LONGEST_ANALYSIS)}"
        sheet.merge_range(line + step, 0, line + step, 5, text, plain)
        sheet.set_row(line + step, 30)
    _for_print(sheet, name, as_of, phrases)
    sheet.set_portrait()
    sheet.protect("")


def _branch_name(branch: str, lists: dict[str, list[Row]], phrases: Words) -> str:
    """Name and number of the branch as the rows tell it; a county office has only its number."""
    if branch == UNASSIGNED:
        return phrases["unassigned"]
    names = [
        row.values["branch_name"] for rows in lists.values() for row in rows if row.values.get("branch_name")
    ]
    return f"{names[0]} {branch}" if names else phrases["county"].format(county=branch)
