"""Every file of the sources is on the disc, with its content, or is named with the reason."""

import contextlib
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.pixels import convert_color_space

# Elements that say how the data set is encoded, not what it holds, or that pydicom computes.
# Elements that tell of an earlier lossy compression; such an image must say so (PS3.3 C.7.6.1.1.5).
OF_LOSSY_SOURCES = {
    "LossyImageCompression",
    "LossyImageCompressionRatio",
    "LossyImageCompressionMethod",
}
OF_THE_ENCODING = {
    "PixelData",
    "PhotometricInterpretation",  # YBR of JPEG becomes RGB (PS3.5 8.2)
    "PlanarConfiguration",  # PS3.3 C.7.6.3.1.3: there is none but 0 when it was compressed
    "SamplesPerPixel",
    "PixelRepresentation",
    "ExtendedOffsetTable",
    "ExtendedOffsetTableLengths",
    "DataSetTrailingPadding",
}


def left_out(disc: Any) -> list[dict[str, str]]:
    """Return the files that were found and left out, not those that were never there."""
    return [item for item in disc.answer["left_out"] if item["kind"] != "missing"]


def on_disc(disc: Any) -> list[str]:
    return sorted(set(disc.sources) - {item["source"] for item in left_out(disc)})


def how(disc: Any) -> dict[str, str]:
    """Return what was done to the sources that are not simply copied."""
    return {item["source"]: item["how"] for item in disc.answer["mended"]}


def pairs(disc: Any, action: str) -> Iterator[tuple[str, Path]]:
    """Yield each source that came by *action* and its file, found by its SOP Instance UID."""
    actions = how(disc)
    for source in on_disc(disc):
        if actions.get(source, "copied") == action:
            # All of it: a stop tag would be met in the middle of what some broken files hold.
            uid = str(pydicom.dcmread(source, force=True).SOPInstanceUID)
            yield source, disc.file_of(uid)


def test_the_counts_add_up_to_the_files_that_were_found(disc: Any) -> None:
    answer = disc.answer
    assert answer["copied"] + answer["transcoded"] + len(left_out(disc)) == len(disc.sources)
    (volume,) = answer["volumes"]
    assert volume["instances"] == answer["copied"] + answer["transcoded"] == len(disc.records)
    assert volume["bytes"] == disc.image.stat().st_size


def test_every_file_is_on_the_disc_or_named_once_with_a_reason(disc: Any) -> None:
    named = [item["source"] for item in disc.answer["left_out"]]
    assert len(named) == len(set(named))
    assert {item["source"] for item in left_out(disc)} <= set(disc.sources)
    missing = set(named) - {item["source"] for item in left_out(disc)}
    assert not [source for source in missing if os.path.lexists(source)]
    assert all(item["reason"] and item["kind"] for item in disc.answer["left_out"])
    assert len(on_disc(disc)) == len(disc.records)


def test_an_object_that_is_said_to_be_stored_instead_is_stored(disc: Any) -> None:
    """Two objects with one UID cannot both be there; then one of them must be."""
    stored = set(on_disc(disc))
    for item in disc.answer["left_out"]:
        if item["kind"] in ("contradiction", "duplicate") and "that one is" in item["reason"]:
            other = item["reason"].partition("UID of ")[2].partition(", but")[0]
            assert other in stored, item


def test_what_is_copied_is_there_byte_for_byte(disc: Any) -> None:
    number = 0
    for source, file in pairs(disc, "copied"):
        assert file.read_bytes() == Path(source).read_bytes(), source
        number += 1
    assert number == disc.answer["copied"] - list(how(disc).values()).count("re-headed")
    assert number > 30


def test_what_has_a_new_head_has_the_old_data_set_byte_for_byte(disc: Any) -> None:
    number = 0
    for source, file in pairs(disc, "re-headed"):
        ours = file.read_bytes()
        meta = pydicom.filereader.read_file_meta_info(file)
        data_set = ours[132 + 12 + meta.FileMetaInformationGroupLength :]
        assert Path(source).read_bytes().endswith(data_set), source
        assert same(pydicom.dcmread(source, force=True), pydicom.dcmread(file)) == []
        number += 1
    assert number == list(how(disc).values()).count("re-headed")
    assert number > 5


def same(
    source: pydicom.Dataset, ours: pydicom.Dataset, *, ignore: set[str] = frozenset()
) -> list[str]:
    """Return the keywords or tags of elements that differ; values, not their encoding."""
    different = []
    for tag in sorted({*source.keys(), *ours.keys()}):
        keyword = pydicom.datadict.keyword_for_tag(tag)
        if keyword in ignore or tag.element == 0:  # group lengths are retired (PS3.5 7.2)
            continue
        if tag not in source or tag not in ours:
            different.append(f"{tag} {keyword} is only in one")
        elif not same_value(source[tag].value, ours[tag].value):
            different.append(f"{tag} {keyword}: {source[tag].value!r:.60} {ours[tag].value!r:.60}")
    return different


def same_value(one: Any, other: Any) -> bool:
    if isinstance(one, pydicom.Sequence) and isinstance(other, pydicom.Sequence):
        return len(one) == len(other) and all(
            not same(a, b, ignore=compressed_icon(a)) for a, b in zip(one, other, strict=True)
        )
    if isinstance(one, bytes) and isinstance(other, bytes):
        return one.rstrip(b"\0 ") == other.rstrip(b"\0 ")
    if isinstance(one, bytes) and isinstance(other, int):  # OW or US, as the standard leaves open
        return int.from_bytes(one, "little") == other
    return bool(one == other) or (one in (None, "") and other in (None, ""))


def compressed_icon(item: pydicom.Dataset) -> set[str]:
    """An icon is compressed with its image, and converted with it."""
    pixels = item.get("PixelData") or b""
    return OF_THE_ENCODING if pixels.startswith(b"\xfe\xff\x00\xe0") else set()


def test_what_is_transcoded_has_all_elements_as_they_were(disc: Any) -> None:
    number = 0
    for source, file in pairs(disc, "transcoded"):
        before = pydicom.dcmread(source, force=True)
        ours = pydicom.dcmread(file)
        found = same(before, ours, ignore=OF_THE_ENCODING | OF_LOSSY_SOURCES)
        assert found == [], source
        for keyword in OF_LOSSY_SOURCES & set(before.dir()):
            if before[keyword].value not in (None, "", "00"):  # "00" would be a lie
                assert ours[keyword].value == before[keyword].value, (source, keyword)
        assert not lossy(before) or ours.LossyImageCompression == "01", source
        number += 1
    assert number == disc.answer["transcoded"]
    assert number > 5


def lossy(dataset: pydicom.Dataset) -> bool:
    return dataset.file_meta.get("TransferSyntaxUID") in {
        pydicom.uid.JPEGBaseline8Bit,
        pydicom.uid.JPEGExtended12Bit,
        pydicom.uid.JPEGLSNearLossless,
    }


# What no peer decodes here, or decodes to something else. File → why.
NOT_COMPARED = {
    "fragment-multiframe-test.dcm": "neither GDCM nor DCMTK decodes JPEG 2000 so fragmented",
    "liver_deflate.dcm": "GDCM and DCMTK do not know Deflated Image Frame Compression",
    "liver_rle.dcm": "one bit a pixel: pydicom's RLE decoder wants eight",
    "ambiguous_vr.dcm": "Pixel Data is longer than its frames; the peers refuse it",
    "layer9.dcm": "the JPEG stream is YCbCr by its JFIF header, the data set says RGB: the peers "
    "believe the data set, and show a slide in turquoise",
}


# GDCM decodes the rest; its colours of JPEG are RGB under the name of YBR.
DECODERS = {
    "dcmdjpeg": {
        "1.2.840.10008.1.2.4.50",
        "1.2.840.10008.1.2.4.51",
        "1.2.840.10008.1.2.4.57",
        "1.2.840.10008.1.2.4.70",
    },
    "dcmdjpls": {"1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81"},
    "dcmdrle": {"1.2.840.10008.1.2.5"},
}


def test_what_is_transcoded_has_the_pixels_that_others_decode(
    disc: Any, tmp_path: Path, peer: Callable[[str], str]
) -> None:
    compared = 0
    for source, file in pairs(disc, "transcoded"):
        ours = pydicom.dcmread(file)
        if "PixelData" not in ours or Path(source).name in NOT_COMPARED:
            continue
        theirs = decoded(source, tmp_path, peer)
        assert theirs is not None, f"{source}: nobody decodes it"
        assert np.array_equal(in_rgb(ours), in_rgb(theirs)), source
        compared += 1
    assert compared > 20


def decoded(source: str, folder: Path, peer: Callable[[str], str]) -> pydicom.Dataset | None:
    """Return the source as the peer for its transfer syntax decodes it, or pydicom alone."""
    target = folder / "decoded.dcm"
    target.unlink(missing_ok=True)
    syntax = str(pydicom.dcmread(source, force=True).file_meta.get("TransferSyntaxUID", ""))
    tool = next((tool for tool, known in DECODERS.items() if syntax in known), "gdcmconv --raw")
    name, *words = tool.split()
    subprocess.run([peer(name), *words, source, str(target)], capture_output=True, check=False)
    for path in (target, source):
        with contextlib.suppress(Exception):  # whatever a peer raises: it cannot
            dataset = pydicom.dcmread(path, force=True)
            assert dataset.pixel_array.size
            return dataset
    return None


def in_rgb(dataset: pydicom.Dataset) -> "np.ndarray[Any, Any]":
    array = dataset.pixel_array
    if dataset.PhotometricInterpretation in ("YBR_FULL", "YBR_FULL_422"):
        return convert_color_space(array, "YBR_FULL", "RGB")
    return array


@pytest.mark.parametrize("tool", ["pycdlib", "7z"])
def test_the_manifest_agrees_with_what_is_taken_out(
    tool: str, disc: Any, tmp_path: Path, peer: Callable[[str], str]
) -> None:
    folder = disc.folder
    if tool == "7z":
        folder = tmp_path
        subprocess.run(
            [peer("7z"), "x", "-bd", f"-o{folder}", str(disc.image)],
            stdout=subprocess.DEVNULL,
            check=True,
        )
    done = subprocess.run(
        [peer("sha256sum"), "--check", "--strict", "--quiet", "MANIFEST.TXT"],
        cwd=folder,
        env={**os.environ, "LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    listed = (folder / "MANIFEST.TXT").read_text().splitlines()
    assert len(listed) == sum(path.is_file() for path in folder.rglob("*")) - 1
