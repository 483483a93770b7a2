"""Converts one file to Explicit VR Little Endian and proves it. Runs in the transcoder's worker."""

import mmap
import tempfile
import zlib
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from dicomdir.file_meta import encode_file_meta
from profiles.fields import Buffer, CannotTranscode
from profiles.mend import mend
from profiles.rewrite import Rewriter
from profiles.transcode_check import check_converted, check_mended
from profiles.transfer_syntaxes import DEFLATED, EXPLICIT_LITTLE, name_of_syntax

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


def convert(request: Request) -> tuple[int, int]:
    """Write ``request.target`` and return (bytes of the file, bytes before its data set).

    Raises:
        CannotTranscode: for a reason that an operator can be told; the target is incomplete.
        OSError: the source cannot be read or the target cannot be written.
    """
    if request.target_syntax != EXPLICIT_LITTLE:
        raise CannotTranscode(f"{name_of_syntax(request.target_syntax)} is not written")
    head = encode_file_meta(request.sop_class_uid, request.sop_instance_uid, EXPLICIT_LITTLE)
    with Path(request.source).open("rb") as source:
        if request.mend:
            with tempfile.TemporaryFile(dir=Path(request.target).parent) as mended:
                syntax = mend(source, request.transfer_syntax, mended)
                outcome = _convert(mended, 0, syntax, head, Path(request.target))
            check_mended(source, Path(request.target))
            return outcome
        if request.transfer_syntax == DEFLATED:
            with tempfile.TemporaryFile(dir=Path(request.target).parent) as inflated:
                _inflate(source, request.dataset_offset, inflated)
                return _convert(inflated, 0, EXPLICIT_LITTLE, head, Path(request.target))
        return _convert(
            source, request.dataset_offset, request.transfer_syntax, head, Path(request.target)
        )


def _convert(
    source: BinaryIO, start: int, syntax: str, head: bytes, target: Path
) -> tuple[int, int]:
    with mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_READ) as data:
        pixel_bytes = _write(data, start, syntax, head, target)
        check_converted(source, start, syntax, target, pixel_bytes)
    return target.stat().st_size, len(head)


def _write(data: Buffer, start: int, syntax: str, head: bytes, target: Path) -> int | None:
    with target.open("wb") as out:
        out.write(head)
        rewriter = Rewriter(data, syntax, out)
        try:
            rewriter.write(start, len(data))
        finally:
            rewriter.close()
    return rewriter.pixel_bytes


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
