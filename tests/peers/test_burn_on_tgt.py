"""Our engine burns on a DVD+R burner that is not ours, and what is there is what was planned."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import tgt_burner
from pydicom.data import get_testdata_file

from drivers.mmc.recorder import Recorder
from jacket.author import author
from jacket.burning.burn import burn
from jacket.burning.result import DiscFailed
from jacket.burning.target import DiscTarget, How
from jacket.verification import verify
from reporting import CannotWrite

CT = Path(str(get_testdata_file("CT_small.dcm")))
MR = Path(str(get_testdata_file("MR_small.dcm")))


@pytest.fixture
def burner(tmp_path: Path) -> Iterator[tgt_burner.TgtBurner]:
    missing = tgt_burner.what_is_missing()
    if missing:
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    folder = tmp_path / "tgt"
    folder.mkdir()
    with tgt_burner.TgtBurner(folder) as started:
        yield started


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")


def target_on(burner: tgt_burner.TgtBurner) -> DiscTarget:
    return DiscTarget(Recorder(burner.transport()), How(eject=False), print)


def test_what_is_on_the_disc_is_the_image_that_author_makes(
    burner: tgt_burner.TgtBurner, tmp_path: Path
) -> None:
    target = target_on(burner)
    done = burn([CT, MR], target, jobs_folder=tmp_path / "jobs")
    target.close()
    (disc,) = done.discs
    assert (disc.verdict, disc.medium, disc.why) == ("good", "DVD+R", "")
    assert disc.read_back is not None
    assert disc.read_back.is_good
    image = tmp_path / "disc.iso"
    made = author([CT, MR], image, profile_id="STD-GEN-DVD-JPEG")
    assert made.volumes[0].sha256 == disc.sha256
    # The burner keeps what was written in a file, behind a header of its own.
    assert image.read_bytes() in burner.image.read_bytes()
    assert json.loads(Path(done.record).read_text())["state"] == "good"
    assert verify(image, "STD-GEN-DVD-JPEG").compliant


def test_a_second_burn_on_a_closed_disc_is_refused_and_says_what_to_do(
    burner: tgt_burner.TgtBurner, tmp_path: Path
) -> None:
    target = target_on(burner)
    burn([CT], target, jobs_folder=tmp_path / "jobs")
    target.close()
    before = burner.image.read_bytes()
    again = target_on(burner)
    with pytest.raises(CannotWrite) as caught:
        burn([CT], again, profile_id="STD-GEN-DVD-JPEG", jobs_folder=tmp_path / "jobs")
    assert "DVD" in str(caught.value)
    assert "blank disc" in caught.value.remedy
    assert burner.image.read_bytes() == before


def test_a_drive_that_is_unplugged_while_it_writes_has_made_no_good_disc(
    burner: tgt_burner.TgtBurner, tmp_path: Path
) -> None:
    def unplug(stage: str, done: int, total: int) -> None:
        if stage == "write" and done:
            burner.unplug()

    target = target_on(burner)
    with pytest.raises(DiscFailed) as caught:
        burn([CT, MR], target, jobs_folder=tmp_path / "jobs", progress=unplug)
    record = json.loads(Path(caught.value.details["record"]).read_text())
    assert record["state"] == "failed"
    assert record["discs"][0]["verdict"] == "failed"
    assert record["discs"][0]["written"]["complete"] is False
