"""A ZIP archive as a medium: its files in the order in which they lie there (PS3.12 Annex V)."""

import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Final

from drivers.closing import ClosesItself
from media.entry import BlockReader, Entry
from media.extents import Extent, ExtentFile
from media.iso9660.names import shown
from media.locked import Locked, WrongPassword
from media.source import Name
from media.spool import Spool
from media.tolerant_names import TolerantNames
from media.zip.archive import Archive, Member, read_archive
from media.zip.content import content
from media.zip.records import STORED
from media.zip.rules import REMEDIES
from reporting import CannotRead, Finding

_TRIED: Final = 3  # files by which it is seen whether a password is right
_LARGE: Final = 1 << 20  # bytes that are read of each


def _nothing() -> None:
    """Have nothing to close."""


class ZipMedium(ClosesItself):
    """Reads from the archive it was given and lets go of it in the end."""

    kind: Final = "zip"
    label: Final = ""

    def __init__(
        self,
        reader: BlockReader,
        archive: Archive,
        path: str,
        *,
        password: bytes | None = None,
    ) -> None:
        """Take an archive that was read.

        Args:
            reader: the archive's bytes.
            archive: what `read_archive` said of them.
            path: what errors call it.
            password: for files that are encrypted.
        """
        self.members = archive.members
        self._reader, self._problems, self._path = reader, archive.problems, path
        self._password = password
        self._close: Callable[[], None] = _nothing

    def on_close(self, close: Callable[[], None]) -> None:
        """Have *close* let go of the archive's bytes in the end."""
        self._close = close

    def entries(self) -> Iterator[Entry]:
        return map(self.entry, self.members)

    def find(self, name: Name) -> Entry | None:
        return self._numbered(self._names.find(name))

    def find_tolerant(self, name: Name) -> Entry | None:
        return self._numbered(self._names.find_tolerant(name))

    def open(self, entry: Entry) -> "Spool | StoredFile":
        """Open a file of this medium; what is packed is unpacked as far as it is asked for.

        Raises:
            CannotRead: it is not whole, encrypted, or may not be unpacked. What turns out while
                it is read, such as a wrong checksum, is raised by the reading.
        """
        number = self._places.get((entry.name, entry.offset))
        if number is None:
            raise CannotRead("is not in this archive", shown(entry.name), "Name another file")
        return self.open_member(self.members[number])

    def open_member(self, member: Member) -> "Spool | StoredFile":
        """Open a file by what the archive says of it."""
        where = shown(member.name)
        header = member.header
        if member.fault is not None:
            kind = Locked if header.is_encrypted else CannotRead
            raise kind(member.fault[0], where, member.fault[1])
        if header.method == STORED and not header.is_encrypted:
            return StoredFile(self._reader, member)
        pieces = content(self._reader, member.data, header, where, self._password)
        if header.is_encrypted:
            pieces = _begun(pieces)  # A wrong password is told here.
        return Spool(pieces, member.size, where)

    def refuse_locked(self) -> None:
        """Refuse an archive that does not open for want of its password.

        Raises:
            Locked: there is nothing in it that can be read without a password.
            WrongPassword: no file of it opens with the password.
        """
        locked = [member for member in self.members if member.header.is_encrypted]
        readable = [member for member in locked if member.fault is None and member.size]
        if self._password is not None and readable:
            readable.sort(key=lambda member: member.size)
            if self._is_wrong(readable[:_TRIED]):
                raise WrongPassword(
                    "is encrypted with another password",
                    self._path,
                    "Check the password: of its first line every letter and every space counts",
                )
        elif locked and not any(map(_is_open, self.members)):
            remedy = "Give the password with --password-file FILE; - is standard input"
            if not readable:
                remedy = REMEDIES["ZIP-ENCRYPTED-STRONG"]
            raise Locked("is encrypted with a password", self._path, remedy)

    def _is_wrong(self, members: Sequence[Member]) -> bool:
        """Try the password on some files; return whether it is another one.

        It is not where it fits a file that is damaged. In the traditional encryption one password
        in a hundred seems to fit a file, and then what comes out is "damaged": that proves nothing
        while another file says that it does not fit.
        """
        is_wrong = False
        for member in members:
            try:
                with self.open_member(member) as file:
                    file.pread(min(member.size, _LARGE), 0)  # to its checksum, if it is not large
            except WrongPassword:
                is_wrong = True
            except CannotRead:
                if member.header.aes is not None:
                    return False
            else:
                return False
        return is_wrong

    def findings(self, demands: str | None = None) -> list[Finding]:
        return self._problems.findings()

    def close(self) -> None:
        self._close()

    @cached_property
    def _names(self) -> TolerantNames:
        return TolerantNames(member.name for member in self.members)

    @cached_property
    def _places(self) -> dict[tuple[Name, int], int]:
        return {(member.name, member.data): n for n, member in reversed([*enumerate(self.members)])}

    def _numbered(self, number: int | None) -> Entry | None:
        return None if number is None else self.entry(self.members[number])

    def entry(self, member: Member) -> Entry:
        """Return a file of the archive as one of the medium."""
        plain = member.header.method == STORED and not member.header.is_encrypted
        # What is packed lies nowhere as it is: no run of bytes of the archive is its content.
        runs = () if (plain and member.fault is None) or not member.size else ((member.data, 0),)
        return Entry(member.name, member.recorded, member.size, self._path, member.data, runs)


def _is_open(member: Member) -> bool:
    """Return whether there is something in a file that everybody can read."""
    return member.size > 0 and member.fault is None and not member.header.is_encrypted


def _begun(pieces: Iterator[bytes]) -> Iterator[bytes]:
    first = next(pieces, b"")

    def all_of_it() -> Iterator[bytes]:
        if first:
            yield first
        yield from pieces

    return all_of_it()


class StoredFile(ExtentFile):
    """A file that lies in the archive as it is; read from start to end its checksum is checked."""

    __slots__ = ("_checked", "_crc", "_right")

    def __init__(self, reader: BlockReader, member: Member) -> None:
        super().__init__(reader, [Extent(member.data, member.size)], member.name)
        self._checked = self._crc = 0  # bytes of which the checksum is known, and it
        self._right = member.header.crc

    def pread(self, length: int, offset: int) -> bytes:
        """Return exactly *length* bytes from byte *offset* of the file on.

        Raises:
            CannotRead: the file ends before, or is damaged.
        """
        data = super().pread(length, offset)
        if offset <= self._checked < offset + length:
            self._crc = zlib.crc32(memoryview(data)[self._checked - offset :], self._crc)
            self._checked = offset + length
        if self._checked == self.size and self._crc != self._right and offset + length == self.size:
            raise CannotRead(
                "is damaged: its checksum is another",
                shown(self._name),
                "Ask for the archive to be made or sent again",
            )
        return data


def open_zip(
    reader: BlockReader, path: str, *, password: bytes | None = None, recover: bool = True
) -> ZipMedium | None:
    """Return the archive in *reader* as a medium; None where there is none.

    Args:
        reader: the archive's bytes.
        path: what errors call it.
        password: for files that are encrypted.
        recover: look for files all through it where it has no end.

    Raises:
        Locked: it is encrypted, and there is nothing in it that can be read without a password.
        WrongPassword: no file of it opens with the password.
        CannotRead: it is one part of an archive of several.
    """
    archive = read_archive(reader, path, recover=recover)
    if archive is None:
        return None
    medium = ZipMedium(reader, archive, path, password=password)
    medium.refuse_locked()
    return medium
