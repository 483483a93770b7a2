"""How each kind of disc is recorded: one row per profile, one per way of recording (MMC-6).

Nothing here talks to a drive. A burn walks through the steps of its method in their order; what a
step does stands in `drivers.mmc.burn`, what makes media differ stands here.
"""

from typing import Final, Literal, NamedTuple

from drivers.mmc.answers import CD_MASTERING, CD_TAO, DVD_LESS, INCREMENTAL

Step = Literal[
    "format",  # what needs a format and has none
    "speed",
    "calibrate",
    "parameters",  # mode page 05h
    "place",  # where the drive will write
    "cue sheet",
    "reserve",
    "data",
    "flush",
    "close",
    "confirm",
]
When = Literal["always", "finalize", "open", "incomplete"]


class Close(NamedTuple):
    """One CLOSE TRACK/SESSION (MMC-6)."""

    functions: tuple[int, ...]  # the first of them that the drive takes
    when: When = "always"
    track: bool = False  # it is about the track that was written


class Method(NamedTuple):
    """One way of recording."""

    name: str
    steps: tuple[Step, ...]
    source: str
    write_type: int = 0  # mode page 05h: 0 packets, 1 track at once, 2 session or disc at once
    track_mode: int = 0
    link_size: int = 0  # blocks between packets that the drive uses up itself
    feature: int = 0  # that a drive which lists it must have current
    pauses: tuple[int, int] = (0, 0x40)  # byte and bit of that feature: an empty buffer is no harm
    closing: tuple[Close, ...] = ()
    pregap: int = 0  # blocks of zeros that go before block 0
    blank_only: bool = False  # it cannot add to a disc
    stays_open: bool = True  # the disc may be left open for further sessions
    in_order: bool = True  # written from its beginning to its end; not: blocks anywhere, again
    tests: bool = False  # the drive can go through it without writing (mode page 05h)


class Format(NamedTuple):
    """One way of formatting (FORMAT UNIT)."""

    kind: int
    options: int  # second byte of the header: FOV 80h, no certification 20h, IMMED 02h
    parameter: int | None = None  # None: as the drive lists it


class Strategy(NamedTuple):
    """What to do with one kind of disc."""

    profile: int
    kind: str  # as people call it
    unit: int  # blocks that the drive corrects together: writes are multiples of it
    methods: tuple[Method, ...]  # the best first
    source: str
    formats: tuple[Format, ...] = ()  # the best first
    resumes: Format | None = None  # takes up a format that was stopped half-way
    blanks: bool = False  # BLANK makes it as new
    minimum: int = 0  # blocks of a track at least
    grows: bool = False  # formatting makes more room, and leaves nothing of what is there
    streams: bool = True  # its speed is set by SET STREAMING; not: SET CD SPEED

    @property
    def overwrites(self) -> bool:
        """Return whether blocks that are written can be written again."""
        return any(not method.in_order for method in self.methods)


_BEGIN: Final[tuple[Step, ...]] = ("speed", "calibrate", "parameters", "place")
_END: Final[tuple[Step, ...]] = ("data", "flush", "close", "confirm")
_PLUS: Final[tuple[Step, ...]] = ("speed", "place", *_END)
_ANYWHERE: Final[tuple[Step, ...]] = ("format", "speed", "place", *_END)

_AT_ONCE: Final = Method(
    "at once",
    (*_BEGIN, *_END),
    "MMC-6 write parameters page",
    write_type=2,
    closing=(Close((2,), "incomplete"),),
    blank_only=True,
    tests=True,
)
SESSION_AT_ONCE: Final = _AT_ONCE._replace(
    name="session at once",
    steps=(*_BEGIN, "cue sheet", *_END),
    source="MMC-6 SEND CUE SHEET; the drive writes lead-in and lead-out by itself",
    track_mode=4,  # data, recorded uninterrupted
    feature=CD_MASTERING,
    pregap=150,
)
DISC_AT_ONCE: Final = _AT_ONCE._replace(
    name="disc at once",
    steps=(*_BEGIN, "reserve", *_END),
    source="MMC-6 RESERVE TRACK; the drive closes the disc when all of the reservation is written",
    track_mode=5,  # data, recorded incrementally: the only one for DVD
    feature=DVD_LESS,
    stays_open=False,
)
TRACK_AT_ONCE: Final = Method(
    "track at once",
    (*_BEGIN, *_END),
    "MMC-6 write parameters page; the drive adds two blocks at the end that nobody can read",
    write_type=1,
    track_mode=4,
    feature=CD_TAO,
    closing=(Close((2,)),),
    tests=True,
)
INCREMENTALLY: Final = Method(
    "incrementally",
    (*_BEGIN, *_END),
    "MMC-6 write parameters page; CLOSE TRACK/SESSION for DVD-R",
    track_mode=5,
    link_size=16,
    feature=INCREMENTAL,
    pauses=(2, 0x01),
    closing=(Close((1,), track=True), Close((2,))),
    tests=True,
)


def _sequentially(source: str, *finalize: int) -> Method:
    """Return a way of recording that ends in closing the track, then the session or the disc."""
    closing = (Close((1,), track=True), Close(finalize, "finalize"), Close((2,), "open"))
    return Method("sequentially", _PLUS, source, closing=closing)


# 5 ends the disc where its data end (at 30 mm at least), 6 fills it up, 2 leaves it readable.
DVD_PLUS: Final = _sequentially("MMC-6 CLOSE TRACK/SESSION for DVD+R", 5, 6, 2)
DVD_PLUS_DOUBLE: Final = _sequentially("MMC-6 CLOSE TRACK/SESSION for DVD+R DL", 6, 5, 2)
BD_SEQUENTIAL: Final = _sequentially("MMC-6 CLOSE TRACK/SESSION for BD-R SRM", 6)
OVERWRITING: Final = Method(
    "overwriting", _ANYWHERE, "MMC-6 feature 0020h, random writable", in_order=False
)
# 2 stops the formatting that goes on behind the writing and makes the disc readable everywhere.
OVERWRITING_PLUS: Final = Method(
    "overwriting",
    _ANYWHERE,
    "MMC-6 CLOSE TRACK/SESSION for DVD+RW",
    closing=(Close((2, 0), "finalize"), Close((0,), "open")),
    in_order=False,
)
RESTRICTED: Final = Method(
    "overwriting",
    _ANYWHERE,
    "MMC-6 CLOSE TRACK/SESSION, restricted overwrite in the intermediate state",
    closing=(Close((2,), "incomplete"),),
    in_order=False,
)

_CD: Final = (SESSION_AT_ONCE, TRACK_AT_ONCE)
_DVD_LESS: Final = (DISC_AT_ONCE, INCREMENTALLY)
_SHORTEST_TRACK: Final = 300  # blocks: four seconds (IEC 60908; Orange Book II)
# DVD-RW restricted overwrite: quickly, in a minute, and as a whole, in an hour.
_RESTRICTED: Final = (Format(0x15, 0x02), Format(0x10, 0x02))
# What the table lists, in its order: profile, name, blocks per unit of error correction, methods.
STRATEGIES: Final = {
    row.profile: row
    for row in (
        Strategy(0x08, "CD-ROM", 1, (), "MMC-6 profile list", streams=False),
        Strategy(
            0x09, "CD-R", 1, _CD, "MMC-6 profile list", minimum=_SHORTEST_TRACK, streams=False
        ),
        Strategy(
            0x0A,
            "CD-RW",
            1,
            _CD,
            "MMC-6 profile list",
            blanks=True,
            minimum=_SHORTEST_TRACK,
            streams=False,
        ),
        Strategy(0x10, "DVD-ROM", 16, (), "MMC-6 profile list"),
        Strategy(0x11, "DVD-R", 16, _DVD_LESS, "MMC-6 profile list"),
        Strategy(
            0x12,
            "DVD-RAM",
            16,
            (OVERWRITING,),
            "MMC-6 FORMAT UNIT, type 00h",
            (Format(0x00, 0xA2),),
        ),
        Strategy(
            0x13,
            "DVD-RW",
            16,
            (RESTRICTED,),
            "MMC-6 FORMAT UNIT, types 15h, 10h",
            _RESTRICTED,
            blanks=True,
            grows=True,
        ),
        Strategy(0x14, "DVD-RW", 16, _DVD_LESS, "MMC-6 profile list", _RESTRICTED, blanks=True),
        Strategy(0x15, "DVD-R DL", 16, _DVD_LESS, "MMC-6 profile list"),
        Strategy(0x16, "DVD-R DL (layer jump)", 16, (), "MMC-6 profile list; not written by us"),
        Strategy(
            0x1A,
            "DVD+RW",
            16,
            (OVERWRITING_PLUS,),
            "MMC-6 FORMAT UNIT, type 26h",
            (Format(0x26, 0x02, 0),),
            resumes=Format(0x26, 0x02, 1),
        ),
        Strategy(0x1B, "DVD+R", 16, (DVD_PLUS,), "MMC-6 profile list"),
        Strategy(0x2B, "DVD+R DL", 16, (DVD_PLUS_DOUBLE,), "MMC-6 profile list"),
        Strategy(0x40, "BD-ROM", 32, (), "MMC-6 profile list"),
        Strategy(
            0x41,
            "BD-R",
            32,
            (BD_SEQUENTIAL,),
            "MMC-6 sequential recording mode",
            (Format(0x00, 0x82),),
        ),
        Strategy(0x42, "BD-R (random)", 32, (), "MMC-6 random recording mode; not written by us"),
        Strategy(
            0x43,
            "BD-RE",
            32,
            (OVERWRITING,),
            "MMC-6 FORMAT UNIT, types 00h, 30h, 31h",
            (Format(0x00, 0x82), Format(0x30, 0x82), Format(0x31, 0x82)),
        ),
    )
}
_FOREIGN: Final = "MMC-6 profile list; a profile that we do not know"


def strategy_of(profile: int) -> Strategy:
    """Return what to do with a disc of *profile*; one that is unknown can be read, not written."""
    return STRATEGIES.get(profile) or Strategy(
        profile, f"unknown (profile {profile:04X}h)", 16, (), _FOREIGN
    )
