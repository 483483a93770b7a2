"""The job "verify a medium": every room's checks over one walk in the medium's order.

Trusts nothing: neither the directory nor the manifest nor what we wrote ourselves. Every file is
read to its end. Two processes share the files where that pays; the findings are the same, and in
the same order, as those of one.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from jacket.mail import opened_with, verdict_on_sealed
from jacket.single_file import open_medium_or_file
from jacket.verdict import Verification
from jacket.verify_causes import Cause, causes
from jacket.verify_walk import Walk
from media import Medium, SealedMail
from profiles.application_profiles import ApplicationProfile
from profiles.profile_table import PROFILES, profile
from reporting import Progress, silent

if TYPE_CHECKING:
    from secure import Keys


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
        path: folder, image or drive, a DICOMDIR file, or a single Secure DICOM File.
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
    medium = open_medium_or_file(Path(path), password=password)
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
    medium = opened_with(medium, keys, accept_unprotected=True)
    with medium:
        if isinstance(medium, SealedMail):
            return verdict_on_sealed(medium, name, claimed, pdi=pdi, with_keys=keys is not None)
        walk = _walk(medium, rows, claimed, pdi, keys)
        verdict = walk.verdict(name, processes, progress)
        if walk.is_overdrawn:  # Which files do not open must not hang on how the work was shared.
            verdict = _walk(medium, rows, claimed, pdi, keys).verdict(name, 1, progress)
        return verdict


def _walk(
    medium: Medium,
    rows: Sequence[ApplicationProfile],
    claimed: ApplicationProfile | None,
    pdi: bool,
    keys: "Keys | None",
) -> Walk:
    return Walk(medium, rows, claimed, pdi, None if keys is None else keys.fresh())


__all__ = ["Cause", "Verification", "causes", "verify", "verify_open"]
