"""`jacket drives` tells what is attached, and what speaks against writing it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from drivers.discovery import Found
from drivers.mmc.recording_facts import Medium
from jacket import drives

Run = Callable[..., object]
STICK = Found("/dev/sdx", "stick", "ACME", "Stick\x1b[2J", "1", 16 * 10**9, True, False)


def test_a_simulated_drive_tells_its_medium_and_speeds(run: Run) -> None:
    said = run("drives", "simulator:dvd+r")
    assert said.code == 0
    assert "DVD+R, blank" in said.out
    assert "kB/s" in said.out
    told = run("drives", "simulator:dvd+r", "--json").json["drives"][0]
    assert told["medium"]["kind"] == "DVD+R"
    assert told["speeds"]
    assert told["can_be_written"] is True


def test_what_speaks_against_a_device_is_said(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    devices = [
        STICK._replace(path="/dev/sda", kind="disk", removable=False, system=True, mounted=("/",)),
        STICK._replace(mounted=("/media/stick",), blank=False),
    ]
    monkeypatch.setattr(drives, "discover", lambda: devices)
    first, last = run("drives", "--json").json["drives"]
    assert [first["path"], last["path"]] == ["/dev/sdx", "/dev/sda"]  # the system comes last
    assert {refusal["id"] for refusal in first["refusals"]} == {"mounted", "not-blank"}
    assert {"system-disk", "mounted"} <= {refusal["id"] for refusal in last["refusals"]}
    assert not first["can_be_written"]
    said = run("drives").out
    assert "is mounted at /media/stick" in said
    assert "\x1b" not in said


def test_a_drive_that_is_mounted_is_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr(drives, "open_drive", never)
    drive = STICK._replace(path="/dev/sr0", kind="optical", mounted=("/media/cd",))
    monkeypatch.setattr(drives, "discover", lambda: [drive])
    (told,) = drives.seen()
    assert {"mounted", "unknown-size"} == {refusal.id for refusal in told.refusals}


def test_nothing_attached_is_no_error(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drives, "discover", list)
    said = run("drives")
    assert (said.code, said.out) == (0, "no drive, no stick\n")
    assert run("drives", "--json").json == {"drives": []}


def test_a_device_that_is_not_there_is_an_error(run: Run, tmp_path: Path) -> None:
    assert run("drives", tmp_path / "sr9").code == 3


def test_a_closed_disc_is_told_as_one() -> None:
    medium = Medium("DVD+R", 0x1B, "complete", 0, 0, 1, False, 100)
    told = drives._told(STICK._replace(kind="optical"), medium)
    assert "read-only" in {refusal.id for refusal in told.refusals}
