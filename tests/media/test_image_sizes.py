"""Images of large files and of many: what they hold, and how little memory they take."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from media import (
    FileRange,
    NamedSource,
    PlannedFile,
    VolumePlan,
    lay_out_bridge,
    lay_out_iso9660,
    open_medium,
    planned_files,
    write_volume,
)
from reporting import CannotWrite

RECORDED = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
LARGE = (5 << 30) + 7  # bytes
Peer = Callable[[str], str]
LayOut = Callable[..., VolumePlan]
ROOT = Path(__file__).resolve().parents[2]


def sparse(path: Path, size: int) -> Path:
    """Make a file of zeros that takes no room, with "the end" at its end."""
    with path.open("wb") as file:
        file.truncate(size)
        os.pwrite(file.fileno(), b"the end", size - 7)
    return path


def run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module", params=[lay_out_iso9660, lay_out_bridge])
def large(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an image of level 3 with a file of 5 GiB, and one behind it."""
    folder = tmp_path_factory.mktemp("large")
    big = FileRange(str(sparse(folder / "big", LARGE)), 0, LARGE)
    sources = [
        NamedSource(("DICOM", "BIG"), (big,), RECORDED),
        NamedSource(("LAST",), (b"last",), RECORDED),
    ]
    plan = request.param(planned_files(sources, None), label="T", recorded=RECORDED, level=3)
    write_volume(plan, sources, folder / "t.iso", image_digest=False)
    return folder / "t.iso"


def test_we_read_a_file_of_5_gib(large: Path) -> None:
    with open_medium(large) as medium:
        entry = medium.find(("DICOM", "BIG"))
        assert entry is not None
        assert entry.size == LARGE
        reader = medium.open(entry)
        assert reader.pread(7, LARGE - 7) == b"the end"
        for seam in (0xFFFFF800, 0xFFFFF800 * 2 % LARGE):
            assert reader.pread(4096, seam - 2048) == bytes(4096)
        last = medium.find(("LAST",))
        assert last is not None
        assert medium.open(last).pread(4, 0) == b"last"
        assert {f.rule for f in medium.findings()} <= {"ISO-UDF"}


def test_xorriso_reads_a_file_of_5_gib(large: Path, peer: Peer, tmp_path: Path) -> None:
    cut = tmp_path / "cut"
    indev = ["-osirrox", "on", "-ecma119_map", "unmapped", "-indev", str(large)]
    run(peer("xorriso"), *indev, "-extract_cut", "/DICOM/BIG.;1", str(LARGE - 7), "7", str(cut))
    assert cut.read_bytes() == b"the end"
    assert str(LARGE) in run(peer("xorriso"), *indev, "-lsl", "/DICOM")


def test_7z_knows_the_size_of_a_file_of_5_gib(large: Path, peer: Peer) -> None:
    with open_medium(large) as medium:
        kinds = ("iso", "udf") if "udf" in medium.kind else ("iso",)
    for kind in kinds:
        assert f"Size = {LARGE}" in run(peer("7z"), "l", "-slt", f"-t{kind}", str(large))


@pytest.mark.slow
def test_7z_extracts_a_file_of_5_gib(large: Path, peer: Peer) -> None:
    with subprocess.Popen(
        [peer("7z"), "x", "-so", str(large), "DICOM/BIG"], stdout=subprocess.PIPE
    ) as extracting:
        assert extracting.stdout is not None
        length, end = 0, b""
        while piece := extracting.stdout.read(1 << 20):
            length, end = length + len(piece), piece[-7:]
    assert extracting.returncode == 0
    assert (length, end) == (LARGE, b"the end")


@pytest.mark.parametrize("lay_out", [lay_out_iso9660, lay_out_bridge])
@pytest.mark.parametrize("level", [1, 2])
def test_refuses_files_of_4_gib_below_level_3(lay_out: LayOut, level: int) -> None:
    most = [PlannedFile(("MOST",), (4 << 30) - 1, RECORDED)]
    lay_out(most, label="", recorded=RECORDED, level=level)
    files = [*most, PlannedFile(("D", "TOO_MUCH"), 4 << 30, RECORDED)]
    with pytest.raises(CannotWrite, match=f"4 GiB or more.*level {level}") as caught:
        lay_out(files, label="", recorded=RECORDED, level=level)
    assert caught.value.where == "D/TOO_MUCH"
    assert "another kind of medium" in caught.value.remedy


# Memory

_WRITE = """
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import media
kind, source, number, target = sys.argv[2], sys.argv[3], int(sys.argv[4]), Path(sys.argv[5])
now = datetime(2026, 3, 4, tzinfo=timezone.utc)
size = Path(source).stat().st_size
sources = [
    media.NamedSource(
        ("DICOM", f"P{i // 1000:07d}", f"S{i // 100:07d}", f"I{i:07d}"),
        (media.FileRange(source, 0, size),),
        now + timedelta(seconds=i),
    )
    for i in range(number)
]
lay_out, more = {
    "iso9660": (media.lay_out_iso9660, {"level": 3}),
    "bridge": (media.lay_out_bridge, {"level": 3}),
    "udf": (media.lay_out_udf, {"revision": "2.50"}),
}[kind]
plan = lay_out(media.planned_files(sources, None), label="T", recorded=now, **more)
media.write_volume(plan, sources, target, image_digest=False)
print(next(line for line in Path("/proc/self/status").open() if "VmHWM" in line).split()[1])
"""
KINDS = ["iso9660", "bridge", "udf"]


def peak(kind: str, source: Path, number: int) -> int:
    """Return the KiB that writing *number* times the file *source* takes at most."""
    if not Path("/proc/self/status").exists():
        pytest.skip("only Linux tells the peak of a process")
    arguments: Sequence[str] = (str(ROOT), kind, str(source), str(number))
    target = source.with_suffix(".iso")
    said = run(sys.executable, "-c", _WRITE, *arguments, str(target))
    assert target.stat().st_size > number * source.stat().st_size
    target.unlink()
    return int(said)


@pytest.mark.parametrize("kind", KINDS)
def test_memory_does_not_grow_with_the_size_of_a_file(kind: str, tmp_path: Path) -> None:
    small = peak(kind, sparse(tmp_path / "small", 100_000_000), 1)
    assert peak(kind, sparse(tmp_path / "large", 50_000_000_000), 1) < small + 2_000


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.slow
def test_a_hundred_thousand_files_fit_in_250_mb(kind: str, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"x" * 1000)
    assert peak(kind, source, 100_000) < 250_000
