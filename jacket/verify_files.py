"""What is looked at in each file of a medium, in whichever process that happens.

Each file is opened once and read to its end; what was read serves the header, the digest and
the checks. Results are plain values, so that they can be handed from one process to another.
"""

from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from types import MappingProxyType
from typing import Final, NamedTuple

from dicomdir.check_file import FileMetaCheck
from dicomdir.check_reference import Once, ReferenceCheck
from dicomdir.header import NotDicom, Unsure, read_header
from dicomdir.index import Indexer
from dicomdir.instance import Instance, NotIndexed
from jacket import verification_rules as rules
from jacket.pdi_check import Scope, check_pdi_file
from jacket.verify_manifest import ManifestCheck
from media import Entry, FileReader, Locked, Medium
from media.source import Name
from profiles.profile_check import ProfileChecks
from reporting import CannotRead, Finding, Severity

_CHUNK: Final = 1 << 20  # bytes read at once
# Files up to so many bytes are read at once, as the walk through a file and the look at its frames
# go over it again, and a drive is not to go back for them.
_HELD: Final = 16 << 20
_HEAD: Final = 4096  # bytes that the checks of preamble and File Meta Information look at

PRead = Callable[[int, int], bytes]  # (length, offset) → bytes of a file
Plain = tuple[str, str, str, str, str, str]  # a Finding whose severity is a plain string


class Result(NamedTuple):
    """What was seen in some files, each field a plain value."""

    found: list[tuple[Plain, Once | None]]
    secure: list[str]  # Secure DICOM Files
    unread: list[str]  # files that could not be read to their ends
    size: int  # bytes that were read


class Expected(NamedTuple):
    """What every file is held against; the same in all processes."""

    medium: Medium
    references: ReferenceCheck
    manifest: ManifestCheck
    indexer: Indexer
    pdi: Scope | None  # None: not asked for
    unreferenced: Severity | None  # of a DICOM file that no record names; None: none can
    directory: bool = True  # there is a file DICOMDIR, whatever is in it
    known: Mapping[Name, bytes] = MappingProxyType({})  # contents that were read before


class FileChecks:
    """The work of one process."""

    def __init__(self, expected: Expected, profiles: ProfileChecks) -> None:
        self._expected = expected
        self._profiles = profiles
        self._meta = FileMetaCheck()
        self._found: list[tuple[Plain, Once | None]] = []
        self._secure: list[str] = []
        self._unread: list[str] = []
        self._read = 0

    def chunk(self, entries: Sequence[Entry]) -> tuple[object, ...]:
        """Check some files of the medium; return the fields of a `Result`."""
        self._found, self._secure, self._unread, self._read = [], [], [], 0
        for entry in entries:
            self._file(entry)
        return self._found, self._secure, self._unread, self._read

    def state(self) -> object:
        """Return what the profile checks gathered."""
        return self._profiles.state()

    def absorb(self, state: object) -> None:
        """Take in what the profile checks of another process gathered."""
        self._profiles.absorb(state)

    def _say(self, findings: Sequence[Finding]) -> None:
        for finding in findings:
            self._found.append((plain(finding), None))

    def _file(self, entry: Entry) -> None:
        where = "/".join(entry.name)
        try:
            with self._expected.medium.open(entry) as file:
                self._open_file(entry, where, file)
        except Locked:
            self._unread.append(where)  # told once, by the archive's own rule
        except CannotRead as error:
            self._unread.append(where)
            self._say([rules.FILE_UNREADABLE.at(where, error.what)])
            self._compare(entry, None, NotIndexed(where, error.what, "unreadable"))

    def _open_file(self, entry: Entry, where: str, file: FileReader) -> None:
        size = file.size
        first = self._expected.known.get(entry.name) or file.pread(
            size if size <= _HELD else _CHUNK, 0
        )
        whole = len(first) == size

        def pread(length: int, offset: int) -> bytes:
            if whole or offset + length <= len(first):
                return first[offset : offset + length]
            return file.pread(max(0, min(length, size - offset)), offset)

        instance, not_indexed = self._index(where, pread, size)
        digest = self._digest(file, first)
        pdi = self._expected.pdi
        if entry.name[-1].upper() == "AUTORUN.INF" and (pdi is None or len(entry.name) > 1):
            self._say([rules.AUTORUN.at(where)])  # in the root IHE PDI has a rule of its own
        self._say(self._expected.manifest.compare(entry.name, digest))
        if pdi is not None:
            self._say(check_pdi_file(entry.name, instance, not_indexed, pdi))
        if not_indexed is not None and not_indexed.kind == "directory":
            if where.upper() != "DICOMDIR":
                there = self._expected.directory
                rule = rules.SECOND_DICOMDIR if there else rules.OTHER_DICOMDIR
                self._say([rule.at(where)])
                self._compare(entry, None, not_indexed)  # it is there, whatever names it
            return
        if not_indexed is not None and not_indexed.kind == "secure":
            self._secure.append(where)
        self._compare(entry, instance, not_indexed)
        if instance is not None:
            self._say(self._meta.see(first[:_HEAD], size, where))
            expected = self._expected.references.record_of(entry.name)
            record, parents = expected if expected is not None else (None, None)
            self._profiles.see(record, parents, instance, pread)

    def _index(
        self, where: str, pread: PRead, size: int
    ) -> tuple[Instance | None, NotIndexed | None]:
        """Return what the scan would make of one file of the medium."""
        indexer = self._expected.indexer
        try:
            header = read_header(pread, size, indexer.wanted, indexer.memo)
            return indexer.index(where, header), None
        except NotDicom as problem:
            return None, NotIndexed(where, problem.reason, problem.kind)
        except (Unsure, ValueError) as doubt:
            return None, NotIndexed(where, f"malformed: {doubt}", "malformed")

    def _digest(self, file: FileReader, first: bytes) -> str:
        """Read the file to its end and return its SHA-256."""
        digest = sha256(first)
        position = len(first)
        while position < file.size:
            chunk = file.pread(min(_CHUNK, file.size - position), position)
            digest.update(chunk)
            position += len(chunk)
        self._read += position
        return digest.hexdigest()

    def _compare(
        self, entry: Entry, instance: Instance | None, not_indexed: NotIndexed | None
    ) -> None:
        compared = self._expected.references.compare(entry.name, instance, not_indexed)
        for finding, once in compared:
            if finding.rule == "DIR-FILE-UNREFERENCED":
                if self._expected.unreferenced is None:
                    continue  # one finding says that there is no directory
                finding = finding._replace(severity=self._expected.unreferenced)
            self._found.append((plain(finding), once))


def plain(finding: Finding) -> Plain:
    """Return a finding as marshal takes it."""
    rule, severity, where, message, remedy, reference = finding
    return rule, str(severity.value), where, message, remedy, reference


def finding_of(values: Plain) -> Finding:
    """Return the finding that was made plain."""
    rule, severity, where, message, remedy, reference = values
    return Finding(rule, Severity(severity), where, message, remedy, reference)
