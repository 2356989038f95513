"""The one place where a DAG run finds its morning."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from airflow.sdk import Param

from conf.errors import UsageError
from conf.settings import load_settings

# In every templated field; a macro and not `ds`: a run that an asset started has no `ds` at all.
DAY = "{{ as_of(dag_run, params) }}"
ASKED_FOR = "{{ params.as_of or '' }}"  # empty where the schedule or an asset chose the morning
AS_OF_PARAM = Param(
    None,
    type=["null", "string"],
    format="date",
    title="as_of",
    description="Morning whose list is delivered (YYYY-MM-DD). Empty: the morning of the schedule or of the asset.",
)


def as_of(dag_run: Any, params: Mapping[str, Any]) -> str:
    """The morning of a run as YYYY-MM-DD: `params.as_of`, else its partition key, else its logical date.

    The logical date is an instant; its day in the business time zone counts. UsageError where the run has
    none of the three or one that is no date: no run ever falls back to today.
    """
    if given := params.get("as_of"):
        return _day(given, "parameter as_of")
    if key := getattr(dag_run, "partition_key", None):
        return _day(key, "partition key")
    if logical_date := getattr(dag_run, "logical_date", None):
        return logical_date.astimezone(ZoneInfo(load_settings().timezone)).date().isoformat()
    raise UsageError(
        "this run has no morning: wanted the parameter as_of, a partition key or a logical date, found none; "
        'trigger it with {"as_of": "YYYY-MM-DD"}'
    )


def _day(text: str, what: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except (TypeError, ValueError):
        raise UsageError(f"{what}: wanted a date YYYY-MM-DD, found {text!r}") from None
