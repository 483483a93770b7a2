"""Folders that are changed in place."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from media import FileRange, NameDoesNotFit, NamedSource
from media.update import Change, Updated, update_medium
from reporting import CannotRead, CannotWrite, FilmjacketError

RECORDED = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def one(name: str, content: bytes) -> NamedSource:
    return NamedSource(tuple(name.split("/")), (content,), RECORDED)


def update(folder: Path, *add: NamedSource, **more: tuple[object, ...]) -> Updated:
    change = Change(add=add, **more)  # type: ignore[arg-type]
    return update_medium(folder, change, recorded=RECORDED)


def below(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def medium(tmp_path: Path) -> Path:
    folder = tmp_path / "medium"
    for name in ("DICOMDIR", "DICOM/P1/I1", "DICOM/P1/I2", "DICOM/P2/I1", "Other/letter.doc"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode())
    (folder / "Other" / "empty").mkdir()
    return folder


def test_files_are_added_replaced_and_removed(medium: Path) -> None:
    done = update(
        medium,
        one("DICOM/P1/I1", b"replaced"),
        one("DICOM/P3/S1/I1", b"added"),
        remove=(("DICOM", "P2", "I1"),),
        last=(one("DICOMDIR", b"directory"),),
    )
    assert below(medium) == {
        "DICOMDIR": b"directory",
        "DICOM/P1/I1": b"replaced",
        "DICOM/P1/I2": b"DICOM/P1/I2",
        "DICOM/P3/S1/I1": b"added",
        "Other/letter.doc": b"Other/letter.doc",
    }
    assert not (medium / "DICOM" / "P2").exists()
    assert (medium / "Other" / "empty").is_dir()
    assert done[:4] == ("folder", 3, 1, 0)
    assert done.digests == {
        ("DICOM", "P1", "I1"): sha256(b"replaced").hexdigest(),
        ("DICOM", "P3", "S1", "I1"): sha256(b"added").hexdigest(),
        ("DICOMDIR",): sha256(b"directory").hexdigest(),
    }
    assert (medium / "DICOMDIR").stat().st_mtime == RECORDED.timestamp()
    assert sorted(p.name for p in medium.iterdir()) == ["DICOM", "DICOMDIR", "Other"]


def test_its_directory_names_the_folder_too(medium: Path) -> None:
    update(medium / "DICOMDIR", one("A", b"a"))
    assert (medium / "A").read_bytes() == b"a"


def test_what_is_named_as_a_disc_records_it_is_found(medium: Path) -> None:
    (medium / "DICOMDIR").rename(medium / "DICOMDIR.;1")
    (medium / "DICOM/P2/I1").rename(medium / "DICOM/P2/I1.")
    update(medium, remove=(("DICOM", "P2", "I1"),), last=(one("DICOMDIR", b"new"),))
    assert (medium / "DICOMDIR.;1").read_bytes() == b"new"
    assert not (medium / "DICOMDIR").exists()
    assert not (medium / "DICOM" / "P2").exists()


def test_a_directory_comes_after_all_that_is_added_and_before_all_that_goes(
    medium: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []

    def noting(name: str) -> Callable[..., object]:
        honest = getattr(os, name)

        def note(*arguments: object, **more: object) -> object:
            path = Path(str(arguments[-1]))
            if name == "fsync":
                path = Path(f"/proc/self/fd/{arguments[0]}").readlink()
            if path.is_relative_to(medium) and "filmjacket" not in str(path):
                steps.append(f"{name} {path.relative_to(medium)}")
            return honest(*arguments, **more)

        return note

    if not Path("/proc/self/fd").exists():
        pytest.skip("what is open cannot be told here")
    for name in ("replace", "unlink", "fsync"):
        monkeypatch.setattr(os, name, noting(name))
    update(
        medium,
        one("DICOM/P1/I9", b"9"),
        remove=(("DICOM", "P1", "I2"),),
        last=(one("MANIFEST.TXT", b"m"), one("DICOMDIR", b"d")),
    )
    assert [step for step in steps if step not in ("fsync DICOM", "fsync .")] == [
        "replace DICOM/P1/I9",
        "fsync DICOM/P1",
        "replace MANIFEST.TXT",
        "replace DICOMDIR",
        "unlink DICOM/P1/I2",
        "fsync DICOM/P1",
    ]
    at = steps.index("replace DICOMDIR")
    assert "fsync ." in steps[at : steps.index("unlink DICOM/P1/I2")]


WRONG: dict[str, tuple[Change, type[FilmjacketError], str]] = {
    "up": (Change(add=(one("../F", b""),)), NameDoesNotFit, "not a name"),
    "root": (Change(add=(NamedSource(("/etc",), (), RECORDED),)), NameDoesNotFit, "not a name"),
    "none": (Change(add=(NamedSource((), (), RECORDED),)), NameDoesNotFit, "not a name"),
    "remove up": (Change(remove=(("..", "F"),)), NameDoesNotFit, "not a name"),
    "remove none": (Change(remove=((),)), NameDoesNotFit, "not a name"),
    "a folder": (Change(add=(one("DICOM", b""),)), NameDoesNotFit, "is a folder there"),
    "below a file": (Change(add=(one("DICOMDIR/F", b""),)), NameDoesNotFit, "file and a folder"),
    "twice": (Change(add=(one("a", b""), one("A", b""))), NameDoesNotFit, "twice"),
    "twice, at last": (Change((one("A", b""),), last=(one("A", b""),)), NameDoesNotFit, "twice"),
    "added, removed": (
        Change(add=(one("DICOMDIR", b""),), remove=(("DICOMDIR",),)),
        NameDoesNotFit,
        "twice",
    ),
    "not there": (Change(remove=(("NOTHING",),)), CannotWrite, "no file"),
    "not there, below": (Change(remove=(("NO", "THING"),)), CannotWrite, "no file"),
    "removed folder": (Change(remove=(("DICOM",),)), CannotWrite, "no file"),
    "no source": (
        Change(add=(one("A", b""), NamedSource(("B",), (FileRange("/no/b", 0, 1),), RECORDED))),
        CannotRead,
        "cannot be read",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_changes_are_refused_before_anything_changes(case: str, medium: Path) -> None:
    change, error, words = WRONG[case]
    before = below(medium)
    with pytest.raises(error, match=words):
        update_medium(medium, change, recorded=RECORDED)
    assert below(medium) == before
    assert sorted(p.name for p in medium.iterdir()) == ["DICOM", "DICOMDIR", "Other"]


def test_links_are_not_followed(medium: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_bytes(b"outside")
    (medium / "OUT").symlink_to(outside)
    (medium / "LINK").symlink_to(outside / "file")
    for change in (
        Change(add=(one("OUT/NEW", b"x"),)),
        Change(add=(one("OUT/file", b"x"),)),
        Change(remove=(("OUT", "file"),)),
    ):
        with pytest.raises(CannotWrite, match="is a link"):
            update_medium(medium, change, recorded=RECORDED)
    with pytest.raises(CannotWrite, match="no file"):
        update(medium, remove=(("LINK",),))
    update(medium, one("LINK", b"itself"))
    assert not (medium / "LINK").is_symlink()
    assert below(outside) == {"file": b"outside"}


def test_a_pipe_is_no_file_to_be_replaced(medium: Path) -> None:
    os.mkfifo(medium / "PIPE")
    with pytest.raises(NameDoesNotFit, match="is no file"):
        update(medium, one("PIPE", b"x"))


def test_capacity_counts_what_is_kept_and_what_comes(medium: Path) -> None:
    blocks = 6  # five files, one of them replaced, and a new one; each takes a whole block
    add = (one("DICOMDIR", b"x"), one("N1", b"x"))
    change = Change(add)
    with pytest.raises(CannotWrite, match="where the medium has"):
        update_medium(medium, change, recorded=RECORDED, capacity=blocks * 2048 - 1)
    update_medium(medium, change, recorded=RECORDED, capacity=blocks * 2048)
    assert len(below(medium)) == blocks


def test_a_second_update_is_refused_while_one_is_at_work(medium: Path) -> None:
    fcntl = pytest.importorskip("fcntl")
    descriptor = os.open(medium, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with pytest.raises(CannotWrite, match="another program"):
        update(medium, one("A", b"a"))
    os.close(descriptor)
    update(medium, one("A", b"a"))


def test_what_a_killed_update_left_goes(medium: Path) -> None:
    left = medium / ".filmjacket-update.partial-1-work"  # of process 1, which is alive
    left.mkdir()
    (left / "0").write_bytes(b"x")
    (medium / ".foreign").write_bytes(b"f")
    update(medium)
    assert not left.exists()
    assert (medium / ".foreign").read_bytes() == b"f"


def test_new_files_go_again_when_one_cannot_be_put_in_place(
    medium: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, honest = below(medium), os.replace

    def replace(source: Path, target: Path) -> None:
        if target.name == "I4":
            raise OSError(28, "No space left on device", str(target))
        honest(source, target)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(CannotWrite, match="no space"):
        update(medium, one("N/I3", b"3"), one("N/I4", b"4"), last=(one("DICOMDIR", b"d"),))
    assert below(medium) == before
    assert sorted(p.name for p in medium.iterdir()) == ["DICOM", "DICOMDIR", "Other"]


def test_progress_is_told_of_all_that_is_added(medium: Path, tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(bytes(9 << 20))
    part = FileRange(str(tmp_path / "source"), 0, 9 << 20)
    told: list[tuple[str, int, int]] = []
    update_medium(
        medium,
        Change(add=(NamedSource(("LARGE",), (part,), RECORDED), one("SMALL", b"small"))),
        recorded=RECORDED,
        progress=lambda stage, done, total: told.append((stage, done, total)),
    )
    assert told == sorted(told)
    assert len(told) > 3
    assert told[-1] == ("write", (9 << 20) + 5, (9 << 20) + 5)
