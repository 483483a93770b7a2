"""Which profiles are near, and which only seem to be kept: what is asked of all at once."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from profiles.check_nearest import Nearest
from profiles.profile_check import ProfileChecks
from profiles.profile_table import PROFILES


def _beside(name: str) -> Any:
    """Return the module of another test file: the makers of files and media are there."""
    place = Path(__file__).with_name(f"{name}.py")
    spec = importlib.util.spec_from_file_location(f"nearest_{name}", place)
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


conditions = _beside("test_profile_check_conditions")
cases = conditions.cases


def test_no_protected_profile_is_satisfied_by_what_is_plain() -> None:
    for row in PROFILES.values():
        checks, found = conditions.asked(row, cases.image())
        assert not [name for name in found if "-SEC-" in name]
    checks, found = conditions.asked(PROFILES["STD-GEN-SEC-ZIP-MAIL"], cases.image())
    assert found == ("STD-GEN-ZIP-MAIL",)
    assert checks.unseen == ("STD-GEN-SEC-ZIP-MAIL",)


@pytest.mark.parametrize("processes", [1, 2])
def test_the_nearest_profile_is_the_one_that_fewest_rules_speak_against(processes: int) -> None:
    lossy, lossless = (
        cases.jpeg(cases.JB, cases.baseline()),
        cases.jpeg(cases.J2L, cases.jpeg_2000()),
    )
    checks, found = conditions.asked(
        PROFILES["STD-GEN-USB-JPEG"], lossy, lossless, lossless, processes=processes
    )
    assert found == ()
    # One kind of file speaks against …-J2K, and one against …-JPEG: the first of PS3.11 is told.
    # Nothing in the files speaks against STD-GEN-MIME, but this is no mail.
    assert checks.nearest == Nearest("STD-GEN-USB-JPEG", ("PRO-TRANSFER-SYNTAX",))
    checks, found = conditions.asked(PROFILES["STD-GEN-USB-JPEG"], lossy, processes=processes)
    assert found
    assert checks.nearest is None


@pytest.mark.parametrize("processes", [1, 2])
def test_what_only_records_break_is_known_of_the_nearest_too(processes: int) -> None:
    """An X-ray run without icon on a disc that is of another file system besides."""
    files = [cases.File(cases.angiography()) for _ in range(3)]
    row = PROFILES["STD-XABC-CD"]
    checks = [ProfileChecks([row], claimed=False) for _ in range(processes)]
    for number, each in enumerate(checks):
        cases.see(each, files[number::processes], made_for=row)
    for other in checks[1:]:
        checks[0].absorb(conditions.as_sent(other.state()))
    assert checks[0].finish(file_system="udf", instances=3, secure_files=())[1] == ()
    assert checks[0].nearest == Nearest("STD-XABC-CD", ("PRO-FILE-SYSTEM", "PRO-ICON-MISSING"))


def test_of_a_medium_too_motley_no_nearest_profile_is_told() -> None:
    files = [cases.File(cases.image(Rows=1 + n, Columns=1)) for n in range(300)]
    for number in (100, 300):
        checks = ProfileChecks([PROFILES["STD-XABC-CD"]], claimed=False)
        cases.see(checks, tuple(files[:number]))
        checks.finish(file_system="iso9660", instances=number, secure_files=())
        assert (checks.nearest is None) is (number == 300)


def test_a_message_says_what_is_allowed_and_on_what_it_is_in_words() -> None:
    (found,) = cases.judge("STD-GEN-CD", cases.jpeg(cases.JB, cases.baseline()))
    assert found.message.endswith(" for CT Image; it allows only Explicit VR Little Endian")
    (found,) = cases.judge("STD-GEN-DVD-RAM", cases.image(), file_system="iso9660")
    assert found.message == "STD-GEN-DVD-RAM is for UDF, this is ISO 9660"
