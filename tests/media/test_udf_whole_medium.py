"""A UDF volume that may be changed fills its medium: free space, an anchor in the last block."""

import subprocess
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from media import NamedSource, UdfMedium, lay_out_udf, open_medium, planned_files, write_volume
from media.udf.encode import free_bits
from media.udf.encode_volume import Revision
from media.udf.fields import parse_tag

RECORDED = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
SECTOR = 2048
DVD_RAM, BD_RE = 2_236_704, 11_826_176  # blocks
Contents = Mapping[tuple[str, ...], bytes]
Peer = Callable[[str], str]


def write(sources: list[NamedSource], target: Path, revision: Revision, size: int) -> None:
    plan = lay_out_udf(
        planned_files(sources, None),
        label="JACKET_1",
        recorded=RECORDED,
        revision=revision,
        overwritable=True,
        size=size,
    )
    write_volume(plan, sources, target, image_digest=False)


@pytest.mark.parametrize(("revision", "size"), [("1.50", DVD_RAM), ("2.50", BD_RE)])
def test_a_volume_as_large_as_its_medium_has_its_rest_free_and_two_anchors(
    tmp_path: Path,
    real_sources: list[NamedSource],
    real_contents: Contents,
    peer: Peer,
    revision: Revision,
    size: int,
) -> None:
    path = tmp_path / "t.img"
    write(real_sources, path, revision, size)
    assert path.stat().st_size == size * SECTOR
    assert path.stat().st_blocks * 512 < 30_000_000  # the rest is not even there
    with open_medium(path) as medium:
        assert isinstance(medium, UdfMedium)
        assert medium.volume.structure.anchors == (256, size - 1)
        assert medium.findings() == []
        for entry in medium.entries():
            with medium.open(entry) as file:
                assert file.pread(file.size, 0) == real_contents[entry.name]
    told = subprocess.run([peer("udfinfo"), str(path)], check=True, capture_output=True)
    assert told.stderr == b""
    lines = told.stdout.decode().splitlines()
    seen = dict(line.split("=", 1) for line in lines if not line.startswith("start="))
    used = -(-sum(map(len, real_contents.values())) // SECTOR)
    assert seen["integrity"] == "closed"
    assert int(seen["blocks"]) == size
    assert int(seen["usedblocks"]) + int(seen["freeblocks"]) == size - 288 - 17
    assert used < int(seen["usedblocks"]) < used + 2000
    assert f"start={size - 1}, blocks=1, type=ANCHOR" in lines
    assert f"start={size - 17}, blocks=16, type=RVDS" in lines


def test_the_free_blocks_are_those_behind_everything(
    tmp_path: Path, real_sources: list[NamedSource]
) -> None:
    path, size = tmp_path / "t.img", 65_536
    write(real_sources, path, "1.50", size)
    data = path.read_bytes()
    partition = 288 * SECTOR
    with open_medium(path) as medium:
        assert isinstance(medium, UdfMedium)
        ends = [entry.offset + entry.size for entry in medium.entries()]
        descriptor = medium.volume.structure.partitions[0].data
    bitmap = partition + int.from_bytes(descriptor[68:72], "little") * SECTOR
    assert bitmap >= max(ends)
    tag = parse_tag(data[bitmap : bitmap + 16])
    assert tag is not None
    assert tag.identifier == 264
    count = int.from_bytes(data[bitmap + 16 : bitmap + 20], "little")
    assert count == size - 288 - 17
    bits = data[bitmap + 24 : bitmap + 24 + -(-count // 8)]
    free = [n for n in range(count) if bits[n // 8] >> n % 8 & 1]
    first = (bitmap - partition + 24 + len(bits) + SECTOR - 1) // SECTOR
    assert free == list(range(first, count))
    assert not any(data[partition + first * SECTOR : (size - 17) * SECTOR])


def test_the_free_bits_are_the_last() -> None:
    assert free_bits(20, 7) == bytes((0, 0b1110_0000, 0b0000_1111))
    assert free_bits(16, 0) == bytes(2)


def test_what_has_no_room_on_the_medium_is_as_large_as_it_must_be(
    real_sources: list[NamedSource],
) -> None:
    files = planned_files(real_sources, None)

    def planned(size: int) -> int:
        return (
            lay_out_udf(files, label="T", recorded=RECORDED, revision="2.50", size=size).size
            // SECTOR
        )

    least = planned(0)
    assert [planned(size) for size in (320, least, least + 32)] == [least, least, least + 32]


def test_nobody_has_free_space_on_what_is_read_only(real_sources: list[NamedSource]) -> None:
    with pytest.raises(ValueError, match="free space"):
        lay_out_udf([], label="T", recorded=RECORDED, revision="2.60", size=DVD_RAM)


@pytest.mark.parametrize("behind", [32, 257, 1_000_000])
def test_a_volume_that_ends_before_its_medium_is_read_with_a_warning(
    tmp_path: Path, real_sources: list[NamedSource], behind: int
) -> None:
    path = tmp_path / "t.img"
    write(real_sources, path, "2.50", 0)
    last = path.stat().st_size // SECTOR - 1
    with path.open("r+b") as image:
        image.truncate((last + 1 + behind) * SECTOR)
    with open_medium(path) as medium:
        assert isinstance(medium, UdfMedium)
        assert medium.volume.structure.anchors == (256, last)
        (finding,) = medium.findings()
    assert (finding.rule, finding.severity) == ("UDF-ANCHOR-WITHIN", "warning")
    assert finding.where == f"sector {last}"
    with path.open("r+b") as image:
        image.seek(last * SECTOR)
        image.write(bytes(SECTOR))
    with open_medium(path) as medium:
        assert [f.rule for f in medium.findings()] == ["UDF-ANCHOR"]


def test_the_discs_of_another_author_are_judged_alike(
    tmp_path: Path, real_contents: Contents, peer: Peer
) -> None:
    folder, path = tmp_path / "in", tmp_path / "t.iso"
    folder.mkdir()
    (folder / "README.TXT").write_bytes(real_contents["README.TXT",])
    command = [peer("genisoimage"), "-quiet", "-udf", "-V", "T", "-o", str(path), str(folder)]
    subprocess.run(command, check=True)
    with path.open("r+b") as image:
        image.truncate(path.stat().st_size + 10_000 * SECTOR)
    with open_medium(path) as medium:
        rules = {f.rule for f in medium.findings() if f.rule.startswith("UDF-ANCHOR")}
    assert rules == {"UDF-ANCHOR-WITHIN"}
