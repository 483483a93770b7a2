"""One profile held against a medium while it is walked: instance by instance, then as a whole."""

from collections.abc import Collection
from typing import Final

from dicomdir.instance import Instance
from dicomdir.record import DirectoryRecord
from profiles.application_profiles import ApplicationProfile, Security
from profiles.check import check_instance, check_medium, check_record
from reporting import Finding, Severity

# Of a profile that nobody claims only the verdict matters; a few findings are enough to explain.
_ENOUGH: Final = 20


class ProfileCheck:
    """Collects what speaks against one profile."""

    def __init__(self, profile: ApplicationProfile, *, claimed: bool = True) -> None:
        """Prepare for a medium; *claimed* tells that every finding is wanted."""
        self.profile = profile
        self._claimed = claimed
        self._found: list[Finding] = []
        self._plain: list[str] = []

    def see(self, record: DirectoryRecord | None, instance: Instance) -> None:
        """Take in one instance of the medium, and its record where there is one."""
        if self.profile.security is Security.CMS and len(self._plain) < _ENOUGH:
            self._plain.append(instance.source)
        if not self._claimed and len(self._found) >= _ENOUGH:
            return
        self._found += check_instance(self.profile, instance)
        if record is not None:
            self._found += check_record(self.profile, record, instance)

    def finish(
        self, *, file_system: str, instances: int, secure_files: Collection[str]
    ) -> list[Finding]:
        """Return all findings, those on the medium as a whole included."""
        whole = check_medium(
            self.profile,
            file_system=file_system,
            instances=instances,
            secure_files=secure_files,
            plain_files=self._plain,
        )
        return [*self._found, *whole]

    @staticmethod
    def speaks_against(findings: Collection[Finding]) -> bool:
        """Tell whether *findings* hold an error."""
        return any(finding.severity is Severity.ERROR for finding in findings)
