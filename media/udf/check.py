"""Checks a UDF volume against what PS3.12 Annexes J, P and X, ECMA-167 and OSTA UDF ask for.

That the label is the File-set ID, and which files are DICOM's, is not checked here: this room
does not know.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from typing import Final

from media.entry import BlockReader
from media.extents import NOWHERE
from media.finding_list import FindingList
from media.udf.fields import (
    BYTES,
    HIDDEN,
    UNSPECIFIED,
    parse_text,
    parse_u16,
    parse_u32,
)
from media.udf.rules import RULES, new_list
from media.udf.tree import UdfFile, shown_path
from media.udf.volume import UdfVolume, revision_of
from reporting import Finding

__all__ = ["RULES", "check_revision", "check_udf"]

_KNOWN_REVISIONS: Final = frozenset(("1.01", "1.02", "1.50", "2.00", "2.01", "2.50", "2.60"))
_OLD: Final = frozenset(("1.01", "1.02", "1.50"))  # what NSR02 announces (UDF 2.1.7)
_CLOSED: Final = 1
_LEVELS: Final = 8  # of directories, the root being the first
_ILLEGAL: Final = ("", ".", "..")
# For others, the group and the owner (ECMA-167 4/14.9.5)
_EXECUTE: Final = 0b00001_00001_00001
_CHANGE: Final = 0b10010_10010_10010  # write and delete
_READ: Final = 0b00100_00100_00100

Run = tuple[int, int, str]  # first byte, byte after the last, what it is


def check_udf(volume: UdfVolume, image: BlockReader) -> list[Finding]:
    """Return all departures, also those that count on some kinds of media only."""
    found = new_list()
    _check_recognition(volume, found)
    _check_domain(volume, found)
    _check_volume(volume, found)
    _check_integrity(volume, found)
    if volume.size > image.size:
        found.add("UDF-TRUNCATED", f"byte {image.size}")
    _check_directories(volume, found)
    _check_names(volume, found)
    for file in volume.files:
        _check_file(volume, file, found)
    _check_identities(volume, found)
    _check_runs(sorted(_runs(volume)), found)
    return volume.problems.findings() + found.findings()


def _check_recognition(volume: UdfVolume, found: FindingList) -> None:
    wanted = b"NSR02" if volume.revision in _OLD else b"NSR03"
    sequence = [i for i in volume.recognition if i != b"BOOT2"]
    if sequence != [b"BEA01", wanted, b"TEA01"]:
        seen = " ".join(i.decode() for i in volume.recognition)
        found.add("UDF-RECOGNITION", "byte 32768", f"it is {seen}" if seen else "")


def check_revision(volume: UdfVolume, allowed: Collection[str]) -> list[Finding]:
    """Return whether the revision is none of those that are *allowed*."""
    found = new_list()
    if volume.revision not in allowed:
        where = f"sector {volume.structure.logical.sector}"
        wanted = " or ".join(sorted(allowed))
        found.add("UDF-REVISION", where, f"it is {volume.revision}, and is to be {wanted}")
    return found.findings()


def _check_domain(volume: UdfVolume, found: FindingList) -> None:
    where = f"sector {volume.structure.logical.sector}"
    if not volume.revision:
        found.add("UDF-DOMAIN", where)
    elif volume.revision not in _KNOWN_REVISIONS:
        found.add("UDF-REVISION-UNKNOWN", where, f"it says {volume.revision}")
    if "virtual" in volume.partitions:
        found.add("UDF-VIRTUAL", where)
    if "sparable" in volume.partitions:
        found.add("UDF-SPARABLE", where)


def _check_volume(volume: UdfVolume, found: FindingList) -> None:
    structure = volume.structure
    logical = structure.logical
    block_size = parse_u32(logical.data, 212)
    if block_size != structure.sector_size:
        found.add("UDF-BLOCK-SIZE", f"sector {logical.sector}", f"it is {block_size}")
    label = logical.data[84:212]
    if label[-1] >= len(label) or (label[-1] and parse_text(label[: label[-1]]) is None):
        found.add("UDF-LABEL", f"sector {logical.sector}")
    if structure.sector_size != 2048:
        found.add("UDF-SECTOR-SIZE", "volume", f"they are of {structure.sector_size} bytes")
    if len(structure.partitions) > 1:
        found.add("UDF-PARTITIONS", "volume", f"there are {len(structure.partitions)}")
    if structure.logical_volumes > 1:
        found.add("UDF-VOLUMES", "volume", "there are several logical volumes")
    if structure.primary is not None:
        where = f"sector {structure.primary.sector}"
        number, most, level, maximum = (
            parse_u16(structure.primary.data, at) for at in (56, 58, 60, 62)
        )
        if (number, most) != (1, 1):
            found.add("UDF-VOLUMES", where, f"it is volume {number} of {most}")
        if (level, maximum) != (2, 2):
            found.add("UDF-INTERCHANGE", where, f"they are {level} and {maximum}")
    level, maximum = parse_u16(volume.file_set, 28), parse_u16(volume.file_set, 30)
    if (level, maximum) != (3, 3):
        found.add("UDF-FILE-SET-INTERCHANGE", "file set", f"they are {level} and {maximum}")
    if revision_of(volume.file_set[416:448]) != volume.revision:
        found.add("UDF-DOMAIN", "file set", "the file set is of another revision than the volume")
    if parse_u32(volume.file_set, 464) & 0x3FFFFFFF:
        found.add("UDF-NAMED-STREAM", "file set")


def _check_integrity(volume: UdfVolume, found: FindingList) -> None:
    data = volume.structure.integrity
    if "virtual" in volume.partitions:
        return  # What counts there is the table that was written last (UDF 2.2.11).
    if data is None:
        found.add("UDF-INTEGRITY", "volume")
        return
    if parse_u32(data, 28) != _CLOSED:
        found.add("UDF-INTEGRITY-OPEN", "volume")
    at = 80 + 8 * parse_u32(data, 72)
    if at + 46 > len(data) or parse_u32(data, 76) < 46:
        found.add("UDF-INTEGRITY", "volume", "it does not count files and folders")
        return
    said = parse_u32(data, at + 32), parse_u32(data, at + 36)
    there = len({f.entry_at for f in volume.files}) + volume.unlisted, len(volume.directories)
    if said != there:
        found.add(
            "UDF-COUNTS",
            "volume",
            f"{said[0]} files and {said[1]} folders are told, {there[0]} and {there[1]} are there",
        )


def _check_directories(volume: UdfVolume, found: FindingList) -> None:
    for directory in volume.directories:
        where = shown_path(directory.name)
        if len(directory.name) >= _LEVELS:
            found.add("UDF-DEPTH", where)
        if directory.characteristics & HIDDEN:
            found.add("UDF-HIDDEN", where)
        if not directory.dated:
            found.add("UDF-DATE", where)
        _check_permissions(directory.permissions, _READ | _EXECUTE, where, found)


def _check_permissions(given: int, needed: int, where: str, found: FindingList) -> None:
    if given & needed != needed:
        found.add("UDF-PERMISSIONS", where)
    elif given & _CHANGE != _CHANGE:
        found.add("UDF-PERMISSIONS-CHANGE", where)


def _check_names(volume: UdfVolume, found: FindingList) -> None:
    seen: set[tuple[int, str]] = set()
    names = [(d.parent, d.name[-1]) for d in volume.directories if d.name]
    for directory, recorded in [*names, *((f.directory, f.recorded) for f in volume.files)]:
        where = shown_path((*volume.directories[directory].name, recorded))
        if recorded in _ILLEGAL or "/" in recorded or "\0" in recorded:
            found.add("UDF-NAME-ILLEGAL", where)
        if (directory, recorded) in seen:
            found.add("UDF-NAME-DUPLICATE", where)
        seen.add((directory, recorded))


def _check_file(volume: UdfVolume, file: UdfFile, found: FindingList) -> None:
    odd = (
        # UDF wants type 5 where PS3.12 speaks of type 0: readers take both for the same.
        ("UDF-FILE-TYPE", file.type not in (UNSPECIFIED, BYTES)),
        ("UDF-HIDDEN", file.characteristics & HIDDEN),
        ("UDF-VERSION", file.version != 1),
        ("UDF-DATE", not file.dated),
        ("UDF-UNRECORDED", any(e.offset == NOWHERE for e in file.extents)),
    )
    if any(broken for _, broken in odd) or file.permissions & (_READ | _CHANGE) != _READ | _CHANGE:
        where = _where(volume, file)
        for rule, broken in odd:
            if broken:
                found.add(rule, where)
        _check_permissions(file.permissions, _READ, where, found)


def _check_identities(volume: UdfVolume, found: FindingList) -> None:
    names = Counter(f.entry_at for f in volume.files)
    holders: dict[int, int] = {d.unique_id: d.entry_at for d in volume.directories}
    for file in volume.files:
        if names[file.entry_at] != file.links:
            found.add("UDF-LINKS", _where(volume, file), f"it says {file.links}")
        if names[file.entry_at] > 1:
            found.add("UDF-SHARED", _where(volume, file))
        if holders.setdefault(file.unique_id, file.entry_at) != file.entry_at:
            found.add("UDF-UNIQUE-ID", _where(volume, file))


def _where(volume: UdfVolume, file: UdfFile) -> str:
    return shown_path((*volume.directories[file.directory].name, file.recorded))


def _runs(volume: UdfVolume) -> Iterator[Run]:
    """Yield everything that has a place of its own."""
    size = volume.sector_size
    structure = volume.structure
    for sector in structure.anchors:
        yield sector * size, (sector + 1) * size, "an anchor"
    for extent, name in ((structure.main, "main"), (structure.reserve, "reserve")):
        yield extent.sector * size, extent.sector * size + extent.length, f"the {name} sequence"
    for directory in volume.directories:
        where = shown_path(directory.name)
        yield directory.entry_at, directory.entry_at + size, f"the entry of {where}"
        for at, length in directory.extents:
            if at != NOWHERE and not directory.entry_at < at < directory.entry_at + size:
                yield at, at + length, where
    seen: set[int] = set()
    for file in volume.files:
        if file.entry_at in seen:
            continue
        seen.add(file.entry_at)
        where = _where(volume, file)
        yield file.entry_at, file.entry_at + size, f"the entry of {where}"
        if not file.embedded:
            for at, length in file.extents:
                if at != NOWHERE:
                    yield at, at + length, where


def _check_runs(runs: list[Run], found: FindingList) -> None:
    reached, holder = 0, ""
    before: Run = (-1, -1, "")
    for run in runs:
        start, end, what = run
        if start == end:
            continue
        if (start, end) == before[:2]:
            found.add("UDF-SHARED", what, f"has the content of {before[2]}")
        elif start < reached:
            found.add("UDF-OVERLAP", what, f"lies in the same blocks as {holder}")
        if end > reached:
            reached, holder = end, what
        before = run
