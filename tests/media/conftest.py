"""Real files under names of a DICOM medium, and an image of them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from fat_sticks import MakeStick, Stick, run, used_stick
from media_contents import Contents, Name, Peer, write_files

from media import FileRange, NamedSource, write_iso9660

RECORDED = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
MODIFIED = datetime(2021, 12, 31, 23, 30, 1, tzinfo=timezone(timedelta(hours=-5)))

Build = Callable[..., list[NamedSource]]


def whole(path: Path, name: Name) -> NamedSource:
    return NamedSource(name, (FileRange(str(path), 0, path.stat().st_size),), MODIFIED)


@pytest.fixture(scope="session")
def real_sources(pydicom_files: list[Path]) -> list[NamedSource]:
    """A DICOMDIR, 40 real files in four folders, a text, and an empty file, in this order."""
    files = [p for p in pydicom_files if 0 < p.stat().st_size < 300_000][:40]
    by_name = {p.name: p for p in pydicom_files}
    return [
        whole(by_name["DICOMDIR"], ("DICOMDIR",)),
        # Backwards, so that the order asked for is not that of the names.
        *(
            whole(path, ("DICOM", f"P000000{n % 4}", f"I{40 - n:07d}"))
            for n, path in enumerate(files)
        ),
        NamedSource(("EMPTY",), (), MODIFIED),
        NamedSource(("README.TXT",), (b"read", b" me\r\n"), MODIFIED),
    ]


@pytest.fixture(scope="session")
def real_image(tmp_path_factory: pytest.TempPathFactory, real_sources: list[NamedSource]) -> Path:
    target = tmp_path_factory.mktemp("image") / "real.iso"
    write_iso9660(real_sources, target, volume_identifier="JACKET_1", recorded=RECORDED)
    return target


@pytest.fixture(scope="session")
def small_image(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A correct image of a few blocks, to be broken in one place each time."""
    sources = [
        NamedSource(name, (content,), MODIFIED)
        for name, content in (
            (("DICOMDIR",), b"directory" * 300),
            (("DICOM", "P1", "I1"), b"first" * 1000),
            (("DICOM", "P1", "I2"), b"second" * 1000),
            (("LEAF", "X"), b"leaf"),
            (("README.TXT",), b"read me\r\n"),
            (("ZZZ",), b"last" * 100),
        )
    ]
    target = tmp_path_factory.mktemp("small") / "small.iso"
    write_iso9660(sources, target, volume_identifier="SMALL", recorded=RECORDED)
    return target.read_bytes()


def content_of(source: NamedSource) -> bytes:
    return b"".join(
        part
        if isinstance(part, bytes)
        else Path(part.path).read_bytes()[part.offset : part.offset + part.length]
        for part in source.parts
    )


@pytest.fixture(scope="session")
def real_contents(real_sources: list[NamedSource]) -> dict[Name, bytes]:
    return {source.name: content_of(source) for source in real_sources}


@pytest.fixture
def tree(tmp_path: Path, real_contents: Contents) -> Path:
    """Return a folder of them that a test may change."""
    return write_files(tmp_path / "tree", real_contents)


@pytest.fixture(scope="session")
def sticks(tmp_path_factory: pytest.TempPathFactory, peer: Peer) -> MakeStick:
    """Make every kind of stick that was used before, once."""
    made: dict[str, Stick] = {}

    def stick(kind: str) -> Stick:
        if kind not in made:
            made[kind] = used_stick(tmp_path_factory.mktemp("sticks"), kind, peer)
        return made[kind]

    return stick


@pytest.fixture
def stick(sticks: MakeStick, tmp_path: Path) -> MakeStick:
    """Return copies of them that a test may change."""

    def copy(kind: str) -> Stick:
        image, contents = sticks(kind)
        run("cp", "--sparse=always", str(image), str(tmp_path / "stick.img"))
        return tmp_path / "stick.img", dict(contents)

    return copy
