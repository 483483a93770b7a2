"""Made File-sets to measure with: the same bytes at every run, headers like real scanners'.

    S      500 CT slices of 0.5 MB        M    3,000 of the same (1.6 GB)
    L   20,000 MR images of 64 x 64       N=…  any number of those, for growth

Three private styles take turns by series, as they cost a reader differently: a few large binary
blobs (Siemens), a hundred small elements (GE) and sequences of undefined length (Philips).
"""

import random
import sys
from pathlib import Path

from dicomdir.elements import encode_element, encode_item

CT, MR = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"
ROOT = "2.25.91827364"
VR_OF_STYLE = (b"LO", b"DS", b"IS", b"SH", b"CS")


def _element(tag: int, vr: str, value: str | bytes) -> bytes:
    return encode_element(tag, vr.encode(), value if isinstance(value, bytes) else value.encode())


def _undefined(tag: int, items: list[bytes]) -> bytes:
    """Return a sequence of undefined length with items of undefined length."""
    body = b"".join(
        b"\xfe\xff\x00\xe0\xff\xff\xff\xff" + item + b"\xfe\xff\x0d\xe0\0\0\0\0" for item in items
    )
    header = encode_element(tag, b"SQ", b"")[:8] + b"\xff\xff\xff\xff"
    return header + body + b"\xfe\xff\xdd\xe0\0\0\0\0"


def _private(style: int, random_: random.Random, ct: bool) -> list[tuple[int, bytes]]:
    if style == 0:
        size = 3000 if ct else random_.choice((1500, 6000, 11000))
        return [
            (0x00290010, _element(0x00290010, "LO", "SIEMENS CSA HEADER")),
            (0x00291010, _element(0x00291010, "OB", random_.randbytes(size))),
            (0x00291020, _element(0x00291020, "OB", random_.randbytes(size // 2))),
        ]
    if style == 1:
        creators = ((0x0009, "GEMS_IDEN_01"), (0x0019, "GEMS_ACQU_01"), (0x0027, "GEMS_IMAG_01"))
        elements = []
        for group, creator in creators:
            elements.append((group << 16 | 0x10, _element(group << 16 | 0x10, "LO", creator)))
            for i in range(32):
                tag = group << 16 | 0x1001 + i
                vr = VR_OF_STYLE[i % 5].decode()
                elements.append((tag, _element(tag, vr, str(random_.randrange(10_000)))))
        return elements
    nested = [_element(0x20051132 + i, "LO", f"VALUE {i}") for i in range(6)]
    sequence = _undefined(0x20051083, [b"".join(nested)] * 3)
    return [
        (0x20050010, _element(0x20050010, "LO", "Philips MR Imaging DD 001")),
        (0x20051083, sequence),
        *((0x200510A0 + i, _element(0x200510A0 + i, "FL", bytes(4))) for i in range(24)),
    ]


def _filler() -> list[tuple[int, bytes]]:
    """Return the elements every image has and no directory asks for."""
    texts = (
        (0x00080070, "LO", "MAKER"),
        (0x00080080, "LO", "A HOSPITAL"),
        (0x00080081, "ST", "A STREET 1"),
        (0x00080090, "PN", "REFERRER^A"),
        (0x00081010, "SH", "STATION"),
        (0x0008103E, "LO", "AXIAL 5 MM"),
        (0x00081090, "LO", "MODEL"),
        (0x00100030, "DA", "19500101"),
        (0x00100040, "CS", "O"),
        (0x00101010, "AS", "072Y"),
        (0x00180015, "CS", "HEAD"),
        (0x00185100, "CS", "HFS"),
        (0x00200052, "UI", f"{ROOT}.9"),
    )
    elements = [(tag, _element(tag, vr, value)) for tag, vr, value in texts]
    for i in range(95):
        tag = 0x00181100 + i * 2
        elements.append((tag, _element(tag, "DS", f"{i}.5")))
    for i in range(14):
        tag = 0x00280002 + i * 0x10 + 0x1000
        elements.append((tag, _element(tag, "US", b"\x10\0")))
    return elements


def make(folder: Path, files: int, modality: str, *, flat: bool = False) -> None:
    """Write *files* instances below *folder*, 100 a series, 4 series a study, 2 studies a patient.

    Names are legal File IDs, so that other tools index them where they lie.
    """
    random_ = random.Random(20260101)  # noqa: S311 (the same bytes at every run)
    ct = modality == "CT"
    rows = 512 if ct else 64
    pixels = random_.randbytes(rows * rows * 2)
    filler = _filler()
    for number in range(files):
        series, index = divmod(number, 100)
        study, patient = series // 4, series // 8
        if index == 0:
            common = [*filler, *_private(series % 3, random_, ct)]
        uid = f"{ROOT}.{study}.{series}.{number}"
        own = {
            0x00080005: ("CS", "ISO_IR 100"),
            0x00080008: ("CS", "ORIGINAL\\PRIMARY\\AXIAL"),
            0x00080012: ("DA", "20260101"),
            0x00080016: ("UI", CT if ct else MR),
            0x00080018: ("UI", uid),
            0x00080020: ("DA", "20260102"),
            0x00080021: ("DA", "20260102"),
            0x00080023: ("DA", "20260102"),
            0x00080030: ("TM", "101500"),
            0x00080050: ("SH", f"A{study:06d}"),
            0x00080060: ("CS", modality),
            0x00081030: ("LO", "A STUDY"),
            0x00100010: ("PN", f"PATIENT^{patient:05d}"),
            0x00100020: ("LO", f"ID{patient:06d}"),
            0x0020000D: ("UI", f"{ROOT}.{study}"),
            0x0020000E: ("UI", f"{ROOT}.{study}.{series}"),
            0x00200010: ("SH", str(study)),
            0x00200011: ("IS", str(series)),
            0x00200013: ("IS", str(index + 1)),
            0x00200032: ("DS", f"-125\\-125\\{index * 5}"),
            0x00200037: ("DS", "1\\0\\0\\0\\1\\0"),
        }
        elements = [*common, *((tag, _element(tag, vr, v)) for tag, (vr, v) in own.items())]
        reference = _element(0x00081150, "UI", MR) + _element(0x00081155, "UI", uid + ".1")
        elements.append((0x00081140, _element(0x00081140, "SQ", encode_item(reference))))
        image = {0x00280002: 1, 0x00280010: rows, 0x00280011: rows, 0x00280100: 16}
        image |= {0x00280101: 12, 0x00280102: 11, 0x00280103: 0}
        elements += [(t, _element(t, "US", v.to_bytes(2, "little"))) for t, v in image.items()]
        elements.append((0x00280004, _element(0x00280004, "CS", "MONOCHROME2")))
        elements.append((0x00280030, _element(0x00280030, "DS", "0.48\\0.48")))
        elements.append((0x7FE00010, _element(0x7FE00010, "OW", pixels)))
        body = b"".join(element for _, element in sorted(elements))
        name = f"F{number:07d}" if flat else f"S{series:05d}/I{index:05d}"
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(_head(CT if ct else MR, uid) + body)


def _head(sop_class: str, uid: str) -> bytes:
    meta = b"".join(
        (
            _element(0x00020001, "OB", b"\0\1"),
            _element(0x00020002, "UI", sop_class),
            _element(0x00020003, "UI", uid),
            _element(0x00020010, "UI", "1.2.840.10008.1.2.1"),
            _element(0x00020012, "UI", f"{ROOT}.1"),
            _element(0x00020013, "SH", "CORPUS"),
        )
    )
    length = _element(0x00020000, "UL", len(meta).to_bytes(4, "little"))
    return bytes(128) + b"DICM" + length + meta


SETS = {"S": (500, "CT"), "M": (3000, "CT"), "L": (20_000, "MR")}


def corpus(base: Path, name: str) -> Path:
    """Return the folder of a set below *base*, made when it is not there yet."""
    folder = base / name
    if not folder.exists():
        files, modality = SETS[name] if name in SETS else (int(name.removeprefix("N=")), "MR")
        make(folder, files, modality)
    return folder


if __name__ == "__main__":
    for wanted in sys.argv[2:]:
        print(corpus(Path(sys.argv[1]), wanted))
