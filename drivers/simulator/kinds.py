"""The media that the simulator knows: one row each, with what the standards say of it.

Clauses are those of MMC-6 where no other standard is named.
"""

from typing import Final, Literal, NamedTuple

Family = Literal["cd", "minus", "plus", "bd", "random"]
Closing = Literal["track", "session", "final", "stop"]


class Durations(NamedTuple):
    """Seconds that a drive is busy, about as real ones are."""

    flush: float = 2.0
    track: float = 5.0
    session: float = 25.0
    quick: float = 60.0  # quick blanking, or the foreground part of a format
    full: float = 1500.0


class FormatRow(NamedTuple):
    """One way of formatting that READ FORMAT CAPACITIES offers (6.24)."""

    type: int
    parameter: int
    spare: int = 0  # blocks that defect management keeps for itself
    background: bool = False  # goes on after the command, and while the host writes
    restricted: bool = False  # makes a DVD-RW restricted overwrite
    fresh: bool = False  # only while nothing was written


class Kind(NamedTuple):
    """One kind of medium."""

    name: str  # as `load` and the device name take it
    profile: int  # when blank (5.3)
    family: Family
    capacity: int  # blocks
    unit: int  # blocks that are corrected together
    speeds: tuple[int, ...]  # kB/s (1,000 bytes), the fastest first
    closing: dict[int, Closing]  # functions of CLOSE TRACK/SESSION (6.3)
    source: str
    erasable: bool = False
    gaps: tuple[int, int] = (0, 0)  # blocks between the first sessions, between later ones
    track_gap: int = 0
    formats: tuple[FormatRow, ...] = ()
    needs_format: bool = False
    rewritten_as: int | None = None  # profile after a format
    book: int = 0  # category of disc and version (READ DISC STRUCTURE, format 00h)
    layers: int = 1
    formatted: bool = False  # DVD-RW: for restricted overwrite, quickly, and nothing is written
    durations: Durations = Durations()


QUICK_FORMAT: Final = 0x15  # DVD-RW: the formatted area grows with what is written (6.4)
_CD_SPEEDS: Final = (7056, 5645, 4234, 2823, 1764, 706)
_DVD_SPEEDS: Final = (22160, 16620, 13850, 11080, 8310, 5540, 2770, 1385)
_SLOW_DVD: Final = (8310, 5540, 2770, 1385)
_BD_SPEEDS: Final = (26970, 17980, 8990, 4495)
_CD_CLOSES: Final[dict[int, Closing]] = {1: "track", 2: "session"}
_PLUS_CLOSES: Final[dict[int, Closing]] = {1: "track", 2: "session", 5: "final", 6: "final"}
_BD_CLOSES: Final[dict[int, Closing]] = {1: "track", 2: "session", 6: "final"}
_SPARE: Final = 393_216  # blocks: the default spare areas of a single-layer BD (BD-RE part 1)

_DVD_RW: Final = Kind(
    "dvd-rw",
    0x14,
    "minus",
    2_298_496,
    16,
    _SLOW_DVD[1:],
    _CD_CLOSES,
    "4.4, 6.4; ECMA-338",
    erasable=True,
    gaps=(28_672, 12_288),
    formats=(
        FormatRow(0x00, 0x10, restricted=True),
        FormatRow(0x10, 0x10, restricted=True),
        FormatRow(QUICK_FORMAT, 0x10, restricted=True),
    ),
    rewritten_as=0x13,
    book=0x32,
)

# A CD's second session begins behind a lead-out of 6,750 blocks, a lead-in of 4,500 and a pre-gap
# of 150; later lead-outs have 2,250 (Orange Book; MMC-6 4.3). The border zones of DVD-R and the
# closure zones of DVD+R are as long as the drive makes them: hosts ask for the next address.
ROWS: Final = (
    Kind("cd-rom", 0x08, "cd", 359_848, 1, (), {}, "5.4; pressed"),
    Kind("dvd-rom", 0x10, "minus", 2_295_104, 16, (), {}, "5.4; pressed", book=0x01),
    Kind("bd-rom", 0x40, "bd", 12_219_392, 32, (), {}, "5.4; pressed"),
    Kind(
        "cd-r",
        0x09,
        "cd",
        359_848,
        1,
        _CD_SPEEDS,
        _CD_CLOSES,
        "4.3; ATIP 79:59:73",
        gaps=(11_400, 6_900),
        track_gap=150,
    ),
    Kind(
        "cd-rw",
        0x0A,
        "cd",
        359_848,
        1,
        (1764, 706),
        _CD_CLOSES,
        "4.3; ATIP 79:59:73",
        erasable=True,
        gaps=(11_400, 6_900),
        track_gap=150,
    ),
    Kind(
        "dvd-r",
        0x11,
        "minus",
        2_298_496,
        16,
        _DVD_SPEEDS,
        _CD_CLOSES,
        "4.4; ECMA-359",
        gaps=(28_672, 12_288),
        book=0x25,
    ),
    Kind(
        "dvd-r-dl",
        0x15,
        "minus",
        4_171_712,
        16,
        _SLOW_DVD,
        _CD_CLOSES,
        "4.4; ECMA-382",
        gaps=(28_672, 12_288),
        book=0x26,
        layers=2,
    ),
    _DVD_RW,
    _DVD_RW._replace(name="dvd-rw-formatted", formatted=True),
    Kind(
        "dvd+r",
        0x1B,
        "plus",
        2_295_104,
        16,
        _DVD_SPEEDS,
        _PLUS_CLOSES,
        "4.4; ECMA-349",
        gaps=(6_144, 6_144),
        book=0xA1,
    ),
    Kind(
        "dvd+r-dl",
        0x2B,
        "plus",
        4_173_824,
        16,
        _SLOW_DVD,
        _PLUS_CLOSES,
        "4.4; ECMA-364",
        gaps=(6_144, 6_144),
        book=0xE1,
        layers=2,
    ),
    Kind(
        "dvd+rw",
        0x1A,
        "random",
        2_295_104,
        16,
        _SLOW_DVD,
        {0: "stop", 2: "final"},
        "4.4, 6.4; ECMA-337",
        erasable=True,
        formats=(FormatRow(0x26, 0, background=True),),
        needs_format=True,
        book=0x92,
        durations=Durations(quick=40.0),
    ),
    Kind(
        "dvd-ram",
        0x12,
        "random",
        2_236_704,
        16,
        _SLOW_DVD[1:],
        {},
        "4.4; ECMA-330",
        erasable=True,
        formats=(FormatRow(0x00, 0x800), FormatRow(0x01, 0x800)),
        book=0x16,
    ),
    Kind(
        "bd-r",
        0x41,
        "bd",
        12_219_392,
        32,
        _BD_SPEEDS,
        _BD_CLOSES,
        "4.5",
        formats=(FormatRow(0x00, 0, spare=_SPARE, fresh=True), FormatRow(0x32, 0, fresh=True)),
    ),
    Kind(
        "bd-r-dl",
        0x41,
        "bd",
        24_438_784,
        32,
        _BD_SPEEDS[1:],
        _BD_CLOSES,
        "4.5",
        formats=(FormatRow(0x00, 0, spare=2 * _SPARE, fresh=True), FormatRow(0x32, 0, fresh=True)),
        layers=2,
    ),
    Kind(
        "bd-re",
        0x43,
        "random",
        12_219_392,
        32,
        _BD_SPEEDS[2:],
        {},
        "4.5, 6.4",
        erasable=True,
        formats=(
            FormatRow(0x00, 0, spare=_SPARE),
            FormatRow(0x30, 0, spare=_SPARE),
            FormatRow(0x31, 0x800),
        ),
        needs_format=True,
    ),
    Kind(
        "bd-re-dl",
        0x43,
        "random",
        24_438_784,
        32,
        (8990, 4495),
        {},
        "4.5, 6.4",
        erasable=True,
        formats=(FormatRow(0x00, 0, spare=2 * _SPARE), FormatRow(0x31, 0x800)),
        needs_format=True,
        layers=2,
    ),
)
KINDS: Final = {row.name: row for row in ROWS}
