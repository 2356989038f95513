"""Is there anything to work on for a morning? Plain Python: looks at the names of files and folders only."""

from datetime import date
from typing import NoReturn

from airflow.sdk.exceptions import AirflowSkipException

from conf.errors import DataRefused
from conf.settings import Settings
from conf.sources import TABLE_FORMATS, Feed, Source, load_sources

FEATURE_TABLES = ("account_features", "card_features")


def landed_feeds(settings: Settings, as_of: date) -> list[str]:
    """Feeds (`source: feed`) of the night's sources that hold something for the morning `as_of`.

    Feeds with one place for all days count whenever that place is there, database tables always: whether they
    hold rows of the day is found out by `ingest`.
    """
    return [
        f"{source.name}: {feed.name}"
        for source in load_sources(settings)
        for feed in source.feeds
        if _is_there(settings, source, feed, as_of)
    ]


def _is_there(settings: Settings, source: Source, feed: Feed, as_of: date) -> bool:
    if feed.format in TABLE_FORMATS and "{day}" not in feed.path:
        return True
    pattern = feed.path.replace("{day}", feed.day_of(as_of).strftime(feed.day_format))
    return any(True for _ in source.folder(settings).glob(pattern))


def tables_without_features(settings: Settings, as_of: date) -> list[str]:
    """Feature tables that have never been written for the morning `as_of`."""
    return [t for t in FEATURE_TABLES if not (settings.lake / "features" / t / f"as_of={as_of}").is_dir()]


def stop(message: str, asked_for: str | None) -> NoReturn:
    """End the run with `message`: refused where a person asked for just this morning, else skipped.

    Un-pausing a DAG starts the morning of its last schedule; that must end in a sentence and not in an alarm.
    """
    if asked_for:
        raise DataRefused(message)
    raise AirflowSkipException(message)
