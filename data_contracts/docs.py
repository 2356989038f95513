"""Pages of a check: Great Expectations' own pages, made to ask nothing of the network, under an index of ours."""

import re
import shutil
import tempfile
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from great_expectations.data_context import AbstractDataContext

    from data_contracts.suite import CheckResult

SITE = "checked_day"
# What the pages load from elsewhere: scripts, style sheets, the maker's logo and newsletter.
FROM_OUTSIDE = re.compile(
    r"<script\b.*?</script>|<style\b.*?</style>|<link\b[^>]*>|<img\b[^>]*>|<footer\b.*?</footer>", re.DOTALL
)
STYLE = """<style>
:root { color-scheme: light dark }
body { font: 15px/1.5 system-ui, "Noto Sans CJK SC", sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; margin: .5rem 0 1.5rem; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid #8885 }
h1 { font-size: 1.5rem } .ok, .text-success { color: #1a7f37 } .broken, .text-danger { color: #c62828 }
.badge { font-family: ui-monospace, monospace; font-size: .9em } .card:has(.btn-group), .navbar-brand { display: none }
.fa-check-circle::before { content: "\\2713" } .fa-times::before { content: "\\2717" } i { font-style: normal }
</style>"""


def write_docs(
    context: "AbstractDataContext", folder: Path, name: str, results: Sequence["CheckResult"]
) -> None:
    """Replace `folder` by the pages of everything that `context` has validated; the index says what broke."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".pages-") as part:
        _build(context, part)
        shutil.rmtree(Path(part) / "static", ignore_errors=True)
        for page in Path(part).rglob("*.html"):
            text = FROM_OUTSIDE.sub("", page.read_text(encoding="utf-8"))
            page.write_text(text.replace("</head>", f"{STYLE}</head>", 1), encoding="utf-8")
        (Path(part) / "index.html").write_text(_index(Path(part), name, results), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(part, folder)


def _build(context: "AbstractDataContext", folder: str) -> None:
    for site in context.get_site_names():
        context.delete_data_docs_site(site)
    config: Any = {
        "class_name": "SiteBuilder",
        "show_how_to_buttons": False,
        "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": folder},
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
    }
    context.add_data_docs_site(site_name=SITE, site_config=config)
    context.build_data_docs(site_names=[SITE])


def _index(folder: Path, name: str, results: Sequence["CheckResult"]) -> str:
    rows = []
    for result in results:
        page = next((folder / "validations" / result.table).rglob("*.html")).relative_to(folder)
        state = '<span class="ok">kept</span>' if result.ok else '<span class="broken">BROKEN</span>'
        problems = "<br>".join(escape(problem) for problem in result.problems)
        link = f'<a href="{escape(page.as_posix())}">{escape(result.table)}</a>'
        rows.append(f"<tr><td>{link}</td><td>{result.rows:,}</td><td>{state}</td><td>{problems}</td></tr>")
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(name)}: contracts</title>{STYLE}</head><body><h1>{escape(name)}: contracts</h1>"
        f"<table><thead><tr><th>table</th><th>rows</th><th>contract</th><th>what broke</th></tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></body></html>\n"
    )
