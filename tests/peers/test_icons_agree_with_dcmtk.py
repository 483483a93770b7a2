"""Icons of monochrome images are those of dcmmkdir, grey level by grey level.

Where they are not, the reason is one of the few of docs/decisions/0009-icons.md, and is read
from the file by other software; where the peer is wrong, a test proves it.
"""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest

from dicomdir.instance import Instance
from dicomdir.scan import scan
from profiles.icon_header import NoIcon
from profiles.icon_source import Order, draw, draw_picture

SHARED_DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
Peer = Callable[[str], str]
Array = np.ndarray[Any, np.dtype[Any]]

NATIVE_LITTLE = "1.2.840.10008.1.2.1"
# What dcmmkdir decodes: not JPEG-LS, JPEG 2000 and their younger kin.
DECODED_BY_PEER = frozenset(
    f"1.2.840.10008.1.2{suffix}"
    for suffix in ("", ".1", ".2", ".5", ".4.50", ".4.51", ".4.53", ".4.55", ".4.57", ".4.70")
)


def peer_icon(peer: Peer, source: Path, folder: Path, *options: str) -> Array:
    """Return the icon that dcmmkdir puts into the record of a file."""
    (folder / "IMAGE").unlink(missing_ok=True)
    (folder / "IMAGE").symlink_to(source)
    command = [peer("dcmmkdir"), "-q", "-W", "+I", "-Nxc", "-Nec", "-Nrc", "-nb", *options]
    where = ["+id", str(folder), "IMAGE", "+D", str(folder / "DICOMDIR")]
    subprocess.run([*command, *where], capture_output=True, timeout=60, check=False)
    if not (folder / "DICOMDIR").exists():
        pytest.skip("dcmmkdir takes no such file")
    records = pydicom.dcmread(folder / "DICOMDIR").DirectoryRecordSequence
    (folder / "DICOMDIR").unlink()
    icons = [record.IconImageSequence[0] for record in records if "IconImageSequence" in record]
    if not icons:
        pytest.skip("dcmmkdir makes no image record of such a file")
    return np.frombuffer(icons[0].PixelData, np.uint8).reshape(icons[0].Rows, -1).astype(int)


def our_picture(source: Path, size: int) -> Array:
    (instance,) = scan([source], jobs=1).instances
    order = _order(instance, size)
    return draw_picture(order, stretched=True).astype(int)  # the peer keeps no proportions


def _order(instance: Instance, size: int) -> Order:
    uids = instance.transfer_syntax_uid, instance.sop_class_uid
    return Order(instance.source, instance.dataset_offset, *uids, size, size)


def _kind(dataset: pydicom.Dataset) -> tuple[object, ...]:
    keywords = ("Modality", "Rows", "Columns", "BitsStored", "NumberOfFrames", "WindowWidth")
    return (dataset.file_meta.TransferSyntaxUID, *(str(dataset.get(word)) for word in keywords))


def _comparable(path: Path) -> pydicom.Dataset | None:
    """Return the header of a monochrome image that the peer can decode; None for all others."""
    try:
        dataset = pydicom.dcmread(path, stop_before_pixels=True)
        syntax = dataset.file_meta.TransferSyntaxUID
    except Exception:  # not DICOM, or worse
        return None
    monochrome = str(dataset.get("PhotometricInterpretation", "")).startswith("MONOCHROME")
    if not monochrome or syntax not in DECODED_BY_PEER or dataset.get("SamplesPerPixel") != 1:
        return None
    (found, *_) = (*scan([path], jobs=1).instances, None)
    if found is None or found.record_type != "IMAGE" or found.departures:
        return None
    return dataset


def _excused(dataset: pydicom.Dataset) -> str:
    """Return why an icon may differ from the peer's, "" when it must not."""
    if any(element.tag.group & 0xFF00 == 0x6000 for element in dataset):
        return "the peer draws overlay planes over the icon"
    if any(element.keyword == "FrameVOILUTSequence" for element in dataset.iterall()):
        return "the peer does not look for windows in functional groups"
    if dataset.get("BitsStored") == 1:
        return "the peer makes edges of black and white black or white"
    if "BitsStored" not in dataset:
        return "the peer reads no float pixels"
    if "VOILUTSequence" in dataset and "WindowCenter" not in dataset:
        return "the peer uses no VOI LUT for icons"
    return ""


def _allowed(dataset: pydicom.Dataset) -> float:
    """Return by how many grey levels an icon may differ.

    Values below zero the peer rounds up by one, in each of two directions.
    """
    width = dataset.get("WindowWidth")
    if not width:
        return 2
    width = float(width[0] if isinstance(width, pydicom.multival.MultiValue) else width)
    unsigned = not dataset.get("PixelRepresentation") and not dataset.get("RescaleIntercept")
    return 2 if unsigned else 2 + 2 * 255 / max(width - 1, 1)


@pytest.mark.parametrize("size", [64, 128])
@pytest.mark.parametrize("place", ["pydicom's wheel", "collection"])
def test_monochrome_icons_are_those_of_dcmmkdir(
    place: str, size: int, pydicom_files: list[Path], tmp_path: Path, peer: Peer
) -> None:
    files = pydicom_files
    if place == "collection":
        if not SHARED_DATA.is_dir():
            pytest.skip(f"no collection of real files at {SHARED_DATA}")
        files = sorted(path for path in SHARED_DATA.rglob("*") if path.is_file())
    compared, worst, kinds = 0, [], set()
    for path in files:
        dataset = _comparable(path)
        if dataset is None or _kind(dataset) in kinds:
            continue
        kinds.add(_kind(dataset))
        try:
            theirs = peer_icon(peer, path, tmp_path, "-Pgp", "+X", "-Xs", str(size))
        except pytest.skip.Exception:
            continue
        try:
            difference = np.abs(our_picture(path, size) - theirs).max()
        except NoIcon:
            assert not theirs.any(), path.name  # neither has a picture: theirs is black
            continue
        compared += 1
        if difference > _allowed(dataset) and not _excused(dataset):
            worst.append((path.name, int(difference)))
    assert worst == []
    assert compared > 10


def test_the_ct_mr_profile_of_the_peer_has_the_same_icons(
    pydicom_files: list[Path], tmp_path: Path, peer: Peer
) -> None:
    source = next(path for path in pydicom_files if path.name == "MR_small.dcm")
    theirs = peer_icon(peer, source, tmp_path, "-Pcm")
    assert np.abs(our_picture(source, 64) - theirs).max() <= 1


def test_the_cardiac_profile_of_the_peer_has_the_same_icons(
    shared_data: Path, tmp_path: Path, peer: Peer
) -> None:
    source = shared_data / "nema-wg04-compsamples" / "IMAGES" / "JPLY" / "XA1_JPLY"
    theirs = peer_icon(peer, source, tmp_path, "-Pxa")
    assert np.abs(our_picture(source, 128) - theirs).max() <= 1


@pytest.fixture
def flat(pydicom_files: list[Path], tmp_path: Path) -> Callable[..., Path]:
    """Make a real MR image flat, but for what a test changes."""

    def make(value: int, **changes: object) -> Path:
        source = next(path for path in pydicom_files if path.name == "CT_small.dcm")
        dataset = pydicom.dcmread(source)
        dataset.PixelData = np.full((128, 128), value, "<i2").tobytes()
        dataset.RescaleIntercept = 0
        for keyword, change in changes.items():
            setattr(dataset, keyword, change)
        dataset.save_as(tmp_path / "flat.dcm")
        return tmp_path / "flat.dcm"

    return make


def test_the_peer_makes_flat_negative_values_greater_than_they_are(
    flat: Callable[..., Path], tmp_path: Path, peer: Peer
) -> None:
    source = flat(-3, WindowCenter=0, WindowWidth=11)
    right = int(((-3 + 0.5) / 10 + 0.5) * 255)  # PS3.3 C.11.2.1.2
    shifted = int(((-1 + 0.5) / 10 + 0.5) * 255)
    assert set(our_picture(source, 64).flat) == {right}
    assert set(peer_icon(peer, source, tmp_path, "-Pcm").flat) == {shifted}


def test_what_says_twice_that_it_is_inverse_is_inverted_once(
    flat: Callable[..., Path], tmp_path: Path, peer: Peer
) -> None:
    window = {"WindowCenter": 128, "WindowWidth": 256, "PhotometricInterpretation": "MONOCHROME1"}
    plain = flat(200, **window)
    assert set(our_picture(plain, 64).flat) == {55}
    assert set(peer_icon(peer, plain, tmp_path, "-Pgp", "+X").flat) == {55}
    # As every DX image has it (PS3.3 C.8.11.3.1.2): the same thing, said a second time.
    doubled = flat(200, **window, PresentationLUTShape="INVERSE")
    assert set(our_picture(doubled, 64).flat) == {55}
    assert set(peer_icon(peer, doubled, tmp_path, "-Pgp", "+X").flat) == {55}


def test_the_peer_distorts_what_is_not_square(
    flat: Callable[..., Path], tmp_path: Path, peer: Peer
) -> None:
    source = flat(255, Rows=64, Columns=256, WindowCenter=128, WindowWidth=256)
    assert (peer_icon(peer, source, tmp_path, "-Pcm") == 255).all()
    (instance,) = scan([source], jobs=1).instances
    ours = np.frombuffer(draw(_order(instance, 64)), np.uint8).reshape(64, 64)
    assert (ours[24:40] == 255).all()
    assert not ours[:24].any()
    assert not ours[40:].any()


def test_the_peer_draws_overlays(peer: Peer, pydicom_files: list[Path], tmp_path: Path) -> None:
    source = next(path for path in pydicom_files if path.name == "examples_overlay.dcm")
    theirs, ours = peer_icon(peer, source, tmp_path, "-Pcm"), our_picture(source, 64)
    differing = np.abs(theirs - ours) > 2
    assert differing.any()
    assert (theirs[differing] == 255).all()
    dataset = pydicom.dcmread(source)
    for element in [element for element in dataset if element.tag.group & 0xFF00 == 0x6000]:
        del dataset[element.tag]
    dataset.save_as(tmp_path / "plain.dcm")
    assert np.abs(peer_icon(peer, tmp_path / "plain.dcm", tmp_path, "-Pcm") - ours).max() <= 2
