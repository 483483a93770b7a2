"""What tests record, and the recorder or the disk that they do it with."""

import random
from collections.abc import Iterator

from scripted_drive import BLOCK, Clock, ScriptedDrive

from drivers.mmc.recorder import Recorder
from drivers.scsi_disk import ScsiDisk
from drivers.transport import Transport


def recorder_of(drive: ScriptedDrive) -> Recorder:
    clock = Clock()
    return Recorder(drive, clock=clock, sleep=clock.sleep)


def disk_of(transport: Transport) -> ScsiDisk:
    clock = Clock()
    return ScsiDisk(transport, clock=clock, sleep=clock.sleep)


def image(blocks: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(blocks * BLOCK)  # noqa: S311 (test data)


def cut(data: bytes, length: int = 1 << 16) -> Iterator[memoryview]:
    for at in range(0, len(data), length):
        yield memoryview(data)[at : at + length]
