"""Two processes write one image: it is the same, and what goes wrong in either is told."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from media import FileRange, NamedSource, write_fat
from media.source import Streamed
from media.volume_steps import Step
from reporting import CannotRead

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

NOW = datetime(2026, 1, 1, tzinfo=UTC)
MANY = 1_500  # small files: more than four batches


@pytest.fixture(autouse=True)
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)


@pytest.fixture
def sources(tmp_path: Path) -> list[NamedSource]:
    """Many small files, and what is made while it is written."""
    return [_source(tmp_path, number) for number in range(MANY)]


def _source(folder: Path, number: int) -> NamedSource:
    path = folder / f"{number}.dcm"
    path.write_bytes(number.to_bytes(4, "big") * (100 + number % 900))
    return NamedSource(
        ("DICOM", f"S{number // 200:04}", f"I{number:05}"),
        (FileRange(str(path), 0, path.stat().st_size),),
        NOW,
    )


def _written(sources: list[NamedSource], image: Path) -> bytes:
    write_fat(sources, image, label="TWO", recorded=NOW, image_digest=False)
    return image.read_bytes()


def _telling(log: Path, *, patient: bool) -> Streamed:
    """Return content that writes down which process makes it.

    Where *patient*, this process waits until the other one has begun: how quick a machine is at
    starting processes is not looked at here.
    """
    own = str(os.getpid())

    def pieces() -> Iterator[bytes]:
        with log.open("a") as file:
            file.write(f"{os.getpid()}\n")
        end = time.monotonic() + 20
        while patient and set(log.read_text().split()) == {own} and time.monotonic() < end:
            time.sleep(0.01)
        yield b"made here"

    return Streamed(9, pieces)


def _processes(sources: list[NamedSource], folder: Path, *, patient: bool = False) -> set[str]:
    log = folder / "processes"
    told = _telling(log, patient=patient)
    telling = [sources[0]._replace(parts=(told,)), *sources[1:-1]]
    _written([*telling, sources[-1]._replace(parts=(told,))], folder / "told.img")
    return set(log.read_text().split())


def _images(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if ".img" in path.name]


def _no_child_is_left() -> bool:
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return True
    return False


def test_both_processes_write_and_the_image_is_that_of_one(
    sources: list[NamedSource], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = _written(sources, tmp_path / "two.img")
    assert len(_processes(sources, tmp_path, patient=True)) == 2
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    assert _written(sources, tmp_path / "one.img") == together
    (tmp_path / "processes").unlink()
    assert _processes(sources, tmp_path) == {str(os.getpid())}


def test_only_this_process_tells_how_far_it_is(sources: list[NamedSource], tmp_path: Path) -> None:
    told = tmp_path / "told"

    def progress(stage: str, done: int, total: int) -> None:
        with told.open("a") as file:
            file.write(f"{os.getpid()} {done}\n")

    write_fat(
        sources, tmp_path / "t.img", label="TWO", recorded=NOW, image_digest=False,
        progress=progress,
    )  # fmt: skip
    lines = [line.split() for line in told.read_text().splitlines()]
    assert {process for process, _ in lines} == {str(os.getpid())}
    positions = [int(done) for _, done in lines]
    assert positions == sorted(positions)
    assert positions[-1] == (tmp_path / "t.img").stat().st_size


def test_who_has_threads_does_not_fork(sources: list[NamedSource], tmp_path: Path) -> None:
    end = threading.Event()
    thread = threading.Thread(target=end.wait)
    thread.start()
    try:
        assert _processes(sources, tmp_path) == {str(os.getpid())}
    finally:
        end.set()
        thread.join()


def test_a_few_files_are_written_by_one(sources: list[NamedSource], tmp_path: Path) -> None:
    assert _processes(sources[:50], tmp_path) == {str(os.getpid())}


@pytest.mark.parametrize("number", range(0, MANY, 250))
def test_a_source_that_is_gone_is_named_whoever_meets_it(
    sources: list[NamedSource], number: int, tmp_path: Path
) -> None:
    path = tmp_path / f"{number}.dcm"
    path.unlink()
    with pytest.raises(CannotRead) as told:
        _written(sources, tmp_path / "t.img")
    assert told.value.where == str(path)
    assert _images(tmp_path) == []
    assert _no_child_is_left()


def test_what_a_killed_process_did_not_end_is_written_again(
    sources: list[NamedSource], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import media.volume_write

    own, whole = os.getpid(), _written(sources, tmp_path / "whole.img")
    write = media.volume_write._Writing.write

    def deadly(self: media.volume_write._Writing, step: Step) -> None:
        if os.getpid() != own and step.offset % 3 == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        write(self, step)

    monkeypatch.setattr(media.volume_write._Writing, "write", deadly)
    assert _written(sources, tmp_path / "again.img") == whole
    assert _no_child_is_left()


def test_an_interruption_ends_both_and_leaves_nothing(
    sources: list[NamedSource], tmp_path: Path
) -> None:
    def stop(stage: str, done: int, total: int) -> None:
        if done > total // 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_fat(
            sources,
            tmp_path / "t.img",
            label="TWO",
            recorded=NOW,
            image_digest=False,
            progress=stop,
        )
    assert _images(tmp_path) == []
    assert _no_child_is_left()
