"""Which profiles a medium of Secure DICOM Files satisfies, by what is in them."""

import importlib.util
import marshal
from pathlib import Path
from typing import Any

import pytest

from profiles.application_profiles import Security
from profiles.check_nearest import Nearest
from profiles.profile_check import ProfileChecks
from profiles.profile_table import PROFILES

# The files of another module of tests, which has no package to be imported from.
_SPEC = importlib.util.spec_from_file_location(
    "profile_check_cases", Path(__file__).with_name("test_profile_check.py")
)
assert _SPEC is not None
assert _SPEC.loader is not None
cases: Any = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(cases)

File = cases.File
FILES = [File(cases.image()) for _ in range(3)]
NAMES = [f"DICOM/I000000{n}" for n in (1, 2, 3)]
ALL = ["DICOMDIR", *NAMES]


def as_sent(state: object) -> object:
    """Return a state as it comes out of another process."""
    return marshal.loads(marshal.dumps(state))  # type: ignore[arg-type]  # noqa: S302 (our own)


class FromEnvelopes(ProfileChecks):
    """Sees every file as one that was in an envelope."""

    def see(self, *values: Any, is_secure: bool = True) -> None:
        super().see(*values, is_secure=is_secure)


def checked(
    *files: Any, secure: int = 3, processes: int = 1, **finish: Any
) -> tuple[ProfileChecks, tuple[str, ...]]:
    """Ask all profiles; the first *secure* files were in envelopes."""
    every = list(PROFILES.values())
    checks = [FromEnvelopes(every, claimed=False) for _ in range(processes)]
    cases.see(checks[-1], files[:secure])
    for other in checks[1:]:
        checks[0].absorb(as_sent(other.state()))
    plain = ProfileChecks(every, claimed=False)
    cases.see(plain, files[secure:])
    checks[0].absorb(as_sent(plain.state()))
    whole = {"file_system": "iso9660", "instances": len(files), "secure_files": ALL}
    return checks[0], checks[0].finish(**{"unopened": (), **whole, **finish})[1]


@pytest.mark.parametrize("processes", [1, 2])
def test_what_was_in_envelopes_satisfies_secure_profiles_alone(processes: int) -> None:
    _, satisfied = checked(*FILES, processes=processes)
    assert "STD-GEN-SEC-CD" in satisfied
    assert {PROFILES[name].security for name in satisfied} == {Security.CMS}


@pytest.mark.parametrize(
    ("secure", "finish"),
    [
        (2, {"secure_files": ALL[:3]}),  # a plain file among them
        (3, {"secure_files": NAMES}),  # a plain directory
        (3, {"unopened": ALL[3:]}),  # one that nobody looked into
        (3, {"unopened": None}),
    ],
)
def test_a_medium_that_is_not_secure_or_not_seen_as_a_whole_satisfies_none(
    secure: int, finish: dict[str, Any]
) -> None:
    _, satisfied = checked(*FILES, secure=secure, **finish)
    assert satisfied == ()


def test_the_nearest_of_a_secure_medium_is_a_secure_profile() -> None:
    lossy = File(cases.jpeg(cases.JB, cases.baseline()))
    lossless = File(cases.jpeg(cases.J2L, cases.jpeg_2000()))
    checks, satisfied = checked(lossy, lossless, lossless, file_system="fat32")
    assert satisfied == ()
    assert checks.nearest == Nearest("STD-GEN-SEC-USB-JPEG", ("PRO-TRANSFER-SYNTAX",))


def claimed(profile: str, *files: Any, **finish: Any) -> dict[str, list[str]]:
    """Return what speaks against a claimed profile: places by rule."""
    checks = FromEnvelopes([PROFILES[profile]], claimed=True)
    cases.see(checks, files)
    whole = {"file_system": "iso9660", "instances": len(files), "secure_files": ALL}
    found: dict[str, list[str]] = {}
    for finding in checks.finish(**{"unopened": (), **whole, **finish})[0]:
        found.setdefault(finding.rule, []).append(finding.where)
    return found


def test_a_claim_is_judged_by_what_was_in_the_envelopes() -> None:
    assert claimed("STD-GEN-SEC-CD", *FILES) == {}
    assert claimed("STD-GEN-CD", *FILES) == {"PRO-SECURE-FILE": sorted(ALL)}
    lossy = File(cases.jpeg(cases.JB, cases.baseline()))
    assert claimed("STD-GEN-SEC-CD", lossy) == {"PRO-TRANSFER-SYNTAX": NAMES[:1]}


def test_an_empty_directory_is_told_when_it_was_opened() -> None:
    assert claimed("STD-GEN-SEC-CD", instances=0) == {"PRO-EMPTY-DIRECTORY": ["DICOMDIR"]}
    closed = claimed("STD-GEN-SEC-CD", instances=0, unopened=["DICOMDIR"])
    assert closed == {"PRO-SECURE-NOT-JUDGED": ["medium"]}
