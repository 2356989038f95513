from pathlib import Path

from data_contracts.contract import all_contracts
from data_contracts.dictionary import PAGE, section, write_dictionary

ROOT = Path(__file__).parents[2]


def test_the_committed_page_is_what_the_contracts_say(tmp_path):
    made = write_dictionary(tmp_path / "page.md").read_text(encoding="utf-8")
    assert made == (ROOT / PAGE).read_text(encoding="utf-8"), "run `python -m data_contracts.dictionary`"


def test_a_table_is_described_with_grain_key_and_each_column(changed):
    assert section(changed()) == (
        "### payments\n\nPayments of the tests.\n\n"
        "- One row per payment.\n"
        "- Key: `payment_id`, `as_of`\n"
        "- Partitioned by `as_of`; kind daily; version 1.0.0; owner owner@example.org\n\n"
        "| column | type | unit | must | allowed | held as | meaning |\n"
        "| --- | --- | --- | --- | --- | --- | --- |\n"
        "| `as_of` | date |  | yes |  | clear, internal | Morning. |\n"
        "| `payment_id` | string |  | yes |  | clear, internal | Number of the payment. |\n"
        "| `account_id` | string |  |  |  | pseudonym: account | Who pays. |\n"
        "| `amount` | decimal(18,2) | yuan | yes | 0 to 1,000 | clear, internal | How much. |\n"
        "| `direction` | string |  |  | `in`, `out` | clear, internal | Which way. |\n"
    )


def test_a_changed_contract_changes_the_page(changed, tmp_path):
    contract = changed(("maximum: 1000", "maximum: 77"), ("Which way.", "To | or fro."))
    page = write_dictionary(tmp_path / "page.md", [contract]).read_text(encoding="utf-8")
    assert "0 to 77" in page
    assert "To \\| or fro." in page  # a bar must not open another cell


def test_every_table_and_column_is_on_the_page():
    page = (ROOT / PAGE).read_text(encoding="utf-8")
    for contract in all_contracts().values():
        assert f"### {contract.table}\n" in page
        assert all(f"| `{column.name}` |" in page for column in contract.columns)
