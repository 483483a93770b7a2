"""What goes where on the medium: names, the directory with its icons, and the files' bytes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Final, NamedTuple

from dicomdir.build import Built, build_directory
from dicomdir.encode import encode_dicomdir
from dicomdir.instance import Instance
from jacket.generated_words import told
from media.source import FileRange, NamedSource
from media.volume_plan import PlannedFile
from profiles.application_profiles import ApplicationProfile
from profiles.estimate import size_after
from profiles.file_ids import assign_file_ids
from profiles.plan import Action, Plan, PlannedInstance
from profiles.rehead import rehead
from reporting import Progress, silent

if TYPE_CHECKING:
    from profiles.application_profiles import IconRule

_ICON_HEAD: Final = 200  # bytes of the elements around the pixels of an icon
_ICON_SIZE: Final = 64 * 64  # bytes of an icon that nobody asked for in another size


class Layout(NamedTuple):
    """What goes where on the medium."""

    uid: str
    built: Built
    named: list[NamedSource]  # the directory, then the instances in their order
    remarks: tuple[str, ...]
    about_patients: tuple[str, ...] = ()  # remarks on files that disagree about a patient


def lay_out(
    ready: Plan, files: Mapping[str, str], clock: datetime, label: str, row: ApplicationProfile
) -> Layout:
    """Give every instance its name and build the directory.

    Args:
        ready: what is written, in its order.
        files: where converted sources lie now.
        clock: the job's.
        label: File-set ID.
        row: whose keys the records must have.
    """
    file_ids = assign_file_ids(ready.instances)
    uid = _file_set_uid(clock, ready, file_ids)
    instances = [item.instance for item in ready.instances]
    built = build_directory(
        list(zip(instances, file_ids, strict=True)),
        file_set_uid=uid,
        file_set_id=label,
        additional=row.additional_keys,
    )
    sources = dict(zip(file_ids, (instance.source for instance in instances), strict=True))
    # By their sources: the operator can look at them, and a dry run makes no other files.
    conflicts = [
        conflict._replace(first=(sources[conflict.first],), other=(sources[conflict.other],))
        for conflict in built.conflicts
    ]
    whose = tuple(str(each) for each in conflicts if each.record_type == "PATIENT")
    others = (str(each) for each in conflicts if each.record_type != "PATIENT")
    remarks = (*told(built.generated), *others)
    named = _named_sources(built, ready, file_ids, files, clock)
    return Layout(uid, built, named, remarks, whose)


def with_icons(
    ready: Plan, icons: "Icons | None", files: Mapping[str, str]
) -> tuple[Plan, int, tuple[str, ...]]:
    """Return the plan with icons among the keys, how many, and what is to be told of them."""
    if icons is None:
        return ready, 0, ()
    instances, number, remarks = icons.added_to([i.instance for i in ready.instances], files)
    planned = tuple(
        item._replace(instance=instance)
        for item, instance in zip(ready.instances, instances, strict=True)
    )
    return ready._replace(instances=planned), number, remarks


class Icons:
    """Makes the icons that records of a job get (PS3.3 F.7)."""

    def __init__(
        self,
        rule: "IconRule | None",
        *,
        jobs: int | None = None,
        progress: Progress = silent,
    ) -> None:
        """Prepare icons as a profile's *rule* has them, or as are usual when it has none."""
        self._rule = rule
        self._jobs = jobs
        self._progress = progress

    @property
    def bytes_each(self) -> int:
        """About how much one icon adds to the directory."""
        size = self._rule.rows * self._rule.columns if self._rule is not None else _ICON_SIZE
        return size + _ICON_HEAD

    def wanted_for(self, instance: Instance) -> bool:
        """Tell whether the record of an instance gets one."""
        if self._rule is None:
            return instance.record_type == "IMAGE"
        return instance.record_type in self._rule.record_types

    def added_to(
        self, instances: Sequence[Instance], files: Mapping[str, str]
    ) -> tuple[list[Instance], int, tuple[str, ...]]:
        """Return *instances* with icons among their keys, how many, and what is to be told.

        An image whose pixels cannot be used gets a grey icon where the profile requires one, and
        none where it does not.

        Args:
            instances: as they will stand on the medium.
            files: where those lie whose source is not the file to read.
        """
        from profiles.icons import DEFAULT_ICON, IconJob, make_icons, with_icon

        rule = self._rule or DEFAULT_ICON
        places = [n for n, instance in enumerate(instances) if self.wanted_for(instance)]
        work = [IconJob(_where_it_lies(instances[place], files), rule) for place in places]
        made = make_icons(work, workers=self._jobs, progress=self._progress)
        done = list(instances)
        odd: Counter[str] = Counter()
        number = 0
        for place, icon in zip(places, made, strict=True):
            if icon.remark:
                odd[icon.remark] += 1
                if not rule.required:
                    continue
            done[place] = done[place]._replace(keys=with_icon(done[place].keys, icon.icon))
            number += 1
        what = "a grey icon" if rule.required else "no icon"
        return done, number, tuple(f"{what} for {n:,}: {why}" for why, n in odd.items())


def _where_it_lies(instance: Instance, files: Mapping[str, str]) -> Instance:
    path = files.get(instance.source)
    return instance if path is None else instance._replace(source=path)


def to_be(layout: Layout, decided: Plan, icons: Icons | None) -> list[PlannedFile]:
    """Return the files of a medium as large as they are, or about as they will be.

    Args:
        layout: with the names and the files.
        decided: what is, or is still to be, converted.
        icons: that are still to be made; None: those that are wanted are there.
    """
    directory, *files = layout.named
    size = directory.size
    if icons is not None:
        size += icons.bytes_each * sum(icons.wanted_for(i.instance) for i in decided.instances)
    planned = [PlannedFile(directory.name, size, directory.modified)]
    for item, file in zip(decided.instances, files, strict=True):
        ahead = 0 if item.source_size else growth(item)
        planned.append(PlannedFile(file.name, file.size + ahead, file.modified))
    return planned


def growth(item: PlannedInstance) -> int:
    """Return by how many bytes an instance grows (or shrinks): as it did, or about as it will."""
    instance = item.instance
    if item.action is not Action.TRANSCODE:
        return 0
    if item.source_size:
        return instance.size - item.source_size
    after = size_after(
        instance.size,
        instance.transfer_syntax_uid,
        instance.facts,
        item.target_syntax,
        lossy=item.lossy,
    )
    return after - instance.size


def _file_set_uid(clock: datetime, decided: Plan, file_ids: Sequence[tuple[str, ...]]) -> str:
    """Return a UID that the same objects at the same time get again (PS3.5 B.2, a UUID)."""
    digest = sha256(clock.isoformat().encode())
    for item, file_id in zip(decided.instances, file_ids, strict=True):
        digest.update(f"{item.instance.sop_instance_uid} {'/'.join(file_id)}\n".encode())
    number = int.from_bytes(digest.digest()[:16], "big")
    number = number & ~(0xF << 76) | 8 << 76  # UUID version 8: made by a rule of our own
    number = number & ~(0b11 << 62) | 0b10 << 62  # the variant of RFC 9562
    return f"2.25.{number}"


def _named_sources(
    built: Built,
    decided: Plan,
    file_ids: Sequence[tuple[str, ...]],
    files: Mapping[str, str],
    clock: datetime,
) -> list[NamedSource]:
    """Return what goes on the medium; the directory first, as it is read first."""
    sources = [NamedSource(("DICOMDIR",), (encode_dicomdir(built.directory),), clock)]
    for item, file_id in zip(decided.instances, file_ids, strict=True):
        sources.append(NamedSource(file_id, _parts(item, files), clock))
    return sources


def _parts(item: PlannedInstance, files: Mapping[str, str]) -> tuple[FileRange | bytes, ...]:
    instance = item.instance
    path = files.get(instance.source, instance.source)
    stamp = instance.stamp if instance.stamp != (0, 0) else None
    if item.action is Action.REHEAD:
        head, offset, length = rehead(instance)
        return (head, FileRange(path, offset, length, instance.size, stamp))
    return (FileRange(path, 0, instance.size, instance.size, stamp),)
