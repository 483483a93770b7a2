"""Which of the formats that a drive offers is taken. Pure."""

from typing import Final, NamedTuple

from drivers.mmc.disc_answers import FormatCapacities, FormatDescriptor
from drivers.mmc.recording import Format, Strategy


class Chosen(NamedTuple):
    """A format, as FORMAT UNIT takes it."""

    options: int  # second byte of the header
    descriptor: FormatDescriptor


_NONE: Final = FormatCapacities(formatted=False, blocks=0, choices=())


def choose(strategy: Strategy, formats: FormatCapacities | None) -> Chosen | None:
    """Return the best format that the drive offers; None where it offers none that we know."""
    return _first(strategy.formats, formats or _NONE)


def to_resume(strategy: Strategy, formats: FormatCapacities | None) -> Chosen | None:
    """Return the format that goes on with one that was stopped half-way; None: there is none."""
    wanted = () if strategy.resumes is None else (strategy.resumes,)
    return _first(wanted, formats or _NONE)


def _first(wanted: tuple[Format, ...], formats: FormatCapacities) -> Chosen | None:
    for row in wanted:
        for choice in formats.choices:
            if choice.kind == row.kind:
                parameter = choice.parameter if row.parameter is None else row.parameter
                return Chosen(row.options, choice._replace(parameter=parameter))
    return None


def reachable(strategy: Strategy, formats: FormatCapacities) -> int:
    """Return how many blocks there are, once the medium is formatted as it may have to be."""
    chosen = choose(strategy, formats)
    if chosen and (strategy.grows or not formats.formatted):
        return max(chosen.descriptor.blocks, formats.blocks * formats.formatted)
    return formats.blocks
