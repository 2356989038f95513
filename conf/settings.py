"""Typed settings: `base.yaml`, one small file per environment, then `RISKVANE_<KEY>` variables."""

import hashlib
import os
import subprocess
from dataclasses import dataclass, fields, replace
from datetime import time
from pathlib import Path
from typing import Any, get_type_hints

import yaml

from conf.errors import UsageError

CONF = Path(__file__).parent
PREFIX = "RISKVANE_"
NOT_SETTINGS = {"RISKVANE_ENV", "RISKVANE_HOME"}


@dataclass(frozen=True)
class Settings:
    """Everything that may differ between environments, and nothing else. Paths are absolute."""

    home: Path
    environment: str
    timezone: str
    cutoff: time  # rows received before this time of `as_of` count for that morning
    language: str  # of labels, reasons and workbooks: zh or en
    sources: tuple[str, ...]  # mappings in conf/sources that a night takes in
    scenarios: tuple[str, ...]  # files in conf/scenarios that a night scores
    landing: Path
    lake: Path
    keys: Path
    vault: Path
    reports: Path
    worklists: Path
    data_docs: Path
    truth: Path | None  # ground truth of a simulated province; only the report's evaluation reads it
    mlflow_uri: str
    mlflow_artifacts: Path
    airflow_home: Path
    airflow_retry_seconds: int
    max_quarantined_share: float  # above it a table of the night is refused
    max_duplicate_share: float  # above it a delivery is taken for a repetition and refused
    screening_every_night: bool
    feature_buckets: (
        int  # parts into which kept days fall by subject, a power of two; a task of features takes one
    )
    only_subjects: (
        Path | None
    )  # file of numbers, one a line: scoring looks at these customers and subjects only
    spark_master: str
    spark_driver_memory: str
    spark_shuffle_partitions: int
    spark_startup_archive: bool  # class-data archive: a session starts some seconds sooner

    def with_(self, **changes: Any) -> "Settings":
        """A copy with some values changed, for tests and one-off runs."""
        return replace(self, **changes)


@dataclass(frozen=True)
class Origin:
    """One setting, its value, and where that value came from."""

    key: str
    value: Any
    source: str


def load_settings(environment: str | None = None, home: Path | None = None) -> Settings:
    """The settings of `environment` (default: `RISKVANE_ENV`, else `local`) under `home`.

    Raises UsageError for an unknown environment, an unknown key (named), a missing key or a wrong type.
    """
    return _load(environment, home)[0]


def explain_settings(environment: str | None = None, home: Path | None = None) -> list[Origin]:
    """Each setting with the file or variable that its value came from."""
    settings, sources = _load(environment, home)
    return [Origin(f.name, getattr(settings, f.name), sources[f.name]) for f in fields(settings)]


def _load(environment: str | None, home: Path | None) -> tuple[Settings, dict[str, str]]:
    environment = environment or os.environ.get("RISKVANE_ENV", "local")
    home = (home or project_home()).resolve()
    values: dict[str, Any] = {"home": str(home), "environment": environment}
    sources = {"home": "RISKVANE_HOME or the project folder", "environment": "RISKVANE_ENV or the command"}
    known = {f.name for f in fields(Settings)}
    own_file = CONF / f"{environment}.yaml"
    if not own_file.is_file() or environment in ("base", ""):
        raise UsageError(
            f"environment {environment!r} has no file conf/{environment}.yaml; found {environments()}"
        )
    for file in (CONF / "base.yaml", own_file):
        given = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
        if unknown := sorted(given.keys() - known):
            raise UsageError(f"conf/{file.name}: unknown settings {unknown}; known are {sorted(known)}")
        values |= given
        sources |= dict.fromkeys(given, f"conf/{file.name}")
    for name, text in sorted(os.environ.items()):
        if name.startswith(PREFIX) and name not in NOT_SETTINGS:
            key = name.removeprefix(PREFIX).lower()
            if key not in known:
                raise UsageError(f"variable {name}: unknown setting {key!r}; known are {sorted(known)}")
            values[key] = yaml.safe_load(text)
            sources[key] = f"variable {name}"
    if missing := sorted(known - values.keys()):
        raise UsageError(f"conf/{environment}.yaml and base.yaml: settings {missing} are missing")
    types = get_type_hints(Settings)
    typed = {key: _typed(key, value, types[key], home, sources[key]) for key, value in values.items()}
    # SQLAlchemy reads three slashes as "from the current folder", which differs between tasks.
    if typed["mlflow_uri"].startswith("sqlite:///") and not typed["mlflow_uri"].startswith("sqlite:////"):
        typed["mlflow_uri"] = f"sqlite:///{home / typed['mlflow_uri'].removeprefix('sqlite:///')}"
    if typed["language"] not in ("zh", "en"):
        raise UsageError(f"setting language: wanted zh or en, found {typed['language']!r}")
    return Settings(**typed), sources


def _typed(key: str, value: Any, wanted: Any, home: Path, source: str) -> Any:
    try:
        if wanted is Path or (wanted == Path | None and value is not None):
            return home / os.path.expanduser(str(value))
        if wanted == tuple[str, ...]:
            if isinstance(value, str):
                value = [part.strip() for part in value.split(",")]
            return tuple(str(part) for part in value)
        if wanted is time:
            # YAML reads an unquoted 02:00 as the number of minutes
            return time(*divmod(value, 60)) if isinstance(value, int) else time.fromisoformat(value)
        if wanted is float and isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        if wanted == Path | None or (
            isinstance(value, wanted) and (wanted is bool) == isinstance(value, bool)
        ):
            return value
    except (TypeError, ValueError) as error:
        raise UsageError(f"setting {key} ({source}): cannot read {value!r}: {error}") from error
    raise UsageError(
        f"setting {key} ({source}): wanted {getattr(wanted, '__name__', wanted)}, found {value!r}"
    )


def environments() -> list[str]:
    """Names of the environments that have a file."""
    return sorted(f.stem for f in CONF.glob("*.yaml") if f.stem != "base")


def project_home() -> Path:
    """The folder that relative paths start from: `RISKVANE_HOME`, else the project above here, else here."""
    if given := os.environ.get("RISKVANE_HOME"):
        return Path(given)
    here = Path.cwd()
    return next(
        (p for p in (here, *here.parents) if (p / "setup.cfg").is_file() and (p / "conf").is_dir()), here
    )


def config_hash(settings: Settings) -> str:
    """SHA-256 over everything that decides what a night writes: settings, mappings, scenarios."""
    digest = hashlib.sha256()
    for field in fields(settings):
        if field.name not in ("home", "environment"):
            value = getattr(settings, field.name)
            text = str(value).replace(f"{settings.home}/", "")
            digest.update(f"{field.name}={text}\n".encode())
    for file in sorted([*CONF.glob("scenarios/*.yaml"), *CONF.glob("sources/*.yaml")]):
        digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()


def code_version() -> str:
    """The commit of the checkout (`-dirty` with local changes), else the installed version."""
    try:
        described = subprocess.run(
            ["git", "-C", str(CONF), "describe", "--always", "--dirty", "--exclude=*"],
            capture_output=True,
            text=True,
            check=True,
            timeout=20,
        )
        return described.stdout.strip()
    except (OSError, subprocess.SubprocessError):
        from importlib.metadata import version

        return version("riskvane")
