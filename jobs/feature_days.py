"""What both feature steps do: add what is new to the kept days, then compute and publish the mornings in one commit."""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conf.days import DayRange
from conf.errors import DataRefused, RiskvaneError
from conf.settings import Settings
from jobs.mart_events import Index, inputs_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from features.indicator import FeatureGroup
    from jobs.feature_tasks import Files, Finishing, Looking, Making, Place
    from lake.commit import Written
    from lake.runs import Run

log = logging.getLogger(__name__)

ROWS_A_TASK = 1_500_000  # events that one task makes kept days from: some hundred megabytes
MORNINGS_A_TASK = 10  # that one task looks across
REPAIRS = 3  # rounds in which damaged files are made again before it is given up


@dataclass(frozen=True)
class Maker:
    """Computes one feature table from what is kept of its days, which it brings up to date first."""

    place: "Place"
    index: Index  # of its event tables
    covered: Mapping[str, Mapping[date, date]]  # event table -> day -> first morning that knew of it
    part: Any  # lake.parts.Part: contract and mornings
    table_folder: Path
    staging: Path
    run_id: str

    def keep(self, spark: "SparkSession", damaged: Sequence[str] = ()) -> "Files":
        """The file of each part and morning that the mornings look at; what is missing is made from events and
        committed first."""
        from features.engine import known_mornings

        mornings, found = list(self.part.days), self.place.partials.files()
        tasks: list[Making] = []
        for group in self._groups():
            needed = known_mornings(group, mornings)
            inputs = self._inputs(group, needed)
            missing = [m for m in needed if not self._is_kept(group, m, inputs[m], found, damaged)]
            log.info(
                "%s: %s mornings kept, %s made from events",
                group.name,
                len(needed) - len(missing),
                len(missing),
            )
            tasks += self._makings(group, missing, inputs)
        if tasks:
            written = [file for files in _done(spark, tasks) for file in files]
            self.place.partials.commit(written, self.run_id)
            found = self.place.partials.files()
        files: dict[str, dict[date, str]] = {}
        for group in self._groups():
            for name in _names(group):
                files[name] = {m: found[name, m] for m in known_mornings(group, mornings)}
        return files

    def make(self, spark: "SparkSession", mornings: Sequence[date]) -> "list[Written]":
        """What the mornings add, made from events whether it is kept or not; in no commit yet."""
        tasks = [
            task
            for group in self._groups()
            for task in self._makings(group, mornings, self._inputs(group, mornings))
        ]
        return [file for files in _done(spark, tasks) for file in files]

    def _groups(self) -> "list[FeatureGroup]":
        """Those of which something is kept."""
        return [group for group in self.place.features.chosen if _names(group)]

    def _inputs(self, group: "FeatureGroup", mornings: Sequence[date]) -> dict[date, str]:
        return {m: inputs_of(group, self.place.features.look_back, self.index, m) for m in mornings}

    def compute(
        self, spark: "SparkSession", sample: float | None = None, damaged: Sequence[str] = ()
    ) -> "list[Written]":
        """Files with the features of the mornings, of all subjects or a share of them, in no commit yet.

        `damaged` names files of kept days that are to be made again. Raises DataRefused, and leaves no file, when a
        row breaks the contract.
        """
        for _ in range(REPAIRS):
            files = self.keep(spark, damaged)
            looked = _done(spark, self._lookings(files, sample))
            if damaged := _damaged(looked):
                continue
            wholes = {as_of: file for found in looked for as_of, file in found.items()}
            finished = _done(spark, self._finishings(files, dict(sorted(wholes.items()))))
            refused = [told for told in finished if isinstance(told, DataRefused)]
            written = [file for told in finished if isinstance(told, list) for file in told]
            if not refused and not (damaged := _damaged(finished)):
                return written
            for file in written:
                (self.table_folder / file.path).unlink()
            if refused:
                raise refused[0]
        raise RiskvaneError(
            f"kept days stay damaged after {REPAIRS} repairs: {', '.join(damaged)}; is the disk?"
        )

    def _is_kept(
        self, group: "FeatureGroup", morning: date, inputs: str, found: Mapping[tuple[str, date], str],
        damaged: Sequence[str],
    ) -> bool:  # fmt: skip
        columns = _names(group)
        files = {name: found.get((name, morning)) for name in columns}
        return all(
            file is not None
            and file not in damaged
            and self.place.partials.is_good(file, columns[name], inputs)
            for name, file in files.items()
        )

    def _makings(
        self, group: "FeatureGroup", missing: Sequence[date], inputs: Mapping[date, str]
    ) -> "Iterator[Making]":
        from jobs.feature_tasks import Making

        index = {table: self.index[table] for table in group.tables}
        rows: Counter[date] = Counter()
        for table in group.tables:
            for file in self.index[table]:
                rows[file.event_date] += file.rows
        for mornings in _neighbours(missing, rows):
            yield Making(self.place, group.name, tuple(mornings), index, {m: inputs[m] for m in mornings})

    def _lookings(self, files: "Files", sample: float | None) -> "list[Looking]":
        from jobs.feature_tasks import Looking

        mornings = list(self.part.days)
        parts = [mornings[n : n + MORNINGS_A_TASK] for n in range(0, len(mornings), MORNINGS_A_TASK)]
        return [Looking(self.place, tuple(part), files, sample, str(self.staging)) for part in parts]

    def _finishings(self, files: "Files", wholes: Mapping[date, str]) -> "list[Finishing]":
        from jobs.feature_tasks import Finishing

        folder = str(self.table_folder)
        return [
            Finishing(self.place, bucket, wholes, files, self.covered, self.part, folder)
            for bucket in range(self.place.partials.buckets)
        ]


def publish_feature_days(
    spark: "SparkSession", settings: Settings, table: str, days: DayRange, run: "Run"
) -> None:
    """Compute `table` for `days`, replace these mornings and note it in the ledger.

    Raises DataRefused, and leaves the table as it was, when a row breaks the contract.
    """
    from jobs.normals import normals_of, publish_normals
    from lake.commit import commit_files
    from lake.locks import table_lock
    from lake.staging import staging_folder
    from lake.writer import arrow_schema, statistics

    with (
        run.stage(table, days) as stage,
        table_lock(settings, table, run.run_id),
        staging_folder(settings, table, run) as staging,
    ):
        staging.mkdir()
        maker = maker_of(settings, table, days, staging, run.run_id)
        written = maker.compute(spark)
        contract, mornings = maker.part.contract, set(days)
        normals = normals_of(settings, maker.place.features, maker.table_folder, written)
        version = commit_files(
            maker.table_folder, arrow_schema(contract), contract.partition_by, written,
            lambda values: values["as_of"] in mornings, run.run_id,
            {"delta.dataSkippingStatsColumns": statistics(contract)},
        )  # fmt: skip
        stage.published(table, version)
        publish_normals(settings, table, normals, days, run, stage)


def maker_of(settings: Settings, table: str, days: DayRange, staging: Path, run_id: str) -> Maker:
    """The maker of one of the project's feature tables."""
    from deltalake import DeltaTable

    from data_contracts.contract import load_contract
    from features.catalogue import FEATURE_TABLES
    from jobs.feature_tasks import Place
    from lake.files import event_index
    from lake.partials import kept_at
    from lake.parts import Part
    from lake.rows import files_of, read_rows
    from lake.tables import exists, table_path

    features = FEATURE_TABLES[table]
    folder = table_path(settings, table)
    index = {}
    for name in features.events:
        path = table_path(settings, name)
        index[name] = event_index(DeltaTable(str(path)), path) if exists(settings, name) else []
    place = Place(
        features=features,
        partials=kept_at(settings, table),
        references={name: files_of(settings, name, {}) for name in features.references},
        timezone=settings.timezone,
        read=read_rows,
    )
    return Maker(
        place, index, covered_days(index), Part(load_contract(table), days, {}), folder, staging, run_id
    )


def covered_days(index: Index) -> dict[str, dict[date, date]]:
    """Of each event table the days that have rows, with the first morning that knew of one."""
    covered: dict[str, dict[date, date]] = {}
    for table, files in index.items():
        known = covered.setdefault(table, {})
        for file in files:
            known[file.event_date] = min(file.first_known, known.get(file.event_date, date.max))
    return covered


def _names(group: "FeatureGroup") -> dict[str, list[str]]:
    """The parts and digests of a group with the columns that are kept of them."""
    from features.kept import parts_of

    found = {part.name: list(part.names) for part in parts_of(group)}
    return found | {digest.name: list(digest.columns) for digest in group.digests}


def _neighbours(mornings: Sequence[date], rows: Mapping[date, int]) -> Iterator[list[date]]:
    """The mornings in stretches without gap, none with many more events than a task bears."""
    stretch: list[date] = []
    count = 0
    for morning in mornings:
        more = rows[morning - timedelta(1)]
        if stretch and (morning - stretch[-1] > timedelta(1) or count + more > ROWS_A_TASK):
            yield stretch
            stretch, count = [], 0
        stretch.append(morning)
        count += more
    if stretch:
        yield stretch


def _done(spark: "SparkSession", tasks: Sequence[Any]) -> list[Any]:
    """What the tasks return, in their order. Spark hands out tasks, not rows."""
    return spark.sparkContext.parallelize(tasks, len(tasks)).map(lambda task: task.run()).collect()


def _damaged(told: Iterable[Any]) -> list[str]:
    from lake.partials import DamagedFile

    files = [str(one) for one in told if isinstance(one, DamagedFile)]
    for file in files:
        log.warning("%s is damaged; it is made again from events", file)
    return files
