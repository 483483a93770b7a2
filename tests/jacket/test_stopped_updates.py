"""An update that was stopped near its end: the next run finishes it, with nothing else to do."""

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from struct import pack_into, unpack_from

import pytest
from pydicom.data import get_testdata_file

from media.fat.boot import parse_boot
from media.iso9660.append import append_session
from media.update import Change

CT, PLAN = (Path(str(get_testdata_file(f"{name}.dcm"))) for name in ("CT_small", "rtplan"))
CT_UID = "1.3.6.1.4.1.5962.1.1.1.1.1.20040119072730.12322"
MIB = 1 << 20

Run = Callable[..., object]
Peer = Callable[[str], str]


@pytest.fixture
def disc(tmp_path: Path, run: Run) -> Path:
    """A disc whose last session is not shown at the front of its image."""
    image = tmp_path / "disc.iso"
    assert run("author", PLAN, "-o", image).code == 0
    append_session(image, Change(), recorded=datetime.now(UTC), update_first=False)
    return image


@pytest.fixture
def stick(tmp_path: Path, run: Run) -> Path:
    """A stick that says it is in use, and has a second table and a count that are out of date."""
    image = tmp_path / "stick.img"
    assert run("author", CT, "-o", image).code == 0
    data = bytearray(image.read_bytes())
    boot = parse_boot(bytes(data[MIB : MIB + 512]))
    assert boot is not None
    assert boot.bits == 16
    second = MIB + boot.table_at + boot.table_sectors * boot.sector
    for table in (MIB + boot.table_at, second):
        (mark,) = unpack_from("<H", data, table + 2)
        pack_into("<H", data, table + 2, mark & 0x7FFF)
    pack_into("<H", data, second + 2 * 3000, 0xFFFF)  # a cluster that is free in the first one
    image.write_bytes(data)
    return image


def rules(image: Path, run: Run) -> set[str]:
    return {finding["rule"] for finding in run("verify", image, "--json").json["findings"]}


def test_programs_that_know_no_sessions_see_the_last_one_after_the_next_run(
    disc: Path, run: Run
) -> None:
    said = run("verify", disc, "--json")
    found = {finding["rule"]: finding["severity"] for finding in said.json["findings"]}
    assert found["ISO-SESSION-FRONT"] == "warning"
    assert said.json["compliant"], "a warning"
    before = disc.read_bytes()
    said = run("dicomdir", disc, "--dry-run", "--json")
    assert (said.code, said.json["changed"]) == (0, True)
    assert "would be put right" in " ".join(said.json["remarks"])
    assert disc.read_bytes() == before
    said = run("dicomdir", disc, "--json")
    assert (said.code, said.json["changed"], said.json["added"]) == (0, True, 0)
    assert "no sessions" in " ".join(said.json["remarks"])
    assert "ISO-SESSION-FRONT" not in rules(disc, run)
    said = run("dicomdir", disc, "--json")
    assert (said.json["changed"], said.json["remarks"]) == (False, [])


def test_a_stick_is_marked_as_taken_out_after_the_next_run(
    stick: Path, run: Run, peer: Peer
) -> None:
    assert {"FAT-DIRTY", "FAT-COPIES"} <= rules(stick, run)
    before = stick.read_bytes()
    assert run("dicomdir", stick, "--dry-run", "--json").json["changed"]
    assert stick.read_bytes() == before
    said = run("dicomdir", stick, "--json")
    assert (said.code, said.json["changed"], said.json["added"]) == (0, True, 0)
    assert "as if in use" in " ".join(said.json["remarks"])
    assert not {"FAT-DIRTY", "FAT-COPIES"} & rules(stick, run)
    volume = stick.with_suffix(".volume")
    volume.write_bytes(stick.read_bytes()[MIB:])
    words = [peer("fsck.fat"), "-n", str(volume)]
    checked = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout.count("\n")) == (0, 2), checked.stdout
    said = run("dicomdir", stick, "--json")
    assert (said.json["changed"], said.json["remarks"]) == (False, [])


def lose_clusters(stick: Path, free: range) -> None:
    """Mark clusters as in use that no file has, as an update does that is killed before its end."""
    data = bytearray(stick.read_bytes())
    boot = parse_boot(bytes(data[MIB : MIB + 512]))
    assert boot is not None
    for number in range(boot.tables):
        table = MIB + boot.table_at + number * boot.table_sectors * boot.sector
        for cluster in free:
            assert unpack_from("<H", data, table + 2 * cluster) == (0,)
            pack_into("<H", data, table + 2 * cluster, 0xFFFF)
    stick.write_bytes(data)


def test_clusters_that_belong_to_no_file_are_told_by_every_run(
    tmp_path: Path, run: Run, peer: Peer
) -> None:
    stick = tmp_path / "stick.img"
    assert run("author", CT, "-o", stick).code == 0
    assert run("dicomdir", stick, "--json").json["remarks"] == []
    lose_clusters(stick, range(3000, 3007))
    volume = stick.with_suffix(".volume")
    volume.write_bytes(stick.read_bytes()[MIB:])
    words = [peer("fsck.fat"), "-n", str(volume)]
    checked = subprocess.run(words, capture_output=True, text=True, check=False)
    assert "Reclaimed 7 unused clusters" in checked.stdout
    told = "7 clusters are marked as in use and belong to no file, and may still hold images"
    said = run("dicomdir", stick, "--json")
    assert (said.code, said.json["changed"]) == (0, False)
    assert [remark.startswith(told) for remark in said.json["remarks"]] == [True]
    said = run("dicomdir", stick, "--remove-patient", "GONE")
    assert said.code != 0
    assert "nobody there has that Patient ID" in said.err
    assert told in said.err
    said = run("dicomdir", stick, "--add", PLAN, "--json")
    assert (said.code, said.json["changed"]) == (0, True)
    assert any(remark.startswith(told) for remark in said.json["remarks"])


@pytest.mark.parametrize("words", [("--prune",), ("--remove", CT_UID)])
def test_records_without_files_are_dropped_and_their_bytes_are_told_of(
    words: tuple[str, ...], tmp_path: Path, run: Run, peer: Peer
) -> None:
    stick = tmp_path / "stick.img"
    assert run("author", CT, PLAN, "-o", stick).code == 0
    planned = run("dicomdir", stick, "--remove", CT_UID, "--dry-run", "--json")
    (name,) = planned.json["removed_files"]
    deleted = [peer("mdel"), "-i", f"{stick}@@1M", f"::/{name}"]
    subprocess.run(deleted, capture_output=True, check=True)
    said = run("dicomdir", stick, *words, "--json")
    assert (said.json["removed_files"], len(said.json["removed"])) == ([], 1)
    assert any("not overwritten" in remark for remark in said.json["remarks"])
    assert not any("not overwritten" in r for r in run("dicomdir", stick, "--json").json["remarks"])
