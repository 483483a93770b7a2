"""Data sets in other encodings come through element by element."""

import io
import struct
import subprocess
import warnings
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from dicomdir.instance import Instance
from dicomdir.scan import scan
from profiles.conversion import Request, convert
from profiles.fields import CannotTranscode
from profiles.rewrite import Rewriter
from profiles.transfer_syntaxes import (
    ALWAYS_CONVERTIBLE,
    DEFLATED,
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
)

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import pydicom
    import pydicom.data
    from pydicom.dataset import Dataset

Peer = Callable[[str], str]
SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
FOLDERS = (Path(pydicom.data.__file__).parent / "test_files", SHARED)


@cache
def plain() -> dict[str, Instance]:
    """Return all real files whose elements must be written in another encoding."""
    found: dict[str, Instance] = {}
    for folder in FOLDERS:
        if folder.is_dir():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                for instance in scan([folder], jobs=1).instances:
                    if instance.transfer_syntax_uid in ALWAYS_CONVERTIBLE:
                        found.setdefault(Path(instance.source).name, instance)
    return found


def request_of(instance: Instance, target: Path) -> Request:
    return Request(
        instance.source,
        str(target),
        instance.dataset_offset,
        instance.transfer_syntax_uid,
        EXPLICIT_LITTLE,
        instance.sop_class_uid,
        instance.sop_instance_uid,
    )


def read(path: str | Path, *, force: bool = False) -> Dataset:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pydicom.dcmread(path, force=force)


def without_group_lengths(data_set: Dataset) -> Dataset:
    for tag in [tag for tag in data_set.keys() if tag.element == 0]:  # noqa: SIM118 (a copy)
        del data_set[tag]
    return data_set


# VRs that implicit encoding leaves open: toolkits differ in which they take, the bytes are equal.
OPEN = {"UN", "OB", "OW", "US", "SS", "OB or OW", "US or SS", "US or OW", "US or SS or OW"}


def differences(before: Dataset, after: Dataset) -> list[str]:
    found = [str(tag) for tag in set(before.keys()) ^ set(after.keys())]
    for tag in set(before.keys()) & set(after.keys()):
        old, new = before[tag], after[tag]
        if old.VR == new.VR == "SQ":
            if len(old.value) != len(new.value):
                found.append(str(tag))
            for one, other in zip(old.value, new.value, strict=False):
                found += differences(one, other)
        elif old.VR != new.VR and not {old.VR, new.VR} <= OPEN and "UN" not in (old.VR, new.VR):
            found.append(f"{tag} {old.VR} {new.VR}")
        elif old.value != new.value and old.VR == new.VR:
            found.append(f"{tag} {old.value!r:.40} {new.value!r:.40}")
    return found


# Pixel data in big endian words of 8 bit cells differs as bytes; pixels are compared instead.
@pytest.mark.parametrize("name", plain())
def test_a_real_file_in_another_encoding_comes_through(name: str, tmp_path: Path) -> None:
    instance, target = plain()[name], tmp_path / "out"
    size, offset, *_ = convert(request_of(instance, target))
    assert size == target.stat().st_size
    before, after = read(instance.source, force=True), read(target)
    assert after.file_meta.TransferSyntaxUID == EXPLICIT_LITTLE
    assert after.file_meta.MediaStorageSOPInstanceUID == instance.sop_instance_uid
    assert offset == 144 + after.file_meta.FileMetaInformationGroupLength
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if instance.transfer_syntax_uid == EXPLICIT_BIG and "PixelData" in before:
            assert np.array_equal(before.pixel_array, after.pixel_array)
            del before.PixelData, after.PixelData
        assert differences(without_group_lengths(before), after) == []


@pytest.mark.parametrize("name", ["rtdose_expb.dcm", "MR_small_expb.dcm", "liver_expb_1frame.dcm"])
def test_big_endian_pixels_are_those_of_the_little_endian_twin(name: str, tmp_path: Path) -> None:
    target = tmp_path / "out"
    convert(request_of(plain()[name], target))
    twin = read(FOLDERS[0] / name.replace("_expb", ""))
    assert read(target).PixelData == twin.PixelData


@pytest.mark.parametrize("name", ["rtplan.dcm", "MR_small_expb.dcm", "image_dfl.dcm"])
def test_dcmtk_reads_the_same_from_source_and_result(name: str, tmp_path: Path, peer: Peer) -> None:
    instance, target = plain()[name], tmp_path / "out"
    convert(request_of(instance, target))

    def dump(path: str | Path) -> list[str]:
        # Lengths, VRs of unknown elements and the head are what may differ.
        shown = subprocess.run(
            [peer("dcmdump"), "+L", "-q", str(path)], capture_output=True, check=True
        ).stdout.decode("latin-1")
        rows = [line.strip() for line in shown.splitlines() if line.strip()[:1] == "("]
        keep = [row for row in rows if row[1:5] not in ("0002", "fffe") and row[6:10] != "0000"]
        return [
            row[:11] if row[12:14] in ("SQ", "UN", "OW", "OB", "px") else row.split("#")[0]
            for row in keep
        ]

    assert dump(instance.source) == dump(target)


def explicit(data: bytes, syntax: str) -> bytes:
    out = io.BytesIO()
    rewriter = Rewriter(data, syntax, out)
    rewriter.write(0, len(data))
    return out.getvalue()


def implicit(tag: int, value: bytes, length: int | None = None) -> bytes:
    size = len(value) if length is None else length
    return struct.pack("<HHI", tag >> 16, tag & 0xFFFF, size) + value


def long(tag: int, vr: bytes, value: bytes, length: int | None = None) -> bytes:
    size = len(value) if length is None else length
    return struct.pack("<HH2sHI", tag >> 16, tag & 0xFFFF, vr, 0, size) + value


def short(tag: int, vr: bytes, value: bytes) -> bytes:
    return struct.pack("<HH2sH", tag >> 16, tag & 0xFFFF, vr, len(value)) + value


def test_private_elements_keep_their_bytes() -> None:
    creator = implicit(0x00090010, b"SIEMENS CT VA0  COAD")  # not in anybody's dictionary
    values = implicit(0x00091001, b"\1\2\3\4") + implicit(0x00091102, b"abcd")
    written = explicit(creator + values, IMPLICIT_LITTLE)
    assert written == (
        short(0x00090010, b"LO", b"SIEMENS CT VA0  COAD")
        + long(0x00091001, b"UN", b"\1\2\3\4")
        + long(0x00091102, b"UN", b"abcd")
    )


def test_private_elements_of_known_creators_get_their_vr_when_it_fits() -> None:
    creator = implicit(0x00190010, b"SIEMENS MR HEADER ")
    fits = implicit(0x0019100E, bytes(24))  # DiffusionGradientDirection, FD
    too_long = implicit(0x00191027, bytes(50))  # B_matrix, FD
    written = explicit(creator + fits + too_long, IMPLICIT_LITTLE)
    assert short(0x0019100E, b"FD", bytes(24)) in written
    assert long(0x00191027, b"UN", bytes(50)) in written


def test_group_lengths_go_and_unknown_elements_stay() -> None:
    data = implicit(0x00080000, b"\0\0\0\0") + implicit(0x00080999, b"?!")
    assert explicit(data, IMPLICIT_LITTLE) == long(0x00080999, b"UN", b"?!")


@pytest.mark.parametrize(("representation", "vr"), [(0, b"US"), (1, b"SS")])
def test_pixel_representation_settles_what_may_be_signed(representation: int, vr: bytes) -> None:
    data = implicit(0x00280103, bytes((representation, 0))) + implicit(0x00280106, b"\xff\xff")
    assert explicit(data, IMPLICIT_LITTLE).endswith(short(0x00280106, vr, b"\xff\xff"))


def test_a_value_too_long_for_its_vr_becomes_un() -> None:
    value = b"x" * 70_000  # Study Description, LO: sixteen bits of length in explicit encoding
    assert explicit(implicit(0x00081030, value), IMPLICIT_LITTLE) == long(0x00081030, b"UN", value)


def test_an_odd_length_is_padded() -> None:
    assert explicit(implicit(0x00081030, b"odd"), IMPLICIT_LITTLE) == short(
        0x00081030, b"LO", b"odd "
    )
    assert explicit(short(0x0020000D, b"UI", b"1.2"), EXPLICIT_LITTLE) == short(
        0x0020000D, b"UI", b"1.2\0"
    )


def test_zeros_after_the_last_element_are_dropped() -> None:
    data = short(0x00081030, b"LO", b"even")
    assert explicit(data + bytes(5), EXPLICIT_LITTLE) == data
    assert explicit(data + bytes(512), EXPLICIT_LITTLE) == data


def test_nested_sequences_of_either_length_come_through() -> None:
    code = implicit(0x00080100, b"CODE")
    item = implicit(0xFFFEE000, code)
    open_item = implicit(0xFFFEE000, code, 0xFFFFFFFF) + implicit(0xFFFEE00D, b"")
    closed = implicit(0x00081110, item + open_item)
    opened = implicit(0x00081140, open_item + item + implicit(0xFFFEE0DD, b""), 0xFFFFFFFF)
    written = explicit(closed + opened, IMPLICIT_LITTLE)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pydicom.filereader import read_dataset

        data_set = read_dataset(io.BytesIO(written), False, True)
    for tag in (0x00081110, 0x00081140):
        assert [entry.CodeValue for entry in data_set[tag].value] == ["CODE", "CODE"]


@pytest.mark.parametrize(
    "data",
    [
        implicit(0x00081030, b"cut", 100),
        implicit(0x00081110, b"", 0xFFFFFFFF),
        implicit(0x00081110, implicit(0xFFFEE000, b"", 0xFFFFFFFF), 0xFFFFFFFF),
        implicit(0x00081110, implicit(0x00080100, b"CODE"), 0xFFFFFFFF),
        implicit(0x00081110, implicit(0xFFFEE000, b"", 50)),
        b"\x08\0\x30\x10\4",
    ],
)
def test_a_damaged_data_set_is_refused_and_not_guessed_at(data: bytes) -> None:
    with pytest.raises(CannotTranscode):
        explicit(data, IMPLICIT_LITTLE)


@pytest.mark.parametrize("depth", [100, 100_000])
def test_absurd_nesting_is_refused(depth: int) -> None:
    opened = implicit(0x00081110, b"", 0xFFFFFFFF) + implicit(0xFFFEE000, b"", 0xFFFFFFFF)
    with pytest.raises(CannotTranscode, match="nested"):
        explicit(opened * depth, IMPLICIT_LITTLE)
    closed = b""
    for _ in range(min(depth, 1000)):
        closed = implicit(0x00081110, implicit(0xFFFEE000, closed))
    with pytest.raises(CannotTranscode, match="nested"):
        explicit(closed, IMPLICIT_LITTLE)


def deflated(data: bytes, folder: Path) -> Request:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    source = folder / "deflated"
    source.write_bytes(bytes(300) + packer.compress(data) + packer.flush())
    target = str(folder / "target")
    return Request(str(source), target, 300, DEFLATED, EXPLICIT_LITTLE, "1.2", "1.2.3")


def test_a_deflated_data_set_that_is_cut_off_or_damaged_is_refused(tmp_path: Path) -> None:
    request = deflated(short(0x00081030, b"LO", b"text") * 9, tmp_path)
    assert convert(request)[0] > 132
    source = Path(request.source)
    content = source.read_bytes()
    source.write_bytes(content[:-4])
    with pytest.raises(CannotTranscode, match="cut off"):
        convert(request)
    source.write_bytes(content[:300] + b"\xff" + content[301:])
    with pytest.raises(CannotTranscode, match="damaged"):
        convert(request)


def test_a_changed_value_is_noticed_after_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance = plain()["rtplan.dcm"]

    def flip(self: Rewriter, start: int, stop: int, width: int = 1) -> None:
        piece = bytes(self._data[start:stop])
        self._out.write(piece.replace(b"1.2.", b"1.3."))

    monkeypatch.setattr(Rewriter, "_copy", flip)
    with pytest.raises(CannotTranscode, match="came through changed"):
        convert(request_of(instance, tmp_path / "out"))


def test_a_lost_element_is_noticed_after_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = Rewriter._value

    def forgetful(self: Rewriter, field: object, width: int) -> None:
        if getattr(field, "tag", 0) != 0x00100010:
            original(self, field, width)  # type: ignore[arg-type]

    monkeypatch.setattr(Rewriter, "_value", forgetful)
    with pytest.raises(CannotTranscode, match=r"\(0010,0010\) did not come through"):
        convert(request_of(plain()["rtplan.dcm"], tmp_path / "out"))
