"""Bytes as the text of a mail and back: base64 and quoted-printable (RFC 2045 6), in pieces."""

import binascii
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

from media.entry import BlockReader

_CHUNK: Final = 1 << 20  # bytes of text read at once
_LINE: Final = 76  # characters (RFC 2045 6.8)
LINE_BYTES: Final = _LINE // 4 * 3  # bytes of content that a line stands for
_ALPHABET: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
_WHITE: Final = b" \t\r\n"
_FOREIGN: Final = bytes(set(range(256)) - set(_ALPHABET))
_LONGEST_LINE: Final = 1 << 16  # bytes that are kept back while a line goes on

PLAIN: Final = ("7bit", "8bit", "binary", "")


class Measure(NamedTuple):
    """What is known of an encoded text before it is decoded."""

    size: int  # bytes of content
    is_damaged: bool


class _Base64:
    """Decodes what it is fed; keeps what does not fill four characters."""

    def __init__(self) -> None:
        self.is_damaged = False
        self._rest = b""
        self._ended = False

    def feed(self, text: bytes) -> bytes:
        clean = text.translate(None, _FOREIGN)
        if len(clean) != len(text.translate(None, _WHITE)):
            self.is_damaged = True
        if self._ended:
            self.is_damaged = self.is_damaged or bool(clean.strip(b"="))
            return b""
        clean = self._rest + clean
        end = clean.find(b"=")
        if end >= 0:
            self._ended = True
            self.is_damaged = self.is_damaged or bool(clean[end:].strip(b"="))
            clean = clean[:end]
        whole = len(clean) // 4 * 4
        self._rest = clean[whole:]
        return binascii.a2b_base64(clean[:whole])

    def end(self) -> bytes:
        rest, self._rest = self._rest, b""
        if len(rest) == 1 or (rest and not self._ended):
            self.is_damaged = True
        return binascii.a2b_base64(rest.ljust(4, b"=")) if len(rest) > 1 else b""


class _Quoted:
    """Decodes line by line."""

    def __init__(self) -> None:
        self.is_damaged = False
        self._rest = b""

    def feed(self, text: bytes) -> bytes:
        text = self._rest + text
        end = text.rfind(b"\n") + 1
        if not end and len(text) > _LONGEST_LINE:
            end = len(text)
        self._rest = text[end:]
        return binascii.a2b_qp(text[:end])

    def end(self) -> bytes:
        rest, self._rest = self._rest, b""
        return binascii.a2b_qp(rest)


_DECODERS: Final[dict[str, Callable[[], _Base64 | _Quoted]]] = {
    "base64": _Base64,
    "quoted-printable": _Quoted,
}


def is_known(encoding: str) -> bool:
    """Return whether a Content-Transfer-Encoding can be read."""
    return encoding in PLAIN or encoding in _DECODERS


def decoded_pieces(reader: BlockReader, start: int, end: int, encoding: str) -> Iterator[bytes]:
    """Yield the content that the text from byte *start* to byte *end* stands for."""
    decoder = _DECODERS[encoding]()
    for position in range(start, end, _CHUNK):
        piece = decoder.feed(reader.pread(min(_CHUNK, end - position), position))
        if piece:
            yield piece
    yield decoder.end()


def measure(reader: BlockReader, start: int, end: int, encoding: str) -> Measure:
    """Return how long the content is that a text stands for; decodes it and keeps nothing."""
    if encoding in PLAIN:
        return Measure(end - start, is_damaged=False)
    decoder = _DECODERS[encoding]()
    size = 0
    for position in range(start, end, _CHUNK):
        size += len(decoder.feed(reader.pread(min(_CHUNK, end - position), position)))
    size += len(decoder.end())
    return Measure(size, decoder.is_damaged)


def encoded_size(size: int) -> int:
    """Return how many characters `encoded` makes of *size* bytes, line breaks included."""
    return -(-size // 3) * 4 + -(-size // LINE_BYTES) * 2


def encoded(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield base64 of all *pieces* together, in lines of 76 characters."""
    rest = b""
    for piece in pieces:
        data = rest + piece
        whole = len(data) // LINE_BYTES * LINE_BYTES
        rest = data[whole:]
        if whole:
            yield _lines(data[:whole])
    if rest:
        yield _lines(rest)


def _lines(data: bytes) -> bytes:
    text = binascii.b2a_base64(data, newline=False)
    lines = [text[at : at + _LINE] for at in range(0, len(text), _LINE)]
    return b"\r\n".join([*lines, b""])
