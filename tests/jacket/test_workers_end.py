"""A worker process ends with the job that started it, even when nobody could tell it to."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

WORKERS = ("profiles.transcode_worker", "dicomdir.slow_reader_process")
# Starts a worker whose standard input never ends: the test holds the other end.
PARENT = """
import subprocess, sys, time
worker = subprocess.Popen(
    [sys.executable, "-m", sys.argv[1]], stdin=int(sys.argv[2]), stdout=subprocess.DEVNULL
)
print(worker.pid, flush=True)
time.sleep(60)
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems end it by its input")


@pytest.mark.parametrize("worker", WORKERS)
def test_a_worker_whose_parent_is_killed_ends_at_once(worker: str) -> None:
    read_end, write_end = os.pipe()
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, worker, str(read_end)],
        stdout=subprocess.PIPE,
        text=True,
        pass_fds=(read_end,),
    )
    try:
        with parent:
            assert parent.stdout is not None
            pid = int(parent.stdout.readline())
            wait_until_it_reads(pid)
            assert is_there(pid)
            parent.send_signal(signal.SIGKILL)
        until = time.monotonic() + 5
        while is_there(pid) and time.monotonic() < until:
            time.sleep(0.01)
        assert not is_there(pid)
    finally:
        os.close(read_end)
        os.close(write_end)


def wait_until_it_reads(pid: int) -> None:
    """Wait until the worker has started and sleeps over its empty input."""
    asleep = 0
    until = time.monotonic() + 30
    while asleep < 20 and time.monotonic() < until:
        asleep = asleep + 1 if state(pid) == "S" else 0
        time.sleep(0.02)


def state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def is_there(pid: int) -> bool:
    return state(pid) not in ("", "Z")
