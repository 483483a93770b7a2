"""What an application profile means for a directory in place: what may stand in it, and how."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from dicomdir.instance import Instance, NotIndexed
from reporting import NotSupported, Progress

if TYPE_CHECKING:
    from jacket.file_set.directory import Decided
    from jacket.layout import Icons
    from profiles.application_profiles import ApplicationProfile

FileID = tuple[str, ...]


def row_for(wanted: "str | ApplicationProfile", root: Path) -> "ApplicationProfile":
    """Return the row of a profile.

    Raises:
        WrongUsage: there is none of that name.
        NotSupported: a secure one: its DICOMDIR would have to be encrypted, too.
    """
    from profiles.application_profiles import ApplicationProfile, Security
    from profiles.profile_table import profile

    row = wanted if isinstance(wanted, ApplicationProfile) else profile(wanted)
    if row.security is not Security.NONE:
        raise NotSupported(
            f"{row.identifier} protects the files, which this version does not do yet",
            str(root),
            "Choose the profile without SEC in its name",
        )
    return row


def facts_of(row: "ApplicationProfile | None", *, adding: bool) -> tuple[tuple[int, bytes], ...]:
    """Return what the scan must know of every file, so that a profile can judge it.

    Args:
        row: the profile; None: nobody named one.
        adding: files come in, by which a File-set may lose the profiles that it kept.
    """
    if row is None and not adding:
        return ()
    from profiles.values import facts_for

    return facts_for([] if row is None else [row])


def icons_of(
    row: "ApplicationProfile | None", asked: bool | None, jobs: int | None, progress: Progress
) -> "Icons | None":
    """Return what makes icons, when they are *asked* for or the profile requires them."""
    rule = None if row is None else row.icon
    if not asked and (rule is None or not rule.required):
        return None
    from jacket.layout import Icons

    return Icons(rule, jobs=jobs, progress=progress)


def allowed(
    instances: Iterable[Instance], row: "ApplicationProfile | None", left_out: list[NotIndexed]
) -> list[Instance]:
    """Return the instances that may stand in the directory; the others are left out with why."""
    why_not = _without_profile if row is None else _judge(row)
    kept = []
    for instance in instances:
        refusal = why_not(instance)
        if refusal is None:
            kept.append(instance)
        else:
            left_out.append(NotIndexed(instance.source, *refusal))
    return kept


def _judge(row: "ApplicationProfile") -> Callable[[Instance], tuple[str, str] | None]:
    from profiles.judge import Judge
    from profiles.transfer_syntaxes import DECODABLE

    return Judge(row, DECODABLE, in_place=True).why_not


def _without_profile(instance: Instance) -> tuple[str, str] | None:
    if instance.record_type:
        return None
    return f"no Directory Record may name SOP Class {instance.sop_class_uid}", "not-allowed"


def not_yet_compliant(row: "ApplicationProfile", unnamed: int) -> str:
    """Return what keeps a folder from being a medium of the profile; "" when nothing is known.

    Args:
        row: the profile; Annexes A and B alone do not ask that every file has a record.
        unnamed: DICOM files in the folder that no record names.
    """
    from profiles.profile_table import PROFILES

    if not unnamed or PROFILES.get(row.base, row).source in ("PS3.11 A", "PS3.11 B"):
        return ""
    files = "1 DICOM file here is" if unnamed == 1 else f"{unnamed:,} DICOM files here are"
    return (
        f"{files} named by no record: the folder is not compliant with {row.identifier} until "
        f"{'it is' if unnamed == 1 else 'they are'} taken away, or a medium is made with "
        "`jacket author`"
    )


def lost_profiles(
    kind: str,
    pairs: Iterable[tuple[Instance, FileID]],
    new: Mapping[FileID, Instance],
    decided: "Decided",
) -> tuple[str, ...]:
    """Return a remark when what comes in takes profiles from a File-set that kept to them.

    Args:
        kind: of the File-set.
        pairs: what is there, with its names.
        new: what comes in, by its names.
        decided: which of both the directory names.
    """
    coming = [instance for name, instance in new.items() if name in decided.named]
    if not coming:
        return ()
    from jacket.file_set.kept_profiles import no_longer_kept

    return no_longer_kept(kind, [i for i, name in pairs if name in decided.named], coming)


def about_required_icons(row: "ApplicationProfile", *, no_icons: bool) -> tuple[str, ...]:
    """Return a remark when icons are made though the operator said --no-icons."""
    if not no_icons or row.icon is None or not row.icon.required:
        return ()
    return (f"{row.identifier} requires icons: they are made in spite of --no-icons",)
