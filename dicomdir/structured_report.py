"""What a directory record may hold of a structured report's content (PS3.3 F.5.25, F.5.26)."""

from dicomdir.elements import values_by_tag
from dicomdir.sequences import items_of


def concept_modifiers(content_sequence: bytes) -> list[bytes]:
    """Return the Items whose Relationship Type (0040,A010) is HAS CONCEPT MOD."""
    return [
        item
        for item in items_of(content_sequence)
        if values_by_tag(item).get(0x0040A010, b"").strip(b" \0") == b"HAS CONCEPT MOD"
    ]


def latest_verification(observers: bytes) -> bytes:
    """Return the latest Verification DateTime (0040,A030) of a Verifying Observer Sequence."""
    times = [values_by_tag(item).get(0x0040A030, b"").strip(b" \0") for item in items_of(observers)]
    return max(times, default=b"")
