"""Lossy compression makes another instance, which says so and where it comes from."""

import subprocess
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dicomdir.index import Indexer
from dicomdir.instance import Instance
from dicomdir.scan import scan
from profiles.encodable import JPEG_2000, JPEG_BASELINE, JPEG_EXTENDED, JPEG_LOSSLESS
from profiles.encode_lossy import derived_uid
from profiles.transcode import Transcoded, TranscodeJob, transcode
from profiles.transfer_syntaxes import EXPLICIT_LITTLE, RLE
from profiles.values import ALWAYS

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import pydicom
    from pydicom.dataset import Dataset
    from pydicom.encaps import generate_fragments

Peer = Callable[[str], str]
# pydicom's real files: ultrasound in RGB, 12 bit unsigned, signed 16 bit
COLOUR, TWELVE, SIGNED = "examples_rgb_color.dcm", "examples_overlay.dcm", "CT_small.dcm"


def instance_of(path: Path) -> Instance:
    (found,) = scan([path], Indexer((), ALWAYS), jobs=1).instances
    return found


@pytest.fixture(scope="module")
def sources(pydicom_files: list[Path]) -> dict[str, Instance]:
    wanted = {COLOUR, TWELVE, SIGNED, "SC_rgb_jpeg_dcmtk.dcm", "rtdose.dcm"}
    return {path.name: instance_of(path) for path in pydicom_files if path.name in wanted}


def lossy(instance: Instance, syntax: str, folder: Path, quality: int = 90) -> Transcoded:
    job = TranscodeJob(instance, str(folder / "lossy"), syntax, quality=quality)
    (result,) = transcode([job])
    return result


def read(path: str | Path) -> Dataset:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pydicom.dcmread(path)


def native(instance: Instance, folder: Path) -> Dataset:
    (result,) = transcode([TranscodeJob(instance, str(folder / "native"), EXPLICIT_LITTLE)])
    assert result.instance is not None, result.reason
    return read(result.instance.source)


CASES = [
    (COLOUR, JPEG_BASELINE, "YBR_FULL_422", "ISO_10918_1"),
    (COLOUR, JPEG_2000, "YBR_ICT", "ISO_15444_1"),
    (TWELVE, JPEG_EXTENDED, "MONOCHROME2", "ISO_10918_1"),
    (TWELVE, JPEG_2000, "MONOCHROME2", "ISO_15444_1"),
    (SIGNED, JPEG_2000, "MONOCHROME2", "ISO_15444_1"),
]


@pytest.mark.parametrize(("name", "syntax", "photometric", "method"), CASES)
def test_a_lossy_image_tells_what_it_is(
    name: str,
    syntax: str,
    photometric: str,
    method: str,
    sources: dict[str, Instance],
    tmp_path: Path,
) -> None:
    source = read(sources[name].source)
    result = lossy(sources[name], syntax, tmp_path)
    assert result.instance is not None, result.reason
    made = read(result.instance.source)
    assert made.file_meta.TransferSyntaxUID == syntax
    uid = str(made.SOPInstanceUID)
    assert uid == made.file_meta.MediaStorageSOPInstanceUID == result.instance.sop_instance_uid
    assert uid == derived_uid(str(source.SOPInstanceUID), syntax, 90)
    assert uid.startswith("2.25.")
    assert uid != source.SOPInstanceUID
    assert made.LossyImageCompression == "01"
    assert made.LossyImageCompressionMethod == method
    frames = list(generate_fragments(made.PixelData))[1:]
    ratio = len(source.PixelData) / sum(map(len, frames))
    assert float(made.LossyImageCompressionRatio) == pytest.approx(ratio, abs=0.01)
    assert made.ImageType[0] == "DERIVED"
    assert list(made.ImageType)[1:] == list(source.ImageType)[1:]
    assert made.DerivationDescription.startswith("Lossy compression by Filmjacket: JPEG")
    reference = made.SourceImageSequence[-1]
    assert reference.ReferencedSOPInstanceUID == source.SOPInstanceUID
    assert reference.ReferencedSOPClassUID == source.SOPClassUID
    purpose = reference.PurposeOfReferenceCodeSequence[0]
    assert (purpose.CodeValue, purpose.CodingSchemeDesignator) == ("121320", "DCM")
    assert made.PhotometricInterpretation == photometric
    assert made.SeriesInstanceUID == source.SeriesInstanceUID
    # Our own scan of the new file agrees in every field, the facts among them.
    found = instance_of(tmp_path / "lossy")
    assert result.instance == found._replace(keys=result.instance.keys)


@pytest.mark.parametrize(("name", "syntax"), [case[:2] for case in CASES])
def test_a_lossy_image_looks_like_its_source_to_a_peer(
    name: str, syntax: str, sources: dict[str, Instance], tmp_path: Path, peer: Peer
) -> None:
    assert lossy(sources[name], syntax, tmp_path).instance is not None
    command = ["gdcmconv", "--raw"] if syntax == JPEG_2000 else ["dcmdjpeg"]
    done = subprocess.run(
        [peer(command[0]), *command[1:], tmp_path / "lossy", tmp_path / "theirs"],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    theirs, source = read(tmp_path / "theirs"), native(sources[name], tmp_path)
    kind = f"<{'i' if source.PixelRepresentation else 'u'}{source.BitsAllocated // 8}"
    length = (
        source.Rows * source.Columns * source.SamplesPerPixel * int(source.get("NumberOfFrames", 1))
    )
    before = np.frombuffer(source.PixelData, kind)[:length].astype(int)
    after = np.frombuffer(theirs.PixelData, kind)[:length].astype(int)
    if theirs.get("PlanarConfiguration", 0) != source.get("PlanarConfiguration", 0):
        after = after.reshape(3, -1).T.ravel()
    assert np.abs(before - after).mean() < 4


def test_a_lower_quality_is_smaller_and_is_yet_another_instance(
    sources: dict[str, Instance], tmp_path: Path
) -> None:
    for name, syntax in [(COLOUR, JPEG_BASELINE), (TWELVE, JPEG_EXTENDED), (SIGNED, JPEG_2000)]:
        good = lossy(sources[name], syntax, tmp_path, 95).instance
        poor = lossy(sources[name], syntax, tmp_path, 30).instance
        again = lossy(sources[name], syntax, tmp_path, 30).instance
        assert good is not None
        assert poor is not None
        assert again is not None
        assert poor.size < good.size
        assert poor.sop_instance_uid != good.sop_instance_uid
        assert (again.sop_instance_uid, again.size) == (poor.sop_instance_uid, poor.size)


def test_twelve_bit_frames_say_that_they_use_twelve(
    sources: dict[str, Instance], tmp_path: Path
) -> None:
    assert lossy(sources[TWELVE], JPEG_EXTENDED, tmp_path).instance is not None
    made = read(tmp_path / "lossy")
    assert (made.BitsAllocated, made.BitsStored, made.HighBit) == (16, 12, 11)
    stream = list(generate_fragments(made.PixelData))[1]
    assert stream[stream.index(b"\xff\xc1") + 4] == 12


@pytest.mark.parametrize(
    ("name", "syntax", "quality", "words"),
    [
        (TWELVE, JPEG_BASELINE, 90, "12 bits in cells of 16"),
        (SIGNED, JPEG_EXTENDED, 90, "16 bits in cells of 16"),
        (COLOUR, JPEG_EXTENDED, 90, "RGB"),
        (COLOUR, JPEG_BASELINE, 0, "not asked for"),
        (COLOUR, JPEG_BASELINE, 101, "not asked for"),
        ("SC_rgb_jpeg_dcmtk.dcm", JPEG_2000, 90, "must not go through it again"),
        ("rtdose.dcm", JPEG_2000, 90, "32 bits in cells of 32"),
    ],
)
def test_what_must_not_be_compressed_with_loss_is_refused(
    name: str, syntax: str, quality: int, words: str, sources: dict[str, Instance], tmp_path: Path
) -> None:
    result = lossy(sources[name], syntax, tmp_path, quality)
    assert result.instance is None
    assert words in result.reason
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("sop_class", ["66.4", "481.2", "30"])
def test_measurements_and_labels_are_not_compressed_with_loss(
    sop_class: str, sources: dict[str, Instance], tmp_path: Path
) -> None:
    instance = sources[SIGNED]._replace(sop_class_uid=f"1.2.840.10008.5.1.4.1.1.{sop_class}")
    assert "falsify" in lossy(instance, JPEG_2000, tmp_path).reason


def changed(instance: Instance, path: Path, **attributes: object) -> Instance:
    data_set = read(instance.source)
    for keyword, value in attributes.items():
        setattr(data_set, keyword, value)
    data_set.save_as(path)
    return instance_of(path)


def test_what_was_said_of_earlier_derivations_stays(
    sources: dict[str, Instance], tmp_path: Path
) -> None:
    earlier = Dataset()
    earlier.ReferencedSOPClassUID, earlier.ReferencedSOPInstanceUID = "1.2.3", "1.2.3.9"
    source = changed(
        sources[SIGNED],
        tmp_path / "source",
        DerivationDescription="Averaged",
        SourceImageSequence=[earlier],
    )
    assert lossy(source, JPEG_2000, tmp_path).instance is not None
    made = read(tmp_path / "lossy")
    assert made.DerivationDescription.endswith("quality 90; Averaged")
    uids = [item.ReferencedSOPInstanceUID for item in made.SourceImageSequence]
    assert uids == ["1.2.3.9", source.sop_instance_uid]


def test_extremes_that_may_no_longer_hold_are_left_out(
    pydicom_files: list[Path], tmp_path: Path
) -> None:
    instance = instance_of(next(path for path in pydicom_files if path.name == "MR_small.dcm"))
    assert "SmallestImagePixelValue" in read(instance.source)
    assert lossy(instance, JPEG_2000, tmp_path).instance is not None
    assert "SmallestImagePixelValue" not in read(tmp_path / "lossy")


def test_a_lossless_copy_of_a_lossy_image_stays_marked_as_lossy(
    sources: dict[str, Instance], tmp_path: Path
) -> None:
    source = sources["SC_rgb_jpeg_dcmtk.dcm"]
    for syntax in (RLE, JPEG_LOSSLESS):
        (result,) = transcode([TranscodeJob(source, str(tmp_path / "out"), syntax)])
        assert result.instance is not None, result.reason
        made = read(tmp_path / "out")
        assert made.LossyImageCompression == "01"
        assert made.SOPInstanceUID == source.sop_instance_uid
        assert made.PhotometricInterpretation == "RGB"
        found = instance_of(tmp_path / "out")
        assert result.instance == found


# What dciodvfy finds in our result that it did not find in the source.
@pytest.mark.parametrize(("name", "syntax"), [(c[0], c[1]) for c in CASES])
def test_validators_find_nothing_that_was_not_there_before(
    name: str, syntax: str, sources: dict[str, Instance], tmp_path: Path, peer: Peer
) -> None:
    assert lossy(sources[name], syntax, tmp_path).instance is not None
    (plain,) = transcode([TranscodeJob(sources[name], str(tmp_path / "plain"), JPEG_LOSSLESS)])
    assert plain.instance is not None

    def errors(path: Path | str) -> set[str]:
        done = subprocess.run(
            [peer("dciodvfy"), path], capture_output=True, text=True, errors="replace", check=False
        )
        return {line for line in done.stderr.splitlines() if line.startswith("Error")}

    for made in ("lossy", "plain"):
        assert errors(tmp_path / made) - errors(sources[name].source) == set()
        assert subprocess.run([peer("dcmftest"), tmp_path / made], check=False).returncode == 0
