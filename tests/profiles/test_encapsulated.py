"""Encapsulated frames of kinds that no collection of real files has: made here."""

import warnings
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file

from dicomdir.index import Indexer
from dicomdir.instance import Instance
from dicomdir.scan import index_file
from profiles.conversion import Request, convert
from profiles.fields import CannotTranscode
from profiles.transcode import TranscodeJob, transcode
from profiles.transfer_syntaxes import EXPLICIT_LITTLE

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import pydicom
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.encaps import encapsulate, encapsulate_extended
    from pydicom.sequence import Sequence


def read(path: str | Path) -> Dataset:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pydicom.dcmread(path)


def image(**attributes: object) -> Dataset:
    data_set = Dataset()
    data_set.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    data_set.SOPInstanceUID = "1.2.3.4"
    data_set.Rows, data_set.Columns, data_set.SamplesPerPixel = 3, 5, 1
    data_set.PhotometricInterpretation = "MONOCHROME2"
    data_set.BitsAllocated = data_set.BitsStored = 16
    data_set.HighBit, data_set.PixelRepresentation = 15, 0
    for keyword, value in attributes.items():
        setattr(data_set, keyword, value)
    return data_set


def converted(data_set: Dataset, syntax: str, folder: Path) -> Dataset:
    source, target = folder / "source", folder / "target"
    data_set.file_meta = FileMetaDataset()
    data_set.file_meta.TransferSyntaxUID = syntax
    if "PixelData" in data_set:
        data_set["PixelData"].VR = "OB"
        data_set["PixelData"].is_undefined_length = True
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data_set.save_as(source, enforce_file_format=True)
    (instance_offset,) = [144 + int(read(source).file_meta.FileMetaInformationGroupLength)]
    convert(
        Request(
            str(source), str(target), instance_offset, syntax, EXPLICIT_LITTLE, "1.2", "1.2.3.4"
        )
    )
    return read(target)


ENCAPSULATED_UNCOMPRESSED = "1.2.840.10008.1.2.1.98"
JPEG_LS = "1.2.840.10008.1.2.4.80"
JPEG_2000 = "1.2.840.10008.1.2.4.90"
HTJ2K = "1.2.840.10008.1.2.4.202"
RLE = "1.2.840.10008.1.2.5"


def test_encapsulated_uncompressed_frames_are_unwrapped(tmp_path: Path) -> None:
    frames = [bytes(range(n, n + 15)) for n in (0, 100)]
    data_set = image(BitsAllocated=8, BitsStored=8, HighBit=7, NumberOfFrames=2)
    data_set.PixelData = encapsulate([frame + b"\0" for frame in frames])
    result = converted(data_set, ENCAPSULATED_UNCOMPRESSED, tmp_path)
    assert result.PixelData == b"".join(frames)  # 30 bytes: the padding of each frame is gone
    assert result["PixelData"].VR == "OB"


def test_an_odd_number_of_bytes_is_padded_once_at_the_end(tmp_path: Path) -> None:
    data_set = image(BitsAllocated=8, BitsStored=8, HighBit=7)
    data_set.PixelData = encapsulate([bytes(range(15)) + b"\0"])
    assert converted(data_set, ENCAPSULATED_UNCOMPRESSED, tmp_path).PixelData == (
        bytes(range(15)) + b"\0"
    )


def test_frames_of_single_bits_follow_one_another_without_a_gap(tmp_path: Path) -> None:
    bits = np.random.default_rng(1).integers(0, 2, (3, 15), np.uint8)
    frames = [np.packbits(frame, bitorder="little").tobytes() for frame in bits]
    data_set = image(BitsAllocated=1, BitsStored=1, HighBit=0, NumberOfFrames=3)
    data_set.PixelData = encapsulate(frames)
    result = converted(data_set, ENCAPSULATED_UNCOMPRESSED, tmp_path)
    found = np.unpackbits(np.frombuffer(result.PixelData, np.uint8), bitorder="little")
    assert found[:45].tolist() == bits.ravel().tolist()
    assert len(result.PixelData) == 6


@pytest.mark.parametrize("fragmented", [False, True])
@pytest.mark.parametrize("table", ["basic", "extended", "none"])
def test_frames_are_found_with_and_without_offset_tables(
    table: str, fragmented: bool, tmp_path: Path
) -> None:
    import imagecodecs

    frames = np.random.default_rng(2).integers(0, 4000, (4, 3, 5)).astype(np.uint16)
    streams = [imagecodecs.jpegls_encode(frame) for frame in frames]
    data_set = image(NumberOfFrames=4)
    parts = 2 if fragmented else 1
    if table == "extended":
        value, offsets, lengths = encapsulate_extended(streams)
        data_set.PixelData = value
        data_set.ExtendedOffsetTable, data_set.ExtendedOffsetTableLengths = offsets, lengths
    else:
        data_set.PixelData = encapsulate(
            streams, fragments_per_frame=parts, has_bot=table == "basic"
        )
    result = converted(data_set, JPEG_LS, tmp_path)
    assert result.PixelData == frames.tobytes()
    assert "ExtendedOffsetTable" not in result


def test_the_sign_is_extended_from_bits_stored(tmp_path: Path) -> None:
    import imagecodecs

    values = np.array([[-2048, -1, 0, 1, 2047]] * 3, np.int16)
    stream = imagecodecs.jpegls_encode((values & 0x0FFF).astype(np.uint16))
    data_set = image(BitsStored=12, HighBit=11, PixelRepresentation=1)
    data_set.PixelData = encapsulate([stream])
    assert converted(data_set, JPEG_LS, tmp_path).PixelData == values.astype("<i2").tobytes()


def test_overlays_in_unused_bits_are_not_overwritten_with_the_sign(tmp_path: Path) -> None:
    import imagecodecs

    cells = np.array([[0x1FFF, 0x2800, 0, 1, 0x07FF]] * 3, np.uint16)
    data_set = image(BitsStored=12, HighBit=11, PixelRepresentation=1)
    data_set.add_new(0x60000010, "US", 3)
    data_set.add_new(0x60000011, "US", 5)
    data_set.add_new(0x60000100, "US", 16)
    data_set.add_new(0x60000102, "US", 12)
    data_set.PixelData = encapsulate([imagecodecs.jpegls_encode(cells)])
    assert converted(data_set, JPEG_LS, tmp_path).PixelData == cells.tobytes()


@pytest.mark.parametrize(
    ("photometric", "after"), [("YBR_RCT", "RGB"), ("YBR_FULL", "YBR_FULL"), ("RGB", "RGB")]
)
def test_colours_of_lossless_streams_keep_their_values(
    photometric: str, after: str, tmp_path: Path
) -> None:
    import imagecodecs

    colours = np.random.default_rng(3).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    stream = imagecodecs.jpeg2k_encode(
        colours, level=0, codecformat="j2k", reversible=True, mct=photometric == "YBR_RCT"
    )
    data_set = image(SamplesPerPixel=3, PhotometricInterpretation=photometric, Rows=64, Columns=64,
                     BitsAllocated=8, BitsStored=8, HighBit=7, PlanarConfiguration=1)  # fmt: skip
    data_set.PixelData = encapsulate([stream])
    result = converted(data_set, JPEG_2000, tmp_path)
    assert result.PixelData == colours.tobytes()
    assert result.PhotometricInterpretation == after
    assert result.PlanarConfiguration == 0
    assert "LossyImageCompression" not in result


def test_a_lossy_stream_is_noted_where_the_data_set_does_not_say_so(tmp_path: Path) -> None:
    import imagecodecs

    grey = np.linspace(0, 255, 64 * 64).reshape(64, 64).astype(np.uint8)
    data_set = image(Rows=64, Columns=64, BitsAllocated=8, BitsStored=8, HighBit=7)
    stream = imagecodecs.jpeg8_encode(grey, level=60)
    data_set.PixelData = encapsulate([stream])
    result = converted(data_set, "1.2.840.10008.1.2.4.50", tmp_path)
    assert result.LossyImageCompression == "01"
    assert result.LossyImageCompressionMethod == "ISO_10918_1"
    assert result.LossyImageCompressionRatio == pytest.approx(4096 / len(stream), rel=0.02)
    assert result.SOPInstanceUID == "1.2.3.4"


def test_what_the_data_set_says_of_earlier_lossy_compression_stays(tmp_path: Path) -> None:
    import imagecodecs

    grey = np.zeros((3, 5), np.uint8)
    data_set = image(BitsAllocated=8, BitsStored=8, HighBit=7, LossyImageCompression="01",
                     LossyImageCompressionRatio=["9.5", "3"],
                     LossyImageCompressionMethod=["ISO_15444_1", "ISO_10918_1"])  # fmt: skip
    data_set.PixelData = encapsulate([imagecodecs.jpeg8_encode(grey, level=60)])
    result = converted(data_set, "1.2.840.10008.1.2.4.50", tmp_path)
    assert list(result.LossyImageCompressionRatio) == [9.5, 3]
    assert list(result.LossyImageCompressionMethod) == ["ISO_15444_1", "ISO_10918_1"]


def test_an_encapsulated_icon_is_decoded_too(tmp_path: Path) -> None:
    import imagecodecs

    values = np.arange(15, dtype=np.uint16).reshape(3, 5)
    icon_values = np.arange(64, dtype=np.uint8).reshape(8, 8)
    icon = image(Rows=8, Columns=8, BitsAllocated=8, BitsStored=8, HighBit=7)
    del icon.SOPClassUID, icon.SOPInstanceUID
    icon.PixelData = encapsulate([imagecodecs.jpegls_encode(icon_values)])
    icon["PixelData"].VR, icon["PixelData"].is_undefined_length = "OB", True
    data_set = image(IconImageSequence=Sequence([icon]))
    data_set.PixelData = encapsulate([imagecodecs.jpegls_encode(values)])
    result = converted(data_set, JPEG_LS, tmp_path)
    assert result.PixelData == values.tobytes()
    assert result.IconImageSequence[0].PixelData == icon_values.tobytes()


def test_high_throughput_streams_of_the_rpcl_syntax_decode(
    shared_data: Path, tmp_path: Path
) -> None:
    source = read(shared_data / "pydicom-data" / "HTJ2KLossless_08_RGB.dcm")
    result = converted(source, HTJ2K, tmp_path)
    assert len(result.PixelData) == 480 * 640 * 3


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"Rows": 4}, "announces 4 x 5"),
        ({"SamplesPerPixel": 3}, "announces 3 x 5 x 3"),
        ({"NumberOfFrames": 2}, "2 frames are announced"),
        ({"NumberOfFrames": 0}, "Number of Frames"),
        ({"BitsAllocated": 8, "BitsStored": 8}, "16 bits in 8 bit cells"),
        ({"BitsStored": 17}, "Bits Stored is 17"),
        ({"Rows": 65535, "Columns": 65535, "NumberOfFrames": 99}, "cannot be stored"),
    ],
)
def test_a_frame_that_is_not_what_the_data_set_says_is_refused(
    change: dict[str, int], words: str, tmp_path: Path
) -> None:
    import imagecodecs

    data_set = image(**change)
    stream = imagecodecs.jpegls_encode(np.full((3, 5), 4095 * 16, np.uint16))
    data_set.PixelData = encapsulate([stream])
    with pytest.raises(CannotTranscode, match=words):
        converted(data_set, JPEG_LS, tmp_path)


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.4.50", JPEG_LS, JPEG_2000, RLE])
def test_damaged_frames_end_in_a_reason(syntax: str, tmp_path: Path) -> None:
    random = np.random.default_rng(4)
    for size in (0, 2, 64, 500):
        data_set = image()
        data_set.PixelData = encapsulate([random.bytes(size) or b"\0\0"])
        with pytest.raises(CannotTranscode):
            converted(data_set, syntax, tmp_path)


def test_the_offset_table_tells_frames_apart_where_their_bytes_do_not(tmp_path: Path) -> None:
    frames = [bytes(range(n, n + 30)) for n in (0, 50, 100)]
    data_set = image(NumberOfFrames=3)
    data_set.PixelData = encapsulate(frames, fragments_per_frame=2, has_bot=True)
    result = converted(data_set, ENCAPSULATED_UNCOMPRESSED, tmp_path)
    assert result.PixelData == b"".join(frames)
    data_set = image(NumberOfFrames=3)
    data_set.PixelData = encapsulate(frames, fragments_per_frame=2, has_bot=False)
    with pytest.raises(CannotTranscode, match="3 frames are announced"):
        converted(data_set, ENCAPSULATED_UNCOMPRESSED, tmp_path)


@pytest.mark.parametrize(
    ("syntax", "decoder", "words"),
    [
        (RLE, "packbits_decode", "read an RLE frame differently"),
        ("1.2.840.10008.1.2.4.70", "jpegsof3_decode", "read a lossless JPEG frame differently"),
    ],
)
def test_two_decoders_that_disagree_stop_a_conversion(
    syntax: str, decoder: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import imagecodecs

    values = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64)
    if syntax == RLE:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            data_set = image(Rows=64, Columns=64, PixelData=values.tobytes())
            data_set.file_meta = FileMetaDataset()
            data_set.compress(
                syntax, values, encoding_plugin="pydicom", generate_instance_uid=False
            )
    else:
        stream = imagecodecs.jpeg8_encode(values, lossless=True, predictor=1, bitspersample=16)
        data_set = image(Rows=64, Columns=64)
        data_set.PixelData = encapsulate([stream])
    assert converted(data_set, syntax, tmp_path).PixelData == values.tobytes()
    real = getattr(imagecodecs, decoder)

    def mistaken(*arguments: object, **options: object) -> object:
        decoded = real(*arguments, **options)
        if isinstance(decoded, bytes):
            return bytes([decoded[0] ^ 1]) + decoded[1:]
        return decoded ^ 1

    monkeypatch.setattr(imagecodecs, decoder, mistaken)
    with pytest.raises(CannotTranscode, match=words):
        converted(data_set, syntax, tmp_path)


@pytest.mark.parametrize(
    "name", ["SC_rgb_jpeg_dcmtk.dcm", "693_J2KI.dcm", "MR_small_jp2klossless.dcm"]
)
@pytest.mark.parametrize("one_fragment", [False, True])
def test_frames_that_are_not_announced_are_never_dropped(
    name: str, one_fragment: bool, tmp_path: Path
) -> None:
    """Three whole streams under one announced frame: refused, not cut down to the first."""
    dataset = pydicom.dcmread(str(get_testdata_file(name)))
    (frame,) = pydicom.encaps.generate_frames(dataset.PixelData, number_of_frames=1)
    frame += b"\0" * (len(frame) % 2)
    frames = [frame * 3] if one_fragment else [frame] * 3
    dataset.PixelData = pydicom.encaps.encapsulate(frames, has_bot=False)
    dataset["PixelData"].is_undefined_length = True
    source = tmp_path / "three"
    dataset.save_as(source)
    instance = Instance._make(index_file(str(source), Indexer()))
    (done,) = transcode([TranscodeJob(instance, str(tmp_path / "out"), EXPLICIT_LITTLE)])
    assert done.instance is None
    assert "announce" in done.reason
