"""Two processes write one image: it is the same, and what goes wrong in either is told."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import small_disks

from media import FileRange, NamedSource, write_fat
from media.copying import Copier
from media.mapped_target import MappedTarget
from media.source import Streamed
from media.volume_steps import Step
from reporting import CannotRead, CannotWrite

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 1, 1, tzinfo=UTC)
MANY = 1_500  # small files: more than eight batches


@pytest.fixture(autouse=True)
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)


@pytest.fixture(autouse=True)
def own_threads_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Count the threads of each test here alone: other tests of this process may have left some."""
    count, others = threading.active_count, threading.active_count() - 1
    monkeypatch.setattr(threading, "active_count", lambda: max(count() - others, 1))


@pytest.fixture
def forked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The processes started by fork: other tests of this process have children of their own."""
    fork, started = os.fork, list[int]()

    def remembered() -> int:
        process = fork()
        started.append(process)
        return process

    monkeypatch.setattr(os, "fork", remembered)
    return started


@pytest.fixture
def sources(tmp_path: Path) -> list[NamedSource]:
    """Many small files, and what is made while it is written."""
    return [_source(tmp_path, number) for number in range(MANY)]


@pytest.fixture
def large(tmp_path: Path) -> list[NamedSource]:
    """Files of 3 MB: eight batches."""
    sources = []
    for number in range(16):
        path = tmp_path / f"large{number}.dcm"
        path.write_bytes(random.Random(number).randbytes(3_000_000 + number))  # noqa: S311
        part = FileRange(str(path), 0, path.stat().st_size)
        sources.append(NamedSource(("DICOM", f"L{number:05}"), (part,), NOW))
    return sources


@pytest.fixture
def mapped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Who wrote through a mapping, one process per line."""
    log, move = tmp_path / "mapped", MappedTarget.move

    def told(
        self: MappedTarget, source: int, target: int, length: int, offset: int, position: int
    ) -> int:
        with log.open("a") as file:
            file.write(f"{os.getpid()}\n")
        return move(self, source, target, length, offset, position)

    monkeypatch.setattr(MappedTarget, "move", told)
    return log


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 20 MB."""
    with small_disks.small_disk(tmp_path / "small", "20m") as folder:
        yield folder


def _bytes_of(source: NamedSource) -> bytes:
    part = source.parts[0]
    assert isinstance(part, FileRange)
    return Path(part.path).read_bytes()


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

    Where *patient*, each waits until the other has told: how quick a machine is at starting
    processes is not looked at here.
    """

    def pieces() -> Iterator[bytes]:
        with log.open("a") as file:
            file.write(f"{os.getpid()}\n")
        end = time.monotonic() + 20
        while patient and len(set(log.read_text().split())) < 2 and time.monotonic() < end:
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


def _is_collected(process: int) -> bool:
    try:
        os.waitpid(process, os.WNOHANG)
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


def test_large_files_are_written_by_both_and_the_image_is_that_of_one(
    large: list[NamedSource],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    forked: list[int],
    mapped: Path,
) -> None:
    together = _written(large, tmp_path / "two.img")
    assert len(forked) == 1
    assert _written(large, tmp_path / "again.img") == together
    assert len(_processes(large, tmp_path, patient=True)) == 2
    assert set(mapped.read_text().split()) <= set(map(str, forked))
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    assert _written(large, tmp_path / "one.img") == together
    mapped.unlink()
    assert _processes(large, tmp_path, patient=False)
    assert not mapped.exists()


def test_what_a_mapping_takes_stands_where_it_belongs(
    large: list[NamedSource], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("media.copying._MOVERS", ())  # there is no other way
    monkeypatch.delattr(Copier, "write")
    contents = [_bytes_of(source) for source in large]
    length = sum(map(len, contents)) + len(large) * 10
    for start in (0, 1, 4095, 4096, 10_000_000):
        target = tmp_path / "target"
        target.write_bytes(b"")
        os.truncate(target, start + length)
        expected = bytearray(start + length)
        opened = os.open(target, os.O_RDWR)
        copier = Copier(opened, "target", is_empty=True, mover=MappedTarget().move)
        position = start
        for source, content in zip(large, contents, strict=True):
            copier.copy(source, position, lambda _: None)
            expected[position : position + len(content)] = content
            position += len(content) + 10
        os.close(opened)
        assert target.read_bytes() == expected


@pytest.mark.parametrize(
    ("kind", "helps"), [("ext4", True), ("tmpfs", True), ("xfs", False), ("cifs", False)]
)
def test_only_where_a_mapping_is_safe_large_files_are_written_by_both(
    large: list[NamedSource],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    forked: list[int],
    kind: str,
    helps: bool,
) -> None:
    device = tmp_path.stat().st_dev
    here = f"{os.major(device)}:{os.minor(device)}"
    mounts = (
        f"36 1 0:999 / / rw shared:1 - {'xfs' if helps else 'ext4'} /dev/other rw\n"
        f"37 36 {here} / /a\\040b rw - {kind} tmpfs rw,size=1k\n"
    )
    read = Path.read_text
    monkeypatch.setattr(
        Path,
        "read_text",
        lambda path, *rest: mounts if "mountinfo" in path.name else read(path, *rest),
    )
    _written(large, tmp_path / "t.img")
    assert bool(forked) == helps


def test_where_no_mapping_is_safe_small_files_are_written_by_both(
    sources: list[NamedSource],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    forked: list[int],
) -> None:
    monkeypatch.setattr("media.second_hand._ONE_CACHE", ())
    _written(sources, tmp_path / "t.img")
    assert len(forked) == 1


def test_a_disk_that_is_full_by_now_is_told(
    large: list[NamedSource],
    tmp_path: Path,
    small_disk: Path,
    monkeypatch: pytest.MonkeyPatch,
    forked: list[int],
) -> None:
    monkeypatch.setattr("media.volume_write.refuse_without_space", lambda *_: None)
    with pytest.raises(CannotWrite, match="no space left"):
        _written(large, small_disk / "t.img")
    assert forked
    assert all(map(_is_collected, forked))
    assert list(small_disk.iterdir()) == []
    assert _written(large[:4], small_disk / "t.img")  # it is well


def test_a_large_source_that_changes_is_named_whoever_meets_it(
    large: list[NamedSource], tmp_path: Path, forked: list[int]
) -> None:
    for source in large[::3]:
        part = source.parts[0]
        assert isinstance(part, FileRange)
        content = Path(part.path).read_bytes()
        Path(part.path).write_bytes(content[:-1])
        with pytest.raises(CannotRead, match="changed") as told:
            _written(large, tmp_path / "t.img")
        assert told.value.where == part.path
        assert _images(tmp_path) == []
        Path(part.path).write_bytes(content)
    assert forked


def test_for_a_few_files_no_process_is_started(
    sources: list[NamedSource], tmp_path: Path, forked: list[int]
) -> None:
    _written(sources[:600], tmp_path / "few.img")  # five batches
    assert forked == []
    _written(sources, tmp_path / "many.img")
    assert len(forked) == 1


@pytest.mark.parametrize("number", range(0, MANY, 250))
def test_a_source_that_is_gone_is_named_whoever_meets_it(
    sources: list[NamedSource], number: int, tmp_path: Path, forked: list[int]
) -> None:
    path = tmp_path / f"{number}.dcm"
    path.unlink()
    with pytest.raises(CannotRead) as told:
        _written(sources, tmp_path / "t.img")
    assert told.value.where == str(path)
    assert _images(tmp_path) == []
    assert forked
    assert all(map(_is_collected, forked))


def test_what_a_killed_process_did_not_end_is_written_again(
    sources: list[NamedSource],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    forked: list[int],
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
    assert forked
    assert all(map(_is_collected, forked))


def test_an_interruption_ends_both_and_leaves_nothing(
    sources: list[NamedSource], tmp_path: Path, forked: list[int]
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
    assert forked
    assert all(map(_is_collected, forked))


def test_where_no_further_process_can_be_started_one_does_all(
    sources: list[NamedSource], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = _written(sources, tmp_path / "two.img")

    def refused() -> int:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", refused)
    assert _written(sources, tmp_path / "one.img") == whole


def test_whose_children_nobody_waits_for_has_the_same_image(
    sources: list[NamedSource], tmp_path: Path
) -> None:
    whole = _written(sources, tmp_path / "waited.img")
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        assert _written(sources, tmp_path / "ignored.img") == whole
    finally:
        signal.signal(signal.SIGCHLD, before)


# Writes large sources that take a minute each, and tells which process makes one.
SLOW = """
import os, sys, time
from datetime import UTC, datetime
from pathlib import Path
from media import NamedSource, write_fat
from media.source import Streamed

def pieces():
    os.write(1, b"%d\\n" % os.getpid())
    for _ in range(1024):
        time.sleep(0.06)
        yield bytes(8192)

os.cpu_count = lambda: 2
now = datetime(2026, 1, 1, tzinfo=UTC)
slow = [NamedSource((f"I{n}",), (Streamed(8 << 20, pieces),), now) for n in range(8)]
write_fat(slow, Path(sys.argv[1]), label="TWO", recorded=now, image_digest=False)
"""


def test_who_was_killed_leaves_no_process_that_writes_on(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SLOW, str(tmp_path / "t.img")],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
    ) as job:
        assert job.stdout is not None
        assert len({job.stdout.readline() for _ in range(2)}) == 2
        job.kill()
        job.communicate(timeout=20)  # its end is that of all who hold the pipe
