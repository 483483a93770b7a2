"""Each limit is broken on a real file, and exactly that limit is told."""

import time
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicomdir.elements import encode_element, encode_item
from dicomdir.index import Indexer
from dicomdir.instance import Instance
from dicomdir.scan import index_file
from profiles.application_profiles import ApplicationProfile, Traits
from profiles.profile_table import PROFILES, ROWS
from profiles.values import ALWAYS, breaches, facts_for, traits_of

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import pydicom
    from pydicom.data import get_testdata_file
    from pydicom.dataset import Dataset, FileDataset

Change = Callable[[FileDataset], None]
XA, SC, DX, IO = (f"1.2.840.10008.5.1.4.1.1.{n}" for n in ("12.1", "7", "1.1", "1.3"))


def sets(**changes: object) -> Change:
    """Return a change that sets attributes by keyword; None deletes one."""

    def change(dataset: FileDataset) -> None:
        for keyword, value in changes.items():
            if value is None:
                delattr(dataset, keyword)
            else:
                setattr(dataset, keyword, value)

    return change


def as_class(uid: str, **changes: object) -> Change:
    def change(dataset: FileDataset) -> None:
        dataset.file_meta.MediaStorageSOPClassUID = uid
        sets(SOPClassUID=uid, **changes)(dataset)

    return change


def overlay(group: int, bits: int) -> Change:
    def change(dataset: FileDataset) -> None:
        dataset.add_new((group, 0x0010), "US", 16)
        dataset.add_new((group, 0x0011), "US", 16)
        dataset.add_new((group, 0x0100), "US", bits)
        dataset.add_new((group, 0x0102), "US", 0 if bits == 1 else 12)
        if bits == 1:
            dataset.add_new((group, 0x3000), "OW", bytes(32))

    return change


def region(**changes: object) -> Change:
    """Return a change of the second region, so that not only the first is looked at."""

    def change(dataset: FileDataset) -> None:
        items = dataset.SequenceOfUltrasoundRegions
        copy = Dataset()
        copy.update(items[0])
        sets(**changes)(copy)  # type: ignore[arg-type]
        dataset.SequenceOfUltrasoundRegions = [items[0], copy]

    return change


def calibrated(dataset: FileDataset) -> None:
    """Make every region tell what its pixels mean."""
    for item in dataset.SequenceOfUltrasoundRegions:
        item.PixelComponentOrganization = 1
        item.PixelComponentRangeStart, item.PixelComponentRangeStop = 0, 255
        item.PixelComponentPhysicalUnits, item.PixelComponentDataType = 0, 1
        item.NumberOfTableBreakPoints = 2
        item.TableOfXBreakPoints, item.TableOfYBreakPoints = [0, 255], [0.0, 1.0]


EIGHT_BITS = {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7, "PixelRepresentation": 0}
RUN = ("CT_small.dcm", as_class(XA, Modality="XA", **EIGHT_BITS))
SCREEN = ("CT_small.dcm", as_class(SC, Modality="OT", **EIGHT_BITS))
PALETTE = (
    "CT_small.dcm",
    as_class(SC, Modality="OT", PhotometricInterpretation="PALETTE COLOR", **EIGHT_BITS),
)
DENTAL = (
    "CT_small.dcm",
    as_class(
        DX,
        BitsStored=12,
        HighBit=11,
        InstitutionName="",
        ManufacturerModelName="",
        DetectorID="",
        DetectorManufacturerName="",
        DetectorManufacturerModelName="",
    ),
)
NOTHING = sets()
CT, MR = ("CT_small.dcm", NOTHING), ("MR_small.dcm", NOTHING)
US_RGB, US_PALETTE = ("examples_rgb_color.dcm", NOTHING), ("examples_palette.dcm", NOTHING)
US_LOOP = ("examples_ybr_color.dcm", NOTHING)
US_FULL = ("examples_ybr_color.dcm", sets(PhotometricInterpretation="YBR_FULL"))
US_CALIBRATED = ("examples_palette.dcm", calibrated)

# profile, real file and what makes it conformant, what breaks it, what is told.
Base = tuple[str, Change]
CASES: list[tuple[str, Base, Change, str]] = [
    ("STD-XABC-CD", RUN, sets(Modality="RF"), "Modality is RF, STD-XABC-CD wants XA"),
    ("STD-XABC-CD", RUN, sets(Modality=None), "Modality is not there"),
    ("STD-XABC-CD", RUN, sets(Modality=""), "Modality has no value"),
    ("STD-XABC-CD", RUN, sets(BitsAllocated=16), "Bits Allocated is 16, STD-XABC-CD wants 8 ("),
    (
        "STD-XABC-CD",
        RUN,
        sets(BitsStored=16),
        "Bits Stored is 16, STD-XABC-CD wants 8 (PS3.11 A.3-3)",
    ),
    ("STD-XABC-CD", RUN, sets(Rows=513), "Rows is 513, STD-XABC-CD wants 1 to 512"),
    ("STD-XABC-CD", RUN, sets(Columns=1024), "Columns is 1024"),
    ("STD-XABC-CD", RUN, overlay(0x6000, 8), "Overlay Bits Allocated (6000,0100) is 8"),
    ("STD-XABC-CD", RUN, overlay(0x601E, 16), "Overlay Bits Allocated (601E,0100) is 16"),
    ("STD-XA1K-CD", RUN, sets(Modality="CT"), "Modality is CT, STD-XA1K-CD wants XA"),
    ("STD-XA1K-DVD", RUN, sets(Rows=1025), "Rows is 1025, STD-XA1K-DVD wants 1 to 1024"),
    ("STD-XA1K-CD", RUN, sets(Columns=2048), "Columns is 2048"),
    ("STD-XA1K-CD", RUN, sets(BitsStored=16), "Bits Stored is 16, STD-XA1K-CD wants 8, 10 or 12"),
    ("STD-XA1K-CD", SCREEN, sets(Rows=1025), "Rows is 1025"),
    ("STD-XA1K-CD", SCREEN, sets(SamplesPerPixel=3), "Samples per Pixel is 3"),
    (
        "STD-XA1K-CD",
        SCREEN,
        sets(PhotometricInterpretation="RGB"),
        "Photometric Interpretation is RGB, STD-XA1K-CD wants MONOCHROME2 (PS3.11 B.3-4)",
    ),
    ("STD-XA1K-CD", SCREEN, sets(BitsAllocated=16), "Bits Allocated is 16"),
    ("STD-XA1K-CD", SCREEN, sets(BitsStored=12), "Bits Stored is 12"),
    ("STD-XA1K-CD", SCREEN, sets(HighBit=11), "High Bit is 11"),
    ("STD-XA1K-CD", SCREEN, sets(PixelRepresentation=1), "Pixel Representation is 1"),
    ("STD-XA1K-CD", SCREEN, overlay(0x6002, 1), "there is an overlay in group 6002"),
    ("STD-US-ID-SF-CDR", US_RGB, sets(SamplesPerPixel=1), "Samples per Pixel is 1"),
    ("STD-US-ID-SF-CDR", US_PALETTE, sets(SamplesPerPixel=3), "Samples per Pixel is 3"),
    ("STD-US-ID-SF-CDR", US_RGB, sets(BitsAllocated=16, BitsStored=16, HighBit=15), "Bits Alloc"),
    (
        "STD-US-ID-SF-CDR",
        US_PALETTE,
        sets(BitsAllocated=32, BitsStored=32, HighBit=31),
        "Bits Allocated is 32, STD-US-ID-SF-CDR wants 8 or 16",
    ),
    (
        "STD-US-ID-SF-CDR",
        US_RGB,
        sets(BitsStored=7, HighBit=6),
        "Bits Stored is 7, STD-US-ID-SF-CDR wants the same as Bits Allocated, which is 8",
    ),
    ("STD-US-ID-MF-CDR", US_LOOP, sets(HighBit=0), "High Bit is 0"),
    ("STD-US-ID-MF-CDR", US_LOOP, sets(PixelRepresentation=1), "Pixel Representation is 1"),
    ("STD-US-ID-MF-CDR", US_LOOP, sets(PlanarConfiguration=1), "Planar Configuration is 1"),
    ("STD-US-ID-SF-CDR", US_RGB, sets(PlanarConfiguration=2), "Planar Configuration is 2"),
    ("STD-US-ID-SF-CDR", US_RGB, sets(PlanarConfiguration=None), "Planar Configuration is not"),
    ("STD-US-SC-MF-CDR", US_RGB, NOTHING, "Sequence of Ultrasound Regions is not there"),
    ("STD-US-SC-SF-DVD", US_PALETTE, region(RegionFlags=None), "region 2 of Sequence of Ultra"),
    ("STD-US-SC-SF-DVD", US_PALETTE, region(PhysicalDeltaX=None), "has no Physical Delta X"),
    (
        "STD-US-CC-SF-DVD",
        US_CALIBRATED,
        region(PixelComponentOrganization=None),
        "region 2 of Sequence of Ultrasound Regions has no Pixel Component Organization",
    ),
    ("STD-US-CC-SF-DVD", US_CALIBRATED, region(PixelComponentOrganization=7), "an unknown Pixel"),
    ("STD-US-CC-SF-DVD", US_CALIBRATED, region(PixelComponentOrganization=0), "no Pixel Compone"),
    ("STD-US-CC-SF-DVD", US_CALIBRATED, region(PixelComponentOrganization=2), "Table Entries"),
    ("STD-US-CC-SF-DVD", US_CALIBRATED, region(PixelComponentOrganization=3), "Table Entries"),
    ("STD-CTMR-CD", CT, sets(Modality="OT"), "Modality is OT, STD-CTMR-CD wants CT (PS3.11 E.3-3)"),
    ("STD-CTMR-CD", CT, sets(PhotometricInterpretation="MONOCHROME1"), "is MONOCHROME1"),
    ("STD-CTMR-CD", MR, sets(Modality="CT"), "wants MR (PS3.11 E.3-4)"),
    ("STD-CTMR-CD", MR, sets(PhotometricInterpretation="RGB"), "is RGB"),
    ("STD-CTMR-CD", MR, sets(BitsStored=10, HighBit=9), "wants 8, 12, 13, 14, 15 or 16"),
    ("STD-CTMR-CD", MR, sets(HighBit=11), "High Bit is 11, STD-CTMR-CD wants one less than"),
    ("STD-CTMR-DVD", SCREEN, sets(SamplesPerPixel=3), "Samples per Pixel is 3"),
    ("STD-CTMR-DVD", SCREEN, sets(BitsAllocated=32, BitsStored=32, HighBit=31), "8 or 16"),
    ("STD-CTMR-DVD", SCREEN, sets(BitsStored=7, HighBit=6), "the same as Bits Allocated"),
    ("STD-CTMR-DVD", SCREEN, sets(HighBit=6), "one less than Bits Stored, which is 8"),
    ("STD-CTMR-DVD", PALETTE, sets(SamplesPerPixel=3), "Samples per Pixel is 3"),
    ("STD-CTMR-DVD", PALETTE, sets(BitsAllocated=16), "Bits Allocated is 16"),
    ("STD-CTMR-DVD", PALETTE, sets(BitsStored=7), "Bits Stored is 7"),
    ("STD-CTMR-DVD", PALETTE, sets(HighBit=6), "High Bit is 6"),
    ("STD-DEN-CD", DENTAL, sets(BitsStored=14), "Bits Stored is 14, STD-DEN-CD wants 8, 10, 12 or"),
    ("STD-DEN-CD", DENTAL, sets(BitsStored=8), "Bits Allocated is 16, STD-DEN-CD wants 8"),
    ("STD-DTL-SEC-ZIP-MAIL", DENTAL, sets(BitsAllocated=32), "wants 16 (PS3.11 L.4-1)"),
    ("STD-DEN-CD", DENTAL, sets(InstitutionName=None), "Institution Name is not there"),
    ("STD-DEN-CD", DENTAL, sets(ManufacturerModelName=None), "Manufacturer's Model Name is not"),
    ("STD-DEN-CD", DENTAL, sets(DetectorID=None), "Detector ID is not there"),
    ("STD-DEN-CD", DENTAL, sets(DetectorManufacturerName=None), "Detector Manufacturer Name is"),
    (
        "STD-DTL-SEC-ZIP-MAIL",
        DENTAL,
        sets(DetectorManufacturerModelName=None),
        "Detector Manufacturer's Model Name is not there, STD-DTL-SEC-ZIP-MAIL wants it there",
    ),
]


def indexed(row: ApplicationProfile, base: Base, change: Change, folder: Path) -> Instance:
    name, conformant = base
    path = get_testdata_file(name, download=False)
    assert path is not None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = pydicom.dcmread(str(path))
        conformant(dataset)
        change(dataset)
        dataset.save_as(folder / "changed.dcm")
    indexer = Indexer(row.additional_keys, facts_for([row]))
    result = index_file(str(folder / "changed.dcm"), indexer)
    assert len(result) > 3, result
    return Instance._make(result)


@pytest.mark.parametrize(("identifier", "base", "change", "says"), CASES)
def test_a_real_file_that_breaks_one_limit_is_told_that_one(
    identifier: str, base: Base, change: Change, says: str, tmp_path: Path
) -> None:
    row = PROFILES[identifier]
    assert breaches(row, indexed(row, base, NOTHING, tmp_path)) == () or change is NOTHING
    (breach,) = breaches(row, indexed(row, base, change, tmp_path))
    assert says in breach.message
    assert f"{identifier} wants" in breach.message
    assert breach.message.endswith(f"({breach.rule.source})")
    assert breach.mendable == ("wants it there" in breach.message)


def test_every_rule_of_every_table_is_broken_once(tmp_path: Path) -> None:
    broken = set()
    for identifier, base, change, _ in CASES:
        row = PROFILES[identifier]
        broken |= {breach.rule for breach in breaches(row, indexed(row, base, change, tmp_path))}
    wanted = {rule._replace(source="") for row in ROWS for rule in row.values}
    left = wanted - {rule._replace(source="") for rule in broken}
    # The same question for another photometric interpretation is one kind of rule.
    assert {(rule.tag, rule.ask) for rule in left} <= {(r.tag, r.ask) for r in broken}
    assert len(left) <= 6, left


def test_an_uncompressed_full_colour_image_is_not_blamed_for_planes_it_will_not_keep(
    tmp_path: Path,
) -> None:
    row = PROFILES["STD-US-ID-MF-CDR"]
    instance = indexed(row, US_FULL, NOTHING, tmp_path)
    assert breaches(row, instance) == ()
    as_rle = instance._replace(transfer_syntax_uid="1.2.840.10008.1.2.5")
    (breach,) = breaches(row, as_rle)
    assert "Planar Configuration is 0" in breach.message


def test_overlays_that_are_apart_are_no_breach_where_they_may_be(tmp_path: Path) -> None:
    row = PROFILES["STD-XABC-CD"]
    assert breaches(row, indexed(row, RUN, overlay(0x6000, 1), tmp_path)) == ()


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2", "1.2.840.10008.1.2.2"])
def test_limits_are_read_in_every_encoding(syntax: str, tmp_path: Path) -> None:
    row = PROFILES["STD-US-CC-SF-CDR"]
    path = get_testdata_file("examples_palette.dcm", download=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = pydicom.dcmread(str(path))
        calibrated(dataset)
        dataset.file_meta.TransferSyntaxUID = syntax
        big = syntax.endswith(".2.2")
        pydicom.dcmwrite(
            tmp_path / "x.dcm",
            dataset,
            implicit_vr=not big,
            little_endian=not big,
            enforce_file_format=True,
        )
    indexer = Indexer(row.additional_keys, facts_for([row]))
    instance = Instance._make(index_file(str(tmp_path / "x.dcm"), indexer))
    assert instance.transfer_syntax_uid == syntax
    assert breaches(row, instance) == ()
    assert traits_of(instance) == Traits("PALETTE COLOR", False)


def test_real_files_have_the_traits_that_pydicom_reads(pydicom_files: list[Path]) -> None:
    indexer = Indexer((), facts_for([]))
    judged = 0
    for path in pydicom_files:
        result = index_file(str(path), indexer)
        if len(result) == 3:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset = pydicom.dcmread(path, force=True, stop_before_pixels=True)
            try:
                frames = int(dataset.get("NumberOfFrames") or 0)
            except ValueError:
                frames = 0  # one file says "1A"
        traits = traits_of(Instance._make(result))
        assert traits.photometric == dataset.get("PhotometricInterpretation", "")
        assert traits.multi_frame == (frames > 0)
        judged += 1
    assert judged > 80


def test_facts_are_asked_for_where_a_profile_limits_them() -> None:
    assert facts_for([]) == ALWAYS
    assert facts_for([PROFILES["STD-GEN-CD"]]) == ALWAYS
    everything = dict(facts_for(ROWS))
    for row in ROWS:
        mine = dict(facts_for([row]))
        assert mine.items() <= everything.items()
        assert list(mine) == sorted(mine)
        for rule in row.values:
            assert rule.tag in mine


def number_of_frames(value: bytes) -> bytes:
    return encode_element(0x00280008, b"IS", value)


@pytest.mark.parametrize(
    ("facts", "multi_frame"),
    [
        (b"", False),
        (number_of_frames(b"1"), True),
        (number_of_frames(b"120"), True),
        (number_of_frames(b""), False),
        (number_of_frames(b"0"), False),
        (number_of_frames(b"many"), False),
        (number_of_frames(b"9" * 5000), False),
    ],
)
def test_multi_frame_is_what_has_a_number_of_frames(
    facts: bytes, multi_frame: bool, make_instance: Callable[..., Instance]
) -> None:
    assert traits_of(make_instance()._replace(facts=facts)).multi_frame == multi_frame


@given(
    facts=st.one_of(
        st.binary(max_size=200),
        st.lists(
            st.tuples(st.sampled_from(facts_for(ROWS)), st.binary(max_size=40)), max_size=12
        ).map(lambda rows: b"".join(encode_element(tag, vr, value) for (tag, vr), value in rows)),
        st.lists(st.binary(max_size=60), max_size=4).map(
            lambda items: encode_element(0x00186011, b"SQ", b"".join(map(encode_item, items)))
        ),
    ),
    row=st.sampled_from([row for row in ROWS if row.values]),
)
def test_hostile_facts_never_raise(facts: bytes, row: ApplicationProfile) -> None:
    uid = sorted(row.values[0].sop_classes)[0]
    instance = Instance(
        "x", 1, 1, uid, "1.2", "1.2.840.10008.1.2.1", b"", "IMAGE", *[b""] * 4, (), ()
    )
    instance = instance._replace(facts=facts)
    assert isinstance(traits_of(instance), Traits)
    for breach in breaches(row, instance):
        assert breach.message.isprintable()
        assert len(breach.message) < 400


def test_what_was_seen_before_costs_next_to_nothing(tmp_path: Path) -> None:
    row = PROFILES["STD-CTMR-CD"]
    instance = indexed(row, CT, NOTHING, tmp_path)
    started = time.perf_counter()
    for _ in range(20_000):
        breaches(row, instance)
        traits_of(instance)
    # 2 us asked for; the slack is for a machine that does something else as well.
    assert (time.perf_counter() - started) / 20_000 < 10e-6


def test_memory_is_bounded_when_no_two_files_are_alike(
    make_instance: Callable[..., Instance],
) -> None:
    row = PROFILES["STD-CTMR-CD"]
    instance = make_instance(sop_class="1.2.840.10008.5.1.4.1.1.2")
    from profiles import values

    for number in range(10_000):
        other = instance._replace(
            facts=encode_element(0x00280010, b"US", number.to_bytes(2, "little"))
        )
        breaches(row, other)
        traits_of(other)
    assert len(values._memories[row.identifier].answers) <= 8192
    assert len(values._traits) <= 8192


def test_a_profile_that_is_declared_anew_is_judged_anew(
    make_instance: Callable[..., Instance],
) -> None:
    instance = make_instance(sop_class="1.2.840.10008.5.1.4.1.1.2")
    row = PROFILES["STD-CTMR-CD"]._replace(identifier="PRI-X-Y")
    assert breaches(row, instance)
    assert not breaches(row._replace(values=()), instance)
    assert not breaches(row._replace(values=row.values[-1:]), instance)
