"""File systems on media: lay out named sources, write, open, walk, check. No DICOM here."""

# What the names are imported for is told by the type checker's half; at run time each is
# fetched when it is asked for, so that who needs one format does not load them all.
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from media.aside import file_aside, working_folder
    from media.demands import DEMANDS
    from media.entry import BlockReader, Entry, FileReader, Medium
    from media.fat_layout import lay_out_fat
    from media.fat_read import FatMedium
    from media.fat_volume import read_fat
    from media.fat_write import write_fat
    from media.folder_read import FolderMedium
    from media.folder_write import write_folder
    from media.iso9660_layout import lay_out_iso9660
    from media.iso9660_names import NameDoesNotFit
    from media.iso9660_read import Iso9660Medium
    from media.iso9660_write import write_iso9660
    from media.locked import Locked, WrongPassword
    from media.medium import open_medium
    from media.mime_read import MailMedium
    from media.mime_write import Envelope, write_mail, write_mime
    from media.rules import RULES
    from media.source import DigestList, FileRange, Name, NamedSource, Written
    from media.udf_bridge import lay_out_bridge
    from media.udf_bridge_read import BridgeMedium
    from media.udf_check import check_udf
    from media.udf_layout import lay_out_udf
    from media.udf_read import UdfMedium
    from media.udf_volume import read_udf
    from media.update import Change, Updated, update_medium
    from media.volume_plan import PlannedFile, Structure, VolumePlan
    from media.volume_write import planned_files, write_volume
    from media.zip_read import ZipMedium, open_zip
    from media.zip_write import write_zip

_HOMES = {
    "media.aside": "file_aside working_folder",
    "media.demands": "DEMANDS",
    "media.entry": "BlockReader Entry FileReader Medium",
    "media.fat_layout": "lay_out_fat",
    "media.fat_read": "FatMedium",
    "media.fat_volume": "read_fat",
    "media.fat_write": "write_fat",
    "media.folder_read": "FolderMedium",
    "media.folder_write": "write_folder",
    "media.iso9660_names": "NameDoesNotFit",
    "media.iso9660_read": "Iso9660Medium",
    "media.iso9660_layout": "lay_out_iso9660",
    "media.iso9660_write": "write_iso9660",
    "media.locked": "Locked WrongPassword",
    "media.medium": "open_medium",
    "media.mime_read": "MailMedium",
    "media.mime_write": "Envelope write_mail write_mime",
    "media.rules": "RULES",
    "media.source": "DigestList FileRange Name NamedSource Written",
    "media.udf_bridge": "lay_out_bridge",
    "media.udf_bridge_read": "BridgeMedium",
    "media.udf_check": "check_udf",
    "media.udf_layout": "lay_out_udf",
    "media.udf_read": "UdfMedium",
    "media.udf_volume": "read_udf",
    "media.update": "Change Updated update_medium",
    "media.volume_plan": "PlannedFile Structure VolumePlan",
    "media.volume_write": "planned_files write_volume",
    "media.zip_read": "ZipMedium open_zip",
    "media.zip_write": "write_zip",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}

__all__ = [
    "DEMANDS",
    "RULES",
    "BlockReader",
    "BridgeMedium",
    "Change",
    "DigestList",
    "Entry",
    "Envelope",
    "FatMedium",
    "FileRange",
    "FileReader",
    "FolderMedium",
    "Iso9660Medium",
    "Locked",
    "MailMedium",
    "Medium",
    "Name",
    "NameDoesNotFit",
    "NamedSource",
    "PlannedFile",
    "Structure",
    "UdfMedium",
    "Updated",
    "VolumePlan",
    "Written",
    "WrongPassword",
    "ZipMedium",
    "check_udf",
    "file_aside",
    "lay_out_bridge",
    "lay_out_fat",
    "lay_out_iso9660",
    "lay_out_udf",
    "open_medium",
    "open_zip",
    "planned_files",
    "read_fat",
    "read_udf",
    "update_medium",
    "working_folder",
    "write_fat",
    "write_folder",
    "write_iso9660",
    "write_mail",
    "write_mime",
    "write_volume",
    "write_zip",
]


def __getattr__(name: str) -> object:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(home), name)
    return value
