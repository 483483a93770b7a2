"""Two runs of `jacket dicomdir` on one medium at once: one is refused, or comes after the other."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file

from dicomdir.check_reference import references
from dicomdir.read import read_directory
from media import open_medium
from media.update_lock import alone
from reporting import CannotWrite

pytest.importorskip("fcntl")

ROUNDS = 10
COMMAND = (sys.executable, "-m", "jacket", "dicomdir")

Run = Callable[..., object]
HOLD = """
import sys
from pathlib import Path
from media.update_lock import alone
with alone(Path(sys.argv[1])) as is_alone:
    print(is_alone, flush=True)
    sys.stdin.read()
"""


@contextmanager
def holding(target: Path) -> Iterator[None]:
    """Let another process change *target* meanwhile."""
    words = [sys.executable, "-c", HOLD, str(target)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == b"True\n"
        yield
        process.stdin.close()


def file_of(name: str) -> Path:
    return Path(str(get_testdata_file(f"{name}.dcm")))


OLD, *NEW = (file_of(name) for name in ("rtplan", "CT_small", "MR_small"))


@pytest.fixture(params=["folder", "stick.img", "disc.iso"])
def kept(request: pytest.FixtureRequest, tmp_path: Path, run: Run) -> Path:
    """A medium with one instance, of each kind that is changed in place."""
    target = tmp_path / "kept" / request.param
    target.parent.mkdir()
    assert run("author", OLD, "-o", target).code == 0
    return target


def fresh(kept: Path) -> Path:
    target = kept.parent.parent / kept.name
    if kept.is_dir():
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(kept, target)
    else:
        shutil.copyfile(kept, target)
    return target


def contents(target: Path) -> set[bytes]:
    """Return the content of every file that the directory names."""
    with open_medium(target) as medium:

        def content(*name: str) -> bytes:
            entry = medium.find(name)
            assert entry is not None, name
            with medium.open(entry) as file:
                return file.pread(file.size, 0)

        directory = read_directory(content("DICOMDIR")).directory
        return {content(*record.file_id) for record, _ in references(directory)}


def test_no_run_loses_what_another_one_has_added(kept: Path) -> None:
    old = contents(kept)
    for _ in range(ROUNDS):
        target = fresh(kept)
        runs = [
            subprocess.Popen(
                [*COMMAND, str(target), "--add", str(path)],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
            for path in NEW
        ]
        said = [each.communicate()[1] for each in runs]
        codes = [each.returncode for each in runs]
        assert set(codes) <= {0, 3}, said
        assert 0 in codes
        for code, words in zip(codes, said, strict=True):
            assert code == 0 or "being changed by another program" in words
        added = {path.read_bytes() for path, code in zip(NEW, codes, strict=True) if not code}
        assert contents(target) == old | added


def test_a_dry_run_asks_nobody(kept: Path, run: Run) -> None:
    with holding(kept):
        said = run("dicomdir", kept, "--add", NEW[0], "--dry-run", "--json")
        assert (said.code, len(said.json["added_files"])) == (0, 1)
        said = run("dicomdir", kept, "--add", NEW[0])
        assert (said.code, "another program" in said.err) == (3, True)
    assert run("dicomdir", kept, "--add", NEW[0]).code == 0


def test_the_directory_of_a_folder_is_locked_as_the_folder(tmp_path: Path, run: Run) -> None:
    shutil.copy(OLD, tmp_path / "A")
    assert run("dicomdir", tmp_path).code == 0
    with holding(tmp_path):
        for target in (tmp_path, tmp_path / "DICOMDIR"):
            said = run("dicomdir", target, "--anew")
            assert (said.code, "another program" in said.err) == (3, True)
    assert run("dicomdir", tmp_path / "DICOMDIR").code == 0


def test_who_has_it_has_it_again_and_gives_it_back_at_the_end(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    with alone(tmp_path) as is_alone, alone(link) as again:
        assert (is_alone, again) == (True, True)
    opened = Path("/proc/self/fd")
    before = len(list(opened.glob("*")))
    for _ in range(20):
        with alone(tmp_path) as is_alone:
            assert is_alone
    assert len(list(opened.glob("*"))) == before


def test_another_thread_is_somebody_else(tmp_path: Path) -> None:
    from threading import Thread

    errors: list[CannotWrite] = []

    def work() -> None:
        try:
            with alone(tmp_path):
                pass
        except CannotWrite as error:
            errors.append(error)

    with alone(tmp_path):
        thread = Thread(target=work)
        thread.start()
        thread.join()
    assert ["another program" in error.what for error in errors] == [True]


def test_a_worker_that_outlives_its_job_keeps_nobody_away(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    with alone(tmp_path):
        worker = os.fork()
        if not worker:
            os.close(writing)
            os.read(reading, 1)  # until the parent closes its end
            os._exit(0)
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-c", HOLD, str(tmp_path)],
            input=b"",
            capture_output=True,
            check=False,
        )
        assert done.stdout.strip() == b"True", done.stderr
    finally:
        os.close(writing)
        os.waitpid(worker, 0)
