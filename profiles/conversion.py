"""Converts one file to another transfer syntax and proves it. Runs in the transcoder's worker."""

import mmap
import os
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from dicomdir.file_meta import encode_file_meta
from profiles.encodable import ENCODABLE
from profiles.encode_check import check_encoded
from profiles.encode_image import Order, Written, copy_image, encode_image
from profiles.fields import Buffer, CannotTranscode
from profiles.mend import mend
from profiles.rewrite import Rewriter
from profiles.transcode_check import check_converted, check_mended
from profiles.transfer_syntaxes import (
    DEFLATED,
    EXPLICIT_LITTLE,
    TRANSFER_SYNTAXES,
    Kind,
    name_of_syntax,
)

Writer = Callable[[Buffer, int, Path, Order], Written]

_STEP: Final = 1 << 16
# A deflated data set beyond both bounds is an attack: real ones shrink to a tenth, empty images
# a thousandfold but are small.
_LARGEST_INFLATED: Final = 1 << 30
_SUSPICIOUS_SIZE: Final = 128 << 20
_SUSPICIOUS_RATIO: Final = 200


class Request(NamedTuple):
    """What is to be converted."""

    source: str
    target: str
    dataset_offset: int
    transfer_syntax: str  # of the source
    target_syntax: str
    sop_class_uid: str
    sop_instance_uid: str
    mend: bool = False  # the data set is not well formed: its offset means nothing
    added: tuple[tuple[int, bytes], ...] = ()  # tag and VR of elements to add with no value
    quality: int = 0  # of a lossy target, 1 to 100


class Converted(NamedTuple):
    """The file that was written."""

    size: int  # bytes
    offset: int  # bytes before its data set
    changed: dict[int, bytes]  # tag → element that differs from the source; b"": left out
    pixel_data: int = 0  # offset of the value of encapsulated pixel data; 0: there is none


class _Base(NamedTuple):
    """A data set that can be read as it stands: mended, and not deflated."""

    file: BinaryIO
    start: int
    syntax: str


def convert(request: Request) -> Converted:
    """Write ``request.target`` and return what it is.

    Raises:
        CannotTranscode: for a reason that an operator can be told; the target is incomplete.
        OSError: the source cannot be read or the target cannot be written.
    """
    if request.target_syntax not in ENCODABLE and not _is_rewritten(request):
        raise CannotTranscode(f"{name_of_syntax(request.target_syntax)} is not written")
    folder = Path(request.target).parent
    with Path(request.source).open("rb") as source:
        base = _Base(source, request.dataset_offset, request.transfer_syntax)
        if not request.mend and base.syntax != DEFLATED:
            return _convert(base, request)
        with tempfile.TemporaryFile(dir=folder) as plain:
            if request.mend:
                syntax = mend(source, request.transfer_syntax, plain)
                return _convert(_Base(plain, 0, syntax), request, source)
            _inflate(source, base.start, plain)
            return _convert(_Base(plain, 0, EXPLICIT_LITTLE), request)


def _is_rewritten(request: Request) -> bool:
    """Return whether the frames stay as they are, in a syntax that is only copied."""
    row = TRANSFER_SYNTAXES.get(request.target_syntax)
    same = request.target_syntax == request.transfer_syntax
    return same and row is not None and row.kind in (Kind.FRAMES, Kind.VIDEO)


def _convert(base: _Base, request: Request, broken: BinaryIO | None = None) -> Converted:
    """Convert a data set; *broken* is the source that it was mended from."""
    target = Path(request.target)
    if request.target_syntax == EXPLICIT_LITTLE:
        return _to_native(base, request, target, broken)
    if request.target_syntax == base.syntax:
        converted = _encode(base, request, copy_image)
        if broken is not None:
            added = frozenset(tag for tag, _ in request.added)
            check_mended(broken, target, base.syntax, added)
        return converted
    if base.syntax == EXPLICIT_LITTLE and broken is None:
        return _encode(base, request, encode_image)
    # By way of native cells, in a file of its own: each of the two steps is checked.
    with _between(target) as native:
        first = _to_native(base, request, native, broken)
        with native.open("rb") as file:
            second = _encode(_Base(file, first.offset, EXPLICIT_LITTLE), request, encode_image)
    return second._replace(changed=first.changed | second.changed)


@contextmanager
def _between(target: Path) -> Iterator[Path]:
    handle, name = tempfile.mkstemp(dir=target.parent, suffix=".native")
    os.close(handle)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def _to_native(base: _Base, request: Request, target: Path, broken: BinaryIO | None) -> Converted:
    head = encode_file_meta(request.sop_class_uid, request.sop_instance_uid, EXPLICIT_LITTLE)
    added = frozenset(tag for tag, _ in request.added)
    with mmap.mmap(base.file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        with target.open("wb") as out:
            out.write(head)
            rewriter = Rewriter(data, base.syntax, out, request.added)
            try:
                rewriter.write(base.start, len(data))
            finally:
                rewriter.close()
        check_converted(base.file, base.start, base.syntax, target, rewriter.pixel_bytes, added)
    if broken is not None:
        check_mended(broken, target, EXPLICIT_LITTLE, added)
    return Converted(target.stat().st_size, len(head), rewriter.changed)


def _encode(base: _Base, request: Request, write: Writer) -> Converted:
    target = Path(request.target)
    order = Order(
        request.target_syntax,
        request.sop_class_uid,
        request.sop_instance_uid,
        request.added,
        request.quality,
    )
    with mmap.mmap(base.file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        written = write(data, base.start, target, order)
        place = check_encoded(data, base.start, target, written, request.target_syntax)
    return Converted(target.stat().st_size, written.head, written.changed, place)


def _inflate(source: BinaryIO, start: int, out: BinaryIO) -> None:
    """Undo the deflation of a whole data set (PS3.5 A.5), within bounds."""
    source.seek(start)
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    taken = given = 0
    try:
        while not inflater.eof:
            piece = inflater.unconsumed_tail or source.read(_STEP)
            taken += 0 if inflater.unconsumed_tail else len(piece)
            if not piece:
                raise CannotTranscode("the deflated data set is cut off")
            given += out.write(inflater.decompress(piece, _STEP * 16))
            if given > _LARGEST_INFLATED or (
                given > _SUSPICIOUS_SIZE and given > _SUSPICIOUS_RATIO * taken
            ):
                raise CannotTranscode(
                    f"the deflated data set grows beyond {given >> 20} MiB, which no image does"
                )
    except zlib.error as problem:
        raise CannotTranscode("the deflated data set is damaged") from problem
    out.flush()
