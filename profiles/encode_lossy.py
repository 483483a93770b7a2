"""What a lossy compressed image says of itself and of where it comes from (PS3.3 C.7.6.1).

Its pixels are others than those of its source, so that it is another instance: with a UID of its
own, which follows from that of its source and from how it was made.
"""

import uuid
from typing import Final

from dicomdir.elements import encode_element, encode_item, text
from profiles.fields import EXPLICIT, Buffer, CannotTranscode, Field, read_items, value_of
from profiles.transfer_syntaxes import TRANSFER_SYNTAXES, name_of_syntax

_IMAGE_TYPE: Final = 0x00080008
_SOP_INSTANCE_UID: Final = 0x00080018
_DERIVATION_DESCRIPTION: Final = 0x00082111
_SOURCE_IMAGES: Final = 0x00082112
_LOSSY: Final = 0x00282110
RATIO: Final = 0x00282112
_METHOD: Final = 0x00282114
_SHARED_GROUPS: Final = 0x52009229
_LONGEST_ST: Final = 1024  # characters (PS3.5 6.2)
RATIO_BYTES: Final = 16  # of a DS, reserved until the ratio is known
# Values that may no longer hold, and signatures that no longer do; all of them type 3.
_OUTDATED: Final = (0x00280106, 0x00280107, 0x4FFE0001, 0xFFFAFFFA)
# DCM 121320, CID 7202: what the source is to the image.
_PURPOSE: Final = (
    encode_element(0x00080100, b"SH", b"121320")
    + encode_element(0x00080102, b"SH", b"DCM")
    + encode_element(0x00080104, b"LO", b"Uncompressed predecessor")
)
# Cells of these classes are measurements or labels and no grey values to look at.
_NO_PICTURES: Final = frozenset(
    (
        "1.2.840.10008.5.1.4.1.1.30",  # Parametric Map
        "1.2.840.10008.5.1.4.1.1.66.4",  # Segmentation
        "1.2.840.10008.5.1.4.1.1.66.7",  # Label Map Segmentation
        "1.2.840.10008.5.1.4.1.1.481.2",  # RT Dose
    )
)


def derived_uid(sop_instance_uid: str, syntax: str, quality: int) -> str:
    """Return the UID of the lossy image made from an instance: always the same (PS3.5 B.2)."""
    name = f"filmjacket lossy {sop_instance_uid} {syntax} {quality}"
    return f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, name).int}"


def why_not_lossy(sop_class_uid: str, quality: int, data: Buffer, fields: list[Field]) -> str:
    """Return why an image must not be compressed with loss; "" when it may be."""
    if not 1 <= quality <= 100:
        return "lossy compression was not asked for: it needs a quality from 1 to 100"
    if sop_class_uid in _NO_PICTURES:
        return "its cells are measurements or labels, which lossy compression would falsify"
    if text(value_of(data, fields, _LOSSY) or b"") == "01":
        return "it has been through lossy compression already, and must not go through it again"
    if any(field.tag == _SHARED_GROUPS for field in fields):
        return "how its frames were derived stands in functional groups, which are not rewritten"
    return ""


def describe_lossy(
    data: Buffer, fields: list[Field], sop_class_uid: str, new_uid: str, syntax: str, quality: int
) -> dict[int, bytes]:
    """Return the elements that an image gets with lossy compression; b"": it loses it.

    The value of Lossy Image Compression Ratio is spaces: `RATIO_BYTES` to be filled in.

    Raises:
        CannotTranscode: it does not say which instance it is.
    """
    old_uid = text(value_of(data, fields, _SOP_INSTANCE_UID) or b"")
    if not old_uid:
        raise CannotTranscode("it has no SOP Instance UID to refer to")
    method = TRANSFER_SYNTAXES[syntax].method.encode()
    said = f"Lossy compression by Filmjacket: {name_of_syntax(syntax)}, quality {quality}"
    changed = dict.fromkeys(_OUTDATED, b"")
    changed[_SOP_INSTANCE_UID] = encode_element(_SOP_INSTANCE_UID, b"UI", new_uid.encode())
    changed[_DERIVATION_DESCRIPTION] = _derivation(data, fields, said.encode())
    changed[_SOURCE_IMAGES] = _source_images(data, fields, sop_class_uid, old_uid)
    changed[_LOSSY] = encode_element(_LOSSY, b"CS", b"01")
    changed[RATIO] = encode_element(RATIO, b"DS", b" " * RATIO_BYTES)
    changed[_METHOD] = encode_element(_METHOD, b"CS", method)
    kind = value_of(data, fields, _IMAGE_TYPE)
    if kind:
        _, _, rest = kind.rstrip(b" \0").partition(b"\\")
        derived = b"DERIVED\\" + rest if rest else b"DERIVED"
        changed[_IMAGE_TYPE] = encode_element(_IMAGE_TYPE, b"CS", derived)
    return changed


def _derivation(data: Buffer, fields: list[Field], said: bytes) -> bytes:
    """Put what was done before what was said so far, whose character set is not ours to touch."""
    before = (value_of(data, fields, _DERIVATION_DESCRIPTION) or b"").rstrip(b" \0")
    whole = said + b"; " + before
    fits = before and len(whole) <= _LONGEST_ST
    return encode_element(_DERIVATION_DESCRIPTION, b"ST", whole if fits else said)


def _source_images(data: Buffer, fields: list[Field], sop_class: str, old_uid: str) -> bytes:
    """Return Source Image Sequence with what it held and the instance that was compressed."""
    items = b""
    for field in fields:
        if field.tag == _SOURCE_IMAGES and field.vr == b"SQ":
            parts = read_items(data, field, EXPLICIT)
            items = b"".join(encode_item(data[start:stop]) for start, stop in parts)
    item = (
        encode_element(0x00081150, b"UI", sop_class.encode())
        + encode_element(0x00081155, b"UI", old_uid.encode())
        + encode_element(0x0040A170, b"SQ", encode_item(_PURPOSE))
    )
    return encode_element(_SOURCE_IMAGES, b"SQ", items + encode_item(item))
