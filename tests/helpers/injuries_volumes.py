"""Injuries of the structures of discs and sticks.

Each class looks for the structures of one family in a good image once, and then injures one of
them each time. What has a checksum gets a right one again, most of the time, so that the damage
behind it is believed.
"""

from random import Random
from struct import pack, unpack_from
from typing import Final
from zlib import crc32

from specimen import Specimen
from udf_detours import is_tag, seal

SECTOR: Final = 2048
# What names may say that would lead elsewhere.
NAMES: Final = (
    *(b"../../../", b"/etc/abs", b"C:\\WIN\\X", b"..\\..\\x\0"),
    *(b".", b"..", b"\0\0", b"A/B"),
)


def number(chance: Random, bits: int, *likely: int) -> int:
    """Return a number at the limits of its field, or one that means something here."""
    full = (1 << bits) - 1
    limits = (0, 1, 2, full, full - 1, full >> 1, (full >> 1) + 1, chance.getrandbits(bits))
    return chance.choice((*limits, *likely, *likely)) & full


class Iso:
    """Descriptors, path tables and directory records (ECMA-119 8 and 9)."""

    BOTH = ((80, 4), (120, 2), (124, 2), (128, 2), (132, 4), (158, 4), (166, 4))
    TABLES = (140, 144, 148, 152)

    def __init__(self, specimen: Specimen) -> None:
        marks = specimen.find_all(b"CD001")
        self.descriptors = [at - 1 for at in marks]
        self.records = [at for at, _ in self._records(specimen)]
        self.extents = [unpack_from("<I", specimen.read(at + 2, 4))[0] for at in self.records]
        self.tables = [
            at // SECTOR * SECTOR + unpack_from("<I", specimen.read(at + 140, 4))[0] * SECTOR
            for at in self.descriptors[:1]
        ]

    @staticmethod
    def _records(specimen: Specimen) -> list[tuple[int, int]]:
        """Return place and length of the records of every sector that begins a folder."""
        found = []
        for mark in specimen.find_all(b"\x01\0\0\x01\x01\0"):
            at = mark - 28
            own = specimen.read(at, 34)
            if len(own) < 34 or own[0] < 34 or own[1]:
                continue
            end = at // SECTOR * SECTOR + SECTOR
            while at + 34 <= end and (length := specimen.read(at, 1)[0]) >= 34:
                found.append((at, length))
                at += length
        return found

    def injure(self, specimen: Specimen, chance: Random) -> None:
        kind = chance.randrange(10)
        if kind < 2:
            at = chance.choice(self.descriptors)
            offset, length = chance.choice(self.BOTH)
            self._both(specimen, chance, at + offset, length)
        elif kind == 2:
            value = number(chance, 32, 18, 19, 20, *self.extents)
            specimen.write(
                chance.choice(self.descriptors) + chance.choice(self.TABLES), pack("<I", value)
            )
        elif kind == 3:
            at = chance.choice((*self.descriptors, *self.tables))
            specimen.write(at + chance.randrange(240), chance.randbytes(1))
        else:
            self._record(specimen, chance, kind)

    def _both(self, specimen: Specimen, chance: Random, at: int, length: int) -> None:
        """Change a number in both orders of its bytes, or in one alone."""
        value = number(chance, 8 * length, specimen.size // SECTOR, SECTOR, 512, *self.extents)
        little = value.to_bytes(length, "little")
        both = little + little[::-1]
        specimen.write(at, chance.choice((both, both, both, little)))

    def _record(self, specimen: Specimen, chance: Random, kind: int) -> None:
        at = chance.choice(self.records)
        if kind < 6:
            self._both(specimen, chance, at + 2, 4)
        elif kind == 6:
            self._both(specimen, chance, at + 10, 4)
        elif kind == 7:
            place = chance.choice((0, 1, 18, 25, 25, 26, 27, 32))
            specimen.write(at + place, bytes((number(chance, 8, 2, 0x80, 0x82, 33, 34),)))
        elif kind == 8:
            specimen.write(at + 33, chance.choice(NAMES))
        else:  # fields of Rock Ridge, where there are any
            marks = (b"CL\x0c\x01", b"CE\x1c\x01", b"NM\xff\x01", b"SL\x05\x01", b"RE\x04\x01")
            data = chance.choice((*marks, chance.randbytes(2)))
            specimen.write(at + chance.randrange(34, 180), data)


class Udf:
    """Descriptors with tags (ECMA-167 3/7.2, 4/7.2)."""

    def __init__(self, specimen: Specimen) -> None:
        self.tags = [
            start + at
            for start, data in specimen.runs
            for at in range(-start % 4, len(data) - 15, 4)
            if data[at + 1] < 2 and data[at + 2] in (2, 3) and is_tag(data, at)
        ]
        # Those of directory entries stand between others: they have a share of their own.
        self.records = [at for at in self.tags if at % 512]
        self.tags = [at for at in self.tags if not at % 512]

    def injure(self, specimen: Specimen, chance: Random) -> None:
        places = self.records if self.records and chance.random() < 0.3 else self.tags
        at = chance.choice(places)
        kind = chance.randrange(10)
        if kind < 7:
            self._field(specimen, chance, at)
        elif kind == 7:  # another descriptor of the kind, where this one should be
            data = specimen.read(chance.choice(places), 512)
            specimen.write(at, data[:12] + specimen.read(at + 12, 4) + data[16:])
        elif kind == 8:  # where another leads to: circles
            other = chance.choice(places)
            offset = chance.choice((20, 24, 176, 216, 248, 400, 56))
            specimen.write(at + offset, specimen.read(other + offset, 8))
        else:
            specimen.write(at + chance.choice((0, 2, 10, 12)), pack("<H", number(chance, 16)))
        if chance.random() < 0.85:
            self._seal(specimen, at)

    def _field(self, specimen: Specimen, chance: Random, at: int) -> None:
        bits = chance.choice((8, 16, 32, 32, 32, 64))
        most = chance.choice((40, 240, 512))
        offset = 16 + chance.randrange(most // (bits // 8)) * (bits // 8)
        here = int.from_bytes(specimen.read(at + offset, bits // 8), "little")
        kinds = (here ^ 1 << 30, here ^ 1 << 31, here | 3 << 30, here + 1, here - 1, here << 1)
        likely = (*kinds, specimen.size // SECTOR, 2048, 512, 288, 0x3FFFFFFF)
        value = number(chance, bits, *(n for n in likely if n >= 0))
        specimen.write(at + offset, value.to_bytes(bits // 8, "little"))

    @staticmethod
    def _seal(specimen: Specimen, at: int) -> None:
        data = bytearray(specimen.read(at, 16 + SECTOR))
        if len(data) >= 16:
            covered = unpack_from("<H", data, 10)[0]
            seal(data, 0, min(covered, len(data) - 16))
            specimen.write(at, bytes(data[:16]))


class Fat:
    """Boot sectors, tables, records of files, and tables of partitions."""

    FIELDS = (
        *((11, 2), (13, 1), (14, 2), (16, 1), (17, 2), (19, 2), (21, 1), (22, 2), (28, 4)),
        *((32, 4), (36, 4), (40, 2), (42, 2), (44, 4), (48, 2), (50, 2), (510, 2), (54, 8)),
    )

    def __init__(self, specimen: Specimen) -> None:
        self.boots = [
            at - 510
            for at in specimen.find_all(b"\x55\xaa")
            if at % 512 == 510 and specimen.read(at - 510, 1) in (b"\xeb", b"\xe9")
        ]
        start = self.boots[0]
        boot = specimen.read(start, 512)
        sector, reserved = unpack_from("<H", boot, 11)[0], unpack_from("<H", boot, 14)[0]
        length = unpack_from("<H", boot, 22)[0] or unpack_from("<I", boot, 36)[0]
        self.bits = 32 if not unpack_from("<H", boot, 22)[0] else 16
        self.bits = 12 if b"FAT12" in boot[54:62] else self.bits
        self.tables = [start + (reserved + n * length) * sector for n in range(boot[16])]
        self.partitions = [446 + 16 * n for n in range(4)] if start else []
        after = start + (reserved + boot[16] * length) * sector
        self.records = [
            first + at
            for first, data in specimen.runs
            for at in range(-first % 32, len(data) - 31, 32)
            if first + at >= after and self._is_record(data[at : at + 32])
        ]

    @staticmethod
    def _is_record(data: bytes) -> bool:
        return data[0] > 32 and data[11] in (0, 8, 16, 32, 15) and data[12] in (0, 8, 16, 24)

    def injure(self, specimen: Specimen, chance: Random) -> None:
        kind = chance.randrange(10)
        if kind < 2:
            offset, length = chance.choice(self.FIELDS)
            value = number(chance, 8 * length, 512, 1024, 4096, specimen.size // 512, 16)
            specimen.write(chance.choice(self.boots) + offset, value.to_bytes(length, "little"))
        elif kind == 2 and self.partitions:
            self._partition(specimen, chance)
        elif kind < 6:
            self._entry(specimen, chance)
        else:
            self._record(specimen, chance)

    def _entry(self, specimen: Specimen, chance: Random) -> None:
        """Change an entry of one table or of all: circles, crossings, clusters that are none."""
        cluster = chance.randrange(120)
        likely = (cluster, chance.randrange(120), 0x0FFFFFF7, 0x0FFFFFF8, 0xFFF7, 0xFFF8, 0xFF7)
        value = number(chance, 32, *likely).to_bytes(4, "little")
        tables = self.tables if chance.random() < 0.8 else [chance.choice(self.tables)]
        for table in tables:
            specimen.write(table + cluster * self.bits // 8, value[: -(-self.bits // 8)])

    def _record(self, specimen: Specimen, chance: Random) -> None:
        at = chance.choice(self.records)
        kind = chance.randrange(5)
        if kind == 0:
            specimen.write(at, chance.choice((*NAMES, chance.randbytes(11))))
        elif kind == 1:
            specimen.write(at + 11, bytes((number(chance, 8, 16, 15, 8, 0x3F),)))
        elif kind == 2:
            specimen.write(at + 26, pack("<H", number(chance, 16, 2, 3, chance.randrange(120))))
        elif kind == 3:
            specimen.write(at + 28, pack("<I", number(chance, 32)))
        else:
            specimen.write(at + chance.randrange(32), chance.randbytes(1))

    def _partition(self, specimen: Specimen, chance: Random) -> None:
        at = chance.choice(self.partitions[:2])
        kind = bytes((chance.choice((0, 5, 6, 0xB, 0xC, 0xEE, 0xEF, 7)),))
        value = pack("<I", number(chance, 32, 1, 2048, specimen.size // 512))
        place, data = chance.choice(((4, kind), (8, value), (12, value)))
        specimen.write(at + place, data)
        if specimen.read(512, 8) == b"EFI PART":
            self._gpt(specimen, chance)

    @staticmethod
    def _gpt(specimen: Specimen, chance: Random) -> None:
        header = bytearray(specimen.read(512, 92))
        at, length = chance.choice(((24, 8), (32, 8), (40, 8), (72, 8), (80, 4), (84, 4), (12, 4)))
        likely = (1, 2, 128, 1 << 31, specimen.size // 512)
        header[at : at + length] = number(chance, 8 * length, *likely).to_bytes(length, "little")
        header[16:20] = bytes(4)
        header[16:20] = pack("<I", crc32(header))
        specimen.write(512, bytes(header))
