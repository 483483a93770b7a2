"""The scan finds what pydicom finds, reads no more than it must, and names all the rest."""

import os
import resource
import struct
import warnings
import zlib
from collections import Counter
from io import BytesIO
from pathlib import Path

import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian

from dicomdir import scan as scan_module
from dicomdir.header import Header, NotDicom, Unsure, read_header
from dicomdir.index import Indexer
from dicomdir.instance import KINDS, Instance
from dicomdir.scan import Scanned, index_file, scan
from dicomdir.walk import HEAD, JUMP, swap
from reporting import CannotRead

CT = Path(str(get_testdata_file("CT_small.dcm")))


def header_of(path: Path, wanted: dict[int, bytes]) -> Header:
    data = path.read_bytes()
    return read_header(lambda length, offset: data[offset : offset + length], len(data), wanted)


def as_pydicom(element: bytes) -> Dataset:
    """Parse one element, as the scan keeps it, with pydicom."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pydicom.dcmread(BytesIO(bytes(128) + b"DICM" + META + element), force=True)


def _meta() -> bytes:
    uid = b"1.2.840.10008.1.2.1\0"
    element = struct.pack("<HH2sH", 2, 0x10, b"UI", len(uid)) + uid
    return struct.pack("<HH2sHI", 2, 0, b"UL", 4, len(element)) + element


META = _meta()


def readable(dataset: Dataset, tag: int, vr: bytes) -> object:
    """Return a value in a form that compares: bytes without padding, sequences encoded anew."""
    if vr == b"SQ":
        element = dataset[tag]
        buffer = DicomBytesIO()
        buffer.is_little_endian, buffer.is_implicit_VR = True, False
        flat = Dataset()
        flat[tag] = element
        for item in element.value:
            item.walk(lambda d, e: d.pop(e.tag) if e.tag.element == 0 else None)
        write_dataset(buffer, flat, dataset.original_character_set)
        return buffer.getvalue()
    value = dataset.get_item(tag).value  # raw: the character set is not what is compared here
    if not isinstance(value, bytes):  # pydicom gives an empty element decoded at once
        value = str(value or "").encode()
    return value.strip(b" \0")


def real_files(shared: Path | None, others: list[Path]) -> list[Path]:
    files = list(others)
    if shared is not None:
        files += sorted(p for p in shared.rglob("*") if p.is_file())
    return files


def compare_with_pydicom(files: list[Path]) -> tuple[int, list[str]]:
    """Return how many values were compared, and what differed."""
    indexer = Indexer()
    compared, different = 0, []
    for path in files:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                theirs = pydicom.dcmread(path, defer_size="1 MB")
            except Exception:  # noqa: S112 (what pydicom cannot read is not compared)
                continue
            try:
                ours = header_of(path, indexer.wanted).elements
            except NotDicom as reason:
                if reason.kind not in ("directory", "truncated", "contradiction", "malformed"):
                    different.append(f"{path.name}: {reason}")
                continue
            except Unsure:
                if len(index_file(str(path), indexer)) == 3 and "SOPInstanceUID" in theirs:
                    different.append(f"{path.name}: not indexed")
                continue
            for swapped, vr in indexer.wanted.items():
                tag = swap(swapped)
                if (tag in theirs) != (swapped in ours):
                    different.append(f"{path.name}: {tag:08X} only in one")
                elif tag in theirs:
                    compared += 1
                    mine = readable(as_pydicom(ours[swapped]), tag, vr)
                    other = readable(theirs, tag, vr)
                    if vr != b"SQ" and not theirs.is_little_endian and vr in (b"US", b"UL"):
                        continue  # raw big endian numbers; their order is tested by itself
                    if mine != other:
                        different.append(f"{path.name}: {tag:08X} {mine!r} is not {other!r}")
    return compared, different


def test_wanted_values_equal_pydicoms_on_every_file_of_its_wheel(
    pydicom_files: list[Path],
) -> None:
    compared, different = compare_with_pydicom(pydicom_files)
    assert different == []
    assert compared > 1500


def test_wanted_values_equal_pydicoms_on_every_real_file(shared_data: Path) -> None:
    compared, different = compare_with_pydicom(real_files(shared_data, []))
    assert different == []
    assert compared > 5000


def test_every_file_is_an_instance_or_named(pydicom_files: list[Path]) -> None:
    folder = pydicom_files[0].parent
    while folder.name != "test_files":
        folder = folder.parent
    scanned = scan([folder])
    named = Counter(i.source for i in scanned.instances) + Counter(
        n.source for n in scanned.not_indexed
    )
    assert named == Counter(str(p) for p in folder.rglob("*") if p.is_file())
    assert {n.kind for n in scanned.not_indexed} <= KINDS.keys()


def rewritten(tmp_path: Path, syntax: str | None) -> Path:
    """Write CT_small in another transfer syntax, or without preamble and meta (None)."""
    dataset = pydicom.dcmread(CT)
    target = tmp_path / "other"
    if syntax is None:
        buffer = DicomBytesIO()
        buffer.is_little_endian, buffer.is_implicit_VR = True, False
        write_dataset(buffer, dataset)
        target.write_bytes(buffer.getvalue())
        return target
    dataset.file_meta.TransferSyntaxUID = syntax
    big = syntax == ExplicitVRBigEndian
    pydicom.dcmwrite(
        target, dataset, implicit_vr=syntax == ImplicitVRLittleEndian, little_endian=not big
    )
    return target


@pytest.mark.parametrize(
    "syntax",
    [
        "1.2.840.10008.1.2",
        "1.2.840.10008.1.2.2",
        "1.2.840.10008.1.2.1.99",
        None,
    ],
)
def test_the_keys_are_the_same_in_every_encoding(tmp_path: Path, syntax: str | None) -> None:
    original = scan([CT]).instances[0]
    (other,) = scan([rewritten(tmp_path, syntax)]).instances
    assert other.patient == original.patient
    assert other.study == original.study
    assert other.series == original.series
    assert other.keys == original.keys
    assert other.sop_instance_uid == original.sop_instance_uid
    assert other.transfer_syntax_uid == (syntax or "1.2.840.10008.1.2.1")


def damaged(tmp_path: Path, change: bytes, at: int | None = None) -> Scanned:
    data = bytearray(CT.read_bytes())
    if at is None:
        data += change
    else:
        data[at : at + len(change)] = change
    target = tmp_path / "damaged"
    target.write_bytes(data)
    return scan([target])


@pytest.mark.parametrize("keep", [200, 500, 1000, 3000, 20000, 39_000])
def test_a_truncated_file_is_named(tmp_path: Path, keep: int) -> None:
    target = tmp_path / "cut"
    target.write_bytes(CT.read_bytes()[:keep])
    scanned = scan([target])
    assert scanned.instances == []
    assert [n.kind for n in scanned.not_indexed] == ["truncated"]
    assert scanned.not_indexed[0].reason.startswith("truncated: ")


def test_an_executable_preamble_is_a_departure(tmp_path: Path) -> None:
    (instance,) = damaged(tmp_path, b"MZ\x90\0", at=0).instances
    assert instance.departures == ("the first 128 bytes (preamble) hold what may not be there",)


def test_a_wrong_group_length_is_a_departure(tmp_path: Path) -> None:
    (instance,) = damaged(tmp_path, b"\x07\0\0\0", at=140).instances
    assert instance.departures == ("File Meta Information Group Length is wrong",)


def test_a_label_that_is_not_the_objects_is_a_departure(tmp_path: Path) -> None:
    data = CT.read_bytes()
    uid = data.index(b"1.3.6.1.4.1.5962.1.1.1.1.1.20040119072730.12322")
    (instance,) = damaged(tmp_path, b"2", at=uid).instances
    assert instance.departures == ("Media Storage SOP Instance UID is not the data set's",)
    assert instance.sop_instance_uid == "1.3.6.1.4.1.5962.1.1.1.1.1.20040119072730.12322"


def test_a_bad_vr_is_named_where_nobody_reads_on(tmp_path: Path) -> None:
    data = CT.read_bytes()
    at = data.index(b"\x08\0\x70\0LO") + 4  # Manufacturer
    (named,) = damaged(tmp_path, b"??", at=at).not_indexed
    assert named.kind == "malformed"


def test_a_deflated_bomb_is_refused_in_bounded_memory(tmp_path: Path) -> None:
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    head = b"\x08\0\x05\0CS\0\0" + struct.pack("<HH2sHI", 0x7FE0, 0x10, b"OB", 0, 0xFFFFFFF0)
    body = squeeze.compress(head)
    for _ in range(1100):
        body += squeeze.compress(bytes(1 << 20))
    body += squeeze.flush()
    uid = b"1.2.840.10008.1.2.1.99"
    meta = struct.pack("<HH2sH", 2, 0x10, b"UI", len(uid)) + uid
    target = tmp_path / "bomb"
    target.write_bytes(
        bytes(128) + b"DICM" + struct.pack("<HH2sHI", 2, 0, b"UL", 4, len(meta)) + meta + body
    )
    scanned = scan([target])
    assert scanned.instances == []
    assert "inflates to more than" in scanned.not_indexed[0].reason


def test_deep_nesting_ends_in_a_reason(tmp_path: Path) -> None:
    opened = b"\x08\0\x40\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    data = CT.read_bytes()
    at = data.index(b"\x10\0\x10\0PN")
    target = tmp_path / "deep"
    target.write_bytes(data[:at] + opened * 5000 + data[at:])
    scanned = scan([target])
    assert len(scanned.instances) + len(scanned.not_indexed) == 1


def test_many_oversized_keys_cost_no_memory(tmp_path: Path) -> None:
    data = CT.read_bytes()
    at = data.index(b"\x08\0\x12\0DA")
    sequences = sorted(swap(tag) for tag, vr in Indexer().wanted.items() if vr == b"SQ")
    assert len(sequences) >= 10
    target = tmp_path / "swollen"
    with target.open("wb") as file:  # mostly holes: every wanted sequence has 12 MiB
        file.write(data[:at])
        for tag in sequences:
            file.write(struct.pack("<HH2sHI", tag >> 16, tag & 0xFFFF, b"SQ", 0, 12 << 20))
            file.seek(12 << 20, 1)
        file.write(bytes(8))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert scan([target]).instances == []
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 80_000  # KiB


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "up").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "a" / "gone").symlink_to(tmp_path / "nothing")
    (tmp_path / "a" / "image").write_bytes(CT.read_bytes())
    scanned = scan([tmp_path])
    assert [Path(i.source).name for i in scanned.instances] == ["image"]
    assert [n.reason for n in scanned.not_indexed] == ["a link that leads nowhere"]


def test_a_pipe_does_not_stop_the_scan(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert [n.kind for n in scan([tmp_path]).not_indexed] == ["unreadable"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    target = tmp_path / "secret"
    target.write_bytes(CT.read_bytes())
    target.chmod(0)
    assert [n.kind for n in scan([target]).not_indexed] == ["unreadable"]


def test_a_missing_source_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CannotRead, match="No such file"):
        scan([tmp_path / "nothing"])


def many(tmp_path: Path, number: int) -> list[Path]:
    data = CT.read_bytes()
    for i in range(number):
        (tmp_path / f"I{i:05d}").write_bytes(data)
    return sorted(tmp_path.iterdir())


def test_two_processes_give_what_one_gives_in_the_same_order(tmp_path: Path) -> None:
    files = many(tmp_path, 400)
    files[7].write_bytes(b"no")
    alone = scan([tmp_path], jobs=1)
    assert scan([tmp_path], jobs=2) == alone
    assert len(alone.instances) == 399


def test_the_work_of_a_killed_worker_is_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many(tmp_path, 400)
    expected = scan([tmp_path], jobs=1)
    parent = os.getpid()
    real = scan_module.index_file

    def deadly(path: str, indexer: Indexer) -> tuple[object, ...]:
        if os.getpid() != parent:
            os.kill(os.getpid(), 9)
        return real(path, indexer)

    monkeypatch.setattr(scan_module, "index_file", deadly)
    assert scan([tmp_path], jobs=2) == expected


class Counting:
    """os.open, pread and close as they are, and how often they were called for what."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: Counter[str] = Counter()
        self.reads: list[tuple[int, int]] = []
        for name in ("open", "close", "pread"):
            self._count(monkeypatch, name, getattr(os, name))

    def _count(self, monkeypatch: pytest.MonkeyPatch, name: str, real: object) -> None:
        def counted(*args: object) -> object:
            self.calls[name] += 1
            if name == "pread":
                self.reads.append((args[1], args[2]))  # type: ignore[arg-type]
            return real(*args)  # type: ignore[operator]

        monkeypatch.setattr(os, name, counted)


def test_a_file_is_opened_once_and_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = CT.read_bytes()
    target = tmp_path / "slice"
    target.write_bytes(data[: data.index(b"\xfc\xff\xfc\xffOB")])  # ends with the pixels
    counting = Counting(monkeypatch)
    result = index_file(str(target), Indexer())
    monkeypatch.undo()
    assert len(result) == len(Instance._fields)
    assert counting.calls == {"open": 1, "close": 1, "pread": 1}
    assert counting.reads == [(HEAD, 0)]


def test_each_jump_past_the_head_costs_one_small_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = CT.read_bytes()
    at = data.index(b"\x20\0\x0d\0UI")
    blob = struct.pack("<HH2sHI", 0x0019, 0x10, b"LO", 4, 0)[:8] + b"MINE"
    blob += struct.pack("<HH2sHI", 0x0019, 0x1001, b"OB", 0, 50_000) + bytes(50_000)
    blob += struct.pack("<HH2sHI", 0x0019, 0x1002, b"OB", 0, 60_000) + bytes(60_000)
    target = tmp_path / "jumps"
    # Trailing padding after the pixel data is a third place to jump to.
    tail = struct.pack("<HH2sHI", 0xFFFC, 0xFFFC, b"OB", 0, 10) + bytes(10)
    target.write_bytes(data[:at] + blob + data[at:] + tail)
    counting = Counting(monkeypatch)
    result = index_file(str(target), Indexer())
    monkeypatch.undo()
    assert len(result) == len(Instance._fields)
    assert counting.calls["open"] == counting.calls["close"] == 1
    jumps = [length for length, offset in counting.reads if offset]
    assert max(jumps) <= JUMP
    assert len(jumps) == 4  # the second blob, what follows it, past the pixels, and the padding
    assert counting.reads[0] == (HEAD, 0)


@pytest.mark.parametrize(
    "left",
    [
        ".filmjacket-update.partial-4711-work/0",
        ".set.iso.partial-4711-work/x/0",
        ".set.partial-4711/IMAGES/0",
        ".photo.partial-4711",
    ],
)
def test_what_a_job_has_aside_is_named_and_not_taken_in(tmp_path: Path, left: str) -> None:
    (tmp_path / "one").write_bytes(CT.read_bytes())
    path = tmp_path / left
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"OTHER" + CT.read_bytes()[5:])
    found = scan([tmp_path])
    assert [instance.source for instance in found.instances] == [str(tmp_path / "one")]
    (named,) = found.not_indexed
    assert (named.source, named.kind) == (str(tmp_path / left.split("/")[0]), "litter")
    assert named.reason == "left by a job that was stopped, or is still being written"


@pytest.mark.parametrize(
    "name", [".study", "a.partial-4711", ".a.partial-x", ".partial-7", "._x/1"]
)
def test_what_only_looks_like_left_by_a_job_is_taken_in(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(CT.read_bytes())
    assert [instance.source for instance in scan([tmp_path]).instances] == [str(path)]


def written_twice(path: Path, tag: int, second: bytes, syntax: str | None) -> None:
    """Write a real object in which an element stands a second time, just behind the first."""
    dataset = pydicom.dcmread(get_testdata_file("CT_small.dcm"))
    head = {None: "<HH2sH", ExplicitVRBigEndian: ">HH2sH", ImplicitVRLittleEndian: "<HHI"}[syntax]
    vr = () if syntax == ImplicitVRLittleEndian else (dataset[tag].VR.encode(),)

    def element(value: bytes) -> bytes:
        return struct.pack(head, tag >> 16, tag & 0xFFFF, *vr, len(value)) + value

    if syntax is not None:
        dataset.file_meta.TransferSyntaxUID = syntax
    buffer = BytesIO()
    pydicom.dcmwrite(
        buffer, dataset, implicit_vr=not vr, little_endian=head[0] == "<", overwrite=True
    )
    value = str(dataset[tag].value).encode()
    first = element(value + b" " * (len(value) % 2))
    assert buffer.getvalue().count(first) == 1
    path.write_bytes(buffer.getvalue().replace(first, first + element(second)))


@pytest.mark.parametrize("syntax", [None, ExplicitVRBigEndian, ImplicitVRLittleEndian])
@pytest.mark.parametrize("known", [0, 3])
def test_a_file_that_names_two_patients_is_taken_for_neither(
    tmp_path: Path, syntax: str | None, known: int
) -> None:
    """Readers disagree on which of two elements they believe; so do files before and behind."""
    for number in range(known):
        written_twice(tmp_path / f"{number}", 0x00100020, b"1CT1", syntax)
    written_twice(tmp_path / "x", 0x00100020, b"2CT2", syntax)
    written_twice(tmp_path / "y", 0x00100010, b"Other^Person", syntax)
    found = scan([tmp_path], jobs=1)
    assert [Path(item.source).name for item in found.instances] == [str(n) for n in range(known)]
    assert [(item.kind, item.reason) for item in found.not_indexed] == [
        ("contradiction", f"contradicts itself: {what} stands in it twice, and differs")
        for what in ("Patient ID (0010,0020)", "Patient's Name (0010,0010)")
    ]


@pytest.mark.parametrize(("tag", "value"), [(0x00200013, b"99"), (0x00100020, b"1CT1\0\0")])
def test_what_stands_twice_and_says_nothing_else_is_taken_in(
    tmp_path: Path, tag: int, value: bytes
) -> None:
    written_twice(tmp_path / "x", tag, value, None)
    assert len(scan([tmp_path]).instances) == 1
