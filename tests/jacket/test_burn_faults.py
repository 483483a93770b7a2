"""Whatever goes wrong in a drive: no bad disc is called good, nothing hangs, the record is true."""

import json
import random
from collections import Counter
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file

from drivers.mmc.recorder import Recorder
from drivers.simulator import Fault, SimulatedDrive, random_faults
from jacket.author import author
from jacket.burning.burn import burn
from jacket.burning.result import BurnInterrupted
from jacket.burning.target import DiscTarget, How
from jacket.job_record import LAST
from reporting import FilmjacketError

SOURCES = [Path(str(get_testdata_file(name))) for name in ("CT_small.dcm", "MR_small.dcm")]
KINDS = {
    "cd-r": "STD-GEN-CD",
    "cd-rw": "STD-GEN-CD",
    "dvd-r": "STD-GEN-DVD-JPEG",
    "dvd-rw": "STD-GEN-DVD-JPEG",
    "dvd+r": "STD-GEN-DVD-JPEG",
    "dvd+rw": "STD-GEN-DVD-JPEG",
    "dvd+r-dl": "STD-GEN-DVD-JPEG",
    "dvd-ram": "STD-GEN-DVD-RAM",
    "bd-r": "STD-GEN-BD",
    "bd-re": "STD-GEN-BD",
}
LONGEST = 4 * 3600.0  # seconds on the drive's clock: formatting a disc takes an hour


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What is to be on a disc of each kind."""
    folder = tmp_path_factory.mktemp("images")
    made = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", "1700000000")
        for kind, identifier in KINDS.items():
            path = folder / f"{kind}.iso"
            medium = "bd-r" if kind == "bd-r" else None
            author(SOURCES, path, profile_id=identifier, medium=medium)
            made[kind] = path.read_bytes()
        for kind in ("dvd-ram", "bd-re"):  # A volume on them is as large as the disc.
            made[kind] = on_sound_disc(kind, folder / kind)
    return made


def on_sound_disc(kind: str, folder: Path) -> bytes:
    """Return what a drive without faults has put on a disc, without what closes it at its end."""
    drive = SimulatedDrive(kind)
    recorder = Recorder(drive, clock=drive.clock, sleep=drive.clock.sleep)
    how = How(eject=False, clock=drive.clock, sleep=drive.clock.sleep)
    target = DiscTarget(recorder, how, lambda _: None)
    done = burn(SOURCES, target, profile_id=KINDS[kind], jobs_folder=folder, jobs=1)
    assert drive.medium is not None
    return drive.medium.image(0, done.discs[0].size // 2048 - 32)


def burned_with(
    kind: str, faults: tuple[Fault, ...], image: bytes, folder: Path
) -> tuple[str, SimulatedDrive]:
    """Burn on a drive that fails; return the verdict of the record, which is held to be true."""
    drive = SimulatedDrive(kind, faults=faults)
    begun = drive.clock()
    medium = drive.medium
    recorder = Recorder(drive, clock=drive.clock, sleep=drive.clock.sleep)
    error: BaseException | None = None
    done = None
    try:
        how = How(eject=False, clock=drive.clock, sleep=drive.clock.sleep)
        target = DiscTarget(recorder, how, lambda _: None)
        done = burn(SOURCES, target, profile_id=KINDS[kind], jobs_folder=folder, jobs=1)
    except (FilmjacketError, BurnInterrupted) as failed:
        error = failed
    recorder.close()
    assert drive.clock() - begun < LONGEST
    records = list(folder.glob("*.json"))
    if not records:  # It was refused before anything was written.
        assert error is not None
        return "refused", drive
    (path,) = records
    told = json.loads(path.read_text())
    verdict = told["state"]
    assert verdict in LAST
    assert (verdict == "good") == (error is None)
    assert medium is not None
    blocks = len(image) // 2048
    is_there = medium.image(0, blocks) == image
    if verdict == "good":
        assert is_there
        assert done is not None
        assert done.clean
        assert [disc["verdict"] for disc in told["discs"]] == ["good"]
        assert told["discs"][0]["written"]["complete"] is True
    else:
        assert all(disc["verdict"] != "good" for disc in told["discs"])
        assert told["error"]
    for disc in told["discs"]:
        if not is_there and disc["read_back"] is not None:
            assert not disc["read_back"]["good"]
    if not drive.locked:
        return verdict, drive
    # Only a drive that nobody can reach stays locked, and one that is busy for ever: it takes
    # nothing but questions meanwhile.
    unreachable = any(fault.effect in ("gone", "power") for fault in faults)
    assert unreachable or drive.state.busy is not None
    return verdict, drive


@pytest.mark.parametrize("kind", KINDS)
def test_a_sound_drive_makes_a_good_disc_of_every_kind(
    kind: str, images: dict[str, bytes], tmp_path: Path
) -> None:
    verdict, drive = burned_with(kind, (), images[kind], tmp_path / "jobs")
    assert verdict == "good"
    assert not drive.locked
    (path,) = (tmp_path / "jobs").glob("*.json")
    remarks = json.loads(path.read_text())["discs"][0]["remarks"]
    # A bridge ends where its data end, and this disc does not; and this one was formatted.
    assert [remark.split()[1] for remark in remarks] == {
        "dvd+rw": ["volume"],
        "dvd-ram": ["rest"],
    }.get(kind, [])


def _seeded(seed: int, images: dict[str, bytes], folder: Path) -> str:
    dice = random.Random(seed)  # noqa: S311 (a test plan, no secret)
    kind = dice.choice(sorted(KINDS))
    faults = random_faults(seed, len(images[kind]) // 2048)
    try:
        return burned_with(kind, faults, images[kind], folder / str(seed))[0]
    except BaseException as error:
        error.add_note(f"seed {seed}: {kind}, {[(f.name, f.lba, f.nth) for f in faults]}")
        raise


def test_faults_never_make_a_bad_disc_good(images: dict[str, bytes], tmp_path: Path) -> None:
    verdicts = Counter(_seeded(seed, images, tmp_path) for seed in range(60))
    assert verdicts["failed"] > 10
    assert verdicts["good"] > 5


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_thousand_faults_never_make_a_bad_disc_good(
    images: dict[str, bytes], tmp_path: Path
) -> None:
    verdicts = Counter(_seeded(seed, images, tmp_path) for seed in range(1000))
    assert sum(verdicts.values()) == 1000
    assert verdicts["bad"] > 10
