"""What all tests share: where real files are, and the peers that read what we write."""

import os
import shutil
import signal
import threading
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED_DATA = ROOT.parent / "shared" / "data"


def pytest_configure() -> None:
    """Let interruptions be heard, here and by the commands that tests run and interrupt.

    A shell that starts the tests behind itself has them ignored, and what they start inherits it.
    """
    is_ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    if is_ignored and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The collection of real files beside the checkout; it is not part of the project."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"no collection of real files at {SHARED_DATA}")
    return SHARED_DATA


@pytest.fixture(scope="session")
def rigs() -> Path:
    """Emulated drives and what real ones answered, beside the checkout."""
    folder = ROOT.parent / "shared" / "rigs"
    if not folder.is_dir():
        pytest.skip(f"no rigs at {folder}")
    return folder


@pytest.fixture(scope="session")
def pydicom_files() -> list[Path]:
    """Every real file that ships in pydicom's wheel; always there."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pydicom.data

        folder = Path(pydicom.data.__file__).parent / "test_files"
    return sorted(p for p in folder.rglob("*") if p.is_file())


@pytest.fixture(scope="session")
def peer() -> Callable[[str], str]:
    """Return the path of another project's tool, or skip; in CI a missing one is a failure."""

    def find(tool: str) -> str:
        # By full path: a Python package may put a script of the same name first on PATH.
        for folder in ("/usr/bin", "/usr/sbin", "/usr/local/bin"):
            if Path(folder, tool).exists():
                return str(Path(folder, tool))
        found = shutil.which(tool)
        if found:
            return found
        if os.environ.get("CI"):
            pytest.fail(f"{tool} is not installed, and in CI every peer must be")
        pytest.skip(f"{tool} is not installed (Debian: see .ci/run)")

    return find
