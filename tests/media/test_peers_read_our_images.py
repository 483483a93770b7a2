"""What others read of every kind of volume that we lay out, beyond what each format's tests ask."""

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from our_volumes import LABEL, RECORDED, VOLUMES, is_partitioned, write

from media import NamedSource, write_zip

Contents = Mapping[tuple[str, ...], bytes]
Peer = Callable[[str], str]

ISO = [kind for kind in VOLUMES if kind.startswith(("iso9660", "bridge"))]
del ISO[0]  # Level 1 is looked at by the tests of its writer.


def run(*command: str) -> bytes:
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    return subprocess.run(command, check=True, capture_output=True, env=environment).stdout


def below(folder: Path) -> dict[tuple[str, ...], bytes]:
    return {p.relative_to(folder).parts: p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def recorded(name: tuple[str, ...]) -> str:
    return "/" + "/".join(name) + (";1" if "." in name[-1] else ".;1")


@pytest.fixture(scope="module")
def volumes(
    tmp_path_factory: pytest.TempPathFactory, real_sources: list[NamedSource]
) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("volumes")
    paths = {kind: folder / kind.replace(" ", "-") for kind in VOLUMES}
    for kind, path in paths.items():
        write(kind, real_sources, path)
    return paths


@pytest.mark.parametrize("kind", ISO)
def test_isoinfo_xorriso_and_7z_take_the_same_tree_out_at_any_level(
    volumes: dict[str, Path], real_contents: Contents, peer: Peer, tmp_path: Path, kind: str
) -> None:
    image = str(volumes[kind])
    for name in list(real_contents)[::7]:
        assert run(peer("isoinfo"), "-i", image, "-x", recorded(name)) == real_contents[name]
    options = ["-osirrox", "on", "-ecma119_map", "unmapped", "-indev", image]
    run(peer("xorriso"), *options, "-extract", "/", str(tmp_path / "xorriso"))
    expected = {tuple(recorded(n)[1:].split("/")): c for n, c in real_contents.items()}
    assert below(tmp_path / "xorriso") == expected
    run(peer("7z"), "x", "-tiso", f"-o{tmp_path / '7z'}", image)
    assert below(tmp_path / "7z") == dict(real_contents)


@pytest.mark.parametrize("level", [2, 3])
def test_isoinfo_and_7z_read_the_longest_names(peer: Peer, tmp_path: Path, level: int) -> None:
    contents = {
        ("A_FOLDER_OF_THIRTY_ONE_LETTERS_", "N" * 30): b"without an extension",
        ("A_FOLDER_OF_THIRTY_ONE_LETTERS_", "N" * 25 + ".TEXT"): b"with one",
    }
    sources = [NamedSource(name, (data,), RECORDED) for name, data in contents.items()]
    image = str(tmp_path / "t.iso")
    write(f"iso9660 level {level}", sources, tmp_path / "t.iso")
    for name, data in contents.items():
        assert run(peer("isoinfo"), "-i", image, "-x", recorded(name)) == data
    run(peer("7z"), "x", f"-o{tmp_path / 'out'}", image)
    assert below(tmp_path / "out") == contents


@pytest.mark.parametrize("kind", [kind for kind in VOLUMES if "overwritable" in kind])
def test_7z_and_udfinfo_read_volumes_that_may_be_changed(
    volumes: dict[str, Path], real_contents: Contents, peer: Peer, tmp_path: Path, kind: str
) -> None:
    seen = run(peer("udfinfo"), str(volumes[kind])).decode().splitlines()
    assert {"accesstype=overwritable", "integrity=closed", f"label={LABEL}"} <= set(seen)
    assert f"numfiles={len(real_contents)}" in seen
    run(peer("7z"), "x", f"-o{tmp_path}", str(volumes[kind]))
    assert below(tmp_path) == dict(real_contents)


@pytest.mark.parametrize("kind", ["fat16 long names", "fat32 long names"])
def test_mtools_take_long_names_out(peer: Peer, tmp_path: Path, kind: str) -> None:
    contents = {
        ("DICOMDIR",): b"directory",
        ("VIEWER", "a long name of a page.html"): b"page" * 1000,
        ("Grüße.text",): b"greetings",
    }
    sources = [NamedSource(name, (data,), RECORDED) for name, data in contents.items()]
    write(kind, sources, tmp_path / "t.img")
    offset = is_partitioned(kind) << 20
    (tmp_path / "out").mkdir()
    run(peer("mcopy"), "-s", "-i", f"{tmp_path / 't.img'}@@{offset}", "::/", str(tmp_path / "out"))
    assert below(tmp_path / "out") == contents


def test_unzip_takes_the_same_tree_out(
    real_sources: list[NamedSource], real_contents: Contents, peer: Peer, tmp_path: Path
) -> None:
    write_zip(real_sources, tmp_path / "t.zip", recorded=RECORDED)
    run(peer("unzip"), "-q", str(tmp_path / "t.zip"), "-d", str(tmp_path / "out"))
    assert below(tmp_path / "out") == dict(real_contents)
