"""`jacket burn` as a person and as a program sees it, on simulated drives."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file

from jacket.burning.engine import command
from jacket.burning.pace import PaceLine, clock_words

CT = Path(str(get_testdata_file("CT_small.dcm")))
Run = Callable[..., object]


@pytest.fixture(autouse=True)
def _records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")


def records(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "state" / "filmjacket" / "jobs").glob("*.json"))


def test_a_good_disc_is_told_in_words_and_in_json(tmp_path: Path, run: Run) -> None:
    said = run("burn", CT, "--device", "simulator:cd-r")
    assert said.code == 0, said.err
    assert "CD-R GOOD" in said.out
    assert "read back" in said.out
    told = run("burn", CT, "--device", "simulator:dvd+r", "--json")
    assert (told.code, told.err) == (0, "")
    assert told.json["good"] is True
    assert told.json["profile"] == "STD-GEN-DVD-JPEG"
    (disc,) = told.json["discs"]
    assert disc["verdict"] == "good"
    assert disc["sha256"] == told.json["volumes"][0]["sha256"]
    assert [json.loads(path.read_text())["state"] for path in records(tmp_path)] == ["good"] * 2


def test_a_bad_disc_is_exit_code_3_and_never_called_good(tmp_path: Path, run: Run) -> None:
    said = run("burn", CT, "--device", "simulator:cd-r,fault=silent-corruption@150", "--json")
    assert said.code == 3
    told = said.json["error"]
    assert "do not read back" in told["what"]
    assert "GOOD" not in said.out + said.err
    (disc,) = said.json["discs"]
    assert disc["verdict"] == "bad"
    assert disc["defects"]
    assert Path(disc["map"]).read_text().startswith("# Mapfile")
    assert Path(said.json["record"]) in records(tmp_path)


def test_words_that_do_not_go_together_are_refused(tmp_path: Path, run: Run) -> None:
    for words in (
        ("burn", CT),
        ("burn", CT, "--device", "simulator:floppy"),
        ("burn", CT, "--device", "simulator:cd-r,fault=no-such-fault"),
        ("burn", CT, "--device", "simulator:cd-r", "--publish", tmp_path),
        ("burn", CT, "--device", "simulator:cd-r", "--copies", "0"),
        ("burn", CT, "--device", "simulator:cd-r", "--engine", "cdrskin"),
        ("burn", CT, "--device", "simulator:cd-r", "--quality", "80"),
    ):
        assert run(*words).code == 2, words
    assert run("burn", CT, "--device", tmp_path / "no-device").code == 3
    assert not records(tmp_path)


def test_a_simulated_stick_is_good_or_bad(run: Run) -> None:
    said = run("burn", CT, "--device", "simulator:stick")
    assert said.code == 0, said.err
    assert "stick GOOD" in said.out
    bad = run("burn", CT, "--device", "simulator:stick,fault=silent-corruption@900", "--json")
    assert bad.code == 3
    assert bad.json["discs"][0]["verdict"] == "bad"


def test_a_dry_run_leaves_nothing(tmp_path: Path, run: Run) -> None:
    said = run("burn", CT, "--device", "simulator:cd-r", "--dry-run")
    assert said.code == 0
    assert "nothing was written" in said.out
    assert not records(tmp_path)


def test_a_set_in_a_folder_of_a_robot(tmp_path: Path, run: Run) -> None:
    robot = tmp_path / "robot"
    robot.mkdir()
    said = run("burn", CT, "--publish", robot, "--json")
    assert said.code == 0
    assert said.json["good"] is False  # nobody has seen the disc
    assert said.json["discs"][0]["verdict"] == "handed over"


def test_a_kill_tells_what_has_become_of_the_disc(tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    script = (
        "import sys, time; import drivers.simulator.drive as d; "
        "old = d.SimulatedDrive.execute\n"
        "def slow(self, cdb, **words):\n"
        "    if cdb[0] == 0x2A: print('writing', flush=True); time.sleep(0.2)\n"
        "    return old(self, cdb, **words)\n"
        "d.SimulatedDrive.execute = slow\n"
        "from jacket.cli import main; sys.argv[0] = 'jacket'; sys.exit(main())"
    )
    words = ("burn", str(CT), "--device", "simulator:cd-r", "--json")
    with subprocess.Popen(
        [sys.executable, "-c", script, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ},
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("writing"):
                break
        time.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        rest = process.stdout.read()
        assert process.wait(30) == 130
    told = json.loads(rest[rest.index("{") :])
    assert "interrupted" in told["error"]["what"]
    assert told["discs"][0]["verdict"] == "interrupted"
    (path,) = records(tmp_path)
    assert json.loads(path.read_text())["state"] == "interrupted"


def test_speed_and_time_left_are_shown() -> None:
    now, said = [0.0], []
    line = PaceLine(said.append, lambda: now[0])
    for second in range(11):
        now[0] = float(second)
        line("write", second * 10_000_000, 100_000_000)
    assert "10.0 MB/s  0:05 left" in said[5]
    assert "100%" in said[-1]
    assert (clock_words(7), clock_words(200), clock_words(3720)) == ("0:07", "3:20", "1:02:00")


def test_other_programs_are_called_with_size_and_speed() -> None:
    words = command("cdrskin", "/dev/sr0", 1234, 5540, "finalize")
    assert words[0] == "cdrskin"
    assert {"dev=/dev/sr0", "tsize=1234s", "speed=5540kB", "-"} <= set(words)
    assert "-multi" not in words
    assert "-multi" in command("xorriso", "/dev/sr0", 1234, None, "open")


def test_what_is_written_by_another_program_is_what_it_was_given(
    tmp_path: Path, peer: Callable[[str], str]
) -> None:
    """The program has no drive here; libburn takes a file for one."""
    from contextlib import contextmanager
    from types import SimpleNamespace

    from jacket.burning.engine import OtherProgram

    peer("xorriso")
    disc = tmp_path / "disc"
    disc.touch()

    @contextmanager
    def lent():  # type: ignore[no-untyped-def]
        yield f"stdio:{disc}"

    drive = SimpleNamespace(name="drive", medium=lambda: SimpleNamespace(kind="file"), lent=lent)
    content = os.urandom(600 * 2048)
    engine = OtherProgram("xorriso", drive)  # type: ignore[arg-type]
    pieces = [memoryview(content)[at : at + 65536] for at in range(0, len(content), 65536)]
    done = engine(600, pieces, speed=None, close="finalize", start=0, progress=lambda *_: None)
    assert done.complete
    assert disc.read_bytes()[: len(content)] == content
