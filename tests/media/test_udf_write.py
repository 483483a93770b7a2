"""UDF volumes that we write, read by others and by us."""

import itertools
import os
import subprocess
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from media import (
    NameDoesNotFit,
    NamedSource,
    PlannedFile,
    UdfMedium,
    VolumePlan,
    lay_out_udf,
    open_medium,
    planned_files,
    write_volume,
)
from media.udf.encode_volume import Revision
from reporting import CannotWrite

RECORDED = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
REVISIONS: tuple[Revision, ...] = ("1.02", "1.50", "2.00", "2.01", "2.50", "2.60")
SECTOR = 2048
Contents = Mapping[tuple[str, ...], bytes]
Peer = Callable[[str], str]


def write(
    sources: list[NamedSource], target: Path, revision: Revision, *, label: str = "JACKET_1"
) -> VolumePlan:
    plan = lay_out_udf(
        planned_files(sources, None), label=label, recorded=RECORDED, revision=revision
    )
    write_volume(plan, sources, target)
    return plan


@pytest.fixture(scope="module")
def images(
    tmp_path_factory: pytest.TempPathFactory, real_sources: list[NamedSource]
) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("udf")
    for revision in REVISIONS:
        write(real_sources, folder / revision, revision)
    return {revision: folder / revision for revision in REVISIONS}


def run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True).stdout.decode()


@pytest.mark.parametrize("revision", REVISIONS)
def test_we_read_what_we_wrote_and_find_nothing_wrong(
    images: dict[str, Path], real_contents: Contents, revision: str
) -> None:
    with open_medium(images[revision]) as medium:
        assert isinstance(medium, UdfMedium)
        assert medium.kind == "udf"
        assert medium.label == "JACKET_1"
        assert medium.volume.revision == revision
        read = {}
        for entry in medium.entries():
            with medium.open(entry) as file:
                read[entry.name] = file.pread(file.size, 0)
        assert read == dict(real_contents)
        assert medium.findings() == []


@pytest.mark.parametrize("revision", REVISIONS)
def test_udfinfo_sees_the_volume_that_was_asked_for(
    images: dict[str, Path], real_contents: Contents, revision: str, peer: Peer
) -> None:
    seen = dict(
        line.split("=", 1)
        for line in run(peer("udfinfo"), str(images[revision])).splitlines()
        if not line.startswith("start=")
    )
    folders = {name[:n] for name in real_contents for n in range(len(name))}
    assert seen["label"] == seen["vid"] == seen["lvid"] == "JACKET_1"
    assert seen["udfwriterev"] == revision
    # Whoever reads 2.50 reads 2.60 as well, and this is what such a volume has to say.
    assert seen["udfrev"] == min(revision, "2.50")
    assert seen["blocksize"] == "2048"
    assert seen["blocks"] == str(images[revision].stat().st_size // SECTOR)
    assert seen["numfiles"] == str(len(real_contents))
    assert seen["numdirs"] == str(len(folders))
    assert seen["integrity"] == "closed"
    assert seen["accesstype"] == ("overwritable" if revision == "2.50" else "readonly")


@pytest.mark.parametrize("revision", REVISIONS)
def test_7z_extracts_the_same_tree(
    images: dict[str, Path], real_contents: Contents, revision: str, peer: Peer, tmp_path: Path
) -> None:
    run(peer("7z"), "x", f"-o{tmp_path}", str(images[revision]))
    files = {
        p.relative_to(tmp_path).parts: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()
    }
    assert files == dict(real_contents)


@pytest.mark.parametrize("revision", REVISIONS)
def test_content_lies_in_the_order_asked_for_in_one_run_each(
    images: dict[str, Path], real_sources: list[NamedSource], revision: str
) -> None:
    with open_medium(images[revision]) as medium:
        entries = [e for e in medium.entries() if e.size]
    assert [e.name for e in entries] == [s.name for s in real_sources if s.size]
    assert all(not e.extents for e in entries)
    assert all(
        later.offset == before.offset + -(-before.size // SECTOR) * SECTOR
        for before, later in itertools.pairwise(entries)
    )


@pytest.mark.parametrize("revision", ["1.02", "2.60"])
def test_the_same_sources_and_clock_give_the_same_bytes(
    images: dict[str, Path],
    real_sources: list[NamedSource],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    revision: Revision,
) -> None:
    monkeypatch.setattr(time, "time", lambda: 86400.0)
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    time.tzset()
    try:
        write(real_sources, tmp_path / "t.udf", revision)
    finally:
        monkeypatch.undo()
        time.tzset()
    assert (tmp_path / "t.udf").read_bytes() == images[revision].read_bytes()


def test_one_instant_in_two_zones_keeps_both(tmp_path: Path) -> None:
    moment = datetime(2020, 1, 2, 12, tzinfo=UTC)
    sources = [
        NamedSource((name,), (b"x",), moment.astimezone(timezone(timedelta(hours=hours))))
        for name, hours in (("A", 0), ("B", 9), ("C", -5))
    ]
    write(sources, tmp_path / "t.udf", "1.50")
    image = (tmp_path / "t.udf").read_bytes()
    for hour, minutes in ((12, 0), (21, 540), (7, -300)):
        field = (1 << 12 | minutes & 0xFFF).to_bytes(2, "little") + (2020).to_bytes(2, "little")
        assert image.count(field + bytes((1, 2, hour))) == 3, hour


def test_anchors_are_in_sector_256_and_in_the_last(images: dict[str, Path]) -> None:
    for path in images.values():
        image = path.read_bytes()
        assert len(image) % (32 * SECTOR) == 0
        for sector in (256, len(image) // SECTOR - 1):
            assert image[sector * SECTOR : sector * SECTOR + 2] == b"\x02\x00"


def test_names_of_other_scripts_and_eight_levels_come_back(tmp_path: Path, peer: Peer) -> None:
    names = [("Grüße.txt",), ("снимок.dcm",), ("a long name with spaces.text",), tuple("ABCDEFGH")]
    sources = [NamedSource(name, ("/".join(name).encode(),), RECORDED) for name in names]
    write(sources, tmp_path / "t.udf", "2.01")
    with open_medium(tmp_path / "t.udf") as medium:
        assert {e.name for e in medium.entries()} == set(names)
        assert medium.findings() == []
    run(peer("7z"), "x", f"-o{tmp_path / 'out'}", str(tmp_path / "t.udf"))
    for name in names:
        assert (tmp_path / "out").joinpath(*name).read_bytes() == "/".join(name).encode()


@pytest.mark.parametrize("revision", ["1.02", "2.60"])
def test_a_file_over_4_gib_is_one_run_of_several_extents(
    tmp_path: Path, revision: Revision
) -> None:
    size = (5 << 30) + 7
    plan = lay_out_udf(
        [PlannedFile(("BIG",), size, RECORDED), PlannedFile(("LAST",), 4, RECORDED)],
        label="BIG",
        recorded=RECORDED,
        revision=revision,
    )
    path = tmp_path / "t.udf"
    with path.open("wb") as image:
        image.truncate(plan.size)  # Sparse: nothing of the content is written but its end.
        for structure in plan.structures:
            image.seek(structure.offset)
            image.writelines(structure.pieces())
        os.pwrite(image.fileno(), b"the end", plan.offsets[0] + size - 7)
        os.pwrite(image.fileno(), b"last", plan.offsets[1])
    with open_medium(path) as medium:
        entry = medium.find(("BIG",))
        last = medium.find(("LAST",))
        assert entry is not None
        assert last is not None
        assert (entry.offset, entry.size, entry.extents) == (plan.offsets[0], size, ())
        assert medium.open(entry).pread(7, size - 7) == b"the end"
        assert medium.open(last).pread(4, 0) == b"last"
        assert medium.findings() == []


def test_structures_are_as_long_as_they_say_and_apart(images: dict[str, Path]) -> None:
    files = [PlannedFile((f"D{i % 9}", f"I{i:07}"), i * 100, RECORDED) for i in range(500)]
    for revision in REVISIONS:
        for overwritable in (True, False):
            plan = lay_out_udf(
                files,
                label="T",
                recorded=RECORDED,
                revision=revision,
                overwritable=overwritable,
            )
            runs = sorted(
                [(s.offset, s.length) for s in plan.structures]
                + [(o, f.size) for o, f in zip(plan.offsets, files, strict=True) if f.size]
            )
            assert all(a + n <= b for (a, n), (b, _) in itertools.pairwise(runs))
            assert list(plan.structures) == sorted(plan.structures, key=lambda s: s.offset)
            for structure in plan.structures:
                assert sum(map(len, structure.pieces())) == structure.length


def test_folders_of_many_blocks_come_back(tmp_path: Path) -> None:
    sources = [NamedSource((f"D{i % 3}", f"I{i:07}"), (b"%d" % i,), RECORDED) for i in range(900)]
    for revision in ("1.02", "2.60"):
        write(sources, tmp_path / "t.udf", revision)
        with open_medium(tmp_path / "t.udf") as medium:
            assert {e.name for e in medium.entries()} == {s.name for s in sources}
            assert medium.findings() == []


@pytest.mark.parametrize(
    "names",
    [
        [tuple("ABCDEFGHI")],
        [("A",), ("A",)],
        [("A",), ("A", "B")],
        [("",)],
        [("..", "A")],
        [("A/B",)],
        [("A" * 255,)],
        [("снимок" * 30,)],
        [("\U0001f600",)],
    ],
)
def test_names_that_cannot_be_recorded_are_refused(names: list[tuple[str, ...]]) -> None:
    files = [PlannedFile(name, 1, RECORDED) for name in names]
    with pytest.raises(NameDoesNotFit):
        lay_out_udf(files, label="T", recorded=RECORDED, revision="1.02")


@pytest.mark.parametrize("label", ["A" * 31, "снимок", "A\nB"])
def test_labels_that_cannot_be_recorded_are_refused(label: str) -> None:
    with pytest.raises(NameDoesNotFit):
        lay_out_udf([], label=label, recorded=RECORDED, revision="1.02")


def test_files_larger_than_an_entry_can_tell_are_refused() -> None:
    files = [PlannedFile(("A",), 1 << 40, RECORDED)]
    with pytest.raises(CannotWrite):
        lay_out_udf(files, label="T", recorded=RECORDED, revision="2.60")


def test_a_volume_without_files_and_label_is_one(tmp_path: Path, peer: Peer) -> None:
    for revision in REVISIONS:
        write([], tmp_path / revision, revision, label="")
        run(peer("udfinfo"), str(tmp_path / revision))
        with open_medium(tmp_path / revision) as medium:
            assert (list(medium.entries()), medium.label, medium.findings()) == ([], "", [])
