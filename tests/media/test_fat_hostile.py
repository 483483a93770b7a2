"""FAT images made to harm: whatever is in them ends in findings or a typed error, and soon."""

import random
import resource
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from struct import pack_into

import pytest

from drivers import ImageFile, image_file
from media import (
    NamedSource,
    lay_out_fat,
    open_medium,
    read_fat,
    write_fat,
)
from media.fat import table as fat_table
from media.fat import volume as fat_volume
from media.fat.boot import parse_boot
from media.fat.records import RECORD
from reporting import FilmjacketError

RECORDED = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
MIB = 1 << 20

NAMES = [
    ("DICOMDIR",),
    ("DICOM", "P1", "I1"),
    ("DICOM", "P1", "I2"),
    ("LEAF", "A long name.html"),
    ("README.TXT",),
    ("ZZZ",),
]


def small(folder: Path, kind: str, *, partitioned: bool) -> bytes:
    sources = [
        NamedSource(name, (bytes([n]) * 3000 * n,), RECORDED) for n, name in enumerate(NAMES)
    ]
    path = folder / f"{kind}.img"
    write_fat(
        sources,
        path,
        label="SMALL",
        recorded=RECORDED,
        kind=kind,  # type: ignore[arg-type]
        partitioned=partitioned,
        long_names=True,
    )
    return path.read_bytes()


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """Correct images of both types, alone and behind a partition table, to be damaged."""
    folder = tmp_path_factory.mktemp("fat")
    return [
        small(folder, kind, partitioned=partitioned)
        for kind in ("fat16", "fat32")
        for partitioned in (False, True)
    ]


@pytest.fixture
def nothing_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no read reach beyond an image, not even one that would be refused."""
    honest = ImageFile.pread

    def pread(self: ImageFile, length: int, offset: int) -> bytes:
        assert 0 <= offset <= offset + length <= self.size
        return honest(self, length, offset)

    monkeypatch.setattr(image_file.ImageFile, "pread", pread)


def peak() -> int:
    """Return the most bytes of memory that this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # told in KiB


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
                        file.pread(min(file.size, 512), max(file.size - 512, 0))
                except FilmjacketError:
                    pass
            for finding in medium.findings():
                assert finding.where.isprintable()
                assert finding.message.isprintable()
            assert medium.label.__class__ is str
    except FilmjacketError:
        pass


def places_that_matter(image: bytes) -> list[int]:
    """Return the bytes of partition table, boot sector, tables and folders."""
    start = MIB if image[446:462].count(0) < 16 and image[:1] == b"\xcd" else 0
    boot = parse_boot(image[start : start + 512])
    assert boot is not None
    used = 200  # of each table
    places = [*range(440, 512), *range(start, start + 90), *range(start + 510, start + 512)]
    for table in range(2):
        at = start + boot.table_at + table * boot.table_sectors * boot.sector
        places += range(at, at + used)
    places += range(start + boot.root_at, start + boot.root_at + 32 * 12)
    places += range(start + boot.data_at, start + boot.data_at + 6 * boot.cluster)
    return places


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.usefixtures("nothing_outside")
def test_random_damage_is_survived(images: list[bytes], tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 (repeatable damage, no secret)
    path = tmp_path / "t.img"
    image = images[seed % len(images)]
    places = places_that_matter(image)
    path.write_bytes(image)
    slowest, before = 0.0, peak()
    for _ in range(DAMAGES):
        with path.open("r+b") as file:
            damaged = rng.choices(places, k=rng.choice((1, 2, 8, 64)))
            for at in damaged:
                file.seek(at)
                file.write(
                    bytes([rng.choice((0, 1, 2, 0x7F, 0x80, 0xE5, 0xFF, rng.randrange(256)))])
                )
            cut = rng.random() < 0.2
            if cut:
                file.truncate(rng.randrange(len(image)))
        start = time.process_time()
        survive(path)
        slowest = max(slowest, time.process_time() - start)
        if cut:
            path.write_bytes(image)
        else:
            with path.open("r+b") as file:
                for at in damaged:
                    file.seek(at)
                    file.write(image[at : at + 1])
    assert slowest < 1
    assert peak() - before < 500 * MIB


DAMAGES = 40


@pytest.mark.usefixtures("nothing_outside")
def test_every_number_of_the_boot_sector_at_its_limits_is_survived(
    images: list[bytes], tmp_path: Path
) -> None:
    path = tmp_path / "t.img"
    for image in (images[0], images[2]):  # those without partitions
        for at in range(11, 90):
            for size, value in ((1, 0), (2, 0xFFFF), (4, 0x0FFFFFF0)):
                with path.open("wb") as file:
                    file.write(image[: 64 * 1024])
                    file.seek(at)
                    file.write(value.to_bytes(size, "little"))
                survive(path)


class Crafted:
    """A volume of FAT32 whose tables and folders are made by hand."""

    def __init__(self, path: Path, clusters: int, cluster: int = 512) -> None:
        self.path, self.cluster = path, cluster
        plan = lay_out_fat(
            [],
            label="",
            recorded=RECORDED,
            kind="fat32",
            partitioned=False,
            size=clusters * cluster,
        )
        with path.open("wb") as file:
            file.truncate(plan.size)
            for structure in plan.structures:
                file.seek(structure.offset)
                file.writelines(structure.pieces())
        with path.open("rb") as file:
            boot = parse_boot(file.read(512))
        assert boot is not None
        assert boot.cluster == cluster
        self.boot = boot

    def put(self, at: int, data: bytes) -> None:
        with self.path.open("r+b") as file:
            file.seek(at)
            file.write(data)

    def link(self, links: dict[int, int]) -> None:
        """Let clusters be followed by others, in both tables."""
        size = self.boot.table_sectors * self.boot.sector
        with self.path.open("r+b") as file:
            for table in range(2):
                for cluster, following in links.items():
                    file.seek(self.boot.table_at + table * size + cluster * 4)
                    file.write(following.to_bytes(4, "little"))

    def fill(self, cluster: int, records: bytes) -> None:
        self.put(self.boot.data_at + (cluster - 2) * self.cluster, records)


def record(name: bytes, cluster: int, size: int = 0, attributes: int = 0x20) -> bytes:
    return RECORD.pack(
        name.ljust(11), attributes, 0, 0, 0, 0, 33, cluster >> 16, 0, 33, cluster & 0xFFFF, size
    )


def timed(path: Path, most: float) -> set[str]:
    start = time.process_time()
    with open_medium(path) as medium:
        for entry in medium.entries():
            with suppress(FilmjacketError):
                medium.open(entry)
        found = {finding.rule for finding in medium.findings()}
    assert time.process_time() - start < most
    return found


END = 0x0FFFFFFF


def test_a_chain_in_a_circle_is_an_error(tmp_path: Path) -> None:
    volume = Crafted(tmp_path / "t.img", 70_000)
    volume.link({10: 11, 11: 12, 12: 10})
    volume.fill(2, record(b"A", 10, 0xFFFFFFFF))
    assert "FAT-CHAIN" in timed(volume.path, 1)
    with open_medium(volume.path) as medium:
        (entry,) = medium.entries()
        with pytest.raises(FilmjacketError, match="not whole"):
            medium.open(entry)


def test_a_folder_in_a_circle_is_an_error(tmp_path: Path) -> None:
    volume = Crafted(tmp_path / "t.img", 70_000)
    volume.link({2: 3, 3: 2})
    volume.fill(2, record(b"A", 5, 3) * 16)
    volume.fill(3, record(b"A", 5, 3) * 16)
    assert "FAT-FOLDER-UNREADABLE" in timed(volume.path, 1)


def test_folders_that_are_their_own_parents_end(tmp_path: Path) -> None:
    volume = Crafted(tmp_path / "t.img", 70_000)
    volume.link({3: END, 4: END})
    volume.fill(2, record(b"A", 3, attributes=0x10) + record(b"ROOT", 2, attributes=0x10))
    volume.fill(3, record(b"B", 4, attributes=0x10) + record(b"R", 2, attributes=0x10))
    volume.fill(4, record(b"C", 3, attributes=0x10) + record(b"D", 4, attributes=0x10))
    assert "FAT-FOLDER-LOOP" in timed(volume.path, 1)


def test_folders_without_end_end(tmp_path: Path) -> None:
    volume = Crafted(tmp_path / "t.img", 70_000)
    volume.link(dict.fromkeys(range(3, 300), END))
    for n in range(2, 299):
        volume.fill(n, record(b"A", n + 1, attributes=0x10))
    assert "FAT-TOO-MANY" in timed(volume.path, 1)


def test_a_folder_of_a_million_records_ends(tmp_path: Path) -> None:
    before = peak()
    volume = Crafted(tmp_path / "t.img", 70_000, 4096)
    volume.link({n: n + 1 for n in range(2, 8_200)})
    records = b"".join(record(b"F%d" % n, 60_000, 1) for n in range(1024))
    volume.fill(2, records * 1024)
    assert "FAT-FOLDER-SIZE" in timed(volume.path, 20)
    assert peak() - before < 500 * MIB


def test_many_folders_with_the_same_long_chain_end(tmp_path: Path) -> None:
    volume = Crafted(tmp_path / "t.img", 70_000)
    # Every second cluster, so that nothing is in one piece.
    volume.link({n: n + 2 for n in range(100, 60_000)})
    volume.link({2: 3, 3: 4, 4: END})
    folders = b"".join(record(b"D%d" % n, 100 + n, attributes=0x10) for n in range(48))
    volume.fill(2, folders)
    assert timed(volume.path, 20) >= {"FAT-CROSS-LINK", "FAT-TOO-MANY"}


def test_many_files_with_the_same_long_chain_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fat_volume, "_MOST_RUNS", 100_000)
    volume = Crafted(tmp_path / "t.img", 70_000)
    volume.link({n: n + 2 for n in range(200, 60_000)})
    volume.link({n: n + 1 for n in range(2, 100)})
    files = b"".join(record(b"F%d" % n, 200 + n, 29_000 * 512) for n in range(1500))
    volume.fill(2, files)
    assert timed(volume.path, 20) >= {"FAT-CROSS-LINK", "FAT-TOO-MANY"}


def test_taken_clusters_are_known_whatever_the_run() -> None:
    rng = random.Random(1)  # noqa: S311 (no secret)
    for _ in range(300):
        taken: set[int] = set()
        clusters = fat_table.ClusterMap(100)
        for _ in range(12):
            first = rng.randrange(2, 101)
            run = range(first, rng.randrange(first + 1, 103))
            assert clusters.claim(first, len(run)) == (not taken.isdisjoint(run))
            taken.update(run)
            assert clusters.count() == len(taken)


def test_a_long_name_without_end_is_none(tmp_path: Path) -> None:
    volume = Crafted(tmp_path / "t.img", 70_000)
    volume.link({n: n + 1 for n in range(2, 2000)})
    part = b"\x01" + bytes(10) + b"\x0f" + bytes(20)
    volume.fill(2, part * 30_000 + record(b"A", 0))
    assert "FAT-LONG-NAME-BROKEN" in timed(volume.path, 5)
    with open_medium(volume.path) as medium:
        assert [entry.name for entry in medium.entries()] == [("A",)]


def test_a_volume_that_claims_to_be_huge_costs_nothing(tmp_path: Path) -> None:
    volume = Crafted(tmp_path / "t.img", 70_000)
    boot = bytearray(volume.path.read_bytes()[:512])
    pack_into("<I", boot, 32, 0xFFFFFFFF)
    pack_into("<I", boot, 36, 0xFFFFFF)
    volume.put(0, bytes(boot))
    assert timed(volume.path, 2) >= {"FAT-TRUNCATED"}


def test_what_is_too_small_is_none(tmp_path: Path) -> None:
    for size in (0, 1, 511, 512, 513):
        (tmp_path / "t.img").write_bytes(bytes(size))
        with image_file.open_image(tmp_path / "t.img") as image:
            assert read_fat(image) is None
