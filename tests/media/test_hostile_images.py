"""Images made to harm: whatever is in them ends in findings or a typed error, and soon."""

import random
import time
from pathlib import Path
from struct import pack_into

import pytest

from media import open_medium
from reporting import FilmjacketError

SECTOR = 2048
PVD = 16 * SECTOR


def survive(path: Path) -> None:
    """Do all that a reader does; anything but our own errors is a failure."""
    try:
        with open_medium(path) as medium:
            for entry in medium.entries():
                medium.find(entry.name)
                medium.find_tolerant(entry.name)
                try:
                    with medium.open(entry) as file:
                        file.pread(min(file.size, 512), 0)
                except FilmjacketError:
                    pass
            for finding in medium.findings():
                assert finding.where.isprintable()
                assert finding.message.isprintable()
            assert medium.label.__class__ is str
    except FilmjacketError:
        pass


@pytest.mark.parametrize("seed", range(8))
def test_random_damage_is_survived(small_image: bytes, tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 (repeatable damage, no secret)
    path = tmp_path / "t.iso"
    end = small_image.rindex(b"ZZZ.;1") + SECTOR  # of the structures
    start = time.monotonic()
    for _ in range(50):
        image = bytearray(small_image)
        for _ in range(rng.choice((1, 2, 8, 64))):
            at = rng.randrange(PVD, end)
            image[at] = rng.choice((0, 1, 2, 0x7F, 0x80, 0xFF, rng.randrange(256)))
        if rng.random() < 0.2:
            del image[rng.randrange(len(image)) :]
        path.write_bytes(image)
        survive(path)
    assert time.monotonic() - start < 30


def test_damage_in_every_field_of_every_record_is_survived(
    small_image: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "t.iso"
    root = int.from_bytes(small_image[PVD + 158 : PVD + 162], "little") * SECTOR
    for at in [*range(PVD, PVD + 190), *range(root, root + 120)]:
        for value in (0, 0xFF):
            image = bytearray(small_image)
            image[at] = value
            path.write_bytes(image)
            survive(path)


def directory_record(extent: int, size: int, name: bytes, flags: int) -> bytes:
    record = bytearray(33 + len(name) + 1 - len(name) % 2)
    record[0] = len(record)
    pack_into("<I", record, 2, extent)
    pack_into(">I", record, 6, extent)
    pack_into("<I", record, 10, size)
    pack_into(">I", record, 14, size)
    record[25], record[32] = flags, len(name)
    record[33 : 33 + len(name)] = name
    return bytes(record)


def test_a_directory_full_of_overlapping_directories_ends_soon(
    small_image: bytes, tmp_path: Path
) -> None:
    # Each names a directory one block further on, as long as all the rest of the image.
    image = bytearray(small_image) + bytes(400 * SECTOR)
    first, blocks = len(small_image) // SECTOR, 400
    for n in range(blocks):
        records = b"".join(
            directory_record(first + (n * 7 + k) % blocks, (blocks - 1) * SECTOR, b"D%d" % k, 2)
            for k in range(50)
        )
        at = (first + n) * SECTOR
        image[at : at + SECTOR] = records[:SECTOR].ljust(SECTOR, b"\0")
    root = directory_record(first, (blocks - 1) * SECTOR, b"\0", 2)
    image[PVD + 156 : PVD + 190] = root
    path = tmp_path / "t.iso"
    path.write_bytes(image)
    start = time.monotonic()
    survive(path)
    assert time.monotonic() - start < 10


def test_a_file_larger_than_the_image_costs_no_memory(small_image: bytes, tmp_path: Path) -> None:
    image = bytearray(small_image)
    at = image.index(b"ZZZ.;1") - 33
    pack_into("<I", image, at + 10, 0xFFFFFFFF)
    pack_into(">I", image, at + 14, 0xFFFFFFFF)
    path = tmp_path / "t.iso"
    path.write_bytes(image)
    with open_medium(path) as medium:
        entry = medium.find(("ZZZ",))
        assert entry is not None
        with pytest.raises(FilmjacketError):
            medium.open(entry)


def test_endless_descriptors_end(small_image: bytes, tmp_path: Path) -> None:
    descriptor = small_image[PVD : PVD + SECTOR]
    path = tmp_path / "t.iso"
    path.write_bytes(bytes(PVD) + descriptor * 5000)
    survive(path)
    path.write_bytes(bytes(PVD) + (b"\x07CD001\x01".ljust(SECTOR, b"\0")) * 5000)
    survive(path)
