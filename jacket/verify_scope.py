"""What a verdict is about: what was looked at, and what nobody looked at, in words for people."""

from collections.abc import Sequence
from typing import Final

from jacket.console import amount
from jacket.profile_texts import MEDIA
from jacket.verification import Verification
from profiles.profile_table import PROFILES

KINDS: Final = {
    "iso9660": "ISO 9660 image or disc",
    "udf": "UDF image or disc",
    "iso9660+udf": "image or disc with ISO 9660 and UDF",
    "fat12": "FAT12 image or device",
    "fat16": "FAT16 image or device",
    "fat32": "FAT32 image or device",
    "zip": "ZIP archive",
    "mime": "mail message",
    "folder": "folder",
}
_OTHER: Final = "declared by file"


def satisfied_by_medium(identifiers: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Return the identifiers under the names of their media, in the order of PS3.11's table."""
    groups: dict[str, list[str]] = {}
    for identifier in identifiers:
        row = PROFILES.get(identifier)
        name = MEDIA[row.medium] if row is not None else _OTHER
        groups.setdefault(name, []).append(identifier)
    return list(groups.items())


def not_judged(verdict: Verification) -> list[str]:
    """Return what the verdict says nothing about, a sentence each."""
    open_ = []
    if verdict.profile is None:
        open_.append(
            "No application profile was claimed (--profile ID): what single profiles ask for was "
            "only used to tell which of them are satisfied."
        )
    if verdict.kind == "folder":
        open_.append(
            "A folder has no medium and no file system of its own: names, volume label and "
            "structures of the medium were not judged."
        )
    else:
        open_.append(
            "An image does not tell on which kind of medium it is, how it was recorded (sessions, "
            "closing), or how well the medium can be read."
        )
    if verdict.listed is None:
        open_.append(
            "There is no MANIFEST.TXT that lists SHA-256 digests: files that were changed after "
            "the medium was made cannot be told from others."
        )
    if verdict.secure:
        files = amount(verdict.secure, "Secure DICOM File")
        verb = "is" if verdict.secure == 1 else "are"
        open_.append(f"{files} {verb} encrypted: what is in them was not judged.")
    if not verdict.pdi:
        open_.append("The rules of IHE PDI were not asked for (--pdi).")
    open_.append(
        "Pixel data were not decoded to pictures, and the attributes of each object were not "
        "compared with all modules of its IOD (PS3.3)."
    )
    return open_
