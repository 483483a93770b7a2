"""UDF over the whole of a disc that can be overwritten, so that its last block has an anchor.

What lies between the content and that end is free space: nothing is written there.
"""

from typing import Final, Literal, NamedTuple

from drivers.mmc.recording_facts import Medium as Disc
from jacket.burning.digests import BLOCK
from jacket.writing import Volume
from media.udf.layout import aligned, lay_out_udf
from media.volume_plan import VolumePlan
from media.volume_steps import planned_files

# Discs that are formatted from their first block to their last before anything is written. A DVD+RW
# is so only after the drive has been at it for as long as it takes to write all of it.
_REVISIONS: Final[dict[str, Literal["1.50", "2.50"]]] = {"DVD-RAM": "1.50", "BD-RE": "2.50"}


class FarEnd(NamedTuple):
    """What closes a volume at the end of its disc."""

    start: int  # block
    data: bytes  # to the last block of the disc


class OnDisc(NamedTuple):
    """A volume as it goes on one disc."""

    volume: Volume  # its plan ends behind the content where there is a far end
    far_end: FarEnd | None


def reaches_far(volume: Volume, disc: Disc) -> bool:
    """Return whether a volume is to have the size of the disc."""
    plan = volume.measured.plan
    return plan is not None and plan.kind == "udf" and disc.kind in _REVISIONS


def on_whole_disc(volume: Volume, disc: Disc, *, wipe: bool = False) -> OnDisc:
    """Lay *volume* out for a disc that can be overwritten, with all the blocks that this one has.

    Args:
        volume: that was laid out for no disc in particular.
        disc: formatted.
        wipe: all of the disc is written, zeros where nothing else is.
    """
    plan, size = volume.measured.plan, disc.capacity * BLOCK
    if plan is None or plan.size > size:
        return OnDisc(volume, None)
    if reaches_far(volume, disc) and not disc.capacity % aligned(1):
        # Free blocks are more than what it takes to tell them: what fits as an image fits so.
        plan = lay_out_udf(
            planned_files(volume.named, volume.digest_list),
            label=volume.job.label,
            recorded=volume.job.recorded,
            revision=_REVISIONS[disc.kind],
            overwritable=True,
            size=disc.capacity,
        )
    if wipe:
        return OnDisc(_planned(volume, plan._replace(size=size)), None)
    return _in_two(volume, plan) if plan.size == size else OnDisc(volume, None)


def _in_two(volume: Volume, plan: VolumePlan) -> OnDisc:
    """Take the last unit of error correction off, and what is free before it."""
    start = plan.size - aligned(1) * BLOCK
    near = tuple(s for s in plan.structures if s.offset < start)
    # Behind all files there is the table of the free blocks.
    end = aligned(-(-max(s.offset + s.length for s in near) // BLOCK)) * BLOCK
    if end >= start:
        return OnDisc(_planned(volume, plan), None)
    data = bytearray(plan.size - start)
    for structure in plan.structures[len(near) :]:
        at = structure.offset - start
        data[at : at + structure.length] = b"".join(structure.pieces())
    head = plan._replace(size=end, structures=near)
    return OnDisc(_planned(volume, head), FarEnd(start // BLOCK, bytes(data)))


def _planned(volume: Volume, plan: VolumePlan) -> Volume:
    return volume._replace(measured=volume.measured._replace(plan=plan))
