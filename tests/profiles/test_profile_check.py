"""Each rule of the profiles is broken alone, on a real file, and exactly that rule is found."""

import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import imagecodecs
import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import UID

from dicomdir.check_reference import Parents
from dicomdir.elements import encode_element, encode_item, iterate_elements
from dicomdir.header import read_header
from dicomdir.index import Indexer
from dicomdir.record import DirectoryRecord
from profiles.application_profiles import ApplicationProfile, Medium, Security
from profiles.profile_check import ProfileChecks
from profiles.profile_table import PROFILES
from profiles.rules import RULES
from reporting import Finding, Severity

CT, MR, SC = (f"1.2.840.10008.5.1.4.1.1.{n}" for n in ("2", "4", "7"))
XA, US, US_MF, DX = (f"1.2.840.10008.5.1.4.1.1.{n}" for n in ("12.1", "6.1", "3.1", "1.1"))
VIDEO = "1.2.840.10008.5.1.4.1.1.77.1.1.1"
EVR, RLE = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.5"
JB, JX, JL, J2L, J2, MPML, MPHL, H41, H42_3D = (
    f"1.2.840.10008.1.2.4.{n}" for n in (50, 51, 70, 90, 91, 100, 101, 102, 105)
)
Dataset = pydicom.Dataset


@cache
def pixels() -> np.ndarray[Any, Any]:
    """A real slice, 128 x 128 pixels, as bytes."""
    cells = pydicom.dcmread(get_testdata_file("CT_small.dcm")).pixel_array  # type: ignore[arg-type]
    return np.clip(cells // 8, 0, 255).astype(np.uint8)


def lossless(predictor: int = 1) -> bytes:
    return bytes(imagecodecs.jpeg8_encode(pixels(), lossless=True, predictor=predictor))


def baseline() -> bytes:
    return bytes(imagecodecs.jpeg8_encode(pixels(), level=90))


def extended() -> bytes:
    return bytes(imagecodecs.jpeg8_encode(pixels().astype(np.uint16) * 16, bitspersample=12))


def jpeg_2000(*, reversible: bool = True, container: str = "j2k") -> bytes:
    return bytes(
        imagecodecs.jpeg2k_encode(
            pixels(), reversible=reversible, level=None if reversible else 40, codecformat=container
        )
    )


def rle() -> bytes:
    packed = imagecodecs.packbits_encode(pixels(), axis=-1)
    segment = packed + b"\0" * (len(packed) % 2)
    return (1).to_bytes(4, "little") + (64).to_bytes(4, "little") + bytes(56) + segment


def mpeg_2(rows: int = 480, columns: int = 720) -> bytes:
    return b"\0\0\1\xb3" + (columns << 12 | rows).to_bytes(3, "big") + bytes(57)


def h_264(level: int = 41) -> bytes:
    return b"\0\0\0\1\x67" + bytes((100, 0, level)) + bytes(56)


def without(frame: bytes, marker: int) -> bytes:
    """Take all segments of one marker out of a JPEG frame."""
    kept, position = frame[:2], 2
    while frame[position + 1] != 0xDA:
        end = position + 2 + int.from_bytes(frame[position + 2 : position + 4], "big")
        kept += frame[position:end] if frame[position + 1] != marker else b""
        position = end
    return kept + frame[position:]


def image(sop_class: str = CT, syntax: str = EVR, **attributes: object) -> Dataset:
    """A real CT slice, and what a test makes of it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = pydicom.dcmread(get_testdata_file("CT_small.dcm"))  # type: ignore[arg-type]
        made.SOPClassUID = sop_class
        made.file_meta.TransferSyntaxUID = UID(syntax)
        for keyword, value in attributes.items():
            if value is None:
                made.pop(keyword, None)
            elif keyword == "OverlayRows":
                made.add_new(0x60000010, "US", value)
            else:
                setattr(made, keyword, value)
    return made


GRAY_8 = {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7, "PixelRepresentation": 0}


def compressed(
    sop_class: str, syntax: str, *frames: bytes, table: bool = True, **attributes: object
) -> Dataset:
    """The slice in eight bits, compressed."""
    data = encapsulate(list(frames), has_bot=table)
    made = image(sop_class, syntax, **{**GRAY_8, "PixelData": data, **attributes})
    made["PixelData"].VR = "OB"
    return made


def native(sop_class: str, *, modality: str, **attributes: object) -> Dataset:
    """The slice in eight bits, uncompressed."""
    cells = {"PixelData": pixels().tobytes(), "Modality": modality}
    made = image(sop_class, EVR, **{**GRAY_8, **cells, **attributes})
    made["PixelData"].VR = "OB"
    return made


def angiography(*, syntax: str = JL, frame: bytes = b"", **attributes: object) -> Dataset:
    return compressed(XA, syntax, frame or lossless(), **{"Modality": "XA", **attributes})


def ultrasound(**attributes: object) -> Dataset:
    return native(US, modality="US", **attributes)


def dental(**attributes: object) -> Dataset:
    named: dict[str, object] = dict.fromkeys(
        ("DetectorID", "DetectorManufacturerName", "DetectorManufacturerModelName"), ""
    )
    named |= {"InstitutionName": "", "ManufacturerModelName": ""}
    return native(DX, modality="DX", **{**named, **attributes})


def video(syntax: str = MPML, stream: bytes = b"", **attributes: object) -> Dataset:
    shape: dict[str, object] = {
        "SamplesPerPixel": 3,
        "PhotometricInterpretation": "YBR_PARTIAL_420",
        "PlanarConfiguration": 0,
        "Rows": 480,
        "Columns": 720,
        "NumberOfFrames": 10,
        "FrameTime": "33.33",
        "Modality": "ES",
    }
    return compressed(VIDEO, syntax, stream or mpeg_2(), table=False, **{**shape, **attributes})


def high(stream: bytes = b"", syntax: str = H41, **attributes: object) -> Dataset:
    return video(syntax, stream or h_264(), **{"Rows": 1080, "Columns": 1920, **attributes})


def region(**attributes: object) -> Dataset:
    made = Dataset()
    for keyword in (
        *("RegionLocationMinX0", "RegionLocationMinY0", "RegionLocationMaxX1"),
        *("RegionLocationMaxY1", "PhysicalUnitsXDirection", "PhysicalUnitsYDirection"),
        *("PhysicalDeltaX", "PhysicalDeltaY", "RegionSpatialFormat", "RegionDataType"),
        "RegionFlags",
    ):
        setattr(made, keyword, 1)
    for keyword, value in attributes.items():
        setattr(made, keyword, value)
    return made


def reference(instance: str = "1.2.3.4") -> Dataset:
    made = Dataset()
    made.ReferencedSOPClassUID = CT
    made.ReferencedSOPInstanceUID = instance
    return made


def encoded(dataset: Dataset) -> bytes:
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pydicom.dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()


def icon(size: int = 128, *, bits: int = 8, colour: bytes = b"MONOCHROME2") -> bytes:
    """Icon Image Sequence (0088,0200) as PS3.3 F.7 wants it, encoded."""
    number = {0x00280002: 1, 0x00280010: size, 0x00280011: size, 0x00280100: bits}
    number |= {0x00280101: bits, 0x00280102: bits - 1, 0x00280103: 0}
    elements = {tag: (b"US", value.to_bytes(2, "little")) for tag, value in number.items()}
    elements[0x00280004] = (b"CS", colour)
    elements[0x7FE00010] = (b"OB", bytes(size * size * bits // 8))
    body = b"".join(encode_element(tag, *elements[tag]) for tag in sorted(elements))
    return encode_element(0x00880200, b"SQ", encode_item(body))


Change = Callable[[bytes], bytes]


def same(keys: bytes) -> bytes:
    return keys


def lacking(tag: int) -> Change:
    def change(keys: bytes) -> bytes:
        elements = iterate_elements(keys)
        return b"".join(keys[start:end] for found, _, start, _, end in elements if found != tag)

    return change


def replaced(tag: int, vr: bytes, value: bytes) -> Change:
    def change(keys: bytes) -> bytes:
        rows = {found: keys[start:end] for found, _, start, _, end in iterate_elements(keys)}
        rows[tag] = encode_element(tag, vr, value)
        return b"".join(rows[found] for found in sorted(rows))

    return change


@dataclass
class File:
    """One file of a medium and the records that lead to it."""

    dataset: Dataset
    icon: bytes = b""
    keys: Change = same
    patient: Change = same
    series: Change = same
    referenced: bool = True
    data: bytes = field(default=b"", repr=False)


def with_icon(dataset: Dataset, **changes: Any) -> File:
    return File(dataset, **{"icon": icon(), **changes})


def see(
    checks: ProfileChecks,
    files: tuple[File, ...],
    first: int = 1,
    made_for: ApplicationProfile | None = None,
) -> None:
    """Show files to the checks; their records are made for the claimed or the named profile."""
    indexer = Indexer(checks.additional_keys, checks.facts)
    maker = indexer if made_for is None else Indexer(made_for.additional_keys)
    for number, file in enumerate(files, start=first):
        data = file.data or encoded(file.dataset)

        def pread(length: int, offset: int, data: bytes = data) -> bytes:
            assert length >= 0
            assert 0 <= offset <= len(data)
            return data[offset : offset + length]

        name = f"DICOM/I{number:07d}"
        instance = indexer.index(name, read_header(pread, len(data), indexer.wanted))
        own = maker.index(name, read_header(pread, len(data), maker.wanted))
        record = DirectoryRecord(
            own.record_type or "PRIVATE", file.keys(own.keys + file.icon), tuple(name.split("/"))
        )
        levels = (
            ("PATIENT", file.patient, own.patient),
            ("STUDY", same, own.study),
            ("SERIES", file.series, own.series),
        )
        above = [DirectoryRecord(n, change(k), children=[record]) for n, change, k in levels]
        parents = Parents(*above)
        if file.referenced:
            checks.see(record, parents, instance, pread)
        else:
            checks.see(None, None, instance, pread)


FORMATS = {"P12-F": "iso9660", "P12-P": "udf", "P12-J": "udf", "P12-X": "udf", "P12-K": "mime"}
FORMATS |= {"P12-R": "fat32", "P12-S": "fat32", "P12-T": "fat16", "P12-U": "fat16"}
FORMATS |= {"P12-M": "fat16", "P12-Q": "fat16", "P12-V+W": "zip"}


def judge(
    profile: str | ApplicationProfile, *files: File | Dataset, **finish: object
) -> list[Finding]:
    """Return the findings about a medium of a claimed profile with these files."""
    row = PROFILES[profile] if isinstance(profile, str) else profile
    checks = ProfileChecks([row], claimed=True)
    see(checks, tuple(f if isinstance(f, File) else File(f) for f in files))
    whole = {"file_system": FORMATS[row.file_system], "instances": len(files), "secure_files": ()}
    found, satisfied = checks.finish(**{**whole, **finish})  # type: ignore[arg-type]
    errors = any(finding.severity is Severity.ERROR for finding in found)
    fits = () if errors else (row.identifier,)
    # The protection of a mail is not in the files: nobody can have seen it.
    mail = row.security is Security.SMIME
    assert (satisfied, checks.unseen) == (((), fits) if mail else (fits, ()))
    return found


REFERENCES = encode_element(
    0x00081140,
    b"SQ",
    encode_item(
        encode_element(0x00081150, b"UI", CT.encode())
        + encode_element(0x00081155, b"UI", b"1.2.3.4")
    ),
)[12:]
BIPLANE = ["ORIGINAL", "PRIMARY", "BIPLANE A"]
REGIONS = {"SequenceOfUltrasoundRegions": Sequence([region()])}
TWO = {"NumberOfFrames": 2}
JPEG_DVD, J2K_DVD, BD_VIDEO = "STD-GEN-DVD-JPEG", "STD-GEN-DVD-J2K", "STD-GEN-BD-MPEG4-HPLV41"
DVD_VIDEO, US_DISC = "STD-DVD-MPEG2-MPML", "STD-US-ID-SF-CDR"


def jpeg(syntax: str, *frames: bytes, **attributes: object) -> Dataset:
    return compressed(CT, syntax, *frames, **attributes)


def ct_with_table(table: bytes, *frames: bytes) -> Dataset:
    made = jpeg(JL, *frames, table=False, **TWO)
    made.PixelData = (
        b"\xfe\xff\x00\xe0" + len(table).to_bytes(4, "little") + (table + made.PixelData[8:])
    )
    return made


def shared(**attributes: object) -> Dataset:
    """An Enhanced CT whose Shared Functional Groups hold these attributes."""
    macro, group = Dataset(), Dataset()
    for keyword, value in attributes.items():
        setattr(macro, keyword, value)
    group.PlanePositionSequence = Sequence([macro])
    made = image("1.2.840.10008.5.1.4.1.1.2.1", NumberOfFrames=1)
    del made.ImagePositionPatient
    made.SharedFunctionalGroupsSequence = Sequence([group])
    return made


# rule → how it is broken, and nothing else.
BREAKS: dict[str, Callable[[], list[Finding]]] = {
    "PRO-SOP-CLASS": lambda: judge("STD-DEN-CD", image()),
    "PRO-RETIRED-SOP-CLASS": lambda: judge("STD-GEN-CD", image("1.2.840.10008.5.1.4.1.1.6")),
    "PRO-PRIVATE-SOP-CLASS": lambda: judge("STD-GEN-CD", image("1.3.46.670589.11.0.0.12.2")),
    "PRO-MULTI-FRAME": lambda: judge(DVD_VIDEO, video(NumberOfFrames=None)),
    "PRO-ONE-FRAME": lambda: judge(DVD_VIDEO, video(NumberOfFrames=1)),
    "PRO-BESIDE-VIDEO": lambda: judge(BD_VIDEO, image()),
    "PRO-PHOTOMETRIC": lambda: judge(US_DISC, ultrasound(PhotometricInterpretation="MONOCHROME1")),
    "PRO-UNCOMPRESSED-422": lambda: judge(
        US_DISC,
        ultrasound(
            PhotometricInterpretation="YBR_FULL_422",
            SamplesPerPixel=3,
            PlanarConfiguration=0,
            Rows=16,
        ),
    ),
    "PRO-VALUE": lambda: judge("STD-DEN-CD", dental(BitsStored=7, HighBit=6)),
    "PRO-TYPE-2-ABSENT": lambda: judge("STD-DEN-CD", dental(DetectorID=None)),
    "PRO-OVERLAY": lambda: judge(
        "STD-XA1K-CD", with_icon(native(SC, modality="OT", OverlayRows=128))
    ),
    "PRO-CALIBRATION": lambda: judge("STD-US-SC-SF-CDR", ultrasound()),
    "PRO-TRANSFER-SYNTAX": lambda: judge("STD-GEN-CD", jpeg(JB, baseline())),
    "PRO-KEY-MISSING": lambda: judge("STD-GEN-CD", File(image(), keys=lacking(0x00080008))),
    "PRO-KEY-EMPTY": lambda: judge(JPEG_DVD, File(image(), keys=replaced(0x00280010, b"US", b""))),
    "PRO-KEY-ITEM": lambda: judge(
        "STD-GEN-CD", image(ReferencedImageSequence=Sequence([reference(), reference("")]))
    ),
    "PRO-KEY-NOT-VERBATIM": lambda: judge(
        JPEG_DVD,
        File(
            image(ReferencedImageSequence=Sequence([reference(), reference("1.2.3.5")])),
            keys=replaced(0x00081140, b"SQ", REFERENCES),
        ),
    ),
    "PRO-ICON-MISSING": lambda: judge("STD-XABC-CD", angiography()),
    "PRO-ICON-SIZE": lambda: judge("STD-XABC-CD", with_icon(angiography(), icon=icon(64))),
    "PRO-ICON-BITS": lambda: judge("STD-XABC-CD", with_icon(angiography(), icon=icon(bits=1))),
    "PRO-ICON-PHOTOMETRIC": lambda: judge(
        "STD-XA1K-CD", with_icon(angiography(), icon=icon(colour=b"MONOCHROME1"))
    ),
    "PRO-EMPTY-DIRECTORY": lambda: judge("STD-GEN-CD"),
    "PRO-EMPTY-ULTRASOUND": lambda: judge(US_DISC),
    "PRO-MEDIUM": lambda: judge("STD-GEN-CD", image(), medium=Medium.USB),
    "PRO-FILE-SYSTEM": lambda: judge("STD-GEN-CD", image(), file_system="fat32"),
    "PRO-FORMAT-NOT-JUDGED": lambda: judge("STD-GEN-CD", image(), file_system="folder"),
    "PRO-SECURE-FILE": lambda: judge("STD-GEN-CD", image(), secure_files=["DICOM/I0000002"]),
    "PRO-PLAIN-FILE": lambda: judge("STD-GEN-SEC-CD", image(), instances=1),
    "PRO-SECURE-NOT-JUDGED": lambda: judge(
        "STD-GEN-SEC-CD", instances=0, secure_files=["DICOMDIR", "DICOM/I0000001"]
    ),
    "PRO-PIXELS-SHORT": lambda: judge("STD-GEN-CD", image(NumberOfFrames=1000)),
    "PRO-STREAM-NATIVE": lambda: judge(JPEG_DVD, File(image(), data=native_as_jpeg())),
    "PRO-STREAM-BROKEN": lambda: judge(JPEG_DVD, jpeg(JL, b"no JPEG at all ")),
    "PRO-STREAM-OFFSET-TABLE": lambda: judge(
        JPEG_DVD, ct_with_table(bytes(4), lossless(), lossless())
    ),
    "PRO-STREAM-FRAMES": lambda: judge(
        JPEG_DVD, jpeg(JL, lossless(), table=False, NumberOfFrames=3)
    ),
    "PRO-STREAM-ATTRIBUTES": lambda: judge(JPEG_DVD, jpeg(JL, lossless(), Rows=127)),
    "PRO-STREAM-DEPTH": lambda: judge(
        JPEG_DVD, jpeg(JL, lossless(), BitsAllocated=16, BitsStored=12, HighBit=11)
    ),
    "PRO-STREAM-CUT-OFF": lambda: judge(JPEG_DVD, jpeg(JL, lossless()[:-200])),
    "PRO-JPEG-TABLES": lambda: judge(JPEG_DVD, jpeg(JB, without(baseline(), 0xDB))),
    "PRO-JPEG-PROCESS": lambda: judge(JPEG_DVD, jpeg(JX, baseline())),
    "PRO-JPEG-SELECTION": lambda: judge(JPEG_DVD, jpeg(JL, lossless(predictor=6))),
    "PRO-STREAM-LOSSY": lambda: judge(J2K_DVD, jpeg(J2L, jpeg_2000(reversible=False))),
    "PRO-J2K-HEADER": lambda: judge(J2K_DVD, jpeg(J2, jpeg_2000(container="jp2"))),
    "PRO-RLE-SEGMENTS": lambda: judge(
        US_DISC, compressed(US, RLE, b"\2" + rle()[1:], Modality="US")
    ),
    "PRO-RLE-FRAGMENTS": lambda: judge(
        US_DISC, compressed(US, RLE, rle()[:64], rle()[64:], table=False, Modality="US")
    ),
    "PRO-VIDEO-FRAGMENTS": lambda: judge(DVD_VIDEO, compressed_video_in(mpeg_2(), bytes(100))),
    "PRO-VIDEO-SIZE": lambda: judge(BD_VIDEO, high(Rows=2160, Columns=3840)),
    "PRO-VIDEO-RATE": lambda: judge(BD_VIDEO, high(FrameTime="16.6")),
    "PRO-VIDEO-PIXELS": lambda: judge(BD_VIDEO, high(PhotometricInterpretation="RGB")),
    "PRO-VIDEO-STEREO": lambda: judge(
        "STD-GEN-BD-MPEG4-HPLV42-3D", high(h_264(42), H42_3D, StereoPairsPresent="NO")
    ),
    "PRO-VIDEO-LEVEL": lambda: judge(BD_VIDEO, high(h_264(51))),
}


def native_as_jpeg() -> bytes:
    """A file that says it is JPEG Lossless and holds native cells."""
    data = encoded(jpeg(JL, lossless()))
    return data[: data.index(b"\xe0\x7f\x10\0OB")] + encode_element(
        0x7FE00010, b"OB", pixels().tobytes()
    )


def compressed_video_in(*fragments: bytes) -> Dataset:
    made = video()
    made.PixelData = encapsulate(list(fragments), has_bot=False)
    return made


@pytest.mark.parametrize("rule", [rule.id for rule in RULES])
def test_a_medium_that_breaks_one_rule_breaks_that_rule_alone(rule: str) -> None:
    found = BREAKS[rule]()
    assert {finding.rule for finding in found} == {rule}
    assert all(finding.message for finding in found)


def test_rules_have_unique_names_of_this_room_and_say_what_to_do() -> None:
    names = [rule.id for rule in RULES]
    assert len(set(names)) == len(names)
    assert set(names) == set(BREAKS)
    for rule in RULES:
        assert rule.id.startswith("PRO-")
        assert rule.remedy
        assert rule.reference.startswith("PS3.") or rule.reference == "Filmjacket"
