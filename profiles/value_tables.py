"""The tables of PS3.11 that limit the attributes of images, as rows.

Only what PS3.11 itself says, and the US Image Module that it calls in: what an IOD asks besides
is a matter of the object and not of the medium.
"""

from typing import Final

from profiles.application_profiles import Ask, ValueRule
from profiles.transfer_syntaxes import EXPLICIT_LITTLE, JPEG_BASELINE, RLE

_P: Final = "1.2.840.10008.5.1.4.1.1."
XA: Final = f"{_P}12.1"
SC: Final = f"{_P}7"
GSPS: Final = f"{_P}11.1"
US: Final = f"{_P}6.1"
US_MULTI_FRAME: Final = f"{_P}3.1"
CT: Final = f"{_P}2"
MR: Final = f"{_P}4"
DOSE_SR: Final = f"{_P}88.67"
INTRA_ORAL: Final = f"{_P}1.3"  # Digital Intra-Oral X-Ray Image, for presentation
DIGITAL_XRAY: Final = f"{_P}1.1"  # Digital X-Ray Image, for presentation
STRUCTURED_DISPLAY: Final = f"{_P}131"

SAMPLES: Final = 0x00280002
PHOTOMETRIC: Final = 0x00280004
PLANAR: Final = 0x00280006
ROWS: Final = 0x00280010
COLUMNS: Final = 0x00280011
BITS_ALLOCATED: Final = 0x00280100
BITS_STORED: Final = 0x00280101
HIGH_BIT: Final = 0x00280102
REPRESENTATION: Final = 0x00280103
MODALITY: Final = 0x00080060
REGIONS: Final = 0x00186011  # Sequence of Ultrasound Regions
OVERLAY_ROWS: Final = 0x60000010  # stands for all groups 6000 to 601E
OVERLAY_BITS: Final = 0x60000100

_Where = tuple[int, bytes, tuple[str | int, ...]]


class _Table:
    """Makes the rows of one table for one SOP Class."""

    def __init__(self, source: str, *classes: str, where: _Where | None = None) -> None:
        self._source = source
        self._classes = frozenset(classes)
        self._where = where

    def rule(self, tag: int, vr: bytes, ask: Ask, *values: str | int) -> ValueRule:
        return ValueRule(self._classes, tag, vr, ask, values, self._source, self._where)

    def code(self, tag: int, *values: str) -> ValueRule:
        return self.rule(tag, b"CS", Ask.ONE_OF, *values)

    def number(self, tag: int, *values: int) -> ValueRule:
        return self.rule(tag, b"US", Ask.ONE_OF, *values)

    def size(self, most: int) -> tuple[ValueRule, ValueRule]:
        return (
            self.rule(ROWS, b"US", Ask.AT_MOST, most),
            self.rule(COLUMNS, b"US", Ask.AT_MOST, most),
        )

    def full_depth(self) -> ValueRule:
        return self.rule(BITS_STORED, b"US", Ask.EQUAL_TO, BITS_ALLOCATED)

    def high_bit(self) -> ValueRule:
        return self.rule(HIGH_BIT, b"US", Ask.ONE_LESS_THAN, BITS_STORED)


def _where_photometric(*values: str) -> _Where:
    return PHOTOMETRIC, b"CS", values


_A: Final = _Table("PS3.11 A.3-3", XA)
VALUES_A: Final = (
    _A.code(MODALITY, "XA"),
    _A.number(BITS_ALLOCATED, 8),
    _A.number(BITS_STORED, 8),
    *_A.size(512),
    _Table("PS3.11 A.3.4.1", XA).rule(OVERLAY_BITS, b"US", Ask.SEPARATE_OVERLAYS),
)

_B_XA: Final = _Table("PS3.11 B.3-3", XA)
_B_SC: Final = _Table("PS3.11 B.3-4", SC)
VALUES_B: Final = (
    _B_XA.code(MODALITY, "XA"),
    *_B_XA.size(1024),
    _B_XA.number(BITS_STORED, 8, 10, 12),
    *_B_SC.size(1024),
    _B_SC.number(SAMPLES, 1),
    _B_SC.code(PHOTOMETRIC, "MONOCHROME2"),
    _B_SC.number(BITS_ALLOCATED, 8),
    _B_SC.number(BITS_STORED, 8),
    _B_SC.number(HIGH_BIT, 7),
    _B_SC.number(REPRESENTATION, 0),
    _Table("PS3.11 B.3.4.1", SC).rule(OVERLAY_ROWS, b"US", Ask.NO_OVERLAYS),
)

# What C.3.1.1 calls in: the US Image Module (PS3.3 C.8.5.6.1.2 and C.8.5.6.1.12 to 16).
_MODULE: Final = "PS3.11 C.3.1.1, PS3.3 C.8.5.6"
_C: Final = _Table(_MODULE, US, US_MULTI_FRAME)
_ONE_SAMPLE: Final = ("MONOCHROME2", "PALETTE COLOR")
_THREE_SAMPLES: Final = ("RGB", "YBR_FULL", "YBR_FULL_422")


def _ultrasound(*photometrics: str) -> _Table:
    return _Table(_MODULE, US, US_MULTI_FRAME, where=_where_photometric(*photometrics))


VALUES_C: Final = (
    _ultrasound(*_ONE_SAMPLE).number(SAMPLES, 1),
    _ultrasound(*_THREE_SAMPLES).number(SAMPLES, 3),
    _ultrasound("MONOCHROME2", *_THREE_SAMPLES).number(BITS_ALLOCATED, 8),
    _ultrasound("PALETTE COLOR").number(BITS_ALLOCATED, 8, 16),
    _C.full_depth(),
    _C.high_bit(),
    _C.number(REPRESENTATION, 0),
    _ultrasound("RGB").number(PLANAR, 0, 1),
    # Asked in the syntaxes that C.3-2 allows only: another encoding gets another planar order.
    _ultrasound("YBR_FULL").number(PLANAR, 1)._replace(syntaxes=frozenset({RLE})),
    _ultrasound("YBR_FULL_422")
    .number(PLANAR, 0)
    ._replace(syntaxes=frozenset({EXPLICIT_LITTLE, JPEG_BASELINE})),
)
_REGION_CALIBRATION: Final = "PS3.3 C.8.5.5"
VALUES_C_SPATIAL: Final = (
    *VALUES_C,
    _Table(f"PS3.11 C.4, {_REGION_CALIBRATION}", US, US_MULTI_FRAME).rule(
        REGIONS, b"SQ", Ask.REGIONS
    ),
)
VALUES_C_COMBINED: Final = (
    *VALUES_C,
    _Table(f"PS3.11 C.5, {_REGION_CALIBRATION}", US, US_MULTI_FRAME).rule(
        REGIONS, b"SQ", Ask.CALIBRATED_REGIONS
    ),
)

_E_CT: Final = _Table("PS3.11 E.3-3", CT)
_E_MR: Final = _Table("PS3.11 E.3-4", MR)
_E_GRAY: Final = _Table("PS3.11 E.3-5", SC, where=_where_photometric("MONOCHROME2"))
_E_COLOR: Final = _Table("PS3.11 E.3-6", SC, where=_where_photometric("PALETTE COLOR"))
VALUES_E: Final = (
    _E_CT.code(MODALITY, "CT"),
    _E_CT.code(PHOTOMETRIC, "MONOCHROME2"),
    _E_MR.code(MODALITY, "MR"),
    _E_MR.code(PHOTOMETRIC, "MONOCHROME2"),
    _E_MR.number(BITS_STORED, 8, 12, 13, 14, 15, 16),
    _E_MR.high_bit(),
    _E_GRAY.number(SAMPLES, 1),
    _E_GRAY.number(BITS_ALLOCATED, 8, 16),
    _E_GRAY.full_depth(),
    _E_GRAY.high_bit(),
    _E_COLOR.number(SAMPLES, 1),
    _E_COLOR.number(BITS_ALLOCATED, 8),
    _E_COLOR.number(BITS_STORED, 8),
    _E_COLOR.number(HIGH_BIT, 7),
)


def _dental(limits: str, promoted: str) -> tuple[ValueRule, ...]:
    """Return the rows that Annexes K and L share word for word."""
    images = (INTRA_ORAL, DIGITAL_XRAY)
    table = _Table(f"PS3.11 {limits}", *images)
    eight = _Table(f"PS3.11 {limits}", *images, where=(BITS_STORED, b"US", (8,)))
    more = _Table(f"PS3.11 {limits}", *images, where=(BITS_STORED, b"US", (10, 12, 16)))
    present = _Table(f"PS3.11 {promoted}", *images)
    return (
        table.number(BITS_STORED, 8, 10, 12, 16),
        eight.number(BITS_ALLOCATED, 8),
        more.number(BITS_ALLOCATED, 16),
        present.rule(0x00080080, b"LO", Ask.PRESENT),  # Institution Name
        present.rule(0x00081090, b"LO", Ask.PRESENT),  # Manufacturer's Model Name
        present.rule(0x0018700A, b"SH", Ask.PRESENT),  # Detector ID
        present.rule(0x0018702A, b"LO", Ask.PRESENT),  # Detector Manufacturer Name
        present.rule(0x0018702B, b"LO", Ask.PRESENT),  # Detector Manufacturer's Model Name
    )


VALUES_K: Final = _dental("K.3-3", "K.3-4")
VALUES_L: Final = _dental("L.4-1", "L.4-2")
