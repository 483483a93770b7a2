"""Finds the parts of a mail in one pass, however long it is (RFC 2045, RFC 2046)."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final, NamedTuple

from media.entry import BlockReader
from media.finding_list import FindingList
from media.mime.headers import LONGEST, Value, decoded, parse_headers, structured
from media.mime.rules import new_list

_CHUNK: Final = 1 << 20  # bytes
_USUAL: Final = 4096  # bytes of the headers of a part
_MOST_PARTS: Final = 200_000
_DEEPEST: Final = 16  # parts in parts
_LONGEST_LINE: Final = 256  # bytes of a line that ends a part: two dashes, 70 characters, two more
_DELIMITER: Final = re.compile(rb"\r?\n--([^\r\n]{1,200})(?=\r?\n|\r?\Z)")
_END_OF_HEADERS: Final = re.compile(rb"\r?\n\r?\n|\A\r?\n")


class Part(NamedTuple):
    """One part without parts of its own."""

    type: Value
    disposition: Value
    encoding: str  # Content-Transfer-Encoding in lower case
    start: int  # byte of the mail at which its text begins
    end: int  # byte after its text
    within: str  # type of the multipart that it is in; "" where there is none
    multipart: int  # number of that multipart

    @property
    def name(self) -> str:
        """The name under which a mail program would save it; "" where it has none."""
        return self.type.parameters.get("name", "") or self.disposition.parameters.get(
            "filename", ""
        )


class Mail(NamedTuple):
    """A mail, taken apart."""

    headers: dict[str, str]  # of the mail itself
    type: Value
    parts: list[Part]
    problems: FindingList

    @property
    def subject(self) -> str:
        return decoded(self.headers.get("subject", ""))


class Head(NamedTuple):
    """The headers of a mail or of a part, and what they say of its body."""

    headers: dict[str, str]
    type: Value
    body: int  # byte at which it begins

    @property
    def encoding(self) -> str:
        """Return the Content-Transfer-Encoding in lower case."""
        return self.headers.get("content-transfer-encoding", "7bit").strip().lower()


class _Multipart(NamedTuple):
    boundary: bytes
    type: str
    number: int


def read_mail(reader: BlockReader) -> Mail:
    """Take a mail apart, or anything else that has its headers."""
    start = _after_envelope(reader)
    headers, body = _headers_at(reader, start)
    finding = _Finding(reader, new_list())
    finding.begin(headers, body)
    for at, text, after in _delimiters(reader, body):
        if not finding.take(at, text, after):
            break
    finding.finish()
    return Mail(headers, _type(headers), finding.parts, finding.problems)


def headers_of(reader: BlockReader) -> dict[str, str]:
    """Return the headers at the beginning."""
    return _headers_at(reader, _after_envelope(reader))[0]


def read_head(reader: BlockReader) -> Head:
    """Return the headers at the beginning; those of the mail inside where one was passed on."""
    headers, body = _headers_at(reader, _after_envelope(reader))
    return _within_mails(reader, headers, body)


def _within_mails(reader: BlockReader, headers: dict[str, str], body: int) -> Head:
    """Return the headers, or those of the mail that the body is."""
    for _ in range(_DEEPEST):
        if _type(headers).value != "message/rfc822":
            break
        headers, body = _headers_at(reader, body)
    return Head(headers, _type(headers), body)


def halves(reader: BlockReader, head: Head) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """Return where the two parts of a multipart lie, each with its headers: first byte and end.

    None: it has not got two. What stands before, between and behind them belongs to neither.
    """
    boundary = head.type.parameters.get("boundary", "").encode("utf-8", "replace").rstrip(b" \t")
    lines = (boundary, boundary + b"--") if boundary else ()
    found = ((at, after) for at, text, after in _delimiters(reader, head.body) if text in lines)
    marks = list(islice(found, 3))
    if len(marks) < 3:
        return None
    (_, first), (end, second), (last, _) = marks
    return (first, max(end, first)), (second, max(last, second))


def _after_envelope(reader: BlockReader) -> int:
    """Return where the headers begin: after the line that a mailbox puts in front of a mail."""
    first = reader.pread(min(reader.size, 1024), 0)
    if first.startswith(b"From "):
        return first.find(b"\n") + 1
    return 0


def _headers_at(reader: BlockReader, at: int) -> tuple[dict[str, str], int]:
    """Return the headers at byte *at* and where what they speak of begins."""
    for length in (_USUAL, LONGEST):
        block = reader.pread(max(min(length, reader.size - at), 0), at)
        match = _END_OF_HEADERS.search(block)
        if match is not None:
            return parse_headers(block[: match.start()]), at + match.end()
    return parse_headers(block), at + len(block)


def _type(headers: dict[str, str]) -> Value:
    return structured(headers.get("content-type", "text/plain"))


def _delimiters(reader: BlockReader, start: int) -> Iterator[tuple[int, bytes, int]]:
    """Yield lines that may end a part: their first byte, their text, and the byte after them."""
    # The line break in front of it belongs to what ends a part.
    base = max(start - 2, 0)
    reached = 0
    while base < reader.size:
        data = reader.pread(min(_CHUNK + _LONGEST_LINE, reader.size - base), base)
        is_last = base + len(data) == reader.size
        for match in _DELIMITER.finditer(data):
            begin, end = base + match.start(), base + match.end()
            if begin < reached or (match.start() >= _CHUNK and not is_last):
                continue  # It was there already, or comes again.
            reached = end
            line_break = data[match.end() : match.end() + 2]
            after = end + (2 if line_break == b"\r\n" else len(line_break[:1]))
            yield begin, match[1].rstrip(b" \t"), after
        base += _CHUNK


class _Finding:
    """Follows the delimiters through a mail."""

    def __init__(self, reader: BlockReader, problems: FindingList) -> None:
        self.parts: list[Part] = []
        self.problems = problems
        self._reader = reader
        self._open: list[_Multipart] = []  # the innermost last
        self._leaf: Part | None = None  # without its end
        self._body = 0
        self._multiparts = 0

    def begin(self, headers: dict[str, str], body: int) -> None:
        """Take in what begins with *headers*."""
        headers, kind, body = _within_mails(self._reader, headers, body)
        self._body = body
        boundary = kind.parameters.get("boundary", "")
        if kind.value.startswith("multipart/") and boundary:
            self._push(boundary, kind.value)
            return
        above = self._open[-1] if self._open else _Multipart(b"", "", -1)
        disposition = structured(headers.get("content-disposition", ""))
        encoding = headers.get("content-transfer-encoding", "7bit").strip().lower()
        self._leaf = Part(kind, disposition, encoding, body, body, above.type, above.number)

    def _push(self, boundary: str, kind: str) -> None:
        if len(self._open) >= _DEEPEST:
            self.problems.add("MIM-TOO-MANY", f"byte {self._body}")
            return
        raw = boundary.encode("utf-8", "replace").rstrip(b" \t")
        self._open.append(_Multipart(raw, kind, self._multiparts))
        self._multiparts += 1

    def take(self, at: int, text: bytes, after: int) -> bool:
        """Take in a line that may end a part; return whether to go on."""
        if at + 2 < self._body or not text:
            return True
        for depth in range(len(self._open) - 1, -1, -1):
            boundary = self._open[depth].boundary
            if text == boundary:
                self._end_leaf(at)
                del self._open[depth + 1 :]
                self.begin(*_headers_at(self._reader, after))
                break
            if text == boundary + b"--":
                self._end_leaf(at)
                del self._open[depth:]
                break
        if len(self.parts) >= _MOST_PARTS:
            self.problems.add("MIM-TOO-MANY", f"byte {at}")
            self._open.clear()
            return False
        return bool(self._open)

    def finish(self) -> None:
        """Take in the end of the mail."""
        if self._open:
            self.problems.add("MIM-CUT", f"byte {self._reader.size}")
        self._end_leaf(self._reader.size)

    def _end_leaf(self, at: int) -> None:
        if self._leaf is not None:
            self.parts.append(self._leaf._replace(end=max(at, self._leaf.start)))
            self._leaf = None
