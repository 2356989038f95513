import pytest

from conf.errors import RiskvaneError
from jobs.first_run import land


def test_a_province_is_landed_once_and_never_in_the_place_of_another(settings, tmp_path):
    home = settings.with_(landing=tmp_path / "demo" / "landing")
    told: list[str] = []
    land(home, "tiny", 2, 7, told.append)
    files = {file: file.stat().st_mtime_ns for file in (tmp_path / "demo").rglob("*") if file.is_file()}
    assert len(files) > 20
    told.clear()
    land(home, "tiny", 2, 7, told.append)  # the second `make run`
    assert told == [f"  already landed in {tmp_path / 'demo'}"]
    assert {file: file.stat().st_mtime_ns for file in files} == files
    with pytest.raises(RiskvaneError, match=r"holds another province: wanted .*'seed': 8.*`make clean`"):
        land(home, "tiny", 2, 8, told.append)
