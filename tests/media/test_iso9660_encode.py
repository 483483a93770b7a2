"""The structures of ISO 9660 volumes, beside those that pycdlib makes of the same trees."""

import io
import random
import subprocess
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from pycdlib.pycdlib import PyCdlib
from pycdlib_structures import SECTOR, structures

from media import NamedSource, PlannedFile, lay_out_bridge, lay_out_iso9660, write_iso9660
from media.iso9660.encode import LaidFile, encode_volume, extents_of, tables_length
from media.iso9660.folders import lay_out_folders
from media.volume_plan import VolumePlan
from reporting import CannotWrite

RECORDED = datetime(2026, 3, 4, 5, 6, 7, tzinfo=timezone(timedelta(hours=-3)))
GIB = 1 << 30
Name = tuple[str, ...]
Peer = Callable[[str], str]


def files_of(*names: Name, size: int = 5) -> list[PlannedFile]:
    return [PlannedFile(name, size, RECORDED) for name in names]


def numbered(folder: Name, count: int, name: str = "I{:07d}") -> list[PlannedFile]:
    return files_of(*((*folder, name.format(number)) for number in range(count)))


def random_files(seed: int, level: int) -> list[PlannedFile]:
    """Return files in folders up to the eighth level, in no order, many of them empty."""
    chance = random.Random(seed)  # noqa: S311 (the same trees at every run)

    def component(*, extension: bool) -> str:
        longest = 8 if level == 1 else chance.choice((2, 8, 20))
        text = "".join(chance.choices("ABZ09_", k=chance.randint(1, longest)))
        if extension and chance.random() < 0.5:
            text += "." + "".join(chance.choices("ABZ09_", k=chance.randint(1, 3)))
        return text

    folders: list[Name] = [()]
    for _ in range(chance.choice((0, 5, 300))):
        above = chance.choice(folders)
        if len(above) < 7:
            folders.append((*above, component(extension=False)))
    names = {
        (*chance.choice(folders), component(extension=True))
        for _ in range(chance.choice((1, 30, 600)))
    }
    taken = {name[:depth] for name in names for depth in range(1, len(name))}
    sizes = [0, 1, SECTOR - 1, SECTOR, SECTOR + 1, 9_000_000]
    sizes += [4 * GIB, 5 * GIB + 7, 12 * GIB + 1] if level == 3 else []
    return [
        PlannedFile(name, chance.choice(sizes), RECORDED + timedelta(hours=chance.randint(0, 9999)))
        for name in sorted(names - taken, key=lambda _: chance.random())
        if sum(map(len, name)) + len(name) + 2 <= 255
    ]


TREES = {
    "nothing": (1, []),
    "one empty file": (1, files_of(("EMPTY",), size=0)),
    "eight levels": (1, files_of(tuple("ABCDEFGH"), ("A", "B", "X"))),
    "a directory of many sectors": (1, numbered(("D",), 3000)),
    "a root of many sectors": (1, numbered((), 500)),
    "path tables of many sectors": (1, [f for n in range(700) for f in numbered((f"D{n}",), 1)]),
    "an order that differs from that of bytes": (
        1,
        files_of(*((name,) for name in ("N1.1", "N1", "N1.A", "N", "N_1.X1", "N_1.X", "N.Z"))),
    ),
    "folders between files": (1, files_of(("A.X",), ("A", "F"), ("AB", "F"), ("A0",), ("AA.1",))),
    "long names": (2, files_of(("A" * 31, "B" * 30), ("A" * 30, "B" * 15 + "." + "C" * 14))),
    "records that end with a sector": (2, numbered(("D",), 200, "ABCDEFGHIJKLMNOPQ{:05d}")),
    "several extents": (3, [PlannedFile(("BIG",), 9 * GIB, RECORDED), *numbered((), 3)]),
    "extents that cross a sector": (
        3,
        [*numbered((), 40), PlannedFile(("I0000039A",), 40 * GIB, RECORDED)],
    ),
}


@pytest.fixture(params=[*TREES, *(f"seed {seed}" for seed in range(24))])
def tree(request: pytest.FixtureRequest) -> tuple[int, list[PlannedFile]]:
    """Return a level of interchange and files."""
    if request.param in TREES:
        return TREES[request.param]
    seed = int(request.param.removeprefix("seed "))
    return seed % 3 + 1, random_files(seed, seed % 3 + 1)


def content_of(plan: VolumePlan, start: int, stop: int) -> bytes:
    """Return what the structures of *plan* put into sectors *start* to *stop*."""
    image = bytearray((stop - start) * SECTOR)
    for structure in plan.structures:
        at = structure.offset - start * SECTOR
        if 0 <= at < len(image):
            data = b"".join(structure.pieces())
            assert len(data) == structure.length
            image[at : at + len(data)] = data
    return bytes(image)


def raw(files: Sequence[PlannedFile]) -> list[tuple[Name, int, datetime]]:
    return [(file.name, file.size, file.modified) for file in files]


def test_a_volume_has_the_structures_that_pycdlib_makes(
    tree: tuple[int, list[PlannedFile]],
) -> None:
    level, files = tree
    plan = lay_out_iso9660(files, label="JACKET 1", recorded=RECORDED, level=level)
    theirs = structures(raw(files), "JACKET 1", RECORDED, level)
    assert plan.kind == "iso9660"
    assert plan.size == theirs.blocks * SECTOR
    assert plan.offsets == tuple(extent * SECTOR for extent in theirs.extents)
    ours = content_of(plan, 0, len(theirs.image) // SECTOR)
    assert ours == theirs.image


def test_a_bridge_has_the_structures_that_pycdlib_makes(
    tree: tuple[int, list[PlannedFile]],
) -> None:
    level, files = tree
    plan = lay_out_bridge(files, label="JACKET_1", recorded=RECORDED, level=level)
    starts = [offset // SECTOR for offset in plan.offsets]
    theirs = structures(
        raw(files),
        "JACKET_1",
        RECORDED,
        level,
        tables=257,
        place=lambda _: (starts, plan.size // SECTOR),
    )
    ours = content_of(plan, 0, len(theirs.image) // SECTOR)
    assert ours[16 * SECTOR : 18 * SECTOR] == theirs.image[16 * SECTOR : 18 * SECTOR]
    assert ours[257 * SECTOR :] == theirs.image[257 * SECTOR :]


def test_pycdlib_opens_every_volume_and_finds_every_file_where_it_lies(
    tree: tuple[int, list[PlannedFile]], tmp_path: Path
) -> None:
    level, files = tree
    plan = lay_out_iso9660(files, label="", recorded=RECORDED, level=level)
    path = tmp_path / "t.iso"
    with path.open("wb") as image:
        image.truncate(plan.size)
        for structure in plan.structures:
            image.seek(structure.offset)
            image.writelines(structure.pieces())
    volume = PyCdlib()
    volume.open(str(path))
    try:
        for file, offset in zip(files, plan.offsets, strict=True):
            dotted = file.name[-1] if "." in file.name[-1] else file.name[-1] + "."
            iso_path = "/" + "/".join((*file.name[:-1], dotted)) + ";1"
            record = volume.get_record(iso_path=iso_path)
            assert record.extent_location() * SECTOR == offset
            sizes = [record.get_data_length()]
            while record.data_continuation is not None:
                record = record.data_continuation
                sizes.append(record.get_data_length())
            assert sum(sizes) == file.size
            assert sizes == [size for _, size in extents_of(file.size, 0)]
    finally:
        volume.close()


def test_isoinfo_lists_every_file(peer: Peer, tmp_path: Path) -> None:
    files = random_files(7, 2)
    sources = [NamedSource(f.name, (b"x" * min(f.size, 5000),), f.modified) for f in files]
    target = tmp_path / "t.iso"
    write_iso9660(sources, target, volume_identifier="T", recorded=RECORDED, level=2)
    listed = subprocess.run(
        [peer("isoinfo"), "-f", "-i", str(target)], check=True, capture_output=True, text=True
    ).stdout.split()
    names = {"/" + "/".join(f.name) + (";1" if "." in f.name[-1] else ".;1") for f in files}
    assert names <= set(listed)


# The encoder alone, for those who decide themselves where everything lies


def test_tables_and_files_may_lie_anywhere_on_the_disc() -> None:
    """As in a second session: everything is told in blocks of the whole disc."""
    files = [
        LaidFile(("OLD",), 3000, RECORDED, ((200, 3000),)),
        LaidFile(("NEW", "PART"), 2 * SECTOR + 5, RECORDED, ((5000, 2 * SECTOR), (7000, 5))),
        LaidFile(("EMPTY",), 0, RECORDED, ()),
    ]
    blocks = tables_length(files, 3)
    made = encode_volume(files, label="S2", recorded=RECORDED, level=3, tables=4019, blocks=9000)
    assert len(made.descriptors) == 2 * SECTOR
    assert len(made.tables) == blocks * SECTOR
    image = io.BytesIO()
    image.seek(16 * SECTOR)
    image.write(made.descriptors)
    for at, data in ((4019 * SECTOR, made.tables), (200 * SECTOR, b"o" * 3000)):
        image.seek(at)
        image.write(data)
    image.seek(5000 * SECTOR)
    image.write(b"1" * 2 * SECTOR)
    image.seek(7000 * SECTOR)
    image.write(b"2" * 5)
    image.truncate(9000 * SECTOR)
    volume = PyCdlib()
    volume.open_fp(image)
    try:
        assert volume.pvd.space_size == 9000
        out = io.BytesIO()
        volume.get_file_from_iso_fp(out, iso_path="/OLD.;1")
        assert out.getvalue() == b"o" * 3000
        record = volume.get_record(iso_path="/NEW/PART.;1")
        assert (record.extent_location(), record.get_data_length()) == (5000, 2 * SECTOR)
        assert record.data_continuation.extent_location() == 7000
        assert volume.get_record(iso_path="/EMPTY.;1").get_data_length() == 0
    finally:
        volume.close()


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (0, ((7, 0),)),
        (4 * GIB - 1, ((7, 4 * GIB - 1),)),
        (4 * GIB, ((7, 4 * GIB - SECTOR), (7 + 2 * (1 << 20) - 1, SECTOR))),
    ],
)
def test_only_what_needs_it_has_several_extents(
    size: int, expected: tuple[tuple[int, int], ...]
) -> None:
    assert extents_of(size, 7) == expected


def test_one_instant_in_two_zones_is_recorded_twice() -> None:
    """Dates are kept for reuse, and two that are equal may look different."""
    here = datetime(2026, 1, 1, 12, tzinfo=UTC)
    there = here.astimezone(timezone(timedelta(hours=2)))
    files = [PlannedFile(("A",), 1, here), PlannedFile(("B",), 1, there)]
    plan = lay_out_iso9660(files, label="", recorded=RECORDED)
    data = b"".join(plan.structures[1].pieces())
    for name, hour, quarters in ((b"A.;1", 12, 0), (b"B.;1", 14, 8)):
        at = data.index(name) - 33 + 18
        assert (data[at + 3], data[at + 6]) == (hour, quarters)


def test_refuses_more_folders_than_path_tables_can_number() -> None:
    """They are numbered level by level: the last of the first level cannot be above another."""
    flat = [(f"D{number:05d}", "A") for number in range(0xFFFF)]
    assert len(lay_out_folders(flat, [38] * len(flat), {})) == 0x10000
    with pytest.raises(CannotWrite, match="65,535 folders"):
        lay_out_folders([*flat, ("D65534", "E", "A")], [38] * 0x10000, {})


def test_refuses_more_than_a_volume_can_hold() -> None:
    files = [PlannedFile((f"A{n}",), 1 << 42, RECORDED) for n in range(2)]
    with pytest.raises(CannotWrite, match="larger than any volume"):
        lay_out_iso9660(
            [*files, *files_of(("X",), size=(1 << 43) - (1 << 33))],
            label="",
            recorded=RECORDED,
            level=3,
        )
