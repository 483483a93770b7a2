"""Records of a ZIP archive, taken apart as they stand (PKWARE APPNOTE 6.3.9, which PS3.12 V names).

Numbers that do not fit their field stand in an extra field (Zip64, 4.5.3).
"""

from struct import Struct
from typing import Final, NamedTuple

LOCAL, CENTRAL, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
DESCRIPTOR: Final = b"PK\x07\x08"
END64, LOCATOR64 = b"PK\x06\x06", b"PK\x06\x07"
SPLIT: Final = (b"PK\x07\x08", b"PK00")  # how an archive of several parts may begin (8.5.4)

STORED, DEFLATE, DEFLATE64, BZIP2, LZMA, AES = 0, 8, 9, 12, 14, 99  # 4.4.5
ENCRYPTED, STREAMED, STRONG, UTF8, MASKED = 1, 8, 64, 2048, 8192  # flags (4.4.4)

_LOCAL: Final = Struct("<4s5H3I2H")
_CENTRAL: Final = Struct("<4s6H3I5H2I")
_END: Final = Struct("<4s4H2IH")
_END64: Final = Struct("<4sQ2H2I4Q")
_LOCATOR64: Final = Struct("<4sIQI")
LOCAL_SIZE: Final = _LOCAL.size
CENTRAL_SIZE: Final = _CENTRAL.size
END_SIZE: Final = _END.size
END64_SIZE: Final = _END64.size
LOCATOR64_SIZE: Final = _LOCATOR64.size

FULL16: Final = 0xFFFF
FULL32: Final = 0xFFFFFFFF
_ZIP64: Final = 1  # extra fields
_UNICODE_PATH: Final = 0x7075
_AES_EXTRA: Final = 0x9901


class Aes(NamedTuple):
    """What the header of a file says that is encrypted with AES."""

    strength: int  # 1: 128 bits, 2: 192, 3: 256
    method: int  # by which it was packed before
    has_crc: bool  # AE-1; in AE-2 the checksum would tell of the content

    @property
    def key(self) -> int:
        """Return the bytes of the key."""
        return 8 + 8 * self.strength

    @property
    def salt(self) -> int:
        """Return the bytes of the salt."""
        return 4 + 4 * self.strength


class Header(NamedTuple):
    """What a local or a central header says of one file."""

    flags: int
    method: int
    time: int  # as in MS-DOS
    crc: int
    packed: int  # bytes in the archive
    size: int  # bytes of the content
    name: bytes
    extra: bytes
    system: int  # on which it was made; 3: the upper half of the attributes are those of Unix
    attributes: int
    at: int  # byte of the local header, as recorded
    disk: int
    date: int = 0  # as in MS-DOS

    @property
    def is_encrypted(self) -> bool:
        return bool(self.flags & (ENCRYPTED | STRONG))

    @property
    def is_beyond_reading(self) -> bool:
        """Whether it is encrypted neither in the traditional way (6.1) nor as WinZip does."""
        odd = (self.method == AES) != (_AES_EXTRA in extra_fields(self.extra))
        unknown = self.method == AES and self.aes is None
        return odd or unknown or bool(self.flags & (STRONG | MASKED))

    @property
    def aes(self) -> Aes | None:
        """What is said of encryption with AES; None where there is none that is known."""
        if self.method != AES:
            return None
        field = extra_fields(self.extra).get(_AES_EXTRA, b"")
        if len(field) < 7 or field[2:4] != b"AE" or not 1 <= field[4] <= 3:
            return None
        version, method = (int.from_bytes(field[at : at + 2], "little") for at in (0, 5))
        return Aes(field[4], method, version == 1) if version in (1, 2) else None

    @property
    def packing(self) -> int:
        """The method by which the content is packed, whether it is encrypted or not."""
        return self.aes.method if self.aes is not None else self.method


class End(NamedTuple):
    """The end of central directory record, Zip64 or not."""

    disk: int
    entries: int
    length: int  # bytes of the central directory
    start: int  # byte of it, as recorded
    at: int  # byte of this record


def extra_fields(extra: bytes) -> dict[int, bytes]:
    """Return the extra fields by their number; what does not fit is left out (4.5.1)."""
    fields: dict[int, bytes] = {}
    position = 0
    while position + 4 <= len(extra):
        number = int.from_bytes(extra[position : position + 2], "little")
        length = int.from_bytes(extra[position + 2 : position + 4], "little")
        if position + 4 + length > len(extra):
            break
        fields.setdefault(number, extra[position + 4 : position + 4 + length])
        position += 4 + length
    return fields


def parse_central(data: bytes, position: int) -> tuple[Header, int] | None:
    """Return the central header at *position* and where the next one is; None: there is none."""
    if position + CENTRAL_SIZE > len(data) or data[position : position + 4] != CENTRAL:
        return None
    fields = _CENTRAL.unpack_from(data, position)
    _, made, _, flags, method, time, date, crc, packed, size = fields[:10]
    named, extended, commented, disk, _, attributes, at = fields[10:]
    start = position + CENTRAL_SIZE
    end = start + named + extended
    if end + commented > len(data):
        return None
    name, extra = data[start : start + named], data[start + named : end]
    if FULL32 in (packed, size, at) or disk == FULL16:
        size, packed, at, disk = _zip64(extra, size, packed, at, disk)
    header = Header(
        *(flags, method, time, crc, packed, size, name, extra, made >> 8, attributes, at, disk),
        date=date,
    )
    return header, end + commented


def _zip64(extra: bytes, size: int, packed: int, at: int, disk: int) -> tuple[int, int, int, int]:
    """Replace the numbers that were too large for their field, in this order (4.5.3)."""
    field = extra_fields(extra).get(_ZIP64, b"")
    numbers = [size, packed, at, disk]
    position = 0
    for n, (length, full) in enumerate(((8, FULL32), (8, FULL32), (8, FULL32), (4, FULL16))):
        if numbers[n] == full and position + length <= len(field):
            numbers[n] = int.from_bytes(field[position : position + length], "little")
            position += length
    size, packed, at, disk = numbers
    return size, packed, at, disk


def parse_local(data: bytes, rest: bytes, at: int) -> Header:
    """Return a local header from its fixed part and *rest*, its name and extra fields."""
    _, _, flags, method, time, date, crc, packed, size, named, _ = _LOCAL.unpack_from(data)
    name, extra = rest[:named], rest[named:]
    if FULL32 in (packed, size):
        size, packed, _, _ = _zip64(extra, size, packed, 0, 0)
    return Header(flags, method, time, crc, packed, size, name, extra, 0, 0, at, 0, date)


def variable_length(local: bytes) -> int:
    """Return how many bytes follow the fixed part of a local header."""
    named, extended = _LOCAL.unpack_from(local)[9:]
    return int(named) + int(extended)


def parse_end(data: bytes, position: int, at: int) -> tuple[End, int] | None:
    """Return the end record at *position* of *data* and the length of its comment."""
    if position + END_SIZE > len(data):
        return None
    _, disk, _, _, entries, length, start, comment = _END.unpack_from(data, position)
    return End(disk, entries, length, start, at), comment


def parse_locator64(data: bytes) -> int | None:
    """Return the byte at which the Zip64 end record is said to be."""
    if len(data) < LOCATOR64_SIZE or data[:4] != LOCATOR64:
        return None
    return int(_LOCATOR64.unpack_from(data)[2])


def parse_end64(data: bytes, at: int) -> End | None:
    """Return a Zip64 end of central directory record."""
    if len(data) < END64_SIZE or data[:4] != END64:
        return None
    _, _, _, _, disk, _, _, entries, length, start = _END64.unpack_from(data)
    return End(disk, entries, length, start, at)


def decoded_name(header: Header) -> str:
    """Return a name as text: UTF-8 where the header says so, else as in MS-DOS (Appendix D)."""
    unicode_path = extra_fields(header.extra).get(_UNICODE_PATH, b"")
    if len(unicode_path) > 5 and unicode_path[0] == 1:
        return unicode_path[5:].decode("utf-8", "replace")
    if header.flags & UTF8:
        return header.name.decode("utf-8", "replace")
    return header.name.decode("cp437")
