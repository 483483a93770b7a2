"""What each record has for itself, held against profiles: references, icon, and those above it.

Many records ask the same, so that answers are remembered.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

from dicomdir.check_reference import Parents
from dicomdir.elements import BadEncoding
from dicomdir.instance import Instance
from dicomdir.record import DirectoryRecord
from profiles.check_content import Fault
from profiles.check_groups import Group
from profiles.check_icons import attributes_of, icon_faults
from profiles.check_record_keys import Own, Shape, key_faults, reference_faults, shape_of

_MOST_REMEMBERED: Final = 5_000  # answers; past this a medium is too motley to remember it

Living = Callable[[], Iterable[tuple[int, Group]]]  # the groups that are still to be asked


class Told(NamedTuple):
    """What speaks against a group of profiles."""

    group: int  # its number
    faults: list[Fault]
    where: str


class RecordChecks:
    """Asks the records of one medium."""

    def __init__(self, living: Living) -> None:
        """Ask for the groups that *living* gives, each time anew."""
        self._living = living
        # By identity of the record; it is kept, so that its identity is not given away.
        self._above: dict[tuple[int, bytes], DirectoryRecord] = {}
        self._icons: dict[tuple[int, str, bytes], tuple[Fault, ...]] = {}
        self._references: dict[tuple[bytes, bytes], tuple[Fault, ...]] = {}

    def see(
        self,
        record: DirectoryRecord,
        parents: Parents | None,
        instance: Instance,
        shape: Shape,
        own: Shape,
    ) -> Iterator[Told]:
        """Yield what speaks against a record and those above it.

        Args:
            record: that names the file of *instance*.
            parents: the records above it.
            instance: read from the file.
            shape: of the keys of the record.
            own: of the keys that the instance would have.
        """
        yield from self._sequences(record, instance, shape, own)
        if parents is not None:
            yield from self._parents(parents, instance)

    def _sequences(
        self, record: DirectoryRecord, instance: Instance, shape: Shape, own: Shape
    ) -> Iterator[Told]:
        """Judge what each record has for itself: references and icon."""
        looks = attributes_of(shape.icon) if shape.icon else b""
        for index, group in self._living():
            faults: list[Fault] = []
            if shape.references and group.asks_references:
                copied = own.references if group.copies_references else b""
                faults += self._reference_faults(shape.references, copied)
            icon = group.profile.icon
            if icon is not None:
                asked = (index, record.record_type, looks)
                known = self._icons.get(asked)
                if known is None:
                    known = tuple(icon_faults(icon, record.record_type, shape.icon))
                    if len(self._icons) < _MOST_REMEMBERED:
                        self._icons[asked] = known
                faults += known
            if faults:
                yield Told(index, faults, where_of(record, instance))

    def _reference_faults(self, stated: bytes, wanted: bytes) -> tuple[Fault, ...]:
        known = self._references.get((stated, wanted))
        if known is None:
            known = tuple(reference_faults(stated, wanted))
            if len(self._references) < _MOST_REMEMBERED:
                self._references[stated, wanted] = known
        return known

    def _parents(self, parents: Parents, instance: Instance) -> Iterator[Told]:
        """Judge the records above against each kind of instance below them (H.3-2 a)."""
        blocks = (instance.patient, instance.study, instance.series)
        for above, own in zip(parents, blocks, strict=True):
            if above is None:
                continue
            seen = (id(above), own)
            if seen in self._above:
                continue
            self._above[seen] = above
            yield from self._parent(above, own, instance)

    def _parent(self, above: DirectoryRecord, own: bytes, instance: Instance) -> Iterator[Told]:
        try:
            shape, known = shape_of(above.keys), shape_of(own)
        except BadEncoding:
            return  # the directory's own rules say so
        about = Own(instance.sop_class_uid, b"", known.presence(), {})
        where = f"{above.record_type} of {_first_file(above) or instance.source}"
        for index, group in self._living():
            profile = group.profile
            faults = [
                *key_faults(profile.additional_keys, above.record_type, shape.presence(), about)
            ]
            if profile.icon is not None and (shape.icon or profile.icon.required):
                faults += icon_faults(profile.icon, above.record_type, shape.icon)
            if faults:
                yield Told(index, faults, where)


def where_of(record: DirectoryRecord | None, instance: Instance) -> str:
    """Return the File ID by which *record* names the file, or where it was found."""
    return ("/".join(record.file_id) if record is not None else "") or instance.source


def _first_file(record: DirectoryRecord) -> str:
    """Return the File ID of the first file below a record: what an operator finds it by."""
    while record.children:
        record = record.children[0]
        if record.file_id:
            return "/".join(record.file_id)
    return ""
