"""What earlier files of a scan teach about the layout of the next.

Files of one series have the same elements with mostly the same lengths, in the same order. A
*run* is a stretch of such elements; one Struct reads all its headers at once, and when they are
equal to those of the earlier file, every element lies where it lay there. That is as sure as
reading the headers one by one, because all of them are compared, and three times as fast.

Elements whose lengths vary become the beginnings of runs: a run is found by the header of its
first element, length included, so each length that occurs gets a run of its own.
"""

from collections.abc import Callable, Mapping
from struct import Struct
from typing import Final

Kept = tuple[tuple[int, int, int], ...]  # (swapped tag, start, end) within the run
Run = tuple[
    Callable[[bytes, int], tuple[int, ...]],  # reads all headers of the run at an offset
    tuple[int, ...],  # what they have to be
    Kept,
    int,  # bytes of the run
]
# Swapped tag (INSIDE for what a sequence of undefined length holds), bytes of the header (8 or
# 12), bytes jumped over after it, bytes of the element with everything inside.
Met = tuple[int, int, int, int]

INSIDE: Final = -1
# Group Length, Version, SOP Class and Instance UID, Transfer Syntax UID, Implementation Class UID.
_JUDGED: Final = frozenset((0x00020000, 0x00020001, 0x00020002, 0x00020003, 0x00020010, 0x00020012))
LONGEST: Final = 64  # elements of a run
_MOST_RUNS: Final = 20_000  # about 30 MB; a scan of very different files stops learning here
_PRICE: Final = 12  # how many hits pay for learning one run
_CREDIT: Final = 6_000  # learning is free until this is used up

# A place where runs do not help: the element is read by itself.
SINGLE: Final[Run] = (lambda data, offset: (), (), (), 0)


class LayoutMemo:
    """The runs learnt so far, by the first eight bytes of their first element."""

    __slots__ = ("_members", "_varying", "credit", "meta", "runs")

    def __init__(self) -> None:
        self.runs: dict[bytes, Run] = {}
        # The File Meta Information as one run, by the bytes of its group length.
        self.meta: dict[bytes, Run] = {}
        self.credit = _CREDIT
        self._members: dict[bytes, list[Met]] = {}
        self._varying: set[int] = set()  # tags seen with other lengths: runs end before them

    def ends_before(self, tag: int) -> bool:
        """Tell whether a run that is being learnt must end before this tag."""
        return tag in self._varying

    def learn(self, data: bytes, start: int, met: list[Met], wanted: Mapping[int, bytes]) -> None:
        """Keep the elements in *met*, which stand in *data* from *start* on, as a run."""
        self.credit -= _PRICE
        if len(self.runs) >= _MOST_RUNS:
            self.credit = -1
            return
        key = data[start : start + 8]
        self.runs[key] = run_of(data, start, met, wanted)
        self._members[key] = met

    def learn_meta(self, data: bytes, start: int, met: list[Met]) -> None:
        """Keep the File Meta Information that stands in *data* from *start* on.

        Of the elements that are judged the values are kept, without headers, by plain tags.
        """
        if len(self.meta) >= _MOST_RUNS:
            return
        unpack, expected, _, length = run_of(data, start, met, {})
        kept, position = [], 0
        for tag, header, _, whole in met:
            if tag in _JUDGED:
                kept.append((tag, position + header, position + whole))
            position += whole
        self.meta[data[start : start + 12]] = unpack, expected, tuple(kept), length

    def give_up(self, key: bytes) -> None:
        """Read the element that begins with *key* by itself from now on."""
        self.runs[key] = SINGLE
        self._members.pop(key, None)

    def shorten(self, data: bytes, start: int, wanted: Mapping[int, bytes]) -> None:
        """End the run known for *start* before the first element that is another one here."""
        key = data[start : start + 8]
        met, (_, expected, _, _) = self._members[key], self.runs[key]
        same = position = index = 0
        for same, (_, header, length, _) in enumerate(met):  # noqa: B007 (used after the loop)
            here = _numbers(data, start + position, header)
            if here != expected[index : index + len(here)]:
                break
            position += header + length
            index += len(here)
        while met[same][0] == INSIDE:  # a run ends between elements, not within one
            same -= 1
        self._varying.add(met[same][0])
        if same == 0:  # a long VR: its length is not in the eight bytes of the key
            self.give_up(key)
            return
        self.credit -= 1
        self._members[key] = met[:same]
        self.runs[key] = run_of(data, start, met[:same], wanted)


def _numbers(data: bytes, offset: int, header: int) -> tuple[int, ...]:
    return _LONG(data, offset) if header == 12 else _SHORT(data, offset)


_SHORT: Final = Struct("<Q").unpack_from
_LONG: Final = Struct("<QI").unpack_from


def run_of(data: bytes, start: int, met: list[Met], wanted: Mapping[int, bytes]) -> Run:
    """Return the run of elements that stand in *data* from *start* on."""
    formats, kept, position = [], [], 0
    for tag, header, length, whole in met:
        formats.append(f"{'QI' if header == 12 else 'Q'}{length}x")
        if tag in wanted:
            kept.append((tag, position, position + whole))
        position += header + length
    unpack = Struct("<" + "".join(formats)).unpack_from
    return unpack, unpack(data, start), tuple(kept), position
