"""The folders of a FAT volume to be: who is in which, under which short name."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from media.fat.names import (
    alias,
    is_short,
    long_record_count,
    refuse_unsuited_long_name,
    short_field,
)
from media.fat.records import MOST_RECORDS
from media.iso9660.names import MAXIMUM_LEVELS, NameDoesNotFit, shown
from media.source import Name
from reporting import CannotWrite

ROOT: Final = 0  # number of the folder that is the root


class Member(NamedTuple):
    """What is in a folder: a file by its number, or a folder by its own."""

    short: bytes  # field of 11 bytes
    long: str  # "" where the short name is the name
    number: int
    is_folder: bool


class Folder:
    """One folder; its members in the order in which they came."""

    __slots__ = ("members", "name", "parent", "records", "taken")

    def __init__(self, name: Name, parent: int) -> None:
        self.name, self.parent = name, parent
        self.members: list[Member] = []
        self.records = 0  # that its members take
        self.taken: dict[str, bool] = {}  # Name in upper case → whether it is a folder's.

    def add(self, component: str, member: Member) -> None:
        """Take *member* in, which is called *component*."""
        self.taken[component] = member.is_folder
        self.members.append(member)
        self.records += 1 + long_record_count(member.long) if member.long else 1


def plant(names: Sequence[Name], *, long_names: bool) -> list[Folder]:
    """Return all folders that the files *names* need; the root first, parents before children.

    Args:
        names: of the files, in their order.
        long_names: whether a file may have a last component that is no 8.3 name.

    Raises:
        NameDoesNotFit: a name is too deep, badly spelled, there twice, or both file and folder.
        CannotWrite: a folder has more members than can be recorded.
    """
    tree = _Tree()
    later = []
    for number, name in enumerate(names):
        if not 1 <= len(name) <= MAXIMUM_LEVELS:
            raise NameDoesNotFit(
                f"has {len(name)} levels",
                shown(name),
                f"Use at least a file name and at most {MAXIMUM_LEVELS - 1} folders above it",
            )
        if long_names and not is_short(name[-1]):
            refuse_unsuited_long_name(name[-1])
            later.append(number)
        tree.add_file(name, number, long=long_names and not is_short(name[-1]))
    tree.add_aliases(names, later)
    for folder in tree.folders:
        # The root has a label besides, the others have themselves and the one above.
        if folder.records + 2 > MOST_RECORDS:
            raise CannotWrite(
                f"has more than the {MOST_RECORDS:,} records that a folder can have",
                shown(folder.name),
                "Spread the files over more folders",
            )
    return tree.folders


class _Tree:
    def __init__(self) -> None:
        self.folders = [Folder((), ROOT)]
        self._numbers: dict[Name, int] = {(): ROOT}

    def add_file(self, name: Name, number: int, *, long: bool) -> None:
        number_above = self._numbers.get(name[:-1])
        folder = self._folder(name[:-1]) if number_above is None else self.folders[number_above]
        component = name[-1]
        folded = component.upper()
        if folded in folder.taken:
            if folder.taken[folded]:
                raise _both(name)
            raise NameDoesNotFit("is there twice", shown(name), "Give every file its own name")
        # Files with a long name keep their place and get their short name when all others are
        # known, so that none of these has to make room.
        short = b"" if long else short_field(component)
        folder.add(folded, Member(short, component if long else "", number, False))

    def add_aliases(self, names: Sequence[Name], numbers: Sequence[int]) -> None:
        parents = {self._numbers[names[number][:-1]] for number in numbers}
        for parent in sorted(parents):
            members = self.folders[parent].members
            taken = {member.short for member in members}
            stems: dict[str, int] = {}
            for at, member in enumerate(members):
                if member.long:
                    short = alias(member.long, taken, stems)
                    taken.add(short)
                    members[at] = member._replace(short=short)

    def _folder(self, name: Name) -> Folder:
        number = self._numbers.get(name)
        if number is None:
            parent, component = self._folder(name[:-1]), name[-1]
            if component in parent.taken:
                raise _both(name)
            number = self._numbers[name] = len(self.folders)
            parent.add(component, Member(short_field(component), "", number, True))
            self.folders.append(Folder(name, self._numbers[name[:-1]]))
        return self.folders[number]


def _both(name: Name) -> NameDoesNotFit:
    return NameDoesNotFit("is a file and a folder", shown(name), "Rename one of them")
