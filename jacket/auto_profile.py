"""The profile that suits what is to go on a medium, found by looking at all of it."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from dicomdir.index import Indexer
from dicomdir.instance import Instance, NotIndexed
from dicomdir.scan import scan
from jacket.capacities import HOLDS
from jacket.profile_texts import MEDIA
from jacket.settle import same_bytes
from jacket.target import media_for
from profiles.application_profiles import ApplicationProfile, Medium
from profiles.choose_syntax import LOSSY_COMPRESSION
from profiles.order import SOURCE
from profiles.plan import Policy
from profiles.planner import without_contradictions
from profiles.profile_table import PROFILES
from profiles.propose import Proposal, propose
from profiles.transfer_syntaxes import DECODABLE
from profiles.values import facts_for
from reporting import CannotRead, Progress

Select = Callable[[Iterable[Instance]], Sequence[Instance]]


def best_profile(
    sources: Sequence[str | Path],
    selected: Select,
    target: Path,
    *,
    capacity: int | None,
    split: bool,
    medium: str | None,
    policy: Policy,
    jobs: int | None,
    progress: Progress,
) -> tuple[ApplicationProfile, str]:
    """Return the profile that comes first, and why.

    Args:
        sources: files and folders.
        selected: picks what is wanted of what was found.
        target: what is to be made.
        capacity: bytes of the medium; None: as such media have.
        split: whether several volumes may be made, so that none is too small.
        medium: as the operator said it; told from *target* when None.
        policy: how far objects may be changed.
        jobs: processes to use; all cores when None.
        progress: told about files.

    Raises:
        CannotRead: nothing was found that a profile could be chosen for.
        WrongUsage: there is no such medium, or *target* cannot be one.
    """
    media = media_for(target, capacity, medium)
    rows = [row for row in PROFILES.values() if row.medium in media]
    # Judged with the keys and facts of all profiles; the chosen one's own come with the scan
    # that follows, so that no directory holds more of a person than it must.
    every = list(PROFILES.values())
    keys = dict.fromkeys(key for row in every for key in row.additional_keys)
    indexer = Indexer(keys, (*facts_for(every), LOSSY_COMPRESSION))
    found = selected(scan(sources, indexer, jobs=jobs, progress=progress).instances)
    if not found:
        raise CannotRead("no DICOM instance was found", "sources", "Name a profile, or look there")
    # Judged as they would be planned: one file for each object, one person for each Patient ID.
    twins: list[NotIndexed] = []
    found = without_contradictions(sorted(found, key=SOURCE), same_bytes, twins)
    holds = HOLDS if capacity is None else dict.fromkeys(Medium, capacity)
    if split:
        holds = {}
    ranking = propose(found, rows, media, decoders=DECODABLE, policy=policy, capacities=holds)
    return ranking[0].profile, _why(ranking, found, policy)


def _why(ranking: Sequence[Proposal], found: Sequence[Instance], policy: Policy) -> str:
    best = ranking[0]
    words = f"{best.profile.identifier} for {MEDIA[best.profile.medium]}: {best.reason}"
    if best.too_large:
        words += "; that is more than one holds"
    if best.lost:
        every = propose(found, PROFILES.values(), tuple(Medium), decoders=DECODABLE, policy=policy)
        if every[0].lost < best.lost:
            other = every[0].profile
            words += f". {other.identifier} for {MEDIA[other.medium]} {every[0].reason}"
    elif len(ranking) > 1:
        second = ranking[1]
        words += f". Next: {second.profile.identifier} {second.reason}"
    return words
