"""What the house knows of one DICOM file after its header was read: small, flat, no objects."""

from typing import Final, NamedTuple

# Begins the departure of a file whose data set only a forgiving reader understands: giving it a
# new head is not enough, it has to be written anew.
NOT_WELL_FORMED: Final = "the data set is not well formed"


class Instance(NamedTuple):
    """One SOP instance in one file, with its Directory Records' keys already encoded.

    A tuple of plain values, because the scan hands thousands of them from one process to
    another (marshal) and keeps them all.
    """

    source: str  # path of the file, or File ID on a medium
    size: int  # bytes of the file
    dataset_offset: int  # bytes before the data set: preamble, prefix and File Meta Information
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str  # how the data set is really encoded
    related_general: bytes  # value of (0008,001A), empty when absent
    record_type: str  # "IMAGE", "SR DOCUMENT", … or "" when no standard record may name it
    # Selection keys of the four levels: elements in Explicit VR Little Endian and tag order,
    # (0008,0005) among them where one of the keys needs it. Top-level types have only `keys`.
    patient: bytes
    study: bytes
    series: bytes
    keys: bytes
    # What keeps the file from being conformant to PS3.10 though its data set is good ("no
    # preamble", …): such a file is given a new head. Empty: it may be copied byte for byte.
    departures: tuple[str, ...]
    # What is odd but harmless, for the report.
    remarks: tuple[str, ...]
    # Time of the last change in nanoseconds and number of the file, as it was read: what is
    # copied later must be the same file. (0, 0): not known.
    stamp: tuple[int, int] = (0, 0)
    # Elements that the caller of the scan asked for beyond all keys, in tag order, in Explicit VR
    # Little Endian; only those that the file has. They never stand in a record.
    facts: bytes = b""
    # Offset in the file of the value of encapsulated Pixel Data; 0: native, none, or not known.
    pixel_data: int = 0


class NotIndexed(NamedTuple):
    """A file that the scan could not take in, or that is not there, and why."""

    source: str
    reason: str  # a sentence for the operator
    kind: str  # one of KINDS


# kind → whether leaving such a file out takes anything from the patient: only then does a job
# that is otherwise clean end with exit code 1.
KINDS: dict[str, bool] = {
    "directory": False,  # a DICOMDIR: the new medium gets its own
    "duplicate": False,  # the same bytes are on the medium already
    "litter": False,  # files that operating systems drop (.DS_Store, Thumbs.db)
    "foreign": False,  # texts, programs and web pages, such as other discs carry
    "secure": True,  # a Secure DICOM File: it needs a password or a key
    "not-dicom": True,
    "missing": True,  # a DICOMDIR among the sources names it, and there is no such file
    "unreadable": True,  # no permission, I/O error
    "truncated": True,
    "malformed": True,
    "contradiction": True,  # file meta and data set, or two objects with one UID
    "not-allowed": True,  # the profile has no place for it
    "not-convertible": True,  # it cannot be brought to a syntax of the profile
    "patient-conflict": True,  # one Patient ID, two people
}
