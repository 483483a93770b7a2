"""The DICOMDIR of a medium that is verified: found, read, and what it says of itself."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from dicomdir.file_ids import located
from dicomdir.read import DESCRIPTOR, LARGEST, DirectoryRead, NotADirectory, read_directory
from jacket import verification_rules as rules
from jacket.locked_medium import is_locked, refuse_locked
from jacket.secure_file import open_inner
from jacket.secure_rules import CLOSED
from jacket.single_file import SINGLE
from media import Entry, Locked, Medium
from media.source import Name
from profiles.application_profiles import ApplicationProfile
from reporting import CannotRead, Finding, NotSupported
from secure import looks_like_secure_dicom_file
from secure.errors import SecureFileError, UnknownAlgorithm

if TYPE_CHECKING:
    from secure import Keys

_DICOMDIR: Final = ("DICOMDIR",)


class DirectoryReading:
    """Reads the directory; collects what is to be said of how it lies on the medium."""

    def __init__(
        self,
        medium: Medium,
        entries: Mapping[Name, Entry],
        claimed: ApplicationProfile | None,
        keys: "Keys | None",
    ) -> None:
        """Prepare to read the DICOMDIR of *medium*, whose files are *entries* by their names."""
        self._medium, self._entries = medium, entries
        self._claimed, self._keys = claimed, keys
        self.findings: list[Finding] = []
        self.known: dict[Name, bytes] = {}  # its content, so that it is not read twice
        self.exists = False  # a file of that name, whatever is in it

    def read(self, path: str) -> DirectoryRead | None:
        """Return the DICOMDIR; None when there is none that can be read.

        Raises:
            NothingOpens: it is encrypted, and neither it nor any other file opens with the keys.
        """
        entry = self._entries.get(_DICOMDIR)
        if entry is None:
            entry = self._medium.find_tolerant(_DICOMDIR)
            if entry is None:
                if self._medium.kind == SINGLE and self._keys is None:
                    self.findings.append(CLOSED.at(next(iter(self._entries.values())).recorded))
                elif not self._may_lack_directory():
                    self.findings.append(rules.DICOMDIR_MISSING.at("medium"))
                return None
            self.findings.append(rules.DICOMDIR_NAME.at(entry.recorded))
        self.exists = True
        if entry.size > LARGEST:
            what = f"{entry.size:,} bytes are more than a directory has"
            self.findings.append(rules.DICOMDIR_UNREADABLE.at("DICOMDIR", what))
            return None
        try:
            with self._medium.open(entry) as file:
                self.known[entry.name] = data = file.pread(file.size, 0)
            if self._keys is None and looks_like_secure_dicom_file(data):
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
        if self._keys is None or not looks_like_secure_dicom_file(data):
            return data
        try:
            with open_inner(
                [data], len(data), self._keys, "DICOMDIR", accept_unprotected=True
            ) as inner:
                return inner.pread(inner.size, 0)
        except (CannotRead, NotSupported) as error:
            if is_locked(error):
                refuse_locked(self._medium, list(self._entries.values()), self._keys, path)
            raise

    def _may_lack_directory(self) -> bool:
        """Tell whether the claimed profile, or the only one for a mail, wants none (G.3.3)."""
        if self._claimed is None:
            return self._medium.kind in ("mime", SINGLE)
        return self._claimed.directory_optional


def missing_descriptor(read: DirectoryRead, entries: Sequence[Entry]) -> list[Finding]:
    """Check that the File-set Descriptor File is there that the directory names."""
    value = read.header.get(DESCRIPTOR[0], (b"", b""))[1].decode("latin-1").strip(" \0")
    name = located(tuple(value.split("\\"))) if value else None
    if name is None or any(located(entry.name) == name for entry in entries):
        return []
    return [rules.DESCRIPTOR_MISSING.at("DICOMDIR, (0004,1141)")]
