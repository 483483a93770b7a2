"""Whether a FAT volume has room for what an update has planned, without writing anything."""

from datetime import UTC, datetime

from jacket.file_set.job import Planned


def refuse_without_room(planned: Planned) -> None:
    """Refuse what the real run would refuse: no room, a damaged volume, a name in the way.

    Raises:
        CannotRead: the medium or a source cannot be read.
        CannotWrite: there is not enough room, or the volume is damaged.
        NameDoesNotFit: a name is in the way of another one.
    """
    if not planned.done.kind.startswith("fat") or not planned.last:
        return
    from drivers import open_image
    from jacket.file_set.write import change_of
    from media.fat.place import find_volume
    from media.fat.update_checks import refuse_damaged
    from media.fat.update_plan import plan_update
    from media.fat.volume import read_fat_at

    clock = datetime.now(UTC).replace(microsecond=0)
    with open_image(planned.path) as image:
        place = find_volume(image)
        if place is None:
            return  # it was there a moment ago; the real run says what is wrong
        volume = read_fat_at(image, place)
        lost = any(finding.rule == "FAT-LOST" for finding in refuse_damaged(volume, image))
        plan_update(volume, image, change_of(planned, clock), clock, lost=lost)
