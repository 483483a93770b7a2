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
