"""A medium held against its own MANIFEST.TXT."""

from collections.abc import Container, Iterable
from typing import Final

from jacket import manifest
from jacket import verification_rules as rules
from media import Entry, Medium
from media.source import Name
from reporting import CannotRead, Finding

_MOST_MISSING: Final = 1000  # files of the manifest that are named one by one


class ManifestCheck:
    """What the manifest lists, if there is one."""

    def __init__(self, medium: Medium, entry: Entry | None) -> None:
        """Read the manifest *entry* of *medium*; what is wrong with it is in ``findings``."""
        self.findings: list[Finding] = []
        self.content: bytes | None = None  # of the manifest, if it could be read
        self.listed: dict[Name, str] | None = None
        if entry is not None:
            self.listed = self._read(medium, entry)

    def _read(self, medium: Medium, entry: Entry) -> dict[Name, str] | None:
        if entry.size > manifest.LARGEST:
            message = "The manifest is larger than any real one"
            self.findings.append(rules.MANIFEST_LINE.at("MANIFEST.TXT", message))
            return None
        try:
            with medium.open(entry) as file:
                self.content = file.pread(file.size, 0)
        except CannotRead:
            return None  # met again, and told, in the walk
        listed, odd, lines = manifest.parse_manifest(self.content)
        if not listed:
            return None  # another maker's file of that name
        self.findings += [rules.MANIFEST_LINE.at(f"MANIFEST.TXT line {n}") for n in lines]
        if odd > len(lines):
            self.findings.append(rules.MANIFEST_LINE.at(f"and {odd - len(lines)} lines more"))
        return listed

    def compare(self, name: Name, digest: str) -> list[Finding]:
        """Hold the SHA-256 of one file against the manifest."""
        if self.listed is None or name == manifest.NAME:
            return []
        stated = self.listed.get(name)
        if stated == digest:
            return []
        rule = rules.NOT_LISTED if stated is None else rules.DIGEST_DIFFERS
        return [rule.at("/".join(name))]

    def compared(self, entries: Iterable[Entry], unreadable: Container[str]) -> int | None:
        """Return how many of the listed files were compared; None: there is no list."""
        if self.listed is None:
            return None
        names = {entry.name for entry in entries if "/".join(entry.name) not in unreadable}
        return sum(name in names for name in self.listed)

    def missing(self, entries: Iterable[Entry]) -> list[Finding]:
        """Return what is listed and not among *entries*."""
        if self.listed is None:
            return []
        names = {entry.name for entry in entries}
        missing = [name for name in self.listed if name not in names]
        found = [rules.LISTED_MISSING.at("/".join(name)) for name in missing[:_MOST_MISSING]]
        if len(missing) > _MOST_MISSING:
            where = f"and {len(missing) - _MOST_MISSING} files more"
            found.append(rules.LISTED_MISSING.at(where))
        return found
