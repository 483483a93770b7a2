"""Private profiles: free within PS3.10 and one medium of PS3.12 (PS3.2 7.4.3)."""

from typing import Final

from profiles.application_profiles import (
    ApplicationProfile,
    Format,
    Medium,
    Role,
    Security,
)
from profiles.declared_fields import Fields
from profiles.declared_parts import (
    additional_key,
    allowed_row,
    icon_rule,
    roles_of,
    value_rule,
)
from profiles.media_kinds import MediumKind

_MEDIA: Final = {medium.value: medium.value for medium in Medium}
_FORMATS: Final = {format_.value: format_.value for format_ in Format}
_SECURITY: Final = {security.value: security.value for security in Security}
_KIND_OF: Final = {kind.medium: kind for kind in MediumKind}


def private(identifier: str, fields: Fields, file: str) -> ApplicationProfile:
    """Return a private profile.

    Raises:
        WrongUsage: something is missing or does not go together.
    """
    fields.text("identifier")
    if "base" in fields:
        what = "a private profile has no base"
        raise fields.wrong("base", what, "Declare an augmented profile (AUG-…), or leave it out")
    medium = Medium(fields.choice("medium", _MEDIA))
    kind = _KIND_OF[medium]
    if Format(fields.choice("format", _FORMATS)) is not kind.format:
        what = f"PS3.12 formats {medium} as {kind.format}"
        raise fields.wrong("format", what, f"Write {kind.format}, or name another medium")
    rows = fields.tables("allowed")
    if not rows:
        what = "nothing may be on the medium"
        raise fields.wrong("allowed", what, "Write one [[profile.allowed]] at least")
    icon = fields.table("icon")
    row = ApplicationProfile(
        identifier=identifier,
        medium=medium,
        file_system=kind.format,
        allowed=tuple(allowed_row(part, file, private=True) for part in rows),
        additional_keys=tuple(additional_key(part, file) for part in fields.tables("keys")),
        icon=None if icon is None else icon_rule(icon, file),
        roles=roles_of(fields, frozenset(Role)),
        security=Security(fields.choice("security", _SECURITY, default=Security.NONE.value)),
        capacity=kind.capacity,
        source=file,
        values=tuple(value_rule(part, file, private=True) for part in fields.tables("values")),
        closing=fields.text("closing"),
        purpose=fields.text("purpose", default="a private profile"),
    )
    fields.finish()
    return row
