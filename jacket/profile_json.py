"""A profile as plain values, for programs."""

from jacket.profile_texts import limit_in_words, made_as
from profiles.application_profiles import (
    Allowed,
    ApplicationProfile,
    Composite,
    Declared,
    IconRule,
)
from profiles.transfer_syntaxes import registered_name
from profiles.value_asks import name


def as_json(row: ApplicationProfile) -> dict[str, object]:
    """Return a profile as plain values."""
    return {
        "identifier": row.identifier,
        "base": row.base or None,
        "purpose": row.purpose,
        "medium": row.medium.value,
        "file_system": row.file_system.value,
        "capacity": row.capacity,
        "closing": row.closing or None,
        "notes": list(row.notes),
        "made_as": made_as(row).removeprefix("."),
        "allowed": [_allowed(allowed) for allowed in row.allowed],
        "additional_keys": [
            {
                "tag": f"{key.key.tag:08X}",
                "name": name(key.key.tag),
                "vr": key.key.vr.decode(),
                "type": key.key.type,
                "when": key.key.when.value,
                "records": sorted(key.record_types),
                "source": key.source,
            }
            for key in row.additional_keys
        ],
        "icon": None if row.icon is None else _icon(row.icon),
        "values": [
            {
                "sop_classes": sorted(rule.sop_classes),
                "tag": f"{rule.tag:08X}",
                "limit": limit_in_words(rule),
                "transfer_syntaxes": sorted(rule.syntaxes) or "any",
                "source": rule.source,
            }
            for rule in row.values
        ],
        "roles": [role.value for role in row.roles_in_order],
        "security": row.security.value,
        "directory_optional": row.directory_optional,
        "source": row.source,
    }


def _allowed(row: Allowed) -> dict[str, object]:
    return {
        "sop_classes": row.sop_classes.value
        if isinstance(row.sop_classes, Composite)
        else sorted(row.sop_classes),
        "photometric_interpretations": sorted(row.photometrics) or "any",
        "transfer_syntaxes": "declared by the creator"
        if isinstance(row.transfer_syntaxes, Declared)
        else sorted(row.transfer_syntaxes),
        "names": []
        if isinstance(row.transfer_syntaxes, Declared)
        else [registered_name(uid) for uid in sorted(row.transfer_syntaxes)],
        "creator": row.creator.value,
        "reader": row.reader.value,
        "updater": row.updater.value,
        "source": row.source,
    }


def _icon(rule: IconRule) -> dict[str, object]:
    return {
        "records": sorted(rule.record_types),
        "required": rule.required,
        "rows": rule.rows,
        "columns": rule.columns,
        "bits_allocated": rule.bits_allocated,
        "bits_stored": rule.bits_stored,
        "photometric_interpretations": sorted(rule.photometric_interpretations),
        "source": rule.source,
    }
