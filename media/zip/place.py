"""Finds the central directory of a ZIP archive from its end, or the files by their own headers."""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from media.entry import BlockReader
from media.finding_list import FindingList
from media.zip.records import (
    CENTRAL,
    DESCRIPTOR,
    END,
    END64_SIZE,
    END_SIZE,
    FULL16,
    FULL32,
    LOCAL,
    LOCAL_SIZE,
    LOCATOR64_SIZE,
    STORED,
    STREAMED,
    End,
    Header,
    parse_central,
    parse_end,
    parse_end64,
    parse_local,
    parse_locator64,
    variable_length,
)
from reporting import CannotRead

MOST_ENTRIES: Final = 500_000
UNKNOWN: Final = -1  # size of a file that nothing tells
_LARGEST_DIRECTORY: Final = 64 << 20  # bytes
_LONGEST_COMMENT: Final = 0xFFFF  # bytes
_CHUNK: Final = 1 << 20  # bytes
_SIGNATURES: Final = re.compile(rb"PK(?:\x03\x04|\x01\x02|\x07\x08)")


class Listed(NamedTuple):
    """What an archive says is in it."""

    headers: list[Header]  # with `at` as a byte of the file
    end: int  # byte after the archive's last record
    directory: tuple[int, int]  # first byte of the central directory and the one after it
    is_recovered: bool
    disk: int = 0  # number of the part in which the archive ends, from 0 on


def read_headers(
    reader: BlockReader, problems: FindingList, *, recover: bool = True
) -> Listed | None:
    """Return what is in an archive; None where it has neither an end nor a single header."""
    found = find_end(reader)
    if found is not None:
        listed = _by_directory(reader, *found, problems)
        if listed is not None:
            return listed
    headers = []
    for header in recovered(reader) if recover else ():
        headers.append(header)
        if len(headers) >= MOST_ENTRIES:
            problems.add("ZIP-TOO-MANY", "archive")
            break
    if not headers:
        return None
    problems.add("ZIP-DIRECTORY-GONE", "archive")
    return Listed(headers, reader.size, (reader.size, reader.size), is_recovered=True)


def find_end(reader: BlockReader) -> tuple[End, int] | None:
    """Return the end of central directory record, and the byte after its comment."""
    length = min(reader.size, _LONGEST_COMMENT + END_SIZE)
    base = reader.size - length
    data = reader.pread(length, base)
    position = data.rfind(END)
    last: tuple[End, int] | None = None
    while position >= 0:
        parsed = parse_end(data, position, base + position)
        if parsed is not None:
            record, comment = parsed
            after = base + position + END_SIZE + comment
            if after == reader.size:  # A comment may hold what looks like a record.
                return _with_zip64(reader, record), after
            if last is None and after < reader.size:
                last = record, after
        position = data.rfind(END, 0, position)
    return None if last is None else (_with_zip64(reader, last[0]), last[1])


def _with_zip64(reader: BlockReader, end: End) -> End:
    """Return the record with the larger numbers where there is one (APPNOTE 4.3.14)."""
    if FULL16 not in (end.disk, end.entries) and FULL32 not in (end.length, end.start):
        return end
    at = end.at - LOCATOR64_SIZE
    place = parse_locator64(reader.pread(LOCATOR64_SIZE, at)) if at >= 0 else None
    # First as in _start(): what stands in front of the archive moves the record.
    for candidate in (at - END64_SIZE, place):
        if candidate is None or not 0 <= candidate <= reader.size - END64_SIZE:
            continue
        record = parse_end64(reader.pread(END64_SIZE, candidate), candidate)
        if record is not None:
            return record
    return end


def _by_directory(
    reader: BlockReader, end: End, after: int, problems: FindingList
) -> Listed | None:
    start, moved = _start(reader, end)
    if start < 0 or end.length > _LARGEST_DIRECTORY or start + end.length > reader.size:
        return None
    data = reader.pread(end.length, start)
    headers: list[Header] = []
    position = 0
    while position < len(data) and len(headers) < MOST_ENTRIES:
        parsed = parse_central(data, position)
        if parsed is None:
            break
        header, position = parsed
        headers.append(header._replace(at=header.at + moved))
    whole = not data[position:].strip(b"\0") or data[position : position + 4] == b"PK\x05\x05"
    if not whole and len(headers) < MOST_ENTRIES:
        return None
    if not whole:
        problems.add("ZIP-TOO-MANY", "archive")
    # The plain record counts up to 65,535 and goes on from 0 in archives of old programs.
    elif (end.entries - len(headers)) % 65536 or end.entries > len(headers):
        counts = f"{end.entries} are said to be there, {len(headers)} are"
        problems.add("ZIP-COUNT", "central directory", counts)
    if after < reader.size:
        problems.add("ZIP-TRAILING", f"byte {after}")
    disk = 0 if end.disk == FULL16 else end.disk
    return Listed(headers, after, (start, start + end.length), is_recovered=False, disk=disk)


def _start(reader: BlockReader, end: End) -> tuple[int, int]:
    """Return where the central directory begins, and how far everything is moved."""
    # What stands right in front of its end is the directory. Where the record says it is may be
    # that of another archive which this one was appended to: others would read this one.
    directly_before = end.at - end.length
    for start in (directly_before, end.start):
        if 0 <= start <= reader.size - 4 and (not end.length or reader.pread(4, start) == CENTRAL):
            return start, start - end.start
    return -1, 0


def recovered(reader: BlockReader) -> Iterator[Header]:
    """Yield the headers that stand in front of the files, from the first byte on."""
    position = 0
    for at, signature in _signatures(reader):
        if at < position or signature != LOCAL:
            continue
        header, data = local_header(reader, at)
        if header is None:
            continue
        if header.flags & STREAMED and not header.packed:
            header = _measured(reader, header, data)
        position = data + header.packed
        yield header


def local_header(reader: BlockReader, at: int) -> tuple[Header | None, int]:
    """Return the header at byte *at*, if there is one, and where the content begins."""
    if not 0 <= at <= reader.size - LOCAL_SIZE:
        return None, at
    try:
        fixed = reader.pread(LOCAL_SIZE, at)
        if fixed[:4] != LOCAL:
            return None, at
        length = variable_length(fixed)
        if at + LOCAL_SIZE + length > reader.size:
            return None, at
        rest = reader.pread(length, at + LOCAL_SIZE)
    except CannotRead:
        return None, at
    return parse_local(fixed, rest, at), at + LOCAL_SIZE + length


def _measured(reader: BlockReader, header: Header, data: int) -> Header:
    """Return the header of a file whose size stands behind it (APPNOTE 4.3.9)."""
    for at, signature in _signatures(reader, data):
        if signature == DESCRIPTOR:
            numbers = _described(reader, at + 4, at - data)
            if numbers is not None:
                return header._replace(crc=numbers[0], packed=at - data, size=numbers[1])
        elif header.method != STORED:  # What is stored may be an archive itself.
            for width in (4, 8):
                before = at - 4 - 2 * width
                numbers = _described(reader, before, before - data) if before >= data else None
                if numbers is not None:
                    return header._replace(crc=numbers[0], packed=before - data, size=numbers[1])
            if local_header(reader, at)[0] is not None:
                return header._replace(packed=at - data, size=UNKNOWN)
    return header._replace(packed=max(reader.size - data, 0), size=UNKNOWN)


def _described(reader: BlockReader, at: int, packed: int) -> tuple[int, int] | None:
    """Return checksum and size from a data descriptor at byte *at* of *packed* bytes."""
    data = reader.pread(min(20, reader.size - at), at)
    for width in (4, 8):
        checksum, length, size = data[:4], data[4 : 4 + width], data[4 + width : 4 + 2 * width]
        if len(size) == width and int.from_bytes(length, "little") == packed:
            return int.from_bytes(checksum, "little"), int.from_bytes(size, "little")
    return None


def _signatures(reader: BlockReader, start: int = 0) -> Iterator[tuple[int, bytes]]:
    """Yield every place from *start* on where a record may begin, and how it begins."""
    for base in range(start, reader.size, _CHUNK):
        # Three bytes more, so that none is cut in two.
        try:
            data = reader.pread(min(_CHUNK + 3, reader.size - base), base)
        except CannotRead:
            continue
        for match in _SIGNATURES.finditer(data):
            yield base + match.start(), match[0]
