import re
from html.parser import HTMLParser

import pytest

from conf.errors import RiskvaneError
from review.morning import load_morning
from review.report import write_report
from tests.review.rows import AS_OF, CLEAR

FINDINGS = {
    "schemes": {
        "S01": {"planted": 4, "found": 3, "share": 0.75, "median_days": 2.5},
        "S99": {"planted": 2, "found": 0, "share": 0.0, "median_days": None},  # none found, no words for it
    },
    "head": {"account": {"share": 0.5, "random_share": 0.01}, "card": {"share": None, "random_share": None}},
}
VOID = {"meta", "link", "img", "br", "hr", "input"}


class Balance(HTMLParser):
    """Checks that tags close in order; collects text, ids and what refers to other places."""

    def __init__(self):
        super().__init__()
        self.open, self.refers, self.text, self.metas = [], [], [], []

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.refers += [values[name] for name in ("src", "href", "action", "data") if name in values]
        self.metas += [values] if tag == "meta" else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        assert tag == "line"  # of a chart; nothing else closes itself

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture
def page(published):
    def write(findings=None, **changes):
        settings = published.with_(**changes)
        morning = load_morning(settings, AS_OF, "worklist", "test")
        file = write_report(settings, morning, findings)
        assert file == settings.reports / "2026-03-06" / "index.html"
        return file.read_text(encoding="utf-8")

    return write


def parsed(html):
    parser = Balance()
    parser.feed(html)
    assert parser.open == []
    return parser


def test_the_page_is_whole_html_that_refers_to_nothing_outside(page):
    html = page(FINDINGS)
    parser = parsed(html)
    assert parser.refers == []
    assert not re.search(r"https?://|@import|url\(|<script", html)
    assert {"charset": "utf-8"} in parser.metas
    assert any(meta.get("name") == "viewport" for meta in parser.metas)


def test_the_page_and_the_record_of_reads_hold_no_clear_identifier_but_masked_ones(page, published, names):
    html = page()
    assert [value for value in CLEAR.values() if value in html] == []
    assert "9900***8901" in html
    assert "900****1234" in html
    assert "张*三" in html


def test_the_page_says_in_one_sentence_what_the_night_did(page):
    text = " ".join("".join(parsed(page()).text).split())
    sentence = (
        "2026年3月6日 清晨：读入 1,000 行（隔离 1 行，重复 4 行，迟到 5 行），给 4 个账户和号卡打分，"
        "3 个列入名单（红 2、黄 1、绿 0），交 2 个机构核查。"
    )
    assert sentence in text
    assert "duration_s: <not> a number" in text  # escaped in the source, read back by the parser


def test_text_from_data_cannot_become_markup(page):
    assert "<not>" not in page()


def test_findings_are_shown_only_where_the_truth_is_known(page):
    assert "与模拟真相对照" not in page()
    html = page(FINDINGS)
    assert "与模拟真相对照" in html
    assert "3 / 4" in html
    assert "2.5" in html


def test_a_rerun_writes_the_same_page(page):
    assert page() == page()


def test_english_by_setting(page):
    html = page(language="en")
    assert "On the morning of 2026-03-06 the night read 1,000 rows" in html
    assert 'lang="en"' in html


def test_a_morning_without_lists_is_refused_with_the_days_that_exist(published):
    with pytest.raises(RiskvaneError, match="2026-03-06"):
        load_morning(published, AS_OF.replace(day=1), "worklist", "test")
