"""Simulated devices by name, as an operator gives them in place of a device: "cd-r,fault=busy"."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Final

from drivers.simulator.disk import DiskFaults, SimulatedDisk
from drivers.simulator.drive import SimulatedDrive
from drivers.simulator.faults import FAULTS, Fault, parse_fault, random_faults
from drivers.simulator.kinds import KINDS
from drivers.simulator.stick import SimulatedStick
from reporting import WrongUsage

if TYPE_CHECKING:
    from drivers.mmc.recorder import Recorder
    from drivers.scsi_disk import ScsiDisk

_STICK: Final = "stick"
_EMPTY: Final = "empty"
_STICK_BLOCKS: Final = 4 << 20  # of 512 bytes: 2 GiB; memory is used for what is written
_SEEDED_BLOCKS: Final = 4096  # random faults lie among the first ones
_WORDS: Final = "fault=NAME, fault=NAME@BLOCK, fault=NAME#NTH or seed=NUMBER"
_STICK_FAULTS: Final = ("bad-block", "unreadable", "silent-corruption", "write-protected")


def open_simulated(name: str) -> "Recorder | ScsiDisk":
    """Open a simulated drive with a blank medium in it, or a simulated stick.

    Whenever a disc is let out of the drive, a blank one of the same kind is put in: a job that
    needs several of them finds them.

    Args:
        name: a kind of medium (`KINDS`), "empty" or "stick"; after commas "fault=NAME", with
            "@BLOCK" or "#NTH" behind it, as often as wanted; "seed=NUMBER" for random faults.

    Raises:
        WrongUsage: there is no such medium or fault.
    """
    kind, *words = name.split(",")
    if kind == _STICK:
        return _stick(_faults(name, words, _STICK_FAULTS))
    if kind != _EMPTY and kind not in KINDS:
        known = ", ".join((*KINDS, _EMPTY, _STICK))
        raise WrongUsage("no such simulated medium", f"simulator:{name}", f"There are {known}")
    from drivers.mmc.recorder import Recorder

    faults = _faults(name, words, FAULTS)
    drive = SimulatedDrive(None if kind == _EMPTY else kind, faults=faults, attended=True)
    return Recorder(drive, clock=drive.clock, sleep=drive.clock.sleep)


def _faults(name: str, words: list[str], names: Collection[str]) -> list[Fault]:
    faults: list[Fault] = []
    for word in words:
        option, _, value = word.partition("=")
        try:
            if option == "fault":
                faults.append(parse_fault(value, names))
            elif option == "seed" and value.isdecimal():
                faults.extend(random_faults(int(value), _SEEDED_BLOCKS, names=names))
            else:
                raise ValueError(f"{word!r} is not known")
        except ValueError as error:
            known = f"Write {_WORDS}; names of faults: {', '.join(names)}"
            raise WrongUsage(str(error), f"simulator:{name}", known) from error
    return faults


def _stick(faults: list[Fault]) -> "ScsiDisk":
    from drivers.scsi_disk import ScsiDisk
    from drivers.usb.bulk_only import BulkOnly

    blocks = {row.name: frozenset((row.lba or 0,)) for row in faults}
    none: frozenset[int] = frozenset()
    disk = SimulatedDisk(
        _STICK_BLOCKS,
        read_only="write-protected" in blocks,
        faults=DiskFaults(
            bad_reads=blocks.get("unreadable", none),
            bad_writes=blocks.get("bad-block", none),
            corrupt=blocks.get("silent-corruption", none),
        ),
    )
    pipes = SimulatedStick((disk,))
    transport = BulkOnly(pipes, clock=disk.clock)
    return ScsiDisk(transport, clock=disk.clock, sleep=disk.clock.sleep)
