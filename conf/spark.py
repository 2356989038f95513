"""The one place where a Spark session is configured, for local sessions and for `spark-submit` alike."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from conf.errors import RiskvaneError
from conf.settings import CONF, Settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

JAVA_WANTED = 17
JAVA_CURE = "install Java 17 or newer: `apt-get install openjdk-17-jre-headless` (Debian, Ubuntu)"


def jars(settings: Settings) -> list[Path]:
    """The Delta JARs that `conf/jars.lock` names; fetched by `python -m conf.jars`."""
    names = [line.split()[1] for line in (CONF / "jars.lock").read_text().splitlines()]
    return [settings.home / "build" / "jars" / name for name in names]


def startup_archive(settings: Settings) -> Path:
    """Class-data archive of a Delta session, made once at set-up."""
    return settings.home / "build" / "spark" / "classes.jsa"


def properties(settings: Settings) -> dict[str, str]:
    """Spark properties of this environment, paths absolute."""
    class_path = ":".join(str(jar) for jar in jars(settings))
    archive = startup_archive(settings)
    java_options = [
        f"-Dlog4j2.configurationFile=file:{CONF / 'log4j2.properties'}",
        f"-Dderby.system.home={settings.home / 'build' / 'spark'}",
        f"-Duser.timezone={settings.timezone}",
    ]
    if settings.spark_master.startswith("local"):
        # Plans are wide and each runs once: the second compiler costs more than it gains on one small machine.
        # The first alone gets 48 MB for its code, which wide plans fill; then nothing would be compiled any more.
        java_options += ["-XX:ReservedCodeCacheSize=256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
        if settings.spark_startup_archive and archive.is_file():
            java_options += [f"-XX:SharedArchiveFile={archive}", "-Xshare:auto"]
    return {
        "spark.master": settings.spark_master,
        "spark.driver.memory": settings.spark_driver_memory,
        "spark.driver.extraClassPath": class_path,
        "spark.executor.extraClassPath": class_path,
        "spark.driver.extraJavaOptions": " ".join(java_options),
        "spark.executor.extraJavaOptions": f"-Duser.timezone={settings.timezone}",
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.sql.session.timeZone": settings.timezone,
        "spark.sql.shuffle.partitions": str(settings.spark_shuffle_partitions),
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        "spark.sql.warehouse.dir": str(settings.home / "build" / "spark" / "warehouse"),
        "spark.databricks.delta.snapshotPartitions": "2",
        # The files of a table are known from its log; listing them by a Spark job would only be slower.
        "spark.sql.sources.parallelPartitionDiscovery.threshold": "100000",
        # Small machines: the statistics job of a one-day commit costs more than it saves.
        "spark.databricks.delta.retentionDurationCheck.enabled": "true",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.eventLog.enabled": "false",
        "spark.pyspark.python": sys.executable,
        "spark.pyspark.driver.python": sys.executable,
    }


def write_properties(settings: Settings) -> Path:
    """Write the properties file that every `spark-submit` and local session of this environment reads."""
    file = settings.home / "build" / "spark" / f"{settings.environment}.conf"
    file.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(f"{key} {value}\n" for key, value in properties(settings).items())
    if not file.is_file() or file.read_text() != text:
        with tempfile.NamedTemporaryFile("w", dir=file.parent, delete=False) as part:
            part.write(text)
        Path(part.name).replace(file)
    return file


def java_version() -> int:
    """Major version of the Java that Spark will use; raises RiskvaneError where there is none."""
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=f"{home}/bin") if home else shutil.which("java")
    if java is None:
        raise RiskvaneError(f"wanted Java {JAVA_WANTED} or newer, found none; {JAVA_CURE}")
    shown = subprocess.run([java, "-version"], capture_output=True, text=True, check=True, timeout=60).stderr
    number = shown.split('"')[1].split(".")
    return int(number[1] if number[0] == "1" else number[0])


def spark_session(app_name: str, settings: Settings) -> "SparkSession":
    """The session of this process. Under `spark-submit` its properties came with the call; else from here."""
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    if "PYSPARK_GATEWAY_PORT" not in os.environ:
        if (found := java_version()) < JAVA_WANTED:
            raise RiskvaneError(f"wanted Java {JAVA_WANTED} or newer, found {found}; {JAVA_CURE}")
        if missing := [str(jar) for jar in jars(settings) if not jar.is_file()]:
            raise RiskvaneError(f"Delta JARs {missing} are missing; run `make setup`")
        os.environ["PYSPARK_SUBMIT_ARGS"] = f"--properties-file {write_properties(settings)} pyspark-shell"
    from pyspark.sql import SparkSession

    return SparkSession.builder.appName(app_name).getOrCreate()
