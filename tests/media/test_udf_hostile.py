"""UDF images made to harm: whatever is in them ends in findings or a typed error, and soon."""

import contextlib
import random
import time
from binascii import crc_hqx
from datetime import UTC, datetime
from pathlib import Path
from struct import pack, pack_into, unpack_from

import pytest

from media import (
    NamedSource,
    lay_out_bridge,
    lay_out_udf,
    open_medium,
    planned_files,
    write_volume,
)
from media.udf.encode_volume import Revision
from media.udf.volume import read_udf
from reporting import FilmjacketError

RECORDED = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
SECTOR = 2048
PARTITION = 288  # sector
SOURCES = [
    NamedSource(name, (name[-1].encode() * 500,), RECORDED)
    for name in (("DICOMDIR",), ("DICOM", "P1", "I1"), ("DICOM", "P1", "I2"), ("ZZZ",))
]


class Watched:
    """An image in memory that refuses to be read where it is not."""

    path = "image"

    def __init__(self, data: bytes) -> None:
        self.data, self.size = data, len(data)
        self.read = 0  # bytes

    def pread(self, length: int, offset: int) -> bytes:
        assert length >= 0
        assert 0 <= offset <= offset + length <= self.size, "read outside the image"
        self.read += length
        return self.data[offset : offset + length]


def build(folder: Path, kind: Revision | str) -> bytes:
    files = planned_files(SOURCES, None)
    if kind == "bridge":
        plan = lay_out_bridge(files, label="T", recorded=RECORDED)
    else:
        revision: Revision = kind  # type: ignore[assignment]
        plan = lay_out_udf(files, label="T", recorded=RECORDED, revision=revision)
    write_volume(plan, SOURCES, folder / "t.udf")
    return (folder / "t.udf").read_bytes()


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("hostile")
    return {kind: build(folder, kind) for kind in ("1.02", "2.60", "bridge")}


def survive(path: Path) -> None:
    """Do all that a reader does; anything but our own errors is a failure."""
    with contextlib.suppress(FilmjacketError), open_medium(path) as medium:
        for entry in medium.entries():
            medium.find(entry.name)
            medium.find_tolerant(entry.name)
            with contextlib.suppress(FilmjacketError), medium.open(entry) as file:
                file.pread(min(file.size, 512), 0)
                file.pread(min(file.size, 512), file.size - min(file.size, 512))
        for finding in medium.findings():
            assert finding.where.isprintable()
            assert finding.message.isprintable()
        medium.label.encode()


def seal(data: bytearray, at: int) -> None:
    """Make a tag good again, so that what it covers is believed."""
    covered = min(unpack_from("<H", data, at + 10)[0], SECTOR - 16)
    pack_into("<H", data, at + 8, crc_hqx(bytes(data[at + 16 : at + 16 + covered]), 0))
    data[at + 4] = 0
    data[at + 4] = sum(data[at : at + 16]) & 0xFF


def mutate(image: bytes, rng: random.Random) -> bytes:
    data = bytearray(image)
    sectors = [
        n for n in range(16, len(data) // SECTOR) if any(data[n * SECTOR : (n + 1) * SECTOR])
    ]
    for _ in range(rng.choice((1, 2, 4, 16))):
        sector = rng.choice(sectors) * SECTOR
        for _ in range(rng.choice((1, 1, 2, 8))):
            at = sector + rng.choice((rng.randrange(512), rng.randrange(240), rng.randrange(2048)))
            value = rng.choice((0, 1, 2, 3, 0x7F, 0x80, 0xC0, 0xFF, rng.randrange(256)))
            if rng.random() < 0.3:
                pack_into("<I", data, at & ~3, value * 0x01010101)
            else:
                data[at] = value
        if rng.random() < 0.8:
            seal(data, sector)
    if rng.random() < 0.1:
        del data[rng.randrange(len(data)) :]
    return bytes(data)


@pytest.mark.parametrize("kind", ["1.02", "2.60", "bridge"])
@pytest.mark.parametrize("seed", range(4))
def test_random_damage_is_survived(
    images: dict[str, bytes], tmp_path: Path, kind: str, seed: int
) -> None:
    rng = random.Random(f"{kind}{seed}")  # noqa: S311 (repeatable damage, no secret)
    for _ in range(30):
        data = mutate(images[kind], rng)
        start = time.process_time()
        with contextlib.suppress(FilmjacketError):
            read_udf(Watched(data))
        (tmp_path / "t.udf").write_bytes(data)
        survive(tmp_path / "t.udf")
        assert time.process_time() - start < 2


class Crafted:
    """A volume whose tree is made block by block."""

    def __init__(self, image: bytes, blocks: int) -> None:
        self.data = bytearray(image)
        self.base = len(image) // SECTOR - PARTITION  # the first new block
        self.data += bytes(blocks * SECTOR)
        for first in (32, len(image) // SECTOR - 17):
            pack_into("<I", self.data, (first + 2) * SECTOR + 192, self.base + blocks)
            seal(self.data, (first + 2) * SECTOR)

    def root(self, block: int) -> None:
        pack_into("<I", self.data, PARTITION * SECTOR + 404, block)
        seal(self.data, PARTITION * SECTOR)

    def put(self, block: int, identifier: int, body: bytes) -> None:
        at = (PARTITION + block) * SECTOR
        head = pack("<HHBBHHHI", identifier, 2, 0, 0, 0, 0, len(body), block)
        self.data[at : at + SECTOR] = (head + body).ljust(SECTOR, b"\0")
        seal(self.data, at)

    def entry(self, block: int, kind: int, size: int, form: int, descriptors: bytes) -> None:
        body = bytearray(160)
        pack_into("<IHHHBB6xH", body, 0, 0, 4, 0, 1, 0, kind, form)
        pack_into("<IH", body, 28, 0x7FFF, 1)
        pack_into("<Q", body, 40, size)
        pack_into("<I", body, 156, len(descriptors))
        self.put(block, 261, bytes(body) + descriptors)

    def survive(self, folder: Path, most: float) -> set[str]:
        path = folder / "t.udf"
        path.write_bytes(self.data)
        start = time.process_time()
        survive(path)
        assert time.process_time() - start < most
        with open_medium(path) as medium:
            return {f.rule for f in medium.findings()}


def record(block: int, name: bytes, folder: bool) -> bytes:
    body = pack("<HBB", 1, 2 if folder else 0, len(name) + 1)
    body += pack("<IIH6x", SECTOR, block, 0) + bytes(2) + b"\x08" + name
    body = body.ljust((38 + len(name) + 1 + 3 & ~3) - 16, b"\0")
    head = bytearray(pack("<HHBBHHHI", 257, 2, 0, 0, 0, crc_hqx(body, 0), len(body), 0))
    head[4] = sum(head) & 0xFF
    return bytes(head) + body


def test_directories_that_name_one_another_end_soon(
    images: dict[str, bytes], tmp_path: Path
) -> None:
    crafted = Crafted(images["1.02"], 300)
    for n in range(150):
        block = crafted.base + n
        records = b"".join(
            record(crafted.base + (n * 7 + k) % 150, b"D%d" % k, folder=True) for k in range(40)
        )
        crafted.entry(block, 4, len(records), 3, records[: SECTOR - 176])
    crafted.root(crafted.base)
    assert "UDF-DIRECTORY-LOOP" in crafted.survive(tmp_path, 3)


def test_a_directory_deeper_than_any_ends(images: dict[str, bytes], tmp_path: Path) -> None:
    crafted = Crafted(images["1.02"], 300)
    for n in range(299):
        content = record(crafted.base + n + 1, b"D" * 200, folder=True)
        crafted.entry(crafted.base + n, 4, len(content), 3, content)
    crafted.root(crafted.base)
    assert "UDF-TOO-MANY" in crafted.survive(tmp_path, 3)


def test_a_million_names_in_blocks_used_again_and_again_end(
    images: dict[str, bytes], tmp_path: Path
) -> None:
    crafted = Crafted(images["1.02"], 20)
    one = crafted.base + 2
    crafted.entry(crafted.base + 1, 5, 0, 0, b"")
    content = b"".join(record(crafted.base + 1, b"A", folder=False) for _ in range(51))
    at = (PARTITION + one) * SECTOR
    crafted.data[at : at + SECTOR] = content.ljust(SECTOR, b"\0")
    # Every extent of the directory is the same block.
    crafted.entry(crafted.base, 4, 200 * SECTOR, 0, pack("<II", SECTOR, one) * 200)
    crafted.root(crafted.base)
    crafted.survive(tmp_path, 5)


def test_extents_without_number_end(images: dict[str, bytes], tmp_path: Path) -> None:
    # Every file has 200 blocks of descriptors, and all share the same ones.
    crafted = Crafted(images["1.02"], 300)
    base = crafted.base
    for n in range(200):
        descriptors = pack("<II", SECTOR, base) + pack("<II", SECTOR, base + 1)
        descriptors = descriptors * 120 + pack("<II", 3 << 30 | SECTOR, base + 51 + n)
        crafted.put(base + 50 + n, 258, pack("<II", 0, len(descriptors)) + descriptors)
    records = b""
    for n in range(20):
        crafted.entry(base + n + 1, 5, 1 << 40, 0, pack("<II", 3 << 30 | SECTOR, base + 50))
        records += record(base + n + 1, b"%02d" % n, folder=False)
    crafted.entry(base, 4, len(records), 3, records[: SECTOR - 176])
    crafted.root(base)
    assert "UDF-TOO-MANY" in crafted.survive(tmp_path, 10)


def test_a_file_of_an_absurd_length_costs_no_memory(
    images: dict[str, bytes], tmp_path: Path
) -> None:
    crafted = Crafted(images["1.02"], 10)
    base = crafted.base
    hole = pack("<II", 2 << 30 | 0x3FFFF800, 0) * 200
    crafted.entry(base + 1, 5, 200 * 0x3FFFF800, 0, hole)
    content = record(base + 1, b"HOLE", folder=False)
    crafted.entry(base, 4, len(content), 3, content)
    crafted.root(base)
    path = tmp_path / "t.udf"
    path.write_bytes(crafted.data)
    with open_medium(path) as medium:
        entry = medium.find(("HOLE",))
        assert entry is not None
        assert len(entry.extents) == 1
        assert medium.open(entry).pread(3, entry.size - 3) == bytes(3)
        assert "UDF-UNRECORDED" in {f.rule for f in medium.findings()}


def test_a_directory_that_is_a_hole_costs_no_memory(
    images: dict[str, bytes], tmp_path: Path
) -> None:
    crafted = Crafted(images["1.02"], 10)
    hole = pack("<II", 2 << 30 | 0x3FFFF800, 0) * 200
    crafted.entry(crafted.base, 4, 200 * 0x3FFFF800, 0, hole)
    crafted.root(crafted.base)
    crafted.survive(tmp_path, 3)
