"""What has become of a medium when its job did not come to its end, in words."""

import os
from collections.abc import Iterator
from traceback import extract_tb
from typing import Final

from drivers.transport import DeviceGone
from jacket.about_patients import DoubtfulPatient
from jacket.burning.result import DiscFailed, DiscResult, Stage
from reporting import CannotRead, FilmjacketError

_STICK: Final = "stick"
_AGAIN: Final = "Start it again"
_ERASE: Final = "Start it again with --erase"
_DESTROY: Final = "Take it out and destroy it, then start again"
_GONE: Final = (
    "The drive was gone before it had come to rest: destroy the disc, and if the drive still holds "
    "it, switch the drive off and on, then eject"
)
_NOT_THIS_STICK: Final = "Do not hand this stick out; to write it again, say --erase"
# Stage → what an interruption in it leaves, and what to do.
_INTERRUPTED: Final[dict[Stage, tuple[str, str]]] = {
    "": ("before anything was written", _AGAIN),
    "blanking": (
        "while the {medium} was made blank: what was on it is lost",
        "Wait until the drive is at rest, then start again with --erase",
    ),
    "formatting": (
        "while the {medium} was formatted: if anything was on it, that is lost",
        "Wait until the drive is at rest, then start again with --erase",
    ),
    "blank": ("before anything was written; what was on the {medium} is lost", _ERASE),
    "wiping": ("while the {medium} was wiped: what was on it is not all overwritten", _ERASE),
    "writing": ("while the {medium} was written: the {medium} is not complete", _DESTROY),
    "written": ("before all of the {medium} was read back: it is not proved", _DESTROY),
    "verifying": ("before all of the {medium} was looked at: it is not proved", _DESTROY),
}


def interrupted_words(last: DiscResult | None) -> tuple[str, str]:
    """Return what an interruption has left, and what to do; *last* is the medium made last."""
    if last is not None and last.is_made and last.of == last.copies == 1:
        return (
            f"interrupted; the {last.medium} that was made last is {last.verdict.upper()}",
            "Nothing more was written, and what is made stays so",
        )
    if last is None or last.verdict != "interrupted":
        return "interrupted", "Nothing more was written; start it again"
    what, remedy = _INTERRUPTED[last.stage]
    if last.stage == "writing" and last.written is not None and last.written.blocks:
        what = f"after {last.written.blocks:,} blocks: the {{medium}} is not complete"
    if last.medium == _STICK and remedy == _DESTROY:
        remedy = _NOT_THIS_STICK
    return f"interrupted {what.format(medium=last.medium)}", remedy


def spoilt(result: DiscResult, error: FilmjacketError) -> DiscFailed:
    """Return what to raise of a medium that was begun, where something else was at fault."""
    is_stick = result.medium == _STICK
    return DiscFailed(
        f"the {_STICK if is_stick else 'disc'} is spoilt: {error.what}",
        error.where,
        f"{error.remedy}. {_NOT_THIS_STICK if is_stick else 'Destroy the disc'}",
    )


def mistake(error: Exception, last: DiscResult, where: str) -> DiscFailed:
    """Return what to raise of a mistake in the program; its text may name a patient."""
    place = extract_tb(error.__traceback__)[-1]
    code = f"{os.path.basename(place.filename)} line {place.lineno}"  # noqa: PTH119 (text, not a file)
    what = f"a mistake in the program ({type(error).__name__}, {code})"
    report = "report this with the command that you gave"
    if last.verdict in ("good", "handed over"):
        return DiscFailed(what, where, f"What is called good stays good; {report}")
    if not last.is_begun:
        return DiscFailed(what, where, f"Nothing was written on the {last.medium}; {report}")
    told = spoilt(last, DiscFailed(what, where, ""))
    told.remedy = f"{told.remedy.removeprefix('. ')}; {report}"
    return told


def without_sources(error: FilmjacketError, name: str) -> str:
    """Return what a record keeps of *error*: folders of sources are named after patients.

    Args:
        error: whatever ended a job.
        name: of the target, which is kept.
    """
    if isinstance(error, DoubtfulPatient):
        return f"{name}: {error.in_short}"
    if error.where == name or error.where.startswith(f"{name}, "):
        return f"{error.where}: {error.what}"
    if any(isinstance(each, CannotRead) for each in _causes(error)):
        return f"a source file: {error.what}"
    return error.what


def gone_words(error: BaseException) -> str:
    """Return what to tell where *error* came of a drive that was not there any more; else ""."""
    return _GONE if any(isinstance(each, DeviceGone) for each in _causes(error)) else ""


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    # By the context: one that is raised again from itself is its own cause.
    seen: list[BaseException] = []
    while error is not None and not any(error is each for each in seen):
        yield error
        seen.append(error)
        error = error.__context__
