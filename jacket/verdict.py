"""The verdict on a medium that was verified."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from jacket.mail_rules import CLOSED as MAIL_CLOSED
from jacket.pdi_rules import is_of_pdi
from jacket.secure_rules import CLOSED
from jacket.signed_by import SignedBy
from profiles.check_nearest import Nearest
from profiles.order import NOBODY, HeadCount
from reporting import Finding, Severity

SEALED: Final = "smime"  # the kind of a mail that stayed closed


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
    mail: str = ""  # how a mail was protected as a whole, in words
    is_mail: bool = False  # what was looked at came in a mail
    heads: HeadCount = NOBODY  # whose instances the directory names
    patients: tuple[bytes, ...] = field(default=(), repr=False)  # keys of their records

    @property
    def compliant(self) -> bool:
        """Whether nothing is wrong; warnings and notes do not count."""
        return not self.count(Severity.ERROR)

    @property
    def is_counted(self) -> bool:
        """Whether it is known how many instances there are: the directory was not locked."""
        if self.kind == SEALED:
            return False
        return bool(self.instances) or self.opened == self.secure

    @property
    def heads_known(self) -> HeadCount | None:
        """Whose instances the directory names; None: it is encrypted, so nobody knows.

        A person counts once for each Patient ID, which is one PATIENT record on media made here.
        """
        return self.heads if self.is_counted else None

    @property
    def is_closed(self) -> bool:
        """Whether it could not be judged for want of a key, and nothing else is wrong."""
        errors = {f.rule for f in self.findings if f.severity is Severity.ERROR}
        return errors in ({CLOSED.id}, {MAIL_CLOSED.id})

    @property
    def keeps_profile(self) -> bool:
        """Whether nothing is wrong but, perhaps, by the rules of IHE PDI."""
        return not errors_of_dicom(self.findings)

    def places(self, rule: str) -> int:
        """Return at how many places a rule is broken."""
        return sum(finding.rule == rule for finding in self.findings)

    def count(self, severity: Severity) -> int:
        """Return the number of findings of one severity."""
        return sum(finding.severity is severity for finding in self.findings)


def errors_of_dicom(findings: Iterable[Finding]) -> bool:
    """Return whether there is an error by another rule than those of IHE PDI."""
    return any(f.severity is Severity.ERROR and not is_of_pdi(f.rule) for f in findings)
