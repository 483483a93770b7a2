"""Files of an archive that share a single byte with what is next to them."""

import struct
import zipfile
from pathlib import Path

import pytest

from media import open_medium
from reporting import CannotRead

# A header begins with P, so that the last byte of one thing can be the first of the next.
FILES = {"FIRST": b"so it ends in a P", "SECOND": b"and so it does: P"}


def archive(path: Path) -> tuple[bytearray, int, int]:
    """Make an archive; return it, where the second file begins, and where the directory does."""
    with zipfile.ZipFile(path, "w") as made:
        for name, content in FILES.items():
            made.writestr(zipfile.ZipInfo(name, (2026, 3, 4, 5, 6, 8)), content)
    data = bytearray(path.read_bytes())
    return data, made.infolist()[1].header_offset, data.index(b"PK\1\2")


def shared(data: bytearray, byte: int, second: int) -> bytes:
    """Take out the byte before *byte*, so that two things share it, and move what points behind."""
    assert data[byte - 1] == data[byte] == ord("P")
    end = data.rindex(b"PK\5\6")
    entry = data.rindex(b"PK\1\2")
    if byte == second:
        struct.pack_into("<I", data, entry + 42, second - 1)
    struct.pack_into("<I", data, end + 16, struct.unpack_from("<I", data, end + 16)[0] - 1)
    del data[byte - 1]
    return bytes(data)


def test_what_lies_next_to_each_other_is_read(tmp_path: Path) -> None:
    data, _, _ = archive(tmp_path / "t.zip")
    (tmp_path / "t.zip").write_bytes(data)
    with open_medium(tmp_path / "t.zip") as medium:
        assert "ZIP-OVERLAP" not in {finding.rule for finding in medium.findings()}
        for name, content in FILES.items():
            entry = medium.find((name,))
            assert entry is not None
            assert medium.open(entry).pread(entry.size, 0) == content


@pytest.mark.parametrize("where", ["file", "directory"])
def test_a_single_byte_in_common_is_too_much(where: str, tmp_path: Path) -> None:
    data, second, directory = archive(tmp_path / "t.zip")
    changed = shared(data, second if where == "file" else directory, second)
    (tmp_path / "t.zip").write_bytes(changed)
    with open_medium(tmp_path / "t.zip") as medium:
        (finding,) = [f for f in medium.findings() if f.rule == "ZIP-OVERLAP"]
        assert finding.where == "SECOND"
        entry = medium.find(("SECOND",))
        assert entry is not None
        with pytest.raises(CannotRead, match=f"lies in the same bytes as .*{where}"):
            medium.open(entry)
        first = medium.find(("FIRST",))
        assert first is not None
        assert medium.open(first).pread(first.size, 0) == FILES["FIRST"]
