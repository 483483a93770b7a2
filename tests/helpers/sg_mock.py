"""A simulated drive as /dev/sr0 and /dev/sg0 for other people's burners.

Run below umockdev-wrapper by a Python that has PyGObject (Debian: /usr/bin/python3):

    umockdev-wrapper /usr/bin/python3 sg_mock.py PLAN.json

PLAN.json: {"kind": "cd-r", "capacity": blocks or null, "fault": text or null, "folder": where
results go, "steps": [[program, argument...], ...]}. All steps work on the same medium, as on one
drive. After each step, folder/N.json tells exit code, output and state of the medium, and
folder/N.img is what a reader gets. No kernel SCSI is needed: umockdev catches the ioctls.
"""

import errno
import json
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import gi

gi.require_version("UMockdev", "1.0")
from gi.repository import UMockdev  # noqa: E402 (the version has to be told first)

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from drivers.simulator import SimulatedDrive, VirtualClock, parse_fault  # noqa: E402 (found by the line before)
from drivers.transport import CHECK_CONDITION, DeviceGone, TransportFailed  # noqa: E402 (the same)

_SG_IO = 0x2285  # <scsi/sg.h>
_HEADER = struct.Struct("<iiBBHIQQQIIi")  # sg_io_hdr up to pack_id
_RESULT = struct.Struct("<BBBBHHiII")  # from its status on, at byte 64
_SIZE = 88
_DATA_AT = 16  # byte of the header at which dxferp stands
_VECTOR = struct.Struct("<QQ")  # sg_iovec_t on 64 bits: address, length
_NONE, _TO_DEVICE = -1, -2  # directions
_HOST_ERROR, _SENSE_THERE = 7, 8  # host and driver status
_NUMBERS = {  # what programs ask before they send commands; each is answered with one int
    0x2282: 30_536,  # SG_GET_VERSION_NUM
    0x2272: 131_072,  # SG_GET_RESERVED_SIZE
    0x2203: 1,  # SG_EMULATED_HOST
    0x5386: 0,  # SCSI_IOCTL_GET_BUS_NUMBER
}
_GET_IDLUN = 0x5382  # two ints
_DONE = {0x2201: 0, 0x2275: 0, 0x5326: 4, 0x5331: 0}  # timeout, reserve; drive status: disc is in
_PARENT = "/devices/pci0000:00/0000:00:1f.2/ata1/host0/target0:0:0/0:0:0:0"
_TREE = f"""P: {_PARENT}
E: DEVTYPE=scsi_device
E: SUBSYSTEM=scsi
E: DRIVER=sr
A: type=5
A: vendor=FILMJKT
A: model=SIMULATED DRIVE
A: rev=1.0

P: {_PARENT}/block/sr0
N: sr0
E: DEVNAME=/dev/sr0
E: DEVTYPE=disk
E: SUBSYSTEM=block
E: MAJOR=11
E: MINOR=0
E: ID_CDROM=1
A: dev=11:0
A: removable=1
L: device=../../../0:0:0:0

P: {_PARENT}/scsi_generic/sg0
N: sg0
E: DEVNAME=/dev/sg0
E: SUBSYSTEM=scsi_generic
E: MAJOR=21
E: MINOR=0
A: dev=21:0
L: device=../../../0:0:0:0

"""


class _Data:
    """Where the data of a command come from or go to: one place, or several of struct sg_iovec."""

    def __init__(self, header: Any, length: int, vectors: int) -> None:
        """Find them; of *length* and the sum of the vectors the shorter counts, as in Linux."""
        self.length = 0  # bytes
        self._places: list[tuple[Any, int]] = []  # the memory, and how much of it counts
        if length and vectors:
            table = header.resolve(_DATA_AT, vectors * _VECTOR.size)
            for number, (_, room) in enumerate(_VECTOR.iter_unpack(bytes(table.retrieve()))):
                self._add(table, number * _VECTOR.size, min(room, length - self.length))
        else:
            self._add(header, _DATA_AT, length)

    def _add(self, holder: Any, pointer_at: int, length: int) -> None:
        if length:
            self._places.append((holder.resolve(pointer_at, length), length))
            self.length += length

    def gather(self) -> bytes:
        return b"".join(bytes(place.retrieve()) for place, _ in self._places)

    def scatter(self, data: bytes) -> None:
        for place, length in self._places:
            if data:
                place.update(0, list(data[:length]))
            data = data[length:]


class Ioctls:
    """Answers the ioctls of both nodes with the simulated drive."""

    def __init__(self, drive: SimulatedDrive) -> None:
        self.drive = drive
        self.base = UMockdev.IoctlBase.new()
        self.base.connect("handle-ioctl", self._handle)

    def _handle(self, _: Any, client: Any) -> bool:
        request, argument = client.get_request(), client.get_arg()
        try:
            client.complete(*self._answer(request, argument))
        except DeviceGone:
            client.complete(-1, errno.ENODEV)
        return True

    def _answer(self, request: int, argument: Any) -> tuple[int, int]:
        if request == _SG_IO:
            self._run(argument)
            return 0, 0
        if request == _GET_IDLUN:
            argument.resolve(0, 8).update(0, list(bytes(8)))
            return 0, 0
        if request in _NUMBERS:
            argument.resolve(0, 4).update(0, list(struct.pack("<i", _NUMBERS[request])))
            return 0, 0
        return (_DONE[request], 0) if request in _DONE else (-1, errno.ENOTTY)

    def _run(self, argument: Any) -> None:
        header = argument.resolve(0, _SIZE)
        fields = _HEADER.unpack(bytes(header.retrieve())[: _HEADER.size])
        _, direction, cdb_length, sense_room, vectors, length, *_, timeout, _, _ = fields
        cdb = bytes(header.resolve(24, cdb_length).retrieve())
        data = _Data(header, 0 if direction == _NONE else length, vectors)
        out = data.gather() if direction == _TO_DEVICE else b""
        wanted = 0 if out else data.length
        seconds = timeout / 1000 or 60.0
        try:
            answer = self.drive.execute(cdb, data_out=out, length=wanted, timeout=seconds)
        except DeviceGone:
            raise
        except TransportFailed:
            failed = _RESULT.pack(0, 0, 0, 0, _HOST_ERROR, 0, length, 1, 1)
            header.update(64, list(failed))
            return
        data.scatter(answer.data)
        sense = answer.sense[:sense_room]
        if sense:
            header.resolve(32, sense_room).update(0, list(sense))
        driver = _SENSE_THERE if answer.status == CHECK_CONDITION else 0
        result = (answer.status, answer.status >> 1, 0, len(sense), 0, driver, answer.residual)
        header.update(64, list(_RESULT.pack(*result, 1, int(answer.status != 0))))


def _tell(drive: SimulatedDrive, folder: Path, number: int, done: Any) -> None:
    medium, told = drive.medium, {"code": done.returncode, "output": done.stdout}
    if medium is not None:
        told |= {"state": medium.state, "profile": medium.profile}
        told["sessions"] = len(getattr(medium.layout, "lead_outs", ()))
        told["tracks"] = [
            [track.start, track.end - track.run_out]
            for track in getattr(medium.layout, "tracks", ())
            if track.closed
        ]
        (folder / f"{number}.img").write_bytes(medium.image())
    told["log"] = [f"{cdb.hex()} {status} {sense[:14].hex()}" for cdb, status, sense in drive.log]
    told["locked"] = drive.locked
    (folder / f"{number}.json").write_text(json.dumps(told))
    drive.log.clear()


def main() -> None:
    plan = json.loads(Path(sys.argv[1]).read_text())
    faults = [parse_fault(plan["fault"])] if plan.get("fault") else []
    # Burners wait a second from one question to the next: each brings us a minute further.
    clock = VirtualClock(poll=60.0)
    drive = SimulatedDrive(plan["kind"], capacity=plan.get("capacity"), faults=faults, clock=clock)
    bed = UMockdev.Testbed.new()
    bed.add_from_string(_TREE)
    ioctls = Ioctls(drive)
    for node in ("/dev/sr0", "/dev/sg0"):
        bed.attach_ioctl(node, ioctls.base)
    for number, step in enumerate(plan["steps"]):
        done = subprocess.run(
            step,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )
        _tell(drive, Path(plan["folder"]), number, done)


if __name__ == "__main__":
    main()
