"""The public API: the jobs as functions, with results as values and errors of one root."""

import subprocess
import sys
from pathlib import Path

import pytest

import jacket
from jacket.protection import Wish
from reporting import FilmjacketError, WrongUsage
from secure import Keys


def test_author_and_verify_are_functions_with_results(tmp_path: Path, two_patients: Path) -> None:
    target = tmp_path / "disc.iso"
    done = jacket.author([two_patients], target)
    assert isinstance(done, jacket.Authored)
    (volume,) = done.volumes
    assert (volume.size, volume.instances) == (target.stat().st_size, 24)

    verdict = jacket.verify(target, "STD-GEN-CD")
    assert isinstance(verdict, jacket.Verification)
    assert (verdict.compliant, verdict.instances, verdict.findings) == (True, 24, ())


def test_progress_is_told_to_an_observer(tmp_path: Path, two_patients: Path) -> None:
    seen: list[tuple[str, int, int]] = []

    def watch(stage: str, done: int, total: int) -> None:
        seen.append((stage, done, total))

    jacket.author([two_patients], tmp_path / "disc.iso", progress=watch)
    size = (tmp_path / "disc.iso").stat().st_size
    assert {stage for stage, _, _ in seen} == {"scan", "write"}
    assert seen[-1] == ("write", size, size)
    written = [done for stage, done, _ in seen if stage == "write"]
    assert written == sorted(written)


def test_a_listing_and_an_update_are_functions_too(two_patients: Path) -> None:
    done = jacket.update_file_set(two_patients)
    assert (done.created, done.instances) == (True, 24)
    listing = jacket.list_medium(two_patients)
    assert [patient["PatientID"] for patient in listing["patients"]] == ["77654033", "98890234"]


def test_decrypting_is_a_function_with_a_result(tmp_path: Path, two_patients: Path) -> None:
    disc, password = tmp_path / "disc.iso", "seven lemon tractors hum"
    wish = Wish(password=password)
    jacket.author([two_patients], disc, profile_id="STD-GEN-SEC-CD", wish=wish)
    done = jacket.decrypt(disc, tmp_path / "plain", Keys([password]))
    assert isinstance(done, jacket.Decrypted)
    assert (done.decrypted, done.left_out) == (25, ())
    verdict = jacket.verify(tmp_path / "plain", "STD-GEN-CD")
    assert (verdict.compliant, verdict.instances) == (True, 24)


def test_errors_carry_what_where_remedy_and_the_exit_code(tmp_path: Path) -> None:
    with pytest.raises(FilmjacketError) as caught:
        jacket.author([tmp_path / "nowhere"], tmp_path / "disc.iso")
    assert caught.value.exit_code == 3
    assert caught.value.where == str(tmp_path / "nowhere")
    assert caught.value.remedy
    with pytest.raises(WrongUsage):
        jacket.verify(tmp_path, "STD-NONE")


def test_names_are_those_that_are_announced() -> None:
    for name in jacket.__all__:
        assert getattr(jacket, name)
    with pytest.raises(AttributeError, match="no attribute 'kiosk'"):
        _ = jacket.kiosk


def test_a_submodule_does_not_take_the_name_of_its_function() -> None:
    code = "import jacket.author, jacket; print(callable(jacket.author))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"


def test_importing_the_package_loads_no_other_room() -> None:
    code = "import sys, jacket; print(sorted(m for m in sys.modules if m.startswith('jacket')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['jacket']"
