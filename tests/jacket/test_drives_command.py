"""`jacket drives` tells what is attached, and what speaks against writing it."""

import os
from collections.abc import Callable
from typing import Any

import pytest

from drivers.block_device import CannotOpenDevice
from drivers.discovery import Found
from drivers.mmc.recorder import Recorder
from drivers.scsi_disk import ScsiDisk
from drivers.simulator import SimulatedDisk, SimulatedDrive, features
from jacket import drives

Run = Callable[..., Any]
Attach = Callable[..., dict[str, Any]]
STICK = Found("/dev/sdx", "stick", "ACME", "Stick\x1b[2J", "1", 16 * 10**9, True, False)
DRIVE = Found("/dev/sr0", "optical", "ACME", "Burner", "2", None, True, False)
CONTENT = os.urandom(320 * 2048)


def disk(content: bytes = b"", **more: Any) -> ScsiDisk:
    simulated = SimulatedDisk(**more)
    simulated.surface.write(0, content)
    return ScsiDisk(simulated, clock=simulated.clock, sleep=simulated.clock.sleep)


def recorder(*arguments: Any, **more: Any) -> Recorder:
    simulated = SimulatedDrive(*arguments, **more)
    return Recorder(simulated, clock=simulated.clock, sleep=simulated.clock.sleep)


@pytest.fixture
def attach(monkeypatch: pytest.MonkeyPatch, run: Run) -> Attach:
    """Attach one device; return what is told of it, with what is printed as "said"."""

    def attached(found: Found, opened: Any = None) -> dict[str, Any]:
        def opener(path: str, **_: object) -> Any:
            assert path == found.path
            if isinstance(opened, Exception):
                raise opened
            assert opened is not None, "was opened"
            return opened

        monkeypatch.setattr(drives, "discover", lambda: [found])
        monkeypatch.setattr(drives, "BlockDevice", opener)
        monkeypatch.setattr(drives, "open_drive", opener)
        said = run("drives").out
        assert "\x1b" not in said
        told: dict[str, Any] = run("drives", "--json").json["drives"][0]
        assert not any(one["skippable"] for one in told["refusals"] if one["id"] != "not-blank")
        return told | {"said": said, "ids": [one["id"] for one in told["refusals"]]}

    return attached


def test_the_system_disk_is_to_be_left_alone_and_nothing_else_is_said(attach: Attach) -> None:
    found = STICK._replace(kind="disk", removable=False, system=True, mounted=("/",))
    told = attach(found)
    assert told["ids"] == ["system-disk"]
    assert (told["can_be_written"], told["needs_erase"]) == (False, False)
    assert "mount" not in told["said"].lower()
    assert "erase" not in told["said"]


def test_a_built_in_disk_is_not_opened_and_not_to_be_written(attach: Attach) -> None:
    told = attach(STICK._replace(kind="disk", removable=False))
    assert told["ids"] == ["not-removable"]


def test_a_blank_stick_can_be_written(attach: Attach) -> None:
    told = attach(STICK, disk())
    assert (told["can_be_written"], told["needs_erase"], told["ids"]) == (True, False, [])
    assert told["said"].endswith("  can be written\n")


def test_a_stick_with_content_needs_erase(attach: Attach) -> None:
    told = attach(STICK, disk(CONTENT))
    assert (told["can_be_written"], told["needs_erase"]) == (False, True)
    assert told["ids"] == ["not-blank"]
    assert "not to be written as it is: there is something on it" in told["said"]
    assert "--erase" in told["said"]


def test_a_mounted_stick_is_not_opened(attach: Attach) -> None:
    told = attach(STICK._replace(mounted=("/media/stick",), partitions=("sdx1",)))
    assert told["ids"] == ["mounted", "not-blank"]
    assert (told["can_be_written"], told["needs_erase"]) == (False, False)
    assert "is mounted at /media/stick" in told["said"]


def test_a_write_protected_stick_needs_its_protection_off_and_nothing_else(attach: Attach) -> None:
    told = attach(STICK, disk(CONTENT, read_only=True))
    assert told["ids"] == ["read-only"]
    assert not told["needs_erase"]


def test_a_stick_without_a_size_is_not_opened(attach: Attach) -> None:
    told = attach(STICK._replace(size=None))
    assert told["ids"] == ["unknown-size"]
    assert not told["can_be_written"]


@pytest.mark.parametrize("found", [STICK, DRIVE], ids=["stick", "drive"])
def test_what_another_process_uses_is_told_so(attach: Attach, found: Found) -> None:
    busy = CannotOpenDevice("is in use by another program", found.path, "Close that program")
    told = attach(found, busy)
    assert told["trouble"] == "is in use by another program. Close that program"
    assert (told["can_be_written"], told["needs_erase"], told["ids"]) == (False, False, [])
    assert "in use by another program" in told["said"]


@pytest.mark.parametrize("found", [STICK, DRIVE], ids=["stick", "drive"])
def test_what_the_kernel_uses_is_not_opened(attach: Attach, found: Found) -> None:
    told = attach(found._replace(in_use_by=("crypt",)))
    assert told["ids"][0] == "in-use"
    assert not told["can_be_written"]
    assert "is in use (crypt)" in told["said"]


def test_a_drive_that_only_reads_is_never_written(
    attach: Attach, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(features, "_PROFILES", [0x10, 0x08])  # DVD-ROM, CD-ROM
    for drive in (recorder(), recorder("dvd-rom")):
        told = attach(DRIVE, drive)
        assert told["ids"] == ["only-reads"]
        assert not told["can_be_written"]


def test_a_drive_that_does_not_list_its_profiles_may_write(
    attach: Attach, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(features, "_PROFILES", [])
    assert attach(DRIVE, recorder("cd-r"))["can_be_written"]


def test_an_empty_burner_waits_for_a_disc(attach: Attach) -> None:
    told = attach(DRIVE, recorder())
    assert told["ids"] == ["unknown-size"]
    assert "there is no disc in it" in told["said"]
    assert "TEST UNIT READY" not in told["said"]


@pytest.mark.parametrize("kind", ["cd-r", "dvd-rw", "dvd+rw", "bd-re", "dvd-ram"])
def test_a_burner_with_a_blank_disc_can_be_written(attach: Attach, kind: str) -> None:
    told = attach(DRIVE, recorder(kind))
    assert (told["can_be_written"], told["ids"]) == (True, [])
    assert f"in it: {kind.upper()}" in told["said"]


@pytest.mark.parametrize("kind", ["cd-r", "dvd+r", "bd-r", "cd-rom", "dvd-rom"])
def test_a_disc_that_is_full_has_to_be_another_one(attach: Attach, kind: str) -> None:
    told = attach(DRIVE, recorder(kind, image=CONTENT))
    assert told["ids"] == ["unwritable-disc"]
    assert (told["can_be_written"], told["needs_erase"]) == (False, False)
    assert "Insert a blank disc" in told["said"]


@pytest.mark.parametrize("kind", ["cd-rw", "dvd-rw", "dvd+rw", "bd-re", "dvd-ram"])
def test_a_rewritable_disc_with_content_needs_erase(attach: Attach, kind: str) -> None:
    told = attach(DRIVE, recorder(kind, image=CONTENT))
    assert told["ids"] == ["not-blank"]
    assert (told["can_be_written"], told["needs_erase"]) == (False, True)


def test_a_drive_that_is_mounted_is_not_opened(attach: Attach) -> None:
    told = attach(DRIVE._replace(mounted=("/media/cd",)))
    assert told["ids"] == ["mounted"]


def test_a_simulated_drive_tells_its_medium_and_speeds(run: Run) -> None:
    said = run("drives", "simulator:dvd+r")
    assert said.code == 0
    assert "DVD+R, blank" in said.out
    assert "kB/s" in said.out
    told = run("drives", "simulator:dvd+r", "--json").json["drives"][0]
    assert told["medium"]["kind"] == "DVD+R"
    assert told["speeds"]
    assert told["can_be_written"] is True
    assert run("drives", "simulator:stick", "--json").json["drives"][0]["can_be_written"] is True


def test_the_system_comes_last(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    system = STICK._replace(path="/dev/sda", kind="disk", removable=False, system=True)
    mounted = STICK._replace(mounted=("/media/stick",))
    monkeypatch.setattr(drives, "discover", lambda: [system, mounted])
    assert [one["path"] for one in run("drives", "--json").json["drives"]] == [
        "/dev/sdx",
        "/dev/sda",
    ]


def test_nothing_attached_is_no_error_and_what_to_try_is_told(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = STICK._replace(path="/dev/sda", kind="disk", removable=False, system=True)
    for found in ([], [disk]):
        monkeypatch.setattr(drives, "discover", lambda found=found: found)
        said = run("drives")
        assert said.code == 0
        assert "no drive or stick found\n" in said.out
        assert "Plug it in" in said.out
        assert "--device simulator:cd-r" in said.out
        assert said.out.startswith("/dev/sda") == bool(found)
        assert len(run("drives", "--json").json["drives"]) == len(found)
    monkeypatch.setattr(drives, "discover", lambda: [STICK._replace(mounted=("/media/stick",))])
    assert "found" not in run("drives").out
    monkeypatch.setattr(drives, "find_device", lambda name: disk)
    assert "found" not in run("drives", "/dev/sda").out, "what was asked for is told"


@pytest.mark.parametrize("name", ["usb:1-4", "sdx"])
def test_a_stick_that_is_called_otherwise_is_told_by_its_path(
    name: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drives, "discover", lambda: [DRIVE, STICK._replace(bus="usb 1-4")])
    said = run("drives", name)
    assert (said.code, said.out) == (3, "")
    assert f"{name}: is not the path of a device. Type: jacket drives /dev/sdx." in said.err


@pytest.mark.parametrize("name", ["usb:1-4", "sr9", "/dev/sr9"])
def test_of_a_device_that_is_not_there_what_is_to_be_typed_is_told(
    name: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drives, "discover", lambda: [DRIVE, STICK._replace(bus="usb 1-5")])
    said = run("drives", name, "--json")
    assert said.code == 3
    assert said.json["error"]["where"] == name
    assert "such as /dev/sr0 or /dev/sdb" in said.err
    assert ("jacket burn --device" in said.err) == (name == "usb:1-4")
