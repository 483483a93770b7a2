"""What a verifier asks of a video: its container, its attributes, its level (PS3.5 8.2.5 to 8.2.8).

The stream itself is not decoded: its beginning must be that of a stream or container of its
kind, and where size and level stand at the beginning they are compared.
"""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from profiles import stream_rules as rules
from profiles.check_content import Fault

HEAD: Final = 65536  # bytes of a stream that are looked at
_SEQUENCE_HEADER: Final = b"\0\0\1\xb3"
_PACK_HEADER: Final = b"\0\0\1\xba"
_START_CODES: Final = (b"\0\0\1", b"\0\0\0\1")
_LEVELS: Final = {41: (8192, 245_760), 42: (8704, 522_240)}  # macroblocks of a frame, per second
_ANY_RATE: Final[frozenset[int]] = frozenset()
_STEREO: Final = 0x00220028


class Image(NamedTuple):
    """The attributes of a video image that rules ask about; -1 where they are absent."""

    samples: int
    photometric: str
    planar: int
    rows: int
    columns: int
    bits: tuple[int, int, int, int]  # allocated, stored, high bit, pixel representation
    rate: float  # frames per second, 0.0 when it cannot be told
    aspect: bool  # Pixel Aspect Ratio is present
    stereo: str  # Stereo Pairs Present, "" when absent


class Video(NamedTuple):
    """One video transfer syntax of PS3.5."""

    name: str  # of the coding, for messages
    opens: Callable[[bytes], bool]
    sizes: dict[tuple[int, int], frozenset[int]]  # (rows, columns) → rates; empty: by level
    most: tuple[int, int] = (0, 0)  # rows and columns at most; (0, 0): as `sizes` or level say
    level: int = 0  # of H.264, times ten
    gray: bool = False  # MONOCHROME2 is allowed besides YBR_PARTIAL_420
    stereo: frozenset[str] | None = None  # values of Stereo Pairs Present; None: not limited
    square: bool = True  # Pixel Aspect Ratio must be absent


def _is_transport_stream(head: bytes) -> bool:
    # Packets of 188 bytes, or of 192 with a time stamp before each.
    return any(
        len(head) > first + step and head[first] == 0x47 and head[first + step] == 0x47
        for first, step in ((0, 188), (4, 192))
    )


def _opens_mpeg_2(head: bytes) -> bool:
    return head.startswith((_SEQUENCE_HEADER, _PACK_HEADER)) or _is_transport_stream(head)


def _opens_h_264(head: bytes) -> bool:
    return head[4:8] == b"ftyp" or head.startswith(_START_CODES) or _is_transport_stream(head)


_FULL_HD: Final = (1080, 1920)
_HD: Final = (720, 1280)
_NOT_STEREO: Final = frozenset(("", "NO"))
_BASE: Final = "1.2.840.10008.1.2.4."
VIDEOS: Final[dict[str, Video]] = {
    f"{_BASE}100": Video("MPEG-2", _opens_mpeg_2, {}, most=(576, 720), gray=True, square=False),
    f"{_BASE}101": Video(
        "MPEG-2",
        _opens_mpeg_2,
        dict.fromkeys((_HD, _FULL_HD), frozenset((24, 25, 30, 50, 60))),
        gray=True,
    ),
    f"{_BASE}102": Video("H.264", _opens_h_264, {}, level=41),
    f"{_BASE}103": Video(
        "H.264",
        _opens_h_264,
        {_FULL_HD: frozenset((24, 25, 30)), _HD: frozenset((24, 50, 60))},
        level=41,
    ),
    f"{_BASE}104": Video("H.264", _opens_h_264, {}, level=42, stereo=_NOT_STEREO),
    f"{_BASE}105": Video("H.264", _opens_h_264, {}, level=42, stereo=frozenset(("YES",))),
    f"{_BASE}106": Video("H.264", _opens_h_264, {}, level=42, stereo=frozenset(("YES",))),
}


def video_faults(video: Video, image: Image, head: bytes) -> Iterator[Fault]:
    """Yield what speaks against a video.

    Args:
        video: what its transfer syntax asks for.
        image: its attributes.
        head: the first `HEAD` bytes of its stream.
    """
    yield from _pixel_faults(video, image)
    yield from _size_faults(video, image)
    if video.stereo is not None and image.stereo not in video.stereo:
        message = f"Stereo Pairs Present is {image.stereo[:16] or 'absent'}"
        wanted = " or ".join(value or "absent" for value in sorted(video.stereo))
        yield Fault(rules.VIDEO_STEREO, "", f"{message}, the transfer syntax wants {wanted}")
    if not video.opens(head):
        message = f"the bit stream does not begin as {video.name} or a container of it does"
        yield Fault(rules.BROKEN, "", message)
        return
    if video.level:
        level = h_264_level(head)
        if level > video.level:
            message = f"the stream is of level {level / 10}, at most {video.level / 10} is allowed"
            yield Fault(rules.VIDEO_LEVEL, "", message)
    else:
        yield from _size_in_stream(image, head)


def _pixel_faults(video: Video, image: Image) -> Iterator[Fault]:
    colour = (3, "YBR_PARTIAL_420", 0)
    gray = (1, "MONOCHROME2")
    found = image.samples, image.photometric, image.planar
    if found != colour and not (video.gray and found[:2] == gray):
        message = (
            f"Samples per Pixel {_said(image.samples)}, {image.photometric[:16] or 'no colours'},"
            f" Planar Configuration {_said(image.planar)}; a video has 3, YBR_PARTIAL_420, 0"
        )
        yield Fault(rules.VIDEO_PIXELS, "", message)
    elif image.bits != (8, 8, 7, 0):
        message = "Bits Allocated, Bits Stored, High Bit, Pixel Representation are"
        bits = ", ".join(map(_said, image.bits))
        yield Fault(rules.VIDEO_PIXELS, "", f"{message} {bits}; a video has 8, 8, 7, 0")
    elif video.square and image.aspect:
        message = "Pixel Aspect Ratio (0028,0034) is present; the pixels must be square"
        yield Fault(rules.VIDEO_PIXELS, "", message)


def _said(number: int) -> str:
    return "absent" if number < 0 else str(number)


def _size_faults(video: Video, image: Image) -> Iterator[Fault]:
    rows, columns, rate = image.rows, image.columns, image.rate
    size = f"{rows} rows of {columns} pixels"
    if video.sizes:
        rates = video.sizes.get((rows, columns))
        if rates is None:
            wanted = " or ".join(f"{r}x{c}" for r, c in sorted(video.sizes))
            yield Fault(rules.VIDEO_SIZE, "", f"{size}; the transfer syntax wants {wanted}")
        elif rate and not any(abs(rate - allowed) < 0.6 for allowed in rates):
            message = f"{rate:.4g} frames per second at {size}; the transfer syntax wants"
            wanted = ", ".join(map(str, sorted(rates)))
            yield Fault(rules.VIDEO_RATE, "", f"{message} {wanted} (or 1/1.001 of it)")
        return
    if video.level:
        most, per_second = _LEVELS[video.level]
        blocks = -(-rows // 16) * -(-columns // 16)
        if blocks > most:
            yield Fault(rules.VIDEO_SIZE, "", f"{size} are too large for level {video.level / 10}")
        elif rate and blocks * rate > per_second * 1.001:
            message = f"{rate:.4g} frames per second at {size} are too many for"
            yield Fault(rules.VIDEO_RATE, "", f"{message} level {video.level / 10}")
    elif rows > video.most[0] or columns > video.most[1]:
        message = f"{size}; the transfer syntax allows {video.most[0]} of {video.most[1]}"
        yield Fault(rules.VIDEO_SIZE, "", message)
    elif rate > (30.1 if rows <= 480 else 25.1):
        message = f"{rate:.4g} frames per second at {size}; the transfer syntax allows 30 up to"
        yield Fault(rules.VIDEO_RATE, "", f"{message} 480 rows and 25 up to 576")


def _size_in_stream(image: Image, head: bytes) -> Iterator[Fault]:
    """Compare the size in an MPEG-2 sequence header (ISO/IEC 13818-2 6.2.2.1)."""
    at = head.find(_SEQUENCE_HEADER)
    if at < 0 or at + 7 > len(head):
        return
    packed = int.from_bytes(head[at + 4 : at + 7], "big")
    rows, columns = packed & 0xFFF, packed >> 12
    if (rows, columns) != (image.rows, image.columns):
        message = f"the stream has {rows} rows of {columns} pixels, the attributes say"
        yield Fault(rules.ATTRIBUTES, "", f"{message} {image.rows} of {image.columns}")


def h_264_level(head: bytes) -> int:
    """Return ten times the level that a stream names at its beginning; 0 when none is found.

    In MP4 it stands in the box avcC (ISO/IEC 14496-15), elsewhere in the sequence parameter set
    (ITU-T H.264 7.3.2.1.1).
    """
    if head[4:8] == b"ftyp":
        at = head.find(b"avcC")
        return head[at + 7] if 0 <= at < len(head) - 7 else 0
    for name in (b"\0\0\1\x67", b"\0\0\1\x27", b"\0\0\1\x47"):
        at = head.find(name)
        if 0 <= at < len(head) - 6:
            return head[at + 6]
    return 0


def frame_rate(cine_rate: bytes | None, frame_time: bytes | None) -> float:
    """Return frames per second by Frame Time (0018,1063) or Cine Rate (0018,0040); 0.0: unknown."""
    try:
        milliseconds = float((frame_time or b"0").strip(b" \0")[:16] or 0)
        if milliseconds > 0:
            return 1000 / milliseconds
        rate = float((cine_rate or b"0").strip(b" \0")[:16] or 0)
    except ValueError:
        return 0.0
    return rate if 0 < rate < 1e6 else 0.0
