"""What drives and sticks are attached, and what speaks against writing them."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from drivers.block_device import BlockDevice, BlockTarget
from drivers.discovery import Found, discover, find_device
from drivers.mmc.recorder import Recorder
from drivers.mmc.recording_errors import MediumRefused, NoMedium
from drivers.mmc.recording_facts import Medium
from drivers.open_drive import SIMULATOR, open_drive
from drivers.preflight import Demand, Refusal, preflight
from drivers.write_stick import is_blank
from jacket.burning.disc_in_drive import refuse_used
from reporting import CannotRead, FilmjacketError

_ANY_SIZE = 1  # byte; nobody has said how much there is to write
_USB = "usb:"  # a stick past the kernel, as bus and ports


@dataclass(frozen=True, slots=True)
class Seen:
    """A device as an operator should see it."""

    found: Found
    medium: Medium | None = None  # in an optical drive
    speeds: tuple[int, ...] = ()  # kB/s with that medium, the fastest first
    trouble: str = ""  # why nothing more is known

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """Return what speaks against writing it, as far as it is known."""
        demand = Demand(_ANY_SIZE, "optical" if self.found.kind == "optical" else "stick")
        against = preflight(self.found, demand, self.medium)
        if self.trouble:  # What is in it, and on it, is told by that.
            unknown = ("unknown-size", "not-blank")
            against = [refusal for refusal in against if refusal.id not in unknown]
        return tuple(against)

    @property
    def can_be_written(self) -> bool:
        """Return whether a job would go on it as it is."""
        return not self.refusals and not self.trouble

    @property
    def needs_erase(self) -> bool:
        """Return whether a job would go on it, once what is on it may be lost."""
        ids = [refusal.id for refusal in self.refusals]
        return ids == ["not-blank"] and not self.trouble

    def plain(self) -> dict[str, Any]:
        """Return it for JSON."""
        found = self.found
        return {
            "path": found.path,
            "kind": found.kind,
            "vendor": found.vendor,
            "model": found.model,
            "serial": found.serial,
            "bytes": found.size,
            "bus": found.bus,
            "mounted": list(found.mounted),
            "in_use_by": list(found.in_use_by),
            "medium": None if self.medium is None else self.medium._asdict(),
            "speeds": list(self.speeds),
            "trouble": self.trouble,
            "can_be_written": self.can_be_written,
            "needs_erase": self.needs_erase,
            "refusals": [refusal._asdict() for refusal in self.refusals],
        }


def seen() -> list[Seen]:
    """Return all devices; what the system itself is on comes last.

    Raises:
        NotSupported: this is no Linux.
    """
    found = sorted(discover(), key=lambda device: (device.system, device.kind == "disk"))
    return [_looked_at(device) for device in found]


def look_at(name: str) -> Seen:
    """Return what is known of one device.

    Raises:
        FilmjacketError: there is none of that name.
    """
    if name.startswith(SIMULATOR):
        return _simulated(name)
    found = find_device(name)
    if found is None:
        raise _not_there(name)
    return _looked_at(found)


def _not_there(name: str) -> CannotRead:
    """Return the error on a name that no device has: what is to be typed in place of it."""
    meant = [d.path for d in discover() if name in (Path(d.path).name, d.bus.replace(" ", ":", 1))]
    if meant:
        return CannotRead("is not the path of a device", name, f"Type: jacket drives {meant[0]}")
    remedy = (
        "Plug it in, type `jacket drives` alone, and then a path that it lists, such as /dev/sr0 "
        "or /dev/sdb"
    )
    if name.startswith(_USB):
        remedy += "; names such as usb:1-4 are for `jacket burn --device` alone"
    return CannotRead("there is no such drive or stick", name, remedy)


def _looked_at(found: Found) -> Seen:
    """Look into a device that could be written for all that is known without opening it."""
    # What is mounted or in use is not disturbed.
    if found.system or found.mounted or found.in_use_by:
        return Seen(found)
    try:
        if found.kind == "optical":
            return _with_disc(found, open_drive(found.path))
        if found.removable and found.size:
            return _with_content(found, BlockDevice(found.path, writable=False))
    except FilmjacketError as error:
        return Seen(found, trouble=_words(error))
    return Seen(found)


def _with_content(found: Found, stick: BlockTarget) -> Seen:
    try:
        return Seen(found._replace(blank=is_blank(stick), read_only=stick.read_only))
    finally:
        stick.close()


def _with_disc(found: Found, drive: Recorder | BlockTarget) -> Seen:
    if not isinstance(drive, Recorder):
        return _with_content(found, drive)
    try:
        seen = _with_medium(found, drive)
        told = drive.drive()  # last: it knows speeds of a medium that it has looked at
    finally:
        drive.close()
    found = seen.found._replace(
        vendor=found.vendor or told.vendor,
        model=found.model or told.product,
        serial=found.serial or told.serial,
        # Some old drives keep to themselves what they can do.
        records=told.records if told.profiles else None,
    )
    return replace(seen, found=found, speeds=told.write_speeds if seen.medium else ())


def _with_medium(found: Found, drive: Recorder) -> Seen:
    try:
        medium = drive.medium()
        return Seen(found._replace(blank=_is_empty(drive, medium)), medium)
    except NoMedium:
        return Seen(found)
    except FilmjacketError as error:
        return Seen(found, trouble=f"does not answer as it should: {_words(error)}")


def _is_empty(drive: Recorder, medium: Medium) -> bool:
    """Return whether a job would find nothing there that has to be made away with."""
    try:
        refuse_used(drive, medium, erase=False)
    except MediumRefused:
        return False
    return True


def _words(error: FilmjacketError) -> str:
    return f"{error.what}. {error.remedy}"


def _simulated(name: str) -> Seen:
    drive = open_drive(name)
    kind, size = ("optical", None) if isinstance(drive, Recorder) else ("stick", drive.size)
    found = Found(name, kind, "", "", "", size, removable=True, read_only=False, bus="simulator")
    return _with_disc(found, drive)
