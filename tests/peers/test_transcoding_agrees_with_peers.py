"""Other people's codecs read what we encode, and we read what they encode: bit for bit.

Every real image goes through every lossless syntax, in both directions.
"""

import subprocess
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dicomdir.elements import text, values_by_tag
from dicomdir.index import Indexer
from dicomdir.instance import Instance
from dicomdir.scan import scan
from profiles.transcode import TranscodeJob, transcode
from profiles.transfer_syntaxes import (
    EXPLICIT_LITTLE,
    RLE,
    TRANSFER_SYNTAXES,
    Kind,
)

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import pydicom
    import pydicom.data

Peer = Callable[[str], str]
Array = np.ndarray[Any, np.dtype[Any]]

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
SV1 = "1.2.840.10008.1.2.4.70"
J2K = "1.2.840.10008.1.2.4.90"

# What makes one image another kind of image.
SHAPE = (
    (0x00280002, b"US"),
    (0x00280004, b"CS"),
    (0x00280006, b"US"),
    (0x00280008, b"IS"),
    (0x00280100, b"US"),
    (0x00280101, b"US"),
    (0x00280102, b"US"),
    (0x00280103, b"US"),
)
# Why an image is refused, where that is right.
RIGHTLY_REFUSED = (
    "it is not an image with pixel data",
    "for 1 bits in cells of 1",
    "for 32 bits in cells of 32",
    "it is YBR_FULL_422 with",  # two samples per pixel that are stored uncompressed
    "where the data set announces",
    "no repair",
    "the pixel data has 2 bytes",
)


@dataclass(frozen=True, slots=True)
class Images:
    """Real images, each in native encoding."""

    folder: Path
    native: dict[str, Instance]


@pytest.fixture(
    scope="module",
    params=["one of each shape", pytest.param("every real file", marks=pytest.mark.slow)],
)
def images(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Images:
    """Real images, converted to Explicit VR Little Endian; another test proves that right."""
    folder = tmp_path_factory.mktemp("images")
    jobs = [
        TranscodeJob(instance, str(folder / f"{number}.dcm"), EXPLICIT_LITTLE)
        for number, instance in enumerate(found_images(request.param == "every real file"))
    ]
    results = transcode(jobs)
    names = {r.job.target: Path(r.job.instance.source).name for r in results}
    return Images(
        folder,
        {
            f"{names[r.job.target]} {r.job.instance.size}": r.instance
            for r in results
            if r.instance is not None
        },
    )


def found_images(every: bool) -> list[Instance]:
    """Return real images that can be decoded: all of them, or one of each shape."""
    folders = [Path(pydicom.data.__file__).parent / "test_files"]
    if every and SHARED.is_dir():
        folders.append(SHARED)
    found: dict[object, Instance] = {}
    for instance in scan(folders, Indexer((), SHAPE), jobs=1).instances:
        kind = TRANSFER_SYNTAXES[instance.transfer_syntax_uid].kind
        frames = text(values_by_tag(instance.facts).get(0x00280008, b"")) or "1"
        decodable = kind in (Kind.TARGET, Kind.PLAIN, Kind.FRAMES) and frames.isdigit()
        if instance.facts and decodable:
            name = (Path(instance.source).name, instance.size)
            found.setdefault(name if every else instance.facts, instance)
    return list(found.values())


def read(path: str | Path) -> "pydicom.FileDataset":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pydicom.dcmread(path)


def values(path: str | Path) -> Array:
    """Return what a reader makes of native cells: numbers of Bits Stored, colours by pixel."""
    data_set = read(path)
    bits, stored = int(data_set.BitsAllocated), int(data_set.BitsStored)
    size, samples = int(data_set.Rows) * int(data_set.Columns), int(data_set.SamplesPerPixel)
    number = size * samples * int(data_set.get("NumberOfFrames", 1) or 1)
    cells = np.frombuffer(data_set.PixelData, f"<u{bits // 8}")[:number].astype(np.int64)
    if samples > 1 and data_set.PlanarConfiguration == 1:
        cells = cells.reshape(-1, samples, size).transpose(0, 2, 1).ravel()
    cells &= (1 << stored) - 1
    if data_set.PixelRepresentation == 1:
        cells -= (cells >> (stored - 1)) << stored
    return cells


def encoded(images: Images, syntax: str, folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield (name, file in our encoding) of every image that can be encoded."""
    jobs = [
        TranscodeJob(instance, str(folder / f"{number}.ours"), syntax)
        for number, instance in enumerate(images.native.values())
    ]
    for name, result in zip(images.native, transcode(jobs), strict=True):
        if result.instance is not None:
            yield name, Path(result.instance.source)
        else:
            assert any(words in result.reason for words in RIGHTLY_REFUSED), (name, result.reason)


# (what the peer is, how it decodes)
DECODERS = {
    (SV1, "DCMTK"): ("dcmdjpeg", "+cn"),
    (SV1, "GDCM"): ("gdcmconv", "--raw"),
    (RLE, "DCMTK"): ("dcmdrle",),
    (RLE, "GDCM"): ("gdcmconv", "--raw"),
    (J2K, "GDCM"): ("gdcmconv", "--raw"),
}
# Image → why the peer's answer is another one.
DECODED_OTHERWISE = {
    (RLE, "GDCM"): {
        "SC_rgb_rle_16bit.dcm": "GDCM reads 16 bit colours of any RLE otherwise than DCMTK and "
        "pydicom do, those of the original too",
    },
    (J2K, "GDCM"): {
        "RG3_JPLY": "a cell uses a bit above Bits Stored, so that all 16 are coded; GDCM returns "
        "the same cells and says Bits Stored 16",
    },
}


def cannot_copy(command: list[str], path: str, folder: Path) -> bool:
    """Return whether a peer does not even pass on the image uncompressed: it is not asked then."""
    target = folder / "native"
    target.unlink(missing_ok=True)
    done = subprocess.run([*command, path, target], capture_output=True, check=False)
    return done.returncode != 0 or not target.exists()


@pytest.mark.parametrize(("syntax", "who"), DECODERS)
def test_peers_decode_what_we_encode(
    syntax: str, who: str, images: Images, peer: Peer, tmp_path: Path
) -> None:
    command = [peer(DECODERS[syntax, who][0]), *DECODERS[syntax, who][1:]]
    wrong: list[tuple[str, str]] = []
    seen = 0
    for name, path in encoded(images, syntax, tmp_path):
        target = tmp_path / "theirs"
        target.unlink(missing_ok=True)
        done = subprocess.run([*command, path, target], capture_output=True, check=False)
        seen += 1
        if done.returncode or not target.exists():
            if who == "GDCM" and cannot_copy(command, images.native[name].source, tmp_path):
                continue
            wrong.append((name, done.stderr[-200:].decode("ascii", "replace")))
        elif not np.array_equal(values(target), values(images.native[name].source)):
            wrong.append((name, "other values"))
    known = DECODED_OTHERWISE.get((syntax, who), {})
    unexpected = [f"{name}: {why}" for name, why in wrong if name.split()[0] not in known]
    assert not unexpected, "\n".join(unexpected)
    assert seen > 15


ENCODERS = {
    (SV1, "DCMTK"): ("dcmcjpeg", "+e1"),
    (SV1, "GDCM"): ("gdcmconv", "--jpeg"),
    (RLE, "DCMTK"): ("dcmcrle",),
    (RLE, "GDCM"): ("gdcmconv", "--rle"),
    (J2K, "GDCM"): ("gdcmconv", "--j2k"),
}


# Image → why the peer encodes something else than the image.
ENCODED_OTHERWISE = {
    (RLE, "GDCM"): {
        "MR_small_padded.dcm": "GDCM codes the bytes after the frame as well, and DCMTK and "
        "pydicom find in it what we find",
    },
}


def why_not_asked(data_set: "pydicom.FileDataset", syntax: str) -> str:
    """Return why what a peer makes of an image proves nothing."""
    if data_set.PhotometricInterpretation == "YBR_FULL_422":
        return "two samples per pixel are stored, and peers code three"
    if data_set.BitsAllocated == 1:
        return "peers code eight bits, and leave Bits Allocated at one"
    if data_set.BitsAllocated == 32 and syntax == J2K:
        return "OpenJPEG decodes no 32 bits; such a file is refused with that reason"
    return ""


@pytest.mark.parametrize(("syntax", "who"), ENCODERS)
def test_we_decode_what_peers_encode(
    syntax: str, who: str, images: Images, peer: Peer, tmp_path: Path
) -> None:
    command = [peer(ENCODERS[syntax, who][0]), *ENCODERS[syntax, who][1:]]
    jobs, names = [], []
    for number, (name, instance) in enumerate(images.native.items()):
        target = tmp_path / f"{number}.theirs"
        subprocess.run([*command, instance.source, target], capture_output=True, check=False)
        found = scan([target], jobs=1).instances if target.exists() else ()
        if found and found[0].transfer_syntax_uid == syntax:
            jobs.append(TranscodeJob(found[0], str(tmp_path / f"{number}.ours"), EXPLICIT_LITTLE))
            names.append(name)
    wrong: list[tuple[str, str]] = []
    for name, result in zip(names, transcode(jobs), strict=True):
        before = read(images.native[name].source)
        if "PixelData" not in before or why_not_asked(before, syntax):
            continue
        if result.instance is None:
            wrong.append((name, result.reason))
        elif not np.array_equal(values(result.instance.source), values(before.filename)):
            wrong.append((name, "other values"))
    known = ENCODED_OTHERWISE.get((syntax, who), {})
    unexpected = [f"{name}: {why}" for name, why in wrong if name.split()[0] not in known]
    assert not unexpected, "\n".join(unexpected)
    assert len(names) > 15
