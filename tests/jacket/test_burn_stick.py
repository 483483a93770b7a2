"""A stick is FAT over its whole length, is read back, and has no first block before it is whole."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file
from stick_file import Stick

from drivers.block_device import ReadFailed
from jacket.burning.burn import burn
from jacket.burning.result import BurnInterrupted, DiscFailed
from jacket.burning.stick import StickTarget
from jacket.burning.target import How
from jacket.verification import verify
from reporting import CannotRead, CannotWrite, NotSupported, WrongUsage

CT = Path(str(get_testdata_file("CT_small.dcm")))
MR = Path(str(get_testdata_file("MR_small.dcm")))
MIB = 1 << 20


@pytest.fixture
def stick(tmp_path: Path) -> Stick:
    return Stick(tmp_path / "stick.img", 64 * MIB)


def record_in(folder: Path) -> dict[str, object]:
    (path,) = folder.glob("*.json")
    return json.loads(path.read_text())  # type: ignore[no-any-return]


def test_others_read_it_and_it_is_as_large_as_the_stick(
    stick: Stick, tmp_path: Path, peer: Callable[[str], str]
) -> None:
    done = burn([CT, MR], StickTarget(stick, How()), jobs_folder=tmp_path / "jobs")
    assert done.clean
    assert done.authored.profile == "STD-GEN-USB-JPEG"
    (disc,) = done.discs
    assert (disc.verdict, disc.medium) == ("good", "stick")
    assert verify(stick.path, "STD-GEN-USB-JPEG").compliant
    start = int.from_bytes(stick.path.read_bytes()[454:458], "little")
    sectors = int.from_bytes(stick.path.read_bytes()[458:462], "little")
    assert (start + sectors) * 512 > 60 * MIB
    volume = tmp_path / "volume.img"
    volume.write_bytes(stick.path.read_bytes()[start * 512 :])
    subprocess.run([peer("fsck.fat"), "-n", volume], check=True, capture_output=True)
    taken = tmp_path / "DICOMDIR"
    subprocess.run([peer("mcopy"), "-i", volume, "::DICOMDIR", taken], check=True)
    assert taken.read_bytes()[128:132] == b"DICM"


def test_a_stick_that_keeps_something_else_is_bad_and_names_the_file(
    stick: Stick, tmp_path: Path
) -> None:
    clean = Stick(tmp_path / "other.img", 64 * MIB)
    burn([CT, MR], StickTarget(clean, How()), jobs_folder=tmp_path / "one")
    pixels = clean.path.read_bytes().index(CT.read_bytes()[-2000:-1000])
    stick.lies = pixels + 10
    with pytest.raises(DiscFailed) as caught:
        burn([CT, MR], StickTarget(stick, How()), jobs_folder=tmp_path / "two")
    told = record_in(tmp_path / "two")
    assert told["state"] == "bad"
    names = [d["file"] for d in caught.value.details["discs"][0]["defects"]]
    assert any(name.startswith("DICOM/") for name in names)
    with pytest.raises(CannotRead):
        verify(stick.path)


def test_a_stick_that_does_not_read_back_is_bad(stick: Stick, tmp_path: Path) -> None:
    stick.bad = 700_000
    with pytest.raises(DiscFailed):
        burn([CT], StickTarget(stick, How()), jobs_folder=tmp_path / "jobs")
    assert record_in(tmp_path / "jobs")["state"] == "bad"


class Late(Stick):
    """A stick that fails as soon as it is whole and its beginning was read back."""

    reads = -1  # since it is whole
    error: BaseException = KeyboardInterrupt()

    def pwrite(self, data: bytes | memoryview, offset: int) -> None:
        super().pwrite(data, offset)
        if len(data) == self.block and not offset and any(data):
            self.reads = 0

    def pread(self, length: int, offset: int) -> bytes:
        self.reads += self.reads >= 0
        if self.reads > 1:
            raise self.error
        return super().pread(length, offset)


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), ReadFailed("is damaged", "/dev/stick", "Use another", 0, 1)]
)
def test_a_stick_that_was_not_seen_to_be_good_is_none(tmp_path: Path, error: BaseException) -> None:
    stick = Late(tmp_path / "stick.img", 64 * MIB)
    stick.error = error
    with pytest.raises((BurnInterrupted, DiscFailed)):
        burn([CT], StickTarget(stick, How()), jobs_folder=tmp_path / "jobs")
    (disc,) = record_in(tmp_path / "jobs")["discs"]  # type: ignore[misc, attr-defined]
    assert disc["stage"] == "verifying"
    with pytest.raises(CannotRead):
        verify(stick.path)


def test_a_stick_on_which_no_medium_fits_is_refused(tmp_path: Path) -> None:
    small = Stick(tmp_path / "small.img", 4 * MIB)
    with pytest.raises(CannotWrite, match="has 4,194,304 bytes, and the smallest") as caught:
        burn([CT], StickTarget(small, How()), jobs_folder=tmp_path / "jobs")
    assert caught.value.where == "/dev/stick"


@pytest.mark.parametrize(
    ("at", "wipe", "stage", "words"),
    [
        ("write", False, "writing", "is not complete"),
        ("wipe", True, "wiping", "was wiped"),
        ("scan", False, "", "interrupted"),
    ],
)
def test_an_interrupted_stick_is_not_said_to_be_untouched(
    at: str, wipe: bool, stage: str, words: str, stick: Stick, tmp_path: Path
) -> None:
    def interrupt(now: str, done: int, total: int) -> None:
        if now == at:
            raise KeyboardInterrupt

    target = StickTarget(stick, How(erase=wipe, wipe=wipe))
    with pytest.raises(BurnInterrupted, match=words) as caught:
        burn([CT], target, jobs_folder=tmp_path / "jobs", progress=interrupt)
    assert "before anything was written" not in caught.value.what
    told: list[dict[str, object]] = record_in(tmp_path / "jobs")["discs"]  # type: ignore[assignment]
    assert [disc["stage"] for disc in told] == ([stage] if stage else [])


def test_a_source_that_vanishes_spoils_the_stick_and_the_record_names_no_folder(
    stick: Stick, tmp_path: Path
) -> None:
    folder = tmp_path / "DOE^JOHN"
    folder.mkdir()
    source = folder / "CT"
    source.write_bytes(CT.read_bytes())

    def vanish(data: bytes | memoryview, offset: int) -> None:
        source.unlink(missing_ok=True)
        Stick.pwrite(stick, data, offset)

    stick.pwrite = vanish  # type: ignore[method-assign]
    with pytest.raises(DiscFailed, match="the stick is spoilt") as caught:
        burn([source], StickTarget(stick, How()), jobs_folder=tmp_path / "jobs")
    assert "DOE^JOHN" in caught.value.where
    assert "Do not hand this stick out" in caught.value.remedy
    told = record_in(tmp_path / "jobs")
    assert "DOE" not in json.dumps(told)
    assert str(told["error"]).startswith("a source file: ")


def test_a_mistake_in_the_program_is_not_said_to_leave_nothing(
    stick: Stick, tmp_path: Path
) -> None:
    def wrong(stage: str, done: int, total: int) -> None:
        if stage == "write":
            raise NameError("DOE^JOHN")

    with pytest.raises(DiscFailed, match=r"a mistake in the program \(NameError") as caught:
        burn([CT], StickTarget(stick, How()), jobs_folder=tmp_path / "jobs", progress=wrong)
    assert "spoilt" in caught.value.what
    assert "DOE" not in str(caught.value)
    assert caught.value.details["record"]


def test_an_interrupted_stick_is_readable_by_nobody(stick: Stick, tmp_path: Path) -> None:
    def interrupt(stage: str, done: int, total: int) -> None:
        if stage == "write":
            raise KeyboardInterrupt

    with pytest.raises(BaseException, match="interrupted"):
        burn([CT], StickTarget(stick, How()), jobs_folder=tmp_path / "jobs", progress=interrupt)
    assert record_in(tmp_path / "jobs")["state"] == "interrupted"
    with pytest.raises(CannotRead):
        verify(stick.path)


def test_what_cannot_be_is_refused(stick: Stick, tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match="not for sticks"):
        burn([CT], StickTarget(stick, How()), profile_id="STD-GEN-CD", jobs_folder=tmp_path / "j")
    with pytest.raises(WrongUsage, match="one copy"):
        StickTarget(stick, How(copies=2))
    for words in ({"split": True}, {"capacity": 32 * MIB}):
        with pytest.raises(WrongUsage):
            burn([CT], StickTarget(stick, How()), jobs_folder=tmp_path / "j", **words)  # type: ignore[arg-type]
    wide = StickTarget(Stick(tmp_path / "wide.img", 64 * MIB, block=4096), How())
    with pytest.raises(NotSupported):
        burn([CT], wide, jobs_folder=tmp_path / "j")


def test_what_a_stick_still_holds_is_told_in_result_and_record(
    stick: Stick, tmp_path: Path
) -> None:
    old = b"ANOTHER PATIENT".ljust(512, b".")
    stick.pwrite(old, 40 * MIB)
    done = burn([CT], StickTarget(stick, How(erase=True)), jobs_folder=tmp_path / "jobs")
    (remark,) = done.discs[0].remarks
    assert "the rest of this stick was not overwritten: 6" in remark
    assert "MB may hold what was there before; --erase --wipe" in remark
    discs: list[dict[str, object]] = record_in(tmp_path / "jobs")["discs"]  # type: ignore[assignment]
    assert discs[0]["remarks"] == [remark]
    assert old in stick.path.read_bytes()


def test_a_wiped_stick_holds_nothing_of_what_was_there(stick: Stick, tmp_path: Path) -> None:
    old = b"ANOTHER PATIENT".ljust(512, b".")
    for at in (512, 3 * MIB, 40 * MIB, 64 * MIB - 512):
        stick.pwrite(old, at)
    how = How(erase=True, wipe=True)
    stages: list[str] = []
    done = burn(
        [CT],
        StickTarget(stick, how),
        jobs_folder=tmp_path / "jobs",
        progress=lambda stage, done, total: stages.append(stage),
    )
    assert (done.discs[0].verdict, done.discs[0].remarks) == ("good", ())
    assert old not in stick.path.read_bytes()
    assert not any(stick.path.read_bytes()[20 * MIB :])
    order = [stage for stage in dict.fromkeys(stages) if stage in ("wipe", "read back", "write")]
    assert order == ["wipe", "read back", "write"]
    assert verify(stick.path, "STD-GEN-USB-JPEG").compliant


def test_a_stick_that_does_not_keep_the_zeros_gets_no_images(stick: Stick, tmp_path: Path) -> None:
    stick.lies = 30 * MIB + 7
    target = StickTarget(stick, How(erase=True, wipe=True))
    with pytest.raises(CannotWrite, match="something else than zeros"):
        burn([CT], target, jobs_folder=tmp_path / "jobs")
    assert record_in(tmp_path / "jobs")["state"] == "failed"
    with pytest.raises(CannotRead):
        verify(stick.path)
