"""One PATIENT, STUDY or SERIES record made from the keys of many files."""

from typing import Final

from dicomdir.elements import iterate_elements
from dicomdir.record import DirectoryRecord

_CHARACTER_SET: Final = 0x00080005
_PADDING: Final = b" \0"

Element = tuple[bytes, bytes]  # as encoded, and its value without padding


class MergedRecord:
    """A record that takes from each file what the files before it did not know."""

    def __init__(self, record_type: str, keys: bytes, file_id: tuple[str, ...]) -> None:
        """Begin with the *keys* of the first file, which is *file_id* on the medium."""
        self.record = DirectoryRecord(record_type, keys)
        self.file_id = file_id
        self._seen = {keys}
        self._elements: dict[int, Element] | None = None  # parsed when a second block comes
        self._reported: set[int] = set()

    def merge(self, keys: bytes) -> list[int]:
        """Take in the keys of another file; those that contradict the first file's stay out.

        Returns:
            Tags of the keys that contradict, each once in the life of the record.
        """
        if keys in self._seen:
            return []
        self._seen.add(keys)
        if self._elements is None:
            self._elements = _parsed(self.record.keys)
        known, theirs = self._elements, _parsed(keys)
        contradicting = []
        for tag, element in theirs.items():
            own = known.get(tag)
            if tag == _CHARACTER_SET or not element[1] or (own and own[1] == element[1]):
                continue
            if own and own[1]:
                if tag not in self._reported:
                    self._reported.add(tag)
                    contradicting.append(tag)
            else:
                self._adopt(tag, element, theirs.get(_CHARACTER_SET))
        return contradicting

    def _adopt(self, tag: int, element: Element, character_set: Element | None) -> None:
        """Take over one element, if the character set of the record can say it."""
        known = self._elements
        if known is None:
            return
        if character_set and (b"\x1b" in element[1] or not element[1].isascii()):
            # Without a set of its own all that the record says so far is ASCII.
            own = known.setdefault(_CHARACTER_SET, character_set)
            if own[1] != character_set[1]:
                return
        known[tag] = element
        self.record.keys = b"".join(encoded for _, (encoded, _) in sorted(known.items()))


def _parsed(keys: bytes) -> dict[int, Element]:
    return {
        tag: (keys[start:after], keys[value:after].strip(_PADDING))
        for tag, _, start, value, after in iterate_elements(keys)
    }
