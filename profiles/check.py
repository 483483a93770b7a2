"""What a verifier checks for a claimed profile beyond the rules of every directory (PS3.11).

The medium carries no profile identifier: a caller names one, or asks which ones are satisfied
(`profiles.profile_check`). Here is what concerns one instance alone, and the medium as a whole.
"""

from collections.abc import Collection
from typing import Final

from dicomdir.instance import Instance
from profiles import rules
from profiles.application_profiles import FILE_SYSTEMS, ApplicationProfile, Security
from profiles.check_content import content_faults
from profiles.media_kinds import FILE_SYSTEM_NAMES, MEDIUM_NAMES
from profiles.rules import RULES
from reporting import Finding

__all__ = ["RULES", "check_instance", "check_medium"]

_DICOMDIR: Final = "DICOMDIR"
# Annexes that do not forbid an empty directory (sections of PS3.11).
_MAY_BE_EMPTY: Final = frozenset(("PS3.11 C",))


def check_instance(profile: ApplicationProfile, instance: Instance) -> list[Finding]:
    """Return what keeps an instance from being on a medium of *profile*.

    Args:
        profile: that is wanted.
        instance: read with the facts of `profiles.values.facts_for`.
    """
    return [
        fault.rule.at(instance.source, fault.message) for fault in content_faults(profile, instance)
    ]


def check_medium(
    profile: ApplicationProfile,
    *,
    file_system: str,
    medium: str = "",
    instances: int,
    seen: int = 0,
    secure_files: Collection[str] = (),
    unopened: Collection[str] | None = None,
) -> list[Finding]:
    """Return how a medium as a whole departs from *profile*.

    Args:
        profile: that is claimed.
        file_system: "iso9660", "udf", "fat16", … as the media room says; "folder": none.
        medium: one of `Medium`'s values; "" when unknown, as for an image in a file.
        instances: number of instances that the directory names; negative: there is no directory
            to judge, which is told elsewhere.
        seen: number of plain instances that were met.
        secure_files: File IDs of the Secure DICOM Files, the DICOMDIR among them.
        unopened: those of them that nobody looked into; None: all.
    """
    unopened = secure_files if unopened is None else unopened
    found = []
    if medium and medium != profile.medium:
        message = f"{profile.identifier} is for {MEDIUM_NAMES[profile.medium]}"
        found.append(rules.MEDIUM.at("medium", message))
    if file_system == "folder":
        found.append(rules.FORMAT_NOT_JUDGED.at("medium"))
    elif file_system not in FILE_SYSTEMS[profile.file_system]:
        message = f"{profile.identifier} is for {_either(profile)}, this is {_named(file_system)}"
        found.append(rules.FILE_SYSTEM.at("medium", message))
    if profile.security is Security.CMS:
        if instances > 0 and _DICOMDIR not in secure_files:
            found.append(rules.PLAIN_FILE.at(_DICOMDIR))
        if unopened:
            files = "Secure DICOM File" if len(unopened) == 1 else "Secure DICOM Files"
            message = f"{len(unopened):,} {files}: what is inside was not judged"
            found.append(rules.SECURE_NOT_JUDGED.at("medium", message))
    else:
        found += [rules.SECURE_FILE.at(where) for where in sorted(secure_files)]
    if _is_empty(profile, instances, seen, unopened):
        rule = rules.EMPTY_DIRECTORY
        if profile.source in _MAY_BE_EMPTY:
            rule = rules.EMPTY_ULTRASOUND
        found.append(rule.at(_DICOMDIR))
    return found


def _is_empty(
    profile: ApplicationProfile, instances: int, seen: int, unopened: Collection[str]
) -> bool:
    if instances or _DICOMDIR in unopened:
        return False
    # PS3.11 G.3.3: a File-set in a mail may be without directory.
    return not (profile.directory_optional and seen)


def _either(profile: ApplicationProfile) -> str:
    return " or ".join(map(_named, sorted(FILE_SYSTEMS[profile.file_system])))


def _named(file_system: str) -> str:
    return FILE_SYSTEM_NAMES.get(file_system, file_system)
