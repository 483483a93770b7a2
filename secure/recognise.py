"""Tells a Secure DICOM File (PS3.10 7.4) from everything else by its first bytes.

Such a file is a CMS ContentInfo that holds EnvelopedData (PS3.15 D.1, RFC 5652 3 and 6.1):
SEQUENCE, OBJECT IDENTIFIER envelopedData, [0], SEQUENCE, INTEGER version.

AuthEnvelopedData (RFC 5083), as newer programs make it, counts as well: it is refused by its name
when it is opened, and is not taken for a file that nobody encrypted.
"""

from typing import Final

HEAD_SIZE: Final = 64  # bytes of a file that are enough to tell

_SEQUENCE: Final = 0x30
_EXPLICIT_0: Final = 0xA0
_INDEFINITE: Final = 0x80
_ENVELOPES: Final = (
    bytes.fromhex("06092a864886f70d010703"),  # 1.2.840.113549.1.7.3
    bytes.fromhex("060b2a864886f70d0109100117"),  # 1.2.840.113549.1.9.16.1.23
)
_VERSIONS: Final = frozenset((0, 2, 3, 4))  # RFC 5652 6.1


def looks_like_secure_dicom_file(head: bytes) -> bool:
    """Return whether *head*, the first `HEAD_SIZE` bytes of a file, opens an EnvelopedData.

    Lengths may be definite, also longer than needed, or indefinite (BER as `openssl -stream`
    writes it). Only the head is looked at: the rest may still be damaged.
    """
    position = _content_of(head, 0, _SEQUENCE)
    if position is None or not head.startswith(_ENVELOPES, position):
        return False
    position = _content_of(head, position + 2 + head[position + 1], _EXPLICIT_0)
    if position is None:
        return False
    position = _content_of(head, position, _SEQUENCE)
    if position is None:
        return False
    return head[position : position + 2] == b"\x02\x01" and (
        head[position + 2 : position + 3] != b"" and head[position + 2] in _VERSIONS
    )


def _content_of(head: bytes, position: int, tag: int) -> int | None:
    """Return where the content of the value at *position* begins, None when it is not *tag*."""
    if position + 2 > len(head) or head[position] != tag:
        return None
    length = head[position + 1]
    if length <= _INDEFINITE:
        return position + 2
    octets = length & 0x7F  # X.690 8.1.3.5; more than eight would exceed any file
    return position + 2 + octets if octets <= 8 else None
