"""The Directory Record Sequence as a flat list, each record where it stands in the file.

The hot path of reading: one loop over an Item's elements with everything in local names, and
one way back on the track after bytes that are no record. Links are only noted here; what they
join is decided in ``directory_tree``.
"""

from struct import Struct, error
from typing import Final, NamedTuple

from dicomdir.elements import (
    LONG_LENGTH,
    LONG_VRS,
    SHORT_VRS,
    UNDEFINED_LENGTH,
    BadEncoding,
    end_of_undefined,
    iterate_elements,
)
from dicomdir.foreign_syntax import EXPLICIT_LITTLE, Syntax, reencode
from dicomdir.record import DirectoryRecord

MOST_RECORDS: Final = 5_000_000  # 1 GiB of real ones; stops a file that is all empty Items
_FAR: Final = 16 << 20  # bytes: no value of a record is longer
_NEAR: Final = 512  # bytes looked at for a delimiter once many were missing
_PATIENCE: Final = 4  # missing delimiters

# Tags in here are *swapped*: the four bytes read as one little-endian number.
_NEXT: Final = 0x14000004
_FLAG: Final = 0x14100004
_LOWER: Final = 0x14200004
_TYPE: Final = 0x14300004
_FILE_ID: Final = 0x15000004
_MRDR: Final = 0x15040004
_SOP_CLASS: Final = 0x15100004
_SOP_INSTANCE: Final = 0x15110004
_TRANSFER_SYNTAX: Final = 0x15120004
_RELATED: Final = 0x151A0004
_GROUP_LENGTH: Final = 0x00000004  # retired; would be wrong after an update
_REFERENCES: Final = 0x16000004  # Number of References, of MRDR only
_OWN: Final = frozenset(
    (
        *(_NEXT, _FLAG, _LOWER, _TYPE, _FILE_ID, _MRDR, _SOP_CLASS, _SOP_INSTANCE),
        *(_TRANSFER_SYNTAX, _RELATED, _GROUP_LENGTH, _REFERENCES),
    )
)
_ITEM: Final = 0xE000FFFE
_ITEM_END: Final = 0xE00DFFFE
_SEQUENCE_END: Final = 0xE0DDFFFE

_ELEMENT: Final = Struct("<I2sH").unpack_from
_LONG: Final = LONG_LENGTH.unpack_from
# Nearly every record begins with these three, so they are read at once.
_START: Final = Struct("<8sI8sH8sI").unpack_from
_START_SIZE: Final = 34  # bytes
_LOWER_TAG: Final = 0x00041420
_NEXT_HEADER: Final = b"\x04\0\0\x14UL\4\0"
_FLAG_HEADER: Final = b"\x04\0\x10\x14US\2\0"
_LOWER_HEADER: Final = b"\x04\0\x20\x14UL\4\0"


_SWALLOWED: Final = "swallowed"  # an Item's length reaches into the next one


class RawRecord(NamedTuple):
    """One Item of (0004,1220) as it stands."""

    offset: int  # of the Item's tag, in bytes from the start of the file
    end: int  # just past the Item
    next: int | None  # (0004,1400), None when the element is absent or empty
    flag: int | None  # (0004,1410)
    lower: int | None  # (0004,1420)
    mrdr: int | None  # (0004,1504), retired
    record: DirectoryRecord
    oddity: str  # "" or what is wrong with the Item as such, one of ODDITIES


ODDITIES: Final = ("damaged", "disordered")


class Items(NamedTuple):
    """What was found in the sequence."""

    records: list[RawRecord]
    strays: list[tuple[int, int]]  # (from, to) of bytes that belong to no record
    truncated: bool


# An Item's content: (0004,1400), (0004,1410), (0004,1420), own values by swapped tag, keys and
# others as they stand, where the walk ended, what stopped it early, and whether in tag order.
# A bare tuple, because naming its fields costs half as much as the walk.
_Parsed = tuple[int | None, int | None, int | None, dict[int, bytes], bytes, bytes, int, str, bool]


class TooManyRecords(Exception):
    """The sequence holds more than MOST_RECORDS Items."""


class _Delimiters:
    """Where the next Item Delimitation Item is, searched once however often it is asked."""

    def __init__(self, data: bytes, stop: int, pattern: bytes) -> None:
        self.data, self.stop, self.pattern = data, stop, pattern
        self.found = -2  # not searched yet

    def after(self, position: int) -> int:
        """Return the offset of the next delimiter from *position* on, or where data ends."""
        if self.found < position:
            hit = self.data.find(self.pattern, position, self.stop)
            self.found = self.stop if hit < 0 else hit
        return self.found


class ItemReader:
    """Reads the Items of one sequence, in any of the three syntaxes."""

    def __init__(self, data: bytes, stop: int, syntax: Syntax) -> None:
        self.data, self.stop, self.syntax = data, stop, syntax
        self.texts: dict[bytes, str] = {}
        self.failures = 0
        big = syntax.big
        self.item = Struct(">HHI" if big else "<HHI").unpack_from
        self.item_tag = b"\xff\xfe\xe0\0" if big else b"\xfe\xff\0\xe0"
        self.group = b"\0\x04" if big else b"\x04\0"
        end = b"\xff\xfe\xe0\x0d" if big else b"\xfe\xff\x0d\xe0"
        self.delimiters = _Delimiters(data, stop, end + bytes(4))

    def read(self, start: int, length: int) -> Items:
        """Read records from *start* until the sequence ends.

        Args:
            start: offset of the first Item.
            length: of the sequence in bytes, or UNDEFINED_LENGTH; Items that go on past a
                length that is too small are read all the same.

        Raises:
            TooManyRecords: there are more Items than any real directory has.
        """
        records: list[RawRecord] = []
        strays: list[tuple[int, int]] = []
        data, stop, item, read_one = self.data, self.stop, self.item, self._record
        end = stop if length == UNDEFINED_LENGTH else start + length
        position = start
        ended = length != UNDEFINED_LENGTH
        while position + 8 <= stop:
            group, element, size = item(data, position)
            if group == 0xFFFE and element == 0xE000:
                record = read_one(position, size)
                records.append(record)
                position = record.end
                if len(records) > MOST_RECORDS:
                    raise TooManyRecords
            elif position >= end or (group, element) == (0xFFFE, 0xE0DD):
                ended = True
                break
            else:
                found = self._next_record(position)
                strays.append((position, found))
                position = found
        truncated = end > stop or not ended or any(r.end > stop for r in records[-1:])
        return Items(records, strays, truncated)

    def _next_record(self, position: int) -> int:
        """Return where the next Item that looks like a record begins, or where data ends."""
        while True:
            position = self.data.find(self.item_tag, position + 1, self.stop)
            if position < 0:
                return self.stop
            if self.data[position + 8 : position + 10] == self.group:
                return position

    def _record(self, offset: int, size: int) -> RawRecord:
        start = offset + 8
        open_ended = size == UNDEFINED_LENGTH
        end = self.stop if open_ended else min(start + size, self.stop)
        if self.syntax is EXPLICIT_LITTLE:
            parsed = self._parse(self.data, start, end, open_ended)
            after, fault = parsed[6], parsed[7]
        else:
            parsed, after, fault = self._foreign(start, end, open_ended)
        if not open_ended:
            # A length that is too large swallows the next records: then the walk ended early.
            after = after if fault == _SWALLOWED else start + size
        elif fault and fault != _SWALLOWED:
            found = self.delimiters.after(after)
            after = found + 8 if found < self.stop else max(after, self._next_record(after))
        return self._made(offset, after, parsed, fault)

    def _foreign(self, start: int, end: int, open_ended: bool) -> tuple[_Parsed, int, str]:
        content, after, fault = reencode(self.data, start, end, self.syntax, open_ended=open_ended)
        parsed = self._parse(content, 0, len(content), False)
        return parsed, after, fault or parsed[7]

    def _parse(  # noqa: C901 (one loop on purpose: calls cost more than the work in it)
        self, data: bytes, start: int, end: int, open_ended: bool
    ) -> _Parsed:
        """Walk an Item's content in Explicit VR Little Endian."""
        fields: dict[int, bytes] = {}
        extra: list[tuple[int, int]] = []  # start and end of other elements of group 0004
        next_ = flag = lower = None
        position, keys, last, ordered, fault = start, -1, 0, True, ""
        if position + _START_SIZE <= end:
            h1, n, h2, f, h3, low = _START(data, position)
            if h1 == _NEXT_HEADER and h2 == _FLAG_HEADER and h3 == _LOWER_HEADER:
                next_, flag, lower = n, f, low
                position += _START_SIZE
                last = _LOWER_TAG
        while position < end:
            try:
                tag, vr, length = _ELEMENT(data, position)
                value = position + 8
                if vr in SHORT_VRS:
                    after = value + length
                elif vr in LONG_VRS:
                    (length,) = _LONG(data, value)
                    value += 4
                    after = value + length
                    if length == UNDEFINED_LENGTH:
                        after = self._end_of_value(data, value, end, vr)
                else:
                    fault = _delimited(tag, open_ended)
                    break
            except (error, BadEncoding):
                fault = "cut off"
                break
            if after > end:
                fault = "cut off"
                break
            order = (tag & 0xFFFF) << 16 | tag >> 16
            if order <= last:
                ordered = False
            last = order
            if tag & 0xFFFF != 4:
                if keys < 0:
                    keys = position
            elif tag not in _OWN:
                extra.append((position, after))
            elif tag not in fields:
                fields[tag] = data[value:after]
            position = after
        stop = position
        if open_ended and not fault:
            if position < end:
                position += 8  # past the delimiter
            else:
                fault = "cut off"
        if lower is None:
            next_, flag, lower = [_number(fields.get(tag)) for tag in (_NEXT, _FLAG, _LOWER)]
        if not ordered:
            key_bytes, other = _sorted(data, start, stop)
        else:
            key_bytes = data[keys:stop] if keys >= 0 else b""
            other = b"".join([data[a:b] for a, b in extra]) if extra else b""
        return next_, flag, lower, fields, key_bytes, other, position, fault, ordered

    def _end_of_value(self, data: bytes, value: int, end: int, vr: bytes) -> int:
        # Work stays linear: after many missing delimiters none is looked for far away.
        reach = min(end, value + (_NEAR if self.failures > _PATIENCE else _FAR))
        try:
            return end_of_undefined(data, value, reach, implicit=vr == b"UN")
        except BadEncoding:
            self.failures += 1
            raise

    def _made(self, offset: int, end: int, parsed: _Parsed, fault: str) -> RawRecord:
        next_, flag, lower, fields, keys, other, _, _, ordered = parsed
        get, text = fields.get, self._text
        file_id = get(_FILE_ID)
        record = DirectoryRecord(
            text(get(_TYPE)),
            keys,
            _components(file_id) if file_id else (),
            text(get(_SOP_CLASS)),
            _plain(get(_SOP_INSTANCE, b"")),
            text(get(_TRANSFER_SYNTAX)),
            get(_RELATED, b""),
            other,
        )
        oddity = "damaged" if fault else "" if ordered else "disordered"
        mrdr = _number(get(_MRDR)) if _MRDR in fields else None
        return RawRecord(offset, end, next_, flag, lower, mrdr, record, oddity)

    def _text(self, value: bytes | None) -> str:
        """Decode a value that recurs, so that all records share one string."""
        if value is None:
            return ""
        known = self.texts.get(value)
        if known is None:
            known = self.texts[value] = _plain(value)
        return known


def _delimited(tag: int, open_ended: bool) -> str:
    """Return what it means that *tag* stands where an element should; "" for the Item's end."""
    if tag == _ITEM_END:
        return "" if open_ended else _SWALLOWED
    return _SWALLOWED if tag in (_ITEM, _SEQUENCE_END) else "no VR"


def _plain(value: bytes) -> str:
    return value.decode("latin-1").strip(" \0")


def _components(value: bytes) -> tuple[str, ...]:
    # Latin-1 keeps every byte of a foreign name, so that an update writes it back.
    text = value.decode("latin-1").rstrip(" \0")
    if " " in text:
        return tuple([part.strip(" ") for part in text.split("\\")])
    return tuple(text.split("\\")) if text else ()


def _number(value: bytes | None) -> int | None:
    return int.from_bytes(value[:4], "little") if value else None


def _sorted(data: bytes, start: int, stop: int) -> tuple[bytes, bytes]:
    """Return keys and other group 0004 elements in tag order, the first of doubled ones."""
    elements: dict[int, bytes] = {}
    for tag, _, offset, _, after in iterate_elements(data, start, stop):
        elements.setdefault(tag, data[offset:after])
    ordered = sorted(elements.items())
    keys = b"".join(e for tag, e in ordered if tag >> 16 != 4)
    own = {(tag & 0xFFFF) << 16 | tag >> 16 for tag in _OWN}
    return keys, b"".join(e for tag, e in ordered if tag >> 16 == 4 and tag not in own)
