from datetime import date

import openpyxl
import pytest

from review.columns import COLUMNS, answers
from review.workbook import KEYS, write_workbooks
from tests.review.rows import AS_OF, account, arrow, card, pseudonym

TITLES = {"account_monitoring": "开户持续监测", "card_monitoring": "新入网号卡监测"}
MASKED = {pseudonym("account", "a"): "9900***1234", pseudonym("name", "a"): "张*三"}


@pytest.fixture
def write(tmp_path):
    def call(lists, language="zh"):
        return write_workbooks(lists, tmp_path / "out", AS_OF, MASKED, TITLES, language)

    return call


def sheet_of(file, title):
    return openpyxl.load_workbook(file)[title]


def column_of(sheet, heading):
    return next(cell.column for cell in sheet[1] if cell.value == heading)


def test_each_branch_gets_the_rows_of_its_own_and_no_others(write):
    lists = {
        "risk_list_private": arrow(
            "risk_list_private",
            [
                account(1, "a", branch_id="91000"),
                account(2, "c", branch_id="91001"),
                account(3, "d", branch_id=None),  # a dimension without the branch must not lose the row
            ],
        ),
        "risk_list_cards": arrow("risk_list_cards", [card(1, branch_id="990101")]),
    }
    files = write(lists)
    rows = {
        file.stem: {
            sheet.title: [sheet.cell(n, sheet.max_column).value for n in range(2, sheet.max_row + 1)]
            for sheet in openpyxl.load_workbook(file).worksheets[1:]
        }
        for file in files
    }
    assert rows == {
        "91000": {"对私账户": [pseudonym("account", "a")]},
        "91001": {"对私账户": [pseudonym("account", "c")]},
        "990101": {"号卡": [pseudonym("phone", "b")]},
        "unassigned": {"对私账户": [pseudonym("account", "d")]},
    }


def test_a_rerun_gives_the_same_bytes_and_removes_workbooks_of_branches_without_rows(write, tmp_path):
    two = [account(1, "a"), account(2, "c", branch_id="91001")]
    write({"risk_list_private": arrow("risk_list_private", two)})
    before = (tmp_path / "out/91000.xlsx").read_bytes()
    files = write({"risk_list_private": arrow("risk_list_private", two[:1])})
    assert [f.name for f in (tmp_path / "out").iterdir()] == [f.name for f in files] == ["91000.xlsx"]
    assert files[0].read_bytes() == before


def test_a_branch_number_cannot_lead_out_of_the_folder(write, tmp_path):
    rows = [account(1, branch_id="../../x")]
    (file,) = write({"risk_list_private": arrow("risk_list_private", rows)})
    assert file.parent == tmp_path / "out"
    assert file.name == "..%2F..%2Fx.xlsx"


def test_rows_stand_by_scenario_and_rank_with_masked_identifiers(write):
    rows = [account(2, "c"), account(1, "a")]
    (file,) = write({"risk_list_private": arrow("risk_list_private", rows)})
    sheet = sheet_of(file, "对私账户")
    shown = {cell.value: sheet.cell(2, cell.column).value for cell in sheet[1]}
    assert shown | {"序号": 1, "账号": "9900***1234", "客户名称": "张*三", "客户类型": "对私"} == shown
    assert shown["风险特征"] == "1. 近7天转入笔数38（通常为2）"
    assert shown["近30天转入金额（元）"] == 123456.7
    assert shown["开户日期"].date() == date(2026, 2, 20)
    # not in the vault: the pseudonym itself, never nothing
    assert sheet.cell(3, column_of(sheet, "账号")).value == pseudonym("account", "c")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("http://x")', "\t=1", "007"])
def test_text_from_outside_stays_text(write, text):
    row = account(1, branch_name=text, reasons=[{"code": "x", "text": text, "value": text}])
    (file,) = write({"risk_list_private": arrow("risk_list_private", [row])})
    sheet = sheet_of(file, "对私账户")
    for heading, wanted in (("所属机构", text), ("风险特征", f"1. {text}")):
        cell = sheet.cell(2, column_of(sheet, heading))
        assert (cell.data_type, cell.value) == ("s", wanted)
        assert cell.hyperlink is None


def test_sheets_are_frozen_filtered_protected_and_ready_to_print(write):
    lists = {
        "risk_list_private": arrow("risk_list_private", [account(1)]),
        "risk_list_corporate": arrow("risk_list_corporate", [account(1, customer_type="corporate")]),
        "risk_list_cards": arrow("risk_list_cards", [card(1, branch_id="91000")]),
    }
    (file,) = write(lists)
    book = openpyxl.load_workbook(file)
    assert book.sheetnames == ["填写说明", "对私账户", "对公账户", "号卡"]
    for sheet, table in zip(book.worksheets[1:], lists, strict=True):
        asked = answers(table)
        first = len(COLUMNS[table]) + 1
        last = sheet.cell(1, first + len(asked) - 1).column_letter
        assert sheet.freeze_panes == "E2"
        assert sheet.auto_filter.ref == f"A1:{last}2"
        assert sheet.protection.sheet
        assert (sheet.page_setup.orientation, sheet.page_setup.fitToHeight) == ("landscape", 0)
        assert sheet.print_title_rows == "$1:$1"
        assert "内部资料" in sheet.oddHeader.center.text
        assert "云屿银行001支行" in sheet.oddHeader.left.text or table == "risk_list_cards"
        unlocked = [cell.column for cell in sheet[2] if not cell.protection.locked]
        assert unlocked == list(range(first, first + len(asked)))
        hidden = [sheet.cell(1, first + len(asked) + n) for n in range(len(KEYS))]
        assert [cell.value for cell in hidden] == list(KEYS)
        assert all(sheet.column_dimensions[hidden[0].column_letter].hidden for _ in hidden)


def test_answers_are_held_to_their_drop_downs_lengths_and_dates(write):
    rows = [account(1, "a"), account(2, "c")]
    (file,) = write({"risk_list_private": arrow("risk_list_private", rows)})
    sheet = sheet_of(file, "对私账户")
    rules = {str(v.sqref): (v.type, v.operator, v.formula1) for v in sheet.data_validations.dataValidation}
    at = {
        name: f"{sheet.cell(1, column_of(sheet, name)).column_letter}2:"
        f"{sheet.cell(1, column_of(sheet, name)).column_letter}3"
        for name in ("是否异常", "分析说明（必填）", "是否已管控", "管控措施", "可疑线索登记", "反馈日期")
    }
    assert rules[at["是否异常"]] == ("list", None, '"是,否"')
    assert rules[at["是否已管控"]] == ("list", None, '"是,否"')
    assert rules[at["可疑线索登记"]] == ("list", None, '"是,否"')
    assert rules[at["管控措施"]] == ("list", None, '"限制账户交易渠道,设定交易限额,开放名单,其他"')
    assert rules[at["分析说明（必填）"]] == ("textLength", "lessThanOrEqual", "1000")
    assert rules[at["反馈日期"]] == ("date", "greaterThanOrEqual", "46087")  # 2026-03-06


def test_english_by_setting(write):
    (file,) = write({"risk_list_private": arrow("risk_list_private", [account(1)])}, "en")
    book = openpyxl.load_workbook(file)
    assert book.sheetnames == ["Read me", "Private accounts"]
    assert [cell.value for cell in book["Private accounts"][1]][:4] == ["Rank", "Label", "Score", "Account"]
