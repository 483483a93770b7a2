"""Every real compressed file: what we decode is what independent decoders decode."""

import subprocess
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dicomdir.instance import Instance
from dicomdir.scan import scan
from profiles.conversion import Request, convert
from profiles.transcode import Transcoded, TranscodeJob, transcode
from profiles.transfer_syntaxes import (
    DECODABLE,
    EXPLICIT_LITTLE,
    RLE,
    TRANSFER_SYNTAXES,
)

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import pydicom
    import pydicom.data

Peer = Callable[[str], str]
Array = np.ndarray[Any, np.dtype[Any]]

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
FOLDERS = (Path(pydicom.data.__file__).parent / "test_files", SHARED)

# File → what is said of it, where it is right that it is not converted.
REFUSED = {
    # Damaged on purpose, in the header of the stream.
    "JPEG2000-embedded-sequence-delimiter.dcm": "where the data set announces 1024 x 256 x 1",
    "GH364.dcm": "no repair",
}
# File → why the peer of its syntax is not asked: each is compared below in another way.
NOT_COMPARED = {
    "JPEGProcess2_4.dcm": "DCMTK believes Photometric Interpretation RGB, not the JFIF stream",
    "layer9.dcm": "the same",
    "fragment-multiframe-test.dcm": "GDCM cannot tell its frames apart",
    "JPEG2000Lossy-Input.dcm": "GDCM refuses it",
    "liver_rle.dcm": "DCMTK and GDCM know no RLE of single bits",
    "liver_deflate.dcm": "newer than the peers",
    "693_J2KI.dcm": "GDCM also changes Bits Stored, from which the cells below are cut",
}


@cache
def compressed() -> dict[str, Instance]:
    """Return all real files whose pixels must be decoded, one of each name and size."""
    found: dict[str, Instance] = {}
    for folder in FOLDERS:
        if folder.is_dir():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                for instance in scan([folder], jobs=1).instances:
                    if instance.transfer_syntax_uid in DECODABLE:
                        found.setdefault(Path(instance.source).name, instance)
    return found


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Transcoded]:
    folder = tmp_path_factory.mktemp("converted")
    jobs = [
        TranscodeJob(instance, str(folder / name), EXPLICIT_LITTLE)
        for name, instance in compressed().items()
    ]
    return dict(zip(compressed(), transcode(jobs), strict=True))


def read(path: str | Path) -> "pydicom.FileDataset":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pydicom.dcmread(path)


def pixels(data_set: "pydicom.FileDataset") -> Array:
    """Return native cells without their unused bits, colours by pixel."""
    bits = int(data_set.BitsAllocated)
    if bits == 1:
        return np.unpackbits(np.frombuffer(data_set.PixelData, np.uint8), bitorder="little")
    size = int(data_set.Rows) * int(data_set.Columns)
    samples = int(data_set.SamplesPerPixel)
    number = size * samples * int(data_set.get("NumberOfFrames", 1))
    cells = np.frombuffer(data_set.PixelData, f"<u{bits // 8}")[:number]
    if samples > 1 and data_set.PlanarConfiguration == 1:
        cells = cells.reshape(-1, samples, size).transpose(0, 2, 1).ravel()
    return (cells & ((1 << int(data_set.BitsStored)) - 1)).astype(np.int64)


def pixel_count(data_set: "pydicom.FileDataset") -> int:
    frames = int(data_set.get("NumberOfFrames", 1))
    return frames * int(data_set.Rows) * int(data_set.Columns) * int(data_set.SamplesPerPixel)


def peers_copy(instance: Instance, target: Path, peer: Peer) -> Path:
    method = TRANSFER_SYNTAXES[instance.transfer_syntax_uid].method
    if instance.transfer_syntax_uid == RLE:
        command = [peer("dcmdrle")]
    elif method == "ISO_10918_1":
        command = [peer("dcmdjpeg")]
    elif method == "ISO_14495_1":
        command = [peer("dcmdjpls")]
    else:
        command = [peer("gdcmconv"), "--raw"]
    result = subprocess.run(
        [*command, instance.source, str(target)], capture_output=True, check=False
    )
    assert target.exists(), result.stderr[-300:]
    assert target.stat().st_size
    return target


@pytest.mark.parametrize("name", compressed())
def test_pixels_are_those_that_an_independent_decoder_finds(
    name: str, converted: dict[str, Transcoded], tmp_path: Path, peer: Peer
) -> None:
    result, instance = converted[name], compressed()[name]
    if name in REFUSED:
        assert REFUSED[name] in result.reason
        assert not Path(result.job.target).exists()
        return
    assert result.instance is not None, result.reason
    ours = read(result.instance.source)
    if "PixelData" not in ours:
        assert "PixelData" not in read(instance.source)
        return
    if name in NOT_COMPARED:
        assert pixels(ours).size == pixel_count(ours)
        return
    theirs = read(peers_copy(instance, tmp_path / "peer", peer))
    assert np.array_equal(pixels(ours), pixels(theirs))
    assert ours.PhotometricInterpretation == theirs.PhotometricInterpretation


def ours(name: str, converted: dict[str, Transcoded]) -> "pydicom.FileDataset":
    if name not in converted:
        pytest.skip("the collection of real files is not here")
    instance = converted[name].instance
    assert instance is not None
    return read(instance.source)


@pytest.mark.parametrize("name", ["liver_rle.dcm", "liver_j2k.dcm", "liver_deflate.dcm"])
def test_single_bits_are_packed_as_in_the_uncompressed_original(
    name: str, converted: dict[str, Transcoded], shared_data: Path
) -> None:
    original = read(shared_data / "pydicom-data" / "liver.dcm")
    assert original.BitsAllocated == 1
    assert ours(name, converted).PixelData == original.PixelData


def test_a_jfif_stream_is_luminance_and_chrominance_whatever_the_data_set_says(
    converted: dict[str, Transcoded], shared_data: Path
) -> None:
    original = read(shared_data / "ms-dicom-server" / "DeflatedExplicitVRLittleEndian.dcm")
    lossy = ours("JPEGProcess2_4.dcm", converted)
    assert lossy.PhotometricInterpretation == "RGB"
    assert np.abs(pixels(lossy) - pixels(original)).mean() < 2


def test_high_throughput_jpeg_2000_decodes_as_another_decoder_does(
    shared_data: Path, tmp_path: Path
) -> None:
    import imagecodecs
    from pydicom.encaps import generate_frames

    path = shared_data / "pydicom-data" / "HTJ2KLossless_08_RGB.dcm"  # has no Study Instance UID
    source = read(path)
    offset = 144 + int(source.file_meta.FileMetaInformationGroupLength)
    syntax = "1.2.840.10008.1.2.4.201"
    target = str(tmp_path / "out")
    convert(Request(str(path), target, offset, syntax, EXPLICIT_LITTLE, "1.2", "1.3"))
    frame = next(generate_frames(source.PixelData, number_of_frames=1))
    expected = imagecodecs.htj2k_decode(frame)  # OpenJPH, where we use OpenJPEG
    if expected.shape[0] == 3:
        expected = expected.transpose(1, 2, 0)
    assert np.array_equal(pixels(read(target)), expected.ravel())


def test_signed_values_keep_their_sign_when_the_stream_is_wider(
    converted: dict[str, Transcoded], tmp_path: Path, peer: Peer
) -> None:
    name = "693_J2KI.dcm"
    theirs = read(peers_copy(compressed()[name], tmp_path / "peer", peer)).pixel_array
    mine = ours(name, converted).pixel_array
    assert mine.min() < 0
    assert np.array_equal(mine, theirs)


def test_every_codec_is_tried_on_a_real_file(converted: dict[str, Transcoded]) -> None:
    seen = {instance.transfer_syntax_uid for instance in compressed().values()}
    missing = {TRANSFER_SYNTAXES[uid].name for uid in DECODABLE - seen}
    # These have their tests with files made for them.
    assert not SHARED.is_dir() or missing == {
        "Encapsulated Uncompressed",
        "JPEG Full Progression (retired)",
        "High-Throughput JPEG 2000 Lossless",
        "High-Throughput JPEG 2000 with RPCL Lossless",
        "High-Throughput JPEG 2000",
    }
