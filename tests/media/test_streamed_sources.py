"""Sources that are made while they are written: everywhere the bytes of a file that holds them."""

import random
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from media import (
    FileRange,
    NamedSource,
    Streamed,
    lay_out_fat,
    lay_out_iso9660,
    planned_files,
    write_folder,
    write_mime,
    write_volume,
    write_zip,
)
from media.volume_stream import VolumeStream
from reporting import CannotRead

RECORDED = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
HEAD, TAIL = b"head of it", b"tail"
LENGTH = 5_000_003
Write = Callable[[list[NamedSource], Path], object]


@pytest.fixture(scope="module")
def content() -> bytes:
    return random.Random(7).randbytes(LENGTH)  # noqa: S311 (to be repeated, not to be secret)


def in_uneven_pieces(content: bytes) -> Iterator[bytes]:
    position, length = 0, 1
    while position < len(content):
        yield content[position : position + length]
        position, length = position + length, length * 3 % 700_001
    yield b""


def both(content: bytes, folder: Path) -> tuple[list[NamedSource], list[NamedSource]]:
    """Return the same sources from files and made on the way."""
    files, streams = [], []
    for number, length in enumerate((LENGTH, 0, 4096, 70_001), 1):
        path = folder / f"source{number}"
        path.write_bytes(HEAD + content[:length] + TAIL)
        name = ("DICOM", f"I{number}")
        whole = FileRange(str(path), 0, length + len(HEAD) + len(TAIL))
        made = Streamed(length, lambda length=length: in_uneven_pieces(content[:length]))
        files.append(NamedSource(name, (whole,), RECORDED))
        streams.append(NamedSource(name, (HEAD, made, TAIL), RECORDED))
    return files, streams


def as_image(sources: list[NamedSource], target: Path) -> object:
    plan = lay_out_iso9660(planned_files(sources, None), label="X", recorded=RECORDED)
    return write_volume(plan, sources, target)


WAYS: dict[str, Write] = {
    "image": as_image,
    "zip": lambda sources, target: write_zip(sources, target, recorded=RECORDED),
    "mime": lambda sources, target: write_mime(sources, target, recorded=RECORDED),
}


@pytest.mark.parametrize("way", WAYS)
def test_what_is_made_on_the_way_gives_the_bytes_of_files(
    way: str, content: bytes, tmp_path: Path
) -> None:
    files, streams = both(content, tmp_path)
    WAYS[way](files, tmp_path / "of_files")
    WAYS[way](streams, tmp_path / "of_streams")
    assert (tmp_path / "of_streams").read_bytes() == (tmp_path / "of_files").read_bytes()


def test_a_folder_has_them_too(content: bytes, tmp_path: Path) -> None:
    _, streams = both(content, tmp_path)
    write_folder(streams, tmp_path / "out")
    assert (tmp_path / "out/DICOM/I1").read_bytes() == HEAD + content + TAIL
    assert (tmp_path / "out/DICOM/I2").read_bytes() == HEAD + TAIL


def test_a_stream_of_them_begins_anywhere(content: bytes, tmp_path: Path) -> None:
    _, streams = both(content, tmp_path)
    plan = lay_out_fat(planned_files(streams, None), label="X", recorded=RECORDED)
    write_volume(plan, streams, tmp_path / "image")
    image = (tmp_path / "image").read_bytes()
    stream = VolumeStream(plan, streams, digest_list=None)
    at = image.index(content[:64])
    for start in (0, at - 3, at, at + 1, at + 1_234_567, at + LENGTH, plan.size - 1):
        with closing(stream.pieces(start)) as pieces:
            rest = b"".join(pieces)
        assert sha256(rest).digest() == sha256(image[start:]).digest(), start


@pytest.mark.parametrize("length", [LENGTH - 1, LENGTH + 1])
def test_one_that_is_not_as_long_as_planned_is_refused(
    length: int, content: bytes, tmp_path: Path
) -> None:
    made = Streamed(LENGTH, lambda: in_uneven_pieces((content + b"!")[:length]))
    source = NamedSource(("I1",), (made,), RECORDED)
    with pytest.raises(CannotRead, match="was planned with"):
        as_image([source], tmp_path / "image")
    assert not (tmp_path / "image").exists()
