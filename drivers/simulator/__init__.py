"""A drive and a stick in memory, which fail as real ones do: for tests and demonstrations."""

from drivers.simulator.clock import Clock, RealClock, VirtualClock
from drivers.simulator.drive import SimulatedDrive
from drivers.simulator.faults import FAULTS, Fault, fault, parse_fault, power_loss, random_faults
from drivers.simulator.kinds import KINDS, Kind
from drivers.simulator.medium import SimulatedMedium

__all__ = [
    "FAULTS",
    "KINDS",
    "Clock",
    "Fault",
    "Kind",
    "RealClock",
    "SimulatedDrive",
    "SimulatedMedium",
    "VirtualClock",
    "fault",
    "parse_fault",
    "power_loss",
    "random_faults",
]
