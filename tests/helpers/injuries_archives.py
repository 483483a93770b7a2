"""Injuries of archives and mails: their headers, their content, and what lies where."""

from random import Random
from struct import pack, unpack_from
from typing import Final
from zlib import crc32

from injuries_volumes import NAMES, Iso, number
from specimen import Specimen

# Of an archive: (offset, bytes) of the fields of each, and where its name begins.
ZIP_RECORDS: Final[dict[bytes, tuple[tuple[int, int], ...]]] = {
    b"PK\3\4": ((4, 2), (6, 2), (8, 2), (14, 4), (18, 4), (22, 4), (26, 2), (28, 2)),
    b"PK\1\2": (
        *((6, 2), (8, 2), (10, 2), (16, 4), (20, 4), (24, 4)),
        *((28, 2), (30, 2), (32, 2), (34, 2), (38, 4), (42, 4)),
    ),
    b"PK\5\6": ((4, 2), (6, 2), (8, 2), (10, 2), (12, 4), (16, 4), (20, 2)),
    b"PK\6\6": ((4, 8), (16, 4), (20, 4), (24, 8), (32, 8), (40, 8), (48, 8)),
    b"PK\6\7": ((4, 4), (8, 8), (16, 4)),
    b"PK\7\x08": ((4, 4), (8, 4), (12, 4)),
}
NAMES_AT: Final = {b"PK\3\4": 30, b"PK\1\2": 46}


class Zip:
    """Headers of files, the directory and its end (APPNOTE 4.3)."""

    def __init__(self, specimen: Specimen) -> None:
        self.records = [(mark, at) for mark in ZIP_RECORDS for at in specimen.find_all(mark)]

    def injure(self, specimen: Specimen, chance: Random) -> None:
        kind = chance.randrange(10)
        mark, at = chance.choice(self.records)
        if kind < 6:
            offset, length = chance.choice(ZIP_RECORDS[mark])
            places = [place for _, place in self.records]
            likely = (*places, specimen.size, 8, 12, 14, 9, 98, 99)
            value = number(chance, 8 * length, *likely)
            specimen.write(at + offset, value.to_bytes(length, "little"))
        elif kind == 6 and mark in NAMES_AT:
            specimen.write(at + NAMES_AT[mark], chance.choice(NAMES))
        elif kind == 7:
            specimen.write(at + chance.randrange(80), chance.randbytes(chance.randrange(1, 5)))
        elif kind == 8:
            specimen.write(chance.randrange(max(specimen.size, 1)), chance.randbytes(1))
        else:
            _shifted(specimen, chance, at)


class DiscInZip(Iso):
    """A disc in an archive, whose checksum is made good again so that the disc is opened."""

    def injure(self, specimen: Specimen, chance: Random) -> None:
        super().injure(specimen, chance)
        header = specimen.read(0, 30)
        start = 30 + sum(unpack_from("<HH", header, 26))
        checksum = crc32(specimen.read(start, unpack_from("<I", header, 22)[0]))
        specimen.write(14, pack("<I", checksum))
        specimen.write(specimen.find_all(b"PK\1\2")[0] + 16, pack("<I", checksum))


class Mail:
    """Headers, boundaries, and content in the encodings of mail."""

    MARKS = (b"Content-", b"--=_", b"boundary=", b"MIME", b"base64", b"name=", b"id=", b"UEsD")
    WORDS = (
        *(b"base64", b"quoted-printable", b"8bit", b"binary", b"x-uuencode", b"multipart/mixed"),
        *(b'name="../../x"', b'id="C:\\x"', b"=?utf-8?B?Li4v?=", b"\r\n", b"\r\n\r\n", b"\n"),
        *(b'boundary=""', b'boundary="=_b"', b"message/rfc822", b"--", b"====", b"=\r\n", b"=ZZ"),
    )

    def __init__(self, specimen: Specimen) -> None:
        self.places = [at for mark in self.MARKS for at in specimen.find_all(mark)]

    def injure(self, specimen: Specimen, chance: Random) -> None:
        at = chance.choice(self.places)
        kind = chance.randrange(6)
        if kind == 0:
            specimen.write(at + chance.randrange(40), chance.randbytes(1))
        elif kind == 1:
            specimen.write(at + chance.randrange(40), chance.choice(self.WORDS))
        elif kind == 2:
            at = max(min(at + chance.randrange(-60, 60), specimen.size), 0)
            specimen.shift(at, 0, chance.choice(self.WORDS))
        elif kind == 3:
            line = b"X: " + b"y" * chance.choice((998, 80, 70_000)) + b"\r\n"
            specimen.shift(at, 0, chance.choice((line, line, b"--=_b\r\n" * 500)))
        elif kind == 4:
            at = chance.randrange(max(specimen.size, 1))
            specimen.write(at, chance.choice((b"=", b"\0", b"\x80")))
        else:
            _shifted(specimen, chance, at)


def _shifted(specimen: Specimen, chance: Random, at: int) -> None:
    """Take out, double or put in some bytes near *at*, so that all that follows moves."""
    at = max(min(at + chance.randrange(-20, 40), specimen.size), 0)
    length = chance.choice((1, 4, 80, 2000))
    kind = chance.randrange(3)
    doubled = specimen.read(at, length)
    insert = (b"", doubled + doubled, chance.randbytes(min(length, 80)))[kind]
    specimen.shift(at, 0 if kind == 2 else length, insert)
