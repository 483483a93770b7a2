"""The job "verify a medium": every room's checks over one walk in the medium's order.

Trusts nothing: neither the directory nor the manifest nor what we wrote ourselves. Every file is
read to its end. Two processes share the files where that pays; the findings are the same, and in
the same order, as those of one.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dicomdir.check_directory import check_directory
from dicomdir.check_reference import ReferenceCheck
from dicomdir.file_ids import located
from dicomdir.index import Indexer
from dicomdir.read import (
    DESCRIPTOR,
    LARGEST,
    DirectoryRead,
    NotADirectory,
    read_directory,
)
from dicomdir.record import Directory
from jacket import manifest
from jacket import verification_rules as rules
from jacket.locked_medium import is_locked, refuse_locked
from jacket.pdi_check import Scope, check_pdi, scope_of
from jacket.pdi_rules import is_of_pdi
from jacket.secure_file import open_inner
from jacket.secure_rules import CLOSED, NOT_JUDGED
from jacket.signed_by import SignedBy, sum_up
from jacket.verify_causes import Cause, causes
from jacket.verify_files import Expected, FileChecks, Result, SecureFile, finding_of
from jacket.verify_manifest import ManifestCheck
from jacket.verify_media import FileSystemChecks
from jacket.verify_processes import Shared, cut_up, share_out
from media import Entry, Locked, Medium, open_medium
from media.source import Name
from profiles.application_profiles import ApplicationProfile
from profiles.check_nearest import Nearest
from profiles.profile_check import ProfileChecks
from profiles.profile_table import PROFILES, profile
from reporting import CannotRead, Finding, NotSupported, Progress, Severity, silent
from secure import looks_like_secure_dicom_file
from secure.errors import SecureFileError, UnknownAlgorithm

if TYPE_CHECKING:
    from secure import Keys

_DICOMDIR: Final = ("DICOMDIR",)
# The annexes that do not say that every file of the profile has to be in the directory.
_MAY_LEAVE_OUT: Final = frozenset(("PS3.11 A", "PS3.11 B"))


@dataclass(frozen=True, slots=True)
class Verification:
    """The verdict on a medium."""

    path: str
    kind: str  # "iso9660", "udf", "folder", … as the media room says
    label: str
    file_set_uid: str
    file_set_id: str
    profile: str | None  # that was claimed
    satisfies: tuple[str, ...]
    instances: int  # that the directory names
    files: int
    read: int  # bytes
    findings: tuple[Finding, ...]
    pdi: bool = False  # whether the rules of IHE PDI were asked for
    listed: int | None = None  # files that the manifest lists; None: there is no manifest
    secure: int = 0  # Secure DICOM Files
    compared: int | None = None  # files of the manifest that were there and could be read
    unseen: tuple[str, ...] = ()  # profiles that fit but for a protection that nobody saw
    nearest: Nearest | None = None  # where none is satisfied, if it is known
    unread: int = 0  # files that could not be read to their ends
    opened: int = 0  # Secure DICOM Files whose content was judged; that of the others was not
    signers: tuple[SignedBy, ...] = ()  # of Secure DICOM Files that opened
    trust: bool = False  # somebody told which signers to trust
    with_keys: bool = False  # there was something to open Secure DICOM Files with

    @property
    def compliant(self) -> bool:
        """Whether nothing is wrong; warnings and notes do not count."""
        return not self.count(Severity.ERROR)

    @property
    def is_closed(self) -> bool:
        """Whether it could not be judged for want of a key, and nothing else is wrong."""
        errors = {f.rule for f in self.findings if f.severity is Severity.ERROR}
        return errors == {CLOSED.id}

    @property
    def keeps_profile(self) -> bool:
        """Whether nothing is wrong but, perhaps, by the rules of IHE PDI."""
        return not _errors_of_dicom(self.findings)

    def count(self, severity: Severity) -> int:
        """Return the number of findings of one severity."""
        return sum(finding.severity is severity for finding in self.findings)


def verify(
    path: str | Path,
    profile_id: str | ApplicationProfile | None = None,
    *,
    declared: Iterable[ApplicationProfile] = (),
    pdi: bool = False,
    password: bytes | None = None,
    keys: "Keys | None" = None,
    processes: int | None = None,
    progress: Progress = silent,
) -> Verification:
    """Check the medium at *path*.

    Args:
        path: folder, image or drive, or a DICOMDIR file.
        profile_id: the application profile that is claimed; None: tell which ones are satisfied.
        declared: augmented and private profiles that are among those it may satisfy.
        pdi: hold it against IHE PDI as well.
        password: of an archive that is encrypted.
        keys: to open Secure DICOM Files with; None: what is in them is not judged.
        processes: how many share the work; None: as many as it is worth, one for a drive.
        progress: told the stage "verify" in bytes.

    Raises:
        CannotRead: the medium does not open.
        NothingOpens: no Secure DICOM File of it opens with *keys*.
        WrongUsage: there is no such profile.
    """
    claimed = profile(profile_id) if isinstance(profile_id, str) else profile_id
    medium = open_medium(Path(path), password=password)
    return verify_open(
        medium,
        str(path),
        claimed,
        declared=declared,
        pdi=pdi,
        keys=keys,
        processes=processes,
        progress=progress,
    )


def verify_open(
    medium: Medium,
    name: str,
    claimed: ApplicationProfile | None,
    *,
    declared: Iterable[ApplicationProfile] = (),
    pdi: bool = False,
    keys: "Keys | None" = None,
    processes: int | None = None,
    progress: Progress = silent,
) -> Verification:
    """Check a *medium* that is open, which the verdict calls *name*, and close it; as `verify`."""
    rows = [*PROFILES.values(), *declared] if claimed is None else [claimed]
    with medium:
        return _Walk(medium, rows, claimed, pdi, keys).verdict(name, processes, progress)


class _Walk:
    """One walk over a medium; collects findings."""

    def __init__(
        self,
        medium: Medium,
        rows: Sequence[ApplicationProfile],
        claimed: ApplicationProfile | None,
        pdi: bool,
        keys: "Keys | None",
    ) -> None:
        self.medium = medium
        self.claimed = claimed
        self.pdi = pdi
        self.keys = keys
        self.entries: Sequence[Entry] = list(medium.entries())
        self.exact = {entry.name: entry for entry in self.entries}
        self.findings: list[Finding] = []
        self.file_system = FileSystemChecks(medium, rows, claimed)
        self.profiles = ProfileChecks(rows, claimed=claimed is not None)
        self.known: dict[Name, bytes] = {}  # contents of files, so that none is read twice
        self.has_directory = False  # a file of that name, whatever is in it
        self.sound = False  # no rule of DICOM is broken, but perhaps those of profiles

    def verdict(self, path: str, processes: int | None, progress: Progress) -> Verification:
        """Walk the medium and judge it."""
        read = self._directory(path)
        directory = read.directory if read is not None else Directory("")
        references = ReferenceCheck(directory)
        listed = ManifestCheck(self.medium, self.exact.get(manifest.NAME))
        if listed.content is not None:
            self.known[manifest.NAME] = listed.content
        pdi = self._scope(directory) if self.pdi else None
        unreferenced = self._unreferenced(read)
        expected = Expected(
            *(self.medium, references, listed, self._indexer(), pdi, unreferenced),
            directory=self.has_directory,
            known=self.known,
            keys=self.keys,
        )
        results = self._files(read, expected, cut_up(self.entries, path, processes), progress)
        if self.pdi:
            self.findings += check_pdi(self.medium, self.entries, directory)
        secure = [SecureFile.of(plain) for result in results for plain in result.secure]
        self._refuse_locked(secure, path)
        unread = {where for result in results for where in result.unread}
        satisfies = self._satisfied(len(references), secure)
        signers = sum_up(file.signers for file in secure)
        trust = self.keys is not None and bool(self.keys.trust.certificates)
        if not trust and any(one.signer.checked for one in signers):
            self.findings.append(NOT_JUDGED.at("medium"))
        return Verification(
            path,
            self.medium.kind,
            self.medium.label,
            directory.file_set_uid,
            directory.file_set_id,
            self.claimed.identifier if self.claimed else None,
            satisfies,
            len(references),
            len(self.entries),
            sum(result.size for result in results),
            tuple(self.findings),
            self.pdi,
            None if listed.listed is None else len(listed.listed),
            len(secure),
            listed.compared(self.entries, unread),
            self.profiles.unseen if self.sound else (),
            self.profiles.nearest if self.sound else None,
            len(unread),
            opened=sum(file.state == "opened" for file in secure),
            signers=signers,
            trust=trust,
            with_keys=self.keys is not None,
        )

    def _refuse_locked(self, secure: Sequence[SecureFile], path: str) -> None:
        """Raise when nothing opened, and that for want of a key: there is nothing to judge."""
        states = {file.state for file in secure}
        if self.keys is not None and states == {"locked"}:
            refuse_locked(self.medium, self.entries, self.keys, path)

    def _directory(self, path: str) -> DirectoryRead | None:
        """Read the DICOMDIR; None when there is none that can be read."""
        entry = self.exact.get(_DICOMDIR)
        if entry is None:
            entry = self.medium.find_tolerant(_DICOMDIR)
            if entry is None:
                if not self._may_lack_directory():
                    self.findings.append(rules.DICOMDIR_MISSING.at("medium"))
                return None
            self.findings.append(rules.DICOMDIR_NAME.at(entry.recorded))
        self.has_directory = True
        if entry.size > LARGEST:
            what = f"{entry.size:,} bytes are more than a directory has"
            self.findings.append(rules.DICOMDIR_UNREADABLE.at("DICOMDIR", what))
            return None
        try:
            with self.medium.open(entry) as file:
                self.known[entry.name] = data = file.pread(file.size, 0)
            if self.keys is None and looks_like_secure_dicom_file(data):
                self.findings.append(CLOSED.at("DICOMDIR"))
                return None
            return read_directory(self._inside(data, path))
        except NotADirectory as error:
            self.findings.append(rules.DICOMDIR_UNREADABLE.at("DICOMDIR", error.what))
        except (Locked, SecureFileError, UnknownAlgorithm):
            return None  # told by the archive's own rule, or of the file
        except CannotRead as error:
            self.findings.append(rules.FILE_UNREADABLE.at("DICOMDIR", error.what))
        return None

    def _inside(self, data: bytes, path: str) -> bytes:
        """Return the directory in a DICOMDIR that is a Secure DICOM File; *data* where it is none.

        This is also where the keys are derived, once for all processes.

        Raises:
            NothingOpens: neither this nor any other file opens with the keys.
            SecureFileError, UnknownAlgorithm: it does not open.
        """
        if self.keys is None or not looks_like_secure_dicom_file(data):
            return data
        try:
            with open_inner(
                [data], len(data), self.keys, "DICOMDIR", accept_unprotected=True
            ) as inner:
                return inner.pread(inner.size, 0)
        except (CannotRead, NotSupported) as error:
            if is_locked(error):
                refuse_locked(self.medium, self.entries, self.keys, path)
            raise

    def _may_lack_directory(self) -> bool:
        """Tell whether the claimed profile, or the only one for a mail, wants none (G.3.3)."""
        if self.claimed is None:
            return self.medium.kind == "mime"
        return self.claimed.directory_optional

    def _unreferenced(self, read: DirectoryRead | None) -> Severity | None:
        """Return how bad a DICOM file is that no record names; None: there are no records."""
        if read is None or not read.has_information:
            return None
        row = self.claimed
        if row is not None and PROFILES.get(row.base, row).source in _MAY_LEAVE_OUT:
            return Severity.WARNING
        return Severity.ERROR

    def _indexer(self) -> Indexer:
        return Indexer(self.profiles.additional_keys, self.profiles.facts)

    def _scope(self, directory: Directory) -> Scope:
        size = sum(entry.size for entry in self.entries)
        claimed = self.claimed is not None
        return scope_of(directory, kind=self.medium.kind, size=size, claimed=claimed)

    def _files(
        self, read: DirectoryRead | None, expected: Expected, shared: Shared, progress: Progress
    ) -> list[Result]:
        """Check the medium as a whole, and every file, in as many processes as it is worth."""
        work = FileChecks(expected, self.profiles)
        begun = _sizes_before(shared.chunks)
        shared_out = share_out(
            shared,
            work,
            lambda: self._whole(read),
            lambda number: progress("verify", begun[number], begun[-1]),
        )
        results = [Result(*values) for values in shared_out]
        self.findings += expected.manifest.findings
        references = expected.references
        for result in results:
            self.findings += references.told_once((finding_of(f), once) for f, once in result.found)
        references.arrive(entry.name for entry in self.entries)
        self.findings += references.finish()
        self.findings += expected.manifest.missing(self.entries)
        return results

    def _whole(self, read: DirectoryRead | None) -> None:
        """Check the file system and the directory by themselves."""
        self.findings[:0] = self.file_system.findings()
        if read is None:
            return
        self.findings += check_directory(read)
        self.findings += self._descriptor(read)
        self.findings += self.file_system.label(read.directory.file_set_id)

    def _descriptor(self, read: DirectoryRead) -> list[Finding]:
        """Check that the File-set Descriptor File is there that the directory names."""
        value = read.header.get(DESCRIPTOR[0], (b"", b""))[1].decode("latin-1").strip(" \0")
        name = located(tuple(value.split("\\"))) if value else None
        if name is None or any(located(entry.name) == name for entry in self.entries):
            return []
        return [rules.DESCRIPTOR_MISSING.at("DICOMDIR, (0004,1141)")]

    def _satisfied(self, instances: int, secure: Collection[SecureFile]) -> tuple[str, ...]:
        """Finish the profile checks; return the profiles that nothing speaks against."""
        self.sound = not _errors_of_dicom(self.findings)
        found, satisfied = self.profiles.finish(
            file_system=self.medium.kind,
            instances=instances,
            secure_files=[file.where for file in secure],
            unopened=[file.where for file in secure if file.state != "opened"],
            of_media=self.file_system.departures,
        )
        order = {"/".join(entry.name): number for number, entry in enumerate(self.entries)}
        self.findings += sorted(found, key=lambda finding: _place(finding.where, order))
        return satisfied if self.sound else ()


def _errors_of_dicom(findings: Iterable[Finding]) -> bool:
    """Tell whether there is an error by another rule than those of IHE PDI."""
    return any(f.severity is Severity.ERROR and not is_of_pdi(f.rule) for f in findings)


def _sizes_before(chunks: Sequence[Sequence[Entry]]) -> list[int]:
    """Return how many bytes come before each chunk, and all of them at the end."""
    sizes = [0]
    for chunk in chunks:
        sizes.append(sizes[-1] + sum(entry.size for entry in chunk))
    return sizes


def _place(where: str, order: dict[str, int]) -> tuple[int, str]:
    """Return what sorts a finding by the place of its file; the medium as a whole comes last."""
    number = order.get(where)
    if number is None:
        number = order.get(where.partition(" ")[0].rstrip(","), len(order))
    return number, where


__all__ = ["Cause", "Verification", "causes", "verify"]
