"""A worker process must not outlive the job that started it, however that job ended."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

_SET_PARENT_DEATH_SIGNAL: Final = 1  # PR_SET_PDEATHSIG of Linux's prctl()


def end_with_parent() -> None:
    """Ask the system to kill this process when the thread that started it ends.

    Linux only; elsewhere a worker ends when its standard input does.
    """
    with suppress(ImportError, OSError, AttributeError):
        import ctypes

        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Hold signals back, in this thread: between a fork and the note that it was made."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    polite = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, polite)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def die_of_signals() -> None:
    """Let a forked worker end at once of what its parent would handle with care."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
