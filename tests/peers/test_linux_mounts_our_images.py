"""The kernel of Linux mounts what we write, and we read what it writes.

One boot of an emulated machine does all of it, as the kernel at hand may know no file system of
a medium.
"""

import hashlib
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from guest_mounts import content
from guest_tasks import (
    AFTER,
    BIG,
    BIG_ON_FAT,
    CHANGED,
    LARGE,
    MKFS_FAT,
    MKUDFFS,
    ODD_FAT,
    READ,
    SESSIONS,
    Name,
    Peer,
    View,
    all_tasks,
    file_name,
    looked_at,
    names_for,
    read_id,
)
from linux_guest import mounted, parts

from media import Medium, open_medium
from reporting import Severity

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1600)]

Seen = dict[str, tuple[int, str]]


class Guest(NamedTuple):
    """What Linux saw, by the task, and where the images are."""

    answers: dict[str, Any]
    folder: Path

    def saw(self, name: str) -> Seen:
        assert "error" not in self.answers[name], self.answers[name]["error"]
        return {
            path: (size, digest) for path, (size, digest) in self.answers[name]["files"].items()
        }


@pytest.fixture(scope="module")
def guest(tmp_path_factory: pytest.TempPathFactory, peer: Peer) -> Guest:
    parts()
    folder = tmp_path_factory.mktemp("guest")
    try:
        return Guest(mounted(folder, all_tasks(folder, peer)), folder)
    except BaseException:
        shutil.rmtree(folder)
        raise


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def what_we_see(medium: Medium) -> dict[Name, tuple[int, str]]:
    found = {}
    for entry in medium.entries():
        with medium.open(entry) as file:
            found[entry.name] = entry.size, digest(file.pread(file.size, 0))
    return found


@pytest.mark.parametrize("case", READ, ids=read_id)
def test_linux_sees_every_file_that_we_wrote(guest: Guest, case: tuple[str, View]) -> None:
    kind, view = case
    assert guest.saw(f"read {read_id(case)}") == {
        view.shown(name): (size, digest(content("/".join(name), size)))
        for name, size in names_for(kind).items()
    }


@pytest.mark.parametrize("case", LARGE, ids=read_id)
def test_linux_sees_the_end_of_files_of_4_gib_and_more(
    guest: Guest, case: tuple[str, View]
) -> None:
    kind, view = case
    assert guest.saw(f"large {read_id(case)}") == {
        view.shown((name,)): (size, digest(content(name, looked_at(size))))
        for name, size in (BIG_ON_FAT if "fat" in kind else BIG).items()
    }


@pytest.mark.parametrize("session", SESSIONS)
def test_linux_sees_what_a_session_of_ours_describes(guest: Guest, session: str) -> None:
    view, sizes = SESSIONS[session]
    assert guest.saw(session) == {
        view.shown(name): (size, digest(content("/".join(name), size)))
        for name, size in sizes.items()
    }


@pytest.mark.parametrize("kind", CHANGED)
def test_what_linux_changed_on_ours_is_read_by_us(guest: Guest, kind: str, peer: Peer) -> None:
    contents = {
        "/".join(name): (size, digest(content("/".join(name), size)))
        for name, size in AFTER.items()
    }
    assert guest.saw(f"change {kind}") == contents
    with open_medium(guest.folder / file_name(f"changed {kind}")) as medium:
        ours = what_we_see(medium)
        assert {"/".join(name): seen for name, seen in ours.items()} == contents
        assert not [f for f in medium.findings() if f.severity is Severity.ERROR]


@pytest.mark.parametrize("case", MKUDFFS, ids=" ".join)
def test_what_linux_put_on_a_new_udf_volume_is_read_by_us(
    guest: Guest, case: tuple[str, str]
) -> None:
    name = f"udf {' '.join(case)}"
    with open_medium(guest.folder / file_name(name)) as medium:
        ours = what_we_see(medium)
        assert any(entry.extents for entry in medium.entries())
        found = {finding.rule for finding in medium.findings()}
    assert {"/".join(path): seen for path, seen in ours.items()} == guest.saw(f"fill {name}")
    # Linux lets others not change what root wrote, and leaves out what was never written.
    assert found <= {
        *("UDF-PERMISSIONS-CHANGE", "UDF-INTERCHANGE", "UDF-NAMED-STREAM", "UDF-UNRECORDED"),
        *(["UDF-SECTOR-SIZE"] if MKUDFFS[case][1] != "2048" else []),
    }


@pytest.mark.parametrize("kind", MKFS_FAT)
def test_what_linux_put_on_a_new_fat_volume_is_read_by_us(guest: Guest, kind: str) -> None:
    name = f"vfat {kind}"
    saw = guest.saw(f"fill {name}")
    with open_medium(guest.folder / file_name(name)) as medium:
        entries = list(medium.entries())
        assert len(entries) == len(saw)
        assert any(entry.extents for entry in entries)
        for path, seen in saw.items():
            entry = medium.find_tolerant(tuple(path.split("/")))
            assert entry is not None, path
            with medium.open(entry) as file:
                assert (entry.size, digest(file.pread(file.size, 0))) == seen, path
        found = {finding.rule for finding in medium.findings()}
    assert found == {"FAT-NAME-CODE-PAGE", *ODD_FAT.get(kind, ())}
