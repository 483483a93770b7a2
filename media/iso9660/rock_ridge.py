"""Names that Rock Ridge gives to files beside their plain ones (SUSP 1.12, RRIP 1.12).

The tree is the same, but for folders that lay too deep: those were moved up, and the names say
where they belong.
"""

from collections.abc import Iterator
from stat import S_IFMT, S_ISDIR, S_ISREG
from typing import Final, NamedTuple

from media.entry import BlockReader
from media.finding_list import FindingList
from media.iso9660.names import printable, stripped
from media.iso9660.records import Iso9660Record, Malformed, parse_directory
from media.iso9660.volume import Volume, path_of
from media.source import Name
from reporting import CannotRead

_DEEPEST: Final = 64  # levels
_MOST_AREAS: Final = 32  # that continue what is said of one file
_LARGEST_AREA: Final = 32 << 10  # bytes
_LARGEST_AREAS: Final = 32 << 20  # bytes of all together
_CONTINUES, _SELF, _ABOVE = 1, 2, 4  # flags of NM (RRIP 4.1.4)
_NOT_NAMES: Final = frozenset(("", ".", ".."))


class _Said(NamedTuple):
    """What Rock Ridge says of one record."""

    name: str | None = None
    child: int | None = None  # block of the folder that belongs here
    is_moved: bool = False
    is_special: bool = False  # a link, a device
    is_packed: bool = False
    is_damaged: bool = False


class RockRidge(NamedTuple):
    """The names of files by Rock Ridge."""

    names: list[Name | None]  # of each file of the volume; None: it has no other
    placeholders: frozenset[int]  # numbers of files that stand where a folder belongs


def read_rock_ridge(volume: Volume, reader: BlockReader, problems: FindingList) -> RockRidge | None:
    """Return the names by Rock Ridge; None where the volume has none.

    Args:
        volume: as its plain names show it.
        reader: the image.
        problems: takes findings by the rules for several systems of names.
    """
    skip = _skipped(volume)
    if skip is None:
        return None
    return _Naming(volume, reader, skip, problems).run()


def has_rock_ridge(volume: Volume) -> bool:
    """Return whether a volume has other names by Rock Ridge; looks at nothing but its root."""
    return _skipped(volume) is not None


def _skipped(volume: Volume) -> int | None:
    """Return how many bytes others put in front of each System Use field (SUSP 5.3)."""
    if not volume.directories:
        return None
    root = next(parse_directory(volume.directories[0].data[:256], 0), None)
    if root is None or isinstance(root, Malformed):
        return None
    use = root.system_use
    for at in (0, 14):  # CD-ROM XA has 14 bytes of its own there.
        if use[at : at + 2] == b"SP" and use[at + 4 : at + 6] == b"\xbe\xef":
            return use[at + 6] if len(use) > at + 6 else 0
    return None


class _Naming:
    """Goes through all records once, then puts the names together."""

    def __init__(
        self, volume: Volume, reader: BlockReader, skip: int, problems: FindingList
    ) -> None:
        self._volume, self._reader, self._skip = volume, reader, skip
        self._problems = problems
        self._parents = [directory.parent for directory in volume.directories]
        self._components = [_plain(d.identifier) for d in volume.directories]
        self._files: dict[tuple[int, bytes], str] = {}
        self._placeholders: set[tuple[int, bytes]] = set()
        self._moved: set[int] = set()  # numbers of folders
        self._belongs: dict[int, tuple[int, str]] = {}  # block of a folder → where it belongs
        self._area_bytes = 0

    def run(self) -> RockRidge:
        children = {
            (d.parent, d.identifier, d.extent): n for n, d in enumerate(self._volume.directories)
        }
        for number, directory in enumerate(self._volume.directories):
            names: set[str] = set()
            for record in parse_directory(directory.data, directory.at):
                if isinstance(record, Malformed) or record.is_special:
                    continue
                where = path_of(directory, record.identifier)
                said = self._said(record)
                self._tell(said, where)
                name = self._usable(said.name, record, where, names)
                if said.child is not None:
                    self._belongs.setdefault(said.child, (number, name))
                    self._placeholders.add((number, record.identifier))
                elif record.is_directory:
                    child = children.get((number, record.identifier, record.extent))
                    if child is not None:
                        self._components[child] = name
                        if said.is_moved:
                            self._moved.add(child)
                else:
                    self._files[number, record.identifier] = name
        self._move_back()
        return self._names()

    def _tell(self, said: _Said, where: str) -> None:
        if said.is_damaged:
            self._problems.add("ISO-ROCK-RIDGE-DAMAGED", where)
        if said.is_special:
            self._problems.add("ISO-ROCK-RIDGE-LINK", where)
        if said.is_packed:
            self._problems.add("ISO-ROCK-RIDGE-PACKED", where)

    def _usable(self, name: str | None, record: Iso9660Record, where: str, names: set[str]) -> str:
        """Return the name of a record that a reader of Rock Ridge sees."""
        if name is None:
            return _plain(record.identifier)
        last = stripped(name)
        if last in _NOT_NAMES or "/" in name or "\0" in name:
            self._problems.add("ISO-VIEW-NAME", where, f"Rock Ridge: {printable(name[:100])}")
            return _plain(record.identifier)
        if name in names and not record.flags & 128:
            self._problems.add("ISO-VIEW-NAME", where, f"Rock Ridge: {printable(name)} twice")
        if not record.flags & 128:  # Every extent of a file has its name.
            names.add(name)
        return last

    def _move_back(self) -> None:
        """Put folders that were moved up where they belong."""
        by_block = {d.extent: n for n, d in enumerate(self._volume.directories)}
        for block, (parent, name) in self._belongs.items():
            number = by_block.get(block)
            if number is None:
                where = f"{path_of(self._volume.directories[parent])}/{printable(name)}"
                message = "a folder that has no plain name; it was not read"
                self._problems.add("ISO-ROCK-RIDGE-MOVED", where, message)
                continue
            self._parents[number], self._components[number] = parent, name
            self._moved.discard(number)
        for number in sorted(self._moved):
            where = path_of(self._volume.directories[number])
            message = "a folder that readers of Rock Ridge do not see"
            self._problems.add("ISO-ROCK-RIDGE-MOVED", where, message)

    def _names(self) -> RockRidge:
        folders = [self._folder(n) for n in range(len(self._volume.directories))]
        names: list[Name | None] = []
        placeholders = set()
        for number, file in enumerate(self._volume.files):
            key = file.directory, file.identifier
            if key in self._placeholders:
                placeholders.add(number)
            folder, name = folders[file.directory], self._files.get(key)
            names.append(None if folder is None or name is None else (*folder, name))
        return RockRidge(names, frozenset(placeholders))

    def _folder(self, number: int) -> Name | None:
        parts: list[str] = []
        while number:
            if len(parts) > _DEEPEST:
                return None  # A folder that was moved into itself.
            parts.append(self._components[number])
            number = self._parents[number]
        return tuple(reversed(parts))

    def _said(self, record: Iso9660Record) -> _Said:
        name, child, mode = b"", None, 0
        flags = {"moved": False, "special": False, "packed": False, "damaged": False}
        has_name = False
        for signature, data in self._fields(record.system_use[self._skip :]):
            if signature == b"NM" and data:
                has_name = has_name or not data[0] & (_SELF | _ABOVE)
                name += data[1:]
            elif signature == b"CL" and len(data) >= 4:
                child = int.from_bytes(data[:4], "little")
            elif signature == b"RE":
                flags["moved"] = True
            elif signature in (b"SL", b"PN"):
                flags["special"] = True
            elif signature == b"PX" and len(data) >= 4:
                mode = int.from_bytes(data[:4], "little")
            elif signature == b"ZF":
                flags["packed"] = True
            elif not signature:
                flags["damaged"] = True
        if S_IFMT(mode) and not (S_ISREG(mode) or S_ISDIR(mode)):
            flags["special"] = True
        text = name.decode("utf-8", "replace") if has_name else None
        return _Said(
            text, child, flags["moved"], flags["special"], flags["packed"], flags["damaged"]
        )

    def _fields(self, use: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Yield signature and content of every field; an empty signature where one is broken."""
        areas = 0
        while use:
            following: tuple[int, int, int] | None = None
            position = 0
            while position + 4 <= len(use):
                length = use[position + 2]
                signature = use[position : position + 2]
                if signature == b"ST" or not length:
                    break
                if length < 4 or position + length > len(use):
                    yield b"", b""
                    break
                data = use[position + 4 : position + length]
                if signature == b"CE" and len(data) >= 24:
                    block, start, size = (
                        int.from_bytes(data[at : at + 4], "little") for at in (0, 8, 16)
                    )
                    following = block, start, size
                else:
                    yield signature, data
                position += length
            if following is None:
                return
            areas += 1
            use = self._area(*following) if areas <= _MOST_AREAS else b""
            if not use:
                yield b"", b""

    def _area(self, block: int, start: int, size: int) -> bytes:
        at = block * self._volume.block_size + start
        self._area_bytes += size
        if size > _LARGEST_AREA or self._area_bytes > _LARGEST_AREAS:
            return b""
        try:
            return self._reader.pread(size, at)
        except CannotRead:
            return b""


def _plain(identifier: bytes) -> str:
    text = stripped(identifier.decode("latin-1"))
    return "_" if text in _NOT_NAMES else text.replace("/", "_").replace("\0", "_")
