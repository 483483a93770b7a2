"""The job "verify a medium": every room's checks over one walk in the medium's order.

Trusts nothing: neither the directory nor the manifest nor what we wrote ourselves. Every file is
read to its end.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

from dicomdir.check_directory import check_directory
from dicomdir.check_file import check_file_meta
from dicomdir.check_reference import ReferenceCheck, references
from dicomdir.file_ids import located
from dicomdir.header import NotDicom, Unsure, read_header
from dicomdir.index import Indexer
from dicomdir.instance import Instance, NotIndexed
from dicomdir.read import LARGEST, DirectoryRead, NotADirectory, read_directory
from dicomdir.record import Directory, DirectoryRecord
from jacket import manifest
from jacket import verification_rules as rules
from media import Entry, FileReader, Medium, open_medium
from media.source import Name
from profiles.application_profiles import ApplicationProfile
from profiles.profile_check import ProfileCheck
from profiles.profile_table import PROFILES, profile
from reporting import CannotRead, Finding, Progress, Severity, silent

_DICOMDIR: Final = ("DICOMDIR",)
_CHUNK: Final = 1 << 20  # bytes read at once; the first serves the header too
_MOST_MISSING: Final = 1000  # files of the manifest that are named one by one
_HEAD: Final = 4096  # bytes that the checks of preamble and File Meta Information look at


@dataclass(frozen=True, slots=True)
class Verification:
    """The verdict on a medium."""

    path: str
    kind: str  # "iso9660" or "folder"
    label: str
    file_set_uid: str
    file_set_id: str
    profile: str | None  # that was claimed
    satisfies: tuple[str, ...]
    instances: int  # that the directory names
    files: int
    read: int  # bytes
    findings: tuple[Finding, ...]

    @property
    def compliant(self) -> bool:
        """Whether nothing is wrong; warnings and notes do not count."""
        return not self.count(Severity.ERROR)

    def count(self, severity: Severity) -> int:
        """Return the number of findings of one severity."""
        return sum(finding.severity is severity for finding in self.findings)


def verify(
    path: str | Path, profile_id: str | None = None, *, progress: Progress = silent
) -> Verification:
    """Check the medium at *path*.

    Args:
        path: folder, ISO 9660 image or drive, or a DICOMDIR file.
        profile_id: the application profile that is claimed; None: tell which ones are satisfied.
        progress: told the stage "verify" in bytes.

    Raises:
        CannotRead: the medium does not open.
        WrongUsage: there is no such profile.
    """
    claimed = None if profile_id is None else profile(profile_id)
    medium = open_medium(Path(path))
    try:
        return _Walk(medium, claimed, progress).verdict(str(path))
    finally:
        medium.close()


class _Walk:
    """One walk over a medium; collects findings."""

    def __init__(
        self, medium: Medium, claimed: ApplicationProfile | None, progress: Progress
    ) -> None:
        self.medium = medium
        self.claimed = claimed
        self.progress = progress
        self.findings = medium.findings()
        rows = [claimed] if claimed is not None else list(PROFILES.values())
        self.profiles = [ProfileCheck(row, claimed=claimed is not None) for row in rows]
        self.indexer = Indexer(key for row in rows for key in row.additional_keys)
        self.secure: list[str] = []
        self.read = 0

    def verdict(self, path: str) -> Verification:
        read = self._directory()
        directory = read.directory if read is not None else Directory("")
        records = {located(r.file_id): r for r, _ in references(directory)}
        self._label(directory, read)
        files = self._files(ReferenceCheck(directory), records)
        instances = len(records)
        satisfies = self._satisfied(instances)
        return Verification(
            path,
            self.medium.kind,
            self.medium.label,
            directory.file_set_uid,
            directory.file_set_id,
            self.claimed.identifier if self.claimed else None,
            satisfies,
            instances,
            files,
            self.read,
            tuple(self.findings),
        )

    def _directory(self) -> DirectoryRead | None:
        """Read and check the DICOMDIR; None when there is none that can be read."""
        entry = self.medium.find(_DICOMDIR)
        if entry is None:
            entry = self.medium.find_tolerant(_DICOMDIR)
            if entry is None:
                self.findings.append(rules.DICOMDIR_MISSING.at("medium"))
                return None
            self.findings.append(rules.DICOMDIR_NAME.at(entry.recorded))
        if entry.size > LARGEST:
            what = f"{entry.size:,} bytes are more than a directory has"
            self.findings.append(rules.DICOMDIR_UNREADABLE.at("DICOMDIR", what))
            return None
        try:
            with self.medium.open(entry) as file:
                data = file.pread(file.size, 0)
            read = read_directory(data)
        except NotADirectory as error:
            self.findings.append(rules.DICOMDIR_UNREADABLE.at("DICOMDIR", error.what))
            return None
        except CannotRead as error:
            self.findings.append(rules.FILE_UNREADABLE.at("DICOMDIR", error.what))
            return None
        self.findings += check_directory(read)
        return read

    def _label(self, directory: Directory, read: DirectoryRead | None) -> None:
        if read is None or self.medium.kind != "iso9660":
            return
        if self.medium.label != directory.file_set_id:
            self.findings.append(
                rules.LABEL_DIFFERS.at(
                    "volume descriptor",
                    f"Volume Identifier {self.medium.label!r}, File-set ID "
                    f"{directory.file_set_id!r}",
                )
            )

    def _files(self, check: ReferenceCheck, records: dict[Name | None, DirectoryRecord]) -> int:
        """Walk all files in the medium's order; return their number."""
        entries = list(self.medium.entries())
        total = sum(entry.size for entry in entries)
        listed = self._manifest()
        for entry in entries:
            self._file(entry, check, records, listed)
            self.progress("verify", self.read, total)
        self.findings += check.finish()
        if listed is not None:
            names = {entry.name for entry in entries}
            missing = [name for name in listed if name not in names]
            self.findings += [
                rules.LISTED_MISSING.at("/".join(name)) for name in missing[:_MOST_MISSING]
            ]
            if len(missing) > _MOST_MISSING:
                where = f"and {len(missing) - _MOST_MISSING} files more"
                self.findings.append(rules.LISTED_MISSING.at(where))
        return len(entries)

    def _manifest(self) -> dict[Name, str] | None:
        entry = self.medium.find(manifest.NAME)
        if entry is None:
            return None
        if entry.size > manifest.LARGEST:
            self.findings.append(
                rules.MANIFEST_LINE.at("MANIFEST.TXT", "The manifest is larger than any real one")
            )
            return None
        try:
            with self.medium.open(entry) as file:
                listed, odd, lines = manifest.parse_manifest(file.pread(file.size, 0))
        except CannotRead:
            return None  # met again, and told, in the walk
        if not listed:
            return None  # another maker's file of that name
        self.findings += [rules.MANIFEST_LINE.at(f"MANIFEST.TXT line {n}") for n in lines]
        if odd > len(lines):
            self.findings.append(rules.MANIFEST_LINE.at(f"and {odd - len(lines)} lines more"))
        return listed

    def _file(
        self,
        entry: Entry,
        check: ReferenceCheck,
        records: dict[Name | None, DirectoryRecord],
        listed: dict[Name, str] | None,
    ) -> None:
        where = "/".join(entry.name)
        if entry.name[-1].upper() == "AUTORUN.INF":
            self.findings.append(rules.AUTORUN.at(where))
        try:
            with self.medium.open(entry) as file:
                first = file.pread(min(_CHUNK, file.size), 0)
                instance, not_indexed = self._index(entry, file, first)
                digest = self._digest(file, first)
        except CannotRead as error:
            self.findings.append(rules.FILE_UNREADABLE.at(where, error.what))
            check.see(entry.name, None, NotIndexed(where, error.what, "unreadable"))
            return
        self._compare_digest(entry.name, digest, listed)
        if not_indexed is not None and not_indexed.kind == "directory":
            if where.upper() != "DICOMDIR":
                self.findings.append(rules.SECOND_DICOMDIR.at(where))
                check.see(entry.name, None, not_indexed)  # it is there, whatever names it
            return
        if not_indexed is not None and not_indexed.kind == "secure":
            self.secure.append(where)
        self.findings += check.see(entry.name, instance, not_indexed)
        if instance is not None:
            self.findings += check_file_meta(first[:_HEAD], entry.size, where)
            record = records.get(located(entry.name))
            for row in self.profiles:
                row.see(record, instance)

    def _index(
        self, entry: Entry, file: FileReader, first: bytes
    ) -> tuple[Instance | None, NotIndexed | None]:
        """Return what the scan would make of one file of the medium."""

        def pread(length: int, offset: int) -> bytes:
            if offset + length <= len(first):
                return first[offset : offset + length]
            return file.pread(min(length, file.size - offset), offset)

        name = "/".join(entry.name)
        try:
            header = read_header(pread, entry.size, self.indexer.wanted, self.indexer.memo)
            return self.indexer.index(name, header), None
        except NotDicom as problem:
            return None, NotIndexed(name, problem.reason, problem.kind)
        except (Unsure, ValueError) as doubt:
            return None, NotIndexed(name, f"malformed: {doubt}", "malformed")

    def _digest(self, file: FileReader, first: bytes) -> str:
        """Read the file to its end and return its SHA-256."""
        digest = sha256(first)
        position = len(first)
        self.read += position
        while position < file.size:
            chunk = file.pread(min(_CHUNK, file.size - position), position)
            digest.update(chunk)
            position += len(chunk)
            self.read += len(chunk)
        return digest.hexdigest()

    def _compare_digest(self, name: Name, digest: str, listed: dict[Name, str] | None) -> None:
        if listed is None or name == manifest.NAME:
            return
        where = "/".join(name)
        if name not in listed:
            self.findings.append(rules.NOT_LISTED.at(where))
        elif listed[name] != digest:
            self.findings.append(rules.DIGEST_DIFFERS.at(where))

    def _satisfied(self, instances: int) -> tuple[str, ...]:
        """Finish the profiles; return those that nothing speaks against."""
        satisfied = []
        general = ProfileCheck.speaks_against(self.findings)
        for check in self.profiles:
            found = check.finish(
                file_system=self.medium.kind, instances=instances, secure_files=self.secure
            )
            if self.claimed is not None:
                self.findings += found
            if not general and not ProfileCheck.speaks_against(found):
                satisfied.append(check.profile.identifier)
        return tuple(satisfied)


class Cause(NamedTuple):
    """All findings of one rule."""

    example: Finding
    headline: str  # what is wrong at every place
    group: list[Finding]


def causes(findings: Iterable[Finding]) -> Iterator[Cause]:
    """Yield findings by cause: the worst first, the medium as a whole before its files."""
    order = list(Severity)
    by_rule: dict[str, list[Finding]] = {}
    for finding in findings:
        by_rule.setdefault(finding.rule, []).append(finding)
    groups = sorted(
        by_rule.values(),
        key=lambda group: (
            order.index(group[0].severity),
            not group[0].rule.startswith("MED-"),
            -len(group),
        ),
    )
    meanings = {rule.id: rule.meaning for rule in rules.every_rule()}
    for group in groups:
        same = all(finding.message == group[0].message for finding in group)
        headline = group[0].message if same else meanings.get(group[0].rule, group[0].message)
        yield Cause(group[0], headline, group)


__all__ = ["Verification", "causes", "verify"]
