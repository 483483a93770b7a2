"""Updating the directories of others: what was there stays, and it is whole at every instant."""

import os
import random
import signal
import stat
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from dicomdir.check_directory import check_directory
from dicomdir.check_reference import ReferenceCheck, references
from dicomdir.compare import compare
from dicomdir.elements import encode_element
from dicomdir.encode import encode_dicomdir
from dicomdir.file_meta import encode_file_meta
from dicomdir.instance import Instance
from dicomdir.read import DirectoryRead, read_directory
from dicomdir.record import Directory, DirectoryRecord
from dicomdir.replace_file import partial_of
from dicomdir.scan import scan
from dicomdir.update import NoDirectoryInformation, replace_atomically, update_directory
from reporting import CannotWrite

TOOLMADE = ["dcmtk-charsets", "dicom3tools-mixed", "gdcm-series"]
NEW = ("ADDED", "I0000001")


def keys(*elements: tuple[int, bytes, bytes]) -> bytes:
    return b"".join(encode_element(*element) for element in elements)


def instance(
    number: int = 1,
    *,
    patient: bytes = b"ID1",
    study: bytes = b"1.2.3.2",
    series: bytes = b"1.2.3.3",
) -> Instance:
    return Instance(
        *(f"/in/{number}", 1000, 400, "1.2.840.10008.5.1.4.1.1.2", f"1.2.3.4.{number}"),
        *("1.2.840.10008.1.2.1", b"", "IMAGE"),
        keys((0x00100010, b"PN", b"Film^Jacket"), (0x00100020, b"LO", patient)),
        keys(
            *((0x00080020, b"DA", b"20260101"), (0x00080030, b"TM", b"1011")),
            *((0x00080050, b"SH", b""), (0x00081030, b"LO", b"")),
            *((0x0020000D, b"UI", study), (0x00200010, b"SH", b"S1")),
        ),
        keys(
            *((0x00080060, b"CS", b"CT"), (0x0020000E, b"UI", series)),
            (0x00200011, b"IS", b"1"),
        ),
        *(keys((0x00200013, b"IS", b"%d" % number)), (), ()),
    )


def name(number: int) -> tuple[str, ...]:
    return ("DICOM", f"I{number:07}")


def made(*additions: tuple[Instance, tuple[str, ...]]) -> DirectoryRead:
    """Return a directory that holds *additions*, as it is read back."""
    empty = read_directory(encode_dicomdir(Directory("1.2.3.1", "SET")))
    return again(update_directory(empty, additions).directory)


def again(directory: Directory) -> DirectoryRead:
    return read_directory(encode_dicomdir(directory))


def walk(directory: Directory) -> Iterator[tuple[int, DirectoryRecord]]:
    stack = [(0, record) for record in reversed(directory.records)]
    while stack:
        depth, record = stack.pop()
        yield depth, record
        stack += [(depth + 1, child) for child in reversed(record.children)]


def lines(directory: Directory) -> list[tuple[int, DirectoryRecord]]:
    """Return all records without their children, so that they compare by what they say."""
    return [(depth, record.replaced(children=[])) for depth, record in walk(directory)]


def real_instance(pydicom_files: list[Path], tail: str = "77654033/CR1/6154") -> Instance:
    path = next(p for p in pydicom_files if p.as_posix().endswith("dicomdirtests/" + tail))
    (found,) = scan([path], jobs=1).instances
    return found


def pydicom_names(data: bytes) -> list[str]:
    """Return the files that pydicom finds through the offsets."""
    import pydicom

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset: Any = pydicom.dcmread(BytesIO(data))
        items = {item.seq_item_tell: item for item in dataset.DirectoryRecordSequence}
        found, stack = [], [dataset.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity]
        while stack:
            offset = stack.pop()
            if offset:
                item = items[offset]
                if "ReferencedFileID" in item:
                    value = item.ReferencedFileID
                    found.append(value if isinstance(value, str) else "/".join(value))
                stack.append(item.OffsetOfTheNextDirectoryRecord)
                stack.append(item.OffsetOfReferencedLowerLevelDirectoryEntity)
        return found


# --- directories of other tools


@pytest.mark.parametrize("tool", TOOLMADE)
def test_a_foreign_directory_keeps_all_that_it_says(
    shared_data: Path,
    pydicom_files: list[Path],
    peer: Callable[[str], str],
    tmp_path: Path,
    tool: str,
) -> None:
    before = read_directory((shared_data / "toolmade" / tool / "DICOMDIR").read_bytes())
    old = lines(before.directory)
    updated = update_directory(before, [(real_instance(pydicom_files), NEW)])
    assert lines(before.directory) == old  # what was read is as before
    data = encode_dicomdir(updated.directory)
    after = read_directory(data)
    assert updated.added == (NEW,)
    assert after.problems == ()
    # The new patient comes last; everything before it is as it was, byte for byte.
    assert lines(after.directory)[: len(old)] == old
    assert [record.record_type for _, record in lines(after.directory)[len(old) :]] == [
        *("PATIENT", "STUDY", "SERIES", "IMAGE"),
    ]
    assert after.directory.file_set_uid == before.directory.file_set_uid
    assert after.directory.file_set_id == before.directory.file_set_id
    broken_before = {finding.rule for finding in check_directory(before)}
    assert {finding.rule for finding in check_directory(after)} <= broken_before
    # Others read it: DCMTK parses it all, dicom3tools and pydicom follow the links.
    (tmp_path / "DICOMDIR").write_bytes(data)
    dump = subprocess.run([peer("dcmdump"), tmp_path / "DICOMDIR"], capture_output=True, check=True)
    assert dump.stdout.count(b'"Directory Record"') == len(old) + 4
    assert b"W:" not in dump.stderr
    assert b"E:" not in dump.stderr
    listed = subprocess.run(
        [peer("dcdirdmp"), tmp_path / "DICOMDIR"], capture_output=True, check=False
    )
    assert b"Error" not in listed.stderr
    names = ["/".join(record.file_id) for record, _ in references(after.directory)]
    assert pydicom_names(data) == names


@pytest.mark.parametrize("tool", TOOLMADE)
def test_a_file_set_of_another_tool_is_compared_with_its_files(
    shared_data: Path, tool: str
) -> None:
    root = shared_data / "toolmade" / tool
    existing = read_directory((root / "DICOMDIR").read_bytes())
    scanned = [(i, Path(i.source).relative_to(root).parts) for i in scan([root], jobs=1).instances]
    comparison = compare(existing, scanned)
    left_out = [("CHARSET", "FREN")] if tool == "dcmtk-charsets" else []
    assert [file_id for _, file_id in comparison.to_add] == left_out
    assert len(comparison.already) == len(scanned) - len(left_out)
    assert comparison[2:] == ((), (), ())
    # What the other tool left out is added, and then nothing is left to be done.
    updated = update_directory(existing, comparison.to_add)
    if updated.added:
        assert compare(again(updated.directory), scanned).to_add == ()
    assert {n.kind for n in updated.left_out} <= {"duplicate", "patient-conflict"}


def test_files_that_are_added_to_a_real_file_set_agree_with_their_records(
    pydicom_files: list[Path],
) -> None:
    root = next(p.parent for p in pydicom_files if p.as_posix().endswith("tests/DICOMDIR"))
    existing = read_directory((root / "DICOMDIR").read_bytes())
    scanned = [
        (i, Path(i.source).relative_to(root).parts)
        for i in scan([root / "77654033", root / "98892001", root / "98892003"], jobs=1).instances
    ]
    taken = [file_id for _, file_id in scanned[::3]]
    smaller = again(update_directory(existing, [], taken).directory)
    comparison = compare(smaller, scanned)
    assert sorted(file_id for _, file_id in comparison.to_add) == sorted(taken)
    full = again(update_directory(smaller, comparison.to_add).directory)
    assert check_directory(full) == []
    check = ReferenceCheck(full.directory)
    found = [f for i, file_id in scanned for f in check.see(file_id, i)] + check.finish()
    assert found == []
    assert sorted(r.file_id for r, _ in references(full.directory)) == sorted(
        r.file_id for r, _ in references(existing.directory)
    )


# --- adding


def test_an_addition_goes_below_the_patient_study_and_series_that_are_there() -> None:
    existing = made((instance(1), name(1)))
    updated = update_directory(
        existing,
        [
            (instance(2), name(2)),
            (instance(3, series=b"1.2.3.9"), name(3)),
            (instance(4, study=b"1.2.8", series=b"1.2.8.1"), name(4)),
            (instance(5, patient=b"ID2", study=b"1.2.7", series=b"1.2.7.1"), name(5)),
        ],
    )
    shape = [(depth, record.record_type) for depth, record in walk(updated.directory)]
    assert shape == [
        *((0, "PATIENT"), (1, "STUDY"), (2, "SERIES"), (3, "IMAGE"), (3, "IMAGE")),
        *((2, "SERIES"), (3, "IMAGE"), (1, "STUDY"), (2, "SERIES"), (3, "IMAGE")),
        *((0, "PATIENT"), (1, "STUDY"), (2, "SERIES"), (3, "IMAGE")),
    ]
    assert check_directory(encode_dicomdir(updated.directory)) == []


def test_foreign_records_and_private_keys_survive() -> None:
    existing = made((instance(1), name(1)))
    image = existing.directory.records[0].children[0].children[0].children[0]
    image.keys += keys((0x00290010, b"LO", b"ACME"), (0x00291001, b"UN", b"\1\2\3\4"))
    image.children.append(
        DirectoryRecord("PRIVATE", b"", other=keys((0x00041432, b"UI", b"1.2.3")))
    )
    existing.directory.records.append(
        DirectoryRecord("HOLOGRAM", b"", ("HOLO",), "1.2", "1.3", "1")
    )
    existing.directory.descriptor = keys((0x00041141, b"CS", b"README"))
    read = again(existing.directory)
    after = again(update_directory(read, [(instance(2), name(2))]).directory)
    kept = [line for line in lines(after.directory) if line[1].file_id != name(2)]
    assert kept == lines(read.directory)
    assert after.directory.descriptor == existing.directory.descriptor


def test_keys_that_a_file_lacks_are_generated_beside_those_in_use() -> None:
    existing = made((instance(1), name(1)), (instance(2), name(2)))
    unnumbered = instance(9)._replace(keys=keys((0x00200013, b"IS", b"")))
    updated = update_directory(existing, [(unnumbered, name(9)), (instance(3), name(3))])
    (generated,) = updated.generated
    assert (generated.file_id, generated.tag, generated.value) == (name(9), 0x00200013, "4")
    assert check_directory(encode_dicomdir(updated.directory)) == []


def test_a_patient_without_an_id_gets_one_and_is_found_again() -> None:
    nameless = instance(1, patient=b"")
    read = made((nameless, name(1)))
    assert check_directory(read) == []
    second = nameless._replace(sop_instance_uid="1.2.3.4.2")
    after = update_directory(read, [(second, name(2))]).directory
    assert len(after.records) == 1
    assert len(list(references(after))) == 2


def test_what_has_no_place_is_left_out_with_the_reason() -> None:
    existing = made((instance(1), name(1)))
    other = keys((0x00100010, b"PN", b"Someone^Else"), (0x00100020, b"LO", b"ID1"))
    additions = [
        (instance(1), name(2)),
        (instance(2), name(1)),
        (instance(3), ("DICOM", "slice3.dcm")),
        (instance(4), ("DICOMDIR",)),
        (instance(5)._replace(record_type=""), name(5)),
        (instance(6)._replace(patient=other), name(6)),
        (instance(7)._replace(series=keys((0x00080060, b"CS", b"CT"))), name(7)),
    ]
    updated = update_directory(existing, additions)
    assert updated.added == ()
    assert [n.kind for n in updated.left_out] == [
        *("duplicate", "contradiction", "not-allowed", "not-allowed", "not-allowed"),
        *("patient-conflict", "malformed"),
    ]
    assert lines(updated.directory) == lines(existing.directory)


def test_a_study_that_stands_under_two_patients_is_remarked_on() -> None:
    existing = made((instance(1), name(1)))
    updated = update_directory(existing, [(instance(2, patient=b"ID2"), name(2))])
    assert any("STUDY" in remark for remark in updated.remarks)
    assert len(updated.directory.records) == 2


def test_a_record_without_patient_study_and_series_goes_to_the_root() -> None:
    protocol = instance(1)._replace(
        record_type="PALETTE",
        sop_class_uid="1.2.840.10008.5.1.4.39.1",
        patient=b"",
        study=b"",
        series=b"",
        keys=keys((0x00700080, b"CS", b"HOT"), (0x00700081, b"LO", b"")),
    )
    read = made((instance(2), name(2)), (protocol, name(1)))
    assert [record.record_type for record in read.directory.records] == ["PATIENT", "PALETTE"]
    assert check_directory(read) == []


def test_a_dicomdir_without_a_directory_gets_none() -> None:
    data = encode_file_meta("1.2.840.10008.1.3.10", "1.2.3", "1.2.840.10008.1.2.1")
    read = read_directory(data + keys((0x00041130, b"CS", b"SET")))
    with pytest.raises(NoDirectoryInformation) as caught:
        update_directory(read, [(instance(1), name(1))])
    assert caught.value.exit_code == 3


# --- removing


def test_parents_go_with_their_last_child_and_only_they() -> None:
    existing = made(
        (instance(1), name(1)),
        (instance(2, series=b"1.2.3.9"), name(2)),
        (instance(3, patient=b"ID2", study=b"1.2.7", series=b"1.2.7.1"), name(3)),
    )
    existing.directory.records.append(
        DirectoryRecord("PATIENT", existing.directory.records[0].keys.replace(b"ID1", b"ID9"))
    )
    updated = update_directory(existing, [], [name(2), name(3), ("NOT", "THERE")])
    assert updated.removed == (name(2), name(3))
    shape = [(depth, record.record_type) for depth, record in walk(updated.directory)]
    # The patient that was empty before is somebody's: it stays.
    assert shape == [
        *((0, "PATIENT"), (1, "STUDY"), (2, "SERIES"), (3, "IMAGE")),
        (0, "PATIENT"),
    ]


def test_a_removed_record_with_others_below_it_stays_without_its_file() -> None:
    existing = made((instance(1), name(1)))
    image = existing.directory.records[0].children[0].children[0].children[0]
    image.children.append(DirectoryRecord("PRIVATE", b"", ("P",), "1.2", "1.3", "1.4"))
    updated = update_directory(existing, [], [name(1)])
    assert [record.file_id for record, _ in references(updated.directory)] == [("P",)]
    assert len(updated.remarks) == 1


def test_a_file_that_became_another_object_is_replaced() -> None:
    existing = made((instance(1), name(1)), (instance(2), name(2)))
    scanned = [(instance(7), name(1)), (instance(2), name(2))]
    comparison = compare(existing, scanned)
    assert comparison.changed == ((instance(7), name(1)),)
    updated = update_directory(existing, comparison.changed, [name(1)])
    assert (updated.removed, updated.added) == ((name(1),), (name(1),))
    assert compare(again(updated.directory), scanned).already == (name(1), name(2))


def test_a_comparison_names_what_is_missing_and_what_cannot_be_named() -> None:
    existing = made(*((instance(n), name(n)) for n in (1, 2, 3)))
    scanned = [
        (instance(1), ("dicom", "i0000001")),
        (instance(4), name(4)),
        (instance(5), ("DICOM", "slice5.dcm")),
    ]
    comparison = compare(existing, scanned, others=[name(3)])
    assert comparison.already == (("dicom", "i0000001"),)
    assert comparison.to_add == ((instance(4), name(4)),)
    assert comparison.missing_files == (name(2),)
    assert comparison.illegal_names == (("DICOM", "slice5.dcm"),)
    assert comparison.changed == ()


def test_a_deep_tree_is_updated_without_recursion() -> None:
    top = record = DirectoryRecord("PRIVATE", b"", ("P",))
    for _ in range(50_000):
        record.children.append(DirectoryRecord("PRIVATE", b"", ("P",)))
        record = record.children[0]
    record.children.append(DirectoryRecord("PRIVATE", b"", ("LAST",)))
    existing = again(Directory("1.2.3", "", [top]))
    updated = update_directory(existing, [(instance(1), name(1))], [("LAST",)])
    assert len(list(walk(updated.directory))) == 50_001 + 4


# --- putting it in place


def test_a_file_is_replaced_with_its_mode_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "DICOMDIR"
    path.write_bytes(b"old")
    path.chmod(0o640)
    replace_atomically(path, b"new" * 100_000)
    assert path.read_bytes() == b"new" * 100_000
    assert path.stat().st_mode & 0o777 == 0o640
    assert [p.name for p in tmp_path.iterdir()] == ["DICOMDIR"]


def test_a_file_that_was_not_there_is_made(tmp_path: Path) -> None:
    replace_atomically(tmp_path / "DICOMDIR", b"new")
    assert (tmp_path / "DICOMDIR").read_bytes() == b"new"


def test_what_a_killed_run_left_is_cleaned_up(tmp_path: Path) -> None:
    path = tmp_path / "DICOMDIR"
    path.write_bytes(b"old")
    partial_of(path).write_bytes(b"half of a much longer directory")
    replace_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert [p.name for p in tmp_path.iterdir()] == ["DICOMDIR"]


def test_a_link_of_the_partial_name_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    folder = tmp_path / "medium"
    folder.mkdir()
    partial_of(folder / "DICOMDIR").symlink_to(victim)
    with pytest.raises(CannotWrite):
        replace_atomically(folder / "DICOMDIR", b"new")
    assert victim.read_bytes() == b"precious"


def test_the_content_is_on_the_disk_before_its_name_and_then_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = []
    fsync, rename = os.fsync, os.replace

    def note_fsync(descriptor: int) -> None:
        done.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        fsync(descriptor)

    def note_rename(*names: Path) -> None:
        done.append("rename")
        rename(*names)

    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(os, "replace", note_rename)
    replace_atomically(tmp_path / "DICOMDIR", b"new")
    assert done == ["file", "rename", "folder"]


@pytest.mark.parametrize("failing", ["write", "fsync", "replace"])
def test_a_failure_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    path = tmp_path / "DICOMDIR"
    path.write_bytes(b"old")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, failing, fail)
    with pytest.raises(CannotWrite) as caught:
        replace_atomically(path, b"new")
    monkeypatch.undo()
    assert "No space" in caught.value.what
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["DICOMDIR"]


def test_two_runs_do_not_write_one_directory(tmp_path: Path) -> None:
    fcntl = pytest.importorskip("fcntl")
    path = tmp_path / "DICOMDIR"
    path.write_bytes(b"old")
    with partial_of(path).open("wb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(CannotWrite) as caught:
            replace_atomically(path, b"new")
    assert "another run" in caught.value.what
    assert path.read_bytes() == b"old"
    replace_atomically(path, b"new")
    assert path.read_bytes() == b"new"


WRITER = """
import itertools, sys
from pathlib import Path
from dicomdir.replace_file import replace_atomically

for number in itertools.count():
    replace_atomically(Path(sys.argv[1]), b"%02d" % (number % 100) * 200_000)
    print(number, flush=True)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL on this system")
def test_a_run_that_is_killed_leaves_the_old_or_the_new_directory(tmp_path: Path) -> None:
    path = tmp_path / "DICOMDIR"
    path.write_bytes(b"00" * 200_000)
    chance = random.Random(1)  # noqa: S311 (repeatable moments, no secret)
    root = Path(__file__).resolve().parents[2]
    partials = 0
    for _ in range(12):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, path], cwd=root, stdout=subprocess.PIPE
        ) as child:
            assert child.stdout is not None
            child.stdout.readline()
            until = time.monotonic() + chance.random() / 20
            whole = True
            while whole and time.monotonic() < until:  # whoever reads meanwhile sees no half
                content = path.read_bytes()
                whole = len(content) == 400_000 and content == content[:2] * 200_000
            child.kill()
        content = path.read_bytes()
        assert whole
        assert len(content) == 400_000
        assert content == content[:2] * 200_000
        partials += partial_of(path).exists()
    assert partials  # some were killed in the middle of it, or this proves nothing
    replace_atomically(path, b"new")
    assert [p.name for p in tmp_path.iterdir()] == ["DICOMDIR"]
