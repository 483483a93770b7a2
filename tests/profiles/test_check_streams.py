"""Compressed pixel data of real files: sound ones pass, odd ones are told apart, none does harm."""

import random
from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
import pytest

from dicomdir.header import NotDicom, Unsure, read_header
from dicomdir.index import Indexer
from dicomdir.instance import Instance
from profiles import check_fragments
from profiles.check_fragments import Fragments, find_pixel_data, split_into_frames, table_fault
from profiles.check_icons import attributes_of, icon_faults
from profiles.check_jpeg import NeedsMore, NotJpeg, read_head
from profiles.check_record_keys import BadEncoding, reference_faults, shape_of
from profiles.check_streams import CODINGS, FACTS, MOST_FRAMES, chosen, needs_streams, stream_faults
from profiles.check_video import VIDEOS, frame_rate, h_264_level
from profiles.key_tables import ICON_B
from profiles.transfer_syntaxes import TRANSFER_SYNTAXES
from profiles.values import ALWAYS

PRead = Callable[[int, int], bytes]
INDEXER = Indexer((), (*ALWAYS, *FACTS))
# Real files that depart from their transfer syntax, and how (proved by hand on their bytes).
ODD = {
    "GDCMJ2K_TextGBR.dcm": {"PRO-J2K-HEADER"},  # begins with the signature box of JP2
    # Its width was made to hold the bytes of a delimiter.
    "JPEG2000-embedded-sequence-delimiter.dcm": {"PRO-STREAM-ATTRIBUTES"},
    "sample-op.dcm": {"PRO-JPEG-PROCESS"},  # SOF0 under JPEG Lossless
    "JPEGProcess2_4.dcm": {"PRO-JPEG-PROCESS"},  # SOF0 under JPEG Extended
    "JPEG2000Lossless.dcm": {"PRO-J2K-HEADER"},
    "slicethickness_empty_string.dcm": {"PRO-STREAM-DEPTH"},  # 10 bits coded, 12 stored
}


def read(path: Path) -> tuple[Instance, PRead] | None:
    """Index a file as the verifier does; None when it is not compressed DICOM."""
    data = path.read_bytes()

    def pread(length: int, offset: int) -> bytes:
        assert length >= 0
        assert offset >= 0
        return data[offset : offset + length]

    try:
        header = read_header(pread, len(data), INDEXER.wanted, INDEXER.memo)
        instance = INDEXER.index(str(path), header)
    except (NotDicom, Unsure, ValueError):
        return None
    return (instance, pread) if needs_streams(instance.transfer_syntax_uid) else None


def judged(paths: list[Path]) -> dict[str, set[str]]:
    found = {}
    for path in paths:
        file = read(path)
        if file is not None:
            found[path.name] = {fault.rule.id for fault in stream_faults(*file)}
    return found


def test_real_compressed_files_are_sound_but_for_the_known_ones(pydicom_files: list[Path]) -> None:
    found = judged(pydicom_files)
    assert len(found) > 30
    assert {name: rules for name, rules in found.items() if rules} == {
        name: rules for name, rules in ODD.items() if name in found
    }


def test_compressed_files_of_many_makers_are_sound_but_for_the_known_ones(
    shared_data: Path,
) -> None:
    found = judged([p for p in sorted(shared_data.rglob("*")) if p.is_file()])
    assert len(found) > 80
    assert {name: rules for name, rules in found.items() if rules} == ODD


def test_the_place_of_the_pixel_data_is_the_same_by_header_and_by_its_own_walk(
    pydicom_files: list[Path],
) -> None:
    compared = 0
    for path in pydicom_files:
        file = read(path)
        if file is None or not file[0].pixel_data:
            continue
        instance, pread = file
        place = find_pixel_data(pread, instance.size, instance.dataset_offset)
        assert place is not None
        assert (place.start, place.encapsulated) == (instance.pixel_data, True)
        compared += 1
    assert compared > 30


def test_a_damaged_file_ends_in_findings_and_never_in_an_error(pydicom_files: list[Path]) -> None:
    dice = random.Random(11)  # noqa: S311 (the same damage each time)
    small = [p for p in pydicom_files if p.stat().st_size < 60_000 and read(p)]
    reads = 0
    for _ in range(600):
        path = dice.choice(small)
        file = read(path)
        assert file is not None
        instance, _ = file
        data = bytearray(path.read_bytes())
        for _ in range(dice.randint(1, 8)):
            data[dice.randrange(instance.dataset_offset, len(data))] = dice.choice((0, 0xFF, 0xD9))
        if dice.random() < 0.3:
            del data[dice.randrange(instance.dataset_offset, len(data)) :]
        if dice.random() < 0.5:
            instance = instance._replace(pixel_data=0)
        facts = bytearray(instance.facts)
        facts[dice.randrange(len(facts))] = dice.randrange(256)

        def pread(length: int, offset: int, data: bytearray = data) -> bytes:
            nonlocal reads
            reads += 1
            assert length >= 0
            assert offset >= 0
            return bytes(data[offset : offset + length])

        damaged = instance._replace(size=len(data), facts=bytes(facts))
        for fault in stream_faults(damaged, pread):
            assert fault.rule.id.startswith("PRO-")
    assert reads < 600 * 1000


def test_damaged_keys_never_end_in_an_error() -> None:
    dice = random.Random(12)  # noqa: S311 (the same damage each time)
    item = b"\xfe\xff\x00\xe0\x10\0\0\0\x08\0\x50\x11UI\x08\x001.2.3.4\0"
    opened = b"\xfe\xff\x00\xe0\xff\xff\xff\xff" + item[8:] + b"\xfe\xff\x0d\xe0\0\0\0\0"
    keys = b"\x08\0\x40\x11SQ\0\0" + (len(item + opened)).to_bytes(4, "little") + item + opened
    keys += b"\x88\0\0\x02SQ\0\0" + len(opened).to_bytes(4, "little") + opened
    for _ in range(3000):
        damaged = bytearray(keys)
        for _ in range(dice.randint(1, 6)):
            damaged[dice.randrange(len(damaged))] = dice.randrange(256)
        del damaged[dice.randrange(1, len(damaged)) :]
        try:
            shape = shape_of(bytes(damaged))
        except BadEncoding:
            continue
        list(reference_faults(shape.references, shape.icon))
        list(icon_faults(ICON_B, "IMAGE", shape.icon))
        attributes_of(shape.icon)


def test_no_number_of_fragments_costs_more_than_a_bounded_number_of_reads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(check_fragments, "MOST_FRAGMENTS", 100)
    asked = []

    def pread(length: int, offset: int) -> bytes:
        asked.append(offset)
        return (b"\xfe\xff\x00\xe0\0\0\0\0" * (length // 8 + 1))[:length]

    fragments = check_fragments.read_fragments(pread, 1 << 40, 0)
    assert not fragments.complete
    assert len(asked) < 200


@pytest.mark.parametrize(
    ("table", "frames", "fault"),
    [
        ((), 2, ""),
        ((0, 18), 2, ""),
        ((0,), 2, "it has 4 bytes for 2 frames, not 8"),
        ((8, 18), 2, "its first entry is not 0"),
        ((0, 0), 2, "its entries do not ascend"),
        ((0, 17), 2, "an entry does not point to the beginning of a fragment"),
        ((0, 36), 2, ""),  # the first frame has two fragments
        ((0, 36, 54), 3, ""),
        ((0, 18, 36, 72), 4, "an entry does not point to the beginning of a fragment"),
    ],
)
def test_a_basic_offset_table_points_to_the_first_fragment_of_each_frame(
    table: tuple[int, ...], frames: int, fault: str
) -> None:
    parts = tuple((1008 + 18 * n, 10) for n in range(4))
    raw = b"".join(entry.to_bytes(4, "little") for entry in table)
    assert table_fault(Fragments(raw, parts, True), frames) == fault


def test_frames_of_several_fragments_are_told_by_table_or_by_how_they_begin() -> None:
    data = b"\xff\xd8\xff\xe0....\xff\xd8\xff\xe0" + b"........"
    parts = ((0, 4), (4, 4), (8, 4), (12, 4), (16, 4))

    def pread(length: int, offset: int) -> bytes:
        return data[offset : offset + length]

    by_start = split_into_frames(pread, Fragments(b"", parts, True), 2, (b"\xff\xd8\xff",))
    assert by_start == [parts[:2], parts[2:]]
    assert split_into_frames(pread, Fragments(b"", parts, True), 3, (b"\xff\xd8\xff",)) is None
    assert split_into_frames(pread, Fragments(b"", parts, True), 6, ()) is None
    assert split_into_frames(pread, Fragments(b"", (), True), 1, ()) is None


def test_first_and_last_frame_are_always_looked_at() -> None:
    assert chosen(1) == [0]
    assert chosen(MOST_FRAMES) == list(range(MOST_FRAMES))
    many = chosen(100_000)
    assert (len(many), many[0], many[-1]) == (MOST_FRAMES, 0, 99_999)
    assert len(set(many)) == MOST_FRAMES


def test_jpeg_heads_are_read_as_far_as_they_go() -> None:
    frame = bytes(imagecodecs.jpeg8_encode(np.zeros((16, 24, 3), np.uint8)))
    head = read_head(frame)
    assert (head.rows, head.columns, head.samples, head.precision) == (16, 24, 3, 8)
    assert (head.process, head.missing) == (0xC0, "")
    with pytest.raises(NeedsMore):
        read_head(frame[:100])
    for wrong in (b"", b"RIFF", frame[:2] + b"\0" * 50, frame[:2] + b"\xff\xd9\0\0"):
        with pytest.raises(NotJpeg):
            read_head(wrong)


def test_rates_and_levels_are_read_where_they_stand() -> None:
    assert frame_rate(None, b"33.33 ") == pytest.approx(30, abs=0.01)
    assert frame_rate(b"25", None) == 25
    assert frame_rate(b"25", b"40 ") == 25
    for nonsense in ((None, None), (b"x", b"y"), (b"", b""), (b"-4", b"0"), (b"1e99", None)):
        assert frame_rate(*nonsense) == 0.0
    mp4 = b"\0\0\0\x18ftypisom" + bytes(20) + b"avcC\x01\x64\x00\x2a"
    assert h_264_level(mp4) == 42
    assert h_264_level(b"\0\0\0\1\x67\x64\0\x29\0\0\0") == 41
    assert h_264_level(b"\0\0\1") == 0


def test_every_compressed_syntax_of_ps3_11_is_looked_at() -> None:
    wanted = {f"1.2.840.10008.1.2.4.{n}" for n in (50, 51, 70, 90, 91, *range(100, 107))}
    assert wanted | {"1.2.840.10008.1.2.5"} <= set(CODINGS) | set(VIDEOS)
    assert set(CODINGS) | set(VIDEOS) <= set(TRANSFER_SYNTAXES)
