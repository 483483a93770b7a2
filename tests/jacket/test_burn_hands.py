"""Whatever hands do with discs: what is called good is there, and nothing is lost unasked."""

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest

from drivers.mmc.recorder import Recorder
from drivers.simulator.drive import SimulatedDrive
from drivers.simulator.kinds import KINDS
from drivers.simulator.medium import SimulatedMedium
from jacket.burning.burn import burn
from jacket.burning.result import DiscResult
from jacket.burning.target import DiscTarget, How
from jacket.job_record import LAST
from reporting import FilmjacketError

DISCS = ("cd-r", "cd-rw", "dvd-r", "dvd-rw", "dvd-rw-formatted", "dvd+r", "dvd+rw", "dvd-ram")
SIZES = (400, 640, 1008, 20_000)  # blocks
FAR_END = 32  # blocks that DVD-RAM has at its end, beside those with a digest
OLD = 200  # blocks of what is on a disc that was used
Many = Callable[[int, int], list[Path]]


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")


@dataclass
class Hands:
    """Somebody with a pile of discs, who puts in and takes out whatever comes."""

    chance: Random
    kind: str  # that the job begins with
    drive: SimulatedDrive = field(default_factory=SimulatedDrive)
    discs: list[SimulatedMedium] = field(default_factory=list)
    old: dict[int, bytes] = field(default_factory=dict)  # disc by its number → what was on it

    def __post_init__(self) -> None:
        self.drive.state.attend = self.another
        self.often = self.chance.choice((0.0, 0.1, 0.5))
        self.drive.insert(self.new(self.kind, is_used=False))

    def new(self, kind: str = "", is_used: bool | None = None) -> SimulatedMedium:
        """Take a disc from the pile, of any kind, blank or not."""
        name = kind or self.chance.choice(DISCS)
        medium = SimulatedMedium(KINDS[name], self.chance.choice(SIZES))
        if self.chance.random() < 0.4 if is_used is None else is_used:
            medium.fill(bytes((self.chance.randrange(1, 255),)) * (OLD * 2048))
            self.old[len(self.discs)] = medium.image(0, OLD)
        self.discs.append(medium)
        return medium

    def another(self) -> None:
        """Put something in, or nothing."""
        which = self.chance.random()
        if which < 0.4:
            self.drive.insert(self.new(self.kind, is_used=False))
        elif which < 0.6:
            self.drive.insert(self.new())
        elif which < 0.8:
            self.drive.insert(self.chance.choice(self.discs))
        elif which < 0.95:
            self.drive.insert(self.drive.medium)  # as it lies in the open tray

    def watch(self, stage: str, done: int, total: int) -> None:
        """Meddle, as progress is told."""
        if self.chance.random() < self.often and self.drive.press_button():
            self.another()

    def lost(self) -> list[int]:
        """Return which discs do not hold any more what was on them."""
        return [n for n, old in self.old.items() if self.discs[n].image(0, OLD) != old]

    def missing(self, results: Sequence[DiscResult]) -> list[DiscResult]:
        """Return which results have no disc of their own that is as they say."""
        pile, missing = list(self.discs), []
        for result in results:
            found = next((disc for disc in pile if holds(disc, result)), None)
            if found is None:
                missing.append(result)
            else:
                pile.remove(found)
        return missing


def holds(disc: SimulatedMedium, result: DiscResult) -> bool:
    kind = disc.kind.name.removesuffix("-formatted")
    blocks = -(-result.size // 2048)
    images = (disc.image(0, blocks - less) for less in (0, FAR_END))
    return kind == result.medium.lower() and any(
        sha256(image).hexdigest() == result.sha256 for image in images
    )


def meddled(seed: int, files: Sequence[Path], folder: Path) -> str:
    """Burn with random hands in between; return what must not be, or ""."""
    chance = Random(seed)  # noqa: S311 (no secret)
    hands = Hands(chance, chance.choice(DISCS))
    split, erase = chance.random() < 0.5, chance.random() < 0.5
    drive = hands.drive
    how = How(copies=chance.randint(1, 3), erase=erase, clock=drive.clock, sleep=drive.clock.sleep)
    recorder = Recorder(drive, clock=drive.clock, sleep=drive.clock.sleep)
    target = DiscTarget(recorder, how, lambda _: None)
    with suppress(FilmjacketError):
        burn(files, target, jobs_folder=folder, split=split, progress=hands.watch, jobs=1)
    told = [json.loads(path.read_text()) for path in folder.glob("*.json")]
    made = [result for result in target.results if result.is_made]
    wrong = {
        "called good and not there": hands.missing(made),
        "lost": [] if erase else hands.lost(),
        "locked": drive.locked,
        "not at an end": [record["state"] for record in told if record["state"] not in LAST],
    }
    return ", ".join(f"seed {seed}: {what} {which}" for what, which in wrong.items() if which)


def _run(seeds: range, files: Sequence[Path], folder: Path) -> None:
    found = [meddled(seed, files, folder / str(seed)) for seed in seeds]
    assert [one for one in found if one] == []


def test_hands_never_make_a_lie_of_a_record(many: Many, tmp_path: Path) -> None:
    _run(range(60), many(6, 0), tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_thousand_hands_never_make_a_lie_of_a_record(many: Many, tmp_path: Path) -> None:
    _run(range(60, 1060), many(6, 0), tmp_path)
