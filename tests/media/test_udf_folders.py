"""Names and numbers of files that a UDF volume takes."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from media import NameDoesNotFit, NamedSource, lay_out_udf, open_medium, planned_files, write_volume
from media.udf.encode_volume import NUMBERS, Revision
from media.volume_plan import PlannedFile, VolumePlan

RECORDED = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
Name = tuple[str, ...]


def lay_out(*names: Name, revision: Revision = "2.01") -> VolumePlan:
    files = [PlannedFile(name, 5, RECORDED) for name in names]
    return lay_out_udf(files, label="T", recorded=RECORDED, revision=revision)


@pytest.mark.parametrize("revision", NUMBERS)
def test_many_files_in_many_folders_are_all_found(revision: Revision, tmp_path: Path) -> None:
    """More than are handed on together, and directories of several blocks."""
    sources = [
        NamedSource((f"D{n % 3}", f"E{n % 7}", f"I{n:07d}"), (str(n).encode(),), RECORDED)
        for n in range(1500)
    ]
    plan = lay_out_udf(
        planned_files(sources, None), label="T", recorded=RECORDED, revision=revision
    )
    for structure in plan.structures:
        assert sum(map(len, structure.pieces())) == structure.length
    write_volume(plan, sources, tmp_path / "t.img")
    with open_medium(tmp_path / "t.img") as medium:
        assert medium.findings() == []
        read = {e.name: medium.open(e).pread(e.size, 0) for e in medium.entries()}
    assert read == {s.name: s.parts[0] for s in sources}


def test_takes_longer_paths_than_iso_9660_and_other_letters(tmp_path: Path) -> None:
    names = [("A" * 120,) * 7 + ("B" * 120,), ("Ärzte", "中" * 100), ("a b", ".c"), ("A" * 254,)]
    sources = [NamedSource(name, (b"text",), RECORDED) for name in names]
    plan = lay_out_udf(planned_files(sources, None), label="T", recorded=RECORDED, revision="2.01")
    write_volume(plan, sources, tmp_path / "t.img")
    with open_medium(tmp_path / "t.img") as medium:
        assert {entry.name for entry in medium.entries()} == set(names)


@pytest.mark.parametrize(
    "name",
    [
        ("A", ""),
        ("..", "A"),
        ("A", "."),
        ("A/B",),
        ("A\0",),
        ("\ud800",),
        ("😀",),
        ("A" * 255,),
        ("中" * 128,),
        ("Ä" * 200,) * 6,
        tuple("ABCDEFGHI"),
        (),
    ],
)
def test_refuses_names_that_do_not_fit(name: Name) -> None:
    with pytest.raises(NameDoesNotFit):
        lay_out(("FIRST",), name)


def test_refuses_names_that_stand_in_each_others_way() -> None:
    with pytest.raises(NameDoesNotFit, match="twice"):
        lay_out(("A", "B"), ("A", "B"))
    with pytest.raises(NameDoesNotFit, match="a file and a folder"):
        lay_out(("A", "B", "C"), ("A",))
