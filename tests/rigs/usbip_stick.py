"""A USB stick served by USB/IP, to this machine alone, until standard input ends.

    usbip_stick.py IMAGE PORT FAULTS

FAULTS is JSON as `served_stick` takes it. A stick that is pulled out ends the process.
"""

import json
import os
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "helpers")]
from served_stick import stick_on  # noqa: E402 (its imports are found by the line before)
from usb_stick import FaultyStick  # noqa: E402 (found by it)
from usbip import SPEED_HIGH, USBDevice  # noqa: E402 (as above)
from usbip.transport import USBIP  # noqa: E402 (as above)


def main(image: Path, port: int, stick: FaultyStick) -> None:
    """Serve *stick*, and say so."""
    device = USBDevice(0x1209, 0x0001, manufacturer="Test", product="Stick", serial="T1")
    device.set_speed(SPEED_HIGH)
    device.add(stick)
    answer = stick._dispatch

    def answer_until_out(lun: int, tag: bytes, length: int, cdb: bytes) -> None:
        answer(lun, tag, length, cdb)
        if stick.out:
            os._exit(0)

    stick._dispatch = answer_until_out  # type: ignore[method-assign]
    device.plug(via=USBIP("127.0.0.1", port))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    path = Path(sys.argv[1])
    main(path, int(sys.argv[2]), stick_on(path, json.loads(sys.argv[3])))
