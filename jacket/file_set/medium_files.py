"""A medium in an image or on a drive whose files are to be indexed."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dicomdir.index import Indexer
from dicomdir.instance import Instance
from dicomdir.scan import Scanned
from dicomdir.walk import PRead
from jacket.entry_index import index_entry, within
from jacket.file_set.files import CHUNK, FileID
from reporting import CannotRead, Progress

if TYPE_CHECKING:
    from media import Entry, Medium

_CUT_OFF: Final = ("-TRUNCATED", "-OUTSIDE")  # how rules end that tell of it
_LOST: Final = "FAT-LOST"  # an update that is killed may leave clusters that belong to no file


class MediumFiles:
    """A medium in an image or on a drive; its files count as below the path of the image."""

    def __init__(self, path: Path, medium: "Medium") -> None:
        """Take over *medium*, to be closed with this."""
        self.path = path
        self._medium = medium
        self._entries: dict[FileID, Entry] = {}
        self._names: dict[str, FileID] = {}  # by source

    @property
    def kind(self) -> str:
        return self._medium.kind

    @property
    def label(self) -> str:
        return self._medium.label

    def scan(self, indexer: Indexer, jobs: int | None, progress: Progress) -> Scanned:
        scanned = Scanned([], [])
        self._entries = {entry.name: entry for entry in self._medium.entries()}
        for done, entry in enumerate(self._entries.values()):
            progress("scan", done, len(self._entries))
            source = self._source_of(entry.name)
            found = index_entry(self._medium, entry, indexer)
            if isinstance(found, Instance):
                scanned.instances.append(found._replace(source=source))
            else:
                scanned.not_indexed.append(found._replace(source=source))
        scanned.instances.sort(key=lambda item: item.source)
        return scanned

    def name_of(self, source: str) -> FileID:
        return self._names[source]

    def own_name(self, source: str) -> FileID | None:
        return self._names.get(source)

    def shown_as(self, name: FileID) -> FileID:
        entry = self._entries.get(name)
        if entry is None or not self.kind.startswith("fat"):
            return name
        return (*name[:-1], entry.recorded)

    def names(self) -> Iterable[FileID]:
        return self._entries

    def is_taken(self, name: FileID) -> bool:
        return name in self._entries

    def content(self, name: FileID, largest: int) -> bytes | None:
        entry = self._medium.find(name)
        if entry is None:
            return None
        if entry.size > largest:
            raise CannotRead("is larger than any such file", "/".join(name), "Take it away")
        return b"".join(self.pieces(name))

    def pieces(self, name: FileID, offset: int = 0) -> Iterator[bytes]:
        entry = self._entries.get(name) or self._medium.find(name)
        if entry is None:
            raise CannotRead("is not there", "/".join(name), "Look at the medium again")
        with self._medium.open(entry) as file:
            while offset < file.size:
                piece = file.pread(min(CHUNK, file.size - offset), offset)
                yield piece
                offset += len(piece)

    @contextmanager
    def opened(self, name: FileID) -> Iterator[tuple[PRead, int]]:
        with self._medium.open(self._entries[name]) as file:
            yield within(file), file.size

    @contextmanager
    def on_disk(self, instances: Iterable[Instance]) -> Iterator[dict[str, str]]:
        """Copy files out of the medium; the copies are gone afterwards."""
        from tempfile import TemporaryDirectory

        with ExitStack() as stack:
            files: dict[str, str] = {}
            for instance in instances:
                name = self.own_name(instance.source)
                if name is None:
                    continue  # one that is to be added
                if not files:
                    folder = stack.enter_context(TemporaryDirectory())
                path = Path(folder, str(len(files)))
                with path.open("wb") as copy:
                    copy.writelines(self.pieces(name))
                files[instance.source] = str(path)
            yield files

    def flaws(self) -> tuple[str, ...]:
        found = {f.rule: f for f in self._medium.findings() if f.rule.endswith(_CUT_OFF)}
        return tuple(f"{f.message} ({rule}): {f.remedy}" for rule, f in found.items())

    def remnants(self) -> tuple[str, ...]:
        return tuple(
            f"{finding.message}, and may still hold images: repair the volume (fsck.fat, chkdsk), "
            "or copy its files to a new one"
            for finding in self._medium.findings()
            if finding.rule == _LOST
        )

    def close(self) -> None:
        self._medium.close()

    def _source_of(self, name: FileID) -> str:
        """Return a path for *name* that no other file has; a hostile name may hold a slash."""
        source = f"{self.path}/" + "/".join(part.replace("/", "\\") for part in name)
        while source in self._names:
            source += "'"
        self._names[source] = name
        return source
