"""What is to be recorded, and whether and how the medium takes it. Pure: nothing is sent."""

from typing import NamedTuple

from drivers.mmc.answers import Configuration
from drivers.mmc.commands import BLOCK
from drivers.mmc.medium import Looked
from drivers.mmc.recording import Method, Strategy
from drivers.mmc.recording_errors import MediumRefused
from drivers.mmc.recording_facts import Ending, Medium
from reporting import NotSupported

_MIB = 1 << 20


class Request(NamedTuple):
    """One recording that is wanted."""

    blocks: int
    ending: Ending = "finalize"
    start: int | None = None  # the block for which the data were made; None: any that comes
    speed: int | None = None  # kB/s at most; None: the fastest
    simulate: bool = False  # a test run


class Prepared(NamedTuple):
    """A recording that the medium takes."""

    request: Request
    looked: Looked
    methods: tuple[Method, ...]  # that may do; the best first
    total: int  # blocks that are written, with padding


def prepare(looked: Looked, request: Request, where: str) -> Prepared:
    """Choose how *request* is recorded.

    Raises:
        MediumRefused: the medium is closed, too small, or begins elsewhere.
        NotSupported: there is no way of recording it with this drive and medium.
    """
    if request.blocks < 1:
        raise ValueError(f"a recording of {request.blocks} blocks")
    medium, strategy = looked.medium, looked.strategy
    total = _padded(request.blocks, strategy)
    _refuse_closed(medium, strategy, where)
    if strategy.overwrites:
        _refuse_broken_unit(strategy, request)
        _refuse_too_much(medium, (request.start or 0) + total, where)
    else:
        _refuse_place(medium, request, where)
        _refuse_too_much(medium, total, where)
    return Prepared(request, looked, _methods(looked, request, where), total)


def _padded(blocks: int, strategy: Strategy) -> int:
    blocks = max(blocks, strategy.minimum)
    return blocks + -blocks % strategy.unit


def _refuse_closed(medium: Medium, strategy: Strategy, where: str) -> None:
    if not strategy.methods:
        raise MediumRefused(f"a {medium.kind} disc cannot be written to", where, "Use a blank disc")
    if medium.state == "complete":
        remedy = (
            "Make it blank first, or use another disc" if medium.erasable else ("Use a blank disc")
        )
        raise MediumRefused(f"the {medium.kind} is closed: nothing can be added", where, remedy)


def _refuse_place(medium: Medium, request: Request, where: str) -> None:
    if request.start is not None and request.start != medium.next_writable:
        raise MediumRefused(
            f"the data are made for block {request.start},"
            f" and the {medium.kind} goes on at block {medium.next_writable}",
            where,
            "Insert the disc that they were made for, or make them anew",
        )


def _refuse_broken_unit(strategy: Strategy, request: Request) -> None:
    if (request.start or 0) % strategy.unit:
        raise ValueError(f"block {request.start} is no beginning of {strategy.unit} blocks")


def _refuse_too_much(medium: Medium, total: int, where: str) -> None:
    if total > medium.free:
        raise MediumRefused(
            f"{_mib(total)} MiB do not fit on the {medium.kind}: it has {_mib(medium.free)} MiB",
            where,
            "Use a larger or a blank disc, or put less on it",
        )


def _mib(blocks: int) -> int:
    return blocks * BLOCK // _MIB


def _methods(looked: Looked, request: Request, where: str) -> tuple[Method, ...]:
    fitting = tuple(
        method
        for method in looked.strategy.methods
        if _is_offered(method, looked.configuration)
        and (looked.medium.state == "blank" or not method.blank_only)
        and (request.ending == "finalize" or method.stays_open)
        and (method.tests or not request.simulate)
    )
    if not fitting:
        wish = (
            "tested without writing"
            if request.simulate
            else ("left open for more" if request.ending == "open" else "recorded")
        )
        raise NotSupported(
            f"a {looked.medium.kind} in this state cannot be {wish} by this drive",
            where,
            "Use another disc or drive, or ask for less",
        )
    return fitting


def _is_offered(method: Method, configuration: Configuration) -> bool:
    """Return whether the drive may know *method*: one that lists its feature must have it now."""
    return method.feature not in configuration.features or bool(
        configuration.current(method.feature)
    )
