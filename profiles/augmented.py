"""Augmented profiles: a standard profile and more, never less (PS3.2 7.4.2)."""

from typing import Final

from dicomdir.elements import name_of
from dicomdir.record_types import RECORD_TYPES, AdditionalKey
from profiles.application_profiles import Allowed, ApplicationProfile, Composite
from profiles.declared_fields import Fields
from profiles.declared_parts import additional_key, allowed_row, icon_rule, roles_of
from profiles.profile_table import profile
from reporting import WrongUsage

_STRENGTH: Final = {"3": 0, "2C": 1, "1C": 2, "2": 2, "1": 3}
# What a superset cannot change, and why.
_FIXED: Final = {
    "medium": "an augmented profile has the medium of its base",
    "format": "an augmented profile has the format of its base",
    "security": "an augmented profile is as secure as its base",
    "values": "limits would make less of the base, and an augmented profile is a superset",
}


def augmented(identifier: str, fields: Fields, file: str) -> ApplicationProfile:
    """Return an augmented profile.

    Raises:
        WrongUsage: it is no superset of its base, or holds private SOP Classes.
    """
    fields.text("identifier")
    base = _base(fields)
    source = f"{file}, {base.source}"
    for key, why in _FIXED.items():
        if key in fields:
            raise fields.wrong(key, why, "Leave it out, or declare a private profile (PRI-…)")
    allowed = tuple(
        _new_classes(part, allowed_row(part, source, private=False), base)
        for part in fields.tables("allowed")
    )
    keys = tuple(
        _not_weaker(part, additional_key(part, source), base) for part in fields.tables("keys")
    )
    icon = fields.table("icon")
    if icon is not None and base.icon is not None:
        what = f"{base.identifier} has a rule on icons already ({base.icon.source})"
        raise fields.wrong("icon", what, "Leave it out, or declare a private profile (PRI-…)")
    roles = roles_of(fields, base.roles)
    if not roles >= base.roles:
        what = f"a role of {base.identifier} is missing, and an augmented profile is a superset"
        raise fields.wrong("roles", what, "Name its roles as well as the new ones")
    row = base._replace(
        identifier=identifier,
        allowed=(*base.allowed, *allowed),
        additional_keys=(*base.additional_keys, *keys),
        icon=base.icon if icon is None else icon_rule(icon, source),
        roles=roles,
        source=source,
        base=base.identifier,
        purpose=fields.text("purpose", default=f"{base.purpose}; augmented"),
    )
    fields.finish()
    if not (allowed or keys or icon or roles > base.roles):
        what = f"it adds nothing to {base.identifier}"
        remedy = f"Add an allowed row, a key, an icon or a role, or claim {base.identifier} itself"
        raise fields.wrong("base", what, remedy)
    return row


def _base(fields: Fields) -> ApplicationProfile:
    word = fields.text("base", required=True)
    try:
        return profile(word)
    except WrongUsage as error:
        raise fields.wrong("base", error.what, error.remedy) from error


def _new_classes(fields: Fields, row: Allowed, base: ApplicationProfile) -> Allowed:
    """Refuse classes that the base has: their transfer syntaxes are its own matter."""
    if isinstance(row.sop_classes, Composite):
        what = "an augmented profile adds SOP Classes by name"
        raise fields.wrong("sop_classes", what, "Write their UIDs")
    for uid in sorted(row.sop_classes):
        if base.allowed_syntaxes(uid) is not None:
            what = f"{base.identifier} has {uid} already, with its own transfer syntaxes"
            remedy = "Leave it out; for other syntaxes declare a private profile (PRI-…)"
            raise fields.wrong("sop_classes", what, remedy)
    return row


def _not_weaker(fields: Fields, key: AdditionalKey, base: ApplicationProfile) -> AdditionalKey:
    """Refuse a key that asks less of a record than the base or PS3.3 does."""
    for record_type in sorted(key.record_types):
        standard = [k for k in RECORD_TYPES[record_type].keys if k.tag == key.key.tag]
        own = [
            row.key
            for row in base.additional_keys
            if row.key.tag == key.key.tag and record_type in row.record_types
        ]
        for other in (*standard, *own):
            if _STRENGTH[key.key.type] < _STRENGTH[other.type]:
                what = (
                    f"type {key.key.type} of {name_of(key.key.tag)} asks less than the "
                    f"type {other.type} that {record_type} records have"
                )
                raise fields.wrong("type", what, f"Write type {other.type} or leave the key out")
    return key
