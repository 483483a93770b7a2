"""One worker process of the icons: started when it is needed, and again after it died."""

import contextlib
import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from profiles.icon_worker import Answer, receive, send
from reporting import NotSupported

_START_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Limits:
    """What the icons of one message may take before they are given up."""

    seconds: int = 60  # wall clock, and CPU on its own
    memory_bytes: int = 2 << 30


class Broken(Exception):
    """The process ended without an answer; the message says of what, for the operator."""


class IconProcess:
    """A worker process and the pipes to it. Used by one thread; only `close` is for others."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._overdue = False
        self._closed = False

    def ask(self, orders: list[tuple[Any, ...]], limits: Limits, largest: int) -> list[Answer]:
        """Return an answer to every order.

        Args:
            orders: the fields of `profiles.icon_source.Order`.
            limits: of all of them together.
            largest: bytes of the largest of their files, which is mapped.

        Raises:
            Broken: the process died, or was ended by the clock.
            NotSupported: it cannot be started.
        """
        process = self._process or self._start()
        message = (limits.seconds, limits.memory_bytes + largest, orders)
        answers = self._exchange(process, message, limits.seconds)
        if not isinstance(answers, list) or len(answers) != len(orders):
            self.bury()
            raise Broken(self._cause(limits))
        return answers

    def _cause(self, limits: Limits) -> str:
        if self._overdue:
            return f"its icon took longer than {limits.seconds} seconds"
        return "its decoder broke down"

    def _start(self) -> "subprocess.Popen[bytes]":
        # -P: the folder the operator stands in, perhaps a foreign medium, is no place to import
        # from.
        root = str(Path(__file__).resolve().parents[1])
        process = subprocess.Popen(
            [sys.executable, "-P", "-W", "ignore", "-m", "profiles.icon_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # libraries print values of the data set
            env={**os.environ, "PYTHONPATH": root, **_SETTINGS},
        )
        self._process = process
        if self._closed:
            process.kill()
        if self._exchange(process, None, _START_SECONDS) != "ready":
            self.bury()
            remedy = "Install Filmjacket again, with all it depends on"
            raise NotSupported("the worker that makes icons does not start", root, remedy)
        return process

    def _exchange(
        self, process: "subprocess.Popen[bytes]", message: object, seconds: float
    ) -> object:
        """Send a message, if there is one, and return the answer; None when there is none."""
        assert process.stdin is not None  # noqa: S101 (it was started with pipes)
        assert process.stdout is not None  # noqa: S101 (it was started with pipes)
        self._overdue = False
        clock = threading.Timer(seconds, self._end_overdue, [process])
        clock.daemon = True
        clock.start()
        try:
            if message is not None:
                send(process.stdin, message)
            return receive(process.stdout)
        except (OSError, ValueError, EOFError, TypeError):
            return None
        finally:
            clock.cancel()

    def _end_overdue(self, process: "subprocess.Popen[bytes]") -> None:
        self._overdue = True
        process.kill()

    def bury(self) -> None:
        """Clear the process away, if there is one."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def close(self) -> None:
        """End the process, whatever it is doing; the thread that drives it notices."""
        self._closed = True
        process = self._process
        if process is not None:
            process.kill()


_SETTINGS: Final = {
    # One thread per worker: there are as many workers as processors.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    # glibc: memory of one image is kept for the next. New pages for every image take four
    # times as long as the arithmetic does.
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(128 << 20),
}
