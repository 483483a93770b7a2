"""Discs that are ISO 9660 and UDF at once."""

import io
import os
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pycdlib.pycdlib import PyCdlib

from media import (
    BridgeMedium,
    NameDoesNotFit,
    NamedSource,
    PlannedFile,
    lay_out_bridge,
    open_medium,
    planned_files,
    write_volume,
)
from reporting import CannotWrite

RECORDED = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
SECTOR = 2048
Peer = Callable[[str], str]


def write(sources: list[NamedSource], target: Path, level: int = 1) -> None:
    plan = lay_out_bridge(
        planned_files(sources, None), label="JACKET_1", recorded=RECORDED, level=level
    )
    write_volume(plan, sources, target)


@pytest.fixture(scope="module")
def bridge(tmp_path_factory: pytest.TempPathFactory, real_sources: list[NamedSource]) -> Path:
    path = tmp_path_factory.mktemp("bridge") / "t.iso"
    write(real_sources, path)
    return path


def run(*command: str) -> bytes:
    return subprocess.run(command, check=True, capture_output=True).stdout


def recorded(name: tuple[str, ...]) -> str:
    return "/" + "/".join(name) + (";1" if "." in name[-1] else ".;1")


def test_we_read_what_we_wrote_once(
    bridge: Path, real_contents: dict[tuple[str, ...], bytes]
) -> None:
    with open_medium(bridge) as medium:
        assert isinstance(medium, BridgeMedium)
        assert (medium.kind, medium.label) == ("iso9660+udf", "JACKET_1")
        entries = list(medium.entries())
        assert len(entries) == len(real_contents)
        assert {e.name: medium.open(e).pread(e.size, 0) for e in entries} == real_contents
        assert {f.rule for f in medium.findings()} == {"ISO-UDF"}
        assert [e.offset for e in entries] == sorted(e.offset for e in entries)


def test_isoinfo_and_xorriso_read_the_iso_half(
    bridge: Path, real_contents: dict[tuple[str, ...], bytes], peer: Peer, tmp_path: Path
) -> None:
    seen = run(peer("isoinfo"), "-d", "-i", str(bridge)).decode()
    assert "Volume id: JACKET_1" in seen
    assert f"Volume size is: {bridge.stat().st_size // SECTOR}" in seen
    for name, content in real_contents.items():
        assert run(peer("isoinfo"), "-i", str(bridge), "-x", recorded(name)) == content
    out = tmp_path / "out"
    options = ["-osirrox", "on", "-ecma119_map", "unmapped", "-indev", str(bridge)]
    run(peer("xorriso"), *options, "-extract", "/", str(out))
    files = {p.relative_to(out).parts: p.read_bytes() for p in out.rglob("*") if p.is_file()}
    expected = {tuple(recorded(n)[1:].split("/")): c for n, c in real_contents.items()}
    assert files == expected


def test_7z_and_udfinfo_read_the_udf_half(
    bridge: Path, real_contents: dict[tuple[str, ...], bytes], peer: Peer, tmp_path: Path
) -> None:
    assert b"udfrev=1.02" in run(peer("udfinfo"), str(bridge))
    run(peer("7z"), "x", "-tudf", f"-o{tmp_path}", str(bridge))
    files = {
        p.relative_to(tmp_path).parts: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()
    }
    assert files == real_contents


def test_pycdlib_reads_both_halves(
    bridge: Path, real_contents: dict[tuple[str, ...], bytes]
) -> None:
    volume = PyCdlib()
    volume.open(str(bridge))
    try:
        for name, content in real_contents.items():
            for path in ({"udf_path": "/" + "/".join(name)}, {"iso_path": recorded(name)}):
                target = io.BytesIO()
                volume.get_file_from_iso_fp(target, **path)
                assert target.getvalue() == content
    finally:
        volume.close()


def test_the_same_input_gives_the_same_bytes(
    bridge: Path, real_sources: list[NamedSource], tmp_path: Path
) -> None:
    write(real_sources, tmp_path / "t.iso")
    assert (tmp_path / "t.iso").read_bytes() == bridge.read_bytes()


def test_levels_above_the_first_take_longer_names(tmp_path: Path, peer: Peer) -> None:
    name = ("A_FOLDER_WITH_A_LONG_NAME", "A_NAME_OF_TWENTY_SIX_CHARS.TEXT")[:2]
    name = (name[0], "A_NAME_OF_TWENTY_FIVE_CHS.TEXT")
    sources = [NamedSource(name, (b"text",), RECORDED), NamedSource(("A",), (b"a",), RECORDED)]
    with pytest.raises(NameDoesNotFit):
        write(sources, tmp_path / "t.iso")
    write(sources, tmp_path / "t.iso", level=2)
    with open_medium(tmp_path / "t.iso") as medium:
        assert {e.name for e in medium.entries()} == {name, ("A",)}
    listed = run(peer("isoinfo"), "-f", "-i", str(tmp_path / "t.iso")).decode()
    assert "/" + "/".join(name) + ";1" in listed


def test_level_3_takes_files_over_4_gib(tmp_path: Path, peer: Peer) -> None:
    size = (5 << 30) + 7
    files = [PlannedFile(("BIG",), size, RECORDED), PlannedFile(("LAST",), 4, RECORDED)]
    with pytest.raises(CannotWrite):
        lay_out_bridge(files, label="T", recorded=RECORDED, level=2)
    plan = lay_out_bridge(files, label="T", recorded=RECORDED, level=3)
    path = tmp_path / "t.iso"
    with path.open("wb") as image:
        image.truncate(plan.size)  # Sparse: only the end of the content is written.
        for structure in plan.structures:
            image.seek(structure.offset)
            image.writelines(structure.pieces())
        os.pwrite(image.fileno(), b"the end", plan.offsets[0] + size - 7)
        os.pwrite(image.fileno(), b"last", plan.offsets[1])
    with open_medium(path) as medium:
        entry = medium.find(("BIG",))
        assert entry is not None
        assert (entry.offset, entry.size) == (plan.offsets[0], size)
        assert medium.open(entry).pread(7, size - 7) == b"the end"
        rules = {f.rule for f in medium.findings()}
    assert {r for r in rules if r.startswith("UDF")} == set()
    volume = PyCdlib()
    volume.open(str(path))
    try:
        with volume.open_file_from_iso(iso_path="/BIG.;1") as file:
            file.seek(size - 7)
            assert file.read() == b"the end"
    finally:
        volume.close()


# Discs that do not show the same to everybody


def hide(image: bytes, name: bytes, *, udf: bool) -> bytes:
    """Take a file out of one of the two views."""
    data = bytearray(image)
    if udf:  # As deleted; the broken sum of its record is told as well.
        data[data.index(b"\x08" + name) - 38 + 18] |= 4
    else:  # As an associated file, which is no file of its own.
        data[data.index(name + b".;1") - 33 + 25] |= 4
    return bytes(data)


@pytest.fixture(scope="module")
def small_bridge(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("small_bridge") / "t.iso"
    sources = [
        NamedSource((name,), (name.encode() * 1000,), RECORDED) for name in ("ALPHA", "BETA")
    ]
    write(sources, path)
    return path.read_bytes()


@pytest.mark.parametrize(
    ("udf", "rule"), [(True, "UDF-BRIDGE-ISO-ONLY"), (False, "UDF-BRIDGE-UDF-ONLY")]
)
def test_what_hides_from_one_half_is_seen_and_told(
    small_bridge: bytes, tmp_path: Path, udf: bool, rule: str
) -> None:
    path = tmp_path / "t.iso"
    path.write_bytes(hide(small_bridge, b"BETA", udf=udf))
    with open_medium(path) as medium:
        entries = {e.name: medium.open(e).pread(e.size, 0) for e in medium.entries()}
        assert entries == {("ALPHA",): b"ALPHA" * 1000, ("BETA",): b"BETA" * 1000}
        assert medium.find(("BETA",)) is not None
        assert [f.where for f in medium.findings() if f.rule == rule] == ["/BETA"]


def test_two_contents_of_one_name_are_both_seen_and_told(
    small_bridge: bytes, tmp_path: Path
) -> None:
    data = bytearray(small_bridge)
    record = data.index(b"BETA.;1") - 33
    for at, order in ((2, "little"), (6, "big")):
        block = int.from_bytes(data[record + at : record + at + 4], order)  # type: ignore[arg-type]
        data[record + at : record + at + 4] = (block + 1).to_bytes(4, order)  # type: ignore[arg-type]
    path = tmp_path / "t.iso"
    path.write_bytes(data)
    with open_medium(path) as medium:
        assert [e.name for e in medium.entries()].count(("BETA",)) == 2
        assert "UDF-BRIDGE-DIFFERS" in {f.rule for f in medium.findings()}


def test_other_names_and_labels_are_told(small_bridge: bytes, tmp_path: Path) -> None:
    data = bytearray(small_bridge)
    at = data.index(b"BETA.;1")
    data[at : at + 4] = b"ZETA"
    data[16 * SECTOR + 40 : 16 * SECTOR + 48] = b"OTHER   "
    path = tmp_path / "t.iso"
    path.write_bytes(data)
    with open_medium(path) as medium:
        assert sorted(e.name for e in medium.entries()) == [("ALPHA",), ("ZETA",)]
        assert medium.find(("BETA",)) is not None
        assert medium.find_tolerant(("beta",)) is not None
        rules = {f.rule for f in medium.findings()}
    assert rules == {"ISO-UDF", "UDF-BRIDGE-NAME", "UDF-BRIDGE-LABEL"}


def test_a_half_that_is_lost_is_told(small_bridge: bytes, tmp_path: Path) -> None:
    data = bytearray(small_bridge)
    data[256 * SECTOR : 257 * SECTOR] = bytes(SECTOR)
    data[-SECTOR:] = bytes(SECTOR)
    path = tmp_path / "t.iso"
    path.write_bytes(data)
    with open_medium(path) as medium:
        assert {e.name for e in medium.entries()} == {("ALPHA",), ("BETA",)}
        assert medium.find(("GAMMA",)) is medium.find_tolerant(("GAMMA",)) is None
        assert {f.rule for f in medium.findings()} == {"ISO-UDF", "UDF-BRIDGE-UNREADABLE"}


def test_reads_the_bridge_that_pycdlib_made(tmp_path: Path) -> None:
    volume = PyCdlib()
    volume.new(udf="2.60", vol_ident="OTHER")
    volume.add_directory("/DICOM", udf_path="/DICOM")
    volume.add_fp(io.BytesIO(b"one"), 3, "/DICOM/I1.;1", udf_path="/DICOM/I1")
    volume.add_fp(io.BytesIO(b"hidden"), 6, udf_path="/only in UDF")
    volume.write(str(tmp_path / "t.iso"))
    volume.close()
    with open_medium(tmp_path / "t.iso") as medium:
        assert medium.kind == "iso9660+udf"
        read = {e.name: medium.open(e).pread(e.size, 0) for e in medium.entries()}
        assert read == {("DICOM", "I1"): b"one", ("only in UDF",): b"hidden"}
        assert "UDF-BRIDGE-UDF-ONLY" in {f.rule for f in medium.findings()}
