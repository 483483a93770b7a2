"""File systems on media: lay out named sources, write, open, walk, check. No DICOM here."""

from media.aside import file_aside, working_folder
from media.entry import BlockReader, Entry, FileReader, Medium
from media.folder_read import FolderMedium
from media.folder_write import write_folder
from media.iso9660_names import NameDoesNotFit
from media.iso9660_read import Iso9660Medium
from media.iso9660_write import write_iso9660
from media.medium import open_medium
from media.rules import RULES
from media.source import DigestList, FileRange, Name, NamedSource, Written

__all__ = [
    "RULES",
    "BlockReader",
    "DigestList",
    "Entry",
    "FileRange",
    "FileReader",
    "FolderMedium",
    "Iso9660Medium",
    "Medium",
    "Name",
    "NameDoesNotFit",
    "NamedSource",
    "Written",
    "file_aside",
    "open_medium",
    "working_folder",
    "write_folder",
    "write_iso9660",
]
