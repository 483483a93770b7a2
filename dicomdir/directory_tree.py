"""From a flat list of records to the tree that their links mean (PS3.3 F.2, F.3.2.2).

Links of foreign writers dangle, loop, are shifted or absent. Nothing that names a file is
dropped for that: what no link reaches is put where the order of the records suggests. All
walks are iterative, and each record is entered once.
"""

from collections.abc import Collection
from typing import Final

from dicomdir.file_ids import shown
from dicomdir.raw_records import RawRecord
from dicomdir.record import DirectoryRecord
from dicomdir.rules import RULE
from reporting import Finding

# Depth of the types by which a directory without links is rebuilt; others are below a series.
_LEVEL: Final = {"PATIENT": 0, "STUDY": 1, "SERIES": 2}
_LEAF: Final = 3
_TOP: Final = frozenset(
    ("HANGING PROTOCOL", "PALETTE", "IMPLANT", "IMPLANT ASSY", "IMPLANT GROUP", "INVENTORY")
)
_BELOW_ROOT: Final = frozenset(("STUDY", "SERIES", "IMAGE"))
_OUTSIDE: Final = frozenset(("MRDR",))  # lies outside the tree (PS3.3-2004 F.6.2)

NO_LINKS: Final = (0, None)


def place(raw: RawRecord) -> str:
    """Return the ``where`` of a finding about *raw*: its offset, and its file if it names one."""
    return place_of(raw.offset, raw.record)


def place_of(offset: int, record: DirectoryRecord) -> str:
    """As ``place``, for a record that is known by itself."""
    name = f" ({shown(record.file_id)})" if record.file_id else ""
    return f"DICOMDIR, record at byte {offset}{name}"


class TreeBuilder:
    """Joins the records of one directory; ``roots`` and ``problems`` are the outcome."""

    def __init__(self, raw: list[RawRecord], first: int | None, last: int | None) -> None:
        """Take the flat records and the values of (0004,1200) and (0004,1202)."""
        self.raw = raw
        self.stated = first is not None, last is not None  # else the head lacks them
        self.first, self.last = first or 0, last or 0
        self.roots: list[DirectoryRecord] = []
        self.problems: list[Finding] = []
        self.index: dict[int, int] = {r.offset: i for i, r in enumerate(raw)}
        self.entered = bytearray(len(raw))
        # The chain (its number) in which a record was entered, and whether it is still open.
        self.chain = [0] * len(raw)
        self.open: set[int] = set()
        self.chains = 0

    def build(self) -> None:
        """Make the tree."""
        if not self.raw:
            if self.first or self.last:
                self._problem("DIR-ROOT-FIRST", "DICOMDIR, (0004,1200)")
            return
        self._resolve_shared_files()
        if len(self.raw) > 1 and all(r.next in NO_LINKS and r.lower in NO_LINKS for r in self.raw):
            self._problem("DIR-NO-OFFSETS", "DICOMDIR")
            self._adopt_by_order(range(len(self.raw)), silent=True)
            return
        self._correct_shift()
        self._walk(self._root(), self.roots)
        self._check_last()
        if not all(self.entered):
            self._adopt_orphans()

    def _problem(self, rule: str, where: str, message: str = "") -> None:
        self.problems.append(RULE[rule].at(where, message))

    def _resolve_shared_files(self) -> None:
        """Give records that point at a Multi-Referenced File record that record's file."""
        for raw in self.raw:
            if not raw.mrdr:
                continue
            found = self.index.get(raw.mrdr)
            self._problem("DIR-MRDR", place(raw))
            if found is None or self.raw[found] is raw:
                self._problem("DIR-OFFSET", place(raw), f"(0004,1504) points at byte {raw.mrdr}")
                continue
            shared, record = self.raw[found].record, raw.record
            if not record.file_id:
                record.file_id = shared.file_id
                record.sop_class_uid = record.sop_class_uid or shared.sop_class_uid
                record.sop_instance_uid = record.sop_instance_uid or shared.sop_instance_uid
                record.transfer_syntax_uid = (
                    record.transfer_syntax_uid or shared.transfer_syntax_uid
                )
                # Used up, unless it turns out to be a record of the tree itself.
                if shared.record_type in _OUTSIDE and self.raw[found].lower in NO_LINKS:
                    self.entered[found] = 1

    def _correct_shift(self) -> None:
        """Find the constant by which all links are wrong, where there is one."""
        links = [o for r in self.raw for o in (r.next, r.lower) if o]
        links += [o for o in (self.first, self.last) if o]
        missed = sum(o not in self.index for o in links)
        if missed * 2 <= len(links):
            return
        ends = (self.raw[0].offset, self.raw[min(1, len(self.raw) - 1)].offset)
        shifts = [offset - min(links) for offset in ends] + [self.raw[-1].offset - max(links)]
        for shift in dict.fromkeys(shifts):
            if shift and all(o + shift in self.index for o in links):
                self.index = {r.offset - shift: i for i, r in enumerate(self.raw)}
                self._problem(
                    "DIR-OFFSETS-SHIFTED", "DICOMDIR", f"All links are wrong by {-shift} bytes"
                )
                return

    def _root(self) -> int:
        """Return the place of the first root record; where the link is bad, the likeliest one."""
        targets = {o for r in self.raw for o in (r.next, r.lower) if o}
        offsets = {i: o for o, i in self.index.items()}
        found = self.index.get(self.first)
        # A record that another one links to and that no root may hold is no root.
        if found is not None and not (
            self.first in targets and self.raw[found].record.record_type in _BELOW_ROOT
        ):
            return found
        if self.stated[0]:
            self._problem("DIR-ROOT-FIRST", "DICOMDIR, (0004,1200)")
        heads = [i for i in range(len(self.raw)) if offsets[i] not in targets]
        types = [self.raw[i].record.record_type for i in heads]
        likely = [i for i, name in zip(heads, types, strict=True) if name == "PATIENT"]
        likely += [i for i, name in zip(heads, types, strict=True) if name not in _OUTSIDE]
        return likely[0] if likely else 0

    def _walk(self, start: int, siblings: list[DirectoryRecord]) -> None:
        """Enter the chain that begins with the record at place *start*, and all below it.

        The records of the chain are put at the end of *siblings*.
        """
        raws, index, entered, chain_of = self.raw, self.index, self.entered, self.chain
        found, link = start, 0
        source: RawRecord | None = None  # the record that holds the link
        # Chains that are open, innermost last: number, where to, the record above.
        frames: list[tuple[int, list[DirectoryRecord], RawRecord | None]]
        frames = [(self._new_chain(), siblings, None)]
        while frames:
            chain, siblings, above = frames[-1]
            if found < 0 or entered[found]:
                if link and source:
                    self._bad_link(link, found, source)
                self.open.discard(chain)
                frames.pop()
                link, source = (above.next or 0) if above else 0, above
            else:
                entered[found] = 1
                chain_of[found] = chain
                source = raws[found]
                siblings.append(source.record)
                if source.lower:
                    frames.append((self._new_chain(), source.record.children, source))
                    link = source.lower
                else:
                    link = source.next or 0
            found = index.get(link, -1) if link else -1

    def _new_chain(self) -> int:
        self.chains += 1
        self.open.add(self.chains)
        return self.chains

    def _bad_link(self, link: int, found: int, source: RawRecord) -> None:
        where = place(source)
        if found < 0:
            self._problem("DIR-OFFSET", where, f"A link points at byte {link}, where no record is")
        elif self.chain[found] in self.open:
            self._problem("DIR-CYCLE", where, f"A link leads back to byte {link}")
        else:
            self._problem("DIR-SHARED", where, f"A second link leads to byte {link}")

    def _check_last(self) -> None:
        """Compare (0004,1202) with the end of the root chain that was walked."""
        if not (self.roots and self.stated[1]):
            return
        last = self.roots[-1]
        found = self.index.get(self.last)
        if found is None or self.raw[found].record is not last:
            self._problem("DIR-ROOT-LAST", "DICOMDIR, (0004,1202)")

    def _adopt_orphans(self) -> None:
        """Put what no link reached where the order suggests, heads of lost chains first."""
        lost = [i for i, done in enumerate(self.entered) if not done]
        targets = set()
        for i in lost:
            for link in (self.raw[i].next, self.raw[i].lower):
                if link:
                    targets.add(self.index.get(link))
        heads = {i for i in lost if i not in targets}
        self._adopt_by_order(heads, silent=False)
        if not all(self.entered):  # what is left are circles
            self._adopt_by_order([i for i in lost if not self.entered[i]], silent=False)

    def _adopt_by_order(self, wanted: Collection[int], *, silent: bool) -> None:
        """Enter each of *wanted* below the nearest record before it that may hold it."""
        chosen = wanted if isinstance(wanted, range) else set(wanted)
        above: list[DirectoryRecord | None] = [None, None, None]
        for i, raw in enumerate(self.raw):
            record = raw.record
            level = 0 if record.record_type in _TOP else _LEVEL.get(record.record_type, _LEAF)
            if i in chosen and not self.entered[i]:
                siblings = self._siblings(above, level)
                if not silent:
                    self._problem("DIR-ORPHAN", place(raw))
                self._walk(i, siblings)
            # Only what is in the tree by now: nothing can come to stand below itself.
            if record.record_type in _LEVEL and self.entered[i]:
                above[level:] = [record, *([None] * (2 - level))]

    def _siblings(self, above: list[DirectoryRecord | None], level: int) -> list[DirectoryRecord]:
        for parent in reversed(above[:level]):
            if parent is not None:
                return parent.children
        return self.roots
