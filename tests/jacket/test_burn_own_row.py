"""Each stick and each disc of a set is held against the profile of its own volume."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from disc_changer import CD_R, DiscChanger, blank
from pydicom.data import get_testdata_file
from scripted_drive import Clock
from stick_file import Stick

from drivers.mmc.recorder import Recorder
from jacket.burning.burn import burn
from jacket.burning.result import Burned
from jacket.burning.stick import StickTarget
from jacket.burning.target import DiscTarget, How
from jacket.job_record import JobRecord
from jacket.writing import Volume
from media.source import Written
from profiles.profile_table import profile
from reporting import Progress

CT = Path(str(get_testdata_file("CT_small.dcm")))
OTHER = profile("STD-XABC-CD")  # for X-ray angiography, and on CD-R
Many = Callable[[int, int], list[Path]]


class OtherStick(StickTarget):
    """A stick whose volume is made as if it were for another profile than it was laid out for."""

    def put(self, volume: Volume, record: JobRecord, progress: Progress) -> Written:
        return super().put(volume._replace(row=OTHER), record, progress)


class OtherDisc(DiscTarget):
    """Discs of which the second is made so."""

    def put(self, volume: Volume, record: JobRecord, progress: Progress) -> Written:
        row = OTHER if volume.job.number == 2 else volume.row
        return super().put(volume._replace(row=row), record, progress)


def profiles_of(done: Burned) -> list[str | None]:
    return [disc.verification.profile if disc.verification else None for disc in done.discs]


def state_in(folder: Path) -> str:
    (path,) = folder.glob("*.json")
    return str(json.loads(path.read_text())["state"])


@pytest.mark.parametrize("wanted", ["auto", None])
@pytest.mark.parametrize("kind", [StickTarget, OtherStick])
def test_a_stick_that_departs_from_its_profile_is_not_good(
    kind: type[StickTarget], wanted: str | None, tmp_path: Path
) -> None:
    target = kind(Stick(tmp_path / "stick.img", 64 << 20), How())
    done = burn([CT], target, profile_id=wanted, jobs_folder=tmp_path / "jobs")
    (disc,) = done.discs
    departs = kind is OtherStick
    assert profiles_of(done) == [OTHER.identifier if departs else done.authored.profile]
    assert disc.verdict == ("not compliant" if departs else "good")
    assert disc.why.startswith("a reader finds: ") == departs
    assert done.clean != departs
    assert state_in(tmp_path / "jobs") == disc.verdict


@pytest.mark.parametrize("wanted", ["auto", None])
def test_one_disc_of_a_set_that_departs_from_its_profile_is_not_good(
    wanted: str | None, tmp_path: Path, many: Many
) -> None:
    drive, clock = DiscChanger(CD_R, capacity=400, coming=[blank, blank]), Clock()
    recorder = Recorder(drive, clock=clock, sleep=clock.sleep)
    target = OtherDisc(recorder, How(clock=clock, sleep=clock.sleep), lambda _: None)
    done = burn(
        many(25, 0), target, profile_id=wanted, split=True, jobs_folder=tmp_path / "jobs", jobs=1
    )
    assert [disc.verdict for disc in done.discs] == ["good", "not compliant", "good"]
    chosen = done.authored.profile
    assert profiles_of(done) == [chosen, OTHER.identifier, chosen]
    assert not done.clean
    assert state_in(tmp_path / "jobs") == "not compliant"
