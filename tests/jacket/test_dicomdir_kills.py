"""`jacket dicomdir --add --remove` killed at any moment: the old or the new directory, whole."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pydicom
import pytest
from pydicom.data import get_testdata_file

from dicomdir.check_reference import references
from dicomdir.read import read_directory
from media import open_medium
from reporting import FilmjacketError

KILLS = 30
EARLY = 10  # more of them, at the first sign of something written
LATE = 10  # more of them, with the new DICOMDIR in place
SEED = 20261122
MEGABYTE = 1 << 20
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL"),
]

Run = Callable[..., object]
Peer = Callable[[str], str]


@pytest.fixture(scope="module")
def sources(
    tmp_path_factory: pytest.TempPathFactory, many: Callable[[int, int], list[Path]]
) -> Path:
    """A hundred files to add: what is written takes as long as what is read."""
    folder = tmp_path_factory.mktemp("sources")
    for path in many(100, 0):
        shutil.move(path, folder)
    return folder


@pytest.fixture(scope="module")
def full_sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two studies, together larger than the smallest FAT16 volume: its image gets no free room."""
    folder = tmp_path_factory.mktemp("full")
    image = pydicom.dcmread(str(get_testdata_file("CT_small.dcm")))
    for number in range(200):
        image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{number}"
        image.StudyInstanceUID, image.SeriesInstanceUID = f"1.2.{number % 2}", f"1.2.4.{number % 2}"
        image.save_as(folder / str(number))
    return folder


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: on a busy disk each of many jobs waits for seconds."""
    memory = Path("/dev/shm")  # noqa: S108 (a folder of its own is made in it)
    if not memory.is_dir():
        yield tmp_path
        return
    with TemporaryDirectory(dir=memory) as folder:
        yield Path(folder)


@pytest.fixture
def folder(place: Path, two_patients: Path, run: Run) -> Path:
    target = place / "folder"
    assert run("author", two_patients, "-o", target).code == 0
    return target


@pytest.fixture
def stick(place: Path, folder: Path, peer: Peer) -> Path:
    image = place / "stick.img"
    with image.open("wb") as file:
        file.truncate(32 * MEGABYTE)
    subprocess.run([peer("mkfs.fat"), "-F", "16", str(image)], capture_output=True, check=True)
    words = [peer("mcopy"), "-s", "-i", str(image), *map(str, sorted(folder.iterdir())), "::/"]
    subprocess.run(words, capture_output=True, check=True)
    return image


def seen(target: Path) -> dict[str, bytes]:
    with open_medium(target) as medium:
        found = {}
        for entry in medium.entries():
            with medium.open(entry) as file:
                found["/".join(entry.name)] = file.pread(file.size, 0)
    return found


def directory_of(target: Path) -> bytes:
    """Return the DICOMDIR as it is just now; b"" while it cannot be read."""
    try:
        if target.is_dir():
            return (target / "DICOMDIR").read_bytes()
        with open_medium(target) as medium:
            entry = medium.find(("DICOMDIR",))
            if entry is None:
                return b""
            with medium.open(entry) as file:
                return file.pread(file.size, 0)
    except FilmjacketError:
        return b""


def named(content: dict[str, bytes]) -> set[str]:
    directory = read_directory(content["DICOMDIR"]).directory
    return {"/".join(record.file_id) for record, _ in references(directory)}


def manifest_of(content: dict[str, bytes]) -> set[str]:
    """Return the lines of a manifest that is right."""
    return {
        f"{sha256(data).hexdigest()} *{name}"
        for name, data in content.items()
        if name != "MANIFEST.TXT"
    }


def complaints(image: Path, peer: Peer) -> list[str]:
    """Return what fsck.fat says, but for what a volume that is pulled out always has."""
    data = image.read_bytes()
    if data[0] not in (0xEB, 0xE9):  # the jump of a boot sector: there is a partition
        image = image.with_suffix(".volume")
        image.write_bytes(data[512 * int.from_bytes(data[454:458], "little") :])
    words = [peer("fsck.fat"), "-n", str(image)]
    ran = subprocess.run(words, capture_output=True, text=True, check=False)
    usual = ("fsck.fat ", "Dirty bit", " Automatically", "Reclaimed", "Leaving", f"{image}: ")
    said = ran.stdout.splitlines() + ran.stderr.splitlines()
    return [line for line in said if line and not line.startswith(usual)]


def copy_of(kept: Path, target: Path) -> None:
    if kept.is_dir():
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(kept, target)
    else:
        shutil.copyfile(kept, target)


def stamp(target: Path) -> object:
    """Return what changes as soon as something is written."""
    if target.is_dir():
        return sorted(target.iterdir()), (target / "DICOMDIR").stat().st_mtime_ns
    return target.stat().st_mtime_ns


class Job:
    """The command in a process of its own, killed a while after it began to write."""

    def __init__(self, target: Path, words: list[str]) -> None:
        self.target, self.before = target, stamp(target)
        self.directory = directory_of(target)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "jacket", "dicomdir", str(target), *words],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def writing(self, nap: float = 0.0005) -> None:
        while self.process.poll() is None and stamp(self.target) == self.before:
            time.sleep(nap)

    def span(self) -> float:
        self.writing()
        began = time.monotonic()
        assert self.process.wait() == 0
        return time.monotonic() - began

    def placing(self) -> None:
        """Wait until the new DICOMDIR has the old one's place."""
        while self.process.poll() is None and directory_of(self.target) in (self.directory, b""):
            time.sleep(0.0005)

    def killed(self, after: float, *, late: bool = False) -> float:
        """Kill it; return 0, or the seconds it took where it was done before."""
        self.writing(nap=0.0005 if after else 0)  # a job of few writes takes some milliseconds
        began = time.monotonic()
        if late:
            self.placing()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(after)
        took = time.monotonic() - began
        self.process.send_signal(signal.SIGKILL)
        return 0 if self.process.wait() == -signal.SIGKILL else took


class Ends(NamedTuple):
    """What a job made of a medium."""

    old: dict[str, bytes]
    new: dict[str, bytes]
    late_kills: int  # after the new DICOMDIR had its place


@pytest.fixture(params=["folder", "stick"])
def target(request: pytest.FixtureRequest) -> Path:
    return Path(request.getfixturevalue(request.param))


def test_the_directory_is_old_or_new_and_names_whole_files_whenever_it_is_killed(
    target: Path, place: Path, sources: Path, run: Run, peer: Peer
) -> None:
    study = str(pydicom.dcmread(sorted((place / "folder").rglob("I0*"))[0]).StudyInstanceUID)
    words = ["--add", str(sources), "--remove", study]
    old, new, late = expect_old_or_new_whenever_killed(target, words, place / "kept", run, peer)
    assert late
    assert named(old) - named(new)
    assert len(named(new) - named(old)) == 100


def test_a_study_is_taken_off_an_image_of_ours_that_is_full_whenever_it_is_killed(
    place: Path, full_sources: Path, run: Run, peer: Peer
) -> None:
    target = place / "full.img"
    assert run("author", full_sources, "-o", target).code == 0
    words = ["--remove", "1.2.1"]
    old, new, _ = expect_old_or_new_whenever_killed(target, words, place / "kept", run, peer)
    assert (len(named(old)), len(named(new))) == (200, 100)


def expect_old_or_new_whenever_killed(
    target: Path, words: list[str], kept: Path, run: Run, peer: Peer
) -> Ends:
    """Kill a job again and again."""
    copy_of(target, kept)
    old = seen(target)
    span = Job(target, words).span()
    new = seen(target)
    chance = random.Random(SEED)  # noqa: S311 (to be repeated, not to be secret)
    kills, late_kills, olds, news = 0, 0, 0, 0
    # It never takes as long twice: kills by time alone may all be early, or all too late.
    for when in ("early",) * EARLY + ("",) * KILLS + ("late",) * LATE:
        copy_of(kept, target)
        late = when == "late"
        after = {"early": 0, "": span, "late": span / 100}[when] * chance.random()
        took = Job(target, words).killed(after, late=late)
        kills, late_kills = kills + (not took), late_kills + (late and not took)
        span = min(span, took or span)
        now = seen(target)
        assert named(now) in (named(old), named(new))
        olds, news = olds + (named(now) == named(old)), news + (named(now) == named(new))
        whole = old | new
        assert all(now[name] == whole[name] for name in named(now))
        said = run("dicomdir", target, *words, "--json")  # the same command again mends it
        assert said.code == 0 or "nothing was changed" in said.err
        again = seen(target)
        assert named(again) == named(new)
        assert {n: again[n] for n in named(again)} == {n: new[n] for n in named(new)}
        assert set(again) == set(new), "and nothing is left over"
        assert set(again["MANIFEST.TXT"].decode().splitlines()) == manifest_of(again)
        if target.is_file():
            assert complaints(target, peer) == []
        assert not late or named(now) == named(new)
    assert kills >= EARLY + KILLS // 2
    assert olds
    assert news
    return Ends(old, new, late_kills)
