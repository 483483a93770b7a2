"""MANIFEST.TXT: the SHA-256 of every file of a medium, as sha256sum writes and checks it."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from io import BytesIO
from typing import Final

from media.source import DigestList, Name

NAME: Final = ("MANIFEST.TXT",)
LARGEST: Final = 64 << 20  # bytes; a million files have as much
_EXAMPLES: Final = 20  # lines that are told by number
_DIGEST: Final = 64  # hexadecimal digits
_is_hexadecimal: Final = re.compile(rf"[0-9a-fA-F]{{{_DIGEST}}}").fullmatch


def manifest_of(files: Sequence[tuple[Name, int]], recorded: datetime) -> DigestList:
    """Return the manifest to be of *files*, (name, size in bytes) each, in their order."""
    names = [name for name, _ in files]

    def compose(digests: Mapping[Name, str]) -> bytes:
        return b"".join(line_of(digests[name], name) for name in names)

    size = sum(len(line_of("0" * _DIGEST, name)) for name in names)
    return DigestList(NAME, size, compose, recorded)


def line_of(digest: str, name: Name) -> bytes:
    """Return one line of a manifest."""
    # "*" marks binary mode; forward slashes are understood by sha256sum everywhere.
    return f"{digest} *{'/'.join(name)}\n".encode("ascii")


def parse_manifest(content: bytes) -> tuple[dict[Name, str], int, list[int]]:
    """Return the digests by name, how many lines are none, and the numbers of the first of those.

    Args:
        content: of a MANIFEST.TXT, ours or another's with the same format.
    """
    digests: dict[Name, str] = {}
    odd, examples = 0, []
    for number, raw in enumerate(BytesIO(content), start=1):
        line = raw.decode("ascii", "replace").rstrip("\r\n")
        digest, separator, name = line[:_DIGEST], line[_DIGEST : _DIGEST + 2], line[_DIGEST + 2 :]
        parts = tuple(name.removeprefix("./").split("/"))
        if separator in (" *", "  ") and all(parts) and _is_hexadecimal(digest):
            digests[parts] = digest.lower()
        elif line.strip():
            odd += 1
            if odd <= _EXAMPLES:
                examples.append(number)
    return digests, odd, examples
