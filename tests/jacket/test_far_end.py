"""A volume in two parts is, put together, the volume that is as large as its disc."""

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import pytest

from drivers.mmc.recording_facts import Medium as Disc
from jacket.burning.far_end import OnDisc, on_whole_disc
from jacket.writing import Job, Measured, Volume
from media import DigestList, NamedSource, lay_out_udf, open_medium, planned_files
from media.volume_stream import VolumeStream

RECORDED = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
BLOCK, UNIT = 2048, 32
LIST = DigestList(("MANIFEST.TXT",), 16, lambda digests: b"digests of them\n", RECORDED)


def volume_of(content: bytes, revision: Literal["1.50", "2.50"]) -> Volume:
    sources = [NamedSource(("A",), (content,), RECORDED)]
    plan = lay_out_udf(
        planned_files(sources, LIST),
        label="T",
        recorded=RECORDED,
        revision=revision,
        overwritable=True,
    )
    measured = Measured(plan.size, plan.size, True, plan)
    return Volume(Path("t"), sources, LIST, Job("T", RECORDED), measured, sources[0])


def put_together(on_disc: OnDisc, target: Path, blocks: int) -> int:
    """Write what goes on a disc, in the order in which it is burned; return the bytes of it."""
    (volume, far_end), written = on_disc, 0
    assert volume.measured.plan is not None
    stream = VolumeStream(volume.measured.plan, volume.named, digest_list=volume.digest_list)
    with target.open("wb") as image:
        image.truncate(blocks * BLOCK)
        if far_end is not None:
            assert far_end.start * BLOCK + len(far_end.data) == blocks * BLOCK
            image.seek(far_end.start * BLOCK)
            written += image.write(far_end.data)
        image.seek(0)
        with closing(stream.pieces()) as pieces:
            written += sum(image.write(piece) for piece in pieces)
    assert target.stat().st_size == blocks * BLOCK
    return written


@pytest.mark.parametrize(("kind", "revision"), [("DVD-RAM", "1.50"), ("BD-RE", "2.50")])
def test_every_size_on_every_disc_that_has_room_for_it(
    kind: str, revision: Literal["1.50", "2.50"], tmp_path: Path
) -> None:
    target = tmp_path / "disc"
    for length in range(1, UNIT + 2):
        content = b"x" * (length * BLOCK - 5)
        volume = volume_of(content, revision)
        least = volume.measured.size // BLOCK
        for blocks in (least, least + UNIT, least + 3 * UNIT, 10_000 * UNIT):
            disc = Disc(kind, 0, "overwritable", blocks, 0, 1, True, blocks)
            written = put_together(on_whole_disc(volume, disc), target, blocks)
            assert written <= (least + 20 * UNIT) * BLOCK
            with open_medium(target) as medium:
                assert medium.findings() == []
                entry = medium.find(("A",))
                assert entry is not None
                with medium.open(entry) as file:
                    assert file.pread(file.size, 0) == content


def test_a_wiped_disc_is_written_to_its_last_block(tmp_path: Path) -> None:
    volume = volume_of(b"content", "2.50")
    blocks = 100 * UNIT
    disc = Disc("BD-RE", 0, "overwritable", blocks, 0, 1, True, blocks)
    two, one = tmp_path / "two", tmp_path / "one"
    put_together(on_whole_disc(volume, disc), two, blocks)
    assert put_together(on_whole_disc(volume, disc, wipe=True), one, blocks) == blocks * BLOCK
    assert one.read_bytes() == two.read_bytes()


def test_what_is_too_large_for_a_disc_is_left_for_the_drive_to_refuse() -> None:
    volume = volume_of(b"content", "2.50")
    blocks = volume.measured.size // BLOCK - UNIT
    disc = Disc("BD-RE", 0, "overwritable", blocks, 0, 1, True, blocks)
    assert on_whole_disc(volume, disc, wipe=True) == OnDisc(volume, None)
