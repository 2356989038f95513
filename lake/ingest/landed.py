"""What has landed: which files belong to which morning. Plain Python, before a row is read."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from conf.days import DayRange
from conf.errors import DataRefused
from conf.settings import Settings
from conf.sources import TABLE_FORMATS, Feed, Source

MANIFEST = "_MANIFEST.json"
LATEST_DELIVERY_DAYS = 7  # a whole delivery that comes later than this belongs into a later folder
DAY_PATTERNS = {"%Y": r"\d{4}", "%m": r"\d\d", "%d": r"\d\d"}


@dataclass(frozen=True)
class Promise:
    """What a manifest says about one file."""

    size: int | None = None
    sha256: str | None = None
    rows: int | None = None


@dataclass(frozen=True)
class LandedFile:
    """One file of a feed, and the first morning whose night may know it."""

    path: Path
    name: str  # path under the source's folder
    as_of: date | None  # None: one place for all days, and only the rows tell
    delivered_at: datetime  # with time zone
    # A manifest tells when the delivery was complete. Without one each row's received_at decides on its morning.
    dated_by_row: bool = False
    promise: Promise = Promise()


@dataclass(frozen=True)
class Delivery:
    """Everything that one feed brings to a range of mornings."""

    source: Source
    feed: Feed
    files: tuple[LandedFile, ...]
    problems: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to read; tables that are asked always have something to say."""
        return not self.files and self.feed.format not in TABLE_FORMATS


def deliveries(source: Source, settings: Settings, days: DayRange) -> list[Delivery]:
    """One delivery per feed of `source` for the mornings `days`, with every problem that listing alone shows.

    Raises DataRefused when the source brought nothing at all, or a manifest cannot be believed.
    """
    found = [_delivery(source, feed, settings, days) for feed in source.feeds]
    if all(delivery.is_empty for delivery in found):
        raise DataRefused(_nothing(source, settings, days))
    return found


def _delivery(source: Source, feed: Feed, settings: Settings, days: DayRange) -> Delivery:
    if feed.format in TABLE_FORMATS:
        return Delivery(source, feed, ())
    root = source.folder(settings)
    if feed.days_before is None:
        moment = _moment(days.first, feed.delivered_at, settings)
        by_row = "received_at" in feed.columns  # else it is a snapshot, known on the morning it is taken
        as_of = None if by_row else days.first
        files = [
            LandedFile(path, _name(path, root), as_of, moment, dated_by_row=by_row)
            for path in _matches(root, feed.path)
        ]
        problems = (
            [] if files or feed.optional else [f"{source.name}: {feed.name}: no file {root / feed.path}"]
        )
        return Delivery(source, feed, tuple(files), tuple(problems))
    files, problems = [], []
    by_row = "received_at" in feed.columns
    for morning in DayRange(days.first - timedelta(days=LATEST_DELIVERY_DAYS), days.last):
        for file in _of_morning(feed, root, morning, settings, by_row):
            # Rows of yesterday's delivery that came after its cut-off belong to this morning.
            reach = timedelta(days=1 if file.dated_by_row else 0)
            if file.as_of and days.first <= file.as_of + reach and file.as_of <= days.last:
                files.append(file)
    if not feed.optional:
        problems += _missing(source, feed, root, days, {file.as_of for file in files if file.as_of})
    return Delivery(source, feed, tuple(files), tuple(problems))


def _of_morning(
    feed: Feed, root: Path, morning: date, settings: Settings, by_row: bool
) -> Iterator[LandedFile]:
    """The files of the folder that is meant for `morning`; a delivery after the cut-off counts for a later one."""
    paths = _matches(root, feed.path.replace("{day}", feed.day_of(morning).strftime(feed.day_format)))
    if not paths:
        return
    manifest = paths[0].parent / MANIFEST
    if not manifest.is_file():
        moment = _moment(morning, feed.delivered_at, settings)
        for path in paths:
            yield LandedFile(path, _name(path, root), morning, moment, dated_by_row=by_row)
        return
    promises, delivered_at = _read_manifest(manifest, settings)
    if "{day}" in feed.path.rpartition("/")[0]:
        present = {path.name for path in paths}
        if gone := sorted(set(promises) - present - {file.name for file in manifest.parent.iterdir()}):
            raise DataRefused(
                f"{manifest} names {', '.join(gone)}, which did not land; ask for a new delivery"
            )
    moment = delivered_at or _moment(morning, feed.delivered_at, settings)
    local = moment.astimezone(ZoneInfo(settings.timezone)).replace(tzinfo=None)
    known = (local - _since_midnight(settings.cutoff)).date() + timedelta(days=1)
    for path in paths:
        promise = promises.get(path.name, Promise())
        yield LandedFile(path, _name(path, root), max(morning, known), moment, promise=promise)


def _read_manifest(file: Path, settings: Settings) -> tuple[dict[str, Promise], datetime | None]:
    try:
        raw = json.loads(file.read_text(encoding="utf-8"))
        promises = {f["name"]: Promise(f.get("bytes"), f.get("sha256"), f.get("rows")) for f in raw["files"]}
        moment = datetime.fromisoformat(raw["delivered_at"]) if raw.get("delivered_at") else None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataRefused(
            f"{file}: wanted files (name, bytes, sha256) and delivered_at, found {error!r}"
        ) from error
    if moment is not None and moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(settings.timezone))
    return promises, moment


def _missing(source: Source, feed: Feed, root: Path, days: DayRange, present: set[date]) -> list[str]:
    """Sentences for mornings on which a feed that must deliver did not; before its first delivery nothing is due."""
    landed = landed_days(feed, root)
    if not landed:
        return [f"{source.name}: {feed.name} has never landed under {root}; wanted {feed.path}"]
    due = [day for day in days if day >= landed[0] and day not in present]
    if not due:
        return []
    shown = ", ".join(map(str, due[:3])) + (f" and {len(due) - 3} more" if len(due) > 3 else "")
    place = root / feed.path.replace("{day}", feed.day_of(due[0]).strftime(feed.day_format))
    return [
        f"{source.name}: {feed.name} has not landed for {shown} (wanted {place}); newest morning there is {landed[-1]}"
    ]


def landed_days(feed: Feed, root: Path) -> list[date]:
    """The mornings for which a folder or file of the feed exists, oldest first."""
    name = re.escape(feed.day_format)
    for directive, digits in DAY_PATTERNS.items():
        name = name.replace(re.escape(directive), digits)
    before, _, after = feed.path.partition("{day}")
    pattern = re.compile(re.escape(before) + f"(?P<day>{name})" + re.escape(after).replace(r"\*", "[^/]*"))
    found = set()
    for path in root.glob(feed.path.replace("{day}", "*")):
        if match := pattern.fullmatch(path.relative_to(root).as_posix()):
            day = datetime.strptime(match["day"], feed.day_format).date()
            found.add(day + timedelta(days=feed.days_before or 0))
    return sorted(found)


def _nothing(source: Source, settings: Settings, days: DayRange) -> str:
    root = source.folder(settings)
    dated = [
        feed for feed in source.feeds if feed.days_before is not None and feed.format not in TABLE_FORMATS
    ]
    newest = max((day for feed in dated for day in landed_days(feed, root)[-1:]), default=None)
    end = f"newest day there is {newest}" if newest else "the folder holds no delivery of this source"
    return f"nothing has landed for {days} of source {source.name} under {root}; {end}"


def _matches(root: Path, pattern: str) -> list[Path]:
    return sorted(path for path in root.glob(pattern) if not path.name.startswith(("_", ".")))


def _name(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()


def _moment(day: date, clock: time, settings: Settings) -> datetime:
    return datetime.combine(day, clock, ZoneInfo(settings.timezone))


def _since_midnight(clock: time) -> timedelta:
    return timedelta(hours=clock.hour, minutes=clock.minute, seconds=clock.second)
