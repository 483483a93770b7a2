"""Killed at any moment: the target is as before or complete, and nothing and nobody is left."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

RUNS = 9  # per signal
SEED = 20231114
PROC = Path("/proc")
pytestmark = pytest.mark.skipif(not PROC.is_dir(), reason="needs Linux to watch processes")


@pytest.fixture(scope="module")
def sources(
    tmp_path_factory: pytest.TempPathFactory,
    many: Callable[[int, int], list[Path]],
    test_files: Path,
) -> Path:
    """Some three hundred files; two processes scan them, two more convert some of them."""
    folder = tmp_path_factory.mktemp("sources")
    for path in many(280, 20):
        shutil.move(path, folder)
    # One that only the slow reader understands: it works in a process of its own.
    shutil.copy(test_files / "examples_jpeg2k.dcm", folder)
    return folder


class Job:
    """A command in a session of its own, so that whatever it starts can be found."""

    def __init__(self, *words: object) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "jacket", *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._wait_until_it_minds_signals()
        self.began = time.monotonic()

    def _wait_until_it_minds_signals(self) -> None:
        """What comes before that is Python's own start, where nothing of ours can be broken."""
        bit = 1 << (signal.SIGTERM - 1)
        while self.process.poll() is None:
            status = (PROC / str(self.process.pid) / "status").read_text()
            caught = next(x for x in status.splitlines() if x.startswith("SigCgt:"))
            if int(caught.split()[1], 16) & bit:
                return
            time.sleep(0.001)

    def end(self, number: int | None = None, after: float = 0.0) -> tuple[int, str]:
        if number is not None:
            time.sleep(max(0.0, self.began + after - time.monotonic()))
            self.process.send_signal(number)
        _, said = self.process.communicate(timeout=60)
        return self.process.returncode, said

    def survivors(self, patience: float) -> list[str]:
        """Return the command lines of what is left of the session when patience is over."""
        until = time.monotonic() + patience
        while (left := self._session()) and time.monotonic() < until:
            time.sleep(0.01)
        return left

    def _session(self) -> list[str]:
        found = []
        for folder in PROC.glob("[0-9]*"):
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue  # gone meanwhile
            if int(fields[3]) == self.process.pid and fields[0] != "Z":
                found.append(words)
        return found


def hidden(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


def lifetime(*words: object) -> float:
    job = Job(*words)
    code, said = job.end()
    assert code == 0, said
    return time.monotonic() - job.began


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_image_is_complete_or_not_there_whenever_the_job_is_killed(
    number: signal.Signals, tmp_path: Path, sources: Path, run: Callable[..., object]
) -> None:
    target = tmp_path / "disc.iso"
    words = ("author", sources, "-o", target)
    whole = lifetime(*words)
    before = target.read_bytes() + b"from before"  # an image, as anything else is not replaced
    moment = random.Random(SEED + number)  # noqa: S311 (to be repeated, not to be secret)
    codes = []
    for turn in range(RUNS):
        old = before if turn % 2 else b""
        target.unlink(missing_ok=True)
        if old:
            target.write_bytes(old)
        job = Job(*words)
        code, said = job.end(number, moment.uniform(0, whole))
        codes.append(code)
        assert job.survivors(5.0) == []
        as_before = target.read_bytes() == old if target.exists() else not old
        if number == signal.SIGKILL:
            assert code in (0, -signal.SIGKILL)
        else:
            assert code in (0, 130), said
            assert ("interrupted" in said) == (code == 130)
            assert as_before == (code == 130), "130 says that the target is as before"
            assert hidden(tmp_path) == []
        if not as_before:
            assert run("verify", target, "--profile", "STD-GEN-CD").code == 0
    assert set(codes) - {0}, "some were killed in time"
    assert run(*words).code == 0
    assert hidden(tmp_path) == [], "what killed ones left is gone after the next run"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_folder_is_complete_or_not_there_whenever_the_job_is_killed(
    number: signal.Signals, tmp_path: Path, sources: Path, run: Callable[..., object]
) -> None:
    target = tmp_path / "stick"
    words = ("author", sources, "-o", target)
    whole = lifetime(*words)
    moment = random.Random(SEED + number)  # noqa: S311 (as above)
    for _ in range(RUNS // 2):
        shutil.rmtree(target, ignore_errors=True)
        job = Job(*words)
        code, said = job.end(number, moment.uniform(0.3, 1) * whole)
        assert job.survivors(5.0) == []
        assert code in (0, 130, -signal.SIGKILL), said
        if target.exists():
            assert run("verify", target).code == 0
        assert target.exists() or code != 0
        assert number == signal.SIGKILL or hidden(tmp_path) == []
    shutil.rmtree(target, ignore_errors=True)
    assert run(*words).code == 0
    assert hidden(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_dicomdir_is_the_old_or_the_new_one_whenever_the_job_is_killed(
    number: signal.Signals, tmp_path: Path, sources: Path, run: Callable[..., object]
) -> None:
    folder = tmp_path / "set"
    (folder / "MORE").mkdir(parents=True)
    for path in sources.glob("CT0*"):
        shutil.copy(path, folder if path.name < "CT0100" else folder / "MORE")
    (folder / "MORE").rename(tmp_path / "more")
    assert run("dicomdir", folder).code == 0
    old = (folder / "DICOMDIR").read_bytes()
    (tmp_path / "more").rename(folder / "MORE")
    whole = lifetime("dicomdir", folder)
    new_size = (folder / "DICOMDIR").stat().st_size
    moment = random.Random(SEED + number)  # noqa: S311 (as above)
    for _ in range(RUNS):
        (folder / "DICOMDIR").write_bytes(old)
        job = Job("dicomdir", folder)
        code, said = job.end(number, moment.uniform(0, whole))
        assert job.survivors(5.0) == []
        now = (folder / "DICOMDIR").read_bytes()
        assert now == old or len(now) == new_size
        if number != signal.SIGKILL:
            assert (code, now == old) in ((130, True), (0, False)), said
            assert hidden(folder) == []
    assert run("dicomdir", folder).code == 0
    assert hidden(folder) == []


def test_leftovers_of_the_living_and_of_other_targets_stay(
    tmp_path: Path, two_patients: Path, run: Callable[..., object]
) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    stays = [
        f".disc.iso.partial-{os.getppid()}",  # at work just now
        f".other.iso.partial-{gone.pid}",
        ".disc.iso.partial-x",
        f"disc.iso.partial-{gone.pid}",
    ]
    goes = [f".disc.iso.partial-{gone.pid}", f".disc.iso.partial-{os.getpid()}"]
    for name in stays + goes:
        (tmp_path / name).write_bytes(b"half")
    work = tmp_path / f".disc.iso.partial-{gone.pid}-work"
    work.mkdir()
    (work / "0.dcm").write_bytes(b"half")
    assert run("author", two_patients, "-o", tmp_path / "disc.iso").code == 0
    assert {p.name for p in tmp_path.iterdir()} == {*stays, "disc.iso", "sources"}


def test_a_killed_update_of_a_directory_leaves_nothing_that_counts_as_a_file(
    two_patients: Path, run: Callable[..., object]
) -> None:
    assert run("dicomdir", two_patients).code == 0
    (two_patients / ".DICOMDIR.partial").write_bytes(b"half")
    said = run("dicomdir", two_patients, "--json")
    assert (said.code, said.json["left_out"], said.json["changed"]) == (0, [], False)
    assert hidden(two_patients) == []


def test_ctrl_c_at_a_terminal_reaches_the_workers_too_and_is_told_once(
    tmp_path: Path, sources: Path
) -> None:
    """A terminal sends it to the whole group, not to the job alone."""
    for delay in (0.15, 0.3, 0.45, 0.6):
        job = Job("author", sources, "-o", tmp_path / "disc.iso")
        time.sleep(delay)
        if job.process.poll() is None:
            os.killpg(job.process.pid, signal.SIGINT)
        code, said = job.end()
        assert code in (0, 130)
        assert said == ("" if code == 0 else said)
        assert said.count("\n") == (1 if code else 0), said
        assert job.survivors(5.0) == []
        assert hidden(tmp_path) == []
