"""Make discs blank and format them."""

from drivers.mmc import commands
from drivers.mmc.formats import Chosen, choose, to_resume
from drivers.mmc.medium import Looked
from drivers.mmc.recording_errors import MediumRefused
from drivers.mmc.unit import Told, Unit, unheard

_FULL, _MINIMAL = 0, 1  # kinds of BLANK (MMC-6)


def blank(unit: Unit, looked: Looked, *, full: bool, told: Told = unheard) -> None:
    """Make a CD-RW or DVD-RW blank.

    Raises:
        MediumRefused: it is of another kind, or needs no blanking.
        CommandFailed: the drive failed at it.
    """
    medium, strategy = looked.medium, looked.strategy
    if not strategy.blanks:
        remedy = "Write to it: it is overwritten" if strategy.overwrites else "Use a blank disc"
        raise MediumRefused(f"a {medium.kind} cannot be made blank", unit.name, remedy)
    unit.run_long(commands.blank(_FULL if full else _MINIMAL), told)


def format_medium(unit: Unit, looked: Looked, told: Told = unheard) -> None:
    """Format the medium as its row in the table of strategies says.

    Raises:
        MediumRefused: it is of a kind that has no format, or the drive offers none.
        CommandFailed: the drive failed at it.
    """
    chosen = choose(looked.strategy, looked.formats)
    if not chosen:
        raise MediumRefused(
            f"the drive offers no format for a {looked.medium.kind}",
            unit.name,
            "Use another disc, or another drive",
        )
    _format(unit, chosen, told)


def resume_format(unit: Unit, looked: Looked, told: Told = unheard) -> None:
    """Have a DVD+RW go on with the formatting that was stopped when it was taken out."""
    chosen = to_resume(looked.strategy, looked.formats)
    if chosen:
        _format(unit, chosen, told)


def _format(unit: Unit, chosen: Chosen, told: Told) -> None:
    unit.run_long(commands.format_unit(chosen.descriptor.encode(), chosen.options), told)
