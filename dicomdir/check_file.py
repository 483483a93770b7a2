"""Is this one file a DICOM File of PS3.10 chapter 7, as far as its head tells?"""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from dicomdir.elements import LONG_VRS, name_of
from dicomdir.meta_group import (
    PREAMBLE,
    PREFIX,
    SOP_INSTANCE,
    TRANSFER_SYNTAX,
    MetaElement,
    MetaGroup,
    find_meta,
    read_meta,
)
from dicomdir.rules import RULE
from dicomdir.uids import LONGEST, TRANSFER_SYNTAXES, is_uid
from reporting import Finding

ENOUGH: Final = 4096  # bytes of a file that hold the whole group 0002 of nearly all files

_TIFF: Final = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
# How programs, scripts, pages and archives begin (PS3.10 7.5 names the danger). Text is
# compared in lower case, after white space and a byte order mark.
_BINARY: Final = (
    *(b"MZ", b"\x7fELF", b"\xca\xfe\xba\xbe", b"\0asm", b"!<arch>", b"ITSF", b"MSCF"),
    *(b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe"),
    *(b"PK\3\4", b"PK\5\6", b"PK\7\x08", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b", b"BZh", b"\xfd7zXZ"),
    *(b"\xd0\xcf\x11\xe0", b"L\0\0\0\1\x14\2\0", b"dex\n"),
)
_TEXT: Final = (
    *(b"#!", b"<html", b"<!doctype", b"<script", b"<svg", b"<?xml", b"<?php", b"<%"),
    *(b"%pdf", b"%!ps", b"{\\rtf", b"@echo", b"mime-version:"),
)

_VRS: Final = {
    0x00020000: b"UL",
    **dict.fromkeys((0x00020001, 0x00020102), b"OB"),
    **dict.fromkeys((0x00020002, 0x00020003, 0x00020010, 0x00020012, 0x00020100), b"UI"),
    0x00020013: b"SH",
    **dict.fromkeys((0x00020016, 0x00020017, 0x00020018), b"AE"),
    **dict.fromkeys((0x00020026, 0x00020027, 0x00020028), b"UR"),
}
_REQUIRED: Final = (*(0x00020000, 0x00020001, 0x00020002, 0x00020003, TRANSFER_SYNTAX, 0x00020012),)
_UIDS: Final = tuple(tag for tag, vr in _VRS.items() if vr == b"UI")
_GROUP_LENGTH: Final = 0x00020000
_GROUP_LENGTH_SIZE: Final = 12  # bytes of that element; it counts what follows it
_VERSION: Final = 0x00020001
_VERSION_NAME: Final = 0x00020013
_CREATOR: Final = 0x00020100
_PRIVATE: Final = 0x00020102
_NAME_CHARACTERS: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")

Broken = tuple[str, str]  # rule, message

_START: Final = PREAMBLE + len(PREFIX)
_INSTANCE: Final = b"\2\0\3\0UI"  # begins Media Storage SOP Instance UID (0002,0003)
# A UID as is_uid wants it, and its padding to an even length.
_padded_uid: Final = re.compile(rb"[0-2](?:\.(?:0|[1-9][0-9]*))+\0?").fullmatch
_MOST_KNOWN: Final = 10_000  # groups; a medium of that many makers is not real


def check_file_meta(head: bytes, size: int, where: str) -> list[Finding]:
    """Check preamble, prefix and File Meta Information of one file (PS3.10 7.1, 7.5).

    Args:
        head: the first bytes of the file, ENOUGH of them for nearly every file; what lies past
            them is not judged.
        size: of the whole file in bytes.
        where: File ID or path, for the findings.
    """
    return [RULE[rule].at(where, message) for rule, message in _broken(head, size)]


class FileMetaCheck:
    """``check_file_meta`` for the many files of a medium, judging equal groups once.

    The File Meta Information of the files of a series differs in one value only, the SOP
    Instance UID. What was found in a group is found in every other one that has the same bytes
    around a value of the same length there, as long as that value is a UID.
    """

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[Broken, ...]] = {}

    def see(self, head: bytes, size: int, where: str) -> list[Finding]:
        """Check one file; arguments and result as of ``check_file_meta``."""
        around = _around_the_instance(head, size)
        if not around:
            return check_file_meta(head, size, where)
        known = self._known.get(around)
        if known is None:
            known = tuple(_broken(head, size))
            self._learn(around, head, known)
        return [RULE[rule].at(where, message) for rule, message in known] if known else []

    def _learn(self, around: bytes, head: bytes, known: tuple[Broken, ...]) -> None:
        """Keep a verdict if the group has an element where its bytes were found, and its end."""
        meta = read_meta(head, _START)
        if meta.fault or meta.end != _stated_end(head) or len(self._known) >= _MOST_KNOWN:
            return
        position = _START
        for element in meta.elements:
            if element.tag == SOP_INSTANCE and position == head.find(_INSTANCE, _START):
                self._known[around] = known
                return
            position += (12 if element.vr in LONG_VRS else 8) + len(element.value)


def _stated_end(head: bytes) -> int:
    return _START + _GROUP_LENGTH_SIZE + int.from_bytes(head[_START + 8 : _START + 12], "little")


def _around_the_instance(head: bytes, size: int) -> bytes:
    """Return preamble and group without the value of the SOP Instance UID, b"" in doubt."""
    if head[PREAMBLE:_START] != PREFIX:
        return b""
    end = _stated_end(head)
    place = head.find(_INSTANCE, _START, end)
    # Past the end must come something else, or the length is wrong and the group longer.
    if place < 0 or not place + 8 < end < size or end + 2 > len(head) or head[end] == 2:
        return b""
    value = place + 8
    after = value + head[place + 6] + (head[place + 7] << 8)
    uid = head[value:after]
    if after > end or not 0 < len(uid) <= LONGEST or not _padded_uid(uid):
        return b""
    return head[:value] + head[after:end]


def _broken(head: bytes, size: int) -> Iterator[Broken]:
    if head[PREAMBLE : PREAMBLE + 4] == PREFIX:
        yield from _preamble(head[:PREAMBLE])
    else:
        yield "P10-PREFIX", ""
    start = find_meta(head)
    if start is not None and head[start : start + 2] != b"\x04\0":
        yield from _meta(read_meta(head, start), len(head), size)


def _preamble(preamble: bytes) -> Iterator[Broken]:
    if not any(preamble):
        return
    text = preamble.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n\0").lower()
    if preamble.startswith(_BINARY) or text.startswith(_TEXT):
        yield "P10-PREAMBLE-EXECUTABLE", ""
    elif preamble.startswith(_TIFF):
        yield "P10-PREAMBLE-TIFF", ""
    else:
        yield "P10-PREAMBLE-UNKNOWN", ""


def _meta(meta: MetaGroup, seen: int, size: int) -> Iterator[Broken]:
    cut_off = meta.fault.startswith("cut off")
    if cut_off and size > seen:
        return  # the group goes on past what was read
    if meta.fault and not cut_off:
        yield "P10-META-ENCODING", f"The File Meta Information does not parse: {meta.fault}"
        return
    if not meta.explicit:
        yield "P10-META-ENCODING", ""
    if cut_off or meta.end >= size:
        yield "P10-META-TRUNCATED", ""
    if cut_off:
        return
    yield from _group(meta)
    for element in meta.elements:
        yield from _element(element)


def _group(meta: MetaGroup) -> Iterator[Broken]:
    for tag in _REQUIRED:
        if not (meta.value(tag) or b"").strip(b" "):
            yield "P10-META-MISSING", f"{name_of(tag)} is missing or empty"
    tags = [element.tag for element in meta.elements]
    if any(a >= b for a, b in pairwise(tags)):
        yield "P10-META-ORDER", ""
    length = meta.value(_GROUP_LENGTH)
    counted = meta.end - meta.start - _GROUP_LENGTH_SIZE
    if length and tags[0] == _GROUP_LENGTH and int.from_bytes(length, "little") != counted:
        stated = int.from_bytes(length, "little")
        yield "P10-META-GROUP-LENGTH", f"Group Length is {stated}, but {counted} bytes follow"
    if bool(meta.value(_PRIVATE)) != bool(meta.value(_CREATOR)):
        yield "P10-META-PRIVATE", ""
    if is_uid(meta.uid(TRANSFER_SYNTAX)) and meta.uid(TRANSFER_SYNTAX) not in TRANSFER_SYNTAXES:
        yield "P10-TRANSFER-SYNTAX", ""


def _element(element: MetaElement) -> Iterator[Broken]:
    tag, vr, value = element
    name = name_of(tag)
    if vr == b"UN":
        yield "P10-META-UN", f"{name} has VR UN"
    elif vr and vr != _VRS.get(tag, vr):
        yield "P10-META-VR", f"{name} has VR {vr.decode()}, not {_VRS[tag].decode()}"
    if len(value) % 2:
        yield "P10-META-PADDING", f"{name} is {len(value)} bytes long"
    elif tag in _UIDS and value[-1:] == b" ":
        yield "P10-META-PADDING", f"{name} is padded with a space"
    uid = value.decode("latin-1").rstrip(" \0")
    if tag in _UIDS and uid and not is_uid(uid):
        yield "P10-META-UID", f"{name} is no UID"
    if tag == _VERSION and value and (len(value) != 2 or not value[1] & 1):
        yield "P10-META-VERSION", ""
    if tag == _VERSION_NAME:
        text = value.rstrip(b" ")
        if len(text) > 16 or not _NAME_CHARACTERS.issuperset(text):
            yield "P10-META-VERSION-NAME", ""
