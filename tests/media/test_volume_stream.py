"""A volume as a stream: the bytes of its file, from anywhere on, to whoever takes them in order."""

import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import our_volumes
import pytest
from media_contents import MIB, Peer
from our_volumes import RECORDED

from media import (
    DigestList,
    FileRange,
    NamedSource,
    Structure,
    VolumePlan,
    planned_files,
    write_volume,
)
from media.volume_stream import VolumeStream, stream_volume
from reporting import CannotRead, CannotWrite

LISTED = 9000  # bytes of the list of digests

KINDS = (
    *("iso9660 level 1", "bridge level 1", "udf 1.02", "udf 2.50"),
    *("fat16 partitioned", "fat32 partitioned"),
)


def compose(digests: Mapping[tuple[str, ...], str]) -> bytes:
    return "".join(f"{d}  {'/'.join(n)}\n" for n, d in digests.items()).encode().ljust(LISTED)


LIST = DigestList(("MANIFEST.TXT",), LISTED, compose, RECORDED)


class Volume(NamedTuple):
    """One volume, and the file that was written of it."""

    plan: VolumePlan
    sources: list[NamedSource]
    image: bytes
    sha256: str
    digests: Mapping[tuple[str, ...], str]

    def stream(self) -> VolumeStream:
        return VolumeStream(self.plan, self.sources, digest_list=LIST)


@pytest.fixture(scope="module", params=KINDS)
def volume(
    request: pytest.FixtureRequest,
    real_sources: list[NamedSource],
    tmp_path_factory: pytest.TempPathFactory,
) -> Volume:
    folder = tmp_path_factory.mktemp("stream")
    sparse = folder / "sparse"
    with sparse.open("wb") as file:
        file.truncate(3 * MIB + 5)
        file.seek(2 * MIB - 7)
        file.write(b"in the middle")
    part = FileRange(str(sparse), 1000, 2 * MIB, 3 * MIB + 5)
    sources = [
        *real_sources,
        NamedSource(("SPARSE",), (b"before", part, b"between", part), RECORDED),
    ]
    plan = our_volumes.plan_of(request.param, planned_files(sources, LIST))
    target = folder / "t.img"
    written = write_volume(plan, sources, target, digest_list=LIST)
    assert written.sha256 is not None
    return Volume(plan, sources, target.read_bytes(), written.sha256, written.digests)


def source_of(path: Path, name: str = "A") -> NamedSource:
    return NamedSource((name,), (FileRange(str(path), 0, path.stat().st_size),), RECORDED)


def plan_of(sources: list[NamedSource], digest_list: DigestList | None = None) -> VolumePlan:
    return our_volumes.plan_of("udf 2.01", planned_files(sources, digest_list))


@pytest.fixture
def large(tmp_path: Path) -> NamedSource:
    path = tmp_path / "large"
    path.write_bytes(os.urandom(MIB) * 40)
    return source_of(path)


def threads() -> int:
    return threading.active_count()


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


# The bytes


@pytest.mark.parametrize("length", [1 << 20, 32 << 10, 100_003, 5 << 20])
def test_the_pieces_are_the_file_that_is_written(volume: Volume, length: int) -> None:
    stream = volume.stream()
    pieces = list(stream.pieces(length=length))
    assert {len(piece) for piece in pieces[:-1]} <= {length}
    assert b"".join(pieces) == volume.image
    written = stream.written("here")
    assert written.path == "here"
    assert written.size == stream.size == len(volume.image)
    assert written.sha256 == volume.sha256 == sha256(volume.image).hexdigest()
    assert list(written.digests.items()) == list(volume.digests.items())


def inside(volume: Volume) -> Iterator[int]:
    """Yield 50 and some bytes: in structures, files, the list of digests, gaps, and at edges."""
    random_ = random.Random(4)  # noqa: S311 (the same at every run)
    for structure in volume.plan.structures[:8]:
        yield structure.offset + random_.randrange(structure.length)
    sizes = [*(source.size for source in volume.sources), LISTED]
    runs = list(zip(volume.plan.offsets, sizes, strict=True))
    for offset, size in [*random_.sample(runs, 12), runs[-1], runs[-2]]:
        yield offset + random_.randrange(size or 1)
        yield offset + size
    yield from (runs[-2][0] + at for at in (3, 6, 7, 2 * MIB + 6, 2 * MIB + 9))  # of SPARSE
    yield runs[-1][0] + LISTED + 1
    yield from (0, 1, len(volume.image) - 1, len(volume.image))
    yield from (random_.randrange(len(volume.image)) for _ in range(20))


def test_a_stream_that_begins_anywhere_has_the_same_bytes(volume: Volume) -> None:
    starts = list(inside(volume))
    assert len(starts) >= 50
    for start in starts:
        tail = b"".join(volume.stream().pieces(start))
        assert tail == volume.image[start:], start


def test_a_stream_that_goes_on_tells_the_digests_of_all(volume: Volume) -> None:
    random_ = random.Random(5)  # noqa: S311 (the same at every run)
    stream, taken, image = volume.stream(), 0, b""
    for _ in range(8):  # It stops and goes on, mostly somewhat before where it stopped.
        start = max(taken - random_.choice((0, 1, 5000, 70_000)), 0)
        image = image[:start]
        with closing(stream.pieces(start, 10_000)) as pieces:
            for piece in pieces:
                image += piece
                if random_.random() < 0.02:
                    break
        taken = len(image)
    image += b"".join(stream.pieces(taken))
    assert image == volume.image
    written = stream.written("here")
    assert (written.sha256, written.digests) == (volume.sha256, volume.digests)


def test_what_has_not_passed_whole_has_no_digests(volume: Volume) -> None:
    stream = volume.stream()
    with pytest.raises(ValueError, match="passed"):
        stream.written("here")
    with closing(stream.pieces()) as pieces:
        next(pieces)
    for _ in stream.pieces(len(volume.image) - 5000):
        pass
    with pytest.raises(ValueError, match="passed"):
        stream.written("here")
    assert b"".join(stream.pieces()) == volume.image
    assert stream.written("here").sha256 == volume.sha256


def test_a_stream_that_begins_again_has_the_digests_of_what_then_passes(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"first" * MIB)
    source = source_of(path)
    stream = VolumeStream(plan_of([source], LIST), [source], digest_list=LIST)
    first = b"".join(stream.pieces())
    path.write_bytes(b"other" * MIB)
    again = b"".join(stream.pieces())
    assert first != again
    written = stream.written("here")
    assert written.sha256 == sha256(again).hexdigest()
    assert written.digests["A",] == sha256(b"other" * MIB).hexdigest()
    assert written.digests["A",].encode() in again


def test_every_source_is_opened_once(volume: Volume, monkeypatch: pytest.MonkeyPatch) -> None:
    """The list of digests is made of what has passed."""
    opened: list[object] = []
    real = os.open

    def noted(path: str, *more: int) -> int:
        opened.append(path)
        return real(path, *more)

    monkeypatch.setattr(os, "open", noted)
    assert b"".join(volume.stream().pieces()) == volume.image
    assert len(opened) == len(set(opened))


@pytest.mark.parametrize(("start", "length"), [(-1, 5), (10**12, 5), (0, 0)])
def test_a_place_or_length_that_there_is_not_is_refused(start: int, length: int) -> None:
    stream = VolumeStream(plan_of([]), [])
    with pytest.raises(ValueError, match="no pieces"):
        stream.pieces(start, length)


def test_without_digests_nothing_is_hashed(large: NamedSource) -> None:
    plan = plan_of([large])
    stream = VolumeStream(plan, [large], image_digest=False)
    assert sum(map(len, stream.pieces())) == plan.size
    written = stream.written("here")
    assert (written.sha256, written.digests) == (None, {})


# Who takes it


def test_a_pipe_takes_it(volume: Volume, peer: Peer) -> None:
    told: list[tuple[str, int, int]] = []
    with subprocess.Popen([peer("sha256sum")], stdin=-1, stdout=-1) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        written = stream_volume(
            volume.plan,
            volume.sources,
            process.stdin.fileno(),
            "sha256sum",
            digest_list=LIST,
            progress=lambda *step: told.append(step),
        )
        process.stdin.close()
        assert process.stdout.read().split()[0].decode() == volume.sha256
    assert (written.path, written.sha256) == ("sha256sum", volume.sha256)
    assert written.digests == volume.digests
    assert told[-1] == ("write", len(volume.image), len(volume.image))
    assert told == sorted(told)


def test_a_pipe_that_does_not_wait_takes_it(large: NamedSource) -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    digest = sha256()

    def take() -> None:
        while data := os.read(reading, MIB):
            digest.update(data)

    taker = threading.Thread(target=take)
    taker.start()
    written = stream_volume(plan_of([large]), [large], writing, "pipe")
    os.close(writing)
    taker.join()
    os.close(reading)
    assert digest.hexdigest() == written.sha256


def test_a_pipe_whose_reader_dies_is_told_as_such(large: NamedSource) -> None:
    before = threads()
    with subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.buffer.read(100_000)"], stdin=-1
    ) as process:
        assert process.stdin is not None
        with pytest.raises(CannotWrite, match="taken no further") as caught:
            stream_volume(plan_of([large]), [large], process.stdin.fileno(), "the pipe")
    assert caught.value.where == "the pipe"
    assert threads() == before


def test_a_full_device_is_told_as_such(large: NamedSource) -> None:
    with (
        Path("/dev/full").open("wb", buffering=0) as device,
        pytest.raises(CannotWrite, match="no space left"),
    ):
        stream_volume(plan_of([large]), [large], device.fileno(), "/dev/full")


@pytest.mark.parametrize("taken", [0, 1, 7])
def test_a_consumer_that_stops_leaves_no_thread_and_no_open_file(
    large: NamedSource, taken: int
) -> None:
    before, files = threads(), open_files()
    stream = VolumeStream(plan_of([large]), [large])
    with closing(stream.pieces(length=50_000)) as pieces:
        for _ in range(taken):
            next(pieces)
        if taken:
            assert threads() > before
    assert threads() == before
    assert open_files() == files


def test_a_consumer_that_raises_leaves_no_thread(large: NamedSource) -> None:
    class Cancelled(Exception):
        pass

    def cancel(_: str, position: int, __: int) -> None:
        if position > 5 * MIB:
            raise Cancelled

    before = threads()
    with Path(os.devnull).open("wb") as device, pytest.raises(Cancelled):
        stream_volume(plan_of([large]), [large], device.fileno(), "device", progress=cancel)
    assert threads() == before


# Where it comes from


def test_some_of_it_is_read_ahead_and_no_more() -> None:
    made: list[int] = []

    def content() -> Iterator[bytes]:
        for number in range(64):
            made.append(number)
            yield bytes(MIB)

    plan = VolumePlan("udf", 64 * MIB, (Structure(0, 64 * MIB, content),), ())
    stream = VolumeStream(plan, [], image_digest=False)
    with closing(stream.pieces()) as pieces:
        next(pieces)
        deadline = time.monotonic() + 10
        while len(made) < 10 and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.1)
        assert len(made) == 10  # what was taken, 8 MiB that wait, and one that has no room yet


def changed(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"more")


def shortened(path: Path) -> None:
    os.truncate(path, 100)


def touched(path: Path) -> None:
    os.utime(path, ns=(1, 1))


@pytest.mark.parametrize("change", [changed, shortened, touched])
def test_a_source_that_changes_on_the_way_is_told(
    large: NamedSource, tmp_path: Path, change: Callable[[Path], None]
) -> None:
    before = threads()
    stream = VolumeStream(plan_of([large], LIST), [large], digest_list=LIST)

    def take() -> None:
        with closing(stream.pieces()) as pieces:
            next(pieces)
            change(tmp_path / "large")
            for _ in pieces:
                pass

    with pytest.raises(CannotRead, match="changed while it was being read"):
        take()
    assert threads() == before


def test_a_source_that_vanishes_is_told_when_its_turn_comes(
    large: NamedSource, tmp_path: Path
) -> None:
    (tmp_path / "gone").write_bytes(b"gone")
    gone = source_of(tmp_path / "gone", "B")
    stream = VolumeStream(plan_of([large, gone]), [large, gone])
    (tmp_path / "gone").unlink()
    taken = 0
    with pytest.raises(CannotRead, match="cannot be read") as caught:  # noqa: PT012 (what came)
        for piece in stream.pieces():
            taken += len(piece)
    assert caught.value.where == str(tmp_path / "gone")
    assert taken > 39 * MIB  # What was read before is handed out first.


def test_a_source_that_changed_before_a_restart_is_told(large: NamedSource, tmp_path: Path) -> None:
    stream = VolumeStream(plan_of([large]), [large])
    with closing(stream.pieces()) as pieces:
        next(pieces)
    changed(tmp_path / "large")
    with pytest.raises(CannotRead, match="changed"):
        next(stream.pieces(3 * MIB))


def test_a_list_of_another_size_than_planned_is_refused(large: NamedSource) -> None:
    wrong = DigestList(("L",), 5, lambda _: b"123456", RECORDED)
    stream = VolumeStream(plan_of([large], wrong), [large], digest_list=wrong)
    with pytest.raises(CannotWrite, match="6 bytes where 5 were planned"):
        for _ in stream.pieces():
            pass


# Memory


def test_memory_stays_flat_however_large_the_source(tmp_path: Path) -> None:
    program = """
import os, sys
from datetime import datetime, UTC
from pathlib import Path
from media import FileRange, NamedSource, lay_out_udf, planned_files
from media.volume_stream import stream_volume
path, size = Path(sys.argv[1]), int(sys.argv[2])
with path.open("wb") as file:
    file.truncate(size)
now = datetime(2026, 3, 4, tzinfo=UTC)
sources = [NamedSource(("A",), (FileRange(str(path), 0, size),), now)]
plan = lay_out_udf(planned_files(sources, None), label="T", recorded=now, revision="2.50")
device = os.open(os.devnull, os.O_WRONLY)
stream_volume(plan, sources, device, "null", image_digest=False)
print(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
"""

    def peak(size: int) -> int:
        command = [sys.executable, "-c", program, str(tmp_path / "sparse"), str(size)]
        return int(subprocess.run(command, check=True, capture_output=True).stdout)  # KiB

    assert peak(50 * 10**9) < peak(10**8) + (16 << 10)
