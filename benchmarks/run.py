"""Measures Filmjacket beside its peers: one run, warm cache, interleaved rounds, medians.

    python benchmarks/run.py                all, in memory below /dev/shm (about 4 GB)
    python benchmarks/run.py index author   some
    python benchmarks/run.py --rounds 7 --base /tmp/somewhere

Exit code 1 when a goal is missed. The peers are DCMTK, genisoimage and OpenSSL of the system.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Self

from corpora import corpus

SERVE = "--serve"
JACKET = [sys.executable, "-m", "jacket"]
ROOT = Path(__file__).resolve().parents[1]


Commands = Sequence[Sequence[str]]


class Run(NamedTuple):
    """One finished command, or several one after the other."""

    wall: float  # seconds
    cpu: float  # seconds, user and system, children included
    peak: int  # MiB, of the largest process


def timed(commands: Commands) -> Run:
    """Run *commands* one after the other as whole processes."""
    wall = time.perf_counter()
    cpu, peak = 0.0, 0
    for command in commands:
        child = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT
        )
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode not in (0, 1):
            raise SystemExit(f"exit code {child.returncode}: {' '.join(command)}")
        cpu += usage.ru_utime + usage.ru_stime
        peak = max(peak, usage.ru_maxrss // 1024)
    return Run(time.perf_counter() - wall, cpu, peak)


class Running:
    """A program of ours that runs already, as a kiosk does: what its start takes is not in it."""

    def __init__(self, command: Sequence[str], words: Sequence[str]) -> None:
        """Start *command*, which serves (served.py), to do the same *words* again and again."""
        self._line = "\t".join(words) + "\n"
        self._spent = 0.0  # seconds of a processor, up to now
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)

    def run(self) -> Run:
        """Have the work done once."""
        asked, answers = self._process.stdin, self._process.stdout
        if asked is None or answers is None:
            raise SystemExit("no pipes")
        start = time.perf_counter()
        asked.write(self._line)
        asked.flush()
        cpu, peak = answers.readline().split()
        wall = time.perf_counter() - start
        before, self._spent = self._spent, float(cpu)
        return Run(wall, self._spent - before, int(peak))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *unused: object) -> None:
        self._process.communicate()


class Contest(NamedTuple):
    """Ours beside theirs, some rounds, in turn."""

    name: str
    ours: Commands | Callable[[], Run]  # which measures itself
    theirs: Commands
    goal: float  # theirs / ours, wall, at least
    tidy: Callable[[], None]  # before each command


def contest(row: Contest, rounds: int) -> bool:
    """Run one contest after a round to warm up; print and judge it."""
    pairs = []
    for number in range(rounds + 1):
        row.tidy()
        ours = row.ours() if callable(row.ours) else timed(row.ours)
        row.tidy()
        theirs = timed(row.theirs)
        if number:
            pairs.append((ours, theirs))
    row.tidy()
    ratio = statistics.median(theirs.wall / ours.wall for ours, theirs in pairs)
    cpu = statistics.median(theirs.cpu / ours.cpu for ours, theirs in pairs)
    mine = statistics.median(ours.wall for ours, _ in pairs)
    other = statistics.median(theirs.wall for _, theirs in pairs)
    peak = max(ours.peak for ours, _ in pairs)
    good = ratio >= row.goal
    print(
        f"{row.name:<34}{mine:8.3f} s {other:8.3f} s {ratio:7.2f}x {cpu:7.2f}x "
        f"{row.goal:6.2f}x {peak:6} MB  {'ok' if good else 'MISSED'}",
        flush=True,
    )
    return good


def directories(base: Path, rounds: int, profile: str, what: str, goal: float) -> bool:
    """DICOMDIR of 3,000 and of 20,000 files for a profile, against dcmmkdir as it is."""
    good = True
    for name in ("M", "L"):
        folder = corpus(base, name)
        directory = folder / "DICOMDIR"
        good &= contest(
            Contest(
                f"DICOMDIR {name}{what}",
                [[*JACKET, "dicomdir", str(folder), "--profile", profile]],
                [["dcmmkdir", "+r", "+id", str(folder), "+D", str(base / "DICOMDIR")]],
                goal,
                lambda directory=directory: directory.unlink(missing_ok=True),  # type: ignore[misc]
            ),
            rounds,
        )
    return good


def index(base: Path, rounds: int) -> bool:
    """DICOMDIR of STD-GEN-CD, with checks equal to dcmmkdir's own."""
    return directories(base, rounds, "STD-GEN-CD", "", 6.0)


def checks(base: Path, rounds: int) -> bool:
    """DICOMDIR with all checks of the CT/MR profile, without icons."""
    return directories(base, rounds, "STD-CTMR-CD", ", CT/MR checks", 5.0)


def icons(base: Path, rounds: int) -> bool:
    """DICOMDIR of the CT/MR profile with an icon of every image, as dcmmkdir -Pcm makes them."""
    folder = corpus(base, "M")
    directory = folder / "DICOMDIR"
    words = ["dicomdir", str(folder), "--profile", "STD-CTMR-CD", "--icons"]
    peer = ["dcmmkdir", "+r", "-Pcm", "+id", str(folder), "+D", str(base / "DICOMDIR")]
    return contest(
        Contest(
            "DICOMDIR M, CT/MR icons",
            [[*JACKET, *words]],
            [peer],
            2.0,
            lambda: directory.unlink(missing_ok=True),
        ),
        rounds,
    )


def verify(base: Path, rounds: int) -> bool:
    """A File-set of 1.5 GB read to its end and judged, against its digests alone."""
    folder = corpus(base, "M")
    medium = base / "verified"
    if not medium.exists():
        timed([[*JACKET, "author", str(folder), "-o", str(medium)]])
    files = [str(path) for path in sorted(medium.rglob("*")) if path.is_file()]
    return contest(
        Contest(
            "verify M (openssl dgst)",
            [[*JACKET, "verify", str(medium), "--profile", "STD-GEN-CD"]],
            [["openssl", "dgst", "-sha256", *files]],
            1 / 1.3,
            lambda: None,
        ),
        rounds,
    )


def transcode(base: Path, rounds: int) -> bool:
    """500 CT slices to JPEG Lossless: CPU against one dcmcjpeg a file, wall with both cores."""
    folder = corpus(base, "S")
    ours, theirs = base / "ours", base / "theirs"

    def tidy() -> None:
        shutil.rmtree(ours, ignore_errors=True)
        shutil.rmtree(theirs, ignore_errors=True)
        theirs.mkdir()

    profile = ["--profile", "STD-GEN-USB-JPEG", "--transcode", "lossless"]
    sources = sorted(path for path in folder.rglob("*") if path.is_file())
    return contest(
        Contest(
            "author S, JPEG lossless",
            [[*JACKET, "author", str(folder), "-o", str(ours), *profile]],
            [["dcmcjpeg", "+e1", str(s), str(theirs / f"{n}")] for n, s in enumerate(sources)],
            1.0,
            tidy,
        ),
        rounds,
    )


def author(base: Path, rounds: int) -> bool:
    """The whole job for 500 CT slices against three tools one after the other."""
    folder = corpus(base, "S")
    ours, theirs = base / "ours.iso", base / "theirs.iso"

    def tidy() -> None:
        for path in (ours, theirs, folder / "DICOMDIR"):
            path.unlink(missing_ok=True)

    return contest(
        Contest(
            "author S (3 tools in a row)",
            [[*JACKET, "author", str(folder), "-o", str(ours)]],
            [
                ["dcmmkdir", "+r", "+id", str(folder), "+D", str(folder / "DICOMDIR")],
                ["genisoimage", "-quiet", "-iso-level", "1", "-o", str(theirs), str(folder)],
                ["openssl", "dgst", "-sha256", str(theirs)],
            ],
            1.0,
            tidy,
        ),
        rounds,
    )


def growth(base: Path, rounds: int) -> bool:
    """Cost per file from 1,000 to 100,000 files, and peak memory at 20,000."""
    costs = {}
    for number in (1000, 10_000, 100_000):
        folder = corpus(base, f"N={number}")
        directory = folder / "DICOMDIR"
        runs = []
        for _ in range(max(2, rounds // 2) + 1):
            directory.unlink(missing_ok=True)
            runs.append(timed([[*JACKET, "dicomdir", str(folder), "--jobs", "1"]]))
        directory.unlink(missing_ok=True)
        costs[number] = statistics.median(run.cpu for run in runs[1:])
        peak = max(run.peak for run in runs)
        print(f"{'index ' + format(number, ','):<34}{costs[number]:8.3f} s cpu {peak:6} MB")
        if number == 100_000:
            shutil.rmtree(folder)
    low = (costs[10_000] - costs[1000]) / 9_000
    high = (costs[100_000] - costs[10_000]) / 90_000
    print(f"per file: {low * 1e6:.1f} us to 10,000, {high * 1e6:.1f} us to 100,000")
    good = high <= 1.2 * low
    folder = corpus(base, "L")
    image = base / "l.iso"
    for words in (
        ["dicomdir", str(folder)],
        ["author", str(folder), "-o", str(image)],
        ["verify", str(image)],
    ):
        peak = timed([[*JACKET, *words]]).peak
        print(f"{'peak memory, 20,000: ' + words[0]:<34}{peak:6} MB  (goal: below 200)")
        good &= peak < 200
    image.unlink()
    (folder / "DICOMDIR").unlink(missing_ok=True)
    return good


def start(base: Path, rounds: int) -> bool:
    """``jacket --help`` beside a bare click program."""
    script = base / "bare.py"
    script.write_text(
        "import click\n@click.command()\n@click.option('--x')\ndef main(x): pass\nmain()\n"
    )
    return contest(
        Contest(
            "jacket --help (bare click program)",
            [[*JACKET, "--help"]],
            [[sys.executable, str(script), "--help"]],
            0.5,
            lambda: None,
        ),
        max(rounds, 9),
    )


BENCHMARKS = {
    "start": start,
    "index": index,
    "checks": checks,
    "icons": icons,
    "verify": verify,
    "transcode": transcode,
    "author": author,
    "growth": growth,
}


def main() -> int:
    """Run what was asked for; return 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("which", nargs="*", choices=[*BENCHMARKS, []], default=[])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--base", type=Path, default=Path("/dev/shm/filmjacket"))  # noqa: S108
    arguments = parser.parse_args()
    arguments.base.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [
            sys.executable,
            "-m",
            "compileall",
            "-q",
            *(str(p.parent) for p in ROOT.glob("*/py.typed")),
        ],
        check=True,
    )
    print(
        f"{'':<34}{'ours':>10} {'theirs':>10} {'wall':>8} {'cpu':>8} {'goal':>7} {'peak':>9}",
        flush=True,
    )
    good = True
    for name in arguments.which or BENCHMARKS:
        good &= BENCHMARKS[name](arguments.base, arguments.rounds)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
