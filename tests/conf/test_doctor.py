"""The doctor: each thing that can be missing is found, and comes with a cure."""

import sqlite3

import pytest

from conf import doctor
from conf.doctor import Finding, diagnose, wrong_packages
from conf.errors import RiskvaneError


def finding(settings, subject: str) -> Finding:
    (found,) = [f for f in diagnose(settings) if f.subject.startswith(subject)]
    return found


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("pytest==0.1 \\", ["pytest is {found}, wanted ==0.1"]),
        ("no-such-package==1.0 \\", ["no-such-package is missing"]),
        ('no-such-package==1.0 ; sys_platform == "win32" \\', []),  # not for this machine
        ("    --hash=sha256:00==", []),
        ("# pytest==0.1", []),
    ],
)
def test_packages_are_held_against_the_lock(line, expected):
    assert wrong_packages([line]) == [text.format(found=pytest.__version__) for text in expected]


def test_every_finding_that_is_wrong_has_a_cure(settings):
    wrong = [found for found in diagnose(settings) if not found.ok]
    assert wrong  # the folders of the fixture are empty: no keys, no landing, no Airflow
    assert [found for found in wrong if not found.cure] == []


def test_a_missing_java_is_named_with_its_package(settings, monkeypatch):
    def none() -> int:
        raise RiskvaneError("wanted Java 17 or newer, found none")

    monkeypatch.setattr(doctor, "java_version", none)
    assert finding(settings, "Java") == Finding(
        False, "Java", "wanted Java 17 or newer, found none", doctor.JAVA_CURE
    )


def test_an_old_java_is_wrong(settings, monkeypatch):
    monkeypatch.setattr(doctor, "java_version", lambda: 11)
    assert not finding(settings, "Java").ok


@pytest.mark.parametrize(("mode", "ok"), [(0o600, True), (0o640, False), (0o604, False)])
def test_a_key_that_others_can_read_is_wrong(settings, mode, ok):
    settings.keys.mkdir()
    key = settings.keys / "pseudonym-1.key"
    key.write_bytes(bytes(32))
    key.chmod(mode)
    found = finding(settings, "pseudonym keys")
    assert found.ok is ok
    assert ok or found.cure == f"chmod 600 {key}"


@pytest.mark.parametrize(
    ("name", "value"),
    [("GX_ANALYTICS_ENABLED", "true"), ("MLFLOW_DISABLE_TELEMETRY", ""), ("MLFLOW_DISABLE_TELEMETRY", "0")],
)
def test_telemetry_that_is_on_is_wrong(settings, monkeypatch, name, value):
    assert finding(settings, "telemetry").ok
    monkeypatch.setenv(name, value)
    assert not finding(settings, "telemetry").ok


def test_airflow_without_its_pool_is_wrong(settings):
    settings.airflow_home.mkdir()
    database = settings.airflow_home / "airflow.db"
    assert not finding(settings, "Airflow's database").ok  # none yet
    with sqlite3.connect(database) as connection:
        assert not finding(settings, "Airflow's database").ok  # begun, no tables
        connection.execute("create table slot_pool (pool text, slots int)")
        connection.commit()
        assert not finding(settings, "Airflow's database").ok
        connection.execute("insert into slot_pool values ('riskvane_writers', 1)")
    assert finding(settings, "Airflow's database") == Finding(
        True, "Airflow's database", "pool riskvane_writers with 1 slots", doctor.SETUP
    )


def test_an_unknown_time_zone_is_wrong(settings):
    assert not finding(settings.with_(timezone="Asia/Nowhere"), "time zone").ok
