"""Measures what burning costs the host: CPU time for every byte, and whether the drive runs dry.

    python benchmarks/burn.py                 265 MB as fast as it goes, then at 16x DVD
    python benchmarks/burn.py --seconds 20    as long at the drive's pace

The drive is the simulated one, in this process. First it takes data at any speed, and the CPU time
from the first byte written to the last, all digests included, is told as a share of a core at
22 MB/s: without what the simulated drive does itself, and with it. Then it lives in real time at
16x DVD, and the source stalls for two seconds in the middle. Exit code 1 when a goal is missed.
"""

import argparse
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


import jacket.burning.disc as burning_disc
from drivers.mmc.recorder import Recorder
from drivers.simulator import SimulatedDrive
from drivers.simulator.buffer import Buffer
from drivers.simulator.clock import RealClock
from drivers.transport import Answer
from jacket.burning.burn import burn
from jacket.burning.target import DiscTarget, How
from media.volume_stream import VolumeStream

RATE = 22e6  # bytes per second: 16x DVD
SHARE = 0.10  # of a core, at most
STALL = 2.0  # seconds
PROFILE = "STD-GEN-DVD-JPEG"


class Pace:
    """The CPU time and the time of day at the first and the last byte written."""

    def __init__(self, of_drive: Callable[[], float]) -> None:
        self._of_drive = of_drive
        self.of_drive: list[float] = []
        self.cpu: list[float] = []
        self.wall: list[float] = []
        self.done = 0

    def __call__(self, stage: str, done: int, total: int) -> None:
        if stage == "write":
            self.cpu.append(time.process_time())
            self.of_drive.append(self._of_drive())
            self.wall.append(time.monotonic())
            self.done = done


class Timed(SimulatedDrive):
    """A drive that knows how long it kept the host's processor busy itself."""

    own = 0.0  # seconds

    def execute(self, *call: Any, **more: Any) -> Answer:
        begun = time.thread_time()
        try:
            return super().execute(*call, **more)
        finally:
            self.own += time.thread_time() - begun


class Watched(Buffer):
    """A drive's memory that counts how often it was empty when more came."""

    def __init__(self) -> None:
        super().__init__()
        self.dry, self.taken = 0, 0

    def put(self, lba: int, data: bytes) -> None:
        # Before the first pieces have come it is empty, and nothing is recorded yet.
        self.dry += self.taken > self.size and not self.filled
        self.taken += len(data)
        super().put(lba, data)


def burned(
    drive: SimulatedDrive,
    sources: list[Path],
    folder: Path,
    of_drive: Callable[[], float] = lambda: 0.0,
) -> tuple[Pace, Any]:
    """Burn *sources*; return the pace of the writing and what became of the disc."""
    pace = Pace(of_drive)
    recorder = Recorder(drive, clock=drive.clock, sleep=drive.clock.sleep)
    how = How(eject=False, clock=drive.clock, sleep=drive.clock.sleep)
    with TemporaryDirectory(dir=folder) as jobs:
        target = DiscTarget(recorder, how, lambda _: None)
        done = burn(
            sources, target, profile_id=PROFILE, jobs_folder=Path(jobs), jobs=1, progress=pace
        )
        target.close()
    return pace, done.discs[0]


def cost(folder: Path, sources: list[Path]) -> bool:
    """Tell the share of a core that writing at RATE takes."""
    drive = Timed("dvd+r")
    pace, disc = burned(drive, sources, folder, lambda: drive.own)
    cpu, own = (marks[-1] - marks[0] for marks in (pace.cpu, pace.of_drive))
    share, whole = ((cpu - own) / pace.done * RATE, cpu / pace.done * RATE)
    print(f"{pace.done / 1e6:,.0f} MB {disc.verdict}: {share:.1%} of a core at {RATE / 1e6:.0f} "
          f"MB/s, {whole:.1%} with the drive's own part (goal: below {SHARE:.0%})")  # fmt: skip
    return share < SHARE and disc.verdict == "good"


def stall(folder: Path, sources: list[Path]) -> bool:
    """Burn in real time from a source that stalls; tell whether the drive ran dry."""
    drive = SimulatedDrive("dvd+r", clock=RealClock())
    drive.state.buffer = memory = Watched()
    stalled: list[float] = []

    class Stalling(VolumeStream):
        """A volume of which the middle comes two seconds late, once."""

        def pieces(
            self, start: int = 0, length: int = 1 << 20
        ) -> Generator[memoryview, None, None]:
            sent = 0
            for piece in super().pieces(start, length):
                if sent > self.size // 2 and not stalled:
                    stalled.append(time.monotonic())
                    time.sleep(STALL)
                sent += len(piece)
                yield piece

    vars(burning_disc)["VolumeStream"] = Stalling
    try:
        pace, disc = burned(drive, sources, folder)
    finally:
        vars(burning_disc)["VolumeStream"] = VolumeStream
    seconds = pace.wall[-1] - pace.wall[0]
    print(f"{pace.done / 1e6:,.0f} MB in {seconds:.1f} s ({pace.done / seconds / 1e6:.1f} MB/s), "
          f"{disc.verdict}; the source stalled for {STALL:.0f} s: waits of the host "
          f"{disc.source_waits}, drive found empty {memory.dry} times (goal: 0 and 0)")  # fmt: skip
    return bool(stalled) and not disc.source_waits and not memory.dry and disc.verdict == "good"


def main() -> int:
    """Measure; return 1 when a goal is missed."""
    from corpora import corpus

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=int, default=12)
    parser.add_argument("--base", type=Path, default=Path("/dev/shm/filmjacket"))  # noqa: S108
    arguments = parser.parse_args()
    arguments.base.mkdir(parents=True, exist_ok=True)
    files = sorted(path for path in corpus(arguments.base, "S").rglob("*") if path.is_file())
    size = files[0].stat().st_size
    good = cost(arguments.base, files)
    number = min(len(files), int(arguments.seconds * RATE) // size)
    return 0 if stall(arguments.base, files[:number]) and good else 1


if __name__ == "__main__":
    sys.exit(main())
