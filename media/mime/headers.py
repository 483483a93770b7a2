"""Headers of mails and of their parts: tolerant, and linear in what they are given."""

import re
from typing import Final, NamedTuple

LONGEST: Final = 64 << 10  # bytes of the headers of one part
_LONGEST_ENCODED: Final = 998  # characters (RFC 5322 2.1.1); to decode takes their square
_FIELD: Final = re.compile(r"([!-9;-~]+)[ \t]*:[ \t]*(.*)", re.DOTALL)
_FOLD: Final = re.compile(r"\r?\n(?=[ \t])")
_LINE: Final = re.compile(r"\r?\n")
_PARAMETER: Final = re.compile(
    r';\s*([^\s=;"]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;]*))', re.DOTALL
)
_PERCENT: Final = re.compile(rb"%([0-9A-Fa-f]{2})")
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)


class Value(NamedTuple):
    """A structured header such as Content-Type, taken apart."""

    value: str  # lower case: "application/dicom"
    parameters: dict[str, str]  # names in lower case


def parse_headers(block: bytes) -> dict[str, str]:
    """Return the fields of a header block by their names in lower case; the first of each."""
    text = _FOLD.sub("", block.decode("latin-1"))
    fields: dict[str, str] = {}
    for line in _LINE.split(text):
        match = _FIELD.fullmatch(line)
        if match:
            fields.setdefault(match[1].lower(), match[2].strip())
    return fields


def structured(text: str) -> Value:
    """Take a header with parameters apart (RFC 2045 5.1, RFC 2231)."""
    value, _, _ = text.partition(";")
    plain: dict[str, str] = {}
    split: dict[str, dict[int, tuple[str, bool]]] = {}
    for match in _PARAMETER.finditer(text, len(value)):
        name = match[1].lower()
        content = _ESCAPED.sub(r"\1", match[2]) if match[2] is not None else match[3]
        stem, star, number = name.rstrip("*").partition("*")
        if name == stem:
            plain.setdefault(name, decoded(content))
        elif not star or (number.isdecimal() and len(number) < 5):
            piece = int(number or 0), (content, name.endswith("*"))
            split.setdefault(stem, {}).setdefault(*piece)
    for name, pieces in split.items():
        plain[name] = _joined(pieces)
    return Value(value.strip().lower(), plain)


def _joined(pieces: dict[int, tuple[str, bool]]) -> str:
    """Put a value together that was cut into pieces or has its character set in front of it."""
    charset = "ascii"
    joined = b""
    for number, (text, is_encoded) in sorted(pieces.items()):
        if not number and is_encoded and text.count("'") >= 2:
            charset, _, text = text.split("'", 2)
        raw = text.encode("latin-1", "replace")
        joined += _PERCENT.sub(_unquoted, raw) if is_encoded else raw
    return _text(joined, charset)


def _unquoted(match: re.Match[bytes]) -> bytes:
    return bytes((int(match[1], 16),))


def decoded(text: str) -> str:
    """Return a text in which encoded words are spelled out (RFC 2047)."""
    text = _eight_bit(text)
    if "=?" not in text or len(text) > _LONGEST_ENCODED:
        return text
    # Loaded by those few mails that need it, not by everybody who opens a medium.
    from email.errors import HeaderParseError
    from email.header import decode_header

    try:
        pieces = decode_header(text)
    except (HeaderParseError, ValueError):
        return text
    return "".join(
        _text(piece, charset or "ascii") if isinstance(piece, bytes) else piece
        for piece, charset in pieces
    )


def _eight_bit(text: str) -> str:
    """Return what was read byte by byte as UTF-8 where it is that."""
    if text.isascii():
        return text
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def _text(raw: bytes, charset: str) -> str:
    try:
        return raw.decode(charset, "replace")
    except (LookupError, ValueError):
        return raw.decode("utf-8", "replace")
