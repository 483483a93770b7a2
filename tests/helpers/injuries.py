"""Damage that reaches a parser: aimed at what a format says where things are, and repeatable."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Protocol

from injuries_archives import DiscInZip, Mail, Zip
from injuries_volumes import Fat, Iso, Udf
from specimen import Specimen


class Family(Protocol):
    """Formats that have their structures in common."""

    def injure(self, specimen: Specimen, chance: Random) -> None:
        """Injure one structure."""


def _anywhere(specimen: Specimen, chance: Random) -> None:
    """Do what scratches, aborted copies and bad memory do to any image."""
    start, data = chance.choice(specimen.runs)
    at = start + chance.randrange(len(data)) // 512 * 512
    kind = chance.randrange(4)
    if kind == 0:
        specimen.write(at, bytes(512))
    elif kind == 1:
        specimen.write(at, chance.randbytes(64))
    elif kind == 2:
        other, more = chance.choice(specimen.runs)
        specimen.write(at, specimen.read(other + chance.randrange(len(more)) // 512 * 512, 512))
    elif specimen.size:
        size = chance.randrange(specimen.size)
        specimen.cut(chance.choice((size, at, size // 2048 * 2048)))


FAMILIES: dict[str, Callable[[Specimen], Family]] = {
    "iso": Iso,
    "udf": Udf,
    "fat": Fat,
    "zip": Zip,
    "disc in a zip": DiscInZip,
    "mail": Mail,
}


def injure(specimen: Specimen, families: Sequence[Family], chance: Random) -> None:
    """Injure an image in one to four places."""
    for _ in range(chance.choice((1, 1, 1, 2, 3, 4))):
        if chance.random() < 0.12:
            _anywhere(specimen, chance)
        else:
            chance.choice(families).injure(specimen, chance)
