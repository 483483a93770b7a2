"""Takes files out of all systems of names of a disc, and puts new ones into all of them.

Readers of one system must see what all others see, so that whoever names a file by its plain name
means its other names as well, and a file that is replaced keeps those.
"""

from collections.abc import Iterable
from datetime import datetime

from media.iso9660.fields import record_date
from media.iso9660.names import NameDoesNotFit, printable, shown
from media.iso9660.session_disc import Disc, RockRidgeNames
from media.iso9660.session_folders import Place, SessionFile, SessionFolder
from media.iso9660.session_names import RockRidgeFields
from media.iso9660.session_tree import FolderFields, SessionTree, folded
from media.source import Name
from media.volume_plan import PlannedFile
from reporting import CannotWrite, NotSupported

_Files = dict[SessionFile, None]  # a set that keeps its order


class TreeChange:
    """What a session changes in the names of a disc."""

    def __init__(self, disc: Disc, recorded: datetime) -> None:
        """Begin with what the disc shows; *recorded* becomes the time of new folders."""
        self._plain, *self._others = [named.tree for named in disc.trees]
        self._folder_fields = FolderFields(record_date(recorded))
        self._before: dict[tuple[Name, SessionTree], SessionFile] = {}  # what is replaced
        self._rock_ridge: _RockRidgeChange | None = None
        if disc.rock_ridge is not None:
            self._rock_ridge = _RockRidgeChange(disc.rock_ridge, recorded)

    def take_out(self, names: Iterable[Name], replaced: Iterable[Name]) -> None:
        """Take out the files of these *names*, and of those that are *replaced* what is there.

        Raises:
            CannotWrite: one of *names* is not on the disc.
            NotSupported: it cannot be told which of the other names goes with a plain one.
        """
        gone: dict[SessionTree, _Files] = {tree: {} for tree in (self._plain, *self._others)}
        for name in names:
            found = self._plain.find(name)
            gone[self._plain] |= dict.fromkeys(found)
            if not found:
                self._take_by_other_name(name, gone)
        befores = {name: self._plain.find(name) for name in replaced}
        for found in befores.values():
            gone[self._plain] |= dict.fromkeys(found)
        for tree in self._others:
            for file in gone[self._plain]:
                gone[tree] |= dict.fromkeys(self._twins(file, tree, gone[self._plain]))
        self._note_replaced(befores, gone[self._plain])
        for tree, files in gone.items():
            for file in files:
                tree.remove(file)
        if self._rock_ridge is not None:
            self._rock_ridge.forget(gone[self._plain])

    def put_in(self, file: PlannedFile, first: int) -> None:
        """Put a file in, also under the other names of the one that it replaces.

        Args:
            file: what is to be there.
            first: its block, counted from where the session's content begins.

        Raises:
            NameDoesNotFit: its name cannot be recorded, or is that of something else.
        """
        above, component = file.name[:-1], file.name[-1]
        folder = self._plain.folder(above, self._fields_of)
        use = b""
        if self._rock_ridge is not None:
            before = self._before.get((file.name, self._plain))
            use = self._rock_ridge.system_use(file, folder, before)
        self._plain.add(file, folder, self._plain.spelling.file(component), first, use)
        for tree in self._others:
            self._put_in_other(file, tree, first)

    def finish(self) -> None:
        """Leave out the folders that have nothing left in them."""
        for tree in (self._plain, *self._others):
            tree.drop_emptied()

    def _put_in_other(self, file: PlannedFile, tree: SessionTree, first: int) -> None:
        above, component = file.name[:-1], file.name[-1]
        before = self._before.get((file.name, tree))
        if before is None:
            folder = tree.folder(above, lambda _: self._folder_fields)
        else:
            folder = before.folder
        own_name = before is not None and folded((before.name,)) != folded((component,))
        identifier = before.identifier if before and own_name else tree.spelling.file(component)
        tree.add(file, folder, identifier, first)

    def _fields_of(self, folder: str) -> FolderFields:
        if self._rock_ridge is None:
            return self._folder_fields
        return self._rock_ridge.fields.of_folder(folder)

    def _take_by_other_name(self, name: Name, gone: dict[SessionTree, _Files]) -> None:
        """Take out what has no plain name."""
        found = False
        for tree in self._others:
            files = [f for f in tree.find(name) if not self._plain.at(f.place or ())]
            gone[tree] |= dict.fromkeys(files)
            found = found or bool(files)
        if not found:
            raise CannotWrite(
                "is to be removed and is not on the disc by that name",
                shown(name),
                "Name it as it is recorded there",
            )

    def _twins(self, file: SessionFile, tree: SessionTree, gone: _Files) -> list[SessionFile]:
        """Return the files of another tree that are a plain one."""
        same = tree.at(file.place or ())
        namesakes = tree.find(file.path)
        if _is_empty(file.place):
            return [twin for twin in namesakes if _is_empty(twin.place)]
        if all(holder in gone for holder in self._plain.at(file.place or ())):
            return same
        twins = [twin for twin in namesakes if twin in same]
        if same and not twins:
            raise NotSupported(
                f"shares its content with other files, and none has its name in "
                f"{tree.spelling.title}",
                shown(file.path),
                "Make a new medium from its files instead",
            )
        return twins

    def _note_replaced(self, befores: dict[Name, list[SessionFile]], gone: _Files) -> None:
        for name, found in befores.items():
            if len(found) != 1:
                continue
            self._before[name, self._plain] = found[0]
            for tree in self._others:
                twins = self._twins(found[0], tree, gone)
                if len(twins) == 1:
                    self._before[name, tree] = twins[0]


class _RockRidgeChange:
    """The names that Rock Ridge gives: of what is kept, and of what is new."""

    def __init__(self, names: RockRidgeNames, recorded: datetime) -> None:
        self.fields = RockRidgeFields(names.front, recorded)
        self._names = names.names
        self._taken = {(folder, name) for (folder, _), name in names.names.items()}

    def forget(self, gone: _Files) -> None:
        """Set the names of files free that are taken out."""
        for file in gone:
            self._taken.discard((file.folder.number or 0, self._name_of(file)))

    def system_use(
        self, file: PlannedFile, folder: SessionFolder, before: SessionFile | None
    ) -> bytes:
        """Return what is recorded of a new file.

        Raises:
            NameDoesNotFit: another file of the folder has its name.
        """
        name = file.name[-1]
        if before is not None and self._name_of(before).upper() != name.upper():
            name = self._name_of(before)
        if folder.number is not None and (folder.number, name) in self._taken:
            raise NameDoesNotFit(
                f"is {printable(name)} in Rock Ridge, which is the name of another file",
                shown(file.name),
                "Choose another name",
            )
        return self.fields.of_file(name, file.modified)

    def _name_of(self, file: SessionFile) -> str:
        return self._names.get((file.folder.number or 0, file.identifier), file.name)


def _is_empty(place: Place | None) -> bool:
    return not any(size for _, size in place or ())
