"""The columns of the lists as people read them: headings, widths, masks, and what reviewers fill in."""

from dataclasses import dataclass

LISTS = ("risk_list_private", "risk_list_corporate", "risk_list_cards")


@dataclass(frozen=True)
class ListColumn:
    """One column of a list. Columns that the contract marks as pseudonyms are shown revealed and masked."""

    name: str
    zh: str
    en: str
    width: int
    kind: str = "text"  # text, count, amount, score, date

    def heading(self, language: str) -> str:
        """The words above the column."""
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True)
class AnswerColumn:
    """One column that a reviewer fills in; `choices` is a drop-down of (zh, en)."""

    name: str
    zh: str
    en: str
    width: int
    kind: str = "text"  # text, choice, date
    choices: tuple[tuple[str, str], ...] = ()
    longest: int | None = None  # characters

    def heading(self, language: str) -> str:
        """The words above the column."""
        return self.zh if language == "zh" else self.en

    def options(self, language: str) -> list[str]:
        """The drop-down's entries."""
        return [zh if language == "zh" else en for zh, en in self.choices]


YES_NO = (("是", "yes"), ("否", "no"))
MEASURES = (
    ("限制账户交易渠道", "restrict channels of the account"),
    ("设定交易限额", "set transaction limits"),
    ("开放名单", "open list"),
    ("其他", "other"),
)
CARD_MEASURES = (
    ("关停", "stop the card"),
    ("二次核验", "second identity check"),
    ("预警", "warn"),
    ("转办", "refer"),
    ("其他", "other"),
)
LONGEST_ANALYSIS = 1000

HEAD = (
    ListColumn("rank", "序号", "Rank", 5, "count"),
    ListColumn("risk_label", "风险标签", "Label", 6),
    ListColumn("risk_score", "风险分值", "Score", 7, "score"),
)
TAIL = (
    ListColumn("reasons", "风险特征", "Reasons", 52),
    ListColumn("control_suggestion", "管控建议", "Suggestion", 20),
)
ACCOUNT = (
    ListColumn("subject_id", "账号", "Account", 14),
    ListColumn("scenario", "场景", "Scenario", 13),
    ListColumn("customer_type", "客户类型", "Customer type", 7),
    ListColumn("customer_id", "客户号", "Customer no.", 11),
    ListColumn("name_id", "客户名称", "Name", 12),
    ListColumn("second_level_branch", "二级分行", "Second-level branch", 14),
    ListColumn("branch_name", "所属机构", "Branch", 16),
    ListColumn("branch_id", "机构号", "Branch no.", 8),
    ListColumn("opened_on", "开户日期", "Opened on", 11, "date"),
    ListColumn("as_of", "生成日期", "List of", 11, "date"),
    ListColumn("inbound_count_30d", "近30天转入笔数", "Credits, 30 d", 8, "count"),
    ListColumn("inbound_amount_30d", "近30天转入金额（元）", "Money in, 30 d (yuan)", 13, "amount"),
    ListColumn("outbound_count_30d", "近30天转出笔数", "Debits, 30 d", 8, "count"),
    ListColumn("outbound_amount_30d", "近30天转出金额（元）", "Money out, 30 d (yuan)", 13, "amount"),
)
CORPORATE = (
    ListColumn("company_to_private_count_30d", "近30天公转私笔数", "Company to private, 30 d", 10, "count"),
    ListColumn(
        "company_to_private_amount_30d", "近30天公转私金额（元）", "Company to private (yuan)", 16, "amount"
    ),
    ListColumn("private_to_company_count_30d", "近30天私转公笔数", "Private to company, 30 d", 10, "count"),
    ListColumn(
        "private_to_company_amount_30d", "近30天私转公金额（元）", "Private to company (yuan)", 16, "amount"
    ),
)
CARD = (
    ListColumn("subject_id", "号码", "Card number", 14),
    ListColumn("scenario", "场景", "Scenario", 13),
    ListColumn("card_kind", "号卡类型", "Card kind", 7),
    ListColumn("customer_id", "客户号", "Customer no.", 11),
    ListColumn("owner_name_id", "客户名称", "Owner", 14),
    ListColumn("platform", "平台", "Platform", 8),
    ListColumn("home_county", "归属区县", "Home county", 9),
    ListColumn("opened_on", "入网日期", "Opened on", 11, "date"),
    ListColumn("as_of", "发现日期", "Found on", 11, "date"),
    ListColumn("sales_channel", "入网渠道", "Sales channel", 9),
    ListColumn("tariff", "资费", "Tariff", 12),
    ListColumn("imei_id", "IMEI", "IMEI", 13),
)
COLUMNS = {
    "risk_list_private": (*HEAD, *ACCOUNT, *TAIL),
    "risk_list_corporate": (*HEAD, *ACCOUNT, *CORPORATE, *TAIL),
    "risk_list_cards": (*HEAD, *CARD, *TAIL),
}


def answers(table: str) -> tuple[AnswerColumn, ...]:
    """What the reviewer of `table` fills in (W13)."""
    measures = CARD_MEASURES if table == "risk_list_cards" else MEASURES
    return (
        AnswerColumn("abnormal", "是否异常", "Abnormal", 10, "choice", YES_NO),
        AnswerColumn("analysis", "分析说明（必填）", "Analysis (required)", 40, longest=LONGEST_ANALYSIS),
        AnswerColumn("controlled", "是否已管控", "Controlled", 10, "choice", YES_NO),
        AnswerColumn("measure", "管控措施", "Measure", 20, "choice", measures),
        AnswerColumn("reason_not_controlled", "未管控原因", "Why not controlled", 24, longest=200),
        AnswerColumn("suspicious_lead", "可疑线索登记", "Suspicious lead", 12, "choice", YES_NO),
        AnswerColumn("remark", "备注", "Remark", 24, longest=200),
        AnswerColumn("attachment", "附件", "Attachment", 18, longest=200),
        AnswerColumn("answered_on", "反馈日期", "Answered on", 12, "date"),
        AnswerColumn("operator_id", "操作员号", "Operator no.", 12, longest=20),
    )
