"""From the name of a device to a target that volumes are put on."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from drivers.mmc.recorder import Recorder
from drivers.open_drive import SIMULATOR, open_drive
from jacket.burning.disc import Engine
from jacket.burning.target import Ask, DiscTarget, How, Target
from reporting import WrongUsage

ENGINES: Final = ("own", "cdrskin", "xorriso")


def open_target(
    device: str, how: How, ask: Ask, sources: Iterable[str | Path] = (), *, engine: str = "own"
) -> Target:
    """Open *device* as what volumes are put on; nothing is written.

    Args:
        device: path of its node, or "simulator:cd-r" and the like.
        how: what is asked of it.
        ask: tells the operator to change discs.
        sources: of the job; the device that they are on is not written.
        engine: what records discs: one of `ENGINES`.

    Raises:
        FilmjacketError: there is no such device, it does not open, or something speaks against
            writing it.
    """
    simulated = device.startswith(SIMULATOR)
    drive = open_drive(device, sources=[str(path) for path in sources], overwrite=how.erase)
    try:
        if isinstance(drive, Recorder):
            own = _engine(engine, drive)
            return DiscTarget(drive, how, ask, engine=own, simulated=simulated)
        if engine != "own":
            raise WrongUsage(f"{engine} records discs", "--engine", "Leave it out for a stick")
        from jacket.burning.stick import StickTarget

        return StickTarget(drive, how, simulated=simulated)
    except BaseException:
        drive.close()
        raise


def _engine(name: str, drive: Recorder) -> Engine | None:
    if name == "own":
        return None
    from drivers.mmc.lent_drive import DeviceRecorder
    from jacket.burning.engine import OtherProgram

    if not isinstance(drive, DeviceRecorder):
        raise WrongUsage(f"{name} knows no simulated drive", "--engine", "Leave it out")
    return OtherProgram(name, drive)
