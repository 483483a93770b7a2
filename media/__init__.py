"""File systems on media: lay out named sources, write, open, walk, check. No DICOM here."""

from media.aside import file_aside, working_folder
from media.entry import BlockReader, Entry, FileReader, Medium
from media.fat_layout import lay_out_fat
from media.fat_read import FatMedium
from media.fat_volume import read_fat
from media.fat_write import write_fat
from media.folder_read import FolderMedium
from media.folder_write import write_folder
from media.iso9660_names import NameDoesNotFit
from media.iso9660_read import Iso9660Medium
from media.iso9660_write import write_iso9660
from media.medium import open_medium
from media.rules import RULES
from media.source import DigestList, FileRange, Name, NamedSource, Written
from media.udf_bridge import lay_out_bridge
from media.udf_bridge_read import BridgeMedium
from media.udf_check import DEMANDS, UdfDemands, check_udf
from media.udf_layout import lay_out_udf
from media.udf_read import UdfMedium
from media.udf_volume import read_udf
from media.volume_plan import PlannedFile, Structure, VolumePlan
from media.volume_write import planned_files, write_volume

__all__ = [
    "DEMANDS",
    "RULES",
    "BlockReader",
    "BridgeMedium",
    "DigestList",
    "Entry",
    "FatMedium",
    "FileRange",
    "FileReader",
    "FolderMedium",
    "Iso9660Medium",
    "Medium",
    "Name",
    "NameDoesNotFit",
    "NamedSource",
    "PlannedFile",
    "Structure",
    "UdfDemands",
    "UdfMedium",
    "VolumePlan",
    "Written",
    "check_udf",
    "file_aside",
    "lay_out_bridge",
    "lay_out_fat",
    "lay_out_udf",
    "open_medium",
    "planned_files",
    "read_fat",
    "read_udf",
    "working_folder",
    "write_fat",
    "write_folder",
    "write_iso9660",
    "write_volume",
]
