"""A block device of this kernel's that fails under a job: the job names the place."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from faulty_disk import FaultyDisk, faulty_disk
from faulty_target import MIB, Image

from drivers.block_device import BlockDevice
from drivers.write_stick import ReadBackFailed, write_stick
from reporting import CannotWrite, FilmjacketError

AT = 3 * MIB + 70_144  # byte; the first one of a block in the middle of the image
BLOCK = 512
NEAR = 1 << 16  # bytes; how near to a place that does not read back right a job comes


class Fault(NamedTuple):
    """What fails, what the error is, and the byte that it has to name: of the write that failed."""

    faults: dict[str, Any]
    error: type[FilmjacketError]
    names: int


FAULTS = {
    "a block that takes nothing": Fault(
        {"bad_write": [(AT, AT + BLOCK - 1)]}, CannotWrite, 3 * MIB
    ),
    "a block that gives nothing back": Fault(
        {"bad_read": [(AT, AT + BLOCK - 1)]}, ReadBackFailed, AT - AT % NEAR
    ),
    # What the image leaves free at the end is emptied before all else.
    "less room than it says": Fault({"full_after": AT}, CannotWrite, 7 * MIB),
}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[FaultyDisk]:
    """A loop device over FUSE; skips where the kernel has none, which nobody can install."""
    with faulty_disk(tmp_path, 8 * MIB) as made:
        yield made


@pytest.mark.parametrize("name", FAULTS)
def test_a_faulty_place_is_named_and_no_first_block_is_left(disk: FaultyDisk, name: str) -> None:
    fault = FAULTS[name]
    with BlockDevice(disk.path) as device:
        disk.fails(**fault.faults)
        with pytest.raises(fault.error) as caught:
            write_stick(device, Image(5 * MIB))
    error = caught.value
    assert f"byte {fault.names}" in f"{error.where} {error.what}"
    if isinstance(error, ReadBackFailed):
        (defect,) = error.defects
        assert defect.start <= AT < defect.start + defect.length <= defect.start + NEAR
    assert disk.image.read_bytes()[510:512] != b"\x55\xaa"


def test_a_device_that_fails_altogether_in_mid_write_is_not_called_good(disk: FaultyDisk) -> None:
    def pull(stage: str, done: int, total: int) -> None:
        disk.fails(gone=done >= 2 * MIB)

    with BlockDevice(disk.path) as device, pytest.raises(CannotWrite, match="cannot be written"):
        write_stick(device, Image(5 * MIB), pull)
    assert disk.image.read_bytes()[510:512] != b"\x55\xaa"
