"""Sources, media and commands for the tests of the appliance."""

import contextlib
import io
import json
import shutil
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from jacket.cli import main


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Ran]


def in_process(*words: object) -> Ran:
    """Run the command without a process of its own."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main([str(word) for word in words])
    return Ran(code, out.getvalue(), err.getvalue())


@pytest.fixture(scope="session")
def run() -> Run:
    """Run a command: ``run("verify", path)``; never raises."""
    return in_process


@pytest.fixture(autouse=True)
def _quiet_pydicom() -> Iterator[None]:
    """The peer warns about real files, which is not the matter of any test here."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"pydicom\..*")
        yield


@pytest.fixture(scope="session")
def test_files(pydicom_files: list[Path]) -> Path:
    """The folder of real files in pydicom's wheel."""
    return next(path.parent for path in pydicom_files if path.name == "CT_small.dcm")


@pytest.fixture(scope="session")
def real_file_set(test_files: Path) -> Path:
    """Two patients' folders of a real File-set: names that may stand in a directory."""
    return test_files / "dicomdirtests"


@pytest.fixture
def two_patients(tmp_path: Path, real_file_set: Path) -> Path:
    """A folder of real files of two patients, without DICOMDIR, that are clean in every way."""
    folder = tmp_path / "sources"
    for name in ("77654033", "98892003"):
        shutil.copytree(real_file_set / name, folder / name)
    return folder


@pytest.fixture(scope="session")
def many(
    tmp_path_factory: pytest.TempPathFactory, test_files: Path
) -> Callable[[int, int], list[Path]]:
    """Make so many real CT files and so many compressed MR files with UIDs of their own."""

    def make(plain: int, compressed: int) -> list[Path]:
        folder = tmp_path_factory.mktemp("many")
        made = []
        for name, uid, number in (
            ("CT_small.dcm", b"1.3.6.1.4.1.5962.1.1.1.1.1.20040119072730.12322", plain),
            (
                "MR_small_jp2klossless.dcm",
                b"1.3.6.1.4.1.5962.1.1.4.1.1.20040826185059.5457",
                compressed,
            ),
        ):
            content = (test_files / name).read_bytes()
            assert content.count(uid) == 2, "the meta information and the data set"
            for n in range(number):
                other = uid[:-4] + b"%04d" % (1000 + n)
                path = folder / f"{name.partition('_')[0]}{n:04d}"
                path.write_bytes(content.replace(uid, other))
                made.append(path)
        return made

    return make


@pytest.fixture
def image(tmp_path: Path, two_patients: Path, run: Run) -> Path:
    """A clean image of two patients."""
    target = tmp_path / "disc.iso"
    assert run("author", two_patients, "-o", target).code == 0
    return target
