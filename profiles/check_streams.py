"""Whether compressed pixel data is what its transfer syntax promises (PS3.5 A.4, PS3.11 H.3.4.2).

Of the frames of one file all are looked at up to `MOST_FRAMES`, else that many: the first, the
last and others evenly between. Nothing is decoded, and of every frame only head and tail are
read, so that a file of any size costs a bounded number of small reads.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from struct import Struct
from typing import Final, NamedTuple

from dicomdir.elements import BadEncoding, iterate_elements, text
from dicomdir.instance import Instance
from profiles import check_jpeg
from profiles import stream_rules as rules
from profiles.bitstreams import UnknownStream, read_jpeg_2000
from profiles.check_content import NUMBER_OF_FRAMES, PHOTOMETRIC, Fault, number
from profiles.check_fragments import (
    Fragments,
    NoFragments,
    Part,
    PRead,
    find_pixel_data,
    head_of,
    length_of,
    read_fragments,
    split_into_frames,
    table_fault,
    tail_of,
)
from profiles.check_video import HEAD, VIDEOS, Image, Video, frame_rate, video_faults
from profiles.transfer_syntaxes import EXPLICIT_BIG, EXPLICIT_LITTLE, IMPLICIT_LITTLE, RLE

MOST_FRAMES: Final = 64  # of one file that are looked at
# What the rules on videos ask about beyond what every instance is asked for.
FACTS: Final[tuple[tuple[int, bytes], ...]] = (
    (0x00180040, b"IS"),  # Cine Rate
    (0x00181063, b"DS"),  # Frame Time
    (0x00220028, b"CS"),  # Stereo Pairs Present
    (0x00280034, b"IS"),  # Pixel Aspect Ratio
)
# Native syntaxes whose data set is not deflated: the size of a file says how much can be in it.
_NATIVE: Final = frozenset((EXPLICIT_LITTLE, IMPLICIT_LITTLE, EXPLICIT_BIG))
_FIRST_READ: Final = 2048  # bytes of a frame; nearly always enough
_MOST_OF_HEAD: Final = 1 << 20  # bytes before the first scan of a frame; thumbnails stand there
_TAIL: Final = 64  # bytes in which the end marker of a stream must be
_END: Final = b"\xff\xd9"  # EOI of JPEG, EOC of JPEG 2000
_JP2: Final = b"\0\0\0\x0cjP  "
_CODESTREAM: Final = b"\xff\x4f\xff\x51"
_RLE_HEADER: Final = Struct("<16I")


class Pixels(NamedTuple):
    """What the attributes say about the frames."""

    rows: int
    columns: int
    samples: int
    allocated: int
    stored: int
    frames: int


class Coding(NamedTuple):
    """One compressed transfer syntax: how its frames begin and what is asked of them."""

    starts: tuple[bytes, ...]
    check: Callable[["Coding", Pixels, PRead, tuple[Part, ...]], Iterator[Fault]]
    process: int = 0  # of JPEG: second byte of the frame marker
    one_predictor: bool = False  # of a lossless process: Selection Value 1 alone
    lossless: bool = False  # the frames must be
    one_fragment: bool = False  # for each frame


def stream_faults(instance: Instance, pread: PRead) -> Iterator[Fault]:
    """Yield what is wrong with the pixel data of one file, each rule once.

    Args:
        instance: of the file, with `Instance.facts`.
        pread: reads the file: (length, offset) → bytes.
    """
    coding = CODINGS.get(instance.transfer_syntax_uid)
    video = VIDEOS.get(instance.transfer_syntax_uid)
    if coding is None and video is None:
        return
    facts, pixels = _facts(instance.facts)
    if pixels.rows < 1 or pixels.columns < 1:
        return  # no image
    start = instance.pixel_data
    if not start:
        place = find_pixel_data(pread, instance.size, instance.dataset_offset)
        if place is None:
            return  # pixel data that is not there is a matter of the object
        if not place.encapsulated:
            yield Fault(rules.NATIVE)
            return
        start = place.start
    try:
        fragments = read_fragments(pread, instance.size, start)
    except NoFragments as problem:
        yield Fault(rules.BROKEN, "", str(problem))
        return
    if video is not None:
        yield from _video(video, facts, pixels, fragments, pread)
    elif coding is not None:
        yield from _frames(coding, pixels, fragments, pread)


def needs_streams(syntax: str) -> bool:
    """Tell whether `stream_faults` looks at files in a transfer syntax."""
    return syntax in CODINGS or syntax in VIDEOS


def short_fault(instance: Instance) -> Fault | None:
    """Return what is wrong where native pixels cannot all be in the file; by its size alone."""
    if instance.transfer_syntax_uid not in _NATIVE:
        return None
    needed = _native_bytes(instance.facts)
    there = instance.size - instance.dataset_offset
    if there >= needed:
        return None
    message = f"the attributes announce {needed:,} bytes of pixels, the data set has {there:,}"
    return Fault(rules.SHORT, "", message)


@lru_cache(maxsize=1024)
def _native_bytes(facts: bytes) -> int:
    """Return the bytes of all frames as the attributes announce them; 0 where it is no image."""
    values, pixels = _facts(facts)
    if min(pixels.rows, pixels.columns, pixels.samples, pixels.allocated, pixels.frames) < 1:
        return 0
    bits = pixels.rows * pixels.columns * pixels.samples * pixels.allocated * pixels.frames
    if text(values.get(PHOTOMETRIC, b"")) in ("YBR_FULL_422", "YBR_PARTIAL_422"):
        bits = bits * 2 // 3
    return bits // 8


@lru_cache(maxsize=1024)
def _facts(facts: bytes) -> tuple[dict[int, bytes], Pixels]:
    """Return the facts of an instance by tag, and what they say about its frames."""
    try:
        values = {tag: facts[value:after] for tag, _, _, value, after in iterate_elements(facts)}
    except BadEncoding:
        values = {}
    return values, _pixels(values)


def _number(facts: dict[int, bytes], tag: int) -> int:
    value = facts.get(tag)
    return int.from_bytes(value[:2], "little") if value and len(value) >= 2 else -1


def _pixels(facts: dict[int, bytes]) -> Pixels:
    return Pixels(
        rows=_number(facts, 0x00280010),
        columns=_number(facts, 0x00280011),
        samples=_number(facts, 0x00280002),
        allocated=_number(facts, 0x00280100),
        stored=_number(facts, 0x00280101),
        frames=number(facts.get(NUMBER_OF_FRAMES), missing=1),
    )


def _video(
    video: Video, facts: dict[int, bytes], pixels: Pixels, fragments: Fragments, pread: PRead
) -> Iterator[Fault]:
    if len(fragments.parts) != 1 or fragments.table:
        table = f"a table of {len(fragments.table)} bytes" if fragments.table else "an empty table"
        message = f"{len(fragments.parts)} fragments after {table}; a video has one after an"
        yield Fault(rules.VIDEO_FRAGMENTS, "", f"{message} empty table")
    image = Image(
        pixels.samples,
        text(facts.get(PHOTOMETRIC, b"")),
        _number(facts, 0x00280006),
        pixels.rows,
        pixels.columns,
        (
            pixels.allocated,
            pixels.stored,
            _number(facts, 0x00280102),
            _number(facts, 0x00280103),
        ),
        frame_rate(facts.get(0x00180040), facts.get(0x00181063)),
        0x00280034 in facts,
        text(facts.get(0x00220028, b"")),
    )
    yield from video_faults(video, image, head_of(pread, fragments.parts, HEAD))


def _frames(coding: Coding, pixels: Pixels, fragments: Fragments, pread: PRead) -> Iterator[Fault]:
    fault = table_fault(fragments, pixels.frames)
    if fault:
        yield Fault(rules.OFFSET_TABLE, "", f"{rules.OFFSET_TABLE.meaning}: {fault}")
    if not fragments.complete:
        return
    if coding.one_fragment and len(fragments.parts) > pixels.frames:
        message = f"{len(fragments.parts)} fragments for {pixels.frames} RLE frames"
        yield Fault(rules.RLE_FRAGMENTS, "", message)
        return
    frames = split_into_frames(pread, fragments, pixels.frames, coding.starts)
    if frames is None:
        message = f"{len(fragments.parts)} fragments do not make {pixels.frames} frames"
        yield Fault(rules.FRAMES, "", message)
        return
    told: set[str] = set()
    for index in chosen(len(frames)):
        for found in coding.check(coding, pixels, pread, frames[index]):
            if found.rule.id not in told:
                told.add(found.rule.id)
                message = found.message or found.rule.meaning
                if len(frames) > 1:
                    message = f"frame {index + 1}: {message}"
                yield Fault(found.rule, "", message)


def chosen(frames: int) -> list[int]:
    """Return which frames are looked at: first and last always."""
    if frames <= MOST_FRAMES:
        return list(range(frames))
    return [n * (frames - 1) // (MOST_FRAMES - 1) for n in range(MOST_FRAMES)]


def _check_jpeg(
    coding: Coding, pixels: Pixels, pread: PRead, frame: tuple[Part, ...]
) -> Iterator[Fault]:
    try:
        head = _jpeg_head(pread, frame)
    except check_jpeg.NotJpeg as problem:
        yield Fault(rules.BROKEN, "", f"no JPEG stream: {problem}")
        return
    if head is None:
        yield Fault(rules.CUT_OFF, "", "a JPEG stream that ends before its first scan")
        return
    if head.process != coding.process:
        found, wanted = (
            check_jpeg.MARKER_NAMES.get(process, f"marker FF{process:02X}")
            for process in (head.process, coding.process)
        )
        yield Fault(rules.JPEG_PROCESS, "", f"the frame is {found}, not {wanted}")
    elif coding.process == check_jpeg.LOSSLESS and coding.one_predictor and head.selection != 1:
        message = f"the predictor is Selection Value {head.selection}, not 1"
        yield Fault(rules.JPEG_SELECTION, "", message)
    if coding.lossless and head.near:
        yield Fault(rules.LOSSY, "", f"NEAR is {head.near}, not 0")
    if head.missing:
        yield Fault(rules.JPEG_TABLES, "", f"the frame lacks {head.missing}")
    # Rows may be 0 in the frame header: a DNL segment after the scan tells (T.81 B.2.5).
    rows = head.rows or pixels.rows
    yield from _agree(pixels, rows, head.columns, head.samples, head.precision)
    if _END not in tail_of(pread, frame, _TAIL):
        yield Fault(rules.CUT_OFF)


def _jpeg_head(pread: PRead, frame: tuple[Part, ...]) -> check_jpeg.JpegHead | None:
    """Read as much of the frame as it takes; None when it ends before its first scan."""
    most = min(length_of(frame), _MOST_OF_HEAD)
    length = min(_FIRST_READ, most)
    while True:
        try:
            return check_jpeg.read_head(head_of(pread, frame, length))
        except check_jpeg.NeedsMore:
            if length >= most:
                return None
            length = min(length * 16, most)


def _agree(
    pixels: Pixels, rows: int, columns: int, samples: int, precision: int
) -> Iterator[Fault]:
    """Compare a frame with the attributes.

    A stream may be deeper than Bits Stored, as far as Bits Allocated: the upper bits are empty.
    """
    sized = (rows, columns, samples) == (pixels.rows, pixels.columns, pixels.samples)
    if not sized or precision > max(pixels.allocated, pixels.stored):
        said = f"{pixels.rows}x{pixels.columns}, {pixels.samples} samples of {pixels.allocated}"
        message = f"the frame is {rows}x{columns}, {samples} samples of {precision} bits"
        yield Fault(rules.ATTRIBUTES, "", f"{message}, the attributes say {said}")
    elif precision < pixels.stored:
        message = f"the frame is coded with {precision} bits, Bits Stored is {pixels.stored}"
        yield Fault(rules.DEPTH, "", message)


def _check_jpeg_2000(
    coding: Coding, pixels: Pixels, pread: PRead, frame: tuple[Part, ...]
) -> Iterator[Fault]:
    head = head_of(pread, frame, _FIRST_READ)
    if head.startswith(_JP2):
        yield Fault(rules.JP2)
        return
    try:
        if not head.startswith(_CODESTREAM):
            raise UnknownStream("no JPEG 2000 stream")
        stream = read_jpeg_2000(head)
    except UnknownStream as problem:
        yield Fault(rules.BROKEN, "", f"the frame is {problem}")
        return
    if coding.lossless and stream.lossy:
        yield Fault(rules.LOSSY, "", "the frame is coded with the irreversible wavelet")
    yield from _agree(pixels, stream.rows, stream.columns, stream.samples, stream.precision)
    if _END not in tail_of(pread, frame, _TAIL):
        yield Fault(rules.CUT_OFF)


def _check_rle(
    coding: Coding, pixels: Pixels, pread: PRead, frame: tuple[Part, ...]
) -> Iterator[Fault]:
    del coding
    length = length_of(frame)
    header = head_of(pread, frame, _RLE_HEADER.size)
    if len(header) < _RLE_HEADER.size:
        yield Fault(rules.RLE_SEGMENTS, "", f"the frame has {length} bytes, its header alone 64")
        return
    count, *offsets = _RLE_HEADER.unpack(header)
    wanted = pixels.samples * -(-pixels.allocated // 8)
    if count != wanted:
        message = f"{count} segments, {wanted} are needed for {pixels.samples} samples of"
        yield Fault(rules.RLE_SEGMENTS, "", f"{message} {pixels.allocated} bits")
        return
    used = offsets[:count]
    ascending = all(a < b for a, b in zip(used, [*used[1:], length], strict=True))
    if used[:1] != [_RLE_HEADER.size] or not ascending or any(offsets[count:]):
        yield Fault(rules.RLE_SEGMENTS, "", "the offsets of the segments are wrong")


_JPEG_STARTS: Final = (b"\xff\xd8\xff",)
_J2K_STARTS: Final = (_CODESTREAM, _JP2)
_BASE: Final = "1.2.840.10008.1.2.4."


def _jpeg(process: int, *, one_predictor: bool = False, lossless: bool = False) -> Coding:
    return Coding(_JPEG_STARTS, _check_jpeg, process, one_predictor, lossless)


def _jpeg_2000(*, lossless: bool) -> Coding:
    return Coding(_J2K_STARTS, _check_jpeg_2000, lossless=lossless)


CODINGS: Final[dict[str, Coding]] = {
    RLE: Coding((), _check_rle, one_fragment=True),
    f"{_BASE}50": _jpeg(0xC0),
    f"{_BASE}51": _jpeg(0xC1),
    f"{_BASE}57": _jpeg(check_jpeg.LOSSLESS),
    f"{_BASE}70": _jpeg(check_jpeg.LOSSLESS, one_predictor=True),
    f"{_BASE}80": _jpeg(check_jpeg.JPEG_LS, lossless=True),
    f"{_BASE}81": _jpeg(check_jpeg.JPEG_LS),
    f"{_BASE}90": _jpeg_2000(lossless=True),
    f"{_BASE}91": _jpeg_2000(lossless=False),
    f"{_BASE}201": _jpeg_2000(lossless=True),
    f"{_BASE}202": _jpeg_2000(lossless=True),
    f"{_BASE}203": _jpeg_2000(lossless=False),
}
