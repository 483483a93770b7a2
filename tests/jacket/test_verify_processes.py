"""Two processes find what one finds, in the same order; a lost worker costs nothing."""

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from jacket import verify_files
from jacket.commands.verify import as_json
from jacket.verification import verify
from jacket.verify_processes import cut_up
from media import Entry

Many = Callable[[int, int], list[Path]]
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="one process is all there is here")


@pytest.fixture(scope="module")
def spoilt(
    tmp_path_factory: pytest.TempPathFactory, many: Many, run: Callable[..., object]
) -> Path:
    """A medium of 300 files with one thing or another wrong all over it."""
    folder = tmp_path_factory.mktemp("spoilt") / "medium"
    assert run("author", *many(300, 0), "-o", folder).code == 0
    files = sorted(folder.joinpath("DICOM").rglob("I*"))
    assert len(files) == 300
    for number, path in enumerate(files):
        content = bytearray(path.read_bytes())
        if number % 7 == 0:
            content[-9] ^= 1  # pixel data
        if number % 11 == 0:
            content[0:4] = b"odd!"  # the preamble
        if number % 13 == 0:  # the name, which the records above have otherwise
            at = content.index(b"CompressedSamples^CT1")
            content[at : at + 10] = b"Decoratedx"
        if number % 17 == 0:
            content = content[:9000]
        if number % 19 != 0:
            path.write_bytes(content)
        else:
            path.unlink()
    shutil.copy(files[1], folder / "DICOM" / "extra.dcm")
    (folder / "AUTORUN.INF").write_text("[autorun]")
    return folder


@needs_fork
@pytest.mark.parametrize("profile", [None, "STD-GEN-CD", "STD-CTMR-CD"])
def test_the_result_does_not_depend_on_the_number_of_processes(
    spoilt: Path, profile: str | None
) -> None:
    alone = as_json(verify(spoilt, profile, pdi=True, processes=1))
    told = [finding["rule"] for finding in alone["findings"]]  # type: ignore[attr-defined]
    rules = set(told)
    assert told.count("DIR-REF-PARENT-KEY") == 1, "one cause in two dozen files"
    assert rules > {"MAN-DIGEST", "P10-PREAMBLE-UNKNOWN", "DIR-REF-PARENT-KEY", "DIR-FILE-MISSING"}
    for processes in (2, 3):
        assert as_json(verify(spoilt, profile, pdi=True, processes=processes)) == alone


@needs_fork
def test_the_same_holds_for_an_image(
    tmp_path: Path, many: Many, run: Callable[..., object]
) -> None:
    image = tmp_path / "disc.iso"
    assert run("author", *many(250, 0), "-o", image).code == 0
    alone = verify(image, processes=1)
    assert alone.compliant
    assert verify(image, processes=2) == alone


@needs_fork
def test_a_worker_that_dies_costs_nothing(spoilt: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = verify(spoilt, processes=1)
    parent = os.getpid()
    real = verify_files.FileChecks.chunk

    def deadly(work: verify_files.FileChecks, entries: Sequence[Entry]) -> verify_files.Result:
        if os.getpid() != parent:
            os._exit(9)
        return real(work, entries)

    monkeypatch.setattr(verify_files.FileChecks, "chunk", deadly)
    assert verify(spoilt, processes=2) == alone


def entries(*sizes: int) -> list[Entry]:
    return [Entry((f"I{n}",), f"I{n}", size, "", 0) for n, size in enumerate(sizes)]


def test_chunks_hold_every_file_once_and_are_few_enough_for_the_pipe(tmp_path: Path) -> None:
    for files in (
        entries(),
        entries(1),
        *(entries(*[1000] * number) for number in (31, 32, 33, 400_000)),
        entries(*[500 << 20] * 9, *[10] * 50),
    ):
        chunks = cut_up(files, str(tmp_path), 2).chunks
        assert [entry for chunk in chunks for entry in chunk] == files
        assert len(chunks) <= 12_000
    assert [len(c) for c in cut_up(entries(9 << 20, 9 << 20, 1, 1), str(tmp_path), 2).chunks] == [
        *(1, 1, 2),
    ]


@needs_fork
def test_small_media_and_drives_are_read_by_one_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    many = entries(*[1000] * 1000)
    assert cut_up(many, str(tmp_path), None).processes == 2
    assert cut_up(entries(*[1000] * 20), str(tmp_path), None).processes == 1
    assert cut_up(many, "/dev/sr0", None).processes == 1  # whether or not it is there
    assert cut_up(many, "/dev/sr0", 4).processes == 1  # seeks are the cost there
    number = os.stat(tmp_path).st_dev  # noqa: PTH116 (as the code does)
    mounts = f"36 35 {os.major(number)}:{os.minor(number)} / /media/cdrom ro - {{}} /dev/sr0 ro\n"
    real = Path.read_text
    for file_system, processes in (("iso9660", 1), ("udf", 1), ("ext4", 2)):
        text = mounts.format(file_system)
        monkeypatch.setattr(
            Path,
            "read_text",
            lambda path, *a, text=text, **k: text if "mountinfo" in str(path) else real(path, *a),
        )
        assert cut_up(many, str(tmp_path), None).processes == processes


def test_progress_goes_up_and_ends_before_the_total(spoilt: Path) -> None:
    told: list[tuple[str, int, int]] = []
    verify(spoilt, processes=1, progress=lambda *values: told.append(values))
    done = [values[1] for values in told]
    assert done == sorted(done)
    assert len({values[2] for values in told}) == 1
    assert done[-1] < told[0][2]


def test_each_file_is_opened_once_and_read_once(
    tmp_path: Path, many: Many, run: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "medium"
    assert run("author", *many(20, 0), "-o", folder).code == 0
    opened: dict[str, int] = {}
    read: dict[int, int] = {}
    real_open, real_pread = os.open, os.pread

    def counting_open(path: str, *rest: int) -> int:
        opened[str(path)] = opened.get(str(path), 0) + 1
        return real_open(path, *rest)

    def counting_pread(descriptor: int, length: int, offset: int) -> bytes:
        data = real_pread(descriptor, length, offset)
        read[0] = read.get(0, 0) + len(data)
        return data

    monkeypatch.setattr(os, "open", counting_open)
    monkeypatch.setattr(os, "pread", counting_pread)
    verdict = verify(folder, "STD-GEN-CD", processes=1)
    instances = {path: n for path, n in opened.items() if "/DICOM/" in path}
    assert set(instances.values()) == {1}
    assert len(instances) == 20
    # The DICOMDIR and the manifest are read before the walk, and not again in it.
    assert read[0] == verdict.read
