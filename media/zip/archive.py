"""Reads what is in a ZIP archive: tolerant of what is wrong, bounded in all it does.

Nothing here trusts the archive. What may not be read, because it would never end or because it
lies on top of something else, is known before a byte of it is unpacked.
"""

from collections import Counter
from stat import S_IFMT, S_ISDIR, S_ISREG
from typing import Final, NamedTuple

from media.entry import BlockReader
from media.fat.records import is_moment
from media.finding_list import FindingList
from media.iso9660.names import printable, shown
from media.source import Name
from media.zip.names import is_plain, safe_name
from media.zip.place import UNKNOWN, Listed, local_header, read_headers
from media.zip.records import (
    BZIP2,
    DEFLATE,
    DESCRIPTOR,
    LOCAL,
    LOCAL_SIZE,
    LZMA,
    MASKED,
    SPLIT,
    STORED,
    STREAMED,
    Header,
    decoded_name,
)
from media.zip.rules import REMEDIES, new_list
from reporting import CannotRead

_METHODS: Final = {
    1: "Shrink",
    6: "Implode",
    9: "Deflate64",
    93: "Zstandard",
    95: "XZ",
    96: "JPEG",
    98: "PPMd",
}
_READ: Final = (STORED, DEFLATE, BZIP2, LZMA)
_RARE: Final = (BZIP2, LZMA)
_UNIX: Final = 3
_DEEPEST: Final = 8  # levels, the root being the first
_GIB: Final = 1 << 30
# Deflate makes a 1032nd of anything at the best, so that who says more lies. Pictures never come
# near that: what is huge and was packed so well is made to fill a disk.
_BEST_RATIO, _STRANGE_RATIO = 1100, 200
_SMALL, _LARGE, _LARGE_FILE, _LARGE_ARCHIVE = 1 << 16, 1 * _GIB, 8 * _GIB, 64 * _GIB  # bytes
_LARGEST: Final = 4096 * _GIB  # bytes unpacked
_LONGEST_GAP: Final = 64 << 10  # bytes between two files that are looked at
_CONTAINERS: Final = (".zip", ".7z", ".rar", ".iso", ".img", ".tar", ".tgz", ".gz")
_BOMB: Final = "is beyond all measure of its size in the archive"


class Member(NamedTuple):
    """One file of an archive."""

    name: Name
    recorded: str
    at: int  # byte of its local header
    data: int  # byte at which its content begins, packed
    header: Header  # as the central directory says, or the local one where there is none
    fault: tuple[str, str] | None  # why it cannot be read, and what to do

    @property
    def size(self) -> int:
        return max(self.header.size, 0)

    @property
    def end(self) -> int:
        return self.data + self.header.packed


class Archive(NamedTuple):
    """Everything that an archive says of itself."""

    members: list[Member]  # files in the order in which they lie there
    problems: FindingList


def read_archive(reader: BlockReader, where: str, *, recover: bool = True) -> Archive | None:
    """Read an archive, or return None where there is none.

    Args:
        reader: the archive's bytes.
        where: what errors call it.
        recover: look for files all through it where it has no end.

    Raises:
        CannotRead: it is one of several parts.
    """
    if reader.size < LOCAL_SIZE - 8:
        return None
    problems = new_list()
    listed = read_headers(reader, problems, recover=recover)
    if listed is None:
        return None
    _refuse_split(reader, listed, where)
    return Archive(_Gathering(reader, listed, problems).members(), problems)


def _refuse_split(reader: BlockReader, listed: Listed, where: str) -> None:
    first = reader.pread(4, 0)
    if listed.disk or (listed.is_recovered and first == DESCRIPTOR):
        raise CannotRead(
            "is one part of a ZIP archive of several",
            where,
            "Put all parts in one folder, unpack the last one with 7-Zip, and name the folder",
        )


class _Gathering:
    """Turns headers into members, and what is odd into findings."""

    def __init__(self, reader: BlockReader, listed: Listed, problems: FindingList) -> None:
        self._reader, self._listed, self._problems = reader, listed, problems
        self._ends: list[tuple[int, int]] = []  # of everything that lies in the archive
        self._limit = listed.directory[0]
        self._encrypted: Counter[str] = Counter()  # by rule

    def members(self) -> list[Member]:
        headers = sorted(self._listed.headers, key=lambda header: header.at)
        reached = 0
        members: list[Member] = []
        for header in headers:
            member, begin, end = self._member(header, reached)
            if member is not None:
                members.append(member)
            reached = max(reached, end)
            self._ends.append((begin, end))
        self._look_between()
        for rule, number in self._encrypted.items():
            # One is as the other, and what is to be done is done once.
            what = f"{number:,} of {len(members):,} files are encrypted"
            self._problems.add(rule, "archive", what)
        members = self._without_bombs(members)
        self._check_names(members)
        return members

    def _member(self, header: Header, reached: int) -> tuple[Member | None, int, int]:
        """Return a file, if it is one, and the bytes of the archive that belong to it."""
        text = decoded_name(header)
        where = printable(text[:200])
        safe = safe_name(text)
        local, data = local_header(self._reader, header.at)
        end = data + header.packed
        if safe.has_backslash:
            self._problems.add("ZIP-NAME-BACKSLASH", where)
        if safe.is_unsafe and (safe.name or safe.is_folder):
            self._problems.add("ZIP-NAME-UNSAFE", where)
        if safe.is_folder:
            if header.size or header.packed > 2:  # Two: nothing at all, deflated.
                self._problems.add("ZIP-FOLDER-CONTENT", where)
            return None, header.at, end if local else header.at
        if self._is_special(header):
            self._problems.add("ZIP-LINK", where)
            return None, header.at, end if local else header.at
        if not safe.name:
            self._problems.add("ZIP-NAME-NONE", where)
            return None, header.at, end if local else header.at
        fault = self._fault(header, local, end, reached, where)
        if fault is None and local is not None:
            self._compare(header, local, where)
        member = Member(safe.name, safe.recorded, header.at, data, header, fault)
        return member, header.at, end if local else header.at

    def _is_special(self, header: Header) -> bool:
        mode = header.attributes >> 16
        kind = S_IFMT(mode)
        return header.system == _UNIX and bool(kind) and not (S_ISREG(mode) or S_ISDIR(mode))

    def _fault(
        self, header: Header, local: Header | None, end: int, reached: int, where: str
    ) -> tuple[str, str] | None:
        """Return why a file cannot be read; tell of it."""
        if local is None:
            return self._cannot("ZIP-LOCAL", where, "has no header in front of it")
        if header.at < reached:
            return self._cannot("ZIP-OVERLAP", where, "lies in the same bytes as another file")
        if header.size == UNKNOWN or end > self._reader.size:
            return self._cannot("ZIP-OUTSIDE", where, "is not whole in the archive")
        if not self._listed.is_recovered and end > self._limit and header.at < self._limit:
            return self._cannot("ZIP-OVERLAP", where, "lies in the same bytes as the directory")
        if header.is_encrypted:
            rule = "ZIP-ENCRYPTED" if header.aes is None else "ZIP-ENCRYPTED-AES"
            rule = "ZIP-ENCRYPTED-STRONG" if header.is_beyond_reading else rule
            self._encrypted[rule] += 1
            if header.is_beyond_reading:
                return "is encrypted in a way that is not read here", REMEDIES[rule]
        if header.packing not in _READ:
            method = _METHODS.get(header.packing, f"method {header.packing}")
            return self._cannot("ZIP-METHOD", where, f"is compressed by {method}")
        if header.packing in _RARE:
            self._problems.add("ZIP-METHOD-RARE", where)
        if header.method == STORED and not header.is_encrypted and header.packed != header.size:
            return self._cannot("ZIP-LOCAL-DIFFERS", where, "has two different sizes")
        return None

    def _cannot(self, rule: str, where: str, why: str) -> tuple[str, str]:
        self._problems.add(rule, where)
        return why, REMEDIES[rule]

    def _compare(self, header: Header, local: Header, where: str) -> None:
        """Tell where both headers of a file disagree: programs go by one or by the other."""
        if local.flags & MASKED:
            return
        fields = ["method", "crc", "packed", "size"]
        if local.flags & STREAMED:
            # They may stand behind the content only.
            fields = ["method", *(f for f in fields[1:] if getattr(local, f))]
        differing = [f for f in fields if getattr(header, f) != getattr(local, f)]
        if header.aes != local.aes:
            differing.append("encryption")
        if header.name != local.name:
            differing.append("name")
        if differing:
            self._problems.add("ZIP-LOCAL-DIFFERS", where, f"in {', '.join(differing)}")

    def _look_between(self) -> None:
        """Tell of what lies in front of the archive and of files that no entry accounts for."""
        reached = 0
        for begin, end in [*self._ends, (self._limit, self._limit)]:
            if begin > reached and begin <= self._reader.size:
                # What was streamed may have up to 24 bytes of numbers behind it.
                self._look_at(reached, begin)
            reached = max(reached, end)

    def _look_at(self, start: int, end: int) -> None:
        at = start
        if start:
            head = self._reader.pread(min(_LONGEST_GAP, end - start), start)
            found = head.find(LOCAL)
            if found < 0:
                return
            at += found
        elif end == 4 and self._reader.pread(4, 0) in SPLIT:
            return
        header, _ = local_header(self._reader, at)
        if header is not None:
            self._problems.add("ZIP-HIDDEN", printable(decoded_name(header)[:200]))
        elif not start and not self._listed.is_recovered:
            self._problems.add("ZIP-PREFIX", f"{end} bytes")

    def _without_bombs(self, members: list[Member]) -> list[Member]:
        """Mark as not to be read what is far larger than anything honest."""
        total = packed = 0
        judged = []
        for member in members:
            if member.fault is None:
                size, length = total + member.size, packed + member.header.packed
                strange = size > _LARGE_ARCHIVE and size > length * _STRANGE_RATIO
                if _is_bomb(member.header) or strange or size > _LARGEST:
                    fault = self._cannot("ZIP-BOMB", shown(member.name), _BOMB)
                    member = member._replace(fault=fault)
                else:
                    total, packed = size, length
            judged.append(member)
        return judged

    def _check_names(self, members: list[Member]) -> None:
        seen: dict[Name, Name] = {}  # by what systems see that do not tell upper from lower case
        folders: set[Name] = set()
        for member in members:
            folded = tuple(part.upper() for part in member.name)
            if folded in seen:
                message = f"{shown(seen[folded])} is there as well"
                self._problems.add("ZIP-NAME-DUPLICATE", shown(member.name), message)
            seen.setdefault(folded, member.name)
            above = folded[:-1]
            while above and above not in folders:
                folders.add(above)
                above = above[:-1]
            self._check_name(member)
        for folded in sorted(seen.keys() & folders):
            self._problems.add("ZIP-NAME-DUPLICATE", shown(seen[folded]), "is a file and a folder")
        tops = {name[0] for name in seen}
        if len(tops) == 1 and all(len(name) > 1 for name in seen):
            self._problems.add("ZIP-FOLDER", shown(members[0].name[:1]))

    def _check_name(self, member: Member) -> None:
        if not is_plain(member.name) or member.recorded != member.name[-1]:
            self._problems.add("ZIP-NAME", shown(member.name))
        if len(member.name) > _DEEPEST:
            self._problems.add("ZIP-DEPTH", shown(member.name))
        if not is_moment(member.header.date, member.header.time):
            self._problems.add("ZIP-DATE", shown(member.name))
        if member.recorded.lower().endswith(_CONTAINERS):
            self._problems.add("ZIP-INSIDE", shown(member.name))


def _is_bomb(header: Header) -> bool:
    size, packed = header.size, header.packed
    if size <= packed * _STRANGE_RATIO:
        return False
    lies = size > packed * _BEST_RATIO + _SMALL and (header.method == DEFLATE or size > _LARGE)
    return lies or size > _LARGE_FILE
