"""Opens what an operator names for writing: an optical drive, a stick, or a simulated one.

Pre-flight stands in the only way to each of them, so that no face can leave it out.
"""

from collections.abc import Collection
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from drivers.block_device import BlockTarget
    from drivers.discovery import Found
    from drivers.mmc.recorder import Recorder

SIMULATOR: Final = "simulator:"
_USB: Final = "usb:"
_ANY_SIZE: Final = 1  # byte; how much it becomes is held against the medium when it is laid out
# What is asked of a disc, which nobody has looked at yet. `Recorder` tells, and refuses.
_OF_THE_DISC: Final = frozenset(("unwritable-disc", "unknown-size", "too-small", "not-blank"))


def open_drive(
    name: str, *, sources: Collection[str] = (), overwrite: bool = False
) -> "Recorder | BlockTarget":
    """Open a device that nobody else has open.

    Args:
        name: path of its node; "usb:1-4" for a stick past the kernel; or "simulator:" and
            what `drivers.simulator.open_simulated` takes, such as "cd-r" or "stick".
        sources: files and folders that the job reads; the device that they are on is refused.
        overwrite: whether what is on a stick may be lost.

    Raises:
        drivers.preflight.Refused: something speaks against writing it.
        FilmjacketError: there is none of that name, or it does not open.
    """
    if name.startswith(SIMULATOR):
        from drivers.simulator import open_simulated

        return open_simulated(name.removeprefix(SIMULATOR))
    found = None if name.startswith(_USB) else _found(name)
    if found is not None and found.kind == "optical":
        return _optical(found, _devices_below(sources))
    return _stick(name, _devices_below(sources), overwrite=overwrite)


def _found(name: str) -> "Found":
    from drivers.discovery import find_device
    from drivers.preflight import not_found

    found = find_device(name)
    if found is None:
        raise not_found(name)
    return found


def _devices_below(paths: Collection[str]) -> frozenset[str]:
    from drivers.discovery import device_below

    return frozenset(device for path in paths if (device := device_below(path)))


def _optical(found: "Found", sources: frozenset[str]) -> "Recorder":
    from drivers.mmc.lent_drive import DeviceRecorder
    from drivers.preflight import Demand, Refused, preflight

    against = preflight(found, Demand(_ANY_SIZE, "optical", sources))
    against = [refusal for refusal in against if refusal.id not in _OF_THE_DISC]
    if against:
        raise Refused(against)
    return DeviceRecorder(found.path)


def _stick(name: str, sources: frozenset[str], *, overwrite: bool) -> "BlockTarget":
    from drivers.preflight import Demand
    from drivers.stick_target import open_stick

    skip = frozenset(("not-blank",)) if overwrite else frozenset()
    return open_stick(name, Demand(_ANY_SIZE, "stick", sources, skip))
