"""Is a file a valid Open Data Contract? Checked against the JSON schema that `pyodcs` pins."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import yaml
from jsonschema import Draft201909Validator

from conf.errors import RiskvaneError

FastLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class ContractError(RiskvaneError):
    """A contract file is wrong; `problems` holds one sentence per place."""

    def __init__(self, file: Path, problems: Sequence[str]) -> None:
        super().__init__("\n  - ".join([f"contract {file.name} is not valid ({file}):", *problems]))
        self.problems = list(problems)


def document(file: Path) -> dict:
    """The file's content as ODCS 3.1 with exactly one table. Raises ContractError naming file and places."""
    import pyodcs

    if not file.is_file():
        raise ContractError(file, ["the file does not exist"])
    text = file.read_text(encoding="utf-8")
    parsed = pyodcs.parse_and_validate(text)
    if not pyodcs.is_valid(parsed):
        errors = [d for d in parsed["diagnostics"] if d["severity"] == "error"]
        raise ContractError(
            file, _places(text) or [f"{d.get('object_ref', 'file')}: {d['message']}" for d in errors]
        )
    content = yaml.load(text, Loader=FastLoader)
    if (found := len(content.get("schema", []))) != 1:
        raise ContractError(file, [f"schema: wanted one table, found {found}"])
    return content


def _places(text: str) -> list[str]:
    """What the JSON schema says, place by place: slower than the parser's verdict, which stops at the first."""
    try:
        content = yaml.load(text, Loader=FastLoader)
    except yaml.YAMLError as error:
        return [f"not YAML: {' '.join(str(error).split())}"]
    found = (f"{error.json_path}: {error.message}" for error in _validator().iter_errors(content))
    return list(dict.fromkeys(found))


@cache
def _validator() -> Draft201909Validator:
    import pyodcs

    return Draft201909Validator(pyodcs.pinned_schema())
