"""Image files: exact reads, or an error that says where."""

import os
from pathlib import Path

import pytest

from drivers import open_image
from reporting import CannotRead


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "x.iso"
    path.write_bytes(bytes(range(256)) * 16)
    return path


def test_reads_any_place_of_a_file(image: Path) -> None:
    with open_image(image) as opened:
        assert opened.size == 4096
        assert opened.pread(3, 254) == b"\xfe\xff\x00"
        assert opened.pread(0, 4096) == b""
        assert os.fstat(opened.fileno()).st_size == 4096


@pytest.mark.parametrize(("length", "offset"), [(1, 4096), (4097, 0), (-1, 0), (1, -1)])
def test_refuses_to_read_beyond_its_end(image: Path, length: int, offset: int) -> None:
    with open_image(image) as opened, pytest.raises(CannotRead, match=f"byte {offset}"):
        opened.pread(length, offset)


def test_tells_that_the_file_shrank_meanwhile(image: Path) -> None:
    with open_image(image) as opened:
        os.truncate(image, 100)
        with pytest.raises(CannotRead, match="ends at byte 100"):
            opened.pread(200, 0)


def test_says_what_cannot_be_opened(tmp_path: Path) -> None:
    for path in (tmp_path / "missing", tmp_path, tmp_path / "a\0b"):
        with pytest.raises(CannotRead) as caught:
            open_image(path)
        assert caught.value.where == str(path)


def test_does_not_wait_for_the_other_end_of_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(CannotRead, match="neither a file nor a block device"):
        open_image(tmp_path / "pipe")


def test_reads_where_the_system_has_no_positioned_reads(
    image: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "pread")
    with open_image(image) as opened:
        assert opened.pread(3, 254) == b"\xfe\xff\x00"


def test_closes_once_however_often_it_is_asked(image: Path) -> None:
    opened = open_image(image)
    opened.close()
    opened.close()
    with pytest.raises(CannotRead):
        opened.pread(1, 0)
