"""Whether what an update has planned has room, without writing anything."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from jacket.file_set.job import Planned

if TYPE_CHECKING:
    from media.update import Change


def refuse_without_room(planned: Planned, capacity: int | None) -> None:
    """Refuse what the real run would refuse: no room, a damaged volume, a name in the way.

    Raises:
        CannotRead: the medium or a source cannot be read.
        CannotWrite: there is not enough room, or the volume is damaged.
        NameDoesNotFit: a name is in the way of another one.
    """
    if not planned.add and not planned.remove and not planned.last:
        return
    from jacket.file_set.write import change_of

    clock = datetime.now(UTC).replace(microsecond=0)
    change = change_of(planned, clock)
    if planned.done.kind == "folder":
        if planned.add or planned.remove:  # else files of some kilobytes are replaced
            _look_at_folder(planned.path, change, capacity)
    elif planned.done.kind == "iso9660":
        from media.iso9660.append import refuse_session

        label = planned.volume_label
        refuse_session(planned.path, change, recorded=clock, capacity=capacity, label=label)
    else:
        _look_at_fat(planned.path, change, clock)


def _look_at_folder(path: Path, change: "Change", capacity: int | None) -> None:
    from media.folder.update import places_for

    places_for(Path(os.path.realpath(path)), change, capacity)


def _look_at_fat(path: Path, change: "Change", clock: datetime) -> None:
    from drivers import open_image
    from media.fat.place import find_volume
    from media.fat.update_checks import refuse_damaged
    from media.fat.update_plan import plan_update
    from media.fat.volume import read_fat_at

    with open_image(path) as image:
        place = find_volume(image)
        if place is None:
            return  # it was there a moment ago; the real run says what is wrong
        volume = read_fat_at(image, place)
        lost = any(finding.rule == "FAT-LOST" for finding in refuse_damaged(volume, image))
        plan_update(volume, image, change, clock, lost=lost)
