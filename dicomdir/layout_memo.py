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
    Callable[[bytes, int], tuple[bytes, ...]],  # reads all headers of the run at an offset
    tuple[bytes, ...],  # what they have to be
    Kept,
    int,  # bytes of the run
]
# swapped tag, header as it stands, bytes of the value
Met = tuple[int, bytes, int]

LONGEST: Final = 64  # elements of a run
_MOST_RUNS: Final = 20_000  # about 30 MB; a scan of very different files stops learning here
_PRICE: Final = 12  # how many hits pay for learning one run
_CREDIT: Final = 6_000  # learning is free until this is used up

# A place where runs do not help: the element is read by itself.
SINGLE: Final[Run] = (lambda data, offset: (), (), (), 0)


class LayoutMemo:
    """The runs learnt so far, by the first eight bytes of their first element."""

    __slots__ = ("_members", "_varying", "credit", "runs")

    def __init__(self) -> None:
        self.runs: dict[bytes, Run] = {}
        self.credit = _CREDIT
        self._members: dict[bytes, list[Met]] = {}
        self._varying: set[int] = set()  # tags seen with other lengths: runs end before them

    def ends_before(self, tag: int) -> bool:
        """Tell whether a run that is being learnt must end before this tag."""
        return tag in self._varying

    def learn(self, met: list[Met], wanted: Mapping[int, bytes]) -> None:
        """Keep the elements in *met* as a run."""
        self.credit -= _PRICE
        if len(self.runs) >= _MOST_RUNS:
            self.credit = -1
            return
        key = met[0][1][:8]
        self.runs[key] = _run_of(met, wanted)
        self._members[key] = met

    def give_up(self, key: bytes) -> None:
        """Read the element that begins with *key* by itself from now on."""
        self.runs[key] = SINGLE
        self._members.pop(key, None)

    def shorten(self, key: bytes, headers: tuple[bytes, ...], wanted: Mapping[int, bytes]) -> None:
        """End the run at *key* before the first element whose header is not the known one."""
        met = self._members[key]
        same = 0
        while same < len(met) and met[same][1] == headers[same]:
            same += 1
        if same < len(met):
            self._varying.add(met[same][0])
        if same == 0:  # a long VR: its length is not in the eight bytes of the key
            self.give_up(key)
            return
        self.credit -= 1
        self._members[key] = met[:same]
        self.runs[key] = _run_of(met[:same], wanted)


def _run_of(met: list[Met], wanted: Mapping[int, bytes]) -> Run:
    formats, kept, position = [], [], 0
    for tag, header, length in met:
        formats.append(f"{len(header)}s{length}x")
        end = position + len(header) + length
        if tag in wanted:
            kept.append((tag, position, end))
        position = end
    unpack = Struct("<" + "".join(formats)).unpack_from
    return unpack, tuple(header for _, header, _ in met), tuple(kept), position
