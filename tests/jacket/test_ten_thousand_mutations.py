"""Damaged files and directories end in findings or a typed error: soon, and in little memory."""

import random
import resource
import shutil
import time
import warnings
from collections import Counter
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file

from jacket.author import author
from jacket.file_set.update import update_file_set
from jacket.verification import verify
from reporting import FilmjacketError

WHEEL = (
    *("CT_small.dcm", "MR_small_RLE.dcm", "examples_palette.dcm", "SC_rgb_jpeg_dcmtk.dcm"),
    *("MR_small_jp2klossless.dcm", "test-SR.dcm", "rtplan.dcm", "liver_1frame.dcm"),
    *("SC_rgb_rle_2frame.dcm", "JPEG-lossy.dcm"),
)
MEBIBYTE = 1 << 20
LENGTHS = (b"\xff\xff\xff\xff", b"\xfe\xff\xff\xff", b"\0\0\0\0", b"\0\0\0\x80", b"\1\0\0\0")


@pytest.fixture(scope="module")
def file_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "fileset"
    sources = [str(get_testdata_file(name)) for name in WHEEL]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        done = author(sources, folder, profile_id="STD-GEN-ZIP-MAIL", icons=True, jobs=1)
    assert len(done.planned) >= 8
    return folder


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Return *data* with one to four injuries, of the kinds that media and bad writers make."""
    cells = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        if len(cells) < 64:
            break
        at = chance.randrange(len(cells) - 32)
        if chance.random() < 0.7:  # where the structure is, not the pixels
            at = min(at, chance.randrange(132, 3000))
        kind = chance.randrange(7)
        if kind == 0:
            cells[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            cells[at : at + 4] = chance.choice(LENGTHS)
        elif kind == 2:
            cells[at : at + 2] = chance.choice((b"SQ", b"UN", b"OB", b"OW", b"UI", b"\0\0"))
        elif kind == 3:
            del cells[at : at + chance.randrange(1, 200)]
        elif kind == 4:
            cells[at:at] = chance.randbytes(chance.randrange(1, 64))
        elif kind == 5:
            del cells[at:]
        else:
            other = chance.randrange(len(cells) - 32)
            cells[at : at + 32], cells[other : other + 32] = (
                cells[other : other + 32],
                cells[at : at + 32],
            )
    return bytes(cells)


def suffer(file_set: Path, folder: Path, seeds: range) -> Counter[str]:
    """Injure one file after the other, do every job on the medium, and count how each ended."""
    shutil.copytree(file_set, folder)
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    paths = [path for path in paths if path.name != "MANIFEST.TXT"]
    (folder / "MANIFEST.TXT").unlink()
    whole = {path: path.read_bytes() for path in paths}
    ends: Counter[str] = Counter()
    for seed in seeds:
        chance = random.Random(seed)  # noqa: S311 (no secret: the same injuries every time)
        path = chance.choice((folder / "DICOMDIR", chance.choice(paths)))
        path.write_bytes(mutated(whole[path], chance))
        began = time.process_time()
        job = ("claimed", "any profile", "--pdi", "index")[seed % 4]
        try:
            if job == "index":
                end = update_file_set(folder, anew=seed % 8 == 3, jobs=1)
                ends["indexed" if not end.left_out else "left out"] += 1
            else:
                claimed = "STD-GEN-ZIP-MAIL" if job == "claimed" else None
                verdict = verify(folder, claimed, pdi=job == "--pdi", processes=1)
                ends["finding" if verdict.findings else "clean"] += 1
        except FilmjacketError:
            ends["typed error"] += 1
        assert time.process_time() - began < 5, seed
        for name in (path, folder / "DICOMDIR"):
            name.write_bytes(whole[name])
    return ends


def peak() -> int:
    """Return the most bytes that this process ever had in memory."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def judged(ends: Counter[str], number: int, before: int) -> None:
    assert ends.total() == number
    assert ends["finding"] > number / 3, "the injuries are real"
    # Of a process that other tests have used too only the growth is ours.
    assert peak() - before < 400 * MEBIBYTE


def test_some_hundred_mutations(file_set: Path, tmp_path: Path) -> None:
    before = peak()
    judged(suffer(file_set, tmp_path / "medium", range(400)), 400, before)


@pytest.mark.slow
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("part", range(4))
def test_ten_thousand_mutations(file_set: Path, tmp_path: Path, part: int) -> None:
    seeds = range(1000 + 2400 * part, 1000 + 2400 * (part + 1))
    before = peak()
    judged(suffer(file_set, tmp_path / "medium", seeds), len(seeds), before)
