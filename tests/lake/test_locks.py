import subprocess
import sys

import pytest

from conf.errors import RiskvaneError
from lake.locks import table_lock

HOLD = """
import os, pathlib, sys
from conf.settings import load_settings
from lake.locks import table_lock
settings = load_settings("test").with_(lake=pathlib.Path(sys.argv[1]))
with table_lock(settings, "sms", "nightly-1"):
    print("held", flush=True)
    sys.stdin.read()
    os._exit(9)
"""


def test_the_lock_names_its_holder_and_falls_open_when_that_process_dies(settings):
    command = [sys.executable, "-c", HOLD, str(settings.lake)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "held\n"
        with (
            pytest.raises(RiskvaneError, match=rf"sms is being written by nightly-1 \(process {other.pid}\)"),
            table_lock(settings, "sms", "nightly-2", wait_seconds=0.1),
        ):
            pytest.fail("two writers at once")
        with table_lock(settings, "calls", "nightly-2", wait_seconds=0.1):
            pass  # another table is free
        other.stdin.close()
        assert other.wait(timeout=30) == 9
    with table_lock(settings, "sms", "nightly-2", wait_seconds=5):
        pass
