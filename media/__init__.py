"""File systems on media: lay out named sources, write, open, walk, check. No DICOM here."""

# What the names are imported for is told by the type checker's half; at run time each is
# fetched when it is asked for, so that who needs one format does not load them all.
from typing import TYPE_CHECKING

from reporting.fetched_names import fetching

if TYPE_CHECKING:
    from media.aside import file_aside, working_folder
    from media.demands import DEMANDS
    from media.entry import BlockReader, Entry, FileReader, Medium
    from media.fat.layout import lay_out_fat
    from media.fat.read import FatMedium
    from media.fat.volume import read_fat
    from media.fat.write import write_fat
    from media.folder.read import FolderMedium
    from media.folder.write import write_folder
    from media.iso9660.layout import lay_out_iso9660
    from media.iso9660.names import NameDoesNotFit
    from media.iso9660.read import Iso9660Medium
    from media.iso9660.write import write_iso9660
    from media.locked import Locked, WrongPassword
    from media.medium import open_medium
    from media.mime.letter import Envelope
    from media.mime.open import MailMedium, SealedMail
    from media.mime.write import write_mail, write_mime
    from media.rules import RULES
    from media.source import DigestList, FileRange, Name, NamedSource, Streamed, Written
    from media.udf.bridge import lay_out_bridge
    from media.udf.bridge_read import BridgeMedium
    from media.udf.check import check_udf
    from media.udf.layout import lay_out_udf
    from media.udf.read import UdfMedium
    from media.udf.volume import read_udf
    from media.update import Change, Updated, update_medium
    from media.volume_plan import PlannedFile, Structure, VolumePlan
    from media.volume_write import planned_files, write_volume
    from media.zip.read import ZipMedium, open_zip
    from media.zip.write import write_zip

_HOMES = {
    "media.aside": "file_aside working_folder",
    "media.demands": "DEMANDS",
    "media.entry": "BlockReader Entry FileReader Medium",
    "media.fat.layout": "lay_out_fat",
    "media.fat.read": "FatMedium",
    "media.fat.volume": "read_fat",
    "media.fat.write": "write_fat",
    "media.folder.read": "FolderMedium",
    "media.folder.write": "write_folder",
    "media.iso9660.names": "NameDoesNotFit",
    "media.iso9660.read": "Iso9660Medium",
    "media.iso9660.layout": "lay_out_iso9660",
    "media.iso9660.write": "write_iso9660",
    "media.locked": "Locked WrongPassword",
    "media.medium": "open_medium",
    "media.mime.letter": "Envelope",
    "media.mime.open": "MailMedium SealedMail",
    "media.mime.write": "write_mail write_mime",
    "media.rules": "RULES",
    "media.source": "DigestList FileRange Name NamedSource Streamed Written",
    "media.udf.bridge": "lay_out_bridge",
    "media.udf.bridge_read": "BridgeMedium",
    "media.udf.check": "check_udf",
    "media.udf.layout": "lay_out_udf",
    "media.udf.read": "UdfMedium",
    "media.udf.volume": "read_udf",
    "media.update": "Change Updated update_medium",
    "media.volume_plan": "PlannedFile Structure VolumePlan",
    "media.volume_write": "planned_files write_volume",
    "media.zip.read": "ZipMedium open_zip",
    "media.zip.write": "write_zip",
}

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
    "SealedMail",
    "Streamed",
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

__getattr__ = fetching(globals(), _HOMES)
