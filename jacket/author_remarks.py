"""What an operator should know of a medium as a whole: loss, growth, room, icons, video."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from jacket.console import amount, size
from jacket.file_set.profile import about_required_icons
from jacket.layout import growth
from jacket.target import little_space, room
from profiles.application_profiles import ApplicationProfile, Declared, Medium, Security
from profiles.plan import Plan, Policy, Transcode
from profiles.transfer_syntaxes import EXPLICIT_LITTLE, TRANSFER_SYNTAXES, Kind
from profiles.wishes import why_profile_cannot

_MUCH: Final = 1_000_000  # bytes by which a medium must grow before anybody minds
_TWICE: Final = 2
_BY_MAIL: Final = frozenset((Medium.ZIP_MAIL, Medium.MIME))


def remarks_on(
    decided: Plan,
    row: ApplicationProfile,
    needed: int,
    policy: Policy,
    *,
    no_icons: bool = False,
    target: Path | None = None,
    to_write: int = 0,
) -> tuple[str, ...]:
    """Return the remarks on a medium that was made, or that a dry run planned.

    Args:
        decided: what is, or would be, on it.
        row: profile of the medium.
        needed: bytes that it takes of a medium; of several volumes the largest.
        policy: how far objects might be changed.
        no_icons: the operator does not want any.
        target: where a dry run would make it; None after a real one.
        to_write: bytes that a dry run would write there.
    """
    return (
        *_about_secrecy(row),
        *_about_loss(decided),
        *_about_growth(decided, row, policy),
        *room(row, needed),
        *(() if target is None else little_space(target, to_write)),
        *about_required_icons(row, no_icons=no_icons),
        *_about_video(decided, row),
    )


def _about_secrecy(row: ApplicationProfile) -> Iterator[str]:
    if row.security is Security.NONE and row.medium in _BY_MAIL:
        yield (
            "NOT ENCRYPTED: by mail everybody on its way can read it; profiles with SEC in their "
            "names encrypt (jacket profiles)"
        )


def _about_loss(decided: Plan) -> Iterator[str]:
    number = sum(item.lossy for item in decided.instances)
    if number == 1:
        yield (
            "1 image compressed with loss: by PS3.3 it is a new object with a new SOP Instance "
            "UID, which reports and presentation states do not know"
        )
    elif number:
        yield (
            f"{number:,} images compressed with loss: by PS3.3 they are new objects with new SOP "
            "Instance UIDs, which reports and presentation states do not know"
        )


def _about_growth(decided: Plan, row: ApplicationProfile, policy: Policy) -> Iterator[str]:
    """Tell when objects become much larger because the profile has no compression for them."""
    grown = [i for i in decided.instances if i.target_syntax == EXPLICIT_LITTLE and growth(i) > 0]
    before = sum(item.size_before for item in grown)
    after = before + sum(map(growth, grown))
    if after - before < _MUCH or after < _TWICE * before:
        return
    files = amount(len(grown), "converted file")
    words = f"{files}: {size(before)} compressed, {size(after)} uncompressed"
    if policy.transcode is Transcode.AUTO and not why_profile_cannot(row, Transcode.LOSSLESS):
        words += "; --transcode lossless keeps them smaller"
    elif why_profile_cannot(row, Transcode.LOSSLESS):
        words += f"; {row.identifier} has no compressed syntax"
    yield words


def _about_video(decided: Plan, row: ApplicationProfile) -> Iterator[str]:
    syntaxes: set[str] = set()
    for allowed in row.allowed:
        if not isinstance(allowed.transfer_syntaxes, Declared):
            syntaxes |= allowed.transfer_syntaxes
    if not any(map(_is_video, syntaxes)):
        return
    now = (item.target_syntax or item.instance.transfer_syntax_uid for item in decided.instances)
    if not any(map(_is_video, now)):
        yield (
            f"{row.identifier} is for media with video, and there is none: `jacket profiles` "
            "lists those without"
        )


def _is_video(syntax: str) -> bool:
    row = TRANSFER_SYNTAXES.get(syntax)
    return row is not None and row.kind is Kind.VIDEO
