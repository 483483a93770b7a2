"""FAT volumes made to harm, and then changed: a typed error, or nothing is harmed."""

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest
from fat_sticks import MIB, RECORDED, Name, run

from drivers import open_image
from media import NamedSource, open_medium, write_fat
from media.fat.boot import parse_boot
from media.fat.place import find_volume
from media.update import Change, update_medium
from reporting import FilmjacketError

NAMES: list[Name] = [
    ("DICOMDIR",),
    *(("DICOM", f"P{n % 2}", f"I{n}") for n in range(6)),
    ("LEAF", "A long name.html"),
    ("README.TXT",),
]
CHANGE = Change(
    (
        *(NamedSource(("DICOM", "P1", f"N{n}"), (b"n" * 2000 * n,), RECORDED) for n in range(9)),
        NamedSource(("README.TXT",), (b"new",), RECORDED),
    ),
    (("DICOM", "P0", "I0"), ("LEAF", "A long name.html")),
    (NamedSource(("DICOMDIR",), (b"d" * 5000,), RECORDED),),
)
TOUCHED = {source.name for source in (*CHANGE.add, *CHANGE.last)} | {("DICOM", "P0", "I0")}
KINDS = [("fat16", False), ("fat16", True), ("fat32", True)]


@pytest.fixture(scope="module", params=KINDS, ids=str)
def image(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, int]:
    """Make a correct image, and tell where its volume begins."""
    kind, partitioned = request.param
    path = tmp_path_factory.mktemp("fat") / "t.img"
    sources = [
        NamedSource(name, (bytes([n + 1]) * 1500 * n,), RECORDED) for n, name in enumerate(NAMES)
    ]
    write_fat(
        sources,
        path,
        label="SMALL",
        recorded=RECORDED,
        kind=kind,
        partitioned=partitioned,
        long_names=True,
    )
    with path.open("ab") as file:  # what comes after the volume is nobody's business
        file.write(b"\xa5" * 4096)
    return path, MIB if partitioned else 0


def places_that_matter(path: Path, start: int) -> list[int]:
    with path.open("rb") as file:
        file.seek(start)
        boot = parse_boot(file.read(512))
    assert boot is not None
    size = boot.table_sectors * boot.sector
    places = [*range(start, start + 90)] * 2
    for table in range(boot.tables):
        places += range(
            start + boot.table_at + table * size, start + boot.table_at + table * size + 90
        )
    places += range(start + boot.root_at, start + boot.root_at + 320)
    places += [*range(start + boot.data_at, start + boot.data_at + 5 * boot.cluster)]
    return places + ([*range(446, 462)] * 3 if start else [])


def damage(path: Path, places: list[int], random: Random) -> None:
    with path.open("r+b") as file:
        for _ in range(random.choice((1, 1, 2, 4))):
            file.seek(random.choice(places))
            file.write(random.choice((b"\0", b"\xff", b"\xe5", random.randbytes(1), b"\x01")))


def readable(path: Path) -> dict[Name, bytes]:
    found = {}
    with suppress(FilmjacketError), open_medium(path) as medium:
        for entry in medium.entries():
            with suppress(FilmjacketError), medium.open(entry) as file:
                if file.size < MIB:
                    found[entry.name] = file.pread(file.size, 0)
    return found


def outside(path: Path) -> Iterator[bytes]:
    """Yield what is before the volume and behind it."""
    with open_image(path) as image:
        place = find_volume(image)
        if place is not None:
            end = place.offset + place.boot.total * place.boot.sector
            yield image.pread(min(place.offset, image.size), 0)
            yield image.pread(max(image.size - end, 0), min(end, image.size))


def survive(path: Path) -> bool:
    """Change a damaged image; return whether that went well."""
    before, around, whole = readable(path), list(outside(path)), path.read_bytes()
    begun = time.monotonic()
    try:
        update_medium(path, CHANGE, recorded=RECORDED)
    except FilmjacketError:
        went_well = False
        assert path.read_bytes() == whole
    else:
        went_well = True
        after = readable(path)
        assert {source.name: source.parts[0] for source in CHANGE.last}.items() <= after.items()
        kept = {n: data for n, data in before.items() if n not in TOUCHED and n[0] != "LEAF"}
        assert {name: after.get(name) for name in kept} == kept
        assert list(outside(path)) == around
    assert time.monotonic() - begun < 10
    assert path.stat().st_size == len(whole)
    return went_well


def survive_many(image: tuple[Path, int], copy: Path, times: int, seed: int) -> int:
    path, start = image
    places, went_well = places_that_matter(path, start), 0
    for number in range(times):
        run("cp", "--sparse=always", str(path), str(copy))
        damage(copy, places, Random(seed + number))  # noqa: S311 (the same at every run)
        went_well += survive(copy)
    return went_well


def test_damaged_volumes_are_refused_or_changed_without_harm(
    image: tuple[Path, int], tmp_path: Path
) -> None:
    assert 0 < survive_many(image, tmp_path / "t.img", 40, 0) < 40


@pytest.mark.slow
def test_many_damaged_volumes_are_refused_or_changed_without_harm(
    image: tuple[Path, int], tmp_path: Path
) -> None:
    assert survive_many(image, tmp_path / "t.img", 350, 1000) > 0


def test_cut_off_images_are_refused(image: tuple[Path, int], tmp_path: Path) -> None:
    path, start = image
    size = path.stat().st_size - 4096
    for length in (0, 511, 512, start + 512, start + 4096, size // 2, size - 1, size - 512):
        run("cp", "--sparse=always", str(path), str(tmp_path / "t.img"))
        with (tmp_path / "t.img").open("r+b") as file:
            file.truncate(length)
        before = (tmp_path / "t.img").read_bytes()
        with pytest.raises(FilmjacketError):
            update_medium(tmp_path / "t.img", CHANGE, recorded=RECORDED)
        assert (tmp_path / "t.img").read_bytes() == before
