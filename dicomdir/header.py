"""The header of one DICOM file: preamble, File Meta Information and the wanted elements (PS3.10 7).

One open, one read of the first 16 KiB, one small read per jump past them. Pixel data is never
read. What is not DICOM, is truncated or contradicts itself raises NotDicom with the reason.
"""

from collections.abc import Mapping
from struct import error
from typing import Final

from dicomdir import walk
from dicomdir.convert import CannotConvert, explicit_little
from dicomdir.elements import (
    LONG_VRS,
    SHORT_VRS,
    TAG_VR_LENGTH,
    UNDEFINED_LENGTH,
    BadEncoding,
    name_of,
    text,
)
from dicomdir.inflate import Inflated, TooLarge
from dicomdir.layout_memo import LayoutMemo, Met
from dicomdir.other_files import what_it_is
from dicomdir.walk import Found, Malformed, PRead, Truncated, Twice, Window

IMPLICIT_LITTLE: Final = "1.2.840.10008.1.2"
EXPLICIT_LITTLE: Final = "1.2.840.10008.1.2.1"
DEFLATED_LITTLE: Final = "1.2.840.10008.1.2.1.99"
EXPLICIT_BIG: Final = "1.2.840.10008.1.2.2"
# Deflated image frame and the JPIP deflates compress differently; only these two deflate the
# whole data set.
_DEFLATED: Final = frozenset((DEFLATED_LITTLE, "1.2.840.10008.1.2.4.95"))
_NATIVE: Final = frozenset((IMPLICIT_LITTLE, EXPLICIT_LITTLE, EXPLICIT_BIG, DEFLATED_LITTLE))

MEDIA_STORAGE_DIRECTORY: Final = "1.2.840.10008.1.3.10"

_ZEROS: Final = bytes(128)
_TIFF: Final = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


class NotDicom(Exception):
    """The file cannot be taken in; ``kind`` is one of instance.KINDS."""

    def __init__(self, reason: str, kind: str, elements: Found | None = None) -> None:
        super().__init__(reason, kind)
        self.reason, self.kind = reason, kind
        self.elements = elements or {}  # as of Header, as far as the file could be read


class Unsure(Exception):
    """The fast walk does not understand the file: ask the slow reader."""

    def __init__(self, doubt: str, elements: Found | None = None) -> None:
        super().__init__(doubt)
        self.elements = elements or {}  # as of NotDicom


class Header:
    """What was read of one file."""

    __slots__ = (
        "dataset_offset",
        "departures",
        "elements",
        "meta",
        "pixel_data",
        "size",
        "stamp",
        "transfer_syntax",
    )

    def __init__(self) -> None:
        self.size = 0  # bytes of the file
        self.stamp = (0, 0)  # see Instance.stamp
        self.dataset_offset = 0
        self.pixel_data = 0  # see Instance.pixel_data
        self.transfer_syntax = ""  # as the data set really is
        self.meta: dict[int, bytes] = {}  # tag → value of group 0002
        # swapped tag → element in Explicit VR Little Endian, header included
        self.elements: Found = {}
        self.departures: list[str] = []

    def value(self, swapped: int) -> bytes:
        """Return the value of an element, b"" when it is absent or empty."""
        element = self.elements.get(swapped)
        if element is None:
            return b""
        return element[12:] if element[4:6] in LONG_VRS else element[8:]

    def text(self, swapped: int) -> str:
        """Return a value of the default repertoire without its padding."""
        return text(self.value(swapped))


def read_header(
    pread: PRead, size: int, wanted: Mapping[int, bytes], memo: LayoutMemo | None = None
) -> Header:
    """Read the header of the file behind *pread*.

    Args:
        pread: (length, offset) → bytes of the file.
        size: of the file in bytes.
        wanted: swapped tag → VR of the elements to keep.
        memo: what earlier files of the same scan taught.

    Raises:
        NotDicom: not DICOM, truncated, or it contradicts itself.
        Unsure: the slow reader may understand it.
    """
    head = pread(walk.HEAD, 0)
    header = Header()
    header.size = size
    if head[128:132] == b"DICM":
        _judge_preamble(header, head)
        start = _read_meta(header, head, 132, pread, memo)
    else:
        start = _without_preamble(header, head, pread)
    header.dataset_offset = start
    stated = text(header.meta.get(0x00020010, b""))
    if text(header.meta.get(0x00020002, b"")) == MEDIA_STORAGE_DIRECTORY:
        raise NotDicom("a DICOMDIR; the new medium gets a directory of its own", "directory")
    if start >= size:
        raise NotDicom("truncated: no data set after the File Meta Information", "truncated")
    _walk(header, stated, Window(pread, size, head), start, wanted, memo)
    return header


def _judge_preamble(header: Header, head: bytes) -> None:
    """Note a preamble that may not go on a medium (PS3.10 7.1, 7.5)."""
    if not head.startswith(_ZEROS) and not head.startswith(_TIFF):
        header.departures.append("the first 128 bytes (preamble) hold what may not be there")


def _without_preamble(header: Header, head: bytes, pread: PRead) -> int:
    """Return the offset of the data set of a file that has no preamble, or raise NotDicom."""
    if head[:2] == b"\x02\0" and head[4:6] in SHORT_VRS | LONG_VRS:
        header.departures.append("no preamble")
        return _read_meta(header, head, 0, pread)
    try:
        group, _, vr, _ = TAG_VR_LENGTH.unpack_from(head)
    except error:
        group = 0
    # A bare data set begins with group 0008 (rarely 0004 or 0010); its first element is small.
    if group == 8 and (vr in SHORT_VRS | LONG_VRS or int.from_bytes(head[4:8], "little") < 1024):
        header.departures.append("no preamble and no File Meta Information")
        return 0
    raise NotDicom(*what_it_is(head))


def _read_meta(  # noqa: C901 (one walk: every way in which it breaks is told apart)
    header: Header, head: bytes, start: int, pread: PRead, memo: LayoutMemo | None = None
) -> int:
    """Read group 0002 and return the offset just past it (PS3.10 7.1).

    The elements themselves tell where the group ends; its stated length is only compared.
    """
    end = _read_known_meta(header, head, start, memo) if memo is not None else 0
    if end:
        return end
    meta = header.meta
    met: list[Met] = []
    position = start
    data = head
    unpack = TAG_VR_LENGTH.unpack_from
    while True:
        if position + 12 > len(data) and len(data) >= walk.HEAD:
            # A meta group past 16 KiB: private information of some size. Read it whole.
            data = pread(walk.LARGEST_KEY, 0)
        if position + 8 > len(data):
            if position < header.size:
                raise NotDicom("truncated: it ends in its File Meta Information", "truncated")
            break
        group, element, vr, length = unpack(data, position)
        if group != 2:
            break
        value = position + 8
        if vr in LONG_VRS:
            (length,) = walk._LENGTH(data, value) if value + 4 <= len(data) else (0,)
            value += 4
        elif vr not in SHORT_VRS:
            raise Unsure(f"File Meta Information is not explicit at byte {position}")
        if length == UNDEFINED_LENGTH:
            raise Unsure(f"File Meta Information is broken at byte {position}")
        if value + length > header.size:
            raise NotDicom("truncated: it ends in its File Meta Information", "truncated")
        if value + length > len(data):
            data = pread(min(header.size, walk.LARGEST_KEY), 0)
        meta[0x00020000 | element] = data[value : value + length]
        whole = value + length - position
        met.append((0x00020000 | element, value - position, length, whole))
        position = value + length
    _judge_meta(header, position - start - 12)
    if memo is not None and data is head and met and not header.departures:
        memo.learn_meta(head, start, met)
    return position


def _read_known_meta(header: Header, head: bytes, start: int, memo: LayoutMemo) -> int:
    """Read a group 0002 that is laid out as an earlier file's; return 0 when it is not."""
    known = memo.meta.get(head[start : start + 12])
    if known is None:
        return 0
    unpack, expected, kept, length = known
    end = start + length
    # Not when a further element of the group follows: then the length is wrong.
    if end + 2 > len(head) or unpack(head, start) != expected or head[end : end + 2] == b"\2\0":
        return 0
    header.meta = {tag: head[start + a : start + b] for tag, a, b in kept}
    _judge_meta(header, length - 12)
    return end


def _judge_meta(header: Header, length: int) -> None:
    """Note what keeps the File Meta Information from being conformant (PS3.10 table 7.1-1)."""
    meta = header.meta
    stated = meta.get(0x00020000)
    if stated is None or len(stated) != 4:
        header.departures.append("File Meta Information Group Length is missing")
    elif int.from_bytes(stated, "little") != length:
        header.departures.append("File Meta Information Group Length is wrong")
    if meta.get(0x00020001) != b"\0\1":
        header.departures.append("File Meta Information Version is missing or wrong")
    if not meta.get(0x00020012):
        header.departures.append("Implementation Class UID is missing")


def _walk(
    header: Header,
    stated: str,
    window: Window,
    start: int,
    wanted: Mapping[int, bytes],
    memo: LayoutMemo | None,
) -> None:
    """Walk the data set in the encoding it really has and fill header.elements."""
    if stated in _DEFLATED:
        window, start = _inflate(window, start)
    found: Found = {}
    encoding = ""
    try:
        encoding = _encoding_at(window, start, stated)
        if encoding == "explicit":
            walk.walk_explicit(window, start, wanted, found, memo)
        elif encoding == "implicit":
            walk.walk_implicit(window, start, wanted, found)
        else:
            walk.walk_explicit_big(window, start, wanted, found)
    except Truncated as problem:
        so_far = _read_so_far(found, encoding, wanted)
        raise NotDicom(f"truncated: {problem}", "truncated", so_far) from problem
    except Malformed as problem:
        raise Unsure(str(problem), _read_so_far(found, encoding, wanted)) from problem
    except Twice as problem:
        raise NotDicom(
            f"contradicts itself: {name_of(problem.tag)} stands in it twice, and differs",
            "contradiction",
            _read_so_far(found, encoding, wanted),
        ) from problem
    header.transfer_syntax = _real_syntax(header, stated, encoding)
    if window.encapsulated:
        if header.transfer_syntax in _NATIVE:
            raise NotDicom(
                "contradicts itself: compressed pixel data under an uncompressed Transfer Syntax",
                "contradiction",
                _read_so_far(found, encoding, wanted),
            )
        if stated not in _DEFLATED:
            header.pixel_data = window.encapsulated
    if encoding != "explicit" or window.other_vrs:
        found = _converted(found, encoding, wanted)
    header.elements = found


def _converted(found: Found, encoding: str, wanted: Mapping[int, bytes]) -> Found:
    """Return elements in Explicit VR Little Endian, under the VRs of the standard."""
    try:
        if encoding == "explicit":
            return _with_known_vrs(found, wanted)
        big = encoding == "big"
        return {
            tag: explicit_little(walk.swap(tag), wanted[tag], value, implicit=not big, big=big)
            for tag, value in found.items()
        }
    except (CannotConvert, BadEncoding) as problem:
        raise Unsure(str(problem)) from problem


def _read_so_far(found: Found, encoding: str, wanted: Mapping[int, bytes]) -> Found:
    """Return what was read before a file broke off; nothing where that cannot be told."""
    try:
        return _converted(found, encoding, wanted)
    except Unsure:
        return {}


def _inflate(window: Window, start: int) -> tuple[Window, int]:
    inflated = Inflated(window.pread, window.size, start)
    try:
        size = inflated.measure()
    except TooLarge as problem:
        raise NotDicom(str(problem), "malformed") from problem
    except ValueError as problem:
        raise Unsure(str(problem)) from problem
    return Window(inflated.pread, size, inflated.pread(walk.HEAD, 0)), 0


def _encoding_at(window: Window, start: int, stated: str) -> str:
    """Return how the first element is encoded: "explicit", "implicit" or "big"."""
    if start + 8 > window.base + len(window.data):
        window.move(start)
    first = window.data[start - window.base : start - window.base + 8]
    explicit = first[4:6] in SHORT_VRS or first[4:6] in LONG_VRS
    # A group of 0100H and more at the beginning is a small one read in the wrong byte order.
    if explicit:
        return "big" if first[0] == 0 and first[1] != 0 else "explicit"
    if stated == EXPLICIT_BIG and first[0] == 0:
        raise Malformed("implicit VR and big endian at once")
    return "implicit"


def _real_syntax(header: Header, stated: str, encoding: str) -> str:
    """Return the transfer syntax that fits what was seen; note where the file says another."""
    if encoding == "explicit" and stated not in (IMPLICIT_LITTLE, EXPLICIT_BIG, ""):
        return stated
    real = {"explicit": EXPLICIT_LITTLE, "implicit": IMPLICIT_LITTLE, "big": EXPLICIT_BIG}[encoding]
    if stated in _DEFLATED:
        return stated
    if not stated:
        if header.meta:
            header.departures.append("Transfer Syntax UID is missing")
    elif real != stated:
        header.departures.append("the data set is not in the Transfer Syntax that the file states")
    return real


def _with_known_vrs(found: Found, wanted: Mapping[int, bytes]) -> Found:
    """Return *found* with every element under the VR that its tag has in the standard."""
    for tag, element in found.items():
        vr = element[4:6]
        if vr != wanted[tag]:
            long_ = vr in LONG_VRS
            if vr != b"UN" and b"SQ" in (vr, wanted[tag]):
                raise Unsure("a key is a sequence where it should not be, or the reverse")
            value = element[12:] if long_ else element[8:]
            found[tag] = explicit_little(
                walk.swap(tag), wanted[tag], value, implicit=vr == b"UN", big=False
            )
    return found
