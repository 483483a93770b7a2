"""The media of PS3.11: how identifiers spell them, how they are formatted, who may write them."""

from enum import Enum
from typing import Final

from profiles.application_profiles import Format, Medium, Role

# As people call them; PS3.11 and JSON have the words of `Medium` and of the media room.
MEDIUM_NAMES: Final[dict[Medium, str]] = {
    Medium.CD_R: "CD-R",
    Medium.DVD: "DVD",
    Medium.DVD_RAM: "DVD-RAM",
    Medium.BD: "Blu-ray disc",
    Medium.MOD_23: "MO disk 2.3 GB",
    Medium.MOD_41: "MO disk 4.1 GB",
    Medium.USB: "USB stick",
    Medium.MMC: "MultiMediaCard",
    Medium.CF: "CompactFlash",
    Medium.SD: "SD card",
    Medium.MIME: "e-mail",
    Medium.ZIP_MAIL: "ZIP by e-mail",
}
# The words by which the media room knows what is asked of a file system on each of them.
MEDIA_WORDS: Final[dict[Medium, str]] = {
    Medium.CD_R: "cd",
    Medium.DVD: "dvd",
    Medium.DVD_RAM: "dvd-ram",
    Medium.BD: "bd",
    Medium.MOD_23: "mod",
    Medium.MOD_41: "mod",
    Medium.USB: "usb",
    Medium.MMC: "mmc",
    Medium.CF: "cf",
    Medium.SD: "sd",
    Medium.MIME: "mime",
    Medium.ZIP_MAIL: "zip",
}
FILE_SYSTEM_NAMES: Final[dict[str, str]] = {
    "iso9660": "ISO 9660",
    "udf": "UDF",
    "iso9660+udf": "ISO 9660 with UDF",
    "fat12": "FAT12",
    "fat16": "FAT16",
    "fat32": "FAT32",
    "zip": "a ZIP archive",
    "mime": "a mail message",
}

EVERY_ROLE: Final = frozenset(Role)
CREATOR_READER: Final = frozenset((Role.CREATOR, Role.READER))

_ONE: Final = "One File-set per"
_PARTITION: Final = "One File-set, in the first partition; never one over several media."


class MediumKind(Enum):
    """One medium as several annexes use it."""

    CD = (
        *("CD", Medium.CD_R, Format.P12_F, EVERY_ROLE),
        f"A CD-R holds 650 to 700 MB. {_ONE} disc, never one over several.",
    )
    DVD = (  # an updater is not defined: these discs are written once
        *("DVD", Medium.DVD, Format.P12_P, CREATOR_READER),
        f"A DVD holds 4.7 GB, 8.5 GB in two layers. {_ONE} side, never one over several.",
    )
    DVD_RAM = (
        *("DVD-RAM", Medium.DVD_RAM, Format.P12_J, EVERY_ROLE),
        f"A DVD-RAM holds 4.7 GB a side. {_ONE} side, never one over several.",
    )
    BD = (
        *("BD", Medium.BD, Format.P12_X, EVERY_ROLE),
        f"A BD holds 25 GB, 50 GB in two layers. {_ONE} side, never one over several.",
    )
    MOD_23 = (
        *("MOD23-90", Medium.MOD_23, Format.P12_Q, EVERY_ROLE),
        f"The disk holds 2.3 GB. {_ONE} disk.",
    )
    MOD_41 = (
        *("MOD41", Medium.MOD_41, Format.P12_M, EVERY_ROLE),
        f"The disk holds 4.1 GB on two sides. {_ONE} side, never one over both.",
    )
    USB = ("USB", Medium.USB, Format.P12_R, EVERY_ROLE, f"As large as the stick. {_PARTITION}")
    MMC = ("MMC", Medium.MMC, Format.P12_T, EVERY_ROLE, f"FAT16 ends at 2 GB. {_PARTITION}")
    CF = ("CF", Medium.CF, Format.P12_S, EVERY_ROLE, f"As large as the card. {_PARTITION}")
    SD = ("SD", Medium.SD, Format.P12_U, EVERY_ROLE, f"FAT16 ends at 2 GB. {_PARTITION}")
    MIME = (
        *("MIME", Medium.MIME, Format.P12_K, CREATOR_READER),
        f"As large as the mail servers on the way allow. {_ONE} message.",
    )
    ZIP_MAIL = (
        *("ZIP-MAIL", Medium.ZIP_MAIL, Format.P12_VW, CREATOR_READER),
        f"As large as the mail servers on the way allow. {_ONE} ZIP file.",
    )

    def __init__(
        self,
        suffix: str,
        medium: Medium,
        format_: Format,
        roles: frozenset[Role],
        capacity: str,
    ) -> None:
        """Spread the row; *suffix* is how identifiers end."""
        self.suffix = suffix
        self.medium = medium
        self.format = format_
        self.roles = roles
        self.capacity = capacity


_FINALISE_OR_SESSION: Final = "finalising the disc, or leaving it open for another session"
_OR_PACKETS: Final = (
    f"{_FINALISE_OR_SESSION}, or packet writing, as far as medium and file system allow it"
)
_MAY_USE_PACKETS: Final = f"{_FINALISE_OR_SESSION}; it may offer packet writing"
_FINALISE: Final = "finalising the disc, where medium and file system allow it"
# Annex → what a creator must offer when it closes a medium; G, J and L have no such clause.
CLOSING: Final[dict[str, str]] = {
    "A": _FINALISE_OR_SESSION,
    "B": _MAY_USE_PACKETS,
    "C": _OR_PACKETS,
    "D": _OR_PACKETS,
    "E": _OR_PACKETS,
    "H": _MAY_USE_PACKETS,
    "I": _MAY_USE_PACKETS,
    "K": _FINALISE_OR_SESSION,
    "M": _FINALISE,
    "N": _FINALISE,
}


def closing_of(annex: str, roles: frozenset[Role]) -> str:
    """Return what a creator, and an updater where there is one, must offer; "" if no clause."""
    words = CLOSING.get(annex)
    if words is None:
        return ""
    if Role.UPDATER not in roles:
        return f"{words} (PS3.11 {annex}.2.1.1)"
    return f"{words}; an updater too (PS3.11 {annex}.2.1.1, {annex}.2.1.3)"
