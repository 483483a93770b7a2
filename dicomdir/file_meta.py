"""The head of a DICOM file: preamble, prefix and File Meta Information (PS3.10 7.1)."""

from typing import Final, NamedTuple

from dicomdir.elements import encode_element

PREAMBLE_AND_PREFIX: Final = bytes(128) + b"DICM"
EXPLICIT_VR_LITTLE_ENDIAN: Final = "1.2.840.10008.1.2.1"
# Names this implementation in every file it writes (PS3.7 D.3.3.2). Derived once from a UUID
# (PS3.5 B.2) and never to change: archives recognise a writer by it.
FILMJACKET_CLASS_UID: Final = "2.25.30481897835753474375953782296355216108"
FILMJACKET_VERSION_NAME: Final = "FILMJACKET_010"  # characters of a File ID, at most 16


class Implementation(NamedTuple):
    """Who last wrote a file: values of (0002,0012) and (0002,0013)."""

    class_uid: str = FILMJACKET_CLASS_UID
    version_name: str = FILMJACKET_VERSION_NAME


FILMJACKET: Final = Implementation()


def encode_file_meta(
    sop_class: str,
    sop_instance: str,
    transfer_syntax: str,
    *,
    implementation: Implementation = FILMJACKET,
) -> bytes:
    """Return preamble, prefix and group 0002, with the right group length (PS3.10 table 7.1-1).

    Args:
        sop_class: SOP Class UID of the data set that follows.
        sop_instance: its SOP Instance UID; for a DICOMDIR the File-set UID.
        transfer_syntax: in which the data set that follows is encoded.
        implementation: who writes this file.
    """
    group = b"".join(
        (
            encode_element(0x00020001, b"OB", b"\0\1"),
            _uid(0x00020002, sop_class),
            _uid(0x00020003, sop_instance),
            _uid(0x00020010, transfer_syntax),
            _uid(0x00020012, implementation.class_uid),
            encode_element(0x00020013, b"SH", implementation.version_name.encode("ascii")),
        )
    )
    length = encode_element(0x00020000, b"UL", len(group).to_bytes(4, "little"))
    return PREAMBLE_AND_PREFIX + length + group


def _uid(tag: int, uid: str) -> bytes:
    # Latin-1, because a UID of a foreign file may be anything and is passed on as it was.
    return encode_element(tag, b"UI", uid.encode("latin-1", "replace"))
