"""What is missing or wrong on this machine, each with its cure; behind `riskvane doctor`."""

import ctypes
import os
import shutil
import sqlite3
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import psutil
from packaging.requirements import Requirement

from conf.errors import RiskvaneError
from conf.jars import wrong_jars
from conf.settings import Settings
from conf.spark import JAVA_CURE, JAVA_WANTED, java_version

GIGABYTE = 1 << 30
DISK_WANTED = 5 * GIGABYTE  # the small province with its lake, models and logs takes about 2
MEMORY_WANTED = 3 * GIGABYTE  # driver and Python workers of one Spark application
POOL = "riskvane_writers"
SETUP = "run: make setup"


@dataclass(frozen=True)
class Finding:
    """What was looked at, what was found, and what to do when it is not ok."""

    ok: bool
    subject: str
    found: str
    cure: str


def diagnose(settings: Settings) -> list[Finding]:
    """All findings, one per part of the machine, in the order in which to cure them. Changes nothing."""
    return [finding for check in CHECKS for finding in check(settings)]


def _python(_: Settings) -> Iterator[Finding]:
    found = ".".join(map(str, sys.version_info[:3]))
    ok = (3, 11) <= sys.version_info[:2] <= (3, 13)
    yield Finding(ok, "Python", found, "wanted 3.11 to 3.13: install one, remove .venv, then make setup")


def _packages(settings: Settings) -> Iterator[Finding]:
    lock = settings.home / "requirements" / "lock.txt"
    if not lock.is_file():
        yield Finding(False, "Python packages", f"no {lock}", "set RISKVANE_HOME to the project's folder")
        return
    wrong = wrong_packages(lock.read_text(encoding="utf-8").splitlines())
    yield Finding(not wrong, "Python packages", _first(wrong) or "as in requirements/lock.txt", SETUP)


def wrong_packages(lock: Iterable[str]) -> list[str]:
    """One phrase per locked package that this environment lacks or has in another version."""
    wrong = []
    for line in lock:
        if "==" not in line or line.startswith((" ", "#")):
            continue
        wanted = Requirement(line.rstrip(" \\"))
        if wanted.marker is not None and not wanted.marker.evaluate():
            continue
        try:
            found = version(wanted.name)
        except PackageNotFoundError:
            wrong.append(f"{wanted.name} is missing")
            continue
        if not wanted.specifier.contains(found, prereleases=True):
            wrong.append(f"{wanted.name} is {found}, wanted {wanted.specifier}")
    return wrong


def _java(_: Settings) -> Iterator[Finding]:
    try:
        found = java_version()
    except RiskvaneError as error:
        yield Finding(False, "Java", str(error), JAVA_CURE)
        return
    yield Finding(found >= JAVA_WANTED, "Java", str(found), JAVA_CURE)


def _jars(settings: Settings) -> Iterator[Finding]:
    wrong = wrong_jars(settings)
    yield Finding(not wrong, "Delta JARs", _first(wrong) or "in place, SHA-256 as locked", SETUP)


def _system(_: Settings) -> Iterator[Finding]:
    try:
        ctypes.CDLL("libgomp.so.1")
        found = "there"
    except OSError as error:
        found = str(error)
    yield Finding(found == "there", "libgomp (LightGBM)", found, "apt-get install libgomp1")
    ps = shutil.which("ps")
    yield Finding(ps is not None, "ps (Spark's scripts)", ps or "missing", "apt-get install procps")


def _room(settings: Settings) -> Iterator[Finding]:
    place = _existing(settings.lake)
    free = shutil.disk_usage(place).free
    cure = f"wanted {DISK_WANTED // GIGABYTE} GB: make room, or set `lake` to another disk"
    yield Finding(free >= DISK_WANTED, f"disk of {place}", f"{free / GIGABYTE:.0f} GB free", cure)
    memory = psutil.virtual_memory().available
    cure = f"wanted {MEMORY_WANTED // GIGABYTE} GB: stop other programs or lower `spark_driver_memory`"
    yield Finding(memory >= MEMORY_WANTED, "memory", f"{memory / GIGABYTE:.1f} GB available", cure)


def _folders(settings: Settings) -> Iterator[Finding]:
    names = ("lake", "reports", "worklists", "data_docs", "vault", "keys", "mlflow_artifacts", "airflow_home")
    closed = [
        f"{name} ({folder})"
        for name in names
        if not os.access(_existing(folder := getattr(settings, name)), os.W_OK)
    ]
    yield Finding(
        not closed, "folders to write in", _first(closed) or "all writable", "give this user the right"
    )
    landing = settings.landing
    ok = landing.is_dir() and os.access(landing, os.R_OK)
    cure = "deliver files there, set `landing`, or run: riskvane demo"
    yield Finding(ok, "landing folder", str(landing) if ok else f"no readable folder {landing}", cure)


def _keys(settings: Settings) -> Iterator[Finding]:
    files = sorted(settings.keys.glob("*.key"))
    if not files:
        yield Finding(
            False, "pseudonym keys", f"none in {settings.keys}", f"{SETUP} (or restore your own keys)"
        )
        return
    open_files = [str(file) for file in files if stat.S_IMODE(file.stat().st_mode) & 0o077]
    found = f"readable by others: {_first(open_files)}" if open_files else f"{len(files)}, mode 0600"
    yield Finding(not open_files, "pseudonym keys", found, f"chmod 600 {' '.join(open_files)}")


def _telemetry(_: Settings) -> Iterator[Finding]:
    wanted = {"GX_ANALYTICS_ENABLED": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    wrong = [
        f"{name}={os.environ.get(name, '')}"
        for name, value in wanted.items()
        if os.environ.get(name) != value
    ]
    cure = "export " + " ".join(f"{name}={value}" for name, value in wanted.items())
    yield Finding(not wrong, "telemetry", _first(wrong) or "off", cure)


def _airflow(settings: Settings) -> Iterator[Finding]:
    submit = Path(sys.executable).parent / "spark-submit"
    found = str(submit) if submit.is_file() else f"no {submit}"
    yield Finding(submit.is_file(), "spark-submit", found, SETUP)
    given = "AIRFLOW_CONN_RISKVANE_SPARK" in os.environ
    found = (
        "AIRFLOW_CONN_RISKVANE_SPARK" if given else f"master {settings.spark_master} (setting spark_master)"
    )
    yield Finding(True, "Airflow's Spark connection", found, "")
    if "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN" in os.environ:
        return  # a server database: `airflow db check` and `airflow pools list` tell more than we could
    database = settings.airflow_home / "airflow.db"
    slots = _pool_slots(database) if database.is_file() else None
    found = f"pool {POOL} with {slots} slots" if slots else f"no pool {POOL} in {database}"
    yield Finding(slots is not None, "Airflow's database", found, SETUP)


def _pool_slots(database: Path) -> int | None:
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        row = connection.execute("select slots from slot_pool where pool = ?", (POOL,)).fetchone()
    except sqlite3.OperationalError:  # an empty or half-made database: the same cure
        return None
    finally:
        connection.close()
    return row[0] if row else None


def _clock(settings: Settings) -> Iterator[Finding]:
    try:
        ZoneInfo(settings.timezone)
        yield Finding(True, "time zone", settings.timezone, "")
    except (ZoneInfoNotFoundError, ValueError):
        cure = "correct the setting `timezone`, or apt-get install tzdata"
        yield Finding(False, "time zone", f"{settings.timezone!r} is not known on this machine", cure)


def _existing(folder: Path) -> Path:
    """The folder itself, or the nearest one above it that exists."""
    return next(path for path in (folder, *folder.parents) if path.exists())


def _first(problems: list[str], shown: int = 3) -> str:
    more = f" and {len(problems) - shown} more" if len(problems) > shown else ""
    return "; ".join(problems[:shown]) + more


CHECKS: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
    _python, _packages, _java, _jars, _system, _room, _folders, _keys, _telemetry, _airflow, _clock,
)  # fmt: skip
