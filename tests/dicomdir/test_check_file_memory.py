"""Judging many files quickly gives what judging each by itself gives."""

import random
from pathlib import Path

import pytest

from dicomdir.check_file import ENOUGH, FileMetaCheck, check_file_meta
from dicomdir.check_keys import absent_where_the_rest_is_equal, elements_of
from dicomdir.elements import encode_element

UID = b"1.2.840.113619.2.1"


def head_of(path: Path) -> tuple[bytes, int]:
    content = path.read_bytes()
    return content[:ENOUGH], len(content)


def test_every_real_file_is_judged_as_by_itself_at_first_and_again(
    pydicom_files: list[Path],
) -> None:
    check = FileMetaCheck()
    for _ in range(2):
        for path in pydicom_files:
            head, size = head_of(path)
            assert check.see(head, size, "X") == check_file_meta(head, size, "X"), path


def test_groups_that_differ_only_in_the_instance_are_parsed_once(
    monkeypatch: pytest.MonkeyPatch, pydicom_files: list[Path]
) -> None:
    from dicomdir import check_file

    head, size = head_of(next(p for p in pydicom_files if p.name == "CT_small.dcm"))
    place = head.index(b"\2\0\3\0UI") + 8
    length = int.from_bytes(head[place - 2 : place], "little")
    parsed = []
    real = check_file._broken

    def counted(head: bytes, size: int) -> object:
        parsed.append(size)
        return real(head, size)

    monkeypatch.setattr(check_file, "_broken", counted)
    check = FileMetaCheck()
    for number in range(50):
        uid = (UID + b".%d" % (1000 + number)).ljust(length, b"0")
        check.see(head[:place] + uid + head[place + length :], size, "X")
    assert len(parsed) == 1


@pytest.mark.parametrize("seed", range(12))
def test_no_change_of_a_byte_is_passed_over(seed: int, pydicom_files: list[Path]) -> None:
    """A memory that was taught by good files must not make a bad one good."""
    chance = random.Random(seed)  # noqa: S311 (the same changes at every run)
    names = ("CT_small.dcm", "MR_small.dcm", "JPEG2000.dcm", "rtplan.dcm", "examples_ybr_color.dcm")
    files = [head_of(path) for path in pydicom_files if path.name in names]
    check = FileMetaCheck()
    for head, size in files:
        check.see(head, size, "X")
    for _ in range(600):
        head, size = chance.choice(files)
        changed = bytearray(head)
        for _ in range(chance.choice((1, 1, 2))):
            changed[chance.randrange(120, 420)] = chance.choice((0, 1, 2, 46, 48, 255))
        data = bytes(changed)
        assert check.see(data, size, "X") == check_file_meta(data, size, "X")


@pytest.mark.parametrize(
    "uid",
    [b"1.2.03", b"1.2.", b"", b"1.2.3 ", b"1.2.3\0\0", b"1.2.3", b"9.2.3.4", b"1." + b"1" * 64],
)
def test_what_is_no_uid_is_told_though_the_group_is_known(
    uid: bytes, pydicom_files: list[Path]
) -> None:
    head, size = head_of(next(p for p in pydicom_files if p.name == "CT_small.dcm"))
    place = head.index(b"\2\0\3\0UI")
    old = int.from_bytes(head[place + 6 : place + 8], "little")
    check = FileMetaCheck()
    for good in (b"1.2.44", b"1.2.4\0", b"1.2.3", b"1.2"):  # of every length that comes
        check.see(_with(head, place, old, good), size, "X")
    data = _with(head, place, old, uid)
    assert check.see(data, size, "X") == check_file_meta(data, size, "X")


def _with(head: bytes, place: int, old: int, uid: bytes) -> bytes:
    stated = int.from_bytes(head[140:144], "little") + len(uid) - old
    value = len(uid).to_bytes(2, "little") + uid
    changed = head[:140] + stated.to_bytes(4, "little") + head[144 : place + 6] + value
    return changed + head[place + 8 + old :]


def test_a_group_whose_length_is_wrong_teaches_nothing(pydicom_files: list[Path]) -> None:
    """What lies past the stated end is part of the group, and not of what is remembered."""
    head, size = head_of(next(p for p in pydicom_files if p.name == "MR_small.dcm"))
    name = head.index(b"\2\0\x13\0SH") + 8  # Implementation Version Name
    end = name + 4  # in the midst of it
    short = head[:140] + (end - 144).to_bytes(4, "little") + head[144:]
    check = FileMetaCheck()
    for tail in (head[end:], b"bad!" + head[end + 4 :], head[end:]):
        data = short[:end] + tail
        found = check_file_meta(data, size, "X")
        assert check.see(data, size, "X") == found
        spoilt = tail.startswith(b"bad!")
        assert ("P10-META-VERSION-NAME" in {f.rule for f in found}) is spoilt


KEYS = {
    0x00080016: (b"UI", UID),
    0x00080060: (b"CS", b"CT"),
    0x00081140: (b"SQ", b"\xfe\xff\0\xe0\0\0\0\0"),
    0x00200013: (b"IS", b"1"),
}


def keys(*tags: int, **changes: bytes) -> bytes:
    return b"".join(
        encode_element(tag, KEYS[tag][0], changes.get(f"t{tag:08x}", KEYS[tag][1])) for tag in tags
    )


@pytest.mark.parametrize(
    ("stated", "own", "absent"),
    [
        (keys(*KEYS), keys(*KEYS), []),
        (keys(0x00200013), keys(*KEYS), [0x00080016, 0x00080060, 0x00081140]),
        (keys(*KEYS), keys(0x00200013), []),
        (b"", keys(0x00200013), [0x00200013]),
        (keys(0x00200013), keys(0x00200013, t00200013=b"2"), None),
        (keys(0x00200013) * 2, keys(0x00200013), None),  # which of the two counts is not for us
        (keys(0x00200013, 0x00080060), keys(0x00080060), []),  # out of order, but there
        (keys(0x00200013)[:-1], keys(0x00200013), None),
        (keys(0x00200013)[:5], keys(0x00200013), None),
        (keys(0x00200013), b"\x08\0\x16\0??\0\0", None),
        (keys(0x00081140)[:8] + b"\xff" * 4, keys(0x00200013), None),
    ],
)
def test_keys_are_compared_whole_or_not_at_all(
    stated: bytes, own: bytes, absent: list[int] | None
) -> None:
    assert absent_where_the_rest_is_equal(stated, own) == absent
    if absent is not None:
        slowly = elements_of(stated)
        assert absent == [tag for tag in elements_of(own) if tag not in slowly]
