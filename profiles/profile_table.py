"""All application profiles of this version, and how one is found by its identifier (PS3.11)."""

from typing import Final

from dicomdir.record_types import AdditionalKey, Key, When
from profiles.application_profiles import (
    Allowed,
    ApplicationProfile,
    Composite,
    Format,
    Medium,
    Role,
    Security,
)
from profiles.identifiers import CLASS_NAMES, STANDARD_IDENTIFIERS
from profiles.transfer_syntaxes import EXPLICIT_LITTLE
from reporting import WrongUsage

_IMAGE = frozenset({"IMAGE"})
# Additional keys of Annex D. The elements inside the items of the sequence are copied with it.
KEYS_D: Final = (
    AdditionalKey(_IMAGE, Key(0x00080008, b"CS", "1C", When.PRESENT), "PS3.11 D.3-2"),
    AdditionalKey(_IMAGE, Key(0x00081140, b"SQ", "1C", When.PRESENT), "PS3.11 D.3-2"),
)

ROWS: Final[tuple[ApplicationProfile, ...]] = (
    ApplicationProfile(
        identifier="STD-GEN-CD",
        medium=Medium.CD_R,
        file_system=Format.P12_F,
        allowed=(Allowed(Composite.ANY, frozenset({EXPLICIT_LITTLE}), "PS3.11 D.3-1"),),
        additional_keys=KEYS_D,
        icon=None,
        roles=frozenset(Role),
        security=Security.NONE,
        capacity="A CD-R holds 650 to 700 MB. One File-set per disc, never one over several.",
        source="PS3.11 D",
    ),
)
PROFILES: Final = {row.identifier: row for row in ROWS}


def profile(identifier: str) -> ApplicationProfile:
    """Return the row of a profile.

    Raises:
        WrongUsage: there is no such profile here; the message says whether PS3.11 has it.
    """
    row = PROFILES.get(identifier)
    if row is not None:
        return row
    known = f"This version has: {', '.join(PROFILES)}"
    wanted = identifier.upper()
    if identifier in STANDARD_IDENTIFIERS:
        raise WrongUsage(f"{identifier} is known to PS3.11, not in this version", "profile", known)
    if wanted in STANDARD_IDENTIFIERS:
        remedy = f"Identifiers are written in capitals: {wanted}. {known}"
        raise WrongUsage("not a profile identifier as PS3.11 spells it", "profile", remedy)
    if wanted in CLASS_NAMES:
        what = f"{wanted} names a class of profiles, not one profile"
        raise WrongUsage(what, "profile", f"PS3.11 means {CLASS_NAMES[wanted]}. {known}")
    if wanted.startswith(("AUG-", "PRI-")):
        what = "augmented and private profiles are not in this version"
        raise WrongUsage(what, "profile", known)
    raise WrongUsage(f"{identifier[:64]!r} is not a profile of PS3.11", "profile", known)
