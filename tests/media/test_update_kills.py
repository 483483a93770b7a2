"""Updates that are killed at any instant: the medium has its old directory or its new one, whole.

The directory of these tests is a list of names with their digests.
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from random import Random
from time import monotonic, sleep
from typing import NamedTuple

import pytest
from fat_sticks import RECORDED, Name, Peer, as_mtools_see, as_we_see, fsck, run, used_stick

from drivers import open_image
from media import NamedSource, open_medium
from media.copying import Step, runs
from media.extents import Extent
from media.fat.update import change_volume, finish_update
from media.fat.update_target import ImageTarget
from media.update import Change, update_medium

SECTOR = 512  # bytes: what a medium writes wholly or not at all
DIRECTORY = ("DICOMDIR",)
ROOT = Path(__file__).resolve().parents[2]

Contents = dict[Name, bytes]


def directory(contents: Mapping[Name, bytes]) -> bytes:
    lines = (f"{'/'.join(name)} {sha256(data).hexdigest()}\n" for name, data in contents.items())
    return "".join(sorted(lines)).encode()


def source(name: Name, content: bytes) -> NamedSource:
    return NamedSource(name, (content,), RECORDED)


# Every instant of an update of a FAT volume


class Write(NamedTuple):
    group: int  # how many barriers came before
    position: int
    data: bytes  # of one sector at most


class Recorder:
    """Writes to an image, and remembers what it wrote sector by sector."""

    def __init__(self, target: ImageTarget) -> None:
        self._target, self._group = target, 0
        self.writes: list[Write] = []

    def copy(self, source: NamedSource, extents: Sequence[Extent], step: Step) -> None:
        content = b"".join(runs(source))
        for at, size in extents:
            self._note(content[:size], at)
            content = content[size:]
        self._target.copy(source, extents, step)

    def write(self, data: bytes, position: int) -> None:
        self._note(data, position)
        self._target.write(data, position)

    def barrier(self) -> None:
        self._group += 1
        self._target.barrier()

    def _note(self, data: bytes, position: int) -> None:
        for at in range(0, len(data), SECTOR):
            self.writes.append(Write(self._group, position + at, data[at : at + SECTOR]))


class Case(NamedTuple):
    """A medium before an update, what the update writes, and what is true before and after."""

    image: Path
    kind: str
    foreign: Contents
    old: Contents
    new: Contents
    writes: list[Write]


OLD = {("DICOM", f"P{n % 3}", f"I{n}"): bytes((n,)) * (200 * n) for n in range(14)}


def recorded_case(kind: str, folder: Path, peer: Peer) -> Case:
    """Add to old and new folders, replace, remove, empty a folder; with folders that grow."""
    image, foreign = used_stick(folder, kind, peer)
    add = tuple(source(name, content) for name, content in OLD.items())
    update_medium(image, Change(add, last=(source(DIRECTORY, directory(OLD)),)), recorded=RECORDED)
    after = image.with_suffix(".after")
    run("cp", "--sparse=always", str(image), str(after))
    gone = tuple(name for name in OLD if name[1] == "P2")
    added = {
        **{("DICOM", "P1", f"N{n}"): bytes((n,)) * 700 for n in range(40)},
        **{("DICOM", "P9", f"N{n}"): bytes((n,)) * 300 for n in range(3)},
        ("DICOM", "P1", "I1"): b"replaced" * 200,
    }
    new = {name: content for name, content in {**OLD, **added}.items() if name not in gone}
    change = Change(
        tuple(source(name, content) for name, content in added.items()),
        gone,
        (source(("MANIFEST.TXT",), b"m" * 900), source(DIRECTORY, directory(new))),
    )
    with ImageTarget(after) as target, open_image(after) as reader:
        recorder = Recorder(target)
        change_volume(reader, recorder, change, recorded=RECORDED)
    short = as_we_see(image)
    foreign = {name: short[name] for name in short if name not in OLD and name != DIRECTORY}
    return Case(image, kind, foreign, OLD, new, recorder.writes)


@pytest.fixture(scope="module", params=["fat12", "fat16", "fat32", "our fat16 partitioned"])
def case(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, peer: Peer
) -> Case:
    return recorded_case(request.param, tmp_path_factory.mktemp("case"), peer)


@pytest.fixture
def image(case: Case, tmp_path: Path) -> Path:
    run("cp", "--sparse=always", str(case.image), str(tmp_path / "killed.img"))
    return tmp_path / "killed.img"


def expect_old_or_new(
    seen: Mapping[Name, bytes], old: Contents, new: Contents, foreign: Contents
) -> bool:
    """Return whether the new directory is there; nothing that it names may be missing."""
    is_new = seen[DIRECTORY] == directory(new)
    assert is_new or seen[DIRECTORY] == directory(old)
    for name, content in (new if is_new else old).items():
        # A file may have been replaced before the directory is.
        assert seen[name] in ((content,) if is_new else (content, new.get(name)))
    assert {name: seen[name] for name in foreign} == foreign
    return is_new


# What fsck.fat may say of a volume that was pulled out meanwhile; all of it is harmless.
HARMLESS = re.compile(
    r"""^(\s*
    | Reclaimed\ \d+\ unused\ clusters?.*
    | Free\ cluster\ summary\ wrong.*
    | \s*Auto-correcting\.
    | \s*Automatically\ correcting.*
    | FATs\ differ\ but\ appear\ to\ be\ intact.*
    | \s*Using\ first\ FAT\.?
    | .*Dirty\ bit\ is\ set.*
    | \s*Automatically\ removing\ dirty\ bit.*
    | Leaving\ filesystem\ unchanged\.
    )$""",
    re.VERBOSE,
)


def expect_harmless(image: Path, kind: str, peer: Peer) -> None:
    _, lines = fsck(image, kind, peer)
    assert [line for line in lines if not HARMLESS.match(line)] == []


def put(file: Path, writes: Sequence[Write]) -> None:
    with file.open("r+b") as image:
        for write in writes:
            image.seek(write.position)
            image.write(write.data)


def test_every_prefix_leaves_the_old_or_the_new_directory(
    case: Case, image: Path, peer: Peer
) -> None:
    told = []
    for number, write in enumerate(case.writes):
        told.append(expect_old_or_new(as_we_see(image), case.old, case.new, case.foreign))
        if number % 40 == 0:
            expect_harmless(image, case.kind, peer)
        put(image, [write])
    assert as_we_see(image).items() >= {**case.new, DIRECTORY: directory(case.new)}.items()
    assert fsck(image, case.kind, peer) == (0, [])
    # The directory changes once, and late.
    assert [value for value, _ in groupby(told)] == [False, True]


def some_of(case: Case, random: Random) -> Iterator[Write]:
    """Yield all writes before some barrier, and any of those behind it, of each place in order."""
    last = random.randrange(max(write.group for write in case.writes) + 1)
    if random.random() < 0.5:  # The first group is the contents, to which nothing leads.
        last = max(last, 2)
    share = random.random()
    dropped = set()
    for write in case.writes:
        if write.group == last and (write.position in dropped or random.random() > share):
            dropped.add(write.position)
        elif write.group <= last:
            yield write


def test_writes_in_any_order_between_barriers_do_no_harm(
    case: Case, image: Path, peer: Peer
) -> None:
    before = image.read_bytes()
    for seed in range(80):
        writes = list(some_of(case, Random(seed)))  # noqa: S311 (the same at every run)
        put(image, writes)
        expect_old_or_new(as_we_see(image), case.old, case.new, case.foreign)
        if seed % 8 == 0:
            expect_harmless(image, case.kind, peer)
        put(image, [Write(0, w.position, before[w.position : w.position + SECTOR]) for w in writes])
    assert image.read_bytes() == before


def parts(case: Case) -> Iterator[list[Write]]:
    """Yield the writes before each barrier and some of those behind it: the first, the last."""
    for group in range(max(write.group for write in case.writes) + 1):
        before = [write for write in case.writes if write.group < group]
        these = [write for write in case.writes if write.group == group]
        for position in sorted({1, 2, len(these) // 2, len(these) - 1} & {*range(1, len(these))}):
            yield before + these[:position]
            yield before + these[position:]
            yield [*before, these[position]]


def test_the_next_update_goes_on_after_a_kill(case: Case, image: Path, peer: Peer) -> None:
    for writes in parts(case):
        run("cp", "--sparse=always", str(case.image), str(image))
        put(image, writes)
        seen = as_we_see(image)
        again = Change(
            tuple(source(name, content) for name, content in case.new.items()),
            tuple(name for name in case.old.keys() - case.new.keys() if name in seen),
            (source(DIRECTORY, directory(case.new)),),
        )
        update_medium(image, again, recorded=RECORDED)
        seen = as_we_see(image)
        assert expect_old_or_new(seen, case.old, case.new, case.foreign)
        assert not case.old.keys() - case.new.keys() & seen.keys()
        expect_harmless(image, case.kind, peer)
        _, lines = fsck(image, case.kind, peer)
        assert not [line for line in lines if "differ" in line]
        # It counts lost clusters as free, as it would free them.
        assert not [line for line in lines if "summary" in line] or "Reclaimed" in lines[0]


def test_the_next_run_finishes_it_with_nothing_else_to_do(
    case: Case, image: Path, peer: Peer
) -> None:
    clean = 0
    for writes in parts(case):
        run("cp", "--sparse=always", str(case.image), str(image))
        put(image, writes)
        seen = as_we_see(image)
        finish_update(image)
        assert as_we_see(image) == seen
        with open_medium(image) as medium:
            rules = {finding.rule for finding in medium.findings()}
        assert "FAT-COPIES" not in rules
        if "FAT-LOST" not in rules:  # else only a repair program may do more
            assert "FAT-DIRTY" not in rules
            assert fsck(image, case.kind, peer) == (0, [])
            clean += 1
        assert not finish_update(image)
    assert clean > 2


def test_barriers_are_few(case: Case) -> None:
    assert len({write.group for write in case.writes}) <= 7


# Processes that are killed

TIMES = [4, pytest.param(30, marks=pytest.mark.slow)]
CHILD = """
import sys
from datetime import UTC, datetime
from hashlib import sha256
from itertools import count
from pathlib import Path
from media import NamedSource, open_medium
from media.update import Change, update_medium

path, recorded = Path(sys.argv[1]), datetime(2026, 3, 4, tzinfo=UTC)

def generation(number):
    return {("DICOM", f"G{number % 100}", f"I{n}"): b"%d" % number * (3000 + n) for n in range(12)}

def seen():
    with open_medium(path) as medium:
        names = [e.name for e in medium.entries() if e.name[0] == "DICOM" and e.name[1][0] == "G"]
        entry = medium.find(("DICOMDIR",))
        with medium.open(entry) as file:
            return int(file.pread(file.size, 0).split()[0]), names

for _ in count():
    number, names = seen()
    new = generation(number + 1)
    lines = [f"{'/'.join(n)} {sha256(c).hexdigest()}" for n, c in new.items()]
    content = "\\n".join([str(number + 1), *lines]).encode()
    print(number, flush=True)
    update_medium(
        path,
        Change(
            tuple(NamedSource(n, (c,), recorded) for n, c in new.items()),
            tuple(n for n in names if n not in new),
            (NamedSource(("DICOMDIR",), (content,), recorded),),
        ),
        recorded=recorded,
    )
"""


def expect_whole(seen: Mapping[Name, bytes]) -> int:
    number, *lines = seen[DIRECTORY].decode().splitlines()
    for line in lines:
        name, digest = line.split()
        assert sha256(seen[tuple(name.split("/"))]).hexdigest() == digest
    return int(number)


def kill_often(path: Path, look: Callable[[], Mapping[Name, bytes]], times: int) -> int:
    """Kill updates of *path*, look at it after each, and return how many were done by then."""
    update_medium(path, Change(last=(source(DIRECTORY, b"0"),)), recorded=RECORDED)
    random, number = Random(1), 0  # noqa: S311 (instants need not be secret)
    for _ in range(times):
        with subprocess.Popen(
            [sys.executable, "-c", CHILD, str(path)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as child:
            assert child.stdout is not None
            assert child.stderr is not None
            for _ in range(random.randrange(1, 4)):
                begun = monotonic()
                assert child.stdout.readline(), child.stderr.read().decode()
            # Some time in an update that takes as long as the one before.
            sleep(random.random() * min(monotonic() - begun, 0.2))
            child.send_signal(signal.SIGKILL)
        after = expect_whole(look())
        assert after >= number
        number = after
    return number


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("kind", ["fat16", "our fat32 partitioned"])
def test_killed_processes_leave_a_whole_fat_volume(
    kind: str, times: int, tmp_path: Path, peer: Peer
) -> None:
    image, contents = used_stick(tmp_path, kind, peer)
    assert kill_often(image, lambda: as_we_see(image), times) > 0
    seen = as_mtools_see(image, kind, peer, tmp_path / "out")
    assert {name: seen[name] for name in contents} == contents
    expect_harmless(image, kind, peer)


def files_below(folder: Path) -> Contents:
    return {
        path.relative_to(folder).parts: path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
@pytest.mark.parametrize("times", TIMES)
def test_killed_processes_leave_a_whole_folder(times: int, tmp_path: Path) -> None:
    (tmp_path / "medium").mkdir()
    (tmp_path / "medium" / "FOREIGN").write_bytes(b"foreign")
    number = kill_often(tmp_path / "medium", lambda: files_below(tmp_path / "medium"), times)
    assert number > 0
    # What killed updates left goes with the next one.
    update_medium(tmp_path / "medium", Change(add=(source(("A",), b"a"),)), recorded=RECORDED)
    assert [name for name in files_below(tmp_path / "medium") if name[0].startswith(".")] == []
    assert (tmp_path / "medium" / "FOREIGN").read_bytes() == b"foreign"
    with open_medium(tmp_path / "medium") as medium:
        assert medium.find(("A",)) is not None
