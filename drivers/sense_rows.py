"""What the codes of sense data mean to whoever stands at the drive (SPC-4, MMC-6).

The words are ours: what happened, and what helps. A code without a row is told by its sense key.
"""

from typing import Final, NamedTuple


class SenseRow(NamedTuple):
    """What one additional sense code means."""

    asc: int
    ascq: int | None  # None: any qualifier that has no row of its own
    what: str
    remedy: str


_ANOTHER: Final = "Use another disc"
_OTHER_BRAND: Final = "Use a disc of another brand, or write more slowly"
_FRESH: Final = "Use a blank disc"
_INSERT: Final = "Insert a medium"
_WAIT: Final = "Wait until the drive is done, then start again"
_CLEAN: Final = "Clean the medium, or read it in another drive"
_CABLE: Final = "Check the cable and the power of the drive, then start again"
_REPORT: Final = "Try another drive, and tell us the name of this one"
_PROTECT: Final = "Use a medium that is not write protected"
_CHANGED: Final = "Leave the medium in the drive, then start again"
_DAMAGED: Final = "Clean the medium, or use another one"
_DEFECTIVE: Final = "Switch the drive off and on; if it happens again, have it repaired"

ROWS: Final = (
    SenseRow(0x02, None, "the drive does not find its place on the medium", _DAMAGED),
    SenseRow(0x03, None, "the drive's mechanics have a fault", _DEFECTIVE),
    SenseRow(0x04, 0x00, "the drive is not ready", _WAIT),
    SenseRow(0x04, 0x01, "the drive is still looking at the medium", _WAIT),
    SenseRow(0x04, 0x02, "the drive waits to be started", "Take the medium out and put it in"),
    SenseRow(0x04, 0x03, "the drive wants to be attended to by hand", "Look at the drive"),
    SenseRow(0x04, 0x04, "the drive is formatting the medium", _WAIT),
    SenseRow(0x04, 0x07, "the drive is still busy with an operation", _WAIT),
    SenseRow(0x04, 0x08, "the drive is still writing", _WAIT),
    SenseRow(0x04, None, "the drive is not ready", _WAIT),
    SenseRow(0x05, None, "the drive's electronics do not answer the mechanics", _DEFECTIVE),
    SenseRow(0x06, None, "the drive does not find the beginning of the medium", _DAMAGED),
    SenseRow(0x08, None, "the drive and its controller do not understand each other", _CABLE),
    SenseRow(0x09, None, "the laser lost the track or the focus", _DAMAGED),
    SenseRow(0x0C, 0x07, "the drive needs to recover from a write error first", _ANOTHER),
    SenseRow(0x0C, 0x08, "the recording stopped half-way", _OTHER_BRAND),
    SenseRow(0x0C, 0x09, "the data did not come fast enough for the drive", "Write more slowly"),
    SenseRow(0x0C, 0x0A, "a part of the medium could not be filled up", _ANOTHER),
    SenseRow(0x0C, 0x0F, "the drive has defects to manage and no room for them", _ANOTHER),
    SenseRow(0x0C, None, "the drive could not write to the medium", _OTHER_BRAND),
    SenseRow(0x10, None, "the medium's own addresses are damaged", _DAMAGED),
    SenseRow(0x11, None, "the medium is not readable there", _CLEAN),
    SenseRow(0x15, None, "the drive does not find its place on the medium", _DAMAGED),
    SenseRow(0x17, None, "the drive could read only by its error correction", _CLEAN),
    SenseRow(0x18, None, "the drive could read only by its error correction", _CLEAN),
    SenseRow(0x1A, None, "the drive did not like the length of a list", _REPORT),
    SenseRow(0x20, None, "the drive does not know the command", _REPORT),
    SenseRow(0x21, 0x02, "the drive does not write at this place now", _FRESH),
    SenseRow(0x21, None, "the place is beyond the end of what the medium has", _ANOTHER),
    SenseRow(0x24, None, "the drive does not take the command as it was given", _REPORT),
    SenseRow(0x26, None, "the drive does not take a setting", _REPORT),
    SenseRow(0x27, None, "the medium is write protected", _PROTECT),
    SenseRow(0x28, None, "the medium was changed", _CHANGED),
    SenseRow(0x29, None, "the drive was reset or switched off and on", _CABLE),
    SenseRow(0x2A, None, "another program changed the drive's settings", "Close that program"),
    SenseRow(0x2C, None, "the drive takes the command only after others", _REPORT),
    SenseRow(0x2E, None, "the drive did not get its time", "Start again"),
    SenseRow(0x2F, None, "another program took over the drive", "Close that program"),
    SenseRow(0x30, 0x02, "the drive cannot read the format of the medium", _ANOTHER),
    SenseRow(0x30, 0x05, "the drive cannot write to this medium: it is closed", _FRESH),
    SenseRow(0x30, 0x06, "the drive cannot format this medium", _ANOTHER),
    SenseRow(0x30, 0x08, "the medium is not for this use", _ANOTHER),
    SenseRow(0x30, 0x10, "the medium is not formatted", "Format the medium, or use another one"),
    SenseRow(0x30, None, "the drive cannot use this kind of medium", _ANOTHER),
    SenseRow(0x31, 0x01, "the formatting of the medium failed", _ANOTHER),
    SenseRow(0x31, None, "the format of the medium is damaged", "Format the medium again"),
    SenseRow(0x32, None, "the medium has no room left for its defects", _ANOTHER),
    SenseRow(0x39, None, "the drive does not keep settings", _REPORT),
    SenseRow(0x3A, 0x01, "there is no medium in the drive (the tray is closed)", _INSERT),
    SenseRow(0x3A, 0x02, "there is no medium in the drive (the tray is open)", _INSERT),
    SenseRow(0x3A, None, "there is no medium in the drive", _INSERT),
    SenseRow(0x3B, None, "the drive lost its place in what it was given", _REPORT),
    SenseRow(0x3D, None, "the drive does not take the address of the device", _REPORT),
    SenseRow(0x3E, None, "the drive is not there or not set up yet", _CABLE),
    SenseRow(0x3F, None, "the drive changed its way of working", "Start again"),
    SenseRow(0x44, None, "the drive has an inner fault", _DEFECTIVE),
    SenseRow(0x47, None, "data were damaged on the way to the drive", _CABLE),
    SenseRow(0x48, None, "data were damaged on the way to the drive", _CABLE),
    SenseRow(0x4B, None, "data were damaged on the way to the drive", _CABLE),
    SenseRow(0x4E, None, "the drive got two commands at once", "Close other burning programs"),
    SenseRow(0x51, None, "the medium could not be erased", _ANOTHER),
    SenseRow(0x53, 0x02, "the medium is locked in", "Wait until the job is done"),
    SenseRow(0x53, None, "the tray cannot be moved", "Look whether something is in its way"),
    SenseRow(0x55, None, "the drive has no memory left for the command", _WAIT),
    SenseRow(0x57, None, "the drive cannot read the table of contents", _CLEAN),
    SenseRow(0x5A, None, "someone asks for the medium by the button of the drive", _WAIT),
    SenseRow(0x5D, None, "the drive expects to fail soon", "Have the drive replaced"),
    SenseRow(0x63, None, "the data do not fit on what is left of the medium", _FRESH),
    SenseRow(0x64, None, "the drive does not do this with this kind of track", _FRESH),
    SenseRow(0x65, None, "the drive's voltage is wrong", "Use another power supply or port"),
    SenseRow(0x6F, None, "the medium is copy protected", "Use another medium"),
    SenseRow(0x72, 0x03, "the session is too small to be closed", _FRESH),
    SenseRow(0x72, 0x04, "a recording on the medium was begun and never ended", _FRESH),
    SenseRow(0x72, 0x05, "no more tracks fit on the medium", _FRESH),
    SenseRow(0x72, None, "the session could not be closed", _OTHER_BRAND),
    SenseRow(0x73, 0x01, "the room for adjusting the laser is nearly used up", _FRESH),
    SenseRow(0x73, 0x02, "the room for adjusting the laser is used up", _FRESH),
    SenseRow(0x73, 0x03, "the laser could not be adjusted to the medium", _OTHER_BRAND),
    SenseRow(0x73, 0x04, "the medium's list of recordings could not be changed", _FRESH),
    SenseRow(0x73, 0x05, "the medium's list of recordings is full", _FRESH),
    SenseRow(0x73, None, "the drive failed at the medium's administration", _ANOTHER),
)

KEYS: Final = (  # what remains to be said where only the sense key is known (SPC-4)
    SenseRow(0x0, None, "the drive ended the command without saying why", "Start again"),
    SenseRow(0x1, None, "the drive recovered from an error", "Nothing needs to be done"),
    SenseRow(0x2, None, "the drive is not ready", _WAIT),
    SenseRow(0x3, None, "the medium has a fault", _DAMAGED),
    SenseRow(0x4, None, "the drive has a fault", _DEFECTIVE),
    SenseRow(0x5, None, "the drive refuses the command", _REPORT),
    SenseRow(0x6, None, "the medium or the drive was changed", _CHANGED),
    SenseRow(0x7, None, "the medium is protected", _PROTECT),
    SenseRow(0x8, None, "the medium is blank there, or written where it should be blank", _FRESH),
    SenseRow(0x9, None, "the drive has a fault of its maker's own", _DEFECTIVE),
    SenseRow(0xA, None, "a copy was broken off", "Start again"),
    SenseRow(0xB, None, "the drive broke the command off", "Start again"),
    SenseRow(0xD, None, "the medium is full", _FRESH),
    SenseRow(0xE, None, "the medium holds something else than was written", _ANOTHER),
)

_OTHER_STICK: Final = "Use another stick; this one is damaged"
# What helps with a stick in place of what helps with a drive and its disc.
_FOR_STICKS: Final = {
    _ANOTHER: _OTHER_STICK,
    _OTHER_BRAND: _OTHER_STICK,
    _FRESH: _OTHER_STICK,
    _CLEAN: _OTHER_STICK,
    _DAMAGED: _OTHER_STICK,
    _DEFECTIVE: _OTHER_STICK,
    "Write more slowly": _OTHER_STICK,
    "Format the medium, or use another one": _OTHER_STICK,
    "Format the medium again": _OTHER_STICK,
    "Have the drive replaced": _OTHER_STICK,
    "Look whether something is in its way": _OTHER_STICK,
    "Use another power supply or port": "Plug it into another port, without a hub",
    _INSERT: "Insert a card",
    _WAIT: "Wait until the stick is done, then start again",
    _CABLE: "Plug it into another port, then start again",
    _REPORT: "Use another stick, and tell us the name of this one",
    _PROTECT: "Move the switch on the stick or its card, or use another one",
    _CHANGED: "Leave it plugged in, then start again",
    "Take the medium out and put it in": "Pull it out and plug it in again",
    "Look at the drive": "Pull it out and plug it in again",
    "Start again, or try another drive": "Start again, or use another stick",
}
_BY_CODE: Final = {(row.asc, row.ascq): row for row in ROWS}
_BY_KEY: Final = {row.asc: row for row in KEYS}
_UNKNOWN: Final = SenseRow(0, None, "the drive tells an error that nobody knows", _REPORT)


def row_of(key: int, asc: int, ascq: int) -> SenseRow:
    """Return what the three numbers of sense data mean."""
    return _BY_CODE.get((asc, ascq)) or _BY_CODE.get((asc, None)) or _BY_KEY.get(key) or _UNKNOWN


def on_stick(row: SenseRow) -> SenseRow:
    """Return a row in the words for a stick, which is drive and medium in one."""
    what = row.what.replace("the drive", "the stick")
    return row._replace(what=what, remedy=_FOR_STICKS.get(row.remedy, row.remedy))
