"""The directory as a tree in memory: what the writer encodes and the reader returns."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class DirectoryRecord:
    """One Directory Record (PS3.3 F.3.2.2) with its lower-level Directory Entity.

    Only the tree is mutable (an updater adds children); bytes are never decoded.
    """

    record_type: str
    keys: bytes  # selection keys: elements in Explicit VR Little Endian, in tag order
    file_id: tuple[str, ...] = ()  # Referenced File ID, () when no file is referenced
    sop_class_uid: str = ""  # Referenced SOP Class UID in File
    sop_instance_uid: str = ""
    transfer_syntax_uid: str = ""
    related_general: bytes = b""  # value of (0004,151A)
    # Any other group 0004 elements of a foreign record, encoded, so that an update keeps them
    # ((0004,1432) Private Record UID among them). Never the links, the flag or the fields above.
    other: bytes = b""
    children: list["DirectoryRecord"] = field(default_factory=list)


@dataclass(slots=True)
class Directory:
    """A Basic Directory: what a DICOMDIR holds (PS3.3 F.3)."""

    file_set_uid: str
    file_set_id: str = ""  # File-set ID (0004,1130), at most 16 characters
    records: list[DirectoryRecord] = field(default_factory=list)
    # (0004,1141) and (0004,1142) of a foreign directory, encoded.
    descriptor: bytes = b""
