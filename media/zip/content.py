"""Content of files in a ZIP archive: decrypted, unpacked, and held against its checksum.

All of it comes in pieces of bounded size, whatever the archive says.
"""

import bz2
import lzma
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from typing import Final, Protocol

from media.entry import BlockReader
from media.locked import Locked, WrongPassword
from media.zip.aes import decrypted
from media.zip.records import BZIP2, DEFLATE, LZMA, STORED, STREAMED, Header
from reporting import CannotRead

_CHUNK: Final = 64 << 10  # bytes read at once
_PIECE: Final = 256 << 10  # bytes unpacked at once
_LARGEST_DICTIONARY: Final = 128 << 20  # bytes of memory for LZMA
_CRYPT_HEADER: Final = 12  # bytes in front of what is encrypted (APPNOTE 6.1.5)

_DAMAGED: Final = "Ask for the archive to be made or sent again"


class _Unpacker(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class _Inflater:
    """zlib's, with the manners of the others: it keeps what it was given and did not use."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)

    @property
    def eof(self) -> bool:
        return self._inflate.eof

    @property
    def needs_input(self) -> bool:
        return not self._inflate.unconsumed_tail

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        return self._inflate.decompress(self._inflate.unconsumed_tail + data, max_length)


def content(
    reader: BlockReader, at: int, header: Header, where: str, password: bytes | None
) -> Iterator[bytes]:
    """Yield the content of a file whose packed bytes begin at byte *at*.

    Raises:
        CannotRead: it is damaged, or encrypted and the password is missing or wrong.
    """
    aes = header.aes
    chunks = _chunks(reader, at, header.packed)
    if header.is_encrypted:
        password = _given(password, where)
        if aes is not None:
            chunks = decrypted(reader, at, header.packed, aes, where, password)
        else:
            chunks = _decrypted(chunks, header, where, password)
    pieces = chunks if header.packing == STORED else _unpacked(chunks, header, where)
    crc = 0
    for piece in pieces:
        crc = zlib.crc32(piece, crc)
        yield piece
    if aes is not None:
        deque(chunks, maxlen=0)  # The proof stands behind what was unpacked.
    if crc != header.crc and (aes is None or aes.has_crc):
        raise CannotRead("is damaged: its checksum is another", where, _DAMAGED)


def _chunks(reader: BlockReader, at: int, length: int) -> Iterator[bytes]:
    for position in range(at, at + length, _CHUNK):
        yield reader.pread(min(_CHUNK, at + length - position), position)


def _unpacked(chunks: Iterator[bytes], header: Header, where: str) -> Iterator[bytes]:
    try:
        unpacker = _UNPACKERS[header.packing](chunks, header.size)
        while not unpacker.eof:
            data = next(chunks, b"") if unpacker.needs_input else b""
            if not data and unpacker.needs_input:
                raise CannotRead("ends in the middle of what is packed", where, _DAMAGED)
            piece = unpacker.decompress(data, _PIECE)
            if piece:
                yield piece
    except (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError) as error:
        raise CannotRead("is damaged: it cannot be unpacked", where, _DAMAGED) from error


def _inflater(chunks: Iterator[bytes], size: int) -> _Unpacker:
    return _Inflater()


def _bunzipper(chunks: Iterator[bytes], size: int) -> _Unpacker:
    return bz2.BZ2Decompressor()


def _lzma(chunks: Iterator[bytes], size: int) -> _Unpacker:
    """Return an unpacker for what follows the properties (APPNOTE 5.8)."""
    first = next(chunks, b"")
    properties = int.from_bytes(first[2:4], "little")
    if properties != 5 or len(first) < 9 or first[4] >= 9 * 5 * 5:
        raise ValueError("no properties of LZMA")
    lclppb, dictionary = first[4], int.from_bytes(first[5:9], "little")
    # No more of it is ever used than there is content.
    needed = max(4096, min(dictionary, size))
    if needed > _LARGEST_DICTIONARY:
        raise ValueError("a dictionary larger than memory")
    settings = {
        "id": lzma.FILTER_LZMA1,
        "lc": lclppb % 9,
        "lp": lclppb // 9 % 5,
        "pb": lclppb // 45,
        "dict_size": needed,
    }
    return _LzmaUnpacker(
        lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[settings]), first[9:], size
    )


class _LzmaUnpacker:
    """The stream may have no mark at its end: then it ends with the content."""

    def __init__(self, unpacker: lzma.LZMADecompressor, first: bytes, size: int) -> None:
        self._unpacker, self._first, self._left = unpacker, first, size

    @property
    def eof(self) -> bool:
        return self._unpacker.eof or self._left <= 0

    @property
    def needs_input(self) -> bool:
        return not self._first and self._unpacker.needs_input

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        data, self._first = self._first + data, b""
        piece = self._unpacker.decompress(data, max_length)
        self._left -= len(piece)
        return piece


_UNPACKERS: Final[dict[int, Callable[[Iterator[bytes], int], _Unpacker]]] = {
    DEFLATE: _inflater,
    BZIP2: _bunzipper,
    LZMA: _lzma,
}


def _given(password: bytes | None, where: str) -> bytes:
    if password is None:
        raise Locked("is encrypted with a password", where, "Give the password to read it")
    return password


def _decrypted(
    chunks: Iterator[bytes], header: Header, where: str, password: bytes
) -> Iterator[bytes]:
    """Undo the traditional encryption, which keeps out nobody but the curious (APPNOTE 6.1)."""
    cipher = _ZipCrypto(password)
    first = cipher.decrypt(next(chunks, b""))
    # Which of the two is there depends on whether the checksum was known in time.
    checks = {header.crc >> 24, header.time >> 8 if header.flags & STREAMED else header.crc >> 24}
    if len(first) < _CRYPT_HEADER or first[_CRYPT_HEADER - 1] not in checks:
        raise WrongPassword(
            "is encrypted with another password", where, "Ask the sender for the right password"
        )
    yield first[_CRYPT_HEADER:]
    for chunk in chunks:
        yield cipher.decrypt(chunk)


def _crc_table() -> tuple[int, ...]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0xEDB88320 if value & 1 else 0)
        table.append(value)
    return tuple(table)


class _ZipCrypto:
    """Three keys that every byte changes (APPNOTE 6.1.5 to 6.1.7)."""

    _CRC: Final = _crc_table()

    def __init__(self, password: bytes) -> None:
        self._keys = 0x12345678, 0x23456789, 0x34567890
        # Every byte that is decrypted is mixed in; the password's go in the same way.
        self._mix(password)

    def decrypt(self, data: bytes) -> bytes:
        table = self._CRC
        one, two, three = self._keys
        plain = bytearray(len(data))
        for n, byte in enumerate(data):
            word = three | 2
            byte ^= (word * (word ^ 1) >> 8) & 255
            plain[n] = byte
            one = table[(one ^ byte) & 255] ^ one >> 8
            two = ((two + (one & 255)) * 134775813 + 1) & 0xFFFFFFFF
            three = table[(three ^ two >> 24) & 255] ^ three >> 8
        self._keys = one, two, three
        return bytes(plain)

    def _mix(self, data: bytes) -> None:
        table = self._CRC
        one, two, three = self._keys
        for byte in data:
            one = table[(one ^ byte) & 255] ^ one >> 8
            two = ((two + (one & 255)) * 134775813 + 1) & 0xFFFFFFFF
            three = table[(three ^ two >> 24) & 255] ^ three >> 8
        self._keys = one, two, three
