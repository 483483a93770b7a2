"""Every kind of decision, for profiles of every annex, on real files."""

import warnings
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file

from dicomdir.elements import encode_element, iterate_elements
from dicomdir.index import Indexer
from dicomdir.instance import Instance
from dicomdir.scan import index_file
from profiles.application_profiles import ApplicationProfile
from profiles.choose_syntax import LOSSY_COMPRESSION
from profiles.judge import Judge
from profiles.plan import Action, Plan, PlannedInstance, Policy, Transcode
from profiles.planner import plan
from profiles.profile_table import PROFILES
from profiles.transfer_syntaxes import DECODABLE, name_of_syntax
from profiles.values import facts_for

EVR, IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"
RLE = "1.2.840.10008.1.2.5"
JB, JX, JL = (f"1.2.840.10008.1.2.4.{n}" for n in (50, 51, 70))
J2L, J2 = (f"1.2.840.10008.1.2.4.{n}" for n in (90, 91))
MPEG2, H264 = (f"1.2.840.10008.1.2.4.{n}" for n in (100, 102))
XA, US, US_MF, CT, DX, SC = (
    f"1.2.840.10008.5.1.4.1.1.{n}" for n in ("12.1", "6.1", "3.1", "2", "1.1", "7")
)
VL_VIDEO = "1.2.840.10008.5.1.4.1.1.77.1.4.1"
US_VALUES: dict[int, tuple[bytes, bytes]] = {
    0x00280002: (b"US", b"\1\0"),
    0x00280100: (b"US", b"\x08\0"),
    0x00280101: (b"US", b"\x08\0"),
    0x00280102: (b"US", b"\x07\0"),
    0x00280103: (b"US", b"\0\0"),
}
SOMEWHERE = {0x00280010: (b"US", b"\x80\0"), 0x00280011: (b"US", b"\x80\0")}


def read(name: str | Path, row: ApplicationProfile) -> Instance:
    """Index one real file as the author does."""
    path = str(name) if Path(name).is_absolute() else str(get_testdata_file(str(name)))
    keys = Indexer(row.additional_keys, (*facts_for([row]), LOSSY_COMPRESSION))
    found = index_file(path, keys)
    assert len(found) > 3, found
    return Instance._make(found)


def with_facts(instance: Instance, facts: dict[int, tuple[bytes, bytes]]) -> Instance:
    known = {
        tag: instance.facts[start:after]
        for tag, _, start, _, after in iterate_elements(instance.facts)
    }
    known |= {tag: encode_element(tag, *value) for tag, value in facts.items()}
    return instance._replace(facts=b"".join(element for _, element in sorted(known.items())))


def photometric(name: str, samples: int = 3) -> dict[int, tuple[bytes, bytes]]:
    return {
        0x00280002: (b"US", samples.to_bytes(2, "little")),
        0x00280004: (b"CS", name.encode()),
        0x00280006: (b"US", b"\0\0"),
    }


def planned(
    row: str, *instances: Instance, how: Transcode = Transcode.AUTO, quality: int = 90
) -> Plan:
    return plan(
        instances,
        (),
        PROFILES[row],
        decoders=DECODABLE,
        same_bytes=lambda one, other: False,
        policy=Policy(how, quality),
    )


def only(result: Plan) -> PlannedInstance:
    assert not result.left_out, result.left_out
    (item,) = result.instances
    return item


def ultrasound(row: str, syntax: str, colours: str, sop_class: str = US) -> Instance:
    """A real CT header as an ultrasound image in those colours."""
    ct = read("CT_small.dcm", PROFILES[row])._replace(
        sop_class_uid=sop_class, transfer_syntax_uid=syntax
    )
    samples = 3 if colours.startswith(("RGB", "YBR")) else 1
    return with_facts(ct, SOMEWHERE | US_VALUES | photometric(colours, samples))


# --- one for each annex ------------------------------------------------------------------------

ROWS = [
    ("STD-XABC-CD", "xa", Action.TRANSCODE, JL),
    ("STD-XA1K-CD", "xa", Action.TRANSCODE, JL),
    ("STD-XA1K-DVD", "xa", Action.TRANSCODE, JL),
    ("STD-US-ID-SF-CDR", "us", Action.COPY, ""),
    ("STD-GEN-CD", "MR_small_RLE.dcm", Action.TRANSCODE, EVR),
    ("STD-GEN-BD", "JPEG2000.dcm", Action.TRANSCODE, EVR),
    ("STD-CTMR-CD", "CT_small.dcm", Action.COPY, ""),
    ("STD-CTMR-DVD", "MR_small_RLE.dcm", Action.TRANSCODE, EVR),
    ("STD-GEN-MIME", "MR_small_RLE.dcm", Action.COPY, ""),
    ("STD-GEN-MIME", "MR_small_bigendian.dcm", Action.TRANSCODE, EVR),
    ("STD-GEN-DVD-JPEG", "SC_rgb_jpeg_gdcm.dcm", Action.COPY, ""),
    ("STD-GEN-DVD-J2K", "SC_rgb_jpeg_gdcm.dcm", Action.TRANSCODE, EVR),
    ("STD-GEN-DVD-J2K", "JPEG2000.dcm", Action.COPY, ""),
    ("STD-DVD-MPEG2-MPML", "mpeg2", Action.COPY, ""),
    ("STD-GEN-USB-JPEG", "MR_small_implicit.dcm", Action.TRANSCODE, EVR),
    ("STD-GEN-SD-J2K", "MR_small_jp2klossless.dcm", Action.COPY, ""),
    ("STD-GEN-ZIP-MAIL", "JPEG2000.dcm", Action.COPY, ""),
    ("STD-GEN-BD-JPEG", "MR_small_jp2klossless.dcm", Action.TRANSCODE, EVR),
    ("STD-GEN-BD-MPEG4-HPLV41", "h264", Action.COPY, ""),
    ("STD-GEN-BD-MPEG4-HPLV41", "CT_small.dcm", Action.COPY, ""),
]


def sample(name: str, row: str) -> Instance:
    if name == "us":
        return ultrasound(row, EVR, "RGB")
    if name == "xa":
        return angiogram(row)
    if name in ("mpeg2", "h264"):
        return video(row, MPEG2 if name == "mpeg2" else H264)
    return read(name, PROFILES[row])


def angiogram(row: str, image_type: bytes = b"ORIGINAL\\PRIMARY\\SINGLE PLANE") -> Instance:
    """A real CT header as an angiogram of 8 bits."""
    ct = read("CT_small.dcm", PROFILES[row])
    key = encode_element(0x00080008, b"CS", image_type)
    rest = b"".join(
        ct.keys[start:after]
        for tag, _, start, _, after in iterate_elements(ct.keys)
        if tag not in (0x00080008, 0x00081140)
    )
    xa = ct._replace(sop_class_uid=XA, keys=key + rest)
    return with_facts(
        xa,
        SOMEWHERE | US_VALUES | {0x00080060: (b"CS", b"XA"), 0x00280004: (b"CS", b"MONOCHROME2")},
    )


def video(row: str, syntax: str) -> Instance:
    ct = read("CT_small.dcm", PROFILES[row])
    ct = ct._replace(sop_class_uid=VL_VIDEO, transfer_syntax_uid=syntax)
    return with_facts(ct, photometric("YBR_PARTIAL_420") | {0x00280008: (b"IS", b"50")})


@pytest.mark.parametrize(("row", "name", "action", "target"), ROWS)
def test_each_annex_gets_what_it_allows(row: str, name: str, action: Action, target: str) -> None:
    item = only(planned(row, sample(name, row)))
    assert (item.action, name_of_syntax(item.target_syntax)) == (action, name_of_syntax(target))
    assert item.lossy is False
    if target:
        assert item.reason.startswith(f"{row} does not allow ")
        judge = Judge(PROFILES[row], DECODABLE)
        now = item.instance._replace(transfer_syntax_uid=target)
        assert judge.verdict(now).reason == "", "and then it is as it should be"


@pytest.mark.parametrize(
    ("syntax", "colours", "target"),
    [
        (JB, "MONOCHROME2", EVR),
        (JB, "YBR_FULL_422", ""),
        (EVR, "YBR_FULL", RLE),
        (J2, "YBR_ICT", EVR),
        (J2L, "YBR_RCT", EVR),
        (RLE, "RGB", ""),
        (JL, "RGB", EVR),
        (IMPLICIT, "PALETTE COLOR", EVR),
    ],
)
def test_the_colours_of_an_ultrasound_decide_on_its_syntax(
    syntax: str, colours: str, target: str
) -> None:
    row = "STD-US-ID-MF-CDR"
    item = only(planned(row, ultrasound(row, syntax, colours)))
    assert name_of_syntax(item.target_syntax) == name_of_syntax(target)


def test_an_ultrasound_of_many_frames_has_no_place_among_single_frames() -> None:
    row = "STD-US-ID-SF-CDR"
    (left_out,) = planned(row, ultrasound(row, EVR, "RGB", US_MF)).left_out
    assert left_out.kind == "not-allowed"
    assert "Ultrasound Multi-frame Image" in left_out.reason


def test_colours_without_a_row_are_named() -> None:
    row = "STD-US-ID-SF-CDR"
    (left_out,) = planned(row, ultrasound(row, EVR, "HSV")).left_out
    assert left_out.kind == "not-allowed"
    assert "HSV" in left_out.reason
    assert "C.3-" in left_out.reason


# --- what stays off ----------------------------------------------------------------------------


def test_what_breaks_a_value_table_stays_off_with_the_sentence_of_the_table() -> None:
    row = "STD-XABC-CD"
    image = with_facts(angiogram(row), {0x00280101: (b"US", b"\x0c\0")})
    (left_out,) = planned(row, image).left_out
    assert left_out.kind == "not-allowed"
    assert "Bits Stored" in left_out.reason
    assert "A.3-3" in left_out.reason


def test_a_video_stays_or_stays_off() -> None:
    row = "STD-GEN-BD-MPEG4-HPLV41"
    (left_out,) = planned(row, video(row, MPEG2)).left_out
    assert left_out.kind == "not-convertible"
    assert "video cannot be stored" in left_out.reason
    (left_out,) = planned("STD-GEN-CD", video("STD-GEN-CD", H264)).left_out
    assert left_out.kind == "not-convertible"


def test_no_video_is_made_of_images() -> None:
    row = "STD-DVD-MPEG2-MPML"
    frames = with_facts(read("CT_small.dcm", PROFILES[row]), {0x00280008: (b"IS", b"9")})
    (left_out,) = planned(row, frames).left_out
    assert (left_out.kind, "video is not made" in left_out.reason) == ("not-convertible", True)
    (left_out,) = planned(row, read("CT_small.dcm", PROFILES[row])).left_out
    assert (left_out.kind, "multi-frame objects only" in left_out.reason) == ("not-allowed", True)


def test_a_class_that_the_profile_does_not_have_stays_off() -> None:
    (left_out,) = planned("STD-DEN-CD", read("CT_small.dcm", PROFILES["STD-DEN-CD"])).left_out
    assert left_out.reason == "STD-DEN-CD does not allow CT Image"


def test_a_key_that_nobody_may_make_up_keeps_an_image_off() -> None:
    row = "STD-GEN-USB-JPEG"
    ct = read("CT_small.dcm", PROFILES[row])
    without = b"".join(
        ct.keys[start:after]
        for tag, _, start, _, after in iterate_elements(ct.keys)
        if tag != 0x00280010
    )
    empty = b"".join(
        encode_element(tag, vr, b"") if tag == 0x00280011 else ct.keys[start:after]
        for tag, vr, start, _, after in iterate_elements(ct.keys)
    )
    for keys, name in ((without, "Rows (0028,0010)"), (empty, "Columns (0028,0011)")):
        (left_out,) = planned(row, ct._replace(keys=keys)).left_out
        assert left_out.kind == "not-allowed"
        assert name in left_out.reason
        assert "H.3-2" in left_out.reason
    # The general profile for CDs does not ask for them.
    assert not planned("STD-GEN-CD", ct._replace(keys=without)).left_out


def test_one_of_a_biplane_pair_must_name_the_other() -> None:
    row = "STD-XA1K-CD"
    alone = angiogram(row, b"ORIGINAL\\PRIMARY\\BIPLANE A")
    (left_out,) = planned(row, alone).left_out
    assert "Referenced Image Sequence" in left_out.reason
    reference = encode_element(0x00081140, b"SQ", b"\xfe\xff\x00\xe0\0\0\0\0")
    at = len(encode_element(0x00080008, b"CS", b"ORIGINAL\\PRIMARY\\BIPLANE A"))
    pair = alone._replace(keys=alone.keys[:at] + reference + alone.keys[at:])
    assert only(planned(row, pair)).target_syntax == JL


# --- what may be asked for ---------------------------------------------------------------------


def test_attributes_that_may_be_empty_are_added() -> None:
    row = "STD-DEN-CD"
    dental = read("CT_small.dcm", PROFILES[row])._replace(sop_class_uid=DX)
    item = only(planned(row, dental))
    assert item.action is Action.COMPLETE
    assert item.target_syntax == ""
    assert 0x0018700A in {tag for tag, _ in item.added}
    assert "Detector ID (0018,700A)" in item.reason
    assert "K.3-4" in item.reason
    implicit = only(planned(row, dental._replace(transfer_syntax_uid=IMPLICIT)))
    assert (implicit.action, implicit.target_syntax) == (Action.TRANSCODE, EVR)
    assert implicit.added == item.added
    (left_out,) = planned(row, dental, how=Transcode.NEVER).left_out
    assert "--transcode never" in left_out.reason


@pytest.mark.parametrize(
    ("row", "target"),
    [
        ("STD-GEN-CD", ""),
        ("STD-CTMR-CD", JL),
        ("STD-GEN-USB-JPEG", JL),
        ("STD-GEN-USB-J2K", J2L),
        ("STD-GEN-BD-MPEG2-MPML", ""),
        ("STD-GEN-MIME", JL),
    ],
)
def test_lossless_compresses_native_images_where_the_profile_can(row: str, target: str) -> None:
    ct = read("CT_small.dcm", PROFILES[row])
    item = only(planned(row, ct, how=Transcode.LOSSLESS))
    assert name_of_syntax(item.target_syntax) == name_of_syntax(target)
    assert item.lossy is False
    assert only(planned(row, ct)).action is Action.COPY, "unasked nothing is changed"


@pytest.mark.parametrize(
    ("row", "stored", "signed", "target"),
    [
        ("STD-GEN-USB-JPEG", 8, 0, JB),
        ("STD-GEN-USB-JPEG", 12, 0, JX),
        ("STD-GEN-USB-JPEG", 16, 0, ""),
        ("STD-GEN-USB-JPEG", 12, 1, ""),
        ("STD-GEN-USB-J2K", 16, 1, J2),
        ("STD-CTMR-CD", 12, 0, ""),
    ],
)
def test_loss_is_for_images_that_have_seen_none(
    row: str, stored: int, signed: int, target: str
) -> None:
    allocated = 8 if stored == 8 else 16
    ct = with_facts(
        read("CT_small.dcm", PROFILES[row]),
        {
            0x00280100: (b"US", bytes((allocated, 0))),
            0x00280101: (b"US", bytes((stored, 0))),
            0x00280102: (b"US", bytes((stored - 1, 0))),
            0x00280103: (b"US", bytes((signed, 0))),
        },
    )
    item = only(planned(row, ct, how=Transcode.LOSSY, quality=80))
    assert name_of_syntax(item.target_syntax) == name_of_syntax(target)
    assert item.lossy is bool(target)
    seen = with_facts(ct, {0x00282110: (b"CS", b"01")})
    assert only(planned(row, seen, how=Transcode.LOSSY)).lossy is False


@pytest.mark.parametrize("name", ["rtplan.dcm", "reportsi.dcm", "liver_1frame.dcm", "rtdose.dcm"])
def test_what_is_no_picture_is_never_compressed(name: str) -> None:
    row = "STD-GEN-USB-JPEG"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert dcmread(get_testdata_file(name)).SOPClassUID
    for how in (Transcode.LOSSY, Transcode.LOSSLESS):
        item = only(planned(row, read(name, PROFILES[row]), how=how))
        assert item.target_syntax in ("", EVR)


def test_an_image_already_compressed_with_loss_is_not_compressed_again() -> None:
    row = "STD-GEN-USB-J2K"
    item = only(planned(row, read("SC_rgb_jpeg_dcmtk.dcm", PROFILES[row]), how=Transcode.LOSSY))
    assert (item.target_syntax, item.lossy) == (EVR, False)


def test_a_syntax_of_loss_counts_although_nobody_noted_the_loss() -> None:
    row = "STD-GEN-USB-J2K"
    ct = read("CT_small.dcm", PROFILES[row])
    for syntax, lossy in ((JB, False), (J2, False), (JL, True)):
        item = only(planned(row, ct._replace(transfer_syntax_uid=syntax), how=Transcode.LOSSY))
        assert item.lossy is lossy


def test_in_place_nothing_is_changed_and_the_way_out_is_named() -> None:
    row = PROFILES["STD-CTMR-CD"]
    judge = Judge(row, DECODABLE, in_place=True)
    assert judge.why_not(read("CT_small.dcm", row)) is None
    refusal = judge.why_not(read("MR_small_RLE.dcm", row))
    assert refusal is not None
    assert refusal[1] == "not-allowed"
    assert "RLE Lossless" in refusal[0]
    assert "jacket author" in refusal[0]


def test_all_82_profiles_judge_every_real_file(pydicom_files: list[Path]) -> None:
    """A verdict has a reason, or nothing is changed."""
    rows = list(PROFILES.values())
    keys = dict.fromkeys(key for row in rows for key in row.additional_keys)
    indexer = Indexer(keys, (*facts_for(rows), LOSSY_COMPRESSION))
    found = [index_file(str(path), indexer) for path in pydicom_files]
    instances = [Instance._make(result) for result in found if len(result) > 3]
    assert len(instances) > 100
    seen: set[str] = set()
    for row in rows:
        judge = Judge(row, DECODABLE)
        for instance in instances:
            verdict = judge.verdict(instance)
            if verdict.why_not is not None:
                seen.add(verdict.why_not[1])
                assert verdict.why_not[0]
                continue
            assert bool(verdict.target or verdict.added) == bool(verdict.reason)
            seen.add("changed" if verdict.reason else "kept")
    assert seen == {"not-allowed", "not-convertible", "changed", "kept"}
