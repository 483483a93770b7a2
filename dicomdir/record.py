"""The directory as a tree in memory: what the writer encodes and the reader returns.

Plain classes with slots: tens of thousands are made on the way to a DICOMDIR, and the machinery
of dataclasses alone would cost a small job a tenth of its time to load.
"""

from typing import Any, Self

_RECORD_FIELDS = (
    "record_type",
    "keys",
    "file_id",
    "sop_class_uid",
    "sop_instance_uid",
    "transfer_syntax_uid",
    "related_general",
    "other",
    "children",
)
_DIRECTORY_FIELDS = ("file_set_uid", "file_set_id", "records", "descriptor")


class _Fields:
    """Comparison, display and changed copies by the fields of ``__slots__``."""

    __slots__: tuple[str, ...] = ()

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    __hash__ = None  # type: ignore[assignment]  # mutable

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__slots__)
        return f"{type(self).__name__}({fields})"

    def replaced(self, **changes: Any) -> Self:
        """Return a copy with some fields changed."""
        return type(self)(**{name: getattr(self, name) for name in self.__slots__} | changes)


class DirectoryRecord(_Fields):
    """One Directory Record (PS3.3 F.3.2.2) with its lower-level Directory Entity.

    Only the tree is mutable (an updater adds children); bytes are never decoded.
    """

    __slots__ = _RECORD_FIELDS

    def __init__(
        self,
        record_type: str,
        keys: bytes,
        file_id: tuple[str, ...] = (),
        sop_class_uid: str = "",
        sop_instance_uid: str = "",
        transfer_syntax_uid: str = "",
        related_general: bytes = b"",
        other: bytes = b"",
        children: "list[DirectoryRecord] | None" = None,
    ) -> None:
        """Make a record.

        Args:
            record_type: value of (0004,1430).
            keys: selection keys, elements in Explicit VR Little Endian and tag order.
            file_id: Referenced File ID, () when no file is referenced.
            sop_class_uid: Referenced SOP Class UID in File.
            sop_instance_uid: Referenced SOP Instance UID in File.
            transfer_syntax_uid: Referenced Transfer Syntax UID in File.
            related_general: value of (0004,151A).
            other: any other group 0004 elements of a foreign record, encoded, so that an update
                keeps them ((0004,1432) Private Record UID among them); never the links, the flag
                or the fields above.
            children: the lower-level Directory Entity.
        """
        self.record_type = record_type
        self.keys = keys
        self.file_id = file_id
        self.sop_class_uid = sop_class_uid
        self.sop_instance_uid = sop_instance_uid
        self.transfer_syntax_uid = transfer_syntax_uid
        self.related_general = related_general
        self.other = other
        self.children: list[DirectoryRecord] = [] if children is None else children


class Directory(_Fields):
    """A Basic Directory: what a DICOMDIR holds (PS3.3 F.3)."""

    __slots__ = _DIRECTORY_FIELDS

    def __init__(
        self,
        file_set_uid: str,
        file_set_id: str = "",
        records: list[DirectoryRecord] | None = None,
        descriptor: bytes = b"",
    ) -> None:
        """Make a directory.

        Args:
            file_set_uid: SOP Instance UID of the DICOMDIR.
            file_set_id: File-set ID (0004,1130), at most 16 characters.
            records: the Root Directory Entity.
            descriptor: (0004,1141) and (0004,1142) of a foreign directory, encoded.
        """
        self.file_set_uid = file_set_uid
        self.file_set_id = file_set_id
        self.records: list[DirectoryRecord] = [] if records is None else records
        self.descriptor = descriptor
