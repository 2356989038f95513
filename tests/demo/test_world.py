"""Equal arguments give equal bytes; wrong ones are refused before anything is written."""

import hashlib
import json
from datetime import date
from pathlib import Path

import pytest

from conf.errors import UsageError
from demo.chains import Outcome, run_registers, run_signalling
from demo.delivery import Delivery
from demo.plan import Plan
from demo.world import generate
from tests.demo.conftest import DAYS


def hashes(root: Path) -> dict[str, str]:
    files = sorted(p for p in root.rglob("*") if p.is_file())
    return {str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_two_processes_write_the_same_bytes_as_one(world, tmp_path):
    generate(tmp_path, "tiny", DAYS, processes=2)
    assert hashes(tmp_path) == hashes(world)


def test_a_rerun_rewrites_the_same_bytes(plan: Plan, world, tmp_path):
    for _ in range(2):
        delivery = Delivery(tmp_path, plan.arguments.profile, plan.calendar, plan.arguments.seed)
        run_signalling(plan, delivery, Outcome())
        run_registers(plan, delivery, Outcome())
    full = hashes(world / "landing")
    assert all(full[path] == digest for path, digest in hashes(tmp_path / "landing").items())


def test_another_seed_is_another_world(tmp_path, world):
    generate(tmp_path, "tiny", 1, seed=8, processes=1)
    name = "landing/core/transactions/2026-01-06/part-000.parquet"
    assert (tmp_path / name).read_bytes() != (world / name).read_bytes()


def test_every_folder_has_a_manifest_that_describes_its_files(world):
    folders = [p for p in (world / "landing").glob("*/*/*") if p.is_dir()]
    assert len(folders) > 10 * DAYS
    for folder in folders:
        manifest = json.loads((folder / "_MANIFEST.json").read_text())
        date.fromisoformat(folder.name)
        assert manifest["delivered_at"].endswith("+08:00")
        for entry in manifest["files"]:
            data = (folder / entry["name"]).read_bytes()
            assert (len(data), hashlib.sha256(data).hexdigest()) == (entry["bytes"], entry["sha256"])


def test_feeds_that_say_same_day_start_on_the_eve(world):
    first = {p.name: min(d.name for d in p.iterdir()) for p in (world / "landing").glob("*/*") if p.is_dir()}
    assert first["customers_private"] == first["subscriptions"] == first["branches"] == "2026-01-04"
    assert first["accounts"] == "2026-01-05"
    assert first["transactions"] == first["calls"] == "2026-01-06"


def test_truth_never_lies_under_landing(world):
    assert {p.name for p in (world / "truth").iterdir()} == {
        "arguments.json", "dirt.parquet", "events.parquet", "instances.parquet", "leaks.parquet",
        "manifest.json", "subjects.parquet",
    }  # fmt: skip
    names = {p.name for p in (world / "landing").rglob("*") if p.is_file()}
    assert names == {"_MANIFEST.json", "part-000.parquet", "part-000.csv", "part-000.csv.gz"}


def test_an_unknown_size_is_refused_and_the_known_ones_are_named(tmp_path):
    with pytest.raises(UsageError, match="tiny, small, city, province"):
        generate(tmp_path, "huge")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_another_world_is_refused(world):
    before = (world / "truth" / "arguments.json").read_text()
    with pytest.raises(UsageError, match="another world"):
        generate(world, "tiny", DAYS + 1)
    assert (world / "truth" / "arguments.json").read_text() == before


def test_a_run_of_no_days_is_refused(tmp_path):
    with pytest.raises(UsageError, match="at least one day"):
        generate(tmp_path, "tiny", 0)
