"""What drives and sticks are attached, and what speaks against writing them."""

from dataclasses import dataclass
from typing import Any

from drivers.discovery import Found, discover, find_device
from drivers.mmc.recorder import Recorder
from drivers.mmc.recording_errors import NoMedium
from drivers.mmc.recording_facts import Medium
from drivers.open_drive import SIMULATOR, open_drive
from drivers.preflight import Demand, Refusal, not_found, preflight
from reporting import FilmjacketError

_ANY_SIZE = 1  # byte; nobody has said how much there is to write


@dataclass(frozen=True, slots=True)
class Seen:
    """A device as an operator should see it."""

    path: str
    kind: str  # "optical", "stick", "disk"
    vendor: str
    model: str
    serial: str
    size: int | None  # bytes of a stick or disk
    bus: str = ""
    mounted: tuple[str, ...] = ()
    in_use_by: tuple[str, ...] = ()
    medium: Medium | None = None  # in an optical drive
    speeds: tuple[int, ...] = ()  # kB/s with that medium, the fastest first
    trouble: str = ""  # why nothing more is known
    refusals: tuple[Refusal, ...] = ()

    def plain(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "path": self.path,
            "kind": self.kind,
            "vendor": self.vendor,
            "model": self.model,
            "serial": self.serial,
            "bytes": self.size,
            "bus": self.bus,
            "mounted": list(self.mounted),
            "in_use_by": list(self.in_use_by),
            "medium": None if self.medium is None else self.medium._asdict(),
            "speeds": list(self.speeds),
            "trouble": self.trouble,
            "can_be_written": not self.refusals and not self.trouble,
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
        raise not_found(name)
    return _looked_at(found)


def _looked_at(found: Found) -> Seen:
    if found.kind != "optical":
        return _told(found, None)
    # A disc that is mounted is not disturbed, and not opened.
    if found.mounted or found.in_use_by:
        return _told(found, None)
    try:
        drive = open_drive(found.path)
    except FilmjacketError as error:
        return _told(found, None, trouble=f"{error.what}. {error.remedy}")
    try:
        if isinstance(drive, Recorder):
            medium, speeds, trouble = _medium_in(drive)
            return _told(found, medium, speeds, trouble)
    finally:
        drive.close()
    return _told(found, None)


def _told(
    found: Found, medium: Medium | None, speeds: tuple[int, ...] = (), trouble: str = ""
) -> Seen:
    demand = Demand(_ANY_SIZE, "optical" if found.kind == "optical" else "stick")
    against = preflight(found, demand, medium)
    if trouble:  # Whether there is something on a disc is told by it.
        against = [refusal for refusal in against if refusal.id != "unknown-size"]
    return Seen(
        found.path,
        found.kind,
        found.vendor,
        found.model,
        found.serial,
        found.size if found.kind != "optical" else None,
        found.bus,
        found.mounted,
        found.in_use_by,
        medium,
        speeds,
        trouble,
        tuple(against),
    )


def _medium_in(drive: Recorder) -> tuple[Medium | None, tuple[int, ...], str]:
    try:
        medium = drive.medium()
        return medium, drive.drive().write_speeds, ""
    except NoMedium as error:
        return None, (), f"{error.what}. {error.remedy}"
    except FilmjacketError as error:
        return None, (), f"does not answer as it should: {error.what}. {error.remedy}"


def _simulated(name: str) -> Seen:
    drive = open_drive(name)
    try:
        if not isinstance(drive, Recorder):
            return Seen(name, "stick", "", "", "", drive.size, "simulator")
        told = drive.drive()
        medium, speeds, trouble = _medium_in(drive)
        return Seen(
            *(name, "optical", told.vendor, told.product, told.serial, None, "simulator"),
            medium=medium,
            speeds=speeds,
            trouble=trouble,
        )
    finally:
        drive.close()
