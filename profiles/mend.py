"""Writes a data set that only pydicom understands as a well-formed one. Runs in the worker.

Values are passed on as bytes; what is mended are headers: VRs that are none, lengths that are
wrong in a way that pydicom sees through. Nothing is guessed: what pydicom cannot place is refused.
"""

import warnings
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from dicomdir.elements import (
    LONG_LENGTH,
    LONG_VRS,
    SHORT_VRS,
    TAG_VR_LENGTH,
    UNDEFINED_LENGTH,
    BadEncoding,
    encode_element,
    encode_item,
    name_of,
)
from profiles.fields import DEEPEST, CannotTranscode
from profiles.pixel_plan import PIXEL_DATA
from profiles.transfer_syntaxes import ALWAYS_CONVERTIBLE, EXPLICIT_LITTLE

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_SEQUENCE_CLOSE: Final = bytes.fromhex("feffdde000000000")


def mend(source: BinaryIO, syntax: str, out: BinaryIO) -> str:
    """Write the data set of *source* to *out*, well-formed, in Explicit VR Little Endian.

    Returns:
        The transfer syntax of what was written: encapsulated frames stay as they are.

    Raises:
        CannotTranscode: pydicom does not understand it either.
    """
    import pydicom

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data_set = pydicom.dcmread(source, force=True)
        if data_set.original_encoding[1] is False:
            raise CannotTranscode("a big endian data set is not well formed")
        try:
            out.write(_level(data_set, 0))
        except (BadEncoding, TypeError, ValueError, KeyError) as problem:
            raise CannotTranscode("the data set is not well formed: no repair") from problem
    out.flush()
    return EXPLICIT_LITTLE if syntax in ALWAYS_CONVERTIBLE else syntax


def _level(data_set: "Dataset", depth: int) -> bytes:
    if depth > DEEPEST:
        raise CannotTranscode(f"sequences are nested more than {DEEPEST} levels deep")
    tags = sorted(int(tag) for tag in list(data_set.keys()) if tag.element)
    return b"".join(_element(data_set, tag, depth) for tag in tags)


def _element(data_set: "Dataset", tag: int, depth: int) -> bytes:
    from pydicom.filebase import DicomBytesIO
    from pydicom.filewriter import write_data_element

    if tag >> 16 in (0x0000, 0xFFFE):
        raise CannotTranscode(f"{name_of(tag)} stands where it cannot: no repair")
    element: Any = data_set.get_item(tag)  # decoded or raw
    vr = _vr(tag, str(element.VR or "").encode("latin-1", "replace"))
    if vr == b"SQ":
        items = [encode_item(_level(item, depth + 1)) for item in data_set[tag].value]
        return encode_element(tag, vr, b"".join(items))
    if not element.is_raw:  # pydicom decoded it while reading
        buffer = DicomBytesIO()
        buffer.is_little_endian, buffer.is_implicit_VR = True, False
        write_data_element(buffer, element)
        return bytes(buffer.getvalue())
    value = bytes(element.value or b"")
    if tag == PIXEL_DATA and element.length == UNDEFINED_LENGTH:
        head = TAG_VR_LENGTH.pack(tag >> 16, tag & 0xFFFF, b"OB", 0)
        return head + LONG_LENGTH.pack(UNDEFINED_LENGTH) + value + _SEQUENCE_CLOSE
    return encode_element(tag, vr, value)


def _vr(tag: int, found: bytes) -> bytes:
    """Return the VR that a source states, or the dictionary's when it states none."""
    from pydicom.datadict import dictionary_VR

    if found in SHORT_VRS or found in LONG_VRS:
        return found
    try:
        known = dictionary_VR(tag).encode()
    except KeyError:
        return b"UN"
    return known if known in SHORT_VRS or known in LONG_VRS else b"UN"
