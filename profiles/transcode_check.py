"""Reads a converted file back with pydicom and compares it with its source, element by element.

pydicom shares no code with the rewriter, so that both would have to be wrong in the same way.
Large values are compared in their files and never held. Runs in the transcoder's worker.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple

from dicomdir.elements import name_of
from profiles.fields import CannotTranscode
from profiles.pixel_plan import CHANGEABLE, PIXEL_DATA
from profiles.transfer_syntaxes import EXPLICIT_BIG, EXPLICIT_LITTLE, IMPLICIT_LITTLE

if TYPE_CHECKING:
    from pydicom.dataelem import DataElement, RawDataElement
    from pydicom.dataset import Dataset

    Element = DataElement | RawDataElement

_PADDING: Final = b"\0 "
_LARGE: Final = 1 << 20  # bytes; larger values stay in their files
_STEP: Final = 1 << 20  # a multiple of eight: numbers are not torn apart


class _Side(NamedTuple):
    """One of the two data sets that are compared."""

    data_set: "Dataset"
    file: BinaryIO


class _Rules(NamedTuple):
    """What may differ."""

    swapped: bool  # the source is big endian
    changeable: frozenset[int]  # tags, at the top and in Items with frames
    added: frozenset[int] = frozenset()  # tags at the top that may be new, with no value


def check_converted(
    source: BinaryIO,
    start: int,
    syntax: str,
    target: Path,
    pixel_bytes: int | None,
    added: frozenset[int] = frozenset(),
) -> None:
    """Compare a converted file with its source.

    Args:
        source: file with the source's data set, inflated if it was deflated.
        start: offset of the data set in it.
        syntax: its encoding.
        target: the converted file.
        pixel_bytes: length of the pixel data when it was decoded, padding included; else None.
        added: tags that may be new at the top, with no value.

    Raises:
        CannotTranscode: a value came through changed, or an element is missing or new.
    """
    from pydicom.filereader import read_dataset

    with _understood(), warnings.catch_warnings(), target.open("rb") as converted:
        warnings.simplefilter("ignore")
        source.seek(start)
        before = read_dataset(
            source, syntax == IMPLICIT_LITTLE, syntax != EXPLICIT_BIG, defer_size=_LARGE
        )
        after = _read_target(converted)
        changeable = frozenset[int]() if pixel_bytes is None else CHANGEABLE
        rules = _Rules(syntax == EXPLICIT_BIG, changeable, added)
        _compare(_Side(before, source), _Side(after, converted), rules)
        if pixel_bytes is not None and _length(after, PIXEL_DATA) != pixel_bytes:
            raise CannotTranscode("the pixel data that was written has another length")


def check_mended(
    source: BinaryIO,
    target: Path,
    syntax: str = EXPLICIT_LITTLE,
    added: frozenset[int] = frozenset(),
) -> None:
    """Compare a file that was mended and converted with what pydicom makes of its source.

    Args:
        source: the file as it came.
        target: the converted file.
        syntax: that the converted file shall have.
        added: tags that may be new at the top, with no value.

    Raises:
        CannotTranscode: a value came through changed, or an element is missing or new.
    """
    import pydicom

    with _understood(), warnings.catch_warnings(), target.open("rb") as converted:
        warnings.simplefilter("ignore")
        source.seek(0)
        before, after = pydicom.dcmread(source, force=True), _read_target(converted, syntax)
        rules = _Rules(False, CHANGEABLE, added)
        _compare(_Side(before, source), _Side(after, converted), rules)


@contextmanager
def _understood() -> Iterator[None]:
    """Refuse what pydicom trips over: what cannot be compared does not count."""
    try:
        yield
    except (CannotTranscode, OSError, MemoryError, RecursionError):
        raise
    except Exception as problem:  # pydicom raises what it likes
        name = type(problem).__name__
        raise CannotTranscode(
            f"its elements cannot be compared: a value is damaged ({name})"
        ) from problem


def _read_target(converted: BinaryIO, syntax: str = EXPLICIT_LITTLE) -> "Dataset":
    import pydicom

    after = pydicom.dcmread(converted, defer_size=_LARGE)
    if after.file_meta.TransferSyntaxUID != syntax:
        raise CannotTranscode("the file that was written has another transfer syntax")
    return after


def _length(data_set: "Dataset", tag: int) -> int:
    element = data_set.get_item(tag, keep_deferred=True)
    length = getattr(element, "length", None)
    return int(length) if length is not None else -1


def _compare(before: _Side, after: _Side, rules: _Rules) -> None:
    old, new = _tags(before.data_set), _tags(after.data_set)
    empty = {tag for tag in rules.added & new - old if _length(after.data_set, tag) == 0}
    differing = (old ^ new) - rules.changeable - empty
    if differing:
        raise CannotTranscode(f"{name_of(min(differing))} did not come through")
    for tag in sorted((old & new) - rules.changeable):
        if not _is_same(before, after, tag, rules):
            raise CannotTranscode(f"{name_of(tag)} came through changed")


def _tags(data_set: "Dataset") -> set[int]:
    tags = list(data_set.keys())  # the elements themselves would be decoded on the way
    return {int(tag) for tag in tags if tag.element}


def _is_same(before: _Side, after: _Side, tag: int, rules: _Rules) -> bool:
    old, new = _item(before, tag), _item(after, tag)
    if "SQ" in (old.VR, new.VR):
        _load(before, tag)
        _load(after, tag)
        return _are_same_items(before, after, tag, rules)
    if _is_in_file(old) or _is_in_file(new):
        return _are_same_ranges(before.file, old, after.file, new, swapped=rules.swapped)
    raw, other = _raw(old), _raw(new)
    if raw is None or other is None:  # pydicom has decoded it already
        return bool(before.data_set[tag].value == after.data_set[tag].value)
    if rules.swapped and new.VR != "UN" and raw.rstrip(_PADDING) != other.rstrip(_PADDING):
        return bool(
            before.data_set[tag].value == after.data_set[tag].value or _are_swapped(raw, other)
        )
    return raw.rstrip(_PADDING) == other.rstrip(_PADDING)


def _item(side: _Side, tag: int) -> "Element":
    """Return an element as it was read: not decoded, and a large value left in its file."""
    return side.data_set.get_item(tag, keep_deferred=True)


def _are_same_items(before: _Side, after: _Side, tag: int, rules: _Rules) -> bool:
    from pydicom.sequence import Sequence

    items, others = before.data_set[tag].value, after.data_set[tag].value
    if not isinstance(items, Sequence) or not isinstance(others, Sequence):
        return bool(items == others)
    if len(items) != len(others):
        return False
    inside = CHANGEABLE if rules.changeable else frozenset[int]()
    nested = rules._replace(changeable=inside, added=frozenset())
    for item, other in zip(items, others, strict=True):
        _compare(_Side(item, before.file), _Side(other, after.file), nested)
    return True


def _raw(element: "Element") -> bytes | None:
    """Return a value as it stands in the file, None when pydicom no longer has it."""
    if not element.is_raw:
        return element.value if isinstance(element.value, bytes) else None
    return bytes(element.value) if isinstance(element.value, bytes | bytearray) else b""


def _is_in_file(element: "Element") -> bool:
    return bool(element.is_raw) and element.value is None and _extent(element)[1] > 0


def _extent(element: "Element") -> tuple[int, int]:
    """Return offset and length of a value in its file; length 0 when that is not known."""
    start, length = getattr(element, "value_tell", 0), getattr(element, "length", 0)
    return int(start or 0), 0 if length in (None, 0xFFFFFFFF) else int(length)


def _load(side: _Side, tag: int) -> None:
    """Bring a large sequence into memory, so that its items can be compared."""
    from pydicom.dataelem import RawDataElement

    element = _item(side, tag)
    if isinstance(element, RawDataElement) and _is_in_file(element):
        start, length = _extent(element)
        side.file.seek(start)
        side.data_set[tag] = element._replace(value=side.file.read(length))


def _are_same_ranges(
    one: BinaryIO, old: "Element", other: BinaryIO, new: "Element", *, swapped: bool
) -> bool:
    (start, length), (other_start, other_length) = _extent(old), _extent(new)
    if length + length % 2 != other_length:
        return False
    for done in range(0, length, _STEP):
        number = min(_STEP, length - done)
        one.seek(start + done)
        other.seek(other_start + done)
        piece, other_piece = one.read(number), other.read(number)
        if piece != other_piece and not (swapped and _are_swapped(piece, other_piece)):
            return False
    return True


def _are_swapped(old: bytes, new: bytes) -> bool:
    """Return whether words, or larger numbers, merely changed their byte order."""
    import numpy as np

    if len(old) != len(new):
        return False
    return any(
        len(old) % width == 0
        and np.array_equal(np.frombuffer(old, f">u{width}"), np.frombuffer(new, f"<u{width}"))
        for width in (2, 4, 8)
    )
