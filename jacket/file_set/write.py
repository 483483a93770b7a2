"""Writes what an update of a File-set has planned, so that it is the old or the new one."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from dicomdir.replace_file import replace_atomically
from jacket.file_set.job import FileID, Indexed, Planned
from reporting import CannotWrite, Progress

if TYPE_CHECKING:
    from media.update import Change, Updated

# How an update leaves a medium that is stopped near its end.
_LEFT: Final = {
    "iso9660": "programs that know no sessions were shown an earlier one than the last",
    "fat": "the volume was left as if in use, by an update that was stopped or a stick pulled out",
}


def write_change(planned: Planned, capacity: int | None, progress: Progress) -> None:
    """Carry out a plan; nothing where there is nothing to do.

    Raises:
        CannotRead: a source changed or cannot be read any more.
        CannotWrite: no room, no permission, or what was written does not read back.
    """
    if not planned.add and not planned.remove:
        if not planned.last:
            return
        if planned.done.kind == "folder":  # no file comes or goes: one renaming each
            for name, content in planned.last:
                replace_atomically(planned.path.joinpath(*name), content)
            return
    updated = _update(planned, capacity, progress)
    different = [n for n, digest in planned.digests.items() if updated.digests[n] != digest]
    for name in (*different, *_not_as_planned(planned)):
        raise CannotWrite(
            "does not read back as it was written",
            "/".join(name),
            "Copy what is still good to a new medium; this one may be failing",
        )


def finish(planned: Planned, *, dry_run: bool) -> Indexed:
    """Finish what a stopped update left, where nothing else is to do; return what is told.

    Raises:
        CannotWrite: the medium cannot be written to.
    """
    done = planned.done
    # Whatever is written finishes that as well, and of a folder there is nothing.
    if planned.add or planned.remove or planned.last or done.kind == "folder":
        return done
    from media.update import finish_medium

    if not finish_medium(planned.path, done.kind, dry_run=dry_run):
        return done
    what = _LEFT["iso9660" if done.kind == "iso9660" else "fat"]
    remark = f"{what}; that {'would be' if dry_run else 'is'} put right"
    return done._replace(changed=True, remarks=(*done.remarks, remark))


def _not_as_planned(planned: Planned) -> Iterator[FileID]:
    """Open the medium as a stranger would, and yield the names that do not show what was done."""
    from media import open_medium

    with open_medium(planned.path) as medium:
        for name, instance in planned.add:
            entry = medium.find(name)
            if entry is None or not entry.size >= instance.size - instance.dataset_offset:
                yield name
        for name, content in planned.last:
            entry = medium.find(name)
            if entry is None or entry.size != len(content):
                yield name
                continue
            with medium.open(entry) as file:
                if file.pread(file.size, 0) != content:
                    yield name
        yield from (name for name in planned.remove if medium.find(name) is not None)


def _update(planned: Planned, capacity: int | None, progress: Progress) -> "Updated":
    from media.update import update_medium

    clock = datetime.now(UTC).replace(microsecond=0)
    change = change_of(planned, clock)
    if planned.volume_label is not None:
        from media.iso9660.append import append_session

        return append_session(
            planned.path,
            change,
            recorded=clock,
            capacity=capacity,
            progress=progress,
            label=planned.volume_label,
        )
    return update_medium(planned.path, change, recorded=clock, capacity=capacity, progress=progress)


def change_of(planned: Planned, clock: datetime) -> "Change":
    """Return a plan as what `media.update` carries out; new files are of the time of *clock*."""
    from jacket.file_set.additions import source_of
    from media.source import NamedSource
    from media.update import Change

    return Change(
        add=tuple(source_of(item, name, clock) for name, item in planned.add),
        remove=planned.remove,
        last=tuple(NamedSource(name, (content,), clock) for name, content in planned.last),
    )
