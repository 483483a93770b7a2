"""What is free in the metadata partition of a UDF volume, and what is told of it (UDF 2.2.13)."""

from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from media import NamedSource, lay_out_udf, open_medium, planned_files, write_volume
from media.udf.encode_volume import Revision

RECORDED = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
SECTOR = 2048
PARTITION = 288  # sector at which it begins
INTEGRITY = 64  # sector of the descriptor


class Space(NamedTuple):
    """Of the metadata partition, in blocks."""

    size: int
    free: int


def number(data: bytes, at: int, size: int = 4) -> int:
    return int.from_bytes(data[at : at + size], "little")


def told_by_integrity(data: bytes) -> Space:
    """Return what the Logical Volume Integrity Descriptor says (ECMA-167 3/10.10)."""
    at = INTEGRITY * SECTOR
    assert number(data, at, 2) == 9
    assert number(data, at + 72) == 2, "partitions"
    return Space(number(data, at + 80 + 4 * 3), number(data, at + 80 + 4))


def as_written(data: bytes) -> Space:
    """Return where the metadata file lies by its entry, and what is behind its last structure."""
    entry = PARTITION * SECTOR
    assert number(data, entry, 2) == 266, "an extended file entry"
    first = entry + 216 + number(data, entry + 208)  # short allocation descriptor
    size, start = number(data, first), number(data, first + 4)
    content = data[(PARTITION + start) * SECTOR :][:size]
    last = max(n for n in range(size // SECTOR) if any(content[n * SECTOR : (n + 1) * SECTOR]))
    return Space(size // SECTOR, size // SECTOR - 1 - last)


def free_by_bitmap(data: bytes) -> list[int]:
    """Return the blocks that the bitmap of the metadata says are free; it is the third block."""
    at = (PARTITION + 2) * SECTOR
    assert number(data, at, 2) == 264
    return [n for n in range(number(data, at + 16)) if data[at + 24 + n // 8] >> n % 8 & 1]


def made(folder: Path, files: int, revision: Revision) -> bytes:
    sources = [
        NamedSource((f"D{n % 5}", f"I{n:07}"), (b"x" * n,), RECORDED) for n in range(1, files + 1)
    ]
    plan = lay_out_udf(
        planned_files(sources, None), label="T", recorded=RECORDED, revision=revision
    )
    write_volume(plan, sources, folder / "t.udf")
    with open_medium(folder / "t.udf") as medium:
        assert medium.findings() == []
    return (folder / "t.udf").read_bytes()


@pytest.mark.parametrize("files", [0, 1, 20, 21, 22, 23, 24, 25, 26, 300])
def test_what_is_behind_the_tree_is_free_and_nothing_else(files: int, tmp_path: Path) -> None:
    data = made(tmp_path, files, "2.50")
    space = as_written(data)
    assert told_by_integrity(data) == space
    assert free_by_bitmap(data) == list(range(space.size - space.free, space.size))


def test_a_disc_that_is_written_once_tells_of_it_too(tmp_path: Path) -> None:
    data = made(tmp_path, 20, "2.60")
    assert told_by_integrity(data) == as_written(data)
