"""What on an encrypted medium tells of the envelopes: not copied, but the digests are compared."""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import NamedTuple

from jacket import manifest
from jacket.secure_readme import NAME as README
from jacket.secure_readme import is_own_readme
from media import Entry, Medium
from media.source import Name
from reporting import CannotRead


class About(NamedTuple):
    """What is told of the files as they lie on the medium."""

    digests: dict[Name, str]  # SHA-256, by the names of entries; empty where nobody lists them
    gone: tuple[Name, ...]  # files that are listed, and not there
    names: frozenset[Name]  # of files that are of no use beside the plain ones
    remarks: tuple[str, ...]

    @property
    def expected(self) -> tuple[Name, ...]:
        """The files that are listed and should be in the plain folder."""
        return tuple(name for name in (*self.digests, *self.gone) if name not in self.names)

    def without(self, entries: Iterable[Entry]) -> list[Entry]:
        """Return the files that belong to the plain medium, too."""
        return [entry for entry in entries if entry.name not in self.names]


def told_about(medium: Medium, entries: Sequence[Entry]) -> About:
    """Read what *medium* tells of its own files; what cannot be read is told where it is met."""
    listed: dict[Name, str] = {}
    names: set[Name] = set()
    readme = b""
    for entry in entries:
        if entry.name == manifest.NAME:
            listed = manifest.parse_manifest(_content(medium, entry))[0]
            if listed:
                names.add(entry.name)
        elif entry.name == README:
            readme = _content(medium, entry)
    remarks: tuple[str, ...] = ()
    # One that was changed stays among the others, and is named as they are.
    if is_own_readme(readme) and sha256(readme).hexdigest() == listed.get(README):
        names.add(README)
        remarks = ("README.TXT tells how an encrypted medium is opened: it was left there",)
    found = {name: medium.find_tolerant(name) for name in listed}
    digests = {entry.name: listed[name] for name, entry in found.items() if entry is not None}
    gone = tuple(name for name, entry in found.items() if entry is None)
    return About(digests, gone, frozenset(names), remarks)


def _content(medium: Medium, entry: Entry) -> bytes:
    if entry.size > manifest.LARGEST:
        return b""
    try:
        with medium.open(entry) as file:
            return file.pread(file.size, 0)
    except CannotRead:
        return b""
