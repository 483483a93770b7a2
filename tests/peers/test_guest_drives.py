"""On a full Linux kernel the command burns on drives and sticks that are not ours.

One boot of an emulated machine does all of it: DVD+R and DVD-RAM behind the kernel's SG_IO, USB
sticks past the kernel and through it.
"""

import hashlib
import json
import shutil
import sys
from pathlib import Path
from typing import Any, NamedTuple

import linux_guest
import pytest
from pydicom.data import get_testdata_file

from jacket.author import author
from jacket.verification import verify
from media import open_medium

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1600)]

JOB = linux_guest.RIGS / "guest_burns.py"
MIB = 1 << 20
BAD_AT = MIB + (64 << 10)  # byte of the stick that takes no writes
STICKS = ("PYUSB", "BLOCK", "BAD", "MOUNTED")
Files = dict[str, list[Any]]


class Guest(NamedTuple):
    """What came of each burn, and the folder with what stands on the media."""

    answers: dict[str, Any]
    folder: Path
    before: dict[str, str]  # digests of the sticks that must not change
    sources: set[str]  # digests of the files that were to be burned

    def told(self, name: str) -> Any:
        assert name in self.answers, (self.folder / "console").read_text(errors="replace")[-3000:]
        return self.answers[name]


@pytest.fixture(scope="module")
def guest(tmp_path_factory: pytest.TempPathFactory) -> Guest:
    linux_guest.parts()
    folder = tmp_path_factory.mktemp("guest")
    sources = folder / "sources"
    sources.mkdir()
    for name in ("CT_small.dcm", "MR_small.dcm"):
        shutil.copy(str(get_testdata_file(name)), sources)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", "1700000000")
        author([sources], folder / "disc.iso", profile_id="STD-GEN-DVD-JPEG")
        author([sources], folder / "MOUNTED.img", profile_id="STD-GEN-USB-JPEG")
    shutil.copy(folder / "MOUNTED.img", folder / "SYSTEM.img")
    for name in ("PYUSB", "BLOCK", "BAD"):
        with (folder / f"{name}.img").open("wb") as file:
            file.truncate(64 * MIB)
    before = {name: digest_of(folder / f"{name}.img") for name in ("MOUNTED", "SYSTEM")}
    job = ["env", "SOURCE_DATE_EPOCH=1700000000", sys.executable, str(JOB)]
    linux_guest.run_in_guest(folder, job, devices(folder))
    digests = {digest_of(path) for path in sources.iterdir()}
    return Guest(json.loads((folder / "answers.json").read_text()), folder, before, digests)


def devices(folder: Path) -> list[str]:
    """Return QEMU's words for four sticks and a built-in disk."""
    faults = folder / "faults"
    faults.write_text(
        f'[inject-error]\nevent = "none"\niotype = "write"\nsector = "{BAD_AT // 512}"\n'
    )
    words = ["-device", "qemu-xhci,id=usb"]
    for port, name in enumerate((*STICKS, "SYSTEM"), 1):
        image = folder / f"{name}.img"
        file = f"blkdebug:{faults}:{image}" if name == "BAD" else str(image)
        words += ["-drive", f"if=none,id={name},format=raw,cache=unsafe,file={file}"]
        words[-1] += ",werror=report,rerror=report"
        if name == "SYSTEM":
            words += ["-device", f"ide-hd,drive={name}"]
        else:
            stick = f"usb-storage,bus=usb.0,port={port},drive={name},serial={name},removable=on"
            words += ["-device", stick]
    return words


def digest_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def contents(files: Files) -> set[str]:
    return {content for _, content in files.values()}


def files_of(image: Path) -> Files:
    """Return every file of an image, as a reader of ours sees it."""
    found = {}
    with open_medium(image) as medium:
        for entry in medium.entries():
            with medium.open(entry) as file:
                content = hashlib.sha256(file.pread(file.size, 0)).hexdigest()
            found["/".join(entry.name)] = [entry.size, content]
    return found


def expect_good(guest: Guest, name: str, profile: str, seen: Files) -> None:
    """Hold what was burned against its profile, the sources, and what the kernel's driver saw."""
    image = guest.folder / name
    assert verify(image, profile).compliant
    assert seen == files_of(image)
    assert guest.sources <= contents(seen)


def test_drives_and_sticks_of_a_real_kernel_are_listed(guest: Guest) -> None:
    drives = guest.told("drives")["json"]["drives"]
    assert [drive["kind"] for drive in drives] == ["stick"] * len(STICKS) + ["disk"]
    assert {drive["serial"] for drive in drives[:-1]} == set(STICKS)
    assert "not-removable" in [refusal["id"] for refusal in drives[-1]["refusals"]]


def test_a_dvd_plus_r_is_burned_through_the_kernel(guest: Guest) -> None:
    answer = guest.told("disc")
    assert answer["code"] == 0, answer
    assert answer["json"]["good"] is True
    assert answer["json"]["discs"][0]["medium"] == "DVD+R"
    image = guest.folder / "disc.iso"
    assert (guest.folder / "disc.img").read_bytes() == image.read_bytes()
    seen = guest.told("disc files")
    assert seen["udf"] == files_of(image)
    assert sorted(seen["iso9660"].values()) == sorted(seen["udf"].values())
    assert guest.sources <= contents(seen["udf"])


def test_a_dvd_plus_r_that_is_closed_is_refused(guest: Guest) -> None:
    answer = guest.told("disc again")
    assert answer["code"] == 3
    assert "blank disc" in answer["json"]["error"]["remedy"]


def test_a_dvd_ram_is_burned_through_the_kernel(guest: Guest) -> None:
    answer = guest.told("ram")
    assert answer["code"] == 0, answer
    assert answer["json"]["discs"][0]["medium"] == "DVD-RAM"
    expect_good(guest, "ram.img", "STD-GEN-DVD-RAM", guest.told("ram files")["udf"])


def test_a_stick_is_burned_past_the_kernel_which_has_it_back_then(guest: Guest) -> None:
    answer = guest.told("pyusb")
    assert answer["code"] == 0, answer
    assert answer["json"]["good"] is True
    assert len(guest.told("held before")) == len(guest.told("held after")) == 1
    expect_good(guest, "PYUSB.img", "STD-GEN-USB-JPEG", guest.told("pyusb files")["vfat"])


def test_a_stick_is_burned_as_a_block_device(guest: Guest) -> None:
    answer = guest.told("block")
    assert answer["code"] == 0, answer
    expect_good(guest, "BLOCK.img", "STD-GEN-USB-JPEG", guest.told("block files")["vfat"])


def test_a_stick_with_something_on_it_is_refused_without_the_word_for_it(guest: Guest) -> None:
    answer = guest.told("block again")
    assert answer["code"] == 3
    assert "something on it" in answer["json"]["error"]["what"]
    assert "--erase" in answer["json"]["error"]["remedy"]


def test_a_stick_that_does_not_take_a_block_is_named_bad_with_the_place(guest: Guest) -> None:
    answer = guest.told("bad")
    assert answer["code"] == 3
    error = answer["json"]["error"]
    assert f"cannot be written at byte {BAD_AT // MIB * MIB}" in error["what"], error
    assert (guest.folder / "BAD.img").read_bytes()[510:512] != b"\x55\xaa"


@pytest.mark.parametrize(
    ("kind", "why"), [("mounted", "is mounted at"), ("system", "the running system is on")]
)
def test_what_is_in_use_is_refused_by_every_name_and_whatever_is_said(
    guest: Guest, kind: str, why: str
) -> None:
    for name, answer in guest.told(kind).items():
        assert answer["code"] == 3, (name, answer)
        assert why in answer["json"]["error"]["what"], (name, answer)
    assert digest_of(guest.folder / f"{kind.upper()}.img") == guest.before[kind.upper()]
