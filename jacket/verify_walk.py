"""One walk over a medium that is verified: every room's checks, in the medium's order."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Final

from dicomdir.check_directory import check_directory
from dicomdir.check_reference import ReferenceCheck
from dicomdir.index import Indexer
from dicomdir.read import DirectoryRead
from dicomdir.record import Directory
from jacket import manifest
from jacket.locked_medium import refuse_locked
from jacket.mail import MailJudgement
from jacket.pdi_check import Scope, check_pdi, scope_of
from jacket.secure_rules import NOT_JUDGED
from jacket.signed_by import sum_up
from jacket.verdict import Verification, errors_of_dicom
from jacket.verify_directory import DirectoryReading, missing_descriptor
from jacket.verify_files import Expected, FileChecks, Result, SecureFile, finding_of
from jacket.verify_manifest import ManifestCheck
from jacket.verify_media import FileSystemChecks
from jacket.verify_processes import Shared, cut_up, share_out
from media import Entry, Medium
from profiles.application_profiles import ApplicationProfile
from profiles.order import heads_of
from profiles.profile_check import ProfileChecks
from profiles.profile_table import PROFILES
from reporting import Finding, Progress, Severity

if TYPE_CHECKING:
    from secure import Keys

# The annexes that do not say that every file of the profile has to be in the directory.
_MAY_LEAVE_OUT: Final = frozenset(("PS3.11 A", "PS3.11 B"))


class Walk:
    """One walk over a medium; collects findings."""

    def __init__(
        self,
        medium: Medium,
        rows: Sequence[ApplicationProfile],
        claimed: ApplicationProfile | None,
        pdi: bool,
        keys: "Keys | None",
    ) -> None:
        """Walk over *medium*; the rest is as in `jacket.verification.verify`, *rows* are judged."""
        self.medium = medium
        self.claimed = claimed
        self.pdi = pdi
        self.keys = keys
        self.entries: Sequence[Entry] = list(medium.entries())
        self.exact = {entry.name: entry for entry in self.entries}
        self.findings: list[Finding] = []
        self.file_system = FileSystemChecks(medium, rows, claimed)
        self.mail = MailJudgement(medium, rows, claimed, keys)
        self.profiles = ProfileChecks(rows, claimed=claimed is not None)
        self.is_overdrawn = False  # processes together had keys derived that one would not have
        self.sound = False  # no rule of DICOM is broken, but perhaps those of profiles

    def verdict(self, path: str, processes: int | None, progress: Progress) -> Verification:
        """Walk the medium and judge it."""
        reading = DirectoryReading(self.medium, self.exact, self.claimed, self.keys)
        read = reading.read(path)
        self.findings += reading.findings
        directory = read.directory if read is not None else Directory("")
        references = ReferenceCheck(directory)
        listed = ManifestCheck(self.medium, self.exact.get(manifest.NAME))
        if listed.content is not None:
            reading.known[manifest.NAME] = listed.content
        pdi = self._scope(directory) if self.pdi else None
        unreferenced = self._unreferenced(read)
        expected = Expected(
            *(self.medium, references, listed, self._indexer(), pdi, unreferenced),
            directory=reading.exists,
            known=reading.known,
            keys=self.keys,
        )
        shared = cut_up(self.entries, path, processes)
        results = self._files(read, expected, shared, progress)
        self.is_overdrawn = self._keys_overdrawn(shared)
        if self.pdi:
            self.findings += check_pdi(self.medium, self.entries, directory)
        secure = [SecureFile.of(plain) for result in results for plain in result.secure]
        self._refuse_locked(secure, path)
        unread = {where for result in results for where in result.unread}
        satisfies, unseen = self._satisfied(len(references), secure)
        of_mail = self.mail.signed_by(len(self.entries))
        signers = (*of_mail, *sum_up(file.signers for file in secure))
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
            unseen,
            self.profiles.nearest if self.sound else None,
            len(unread),
            opened=sum(file.state == "opened" for file in secure),
            signers=signers,
            trust=trust,
            with_keys=self.keys is not None,
            mail=self.mail.words,
            is_mail=self.mail.is_mail,
            heads=heads_of(directory),
            patients=tuple(r.keys for r in directory.records if r.record_type == "PATIENT"),
        )

    def _keys_overdrawn(self, shared: Shared) -> bool:
        return self.keys is not None and self.keys.is_overdrawn and shared.processes > 1

    def _refuse_locked(self, secure: Sequence[SecureFile], path: str) -> None:
        """Raise when nothing opened, and that for want of a key: there is nothing to judge."""
        states = {file.state for file in secure}
        if self.keys is not None and states == {"locked"}:
            refuse_locked(self.medium, self.entries, self.keys, path)

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
        self.findings[:0] = [*self.mail.findings(), *self.file_system.findings()]
        if read is None:
            return
        self.findings += check_directory(read)
        self.findings += missing_descriptor(read, self.entries)
        self.findings += self.file_system.label(read.directory.file_set_id)

    def _satisfied(
        self, instances: int, secure: Collection[SecureFile]
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Finish the profile checks; return the profiles that nothing speaks against.

        The second ones ask for a protection that nobody saw.
        """
        self.sound = not errors_of_dicom(self.findings)
        found, satisfied = self.profiles.finish(
            file_system=self.medium.kind,
            instances=instances,
            secure_files=[file.where for file in secure],
            unopened=[file.where for file in secure if file.state != "opened"],
            of_media=self.file_system.departures,
        )
        order = {"/".join(entry.name): number for number, entry in enumerate(self.entries)}
        self.findings += sorted(found, key=lambda finding: _place(finding.where, order))
        return self.mail.satisfied(satisfied, self.profiles.unseen) if self.sound else ((), ())


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
