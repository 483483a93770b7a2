"""What a verdict is about: what was looked at, and what nobody looked at, in words for people."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from jacket.console import amount, size, whose
from jacket.profile_texts import MEDIA
from jacket.verdict import SEALED, Verification
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
    "smime": "encrypted mail",
    "folder": "folder",
    "file": "a file alone",
}
_OTHER: Final = "declared by file"


def kind_in_words(kind: str, *, is_mail: bool) -> str:
    """Return what a medium of a *kind*, as the media room says it, is called."""
    words = KINDS.get(kind, kind)
    return f"{words} in a mail" if is_mail and kind != "mime" else words


class Verdict(NamedTuple):
    """One part of the headline."""

    good: bool
    text: str


def headline(verdict: Verification) -> list[Verdict]:
    """Return what the medium keeps to and what not, the good first."""
    against = verdict.profile or "the general rules for DICOM media"
    if verdict.is_closed:
        return [Verdict(False, f"NOT JUDGED by {against}, as it is encrypted")]
    if verdict.compliant:
        first = Verdict(True, f"{against} and IHE PDI" if verdict.pdi else against)
    elif verdict.keeps_profile:
        first = Verdict(True, against)
    else:  # IHE PDI asks for media that keep to DICOM
        first = Verdict(False, f"{against} and IHE PDI" if verdict.pdi else against)
    parts = [Verdict(first.good, f"{'' if first.good else 'NOT '}COMPLIANT with {first.text}")]
    if not verdict.compliant and verdict.keeps_profile:
        parts.append(Verdict(False, "NOT COMPLIANT with IHE PDI"))
    if verdict.profile is None and verdict.keeps_profile and not verdict.satisfies:
        parts.append(Verdict(False, "satisfies no application profile"))
    if verdict.profile in verdict.unseen:
        parts.append(Verdict(False, "the protection of the mail was not seen"))
    return parts


def why_none(verdict: Verification) -> list[str]:
    """Return why no profile is satisfied, a sentence each."""
    if verdict.is_closed:
        return ["What is in the encrypted files was not judged: give a password or key."]
    if not verdict.keeps_profile:
        return ["A medium with errors satisfies no profile."]
    nearest = verdict.nearest
    if nearest is None:
        return ["Name a profile (--profile ID) to learn what speaks against it."]
    from jacket.verification_rules import every_rule

    meanings = {rule.id: rule.meaning for rule in every_rule()}
    return [
        f"Nearest is {nearest.identifier}. Against it:",
        *(f"{rule}: {meanings[rule]}" for rule in nearest.rules),
        f"--profile {nearest.identifier} tells where.",
    ]


def directory_in_words(verdict: Verification) -> str:
    """Return what the directory names: "8 instances of 1 patient, 2 studies in the directory"."""
    heads = verdict.heads_known
    if heads is None:
        return "whose instances they are is not known: the medium is encrypted"
    return f"{whose(verdict.instances, *heads)} in the directory"


def files_in_words(verdict: Verification) -> str:
    """Return how many files there are, and whether they could be read."""
    read = "all" if not verdict.unread else f"{verdict.files - verdict.unread:,}"
    files = amount(verdict.files, "file")
    return f"{files} on the medium, {read} read to their ends ({size(verdict.read)})"


def several_patients(patients: int) -> str:
    """Return a remark where a medium is not one patient's, which may be a mistake; or ""."""
    return f"{patients:,} PATIENTS ARE ON IT" if patients > 1 else ""


def whose_in_doubt(verdict: Verification) -> list[str]:
    """Return remarks where a medium may not be, or be not only, the patient's it is given to."""
    found = (
        several_patients(verdict.heads.patients),
        _files_of_others(verdict, "DIR-REF-PATIENT", "FILED UNDER ANOTHER PATIENT"),
        _files_of_others(verdict, "DIR-FILE-STRANGER", "OF A PATIENT WHO IS NOT IN THE DIRECTORY"),
    )
    return list(filter(None, found))


def _files_of_others(verdict: Verification, rule: str, what: str) -> str:
    number = verdict.places(rule)
    return f"{what}: {amount(number, 'file')}" if number else ""


def manifest_in_words(verdict: Verification) -> str:
    """Return what the manifest lists, and what of it could be compared."""
    listed, compared = verdict.listed, verdict.compared
    if listed is None:
        return "there is none"
    text = f"{amount(listed, 'file')} listed with SHA-256"
    if compared is None or compared == listed:
        return f"{text}, each compared"
    return f"{text}, {compared:,} compared: the rest is not there or cannot be read"


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
    if verdict.kind == SEALED:
        return ["The mail stayed closed: nothing that is in it was judged."]
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
    elif verdict.kind == "file":
        open_.append("A file alone is no medium: no directory and no file system was judged.")
    elif verdict.kind in ("zip", "mime"):
        open_.append("How it is sent, and to whom, was not judged, nor whether it arrives whole.")
    else:
        open_.append(
            "An image does not tell on which kind of medium it is, whether that was closed, or how "
            "well the medium can be read."
        )
        open_.append(
            "What no file of the medium has was not looked at: free space and earlier sessions may "
            "still hold images that were taken off."
        )
    if verdict.listed is None:
        open_.append(
            "There is no MANIFEST.TXT that lists SHA-256 digests: files that were changed after "
            "the medium was made cannot be told from others."
        )
    if verdict.unseen:
        one = len(verdict.unseen) == 1
        open_.append(
            f"The protection of a mail (S/MIME) was not seen, so {' and '.join(verdict.unseen)} "
            f"{'is' if one else 'are'} not among the satisfied."
        )
    open_ += _not_opened(verdict)
    if not verdict.pdi:
        open_.append("The rules of IHE PDI were not asked for (--pdi).")
    open_.append(
        "Pixel data were not decoded to pictures, and the attributes of each object were not "
        "compared with all modules of its IOD (PS3.3)."
    )
    return open_


def _not_opened(verdict: Verification) -> list[str]:
    """Return what was not judged of Secure DICOM Files, a sentence each."""
    open_ = []
    closed = verdict.secure - verdict.opened
    if closed:
        files = amount(closed, "Secure DICOM File")
        verb = "is" if closed == 1 else "are"
        how = "" if verdict.with_keys else " (--password-file FILE, --key FILE)"
        state = "did not open" if verdict.with_keys else f"{verb} encrypted"
        open_.append(
            f"{files} {state}: what is in {'it' if closed == 1 else 'them'} was not judged{how}."
        )
    if verdict.signers:
        open_.append(
            "Whether certificates of signers were revoked was not looked up, nor whether they were "
            "valid on the day of signing."
        )
    return open_
