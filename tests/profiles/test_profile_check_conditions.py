"""When a profile asks for what: each annex kept, each condition with and without its case."""

import importlib.util
import marshal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence

from dicomdir.elements import encode_element
from profiles.application_profiles import ApplicationProfile, Declared, Security
from profiles.profile_check import ProfileChecks
from profiles.profile_table import PROFILES
from profiles.rules import RULES
from reporting import Finding, Severity

# The makers of files and media are those of the table of broken rules beside this file.
_SPEC = importlib.util.spec_from_file_location(
    "profile_check_cases", Path(__file__).with_name("test_profile_check.py")
)
assert _SPEC is not None
assert _SPEC.loader is not None
cases: Any = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(cases)
BD_VIDEO, BIPLANE, BREAKS, DVD_VIDEO, Dataset, FORMATS, File, H42_3D = (
    cases.BD_VIDEO,
    cases.BIPLANE,
    cases.BREAKS,
    cases.DVD_VIDEO,
    cases.Dataset,
    cases.FORMATS,
    cases.File,
    cases.H42_3D,
)
J2, J2K_DVD, J2L, JB, JL, JPEG_DVD, JX, MPHL = (
    cases.J2,
    cases.J2K_DVD,
    cases.J2L,
    cases.JB,
    cases.JL,
    cases.JPEG_DVD,
    cases.JX,
    cases.MPHL,
)
MR, REFERENCES, REGIONS, RLE, SC, TWO, US, US_MF = (
    cases.MR,
    cases.REFERENCES,
    cases.REGIONS,
    cases.RLE,
    cases.SC,
    cases.TWO,
    cases.US,
    cases.US_MF,
)
angiography, baseline, compressed, dental, extended, h_264, high, icon = (
    cases.angiography,
    cases.baseline,
    cases.compressed,
    cases.dental,
    cases.extended,
    cases.h_264,
    cases.high,
    cases.icon,
)
image, jpeg, jpeg_2000, judge, lacking, lossless, mpeg_2, native = (
    cases.image,
    cases.jpeg,
    cases.jpeg_2000,
    cases.judge,
    cases.lacking,
    cases.lossless,
    cases.mpeg_2,
    cases.native,
)
reference, region, replaced, rle, same, see, shared, ultrasound = (
    cases.reference,
    cases.region,
    cases.replaced,
    cases.rle,
    cases.same,
    cases.see,
    cases.shared,
    cases.ultrasound,
)
video, with_icon, without = (cases.video, cases.with_icon, cases.without)
(MPML,) = (cases.MPML,)


def as_sent(state: object) -> object:
    """Return a state as it comes out of another process."""
    return marshal.loads(marshal.dumps(state))  # type: ignore[arg-type]  # noqa: S302 (our own)


BIRTHDAY, SEX, INSTITUTION = 0x00100030, 0x00100040, 0x00080080
REFERENCED, POSITION, IMAGE_TYPE = 0x00081140, 0x00200032, 0x00080008
COMPLETE = Sequence([region(PixelComponentOrganization=3, PixelComponentPhysicalUnits=1)])

# annex → a profile of it, and files that keep to it.
CLEAN: dict[str, tuple[str, Callable[[], list[File | Dataset]]]] = {
    "A": ("STD-XABC-CD", lambda: [with_icon(angiography())]),
    "B": (
        "STD-XA1K-DVD",
        lambda: [
            with_icon(angiography()),
            with_icon(angiography(syntax=JB, frame=baseline())),
            with_icon(native(SC, modality="OT")),
        ],
    ),
    "C": (
        "STD-US-SC-MF-CDR",
        lambda: [
            ultrasound(**REGIONS),
            compressed(US, RLE, rle(), Modality="US", **REGIONS),
            compressed(US_MF, RLE, rle(), rle(), Modality="US", **REGIONS, **TWO),
        ],
    ),
    "D": ("STD-GEN-CD", lambda: [image(), image(MR), ultrasound()]),
    "E": ("STD-CTMR-CD", lambda: [image(), jpeg(JL, lossless()), native(SC, modality="OT")]),
    "E with icons": (
        "STD-CTMR-CD",
        lambda: [with_icon(image(), icon=icon(64), series=lambda keys: keys + icon(64))],
    ),
    "G": ("STD-GEN-MIME", lambda: [image(), jpeg(J2L, jpeg_2000()), jpeg(JB, baseline())]),
    "H": (
        JPEG_DVD,
        lambda: [
            image(),
            jpeg(JL, lossless(), lossless(), **TWO),
            jpeg(JB, baseline()),
            jpeg(JX, extended(), BitsAllocated=16, BitsStored=12, HighBit=11),
        ],
    ),
    "H J2K": (
        J2K_DVD,
        lambda: [jpeg(J2L, jpeg_2000()), jpeg(J2, jpeg_2000(reversible=False)), image()],
    ),
    "I": (DVD_VIDEO, lambda: [video()]),
    "J": ("STD-GEN-USB-JPEG", lambda: [image(), jpeg(JL, lossless())]),
    "K": ("STD-DEN-CD", lambda: [dental()]),
    "L": ("STD-DTL-SEC-ZIP-MAIL", lambda: [dental()]),
    "L general": ("STD-GEN-ZIP-MAIL", lambda: [image(), video()]),
    "M": (BD_VIDEO, lambda: [high()]),
    "M MPEG-2": (
        "STD-GEN-BD-MPEG2-MPHL",
        lambda: [video(MPHL, mpeg_2(720, 1280), Rows=720, Columns=1280)],
    ),
    "N": (
        "STD-GEN-BD-MPEG4-HPLV42-3D",
        lambda: [high(h_264(42), H42_3D, StereoPairsPresent="YES")],
    ),
}


@pytest.mark.parametrize("annex", CLEAN)
def test_a_medium_that_keeps_to_its_profile_has_no_findings(annex: str) -> None:
    profile, files = CLEAN[annex]
    assert judge(profile, *files()) == []


@pytest.mark.parametrize("annex", CLEAN)
def test_a_profile_that_is_kept_is_found_without_being_claimed(annex: str) -> None:
    profile, files = CLEAN[annex]
    mail = PROFILES[profile].security is Security.SMIME
    assert (profile in satisfied(PROFILES[profile], *files())) is not mail


def satisfied(
    row: ApplicationProfile, *files: File | Dataset, processes: int = 1, **finish: object
) -> tuple[str, ...]:
    """Ask all profiles at once, in one process or as two halves."""
    return asked(row, *files, processes=processes, **finish)[1]


def asked(
    row: ApplicationProfile, *files: File | Dataset, processes: int = 1, **finish: object
) -> tuple[ProfileChecks, tuple[str, ...]]:
    """Return the checks of all profiles, and those that are satisfied."""
    everything = tuple(f if isinstance(f, File) else File(f) for f in files)
    checks = [ProfileChecks(list(PROFILES.values()), claimed=False) for _ in range(processes)]
    for number, each in enumerate(checks):
        see(each, everything[number::processes], made_for=row)
    for other in checks[1:]:
        checks[0].absorb(as_sent(other.state()))
    whole = {"file_system": FORMATS[row.file_system], "instances": len(files), "secure_files": ()}
    found = checks[0].finish(**{**whole, **finish})[1]  # type: ignore[arg-type]
    return checks[0], found


@pytest.mark.parametrize("rule", [rule.id for rule in RULES if rule.severity is Severity.ERROR])
def test_a_claim_and_the_question_which_profiles_are_satisfied_agree(
    rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = judge
    asked: list[tuple[ApplicationProfile, tuple[Any, ...], dict[str, Any]]] = []

    def remember(profile: str, *files: Any, **finish: Any) -> list[Finding]:
        row = PROFILES[profile]
        asked.append((row, files, finish))
        return really(profile, *files, **finish)

    monkeypatch.setattr(cases, "judge", remember)
    BREAKS[rule]()
    ((row, files, finish),) = asked
    assert row.identifier not in satisfied(row, *files, **finish)
    assert row.identifier not in satisfied(row, *files, processes=2, **finish)


def test_two_processes_find_what_one_finds() -> None:
    files = tuple(
        File(f, series=lacking(INSTITUTION), keys=lacking(IMAGE_TYPE))
        for f in (image(), image(SC), image("1.3.46.1"), jpeg(J2, jpeg_2000()), jpeg(JB, b"x" * 9))
    )
    one, *halves = (ProfileChecks([PROFILES[JPEG_DVD]], claimed=True) for _ in range(3))
    see(one, files)
    see(halves[0], files[:2])
    see(halves[1], files[2:], first=3)
    halves[0].absorb(as_sent(halves[1].state()))
    whole: Any = {"file_system": "udf", "instances": 5, "secure_files": ()}
    found = one.finish(**whole)[0]
    assert found == halves[0].finish(**whole)[0]
    assert len({finding.rule for finding in found}) == 4


def test_the_message_names_the_syntax_and_the_place() -> None:
    (finding,) = judge("STD-GEN-CD", jpeg(JB, baseline()))
    assert finding.where == "DICOM/I0000001"
    assert finding.message.startswith("STD-GEN-CD does not allow JPEG Baseline")
    (finding,) = judge("STD-GEN-CD", File(image(), keys=lacking(IMAGE_TYPE)))
    assert finding.where == "DICOM/I0000001 (0008,0008)"
    assert "PS3.11 D.3-2" in finding.message


def test_a_frame_is_named_and_each_rule_told_once_for_a_file() -> None:
    frames = [baseline()] * 5
    frames[2] = frames[4] = without(baseline(), 0xDB)
    (finding,) = judge(JPEG_DVD, jpeg(JB, *frames, NumberOfFrames=5))
    assert finding.message.startswith("frame 3: the frame lacks quantization table 0")


def test_first_and_last_of_many_frames_are_looked_at() -> None:
    frames = [baseline()] * 200
    frames[199] = without(baseline(), 0xC4)
    (finding,) = judge(JPEG_DVD, jpeg(JB, *frames, NumberOfFrames=200))
    assert finding.message.startswith("frame 200: ")


def test_a_table_of_one_frame_does_not_serve_the_next() -> None:
    """Interchange format: every frame brings its own tables (PS3.5 A.4.1)."""
    found = judge(JPEG_DVD, jpeg(JB, baseline(), without(baseline(), 0xC4), **TWO))
    assert [finding.rule for finding in found] == ["PRO-JPEG-TABLES"]


def test_keys_of_a_series_are_asked_for_when_one_instance_below_has_a_value() -> None:
    known, unknown = image(), image()
    del unknown.InstitutionName
    change = {"series": lacking(INSTITUTION)}
    assert judge(JPEG_DVD, File(unknown, **change)) == []
    found = judge(JPEG_DVD, File(unknown, **change), File(known, **change))
    assert [(f.rule, f.where) for f in found] == [
        ("PRO-KEY-MISSING", "SERIES of DICOM/I0000002 (0008,0080)")
    ]


def test_keys_of_a_patient_must_be_there_even_empty_where_they_are_of_type_2() -> None:
    file = with_icon(angiography(PatientBirthDate="", PatientSex=""))
    assert judge("STD-XABC-CD", file) == []
    file.patient = lacking(SEX)
    (finding,) = judge("STD-XABC-CD", file)
    assert (finding.rule, finding.where[-11:]) == ("PRO-KEY-MISSING", "(0010,0040)")
    file.patient = same
    file.series = lacking(INSTITUTION)
    assert [f.rule for f in judge("STD-XABC-CD", file)] == ["PRO-KEY-MISSING"]


def test_a_biplane_image_must_name_its_other_plane_in_the_record() -> None:
    pair = {"ReferencedImageSequence": Sequence([reference()])}
    single = with_icon(angiography(**pair), keys=lacking(REFERENCED))
    assert judge("STD-XABC-CD", single) == []
    biplane = with_icon(angiography(ImageType=BIPLANE, **pair), keys=lacking(REFERENCED))
    assert [f.rule for f in judge("STD-XABC-CD", biplane)] == ["PRO-KEY-MISSING"]
    assert [f.rule for f in judge("STD-XA1K-CD", biplane)] == ["PRO-KEY-MISSING"]
    assert judge("STD-XABC-CD", with_icon(angiography(ImageType=BIPLANE, **pair))) == []


def test_image_type_of_other_than_angiography_is_not_asked_for_in_annex_b() -> None:
    file = with_icon(native(SC, modality="OT"), keys=lacking(IMAGE_TYPE))
    assert judge("STD-XA1K-CD", file) == []
    file.dataset = angiography()
    assert [f.rule for f in judge("STD-XA1K-CD", file)] == ["PRO-KEY-MISSING"]


def test_a_key_in_the_shared_functional_groups_is_asked_for_by_annex_h_alone() -> None:
    dataset = shared(ImagePositionPatient=[0, 0, 1], ReferencedImageSequence=[reference()])
    assert judge(JPEG_DVD, dataset) == []
    found = judge(JPEG_DVD, File(dataset, keys=lacking(POSITION)))
    assert [f.rule for f in found] == ["PRO-KEY-MISSING"]
    without_references = File(dataset, keys=lacking(REFERENCED))
    assert [f.rule for f in judge(JPEG_DVD, without_references)] == ["PRO-KEY-MISSING"]
    assert judge("STD-GEN-CD", without_references) == []
    assert "STD-GEN-CD" in satisfied(PROFILES["STD-GEN-CD"], without_references)
    assert JPEG_DVD in satisfied(PROFILES[JPEG_DVD], dataset)
    assert JPEG_DVD not in satisfied(PROFILES[JPEG_DVD], without_references)


def test_a_sequence_without_items_is_no_reason_for_a_key_of_type_1c() -> None:
    dataset = image(ReferencedImageSequence=Sequence([]))
    missing = File(dataset, keys=lacking(REFERENCED))
    for identifier in (JPEG_DVD, "STD-GEN-CD"):
        assert judge(identifier, missing) == []
        assert identifier in satisfied(PROFILES[identifier], missing)


def test_a_copy_may_write_its_lengths_otherwise_but_not_leave_out_an_element() -> None:
    item = reference()
    item.ReferencedFrameNumber = 1
    dataset = image(ReferencedImageSequence=Sequence([item]))
    opened = bytes.fromhex("feff00e0ffffffff")
    body = REFERENCES[8:] + encode_element(0x00081160, b"IS", b"1 ")
    closed = opened + body + bytes.fromhex("feff0de000000000")
    other_lengths = replaced(REFERENCED, b"SQ", closed)
    assert judge(JPEG_DVD, File(dataset, keys=other_lengths)) == []
    padded = replaced(REFERENCED, b"SQ", closed.replace(b"1.2.3.4\0", b"1.2.3.4 "))
    assert judge(JPEG_DVD, File(dataset, keys=padded)) == []
    found = judge(JPEG_DVD, File(dataset, keys=replaced(REFERENCED, b"SQ", REFERENCES)))
    assert [f.rule for f in found] == ["PRO-KEY-NOT-VERBATIM"]
    assert judge("STD-GEN-CD", File(dataset, keys=replaced(REFERENCED, b"SQ", REFERENCES))) == []


def test_a_number_that_looks_like_blanks_is_a_value() -> None:
    rows = 0x2020  # both bytes are spaces
    dataset = image(Rows=rows, Columns=1, BitsAllocated=1)
    assert judge(JPEG_DVD, dataset) == []


def test_a_key_of_type_2_is_asked_for_whatever_other_profiles_ask() -> None:
    """Annex H wants Calibration Image with a value alone, Annex A always."""
    file = with_icon(angiography(), keys=lacking(0x00500004))
    row = PROFILES["STD-XABC-CD"]
    assert [f.rule for f in judge(row, file)] == ["PRO-KEY-MISSING"]
    assert "STD-XABC-CD" not in satisfied(row, file)


def test_of_an_instance_that_has_no_place_nothing_else_is_told() -> None:
    found = judge("STD-XABC-CD", File(jpeg(JB, b"x" * 9), keys=lacking(IMAGE_TYPE)))
    assert [f.rule for f in found] == ["PRO-SOP-CLASS"]


def test_each_record_is_judged_though_files_are_alike() -> None:
    incomplete = File(image(), keys=lacking(IMAGE_TYPE))
    found = judge("STD-GEN-CD", image(), incomplete, image())
    assert [f.where for f in found] == ["DICOM/I0000002 (0008,0008)"]


def test_each_instance_is_asked_though_records_are_alike() -> None:
    frame_of_reference = 0x00200052
    without_it = image(FrameOfReferenceUID=None)
    found = judge(JPEG_DVD, without_it, File(image(), keys=lacking(frame_of_reference)))
    assert [f.where for f in found] == ["DICOM/I0000002 (0020,0052)"]


def test_what_another_process_saw_counts() -> None:
    row = PROFILES["STD-GEN-CD"]
    assert row.identifier in satisfied(row, image(), image(), processes=2)
    assert row.identifier not in satisfied(row, image(), jpeg(JB, baseline()), processes=2)
    mails = [ProfileChecks([PROFILES["STD-GEN-MIME"]], claimed=True) for _ in range(2)]
    see(mails[1], (File(image(), referenced=False),))
    mails[0].absorb(as_sent(mails[1].state()))
    assert mails[0].finish(file_system="mime", instances=0, secure_files=())[0] == []


def test_frames_in_a_syntax_that_is_not_allowed_are_not_judged_besides() -> None:
    found = judge("STD-CTMR-CD", jpeg(JB, b"no JPEG at all "))
    assert [f.rule for f in found] == ["PRO-TRANSFER-SYNTAX"]


def test_an_empty_secure_medium_is_empty_and_no_more() -> None:
    assert [f.rule for f in judge("STD-GEN-SEC-CD")] == ["PRO-EMPTY-DIRECTORY"]


def test_an_icon_of_a_series_is_judged_too() -> None:
    file = File(image(), series=lambda keys: keys + icon(128))
    (finding,) = judge("STD-CTMR-CD", file)
    assert (finding.rule, finding.where) == (
        "PRO-ICON-SIZE",
        "SERIES of DICOM/I0000001 (0088,0200)",
    )


def test_bits_stored_of_an_icon_count_in_annex_b() -> None:
    shallow = icon().replace(b"\x28\0\1\1US\2\0\x08", b"\x28\0\1\1US\2\0\x07")
    found = judge("STD-XA1K-CD", with_icon(angiography(), icon=shallow))
    assert [f.rule for f in found] == ["PRO-ICON-BITS"]
    assert judge("STD-XABC-CD", with_icon(angiography(), icon=shallow)) == []


def test_a_mail_may_be_without_directory_and_a_disc_may_not() -> None:
    file = File(image(), referenced=False)
    assert judge("STD-GEN-MIME", file, instances=0) == []
    assert [f.rule for f in judge("STD-GEN-MIME")] == ["PRO-EMPTY-DIRECTORY"]
    assert [f.rule for f in judge("STD-GEN-CD", file, instances=0)] == ["PRO-EMPTY-DIRECTORY"]


def test_every_plain_file_of_a_secure_medium_is_named_and_the_directory() -> None:
    found = judge("STD-GEN-SEC-CD", image(), image(), instances=2)
    assert {f.where for f in found} == {"DICOM/I0000001", "DICOM/I0000002", "DICOMDIR"}
    names = ["DICOMDIR", "DICOM/I0000001"]
    assert "STD-GEN-SEC-CD" not in satisfied(
        PROFILES["STD-GEN-SEC-CD"], instances=0, secure_files=names
    )


def test_private_keys_and_other_keys_in_a_record_are_allowed() -> None:
    more = encode_element(0x00280002, b"US", b"\1\0") + encode_element(0x00290010, b"LO", b"ME")
    assert judge("STD-GEN-CD", File(image(), keys=lambda keys: keys + more)) == []


def test_damaged_keys_are_left_to_the_rules_of_the_directory() -> None:
    for damage in (b"\x08\0\x08\0CS\xff\0x", b"\x08\0", b"\x08\0\x40\x11SQ\0\0\xff\xff\xff\xff"):
        broken = File(image(), keys=lambda keys, damage=damage: damage)  # type: ignore[misc]
        assert judge(JPEG_DVD, broken) == []


def test_profiles_that_ask_the_same_of_content_are_judged_once() -> None:
    checks = ProfileChecks(list(PROFILES.values()), claimed=False)
    assert len(PROFILES) == 82
    assert len(checks._groups) < 30
    for row in PROFILES.values():
        assert not any(isinstance(a.transfer_syntaxes, Declared) for a in row.allowed) or (
            row.security is not Security.CMS
        )


PREDICTED = "1.2.840.10008.1.2.4.57"  # JPEG Lossless with any predictor
H41_BD = "1.2.840.10008.1.2.4.103"
BD_H41_BD, BD_MPHL = "STD-GEN-BD-MPEG4-HPLV41BD", "STD-GEN-BD-MPEG2-MPHL"


def without_ac_table() -> bytes:
    frame = baseline()
    at = next(n for n in range(len(frame)) if frame[n : n + 2] == b"\xff\xc4" and frame[n + 4] >> 4)
    return bytes(frame[:at] + frame[at + 2 + int.from_bytes(frame[at + 2 : at + 4], "big") :])


def overlong_rle() -> bytes:
    frame = bytearray(rle())
    frame[20] = 1  # an offset for a fifth segment
    return bytes(frame)


US_DISC = cases.US_DISC
# What a rule takes in and what it does not: profile, files, rules that are broken.
EDGES: dict[str, tuple[str, Callable[[], Dataset], set[str]]] = {
    "any predictor where the syntax allows any": (
        "STD-GEN-MIME",
        lambda: jpeg(PREDICTED, lossless(predictor=6)),
        set(),
    ),
    "a frame deeper than its cells": (
        JPEG_DVD,
        lambda: jpeg(JX, extended()),
        {"PRO-STREAM-ATTRIBUTES"},
    ),
    "an offset of a segment that is not there": (
        US_DISC,
        lambda: compressed(US, RLE, overlong_rle(), Modality="US"),
        {"PRO-RLE-SEGMENTS"},
    ),
    "lossy JPEG 2000 where it may be": (
        J2K_DVD,
        lambda: jpeg(J2, jpeg_2000(reversible=False)),
        set(),
    ),
    "no DC table": (JPEG_DVD, lambda: jpeg(JB, without(baseline(), 0xC4)), {"PRO-JPEG-TABLES"}),
    "no AC table": (JPEG_DVD, lambda: jpeg(JB, without_ac_table()), {"PRO-JPEG-TABLES"}),
    "a lossless frame without its table": (
        JPEG_DVD,
        lambda: jpeg(JL, without(lossless(), 0xC4)),
        {"PRO-JPEG-TABLES"},
    ),
    "nothing in the fragment": (JPEG_DVD, lambda: jpeg(JL, b"\0\0"), {"PRO-STREAM-BROKEN"}),
    "the first half of a header": (
        JPEG_DVD,
        lambda: jpeg(JB, baseline()[:60]),
        {"PRO-STREAM-CUT-OFF"},
    ),
    "a gray video": (
        DVD_VIDEO,
        lambda: video(
            SamplesPerPixel=1, PhotometricInterpretation="MONOCHROME2", PlanarConfiguration=None
        ),
        set(),
    ),
    "a gray video in H.264": (
        BD_VIDEO,
        lambda: high(
            SamplesPerPixel=1, PhotometricInterpretation="MONOCHROME2", PlanarConfiguration=None
        ),
        {"PRO-VIDEO-PIXELS"},
    ),
    "pixels that are not square": (
        BD_VIDEO,
        lambda: high(PixelAspectRatio=[4, 3]),
        {"PRO-VIDEO-PIXELS"},
    ),
    "pixels that are not square where they may be": (
        DVD_VIDEO,
        lambda: video(PixelAspectRatio=[4, 3]),
        set(),
    ),
    "ten bits": (BD_VIDEO, lambda: high(BitsStored=10, HighBit=9), {"PRO-VIDEO-PIXELS"}),
    "a size other than in the stream": (
        DVD_VIDEO,
        lambda: video(Rows=240),
        {"PRO-STREAM-ATTRIBUTES"},
    ),
    "too many rows for MPEG-2": (
        DVD_VIDEO,
        lambda: video(MPML, mpeg_2(600), Rows=600),
        {"PRO-VIDEO-SIZE"},
    ),
    "576 rows at 25 Hz": (
        DVD_VIDEO,
        lambda: video(MPML, mpeg_2(576), Rows=576, FrameTime="40"),
        set(),
    ),
    "576 rows at 30 Hz": (
        DVD_VIDEO,
        lambda: video(MPML, mpeg_2(576), Rows=576),
        {"PRO-VIDEO-RATE"},
    ),
    "a size that is none of two": (
        BD_MPHL,
        lambda: video(MPHL, mpeg_2(480), Rows=480),
        {"PRO-VIDEO-SIZE"},
    ),
    "29.97 Hz on BD": (BD_H41_BD, lambda: high(h_264(), H41_BD), set()),
    "50 Hz on BD": (BD_H41_BD, lambda: high(h_264(), H41_BD, FrameTime="20"), {"PRO-VIDEO-RATE"}),
    "a transport stream": (BD_VIDEO, lambda: high((b"\x47" + bytes(187)) * 3), set()),
    "MPEG-2 under H.264": (BD_VIDEO, lambda: high(b"no stream of video"), {"PRO-STREAM-BROKEN"}),
    "a table before a video": (
        BD_VIDEO,
        lambda: high(PixelData=encapsulate([h_264()], has_bot=True)),
        {"PRO-VIDEO-FRAGMENTS"},
    ),
    "another syntax of video": (BD_VIDEO, lambda: video(), {"PRO-TRANSFER-SYNTAX"}),
    "a colour that JPEG Baseline may not have": (
        US_DISC,
        lambda: compressed(US, JB, baseline(), Modality="US"),
        {"PRO-PHOTOMETRIC"},
    ),
    "true colour for CT and MR": (
        "STD-CTMR-CD",
        lambda: native(SC, modality="OT", PhotometricInterpretation="RGB"),
        {"PRO-PHOTOMETRIC"},
    ),
    "a CT that is no gray image": (
        "STD-CTMR-CD",
        lambda: image(PhotometricInterpretation="MONOCHROME1"),
        {"PRO-PHOTOMETRIC"},
    ),
    "a still picture for a video disc": (
        "STD-DVD-MPEG2-MPML",
        lambda: image(),
        {"PRO-MULTI-FRAME"},
    ),
}


@pytest.mark.parametrize("case", EDGES)
def test_a_rule_takes_in_what_it_should_and_no_more(case: str) -> None:
    profile, dataset, rules = EDGES[case]
    assert {finding.rule for finding in judge(profile, dataset())} == rules
