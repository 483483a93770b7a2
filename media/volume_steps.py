"""In which order a planned volume is written, be it into a file, a pipe or a device."""

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import NamedTuple

from media.iso9660.names import shown
from media.source import DigestList, Name, NamedSource
from media.volume_plan import PlannedFile, Span, Structure, VolumePlan
from reporting import CannotWrite


class Step(NamedTuple):
    """One run of bytes of a volume, and from where they come. Between two are zeros."""

    offset: int  # byte of the volume
    length: int  # bytes
    content: Structure | NamedSource | DigestList


def planned_files(
    sources: Sequence[NamedSource], digest_list: DigestList | None
) -> list[PlannedFile]:
    """Return what a layout has to know of what is going to be written."""
    planned = [PlannedFile(s.name, s.size, s.modified) for s in sources]
    if digest_list is not None:
        planned.append(PlannedFile(digest_list.name, digest_list.size, digest_list.modified))
    return planned


def steps_of(
    plan: VolumePlan, sources: Sequence[NamedSource], digest_list: DigestList | None
) -> list[Step]:
    """Return all steps, ascending: those who hash can follow, and hardware has it in its order."""
    steps = [Step(s.offset, s.length, s) for s in plan.structures]
    # The list of digests has the last place and is not among the sources.
    steps += (
        Step(offset, source.size, source)
        for source, offset in zip(sources, plan.offsets, strict=False)
    )
    if digest_list is not None:
        steps.append(Step(plan.offsets[-1], digest_list.size, digest_list))
    return sorted(steps, key=itemgetter(0))


def spans_of(steps: Sequence[Step]) -> list[Span]:
    """Return where the files are whose digests are listed."""
    return [
        Span(content.name, offset, length)
        for offset, length, content in steps
        if isinstance(content, NamedSource)
    ]


def composed(digest_list: DigestList, digests: Mapping[Name, str]) -> bytes:
    """Return the content of the list of *digests*.

    Raises:
        CannotWrite: it has another size than was planned.
    """
    content = digest_list.compose(digests)
    if len(content) != digest_list.size:
        raise CannotWrite(
            f"has {len(content)} bytes where {digest_list.size} were planned",
            shown(digest_list.name),
            "Report this: it is a mistake in the program, not on your side",
        )
    return content
