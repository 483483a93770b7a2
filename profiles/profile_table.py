"""All application profiles, and how one is found by its identifier (PS3.11)."""

from collections.abc import Mapping
from typing import Final

from profiles.annex_rows import ROWS_A, ROWS_B, ROWS_C, ROWS_E, ROWS_K, ROWS_L
from profiles.application_profiles import ApplicationProfile
from profiles.general_rows import ROWS_D, ROWS_G, ROWS_H, ROWS_I, ROWS_J, ROWS_M, ROWS_N
from profiles.identifiers import CLASS_NAMES, RETIRED
from profiles.key_tables import KEYS_D
from reporting import WrongUsage

__all__ = ["KEYS_D", "PROFILES", "ROWS", "profile"]

# In the order of the annexes; F is retired.
ROWS: Final[tuple[ApplicationProfile, ...]] = (
    *(*ROWS_A, *ROWS_B, *ROWS_C, *ROWS_D, *ROWS_E, *ROWS_G, *ROWS_H),
    *(*ROWS_I, *ROWS_J, *ROWS_K, *ROWS_L, *ROWS_M, *ROWS_N),
)
PROFILES: Final[dict[str, ApplicationProfile]] = {row.identifier: row for row in ROWS}
_PDI: Final = "IHE PDI is asked for with `jacket verify --pdi`"
# What is said in the place of a profile → what to do.
_WORDS: Final[dict[str, str]] = {
    "AUTO": "Leave --profile out: `jacket verify` then names the profiles that are satisfied; "
    "`jacket author --profile auto` chooses one",
    **dict.fromkeys(("PDI", "IHE-PDI", "IHE_PDI", "IHE PDI"), _PDI),
}
_LISTED: Final = "`jacket profiles` lists all profiles"


def profile(
    identifier: str, declared: Mapping[str, ApplicationProfile] | None = None
) -> ApplicationProfile:
    """Return the row of a profile.

    Args:
        identifier: as PS3.11 spells it, or one of *declared*.
        declared: augmented and private profiles by their identifiers (`declared_profiles`).

    Raises:
        WrongUsage: there is no such profile; the message says what may have been meant.
    """
    row = PROFILES.get(identifier) or (declared or {}).get(identifier)
    if row is None:
        raise WrongUsage(*_why_unknown(identifier, declared or {}))
    return row


def _why_unknown(
    identifier: str, declared: Mapping[str, ApplicationProfile]
) -> tuple[str, str, str]:
    """Return what is wrong with an identifier, "profile", and what to do."""
    wanted = identifier.strip().upper()
    known = {**PROFILES, **declared}
    if wanted in known:
        return (
            "not a profile identifier as PS3.11 spells it",
            "profile",
            f"Identifiers are written in capitals: {wanted}",
        )
    if wanted in _WORDS:
        return f"{wanted} is no application profile", "profile", _WORDS[wanted]
    if wanted.startswith("APL-"):
        return _why_older_prefix(wanted)
    if wanted in RETIRED:
        what, remedy = RETIRED[wanted]
        return f"{wanted} is retired: {what}", "profile", f"{remedy}. {_LISTED}"
    if wanted in CLASS_NAMES:
        what = f"{wanted} names a class of profiles, not one profile"
        return what, "profile", f"PS3.11 means {CLASS_NAMES[wanted]}. {_LISTED}"
    from difflib import get_close_matches  # only a wrong word needs it

    shown = repr(identifier[:64])
    if wanted.startswith(("AUG-", "PRI-")):
        names = f"declared are {', '.join(declared)}" if declared else "none is declared"
        near = ", ".join(get_close_matches(wanted[:64], declared, 1, 0.6))
        remedy = "Augmented and private profiles come from --profile-file FILE.toml"
        meant = f"Did you mean {near}?" if near else remedy
        return f"{shown} is not declared: {names}", "profile", meant
    near = ", ".join(get_close_matches(wanted[:64], known, 4, 0.75))
    meant = f"Did you mean {near}? " if near else ""
    return f"{shown} is not a profile of PS3.11", "profile", f"{meant}{_LISTED}"


def _why_older_prefix(wanted: str) -> tuple[str, str, str]:
    current = f"STD-{wanted.removeprefix('APL-')}"
    what = f"{wanted[:64]!r} begins with APL-, which older texts wrote for STD-"
    if current in PROFILES:
        return what, "profile", f"Say {current}"
    return what, "profile", f"Neither is {current[:64]!r} a profile of PS3.11. {_LISTED}"
