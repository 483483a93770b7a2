"""What can be encoded is told from attributes alone, before any pixel is touched."""

import pytest

from dicomdir.elements import encode_element
from profiles.encodable import (
    CODING,
    ENCODABLE,
    JPEG_2000,
    JPEG_2000_LOSSLESS,
    JPEG_BASELINE,
    JPEG_EXTENDED,
    JPEG_LOSSLESS,
    LOSSLESS,
    why_not_encodable,
)
from profiles.transfer_syntaxes import EXPLICIT_LITTLE, RLE

TAGS = {
    "samples": 0x00280002,
    "rows": 0x00280010,
    "columns": 0x00280011,
    "allocated": 0x00280100,
    "stored": 0x00280101,
    "high_bit": 0x00280102,
    "signed": 0x00280103,
}


def facts(photometric: str = "MONOCHROME2", *, lossy: bool = False, **numbers: int) -> bytes:
    values = {"samples": 1, "rows": 10, "columns": 10, "allocated": 16, "stored": 12}
    values |= {"high_bit": numbers.get("stored", 12) - 1, "signed": 0} | numbers
    rows = {TAGS[name]: (b"US", value.to_bytes(2, "little")) for name, value in values.items()}
    if photometric:
        rows[0x00280004] = (b"CS", photometric.encode())
    if lossy:
        rows[0x00282110] = (b"CS", b"01")
    return b"".join(encode_element(tag, *rows[tag]) for tag in sorted(rows))


GREY_8 = facts(allocated=8, stored=8)
COLOUR = facts("RGB", samples=3, allocated=8, stored=8)


@pytest.mark.parametrize(
    ("image", "syntaxes"),
    [
        (GREY_8, {RLE, JPEG_BASELINE, JPEG_LOSSLESS, JPEG_2000_LOSSLESS, JPEG_2000}),
        (facts(), {RLE, JPEG_EXTENDED, JPEG_LOSSLESS, JPEG_2000_LOSSLESS, JPEG_2000}),
        (facts(stored=16), {RLE, JPEG_LOSSLESS, JPEG_2000_LOSSLESS, JPEG_2000}),
        (facts(signed=1), {RLE, JPEG_LOSSLESS, JPEG_2000_LOSSLESS, JPEG_2000}),
        (facts(high_bit=15), {RLE}),
        (facts(lossy=True), {RLE, JPEG_LOSSLESS, JPEG_2000_LOSSLESS}),
        (COLOUR, {RLE, JPEG_BASELINE, JPEG_LOSSLESS, JPEG_2000_LOSSLESS, JPEG_2000}),
        (facts("PALETTE COLOR"), {RLE, JPEG_LOSSLESS, JPEG_2000_LOSSLESS}),
        (facts(allocated=1, stored=1), set()),
        (facts(allocated=32, stored=32), set()),
        (facts("RGB"), set()),  # one sample per pixel
        (facts("", rows=0), set()),
        (b"", set()),
        (b"no elements at all", set()),
    ],
)
def test_which_syntaxes_take_an_image(image: bytes, syntaxes: set[str]) -> None:
    taken = {uid for uid in CODING if why_not_encodable(uid, image) == ""}
    assert taken == syntaxes
    assert why_not_encodable(EXPLICIT_LITTLE, image) == ""


@pytest.mark.parametrize("photometric", ["YBR_FULL_422", "YBR_RCT", "YBR_ICT"])
def test_colours_that_only_compressed_images_have_count_as_what_they_decode_to(
    photometric: str,
) -> None:
    image = facts(photometric, samples=3, allocated=8, stored=8)
    assert why_not_encodable(RLE, image) == ""


@pytest.mark.parametrize(
    ("syntax", "image", "words"),
    [
        (JPEG_BASELINE, facts(), "JPEG Baseline"),
        (JPEG_LOSSLESS, facts(high_bit=15), "High Bit one less than Bits Stored, and it is 15"),
        (JPEG_LOSSLESS, b"", "not an image"),
        (RLE, facts(allocated=1, stored=1), "1 bits in cells of 1"),
        (JPEG_2000, facts(lossy=True), "lossy compression already"),
        ("1.2.840.10008.1.2.4.80", facts(), "JPEG-LS Lossless"),
        ("1.2.840.10008.1.2.4.100", facts(), "is not written"),
        (RLE, facts(rows=65501), "larger than 65500"),
    ],
)
def test_the_reason_tells_an_operator_what_is_in_the_way(
    syntax: str, image: bytes, words: str
) -> None:
    assert words in why_not_encodable(syntax, image)


def test_the_lossless_ones_are_known() -> None:
    assert {JPEG_BASELINE, JPEG_EXTENDED, JPEG_2000} == ENCODABLE - LOSSLESS
    assert LOSSLESS < ENCODABLE
