"""What is looked at in each file of a medium, in whichever process that happens.

Each file is opened once and read to its end; what was read serves the header, the digest and
the checks. Results are plain values, so that they can be handed from one process to another.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from dicomdir.check_file import FileMetaCheck
from dicomdir.check_reference import Once, ReferenceCheck
from dicomdir.header import NotDicom, Unsure, read_header
from dicomdir.index import Indexer
from dicomdir.instance import Instance, NotIndexed
from jacket import verification_rules as rules
from jacket.entry_index import within
from jacket.locked_medium import is_locked
from jacket.pdi_check import Scope, check_pdi_file
from jacket.secure_file import InnerFile, open_inner
from jacket.secure_rules import LOCKED, about_opened, why_closed
from jacket.signed_by import PlainSigner, signers_of
from jacket.single_file import SINGLE
from jacket.verify_manifest import ManifestCheck
from media import Entry, FileReader, Locked, Medium
from media.source import Name
from profiles.profile_check import ProfileChecks
from reporting import CannotRead, Finding, NotSupported, Severity
from secure import looks_like_secure_dicom_file

if TYPE_CHECKING:
    from secure import Keys

_CHUNK: Final = 1 << 20  # bytes read at once
# Files up to so many bytes are read at once, as the walk through a file and the look at its frames
# go over it again, and a drive is not to go back for them.
_HELD: Final = 16 << 20
_HEAD: Final = 4096  # bytes that the checks of preamble and File Meta Information look at

Plain = tuple[str, str, str, str, str, str]  # a Finding whose severity is a plain string
PlainSecure = tuple[str, str, tuple[tuple[object, ...], ...]]


class SecureFile(NamedTuple):
    """A Secure DICOM File that was met. A plain tuple of it is handed over."""

    where: str
    state: str  # "opened", "locked" for want of a key, "bad", or "closed": there was no key
    signers: tuple[PlainSigner, ...] = ()

    def plain(self) -> PlainSecure:
        """Return it as marshal takes it."""
        return self.where, self.state, tuple(tuple(signer) for signer in self.signers)

    @classmethod
    def of(cls, plain: PlainSecure) -> "SecureFile":
        """Return what was made plain."""
        where, state, signers = plain
        return cls(where, state, tuple(PlainSigner._make(signer) for signer in signers))


class Result(NamedTuple):
    """What was seen in some files, each field a plain value."""

    found: list[tuple[Plain, Once | None]]
    secure: list[PlainSecure]  # Secure DICOM Files
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
    keys: "Keys | None" = None  # to open Secure DICOM Files with; None: they stay closed


class FileChecks:
    """The work of one process."""

    def __init__(self, expected: Expected, profiles: ProfileChecks) -> None:
        self._expected = expected
        self._profiles = profiles
        self._meta = FileMetaCheck()
        self._found: list[tuple[Plain, Once | None]] = []
        self._secure: list[PlainSecure] = []
        self._unread: list[str] = []
        self._read = 0
        self._steps = 0 if expected.keys is None else expected.keys.steps

    def chunk(self, entries: Sequence[Entry]) -> tuple[object, ...]:
        """Check some files of the medium; return the fields of a `Result`."""
        self._found, self._secure, self._unread, self._read = [], [], [], 0
        for entry in entries:
            self._file(entry)
        return self._found, self._secure, self._unread, self._read

    def state(self) -> object:
        """Return what the profile checks gathered, and steps of key derivation since the start."""
        keys = self._expected.keys
        return self._profiles.state(), 0 if keys is None else keys.steps - self._steps

    def absorb(self, state: tuple[object, int]) -> None:
        """Take in what another process gathered."""
        gathered, steps = state
        self._profiles.absorb(gathered)
        if self._expected.keys is not None:
            self._expected.keys.absorb(steps)

    def _say(self, findings: Iterable[Finding]) -> None:
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
        reading = _Reading(file, self._expected.known.get(entry.name))
        with self._inside(reading, where) as inner:
            instance, not_indexed = self._index(where, inner or reading)
            digest = reading.digest()
            self._read += file.size
            if entry.name[-1].upper() == "AUTORUN.INF":
                self._autorun(entry, where)
            self._say(self._expected.manifest.compare(entry.name, digest))
            self._judge(entry, inner or reading, instance, not_indexed)

    def _autorun(self, entry: Entry, where: str) -> None:
        if self._expected.pdi is None or len(entry.name) > 1:
            self._say([rules.AUTORUN.at(where)])  # in the root IHE PDI has a rule of its own

    def _judge(
        self,
        entry: Entry,
        content: "_Reading | InnerFile",
        instance: Instance | None,
        not_indexed: NotIndexed | None,
    ) -> None:
        """Hold a file against what is expected of it."""
        where = "/".join(entry.name)
        pdi = self._expected.pdi
        if pdi is not None:
            self._say(check_pdi_file(entry.name, instance, not_indexed, pdi))
        if not_indexed is not None and not_indexed.kind == "directory":
            if where.upper() != "DICOMDIR":
                there = self._expected.directory
                rule = rules.SECOND_DICOMDIR if there else rules.OTHER_DICOMDIR
                self._say([rule.at(where)])
                self._compare(entry, None, not_indexed)  # it is there, whatever names it
            return
        self._compare(entry, instance, not_indexed)
        if instance is not None:
            head = content.pread(min(_HEAD, content.size), 0)
            self._say(self._meta.see(head, content.size, where))
            expected = self._expected.references.record_of(entry.name)
            record, parents = expected if expected is not None else (None, None)
            is_secure = isinstance(content, InnerFile)
            self._profiles.see(record, parents, instance, within(content), is_secure=is_secure)

    @contextmanager
    def _inside(self, reading: "_Reading", where: str) -> Iterator[InnerFile | None]:
        """Hand out what is in a Secure DICOM File; None: it is none, or stays closed."""
        keys = self._expected.keys
        if not looks_like_secure_dicom_file(reading.first):
            yield None
        elif keys is None:
            self._secure.append(SecureFile(where, "closed").plain())
            yield None
        else:
            inner = self._opened(reading, keys, where)
            try:
                yield inner
            finally:
                if inner is not None:
                    inner.close()

    def _opened(self, reading: "_Reading", keys: "Keys", where: str) -> InnerFile | None:
        """Open a Secure DICOM File, and tell what is to be said of that."""
        try:
            # Without a digest or signature it is wrong; what is in it is looked at all the same.
            inner = open_inner(reading.pieces(), reading.size, keys, where, accept_unprotected=True)
        except (CannotRead, NotSupported) as error:
            finding = why_closed(error, where)
            if finding is None:
                raise  # the medium cannot be read, or there is no room
            state = "locked" if finding.rule == LOCKED.id and is_locked(error) else "bad"
            self._secure.append(SecureFile(where, state).plain())
            self._say([finding])
            return None
        signers = signers_of(inner.opened.signers)
        self._secure.append(SecureFile(where, "opened", signers).plain())
        self._say(about_opened(inner.opened, signers, where, judges=bool(keys.trust.certificates)))
        return inner

    def _index(
        self, where: str, content: "_Reading | InnerFile"
    ) -> tuple[Instance | None, NotIndexed | None]:
        """Return what the scan would make of one file of the medium."""
        indexer = self._expected.indexer
        try:
            header = read_header(within(content), content.size, indexer.wanted, indexer.memo)
            return indexer.index(where, header), None
        except NotDicom as problem:
            return None, NotIndexed(where, problem.reason, problem.kind)
        except (Unsure, ValueError) as doubt:
            return None, NotIndexed(where, f"malformed: {doubt}", "malformed")

    def _compare(
        self, entry: Entry, instance: Instance | None, not_indexed: NotIndexed | None
    ) -> None:
        if self._expected.medium.kind == SINGLE:
            return  # nothing refers to a file alone, and anybody may have named it
        compared = self._expected.references.compare(entry.name, instance, not_indexed)
        for finding, once in compared:
            if finding.rule == "DIR-FILE-UNREFERENCED":
                if self._expected.unreferenced is None:
                    continue  # one finding says that there is no directory
                finding = finding._replace(severity=self._expected.unreferenced)
            self._found.append((plain(finding), once))


class _Reading:
    """A file as it lies on the medium, read once: what was read serves all who look at it."""

    def __init__(self, file: FileReader, known: bytes | None) -> None:
        self._file, self.size = file, file.size
        self.first = known or file.pread(self.size if self.size <= _HELD else _CHUNK, 0)
        self._hash = sha256(self.first)
        self._hashed = len(self.first)

    def pread(self, length: int, offset: int) -> bytes:
        """Return exactly *length* bytes from byte *offset* on."""
        if offset + length <= len(self.first):
            return self.first[offset : offset + length]
        return self._file.pread(length, offset)

    def pieces(self) -> Iterator[bytes]:
        """Yield all of it, in order."""
        yield self.first
        while (position := self._hashed) < self.size:
            chunk = self._file.pread(min(_CHUNK, self.size - position), position)
            self._hash.update(chunk)
            self._hashed += len(chunk)
            yield chunk

    def digest(self) -> str:
        """Read it to its end; return its SHA-256."""
        for _ in self.pieces():
            pass
        return self._hash.hexdigest()


def plain(finding: Finding) -> Plain:
    """Return a finding as marshal takes it."""
    rule, severity, where, message, remedy, reference = finding
    return rule, str(severity.value), where, message, remedy, reference


def finding_of(values: Plain) -> Finding:
    """Return the finding that was made plain."""
    rule, severity, where, message, remedy, reference = values
    return Finding(rule, Severity(severity), where, message, remedy, reference)
