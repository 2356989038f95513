"""Wall seconds, CPU seconds and peak memory of one process and everything that it starts."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

import psutil

from conf.errors import RiskvaneError

EVERY = 0.1  # seconds between two looks at memory
NOT_PLUGGED_IN = 4


@dataclass(frozen=True)
class Measured:
    """One run. `cpu` is user and system time, `peak_mb` the largest sum of resident memory of the process tree."""

    wall: float
    cpu: float
    peak_mb: float
    output_mb: float


def run_measured(arguments: Sequence[str], out: Path) -> Measured | str:
    """Run a contender; what it measured, or the sentence with which it said that it is not plugged in.

    CPU seconds are those that its exit reported, or those seen in the processes of its tree where these are more.
    Raises RiskvaneError when it fails.
    """
    command = [sys.executable, "-m", "benchmarks.features.contender", *arguments]
    peak, seen = 0.0, dict[int, float]()
    with tempfile.TemporaryFile("w+") as said:
        started = monotonic()
        process = subprocess.Popen(command, stderr=said)
        ended, status, usage = os.wait4(process.pid, os.WNOHANG)
        while not ended:
            peak = max(peak, _look(psutil.Process(process.pid), seen))
            deadline = monotonic() + EVERY
            while not ended and monotonic() < deadline:
                sleep(0.02)
                ended, status, usage = os.wait4(process.pid, os.WNOHANG)
        wall = monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        message = said.read().strip()
    if process.returncode == NOT_PLUGGED_IN:
        return message.splitlines()[-1]
    if process.returncode:
        raise RiskvaneError(f"{' '.join(command)} ended with {process.returncode}:\n{message[-3000:]}")
    cpu = usage.ru_utime + usage.ru_stime
    # Spark's Python workers are ended without being waited for, so their seconds are in what was seen only.
    cpu = max(cpu, sum(seen.values()))
    return Measured(round(wall, 2), round(cpu, 2), round(peak, 1), round(size_of(out) / 1e6, 1))


def _look(process: psutil.Process, seen: dict[int, float]) -> float:
    """MB of the tree now; keeps each process's CPU seconds in `seen`."""
    memory = 0
    try:
        tree = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0
    for one in tree:
        try:
            memory += one.memory_info().rss
            times = one.cpu_times()
            seen[one.pid] = times.user + times.system
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return memory / 1e6


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files)
