"""Look at a drive and at the medium in it, without changing either."""

from typing import Final, NamedTuple

from drivers.mmc import commands
from drivers.mmc.answers import (
    Capabilities,
    Configuration,
    Inquiry,
    parse_capabilities,
    parse_configuration,
    parse_inquiry,
    parse_serial,
    parse_write_speeds,
)
from drivers.mmc.disc_answers import (
    APPENDABLE,
    BLANK,
    NOT_FORMATTED,
    SESSION_EMPTY,
    SESSION_OPEN,
    DiscInformation,
    FormatCapacities,
    TrackInformation,
    parse_capacity,
    parse_disc_information,
    parse_format_capacities,
    parse_last_lead_out,
    parse_track_information,
)
from drivers.mmc.formats import reachable
from drivers.mmc.recording import Strategy, strategy_of
from drivers.mmc.recording_errors import NoMedium
from drivers.mmc.recording_facts import Drive, Medium, State
from drivers.mmc.unit import Unit
from drivers.sense import NOT_READY, CommandFailed

_UNFINISHED: Final = 0xFF  # the track of a CD that is not complete (READ TRACK INFORMATION)
_DVD_PLUS_RW: Final = 0x1A
_WAITS_FOR_START: Final = (0x04, 0x02)
_ATIP: Final = 4  # format of READ TOC/PMA/ATIP: what is pressed into the groove of a CD
_WHOLE_FORMATS: Final = (0x00, 0x10)  # of a DVD-RW, from its first block to its last (MMC-6)
_OPTICAL: Final = 5  # peripheral device type (SPC-4, INQUIRY)


class Looked(NamedTuple):
    """A medium, and the answers that it was told from."""

    medium: Medium
    strategy: Strategy
    configuration: Configuration
    disc: DiscInformation
    track: TrackInformation | None
    formats: FormatCapacities | None


def wait_for_medium(unit: Unit, patience: float) -> None:
    """Wait until the drive knows the medium that is in it.

    Raises:
        NoMedium: there is none.
        CommandFailed: it is of no use to this drive; TookTooLong: it looks at it for ever.
    """
    try:
        unit.wait_ready(patience)
    except CommandFailed as error:
        sense = error.sense
        if not sense or sense.key != NOT_READY or (sense.asc, sense.ascq) != _WAITS_FOR_START:
            raise
        unit.run_long(commands.start_stop(start=True, move=False)._replace(patience=patience))


def configuration_of(unit: Unit) -> Configuration:
    """Return what the drive can do now."""
    return parse_configuration(unit.run(commands.get_configuration()))


def look(unit: Unit) -> Looked:
    """Look at the medium of a drive that is ready.

    Raises:
        NoMedium: the drive does not know what is in it.
    """
    configuration = configuration_of(unit)
    if not configuration.profile:
        raise NoMedium(
            "there is nothing in the drive that it knows", unit.name, "Insert another medium"
        )
    strategy = strategy_of(configuration.profile)
    disc = parse_disc_information(unit.try_run(commands.read_disc_information()) or b"")
    track = next_track(unit, disc)
    told = unit.try_run(commands.read_format_capacities()) if strategy.formats else None
    formats = parse_format_capacities(told or b"")
    return Looked(
        _medium(unit, strategy, disc, track, formats),
        strategy,
        configuration,
        disc,
        track,
        formats,
    )


def next_track(unit: Unit, disc: DiscInformation) -> TrackInformation | None:
    """Return the track that is written next, else the last one; None where nobody tells."""
    last: TrackInformation | None = None
    for number in (disc.last_track or 1, _UNFINISHED):
        data = unit.try_run(commands.read_track_information(number))
        track = parse_track_information(data) if data else None
        if track and track.next_writable is not None:
            return track
        last = last or track
    return last


def _medium(
    unit: Unit,
    strategy: Strategy,
    disc: DiscInformation,
    track: TrackInformation | None,
    formats: FormatCapacities | None,
) -> Medium:
    formatted = _is_formatted(strategy, disc, formats)
    state = _state(strategy, disc, formatted=formatted)
    capacity = _capacity(unit, strategy, disc, formats)
    place, free = 0, 0
    if strategy.overwrites:
        free = capacity
    elif state in ("blank", "appendable") and track:
        place = max(track.next_writable or 0, 0)  # a CD's session at once begins before block 0
        free = track.free
        capacity = max(capacity, place + free)
    return Medium(
        strategy.kind,
        strategy.profile,
        state,
        free,
        place,
        _closed_sessions(disc, state),
        disc.erasable or strategy.blanks or strategy.overwrites,
        capacity,
        "" if disc.identifier is None else f"{disc.identifier:08X}",
        formatted,
        bool(track and track.damaged),
    )


def _state(strategy: Strategy, disc: DiscInformation, *, formatted: bool) -> State:
    if strategy.overwrites:
        return "overwritable" if formatted else "blank"
    if not strategy.methods:
        return "complete"
    if disc.status == BLANK:
        return "blank"
    return "appendable" if disc.status == APPENDABLE else "complete"


def _is_formatted(
    strategy: Strategy, disc: DiscInformation, formats: FormatCapacities | None
) -> bool:
    if not strategy.overwrites:
        return True
    if strategy.profile == _DVD_PLUS_RW:
        return disc.background_format != NOT_FORMATTED or disc.status != BLANK
    return formats is None or formats.formatted


def _capacity(
    unit: Unit, strategy: Strategy, disc: DiscInformation, formats: FormatCapacities | None
) -> int:
    """Return the blocks of the medium, as far as the drive tells."""
    if strategy.overwrites and formats:
        return reachable(strategy, formats)
    if not strategy.overwrites and strategy.methods and disc.status in (BLANK, APPENDABLE):
        return 0  # Told by the track that is written next: READ CAPACITY has nothing to say yet.
    return max(readable_blocks(unit), _once_blank(unit, strategy, formats))


def _once_blank(unit: Unit, strategy: Strategy, formats: FormatCapacities | None) -> int:
    """Return how many blocks a closed disc has when it is made blank; 0: that it cannot be."""
    if not strategy.blanks:
        return 0
    if formats:
        wholes = (choice.blocks for choice in formats.choices if choice.kind in _WHOLE_FORMATS)
        return max(wholes, default=0)
    return parse_last_lead_out(unit.try_run(commands.read_toc(_ATIP)) or b"") or 0


def readable_blocks(unit: Unit) -> int:
    """Return how many blocks of the medium can be read; 0 where the drive does not tell."""
    told = parse_capacity(unit.try_run(commands.read_capacity()) or b"")
    return told[0] if told else 0


def _closed_sessions(disc: DiscInformation, state: State) -> int:
    """Return how many sessions can be read; the drive counts the one that would be next too."""
    if state == "blank":
        return 0
    begun = disc.last_session in (SESSION_EMPTY, SESSION_OPEN)
    return max(disc.sessions - begun, 0)


def describe(unit: Unit) -> Drive:
    """Say what the drive is and can do; it needs no medium for that."""
    inquiry = _inquiry(unit)
    configuration = configuration_of(unit)
    capabilities = parse_capabilities(unit.try_run(commands.mode_sense(0x2A)) or b"")
    return Drive(
        unit.name,
        inquiry.vendor,
        inquiry.product,
        inquiry.revision,
        configuration.serial or _serial(unit),
        configuration.profiles,
        _speeds(unit, capabilities),
        capabilities.buffer,
        any(strategy_of(profile).methods for profile in configuration.profiles),
    )


def _inquiry(unit: Unit) -> Inquiry:
    inquiry = parse_inquiry(unit.run(commands.inquiry()))
    if inquiry.kind != _OPTICAL:
        raise NoMedium("is not an optical drive", unit.name, "Name a CD, DVD or Blu-ray drive")
    return inquiry


def _serial(unit: Unit) -> str:
    return parse_serial(unit.try_run(commands.inquiry(0x80)) or b"")


def _speeds(unit: Unit, capabilities: Capabilities) -> tuple[int, ...]:
    return write_speeds(unit) or capabilities.write_speeds


def write_speeds(unit: Unit) -> tuple[int, ...]:
    """Return the speeds of writing to the medium that is in, in kB/s; () where nobody tells."""
    try:
        return parse_write_speeds(unit.try_run(commands.get_performance()) or b"")
    except (CommandFailed, NoMedium):  # without a medium there is no speed
        return ()
