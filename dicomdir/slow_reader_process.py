"""What runs in the slow reader's process: pydicom under limits (see slow_reader)."""

import contextlib
import marshal
import os
import sys
import warnings
from struct import Struct
from typing import TYPE_CHECKING, Any

from dicomdir.convert import explicit_little
from dicomdir.slow_reader import MEMORY, Answer
from dicomdir.walk import swap
from reporting.worker_life import end_with_parent

if TYPE_CHECKING:
    from pydicom.dataset import FileDataset

_FRAME = Struct("<I")


def _read(path: str, wanted: dict[int, bytes]) -> Answer | str:
    import pydicom
    from pydicom.errors import InvalidDicomError

    try:
        # Large values stay in the file; a selection key is never that long.
        dataset = pydicom.dcmread(path, defer_size="16 MB", force=False)
    except InvalidDicomError:
        dataset = pydicom.dcmread(path, defer_size="16 MB", force=True)
        if "SOPClassUID" not in dataset:
            return "pydicom does not read it either: no SOP Class UID"
    elements = {}
    for swapped, vr in wanted.items():
        tag = swap(swapped)
        if tag in dataset:
            elements[swapped] = explicit_little(
                tag, vr, _raw_value(dataset, tag, vr), implicit=False, big=False
            )
    meta = dict(_meta(dataset))
    departures = [] if dataset.preamble else ["no preamble"]
    syntax = str(dataset.file_meta.get("TransferSyntaxUID", ""))
    little, implicit = dataset.original_encoding[1], dataset.original_encoding[0]
    if not syntax or (implicit and syntax != "1.2.840.10008.1.2"):
        syntax = (
            "1.2.840.10008.1.2"
            if implicit
            else ("1.2.840.10008.1.2.1" if little else "1.2.840.10008.1.2.2")
        )
    return os.path.getsize(path), syntax, meta, elements, departures  # noqa: PTH202 (no need)


def _raw_value(dataset: "FileDataset", tag: int, vr: bytes) -> bytes:
    """Return the value in Explicit VR Little Endian, text untouched where that is possible."""
    from pydicom.dataelem import RawDataElement
    from pydicom.filebase import DicomBytesIO
    from pydicom.filewriter import write_data_element

    raw: Any = dataset.get_item(tag)  # declared as what it becomes when it is parsed
    if isinstance(raw, RawDataElement) and raw.is_little_endian and vr != b"SQ":
        return bytes(raw.value or b"")
    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, False
    write_data_element(buffer, dataset[tag], _encodings(dataset))
    encoded = buffer.getvalue()
    return encoded[12:] if vr == b"SQ" or encoded[4:6] in (b"UN", b"UT") else encoded[8:]


def _encodings(dataset: "FileDataset") -> list[str]:
    """Return the Python names of the data set's character sets."""
    from pydicom.charset import convert_encodings

    declared = dataset.original_character_set
    return convert_encodings([declared] if isinstance(declared, str) else list(declared))


def _meta(dataset: "FileDataset") -> list[tuple[int, bytes]]:
    values = []
    for element in dataset.file_meta:
        value = element.value
        if isinstance(value, str):
            values.append((int(element.tag), value.encode("ascii", "replace")))
        elif isinstance(value, bytes):
            values.append((int(element.tag), value))
    return values


def _limit() -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> None:
    """Answer questions on standard input until it ends."""
    end_with_parent()
    _limit()
    warnings.simplefilter("ignore")
    source, target = sys.stdin.buffer, sys.stdout.buffer
    while len(frame := source.read(_FRAME.size)) == _FRAME.size:
        path, wanted = marshal.loads(source.read(_FRAME.unpack(frame)[0]))  # noqa: S302 (our parent's)
        answer: Answer | str
        try:
            answer = _read(path, wanted)
        except MemoryError:
            sys.exit(1)
        except Exception as problem:  # whatever pydicom raises is the answer
            answer = f"pydicom does not read it either: {type(problem).__name__}"
        encoded = marshal.dumps(answer)
        target.write(_FRAME.pack(len(encoded)) + encoded)
        target.flush()


if __name__ == "__main__":
    main()
