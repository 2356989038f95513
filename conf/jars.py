"""Fetch the Delta JARs into build/jars with checked SHA-256, and make the session start-up archive.

Run by `make setup` as `python -m conf.jars`; does nothing when everything is in place. Spark's own Ivy
resolves the two files (no Maven); nothing is resolved at run time.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from conf.errors import RiskvaneError
from conf.settings import CONF, Settings, load_settings
from conf.spark import jars, properties, startup_archive

PACKAGE = "io.delta:delta-spark_4.2_2.13:4.4.0"
# Not needed for tables addressed by path; together 60 MB and some clash with what Spark ships.
EXCLUDED = (
    "io.unitycatalog:unitycatalog-client,io.unitycatalog:unitycatalog-hadoop,io.delta:delta-kernel-api,"
    "io.delta:delta-kernel-defaults,io.delta:delta-kernel-unitycatalog,"
    "org.apache.logging.log4j:log4j-slf4j2-impl,org.apache.logging.log4j:log4j-api,org.slf4j:slf4j-api,"
    "com.google.code.findbugs:jsr305"
)
WARM_UP = """
import sys
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
frame = spark.range(20).selectExpr("id", "date'2026-01-01' as as_of")
for _ in range(2):
    (frame.write.format("delta").mode("overwrite").option("replaceWhere", "as_of = '2026-01-01'")
        .partitionBy("as_of").save(sys.argv[1] + "/table"))
frame.groupBy("id").count().join(frame, "id").write.mode("overwrite").parquet(sys.argv[1] + "/plain")
spark.read.format("delta").load(sys.argv[1] + "/table").toPandas()
spark.stop()
"""


def wrong_jars(settings: Settings) -> list[str]:
    """One sentence per JAR that is missing or not the one that `conf/jars.lock` names."""
    lines = (CONF / "jars.lock").read_text().splitlines()
    wanted = {name: digest for digest, name in (line.split() for line in lines)}
    problems = []
    for jar in jars(settings):
        if not jar.is_file():
            problems.append(f"{jar.name} is missing")
        elif (found := hashlib.sha256(jar.read_bytes()).hexdigest()) != wanted[jar.name]:
            problems.append(f"{jar.name}: wanted SHA-256 {wanted[jar.name]}, found {found}")
    return problems


def fetch_jars(settings: Settings) -> None:
    """Bring the JARs into build/jars; raises RiskvaneError where they cannot be had or are not the locked ones."""
    if not wrong_jars(settings):
        return
    print(f"fetching {PACKAGE}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        nothing = Path(folder, "nothing.py")
        nothing.write_text("")
        _submit(
            "--packages", PACKAGE, "--exclude-packages", EXCLUDED,
            "--conf", f"spark.jars.ivy={folder}/ivy", "--conf", f"spark.jars.ivySettings={CONF}/ivysettings.xml",
            "--master", "local[1]", str(nothing),
        )  # fmt: skip
        for jar in jars(settings):
            fetched = Path(folder, "ivy", "jars", f"io.delta_{jar.name}")
            if not fetched.is_file():
                raise RiskvaneError(f"Ivy did not bring {jar.name}; is Maven Central reachable from here?")
            jar.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(fetched, jar.with_suffix(".part"))
            jar.with_suffix(".part").replace(jar)
    if problems := wrong_jars(settings):
        raise RiskvaneError("the fetched JARs are not the locked ones: " + "; ".join(problems))


def make_startup_archive(settings: Settings) -> None:
    """Archive the classes of a small Delta job once, so that each later session starts some seconds sooner."""
    archive = startup_archive(settings)
    if archive.is_file() or not settings.spark_startup_archive:
        return
    print("preparing a faster session start (once, about 30 s)", flush=True)
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        job = Path(folder, "warm_up.py")
        job.write_text(WARM_UP)
        part = archive.with_suffix(".part")
        wanted = properties(settings) | {"spark.master": "local[2]"}
        wanted["spark.driver.extraJavaOptions"] += f" -XX:ArchiveClassesAtExit={part}"
        file = Path(folder, "warm_up.conf")
        file.write_text("".join(f"{k} {v}\n" for k, v in wanted.items()))
        _submit("--properties-file", str(file), str(job), folder)
        part.replace(archive)


def _submit(*arguments: str) -> None:
    command = [str(Path(sys.executable).parent / "spark-submit"), *arguments]
    environment = {**os.environ, "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=600)
    if done.returncode != 0:
        raise RiskvaneError(
            f"spark-submit failed with {done.returncode}:\n{(done.stdout + done.stderr)[-3000:]}"
        )


if __name__ == "__main__":
    try:
        here = load_settings()
        fetch_jars(here)
        make_startup_archive(here)
    except RiskvaneError as error:
        sys.exit(f"set-up failed: {error}")
