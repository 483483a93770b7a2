"""Images come out of every lossless syntax bit for bit, or are refused with the reason."""

import subprocess
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from profiles import encode
from profiles.conversion import Converted, Request, convert
from profiles.encodable import JPEG_2000_LOSSLESS, JPEG_LOSSLESS
from profiles.fields import CannotTranscode
from profiles.transfer_syntaxes import EXPLICIT_BIG, EXPLICIT_LITTLE, IMPLICIT_LITTLE, RLE

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import pydicom
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.encaps import generate_fragments, parse_basic_offsets
    from pydicom.sequence import Sequence

Peer = Callable[[str], str]
Array = np.ndarray[Any, np.dtype[Any]]
SYNTAXES = [RLE, JPEG_LOSSLESS, JPEG_2000_LOSSLESS]


def image(cells: Array, *, stored: int = 0, signed: bool = False, **attributes: object) -> Dataset:
    """Make a Secondary Capture of cells: frames, rows, columns and perhaps samples."""
    data_set = Dataset()
    data_set.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    data_set.SOPInstanceUID = "1.2.3.4"
    data_set.NumberOfFrames, data_set.Rows, data_set.Columns = cells.shape[:3]
    data_set.SamplesPerPixel = cells.shape[3] if cells.ndim == 4 else 1
    data_set.PhotometricInterpretation = "RGB" if cells.ndim == 4 else "MONOCHROME2"
    if cells.ndim == 4:
        data_set.PlanarConfiguration = 0
    data_set.BitsAllocated = cells.itemsize * 8
    data_set.BitsStored = stored or data_set.BitsAllocated
    data_set.HighBit = data_set.BitsStored - 1
    data_set.PixelRepresentation = int(signed)
    data_set.PixelData = cells.tobytes()
    for keyword, value in attributes.items():
        setattr(data_set, keyword, value)
    return data_set


def saved(data_set: Dataset, path: Path, syntax: str = EXPLICIT_LITTLE) -> Request:
    data_set.file_meta = FileMetaDataset()
    data_set.file_meta.TransferSyntaxUID = syntax
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data_set["PixelData"].VR = "OW" if data_set.BitsAllocated > 8 else "OB"
        data_set.save_as(path, enforce_file_format=True)
        offset = 144 + int(pydicom.dcmread(path).file_meta.FileMetaInformationGroupLength)
    uids = (str(data_set.SOPClassUID), str(data_set.SOPInstanceUID))
    return Request(str(path), f"{path}.out", offset, syntax, RLE, *uids)


def read(path: str | Path) -> Dataset:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pydicom.dcmread(path)


def back_and_forth(data_set: Dataset, syntax: str, folder: Path) -> tuple[Dataset, Dataset]:
    """Return an image in *syntax*, and what we decode of that."""
    request = saved(data_set, folder / "source")._replace(target_syntax=syntax)
    there = convert(request)
    back = Request(
        request.target,
        f"{request.target}.back",
        there.offset,
        syntax,
        EXPLICIT_LITTLE,
        request.sop_class_uid,
        request.sop_instance_uid,
    )
    convert(back)
    return read(request.target), read(back.target)


def random_cells(bits: int, *, signed: bool, frames: int = 1, seed: int = 1) -> Array:
    random = np.random.default_rng(seed)
    cells = random.integers(0, 1 << bits, (frames, 37, 23))
    if signed:
        cells -= 1 << (bits - 1)
    kind = f"<{'i' if signed else 'u'}{1 if bits <= 8 else 2}"
    return cells.astype(kind)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("bits", range(1, 17))
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_every_depth_comes_through(syntax: str, bits: int, signed: bool, tmp_path: Path) -> None:
    cells = random_cells(bits, signed=signed, frames=2)
    coded, decoded = back_and_forth(image(cells, stored=bits, signed=signed), syntax, tmp_path)
    assert coded.file_meta.TransferSyntaxUID == syntax
    assert coded["PixelData"].VR == "OB"
    assert decoded.PixelData.rstrip(b"\0") == cells.tobytes().rstrip(b"\0")
    assert (decoded.BitsStored, decoded.PixelRepresentation) == (bits, int(signed))
    assert "LossyImageCompression" not in coded
    assert coded.SOPInstanceUID == "1.2.3.4"


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_few_bits_in_wide_cells_come_through(syntax: str, tmp_path: Path) -> None:
    cells = random_cells(6, signed=True).astype("<i2")
    _, decoded = back_and_forth(image(cells, stored=6, signed=True), syntax, tmp_path)
    assert decoded.PixelData == cells.tobytes() + b"\0" * (cells.nbytes % 2)


PEERS = {
    RLE: [("dcmdrle",), ("gdcmconv", "--raw")],
    JPEG_LOSSLESS: [("dcmdjpeg",), ("gdcmconv", "--raw")],
    JPEG_2000_LOSSLESS: [("gdcmconv", "--raw")],
}


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("bits", [8, 10, 12, 16])
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_peers_decode_every_depth_and_sign(
    syntax: str, bits: int, signed: bool, tmp_path: Path, peer: Peer
) -> None:
    cells = random_cells(bits, signed=signed)
    request = saved(image(cells, stored=bits, signed=signed), tmp_path / "source")
    convert(request._replace(target_syntax=syntax))
    for command in PEERS[syntax]:
        theirs = tmp_path / command[0]
        done = subprocess.run(
            [peer(command[0]), *command[1:], request.target, theirs],
            capture_output=True,
            check=False,
        )
        assert theirs.exists(), done.stderr
        found = read(theirs)
        assert found.PixelRepresentation == int(signed)
        kept = np.frombuffer(found.PixelData, f"<u{cells.itemsize}")[: cells.size]
        mask = (1 << bits) - 1
        assert np.array_equal(kept & mask, cells.ravel().view(kept.dtype) & mask)


@pytest.mark.parametrize("photometric", ["RGB", "YBR_FULL"])
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_peers_decode_colours(syntax: str, photometric: str, tmp_path: Path, peer: Peer) -> None:
    for number, (rows, columns) in enumerate([(16, 12), (33, 36), (1, 49), (64, 48)]):
        cells = np.random.default_rng(number).integers(0, 256, (1, rows, columns, 3), np.uint8)
        data_set = image(cells, PhotometricInterpretation=photometric)
        request = saved(data_set, tmp_path / "source")
        convert(request._replace(target_syntax=syntax))
        for command in PEERS[syntax]:
            theirs = tmp_path / command[0]
            never = ["+cn"] if command[0] == "dcmdjpeg" else []
            done = subprocess.run(
                [peer(command[0]), *command[1:], *never, request.target, theirs],
                capture_output=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            found = read(theirs)
            kept = np.frombuffer(found.PixelData, np.uint8)[: cells.size]
            if found.PlanarConfiguration == 1:
                kept = kept.reshape(3, rows, columns).transpose(1, 2, 0)
            assert np.array_equal(kept.ravel(), cells.ravel())
            assert found.PhotometricInterpretation == photometric


@pytest.mark.parametrize("planar", [0, 1])
@pytest.mark.parametrize("photometric", ["RGB", "YBR_FULL"])
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_colours_are_not_transformed(
    syntax: str, photometric: str, planar: int, tmp_path: Path
) -> None:
    cells = np.random.default_rng(2).integers(0, 256, (2, 16, 12, 3), np.uint8)
    data_set = image(cells, PhotometricInterpretation=photometric, PlanarConfiguration=planar)
    if planar:
        data_set.PixelData = cells.transpose(0, 3, 1, 2).tobytes()
    coded, decoded = back_and_forth(data_set, syntax, tmp_path)
    assert coded.PhotometricInterpretation == photometric
    assert coded.PlanarConfiguration == (1 if syntax == RLE else 0)
    assert (decoded.PhotometricInterpretation, decoded.PlanarConfiguration) == (photometric, 0)
    assert decoded.PixelData == cells.tobytes()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if syntax == RLE:  # pydicom has a decoder of its own for this one alone
            assert np.array_equal(coded.pixel_array, data_set.pixel_array)


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_palettes_and_inverse_greys_stay_what_they_are(syntax: str, tmp_path: Path) -> None:
    cells = random_cells(8, signed=False)
    for photometric in ("PALETTE COLOR", "MONOCHROME1"):
        data_set = image(cells, PhotometricInterpretation=photometric)
        data_set.RedPaletteColorLookupTableData = bytes(512)
        coded, decoded = back_and_forth(data_set, syntax, tmp_path)
        assert coded.PhotometricInterpretation == photometric
        assert coded.RedPaletteColorLookupTableData == bytes(512)
        assert decoded.PixelData[: cells.size] == cells.tobytes()


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_overlays_in_unused_bits_survive(syntax: str, tmp_path: Path) -> None:
    cells = random_cells(12, signed=False) | np.uint16(0x8000)
    cells[0, 3, 4] &= 0x0FFF
    data_set = image(cells, stored=12)
    data_set.add_new(0x60000010, "US", 37)
    data_set.add_new(0x60000011, "US", 23)
    data_set.add_new(0x60000100, "US", 16)
    data_set.add_new(0x60000102, "US", 15)
    coded, decoded = back_and_forth(data_set, syntax, tmp_path)
    assert decoded.PixelData == cells.tobytes()
    assert coded.BitsStored == 12


@pytest.mark.parametrize("syntax", [JPEG_LOSSLESS, JPEG_2000_LOSSLESS])
def test_what_is_above_the_sign_is_not_lost_silently(syntax: str, tmp_path: Path) -> None:
    cells = (random_cells(12, signed=True) & 0x0FFF) | np.int16(0x2000)
    data_set = image(cells, stored=12, signed=True)
    with pytest.raises(CannotTranscode, match="frame 1 does not decode to what was encoded"):
        back_and_forth(data_set, syntax, tmp_path)
    _, decoded = back_and_forth(data_set, RLE, tmp_path)
    assert decoded.PixelData == cells.tobytes()


def fragments(data_set: Dataset) -> tuple[list[int], list[bytes]]:
    return parse_basic_offsets(data_set.PixelData), list(generate_fragments(data_set.PixelData))


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_each_frame_is_one_fragment_that_the_table_points_to(syntax: str, tmp_path: Path) -> None:
    coded, _ = back_and_forth(image(random_cells(12, signed=False, frames=5)), syntax, tmp_path)
    offsets, found = fragments(coded)
    table, *frames = found
    assert len(frames) == len(offsets) == 5
    assert all(len(frame) % 2 == 0 for frame in frames)
    lengths = [8 + len(frame) for frame in frames]
    assert offsets == [sum(lengths[:number]) for number in range(5)]
    assert len(table) == 20
    assert "ExtendedOffsetTable" not in coded


def test_jpeg_streams_are_process_14_with_selection_value_1(tmp_path: Path) -> None:
    data_set = image(random_cells(12, signed=False), stored=12)
    coded, _ = back_and_forth(data_set, JPEG_LOSSLESS, tmp_path)
    stream = fragments(coded)[1][1]
    frame, scan = stream.index(b"\xff\xc3"), stream.index(b"\xff\xda")
    assert stream[frame + 4] == 12  # precision is Bits Stored
    assert stream[scan + 7] == 1  # Ss: the selection value
    assert b"\xff\xc4" in stream[:scan]  # tables in every frame


def test_jpeg_2000_streams_are_reversible_and_have_no_jp2_header(tmp_path: Path) -> None:
    data_set = image(random_cells(12, signed=True), stored=12, signed=True)
    coded, _ = back_and_forth(data_set, JPEG_2000_LOSSLESS, tmp_path)
    stream = fragments(coded)[1][1]
    assert stream.startswith(b"\xff\x4f\xff\x51")
    assert stream[42] == 0x80 | 11  # signed, 12 bits
    assert stream[stream.index(b"\xff\x52") + 13] == 1  # the reversible wavelet


def test_rle_rows_do_not_run_into_one_another(tmp_path: Path) -> None:
    coded, _ = back_and_forth(image(np.full((1, 3, 200), 7, "<u1")), RLE, tmp_path)
    frame = fragments(coded)[1][1]
    row = bytes([257 - 128, 7, 257 - 72, 7])
    assert frame[64:] == row * 3
    assert np.frombuffer(frame[:64], "<u4").tolist() == [1, 64, *[0] * 14]


@pytest.mark.parametrize("syntax", [IMPLICIT_LITTLE, EXPLICIT_BIG])
@pytest.mark.parametrize("target", SYNTAXES)
def test_other_encodings_are_compressed_by_way_of_native_cells(
    syntax: str, target: str, tmp_path: Path
) -> None:
    cells = random_cells(12, signed=False, frames=2)
    data_set = image(cells.astype(">u2" if syntax == EXPLICIT_BIG else "<u2"), stored=12)
    request = saved(data_set, tmp_path / "source", syntax)._replace(target_syntax=target)
    written = convert(request)
    again = Request(
        request.target, str(tmp_path / "back"), written.offset, target, EXPLICIT_LITTLE, "1.2", "1"
    )
    convert(again)
    assert read(again.target).PixelData == cells.tobytes()
    assert {path.name for path in tmp_path.iterdir()} == {"source", "source.out", "back"}


@pytest.mark.parametrize("source", SYNTAXES)
@pytest.mark.parametrize("target", SYNTAXES)
def test_compressed_images_change_their_syntax(source: str, target: str, tmp_path: Path) -> None:
    cells = np.random.default_rng(2).integers(0, 256, (3, 16, 12, 3), np.uint8)
    coded, _ = back_and_forth(image(cells), source, tmp_path)
    del coded
    first = Path(tmp_path / "source.out")
    offset = 144 + int(read(first).file_meta.FileMetaInformationGroupLength)
    second = Request(str(first), str(tmp_path / "two"), offset, source, target, "1.2", "1.2.3.4")
    there = convert(second)
    third = Request(
        second.target, str(tmp_path / "three"), there.offset, target, EXPLICIT_LITTLE, "1.2", "1"
    )
    convert(third)
    result = read(third.target)
    assert result.PixelData == cells.tobytes()
    assert result.PhotometricInterpretation == "RGB"


ADDED = ((0x00080080, b"LO"), (0x00280008, b"IS"), (0x00101010, b"AS"))


@pytest.mark.parametrize("source", [EXPLICIT_LITTLE, *SYNTAXES])
@pytest.mark.parametrize("target", [EXPLICIT_LITTLE, *SYNTAXES])
def test_empty_attributes_are_added_where_they_are_absent(
    source: str, target: str, tmp_path: Path
) -> None:
    request = saved(image(random_cells(8, signed=False)), tmp_path / "source")
    if source != EXPLICIT_LITTLE:
        written = convert(request._replace(target_syntax=source))
        request = request._replace(
            source=request.target,
            target=str(tmp_path / "target"),
            dataset_offset=written.offset,
            transfer_syntax=source,
        )
    before = read(request.source)
    convert(request._replace(target_syntax=target, added=ADDED))
    after = read(request.target)
    assert set(after.keys()) - set(before.keys()) == {0x00080080, 0x00101010}
    assert (after.InstitutionName, after.PatientAge) == ("", "")
    assert after.NumberOfFrames == 1  # it was there
    assert list(after.keys()) == sorted(after.keys())
    if source == target:
        assert after.PixelData == before.PixelData


def test_frames_of_a_syntax_that_is_only_copied_stay_untouched(tmp_path: Path) -> None:
    request = saved(image(random_cells(8, signed=False)), tmp_path / "source")
    written = convert(request._replace(target_syntax=RLE))
    video = "1.2.840.10008.1.2.4.102"
    target = str(tmp_path / "v")
    again = Request(request.target, target, written.offset, video, video, "1.2", "1.3", added=ADDED)
    convert(again)
    assert read(again.target).PixelData == read(request.target).PixelData
    assert read(again.target).file_meta.TransferSyntaxUID == video


def test_values_of_odd_length_are_padded_and_group_lengths_dropped(tmp_path: Path) -> None:
    request = saved(image(np.zeros((1, 2, 2), "<u1"), PatientID="AB"), tmp_path / "source")
    path = Path(request.source)
    content = path.read_bytes()
    odd = content.replace(b"\x10\0\x20\0LO\2\0AB", b"\x10\0\0\0UL\4\0\0\0\0\0\x10\0\x20\0LO\3\0ABC")
    assert odd != content
    path.write_bytes(odd)
    convert(request)
    result = read(request.target)
    assert result.PatientID == "ABC"
    assert 0x00100000 not in result


def test_an_icon_in_the_data_set_stays_native(tmp_path: Path) -> None:
    icon = image(np.arange(64, dtype="<u1").reshape(1, 8, 8))
    del icon.NumberOfFrames, icon.SOPClassUID, icon.SOPInstanceUID
    coded, _ = back_and_forth(
        image(random_cells(8, signed=False), IconImageSequence=Sequence([icon])), RLE, tmp_path
    )
    assert coded.IconImageSequence[0].PixelData == bytes(range(64))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"PixelData": bytes(2)}, "2 bytes, and its frames 4"),
        ({"PixelData": b"\0\0\0\0\1\1"}, "goes on after the last frame"),
        ({"SamplesPerPixel": 3}, "MONOCHROME2 with 3 samples"),
        ({"PhotometricInterpretation": "YBR_FULL_422"}, "not written for YBR_FULL_422"),
        ({"BitsStored": 9}, "Bits Stored is 9, Bits Allocated 8"),
        ({"BitsAllocated": 1, "BitsStored": 1}, "1 bits in cells of 1"),
        ({"BitsStored": 4, "HighBit": 7}, "High Bit"),
        ({"Rows": 0}, "not an image"),
    ],
)
def test_what_cannot_be_encoded_is_refused_with_the_reason(
    change: dict[str, object], words: str, tmp_path: Path
) -> None:
    request = saved(image(np.zeros((1, 2, 2), "<u1"), **change), tmp_path / "source")
    with pytest.raises(CannotTranscode, match=words):
        convert(request._replace(target_syntax=JPEG_LOSSLESS))


def test_trailing_zeros_after_the_last_frame_are_no_obstacle(tmp_path: Path) -> None:
    data_set = image(np.ones((1, 2, 2), "<u1"), PixelData=b"\1\1\1\1" + bytes(60))
    _, decoded = back_and_forth(data_set, RLE, tmp_path)
    assert decoded.PixelData == b"\1\1\1\1"


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_an_encoder_that_errs_is_found_out(
    syntax: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = encode._ENCODERS[syntax]

    def mistaken(cells: Array, coder: encode.Coder) -> bytes:
        wrong = cells.copy()
        wrong[0, 0] ^= 1
        return real(wrong, coder)

    monkeypatch.setitem(encode._ENCODERS, syntax, mistaken)
    with pytest.raises(CannotTranscode, match="frame 1 does not decode to what was encoded"):
        back_and_forth(image(random_cells(12, signed=False)), syntax, tmp_path)


def test_memory_stays_flat_however_many_frames_are_encoded(tmp_path: Path) -> None:
    import resource

    frame = np.random.default_rng(5).integers(0, 9, (1, 512, 512)).astype("<u2")
    request = saved(image(frame, NumberOfFrames=100), tmp_path / "source")
    content = Path(request.source).read_bytes()
    head = content[: -frame.nbytes]
    with Path(request.source).open("wb") as out:
        out.write(head[:-4] + (100 * frame.nbytes).to_bytes(4, "little"))
        for _ in range(100):
            out.write(frame.tobytes())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    written: Converted = convert(request)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) << 10
    assert written.size > 5 << 20
    assert grown < 90 << 20  # mapped pages of the source count until the system wants them back
