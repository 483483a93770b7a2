"""Media of every annex: made, verified, and what is refused before anything is read."""

import shutil
import subprocess
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset

from jacket.author import author
from jacket.verification import verify
from profiles.application_profiles import Security
from profiles.plan import Action
from profiles.profile_table import PROFILES, profile

Run = Callable[..., object]
XA, DX, US = (f"1.2.840.10008.5.1.4.1.1.{n}" for n in ("12.1", "1.1", "6.1"))
VIDEO = "1.2.840.10008.5.1.4.1.1.77.1.4.1"
JPEG_LOSSLESS, EXPLICIT = "1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.1"


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def real(name: str) -> Path:
    return Path(str(get_testdata_file(name)))


def written(dataset: Dataset, path: Path) -> Path:
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.save_as(path)
    return path


def angiogram(path: Path) -> Path:
    """A real CT as an angiogram of 8 bits, which holds what STD-XABC-CD asks for."""
    dataset = pydicom.dcmread(real("CT_small.dcm"))
    cells = dataset.pixel_array
    low, high = int(cells.min()), int(cells.max())
    dataset.PixelData = ((cells.astype(int) - low) * 255 // (high - low)).astype(np.uint8).tobytes()
    dataset["PixelData"].VR = "OB"
    dataset.SOPClassUID, dataset.Modality = XA, "XA"
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit, dataset.PixelRepresentation = 7, 0
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "SINGLE PLANE"]
    del dataset.PixelPaddingValue
    return written(dataset, path)


def radiograph(path: Path) -> Path:
    dataset = pydicom.dcmread(real("CT_small.dcm"))
    dataset.SOPClassUID, dataset.Modality = DX, "DX"
    dataset.InstitutionName = "A HOSPITAL"
    return written(dataset, path)


def ultrasound(path: Path) -> Path:
    dataset = pydicom.dcmread(real("examples_rgb_color.dcm"))
    dataset.SOPClassUID, dataset.Modality = US, "US"
    return written(dataset, path)


def video(path: Path) -> Path:
    """An MPEG2 object whose stream nobody plays; what counts here is how it is labelled."""
    dataset = pydicom.dcmread(real("SC_rgb_rle_2frame.dcm"))
    dataset.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.100"
    dataset.SOPClassUID, dataset.Modality = VIDEO, "ES"
    dataset.Rows, dataset.Columns, dataset.PhotometricInterpretation = 480, 720, "YBR_PARTIAL_420"
    stream = b"\x00\x00\x01\xb3\x2d\x01\xe0\x24" + bytes(512)
    dataset.PixelData = pydicom.encaps.encapsulate([stream], has_bot=False)
    dataset["PixelData"].is_undefined_length = True
    return written(dataset, path)


def slices(folder: Path) -> Path:
    shutil.copy(real("CT_small.dcm"), folder / "a")
    shutil.copy(real("MR_small_RLE.dcm"), folder / "b")
    shutil.copy(real("reportsi.dcm"), folder / "c")
    shutil.copy(real("MR_small_jp2klossless.dcm"), folder / "d")
    return folder


SAMPLES: dict[str, Callable[[Path], Path]] = {
    "xa": lambda folder: angiogram(folder / "xa"),
    "dx": lambda folder: radiograph(folder / "dx"),
    "us": lambda folder: ultrasound(folder / "us"),
    "video": lambda folder: video(folder / "video"),
    "slices": slices,
    "ct": lambda folder: Path(shutil.copy(real("CT_small.dcm"), folder / "ct")),
}


@pytest.mark.parametrize(
    ("row", "sample", "target"),
    [
        ("STD-XABC-CD", "xa", "disc.iso"),
        ("STD-XA1K-CD", "xa", "disc.iso"),
        ("STD-XA1K-DVD", "xa", "disc.iso"),
        ("STD-US-ID-SF-CDR", "us", "disc.iso"),
        ("STD-US-ID-MF-DVD", "us", "disc.iso"),
        ("STD-GEN-CD", "slices", "disc.iso"),
        ("STD-GEN-DVD-RAM", "slices", "folder"),
        ("STD-GEN-BD", "slices", "folder"),
        ("STD-CTMR-CD", "ct", "disc.iso"),
        ("STD-GEN-MIME", "slices", "folder"),
        ("STD-GEN-DVD-JPEG", "slices", "disc.iso"),
        ("STD-GEN-DVD-J2K", "slices", "disc.iso"),
        ("STD-DVD-MPEG2-MPML", "video", "disc.iso"),
        ("STD-GEN-USB-JPEG", "slices", "folder"),
        ("STD-GEN-SD-J2K", "slices", "folder"),
        ("STD-DEN-CD", "dx", "disc.iso"),
        ("STD-GEN-ZIP-MAIL", "slices", "folder"),
        ("STD-GEN-BD-J2K", "slices", "folder"),
        ("STD-GEN-BD-MPEG2-MPML", "video", "folder"),
        ("STD-GEN-DVD-RAM", "slices", "disc.iso"),
        ("STD-GEN-BD", "slices", "disc.iso"),
        ("STD-CTMR-MOD41", "ct", "disk.img"),
        ("STD-GEN-USB-J2K", "slices", "stick.img"),
        ("STD-GEN-SD-JPEG", "slices", "card.img"),
        ("STD-GEN-ZIP-MAIL", "slices", "mail.zip"),
        ("STD-GEN-ZIP-MAIL", "slices", "mail.eml"),
        ("STD-GEN-MIME", "slices", "mail.eml"),
    ],
)
def test_a_medium_of_each_annex_is_made_and_verified(
    row: str, sample: str, target: str, tmp_path: Path
) -> None:
    sources = tmp_path / "in"
    sources.mkdir()
    SAMPLES[sample](sources)
    done = author([sources], tmp_path / target, profile_id=row)
    assert {item.kind for item in done.left_out} <= {"contradiction"}, done.left_out
    assert done.volumes[0].size > 0
    found = verify(tmp_path / target, row)
    assert [f for f in found.findings if f.severity == "error"] == []
    assert found.instances == len(done.planned)
    assert ("folder" in done.next_step) is (target == "folder")


def test_an_angiogram_is_compressed_without_loss_and_gets_its_icon(
    tmp_path: Path, peer: Callable[[str], str]
) -> None:
    source = angiogram(tmp_path / "xa")
    done = author([source], tmp_path / "out", profile_id="STD-XABC-CD")
    (item,) = done.planned
    assert (item.action, item.target_syntax) == (Action.TRANSCODE, JPEG_LOSSLESS)
    assert (item.syntax_before, done.icons) == (EXPLICIT, 1)
    (file,) = (tmp_path / "out").rglob("I0000001")
    decoded = tmp_path / "decoded"
    subprocess.run([peer("dcmdjpeg"), str(file), str(decoded)], check=True)
    assert pydicom.dcmread(decoded).PixelData == pydicom.dcmread(source).PixelData
    records = pydicom.dcmread(tmp_path / "out" / "DICOMDIR").DirectoryRecordSequence
    (image,) = (record for record in records if record.DirectoryRecordType == "IMAGE")
    (icon,) = image.IconImageSequence
    assert (icon.Rows, icon.Columns, icon.BitsAllocated) == (128, 128, 8)
    assert len(set(icon.PixelData)) > 10, "a picture"
    patient = next(record for record in records if record.DirectoryRecordType == "PATIENT")
    assert "PatientBirthDate" in patient, "type 2: there, also without a value"


def test_a_radiograph_is_completed_and_its_pixels_stay(tmp_path: Path) -> None:
    source = radiograph(tmp_path / "dx")
    done = author([source], tmp_path / "out", profile_id="STD-DEN-CD")
    (item,) = done.planned
    assert item.action is Action.COMPLETE
    (file,) = (tmp_path / "out").rglob("I0000001")
    before, after = pydicom.dcmread(source), pydicom.dcmread(file)
    assert after.PixelData == before.PixelData
    assert after.InstitutionName == before.InstitutionName
    new = {element.keyword for element in after} - {element.keyword for element in before}
    assert {"DetectorID", "DetectorManufacturerName"} <= new
    assert all(after[keyword].VM == 0 for keyword in new)


def test_lossless_saves_room_and_lossy_makes_new_objects(
    tmp_path: Path, run: Run, peer: Callable[[str], str]
) -> None:
    source = real("CT_small.dcm")
    words = ("author", source, "--profile", "STD-GEN-USB-J2K", "--json", "--transcode")
    said = run(*words, "lossless", "-o", tmp_path / "small").json
    assert said["transcoded_to"] == {"1.2.840.10008.1.2.4.90": 1}
    assert said["lossy"] == 0
    (small,) = (tmp_path / "small").rglob("I0000001")
    raw = tmp_path / "raw"
    subprocess.run([peer("gdcmconv"), "--raw", str(small), str(raw)], check=True)
    assert pydicom.dcmread(raw).PixelData == pydicom.dcmread(source).PixelData

    said = run(*words, "lossy", "--quality", "60", "-o", tmp_path / "lossy").json
    assert said["transcoded_to"] == {"1.2.840.10008.1.2.4.91": 1}
    assert said["lossy"] == 1
    assert any("a new object with a new SOP" in remark for remark in said["remarks"])
    (file,) = (tmp_path / "lossy").rglob("I0000001")
    dataset = pydicom.dcmread(file)
    assert dataset.LossyImageCompression == "01"
    assert dataset.SOPInstanceUID != pydicom.dcmread(source).SOPInstanceUID
    assert run("verify", tmp_path / "lossy", "--profile", "STD-GEN-USB-J2K").code == 0


def test_icons_are_made_when_asked_for(tmp_path: Path, run: Run) -> None:
    words = ("author", real("CT_small.dcm"), "--profile", "STD-CTMR-CD", "--json", "-o")
    assert run(*words, tmp_path / "without").json["icons"] == 0
    assert run(*words, tmp_path / "with", "--icons").json["icons"] == 1
    for name, number in (("without", 0), ("with", 1)):
        records = pydicom.dcmread(tmp_path / name / "DICOMDIR").DirectoryRecordSequence
        assert sum("IconImageSequence" in record for record in records) == number
        assert run("verify", tmp_path / name, "--profile", "STD-CTMR-CD").code == 0


# --- refusals ----------------------------------------------------------------------------------


@pytest.mark.parametrize("identifier", [row for row in PROFILES if "-SEC-" in row])
def test_a_secure_medium_is_never_made_of_plain_files(
    identifier: str, tmp_path: Path, run: Run
) -> None:
    source = real("CT_small.dcm")
    said = run("author", source, "-o", tmp_path / "out", "--profile", identifier, "--json")
    made = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    if PROFILES[identifier].security is Security.SMIME:
        assert "no other file and no folder can be" in said.json["error"]["what"]
    assert bool(made) == (said.code == 0)
    assert not any(path.read_bytes()[128:132] == b"DICM" for path in made)
    assert bool(list(tmp_path.glob("*-password.pdf"))) == bool(made)
    planned = run(
        "author", source, "-o", tmp_path / "out", "--profile", identifier, "--dry-run", "--json"
    )
    # A CT has no place in video and dental profiles, and a folder is no mail.
    assert planned.code in ((2,) if PROFILES[identifier].security is Security.SMIME else (0, 1, 3))
    assert "not do yet" not in planned.out
    (tmp_path / "set").mkdir()
    shutil.copy(source, tmp_path / "set" / "CT1")
    assert run("dicomdir", tmp_path / "set", "--profile", identifier).code == 3
    assert not (tmp_path / "set" / "DICOMDIR").exists()


@pytest.mark.parametrize(
    ("identifier", "instead"),
    [
        ("STD-GEN-USB-JPEG", "OUT.img"),
        ("STD-CTMR-MOD41", "OUT.img"),
        ("STD-GEN-ZIP-MAIL", "OUT.zip or OUT.eml"),
        ("STD-GEN-MIME", "OUT.eml"),
    ],
)
def test_an_iso_of_what_is_no_disc_is_refused_before_the_scan(
    identifier: str, instead: str, tmp_path: Path, run: Run
) -> None:
    words = ("author", tmp_path / "nowhere", "-o", tmp_path / "a.iso", "--profile", identifier)
    said = run(*words)
    assert said.code == 2
    assert "which no .iso can be" in said.err
    assert f"Name {instead} or a folder, or choose a profile for a disc" in said.err


# --- proposals ---------------------------------------------------------------------------------


def test_the_profile_is_chosen_by_objects_and_target(tmp_path: Path, run: Run) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    shutil.copy(real("CT_small.dcm"), folder / "ct")
    words = ("author", folder, "--profile", "auto", "--dry-run", "--json", "-o")
    for target, more, wanted in (
        ("a.iso", (), "STD-GEN-CD"),
        ("a.iso", ("--capacity", "dvd"), "STD-GEN-DVD-JPEG"),
        ("a", (), "STD-GEN-USB-JPEG"),
        ("a", ("--medium", "bd"), "STD-GEN-BD"),
        ("a", ("--medium", "mod"), "STD-CTMR-MOD41"),
        ("a", ("--medium", "zip"), "STD-GEN-ZIP-MAIL"),
        ("a.img", (), "STD-GEN-USB-JPEG"),
        ("a.img", ("--medium", "sd"), "STD-GEN-SD-JPEG"),
        ("a.iso", ("--medium", "bd"), "STD-GEN-BD"),
        ("a.zip", (), "STD-GEN-ZIP-MAIL"),
        ("a.eml", (), "STD-GEN-ZIP-MAIL"),
        ("a.eml", ("--medium", "mime"), "STD-GEN-MIME"),
    ):
        said = run(*words, tmp_path / target, *more)
        assert (said.code, said.json["profile"]) == (0, wanted)
        assert "takes the one instance, unchanged" in said.json["why_profile"]
    video(folder / "video")
    said = run(*words, tmp_path / "a").json
    assert said["profile"] == "STD-GEN-BD-MPEG2-MPML"
    said = run(*words, tmp_path / "a.iso").json
    assert (said["profile"], len(said["left_out"])) == ("STD-GEN-CD", 1)
    assert "STD-GEN-BD-MPEG2-MPML for Blu-ray disc takes all 2 instances" in said["why_profile"]


def test_a_row_of_ones_own_is_as_good_as_one_of_the_standard(tmp_path: Path) -> None:
    row = profile("STD-GEN-USB-JPEG")._replace(identifier="PRI-OUR-STICK", values=())
    done = author([real("CT_small.dcm")], tmp_path / "out", profile_id=row)
    assert (done.profile, done.count(Action.COPY)) == ("PRI-OUR-STICK", 1)


def test_a_dry_run_says_what_why_and_into_what(tmp_path: Path, run: Run) -> None:
    sources = tmp_path / "in"
    sources.mkdir()
    slices(sources)
    radiograph(sources / "dx")
    words = ("author", sources, "-o", tmp_path / "out", "--dry-run", "--profile")
    said = run(*words, "STD-CTMR-CD", "--icons")
    assert (
        "RLE Lossless, which STD-CTMR-CD does not allow, to Explicit VR Little Endian" in said.out
    )
    assert "would get an icon" in said.out
    assert "STD-CTMR-CD does not allow Basic Text SR" in said.out or "Comprehensive" in said.out
    assert "profile STD-CTMR-CD for CD-R" in said.out
    said = run(*words, "STD-DEN-CD")
    assert "to be completed with attributes without a value" in said.out
    assert "Detector ID (0018,700A)" in said.out
    assert not (tmp_path / "out").exists()


def test_a_wish_that_fails_costs_no_instance(tmp_path: Path, run: Run) -> None:
    dataset = pydicom.dcmread(real("CT_small.dcm"))
    del dataset.PixelData  # a picture by its attributes, without pixels to compress
    bare = written(dataset, tmp_path / "bare")
    words = ("author", bare, "--profile", "STD-GEN-USB-J2K", "--json", "-o")
    for how in ("lossless", "lossy"):
        said = run(*words, tmp_path / how, "--transcode", how)
        assert (said.code, said.json["copied"], said.json["transcoded"]) == (0, 1, 0)
        assert any("not compressed" in remark for remark in said.json["remarks"])
    said = run(*words, tmp_path / "icons", "--icons").json
    assert said["icons"] == 0, "no grey square where none is required"
    assert any("no icon for 1" in remark for remark in said["remarks"])
