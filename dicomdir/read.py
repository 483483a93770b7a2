"""Reading a DICOMDIR that anyone made, however badly (PS3.3 F, PS3.10 8.6).

The reader never refuses what holds records. Everything it had to overlook is a finding, so
that import can go on and verify can tell.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from dicomdir.directory_tree import TreeBuilder, place
from dicomdir.elements import BadEncoding, encode_element
from dicomdir.file_ids import LEGAL_VALUE, departure_of
from dicomdir.foreign_syntax import (
    EXPLICIT_LITTLE,
    Header,
    Syntax,
    header_at,
    recognise,
    reencode,
    value_end,
)
from dicomdir.meta_group import (
    SOP_CLASS,
    SOP_INSTANCE,
    TRANSFER_SYNTAX,
    MetaGroup,
    find_meta,
    read_meta,
)
from dicomdir.raw_records import ItemReader, RawRecord, TooManyRecords
from dicomdir.record import Directory
from dicomdir.rules import RULE
from reporting import CannotRead, Finding
from reporting.uncollected import uncollected

MEDIA_STORAGE_DIRECTORY: Final = "1.2.840.10008.1.3.10"
LARGEST: Final = 1 << 30  # bytes; a directory of four million images has as many

FILE_SET_ID: Final = 0x00041130
DESCRIPTOR: Final = (0x00041141, 0x00041142)
FIRST: Final = 0x00041200
LAST: Final = 0x00041202
CONSISTENCY: Final = 0x00041212
SEQUENCE: Final = 0x00041220
IN_USE: Final = 0xFFFF


class NotADirectory(CannotRead):
    """The bytes are no DICOMDIR at all."""


class DirectoryTooLarge(CannotRead):
    """The DICOMDIR is larger than any real one."""


@dataclass(frozen=True, slots=True)
class DirectoryRead:
    """A DICOMDIR as it was read."""

    directory: Directory
    problems: tuple[Finding, ...]
    raw: tuple[RawRecord, ...]  # in the order of the file; they share the tree's records
    transfer_syntax: str  # how the data set is really encoded
    meta: MetaGroup
    head: bytes  # preamble, prefix and File Meta Information
    # The elements up to the sequence, tag → (VR, value in little endian); its own is left empty.
    header: Mapping[int, tuple[bytes, bytes]]
    has_information: bool  # False: File-set Identification alone (PS3.3 F.3.1)


def read_directory(data: bytes) -> DirectoryRead:
    """Read the bytes of a DICOMDIR.

    Raises:
        NotADirectory: there is nothing in it that a directory has.
        DirectoryTooLarge: more than LARGEST bytes, or more records than they can mean.
    """
    if len(data) > LARGEST:
        raise DirectoryTooLarge(
            f"{len(data)} bytes are more than a directory has", "DICOMDIR", "Scan the medium"
        )
    with uncollected():
        return _read(data)


def _read(data: bytes) -> DirectoryRead:
    meta, syntax = _recognised(data)
    problems: list[Finding] = []
    if meta.uid(SOP_CLASS) != MEDIA_STORAGE_DIRECTORY:
        problems.append(RULE["DIR-SOP-CLASS"].at("DICOMDIR, (0002,0002)"))
    stated = meta.uid(TRANSFER_SYNTAX) or EXPLICIT_LITTLE.uid
    if (stated, syntax) != (EXPLICIT_LITTLE.uid, EXPLICIT_LITTLE):
        problems.append(RULE["DIR-TRANSFER-SYNTAX"].at("DICOMDIR, (0002,0010)"))
    header, sequence, whole = _header(data, meta.end, syntax)
    raw = _records(data, sequence, syntax, problems)
    if not whole:
        problems.append(RULE["DIR-TRUNCATED"].at("DICOMDIR"))
    tree = TreeBuilder(raw, _offset(header, FIRST), _offset(header, LAST))
    tree.build()
    problems += tree.problems
    problems += _record_problems(raw)
    directory = Directory(
        meta.uid(SOP_INSTANCE),
        header.get(FILE_SET_ID, (b"", b""))[1].decode("latin-1").strip(" \0"),
        tree.roots,
        b"".join(encode_element(t, *header[t]) for t in DESCRIPTOR if t in header),
    )
    return DirectoryRead(
        directory,
        tuple(problems),
        tuple(raw),
        syntax.uid,
        meta,
        data[: meta.end],
        header,
        any(tag in header for tag in (FIRST, LAST, CONSISTENCY, SEQUENCE)),
    )


def _recognised(data: bytes) -> tuple[MetaGroup, Syntax]:
    start = find_meta(data)
    if start is None:
        raise _no_directory(data)
    meta = read_meta(data, start)
    syntax = recognise(data, meta.end)
    if syntax is None:
        is_directory = meta.uid(SOP_CLASS) == MEDIA_STORAGE_DIRECTORY
        if not is_directory or meta.end + 8 <= len(data):
            raise _no_directory(data)
        syntax = EXPLICIT_LITTLE  # nothing after the meta: a truncated one
    return meta, syntax


def _no_directory(data: bytes) -> NotADirectory:
    if data[:1] == b"\x30":
        return NotADirectory(
            "this looks like a Secure DICOM File", "DICOMDIR", "Decrypt the medium first"
        )
    return NotADirectory("this is no DICOMDIR", "DICOMDIR", "Scan the medium's files instead")


def _header(
    data: bytes, position: int, syntax: Syntax
) -> tuple[dict[int, tuple[bytes, bytes]], Header | None, bool]:
    """Return the elements before the sequence, the sequence, and whether all was there."""
    found: dict[int, tuple[bytes, bytes]] = {}
    while position < len(data):
        try:
            element = header_at(data, position, len(data), syntax)
            if element.tag == SEQUENCE:
                found[SEQUENCE] = (element.vr, b"")
                return found, element, True
            after = value_end(data, element, len(data), syntax)
        except BadEncoding:
            return found, None, False
        encoded, _, _ = reencode(data, position, after, syntax)
        if element.vr and encoded:
            length = after - element.value
            found.setdefault(element.tag, (element.vr, encoded[len(encoded) - length :]))
        position = after
    return found, None, bool(found)


def _records(
    data: bytes, sequence: Header | None, syntax: Syntax, problems: list[Finding]
) -> list[RawRecord]:
    if sequence is None:
        return []
    try:
        items = ItemReader(data, len(data), syntax).read(sequence.value, sequence.length)
    except TooManyRecords as error:
        raise DirectoryTooLarge(
            "there are more records than a directory has", "DICOMDIR", "Scan the medium"
        ) from error
    if items.truncated:
        problems.append(RULE["DIR-TRUNCATED"].at("DICOMDIR"))
    for start, end in items.strays:
        message = f"{end - start} bytes belong to no record"
        problems.append(RULE["DIR-STRAY-BYTES"].at(f"DICOMDIR, byte {start}", message))
    return items.records


def _offset(header: Mapping[int, tuple[bytes, bytes]], tag: int) -> int | None:
    value = header.get(tag, (b"", b""))[1]
    return int.from_bytes(value[:4], "little") if value else None


def _record_problems(raw: list[RawRecord]) -> list[Finding]:
    """Report what is wrong with records one by one: In-use Flag, encoding, names."""
    problems: list[Finding] = []
    for record in raw:
        if record.flag != IN_USE and record.flag is not None:
            rule = "DIR-IN-USE-FLAG" if record.flag else "DIR-INACTIVE"
            problems.append(RULE[rule].at(place(record)))
        if record.oddity:
            rule = "DIR-DAMAGED" if record.oddity == "damaged" else "DIR-ELEMENT-ORDER"
            problems.append(RULE[rule].at(place(record)))
        file_id = record.record.file_id
        if file_id and LEGAL_VALUE("\\".join(file_id)) is None:
            rule = "DIR-FILE-ID-" + departure_of(file_id).upper()
            problems.append(RULE[rule].at(place(record)))
    return problems
