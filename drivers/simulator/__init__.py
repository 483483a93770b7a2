"""A drive and a stick in memory, which fail as real ones do: for tests and demonstrations."""

from drivers.simulator.clock import Clock, RealClock, VirtualClock
from drivers.simulator.disk import DiskFaults, SimulatedDisk
from drivers.simulator.drive import SimulatedDrive
from drivers.simulator.faults import FAULTS, Fault, fault, parse_fault, power_loss, random_faults
from drivers.simulator.kinds import KINDS, Kind
from drivers.simulator.medium import SimulatedMedium
from drivers.simulator.opening import open_simulated
from drivers.simulator.stick import SimulatedStick, StickFault

__all__ = [
    "FAULTS",
    "KINDS",
    "Clock",
    "DiskFaults",
    "Fault",
    "Kind",
    "RealClock",
    "SimulatedDisk",
    "SimulatedDrive",
    "SimulatedMedium",
    "SimulatedStick",
    "StickFault",
    "VirtualClock",
    "fault",
    "open_simulated",
    "parse_fault",
    "power_loss",
    "random_faults",
]
