"""How much media hold, as rows; and what an operator may say for it."""

from typing import Final, NamedTuple

from profiles.application_profiles import Medium
from reporting import WrongUsage

_SECTOR: Final = 2048  # bytes
_GIGABYTE: Final = 10**9
_FAT16: Final = 2 << 30  # bytes; the largest volume, with clusters of 32 KiB


class Capacity(NamedTuple):
    """What one kind of blank medium holds."""

    word: str  # as the operator says it
    size: int  # bytes
    source: str


# Of kinds on sale that differ the smaller one counts. A BD that is formatted with spare areas
# holds 3 % less than its row says.
_DISCS: Final = (
    Capacity("cd", 360_000 * _SECTOR, "80 minutes of 75 sectors a second (ECMA-130)"),
    Capacity("cd74", 333_000 * _SECTOR, "74 minutes of 75 sectors a second (ECMA-130)"),
    Capacity("dvd", 2_295_104 * _SECTOR, "DVD+R (ECMA-349); a DVD-R has 2,298,496 sectors"),
    Capacity("dvd-dl", 4_171_712 * _SECTOR, "DVD-R DL (ECMA-382); a DVD+R DL has 4,173,824"),
    Capacity("dvd-ram", 2_236_704 * _SECTOR, "DVD-RAM of 4.7 GB with its spare areas (ECMA-330)"),
    Capacity("bd", 12_219_392 * _SECTOR, "BD-R and BD-RE, one layer, without spare areas"),
    Capacity("bd-dl", 24_438_784 * _SECTOR, "two layers, without spare areas"),
    Capacity("bd-xl", 48_878_592 * _SECTOR, "three layers, without spare areas"),
)
# Sticks and cards have less than is printed on them: those on sale 96 % of it and more.
_PRINTED: Final = tuple(2**n for n in range(11))
_STICKS: Final = tuple(
    Capacity(f"{printed}gb", printed * _GIGABYTE * 95 // 100, "95 % of what is printed on it")
    for printed in _PRINTED
)
ROWS: Final = (*_DISCS, *_STICKS)
CAPACITIES: Final = {row.word: row.size for row in ROWS}

FAT16_ONLY: Final = frozenset((Medium.MOD_23, Medium.MOD_41, Medium.MMC, Medium.SD))
# What one medium holds at the most; a medium that is not here holds what its maker says.
HOLDS: Final[dict[Medium, int]] = {
    Medium.CD_R: CAPACITIES["cd"],
    Medium.DVD: CAPACITIES["dvd-dl"],
    Medium.DVD_RAM: CAPACITIES["dvd-ram"],
    Medium.BD: CAPACITIES["bd-xl"],
    Medium.MOD_23: _FAT16,
    Medium.MOD_41: 2_050_000_000,  # one side
    Medium.MMC: _FAT16,
    Medium.SD: _FAT16,
}
# What the one holds that is usually at hand: where nobody says how large it is, volumes are cut
# to this size.
USUAL: Final[dict[Medium, int]] = HOLDS | {
    Medium.DVD: CAPACITIES["dvd"],
    Medium.BD: CAPACITIES["bd"],
}
_UNITS: Final = {"KB": 10**3, "MB": 10**6, "GB": 10**9, "B": 1}


def size_of(words: str) -> int:
    """Return the bytes that an operator means: a medium, a stick's printed size, or a size.

    Raises:
        WrongUsage: it is none of these.
    """
    known = CAPACITIES.get(words.lower())
    if known is not None:
        return known
    number, factor = words.upper(), 1
    for unit, value in _UNITS.items():
        if number.endswith(unit):
            number, factor = number.removesuffix(unit), value
            break
    try:
        size = int(float(number) * factor)
    except (ValueError, OverflowError):
        size = 0
    if size <= 0:
        raise WrongUsage(f"{words[:32]!r} is not a size", "--capacity", "Say cd, 650MB or 16GB")
    return size
