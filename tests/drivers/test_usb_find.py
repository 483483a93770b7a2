"""Sticks by libusb's way, on a device that is not ours: found, taken, used, given back."""

import errno
import gc
import random
from typing import Any

import pytest
import usb.core
from usb_stick import BLOCK, Bus, FaultyStick, Plugged, Store, plug

from drivers.discovery import Found
from drivers.preflight import Refused
from drivers.scsi_disk import ScsiDisk
from drivers.sense import CommandFailed
from drivers.transport import DeviceGone, TimedOut, TransportFailed
from drivers.usb.bulk_only import BulkOnly
from drivers.usb.find import find_usb, open_usb, open_usb_stick
from drivers.usb.pipes import CannotOpenUsb, UsbPipes, bulk_only_interface
from reporting import CannotWrite

BLOCKS = 4096


@pytest.fixture
def stick() -> FaultyStick:
    return FaultyStick(Store(BLOCKS))


@pytest.fixture
def plugged(stick: FaultyStick) -> Plugged:
    return plug(stick)


@pytest.fixture
def bus(plugged: Plugged) -> Bus:
    return Bus(plugged)


def opened(bus: Bus) -> ScsiDisk:
    return open_usb_stick("usb:1-4", backend=bus, found=[])


def known(**more: Any) -> Found:
    plain = Found("/dev/sdb", "stick", "RIG", "STICK", "", BLOCKS * BLOCK, True, False)
    return plain._replace(bus="usb 1-4", **more)


def test_a_stick_is_found_by_the_place_where_it_is_plugged_in(bus: Bus) -> None:
    bus.plugged.append(plug(FaultyStick(Store(8)), "2-1.3"))
    first, second = find_usb(bus)
    assert (first.name, first.bus, first.vendor_id) == ("usb:1-4", "usb 1-4", 0x1209)
    assert second.name == "usb:2-1.3"


def test_texts_of_a_device_move_no_cursor(bus: Bus) -> None:
    (found,) = find_usb(bus)
    assert (found.vendor, found.model, found.serial) == ("Test [2J", "Stick", "T1")


def test_a_device_that_may_not_be_asked_is_found_without_its_texts(plugged: Plugged) -> None:
    (found,) = find_usb(Bus(plugged, permitted=False))
    assert (found.name, found.model) == ("usb:1-4", "")


def test_looking_for_sticks_takes_none_from_the_kernel(bus: Bus, plugged: Plugged) -> None:
    plugged.kernel = True
    find_usb(bus)
    assert plugged.kernel
    assert "detach" not in plugged.log
    assert plugged.log.count("open") == plugged.log.count("close")


def test_what_is_written_reads_back_and_stands_on_the_stick(bus: Bus, stick: FaultyStick) -> None:
    data = random.Random(1).randbytes(700 * BLOCK)  # noqa: S311 (test data)
    with opened(bus) as disk:
        disk.pwrite(data, 100 * BLOCK)
        disk.flush()
        assert disk.pread(len(data), 100 * BLOCK) == data
        assert disk.pread(1000, 100 * BLOCK + 7) == data[7:1007]
    store = stick.luns[0].store
    assert store.content[100 * BLOCK :][: len(data)] == data
    assert not any(store.content[: 100 * BLOCK])


def test_the_kernel_gets_its_stick_back(bus: Bus, plugged: Plugged) -> None:
    plugged.kernel = True
    disk = opened(bus)
    assert not plugged.kernel
    disk.close()
    disk.close()
    assert plugged.kernel
    assert not plugged.claimed


def test_the_kernel_gets_back_what_was_forgotten(bus: Bus, plugged: Plugged) -> None:
    plugged.kernel = True
    disk = opened(bus)
    assert disk.size
    del disk
    gc.collect()
    assert plugged.kernel


BUSY = usb.core.USBError("busy", -6, errno.EBUSY)


@pytest.mark.parametrize(
    ("step", "end"),
    [
        ("detach_kernel_driver", KeyboardInterrupt),
        ("detach_kernel_driver", BUSY),
        ("get_configuration", KeyboardInterrupt),
        ("claim_interface", KeyboardInterrupt),
        ("claim_interface", BUSY),
    ],
)
def test_the_kernel_gets_back_what_was_taken_halfway(
    plugged: Plugged, step: str, end: BaseException | type[BaseException]
) -> None:
    class Interrupted(Bus):
        pass

    def interrupt(self: Bus, *arguments: object) -> None:
        if step == "detach_kernel_driver":
            plugged.kernel = False
        raise end

    bus = Interrupted(plugged)
    plugged.kernel = True
    setattr(Interrupted, step, interrupt)
    with pytest.raises((KeyboardInterrupt, CannotOpenUsb, TransportFailed)):
        opened(bus)
    assert plugged.kernel
    assert not plugged.claimed


@pytest.mark.parametrize(
    "use",
    [
        {"mounted": ("/media/user/STICK",)},
        {"in_use_by": ("crypt",)},
        {"system": True, "mounted": ("/",)},
    ],
)
def test_a_stick_that_the_kernel_uses_is_not_taken_from_it(
    bus: Bus, plugged: Plugged, use: dict[str, Any]
) -> None:
    plugged.kernel = True
    with pytest.raises(Refused):
        open_usb("usb:1-4", backend=bus, found=[known(**use)])
    assert plugged.kernel
    assert not plugged.log


def test_a_stick_that_the_kernel_only_knows_is_taken(bus: Bus, plugged: Plugged) -> None:
    plugged.kernel = True
    open_usb("usb:1-4", backend=bus, found=[known()]).close()
    assert plugged.log[-3:] == ["release", "attach", "close"]


def test_a_name_without_a_stick_is_an_error(bus: Bus) -> None:
    with pytest.raises(CannotWrite, match="no such USB device"):
        open_usb("usb:1-5", backend=bus, found=[])


def test_a_stick_for_others_says_who_may_use_it(plugged: Plugged) -> None:
    with pytest.raises(CannotOpenUsb, match="udev rule"):
        opened(Bus(plugged, permitted=False))


def test_a_stick_that_another_program_has_is_not_shared(bus: Bus, plugged: Plugged) -> None:
    plugged.claimed = True
    with pytest.raises(CannotOpenUsb, match="in use"):
        opened(bus)


def test_each_slot_of_a_card_reader_is_a_unit(bus: Bus) -> None:
    reader = FaultyStick(Store(8), Store(16))
    bus.plugged[:] = [plug(reader)]
    with open_usb_stick("usb:1-4", lun=1, backend=bus, found=[]) as second:
        assert second.size == 16 * BLOCK
        second.pwrite(b"2" * BLOCK, 0)
    assert reader.luns[1].store.content[:2] == b"22"
    assert not any(reader.luns[0].store.content)
    with pytest.raises(CannotOpenUsb, match="no unit 2"):
        open_usb_stick("usb:1-4", lun=2, backend=bus, found=[])


@pytest.mark.parametrize("write", [False, True])
def test_a_bad_block_is_named_and_the_stick_goes_on(
    bus: Bus, stick: FaultyStick, write: bool
) -> None:
    stick.bad = {1000}
    with opened(bus) as disk:
        with pytest.raises(CommandFailed, match="from 1000 on") as caught:
            disk.pwrite(bytes(BLOCK), 1000 * BLOCK) if write else disk.pread(BLOCK, 1000 * BLOCK)
        sense = caught.value.sense
        assert sense is not None
        assert (sense.key, sense.asc) == (3, 0x0C if write else 0x11)
        disk.pwrite(b"x" * BLOCK, 1001 * BLOCK)
        assert disk.pread(1, 1001 * BLOCK) == b"x"


def test_a_stick_that_does_not_answer_is_given_up_and_reset(
    bus: Bus, plugged: Plugged, stick: FaultyStick
) -> None:
    stick.mute = {5}
    transport = open_usb("usb:1-4", backend=bus, found=[])
    read = bytes((0x28, 0, 0, 0, 0, 5, 0, 0, 1, 0))
    with pytest.raises(TimedOut):
        transport.execute(read, length=BLOCK, timeout=0.1)
    stick.mute.clear()
    assert transport.execute(read, length=BLOCK).data == bytes(BLOCK)
    assert plugged.log[-3:] == ["reset", "clear in", "clear out"]
    transport.close()


@pytest.mark.parametrize("at", range(1, 12))
def test_a_stick_pulled_out_at_any_command_ends_in_an_error_and_no_more(
    bus: Bus, stick: FaultyStick, at: int
) -> None:
    def use() -> None:
        with opened(bus) as disk:
            for block in range(20):
                disk.pwrite(bytes(BLOCK), block * BLOCK)

    stick.unplug_at = at
    with pytest.raises(DeviceGone):
        use()
    assert stick.out


def test_errors_of_libusb_are_told_in_our_words(bus: Bus, plugged: Plugged) -> None:
    device = usb.core.find(backend=bus)
    interface = bulk_only_interface(device)
    assert interface is not None
    pipes = UsbPipes(device, interface, "usb 1-4")
    kinds = {
        errno.ENODEV: DeviceGone,
        errno.EIO: TransportFailed,
        errno.EOVERFLOW: TransportFailed,
        None: TransportFailed,
    }
    for number, kind in kinds.items():
        raised = usb.core.USBError("some words", None, number)

        def fail(*arguments: object, raised: usb.core.USBError = raised) -> bytes:
            raise raised

        plugged.receive = fail  # type: ignore[method-assign]
        with pytest.raises(kind) as caught:
            pipes.receive(13, 1.0)
        assert caught.value.where == "usb 1-4"
    pipes.close()


def test_a_device_that_refuses_to_count_its_units_has_one(bus: Bus, plugged: Plugged) -> None:
    control = plugged.control

    def refuse(kind: int, request: int, *more: Any) -> bytes:
        if request == 0xFE:
            raise usb.core.USBError("Pipe error", -9, errno.EPIPE)
        return control(kind, request, *more)

    plugged.control = refuse  # type: ignore[method-assign]
    transport = open_usb("usb:1-4", backend=bus, found=[])
    assert isinstance(transport, BulkOnly)
    assert transport.name == "usb 1-4"
    transport.close()
