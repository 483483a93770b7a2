"""What is written aside is durable before it has its name, and can be given up until then."""

import os
import pickle
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from errno import EIO, ENOSPC
from pathlib import Path

import pytest

from media.aside import (
    file_aside,
    folder_aside,
    not_written,
    refuse_without_space,
    sync_folder,
    sync_tree,
    working_folder,
)
from reporting import CannotWrite, interruption

OPEN = Path("/proc/self/fd")
Aside = Callable[[Path], AbstractContextManager[object]]
needs_proc = pytest.mark.skipif(not OPEN.exists(), reason="what is open cannot be told here")


@pytest.fixture(autouse=True)
def _uncommitted() -> Iterator[None]:
    interruption.take_back()
    yield
    interruption.take_back()


@pytest.fixture
def steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is flushed and renamed from now on, in this order, by path below *tmp_path*."""
    taken: list[str] = []
    sync, replace, rename = os.fsync, Path.replace, Path.rename

    def note(what: str, path: Path) -> None:
        shown = "." if path == tmp_path else str(path.relative_to(tmp_path))
        taken.append(f"{what} {shown.replace(f'.partial-{os.getpid()}', '.aside')}")

    def flushed(descriptor: int) -> None:
        note("flush", OPEN.joinpath(str(descriptor)).readlink())
        sync(descriptor)

    def replaced(path: Path, target: Path) -> Path:
        note("name", target)
        return replace(path, target)

    def renamed(path: Path, target: Path) -> Path:
        note("name", target)
        return rename(path, target)

    monkeypatch.setattr(os, "fsync", flushed)
    monkeypatch.setattr(Path, "replace", replaced)
    monkeypatch.setattr(Path, "rename", renamed)
    return taken


def filled(folder: Path) -> None:
    (folder / "A" / "B").mkdir(parents=True)
    for name in ("TOP", "A/ONE", "A/B/TWO"):
        (folder / name).write_bytes(b"x")


@needs_proc
def test_a_file_is_flushed_before_it_is_named_and_its_name_after_that(
    tmp_path: Path, steps: list[str]
) -> None:
    with file_aside(tmp_path / "t.iso") as descriptor:
        os.write(descriptor, b"x")
    assert steps == ["flush .t.iso.aside", "name t.iso", "flush ."]


@needs_proc
def test_everything_in_a_folder_is_flushed_before_it_is_named_and_its_name_after_that(
    tmp_path: Path, steps: list[str]
) -> None:
    with folder_aside(tmp_path / "stick") as aside:
        filled(aside)
    *before, named, last = steps
    assert (named, last) == ("name stick", "flush .")
    inside = ("", "/TOP", "/A", "/A/ONE", "/A/B", "/A/B/TWO")
    assert sorted(before) == sorted(f"flush .stick.aside{name}" for name in inside)


@needs_proc
def test_a_folder_is_flushed_and_what_is_in_it_is_not(tmp_path: Path, steps: list[str]) -> None:
    filled(tmp_path)
    sync_folder(tmp_path / "A")
    assert steps == ["flush A"]


@pytest.mark.parametrize("name", ["A/B/TWO", "A/B", "."])
@needs_proc
def test_what_does_not_become_durable_is_an_error(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(tmp_path)

    def failing(descriptor: int) -> None:
        if OPEN.joinpath(str(descriptor)).readlink() == tmp_path / name:
            raise OSError(EIO, os.strerror(EIO))

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(OSError, match=os.strerror(EIO)):
        sync_tree(tmp_path)


@needs_proc
def test_a_folder_that_does_not_become_durable_does_not_appear(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(descriptor: int) -> None:
        raise OSError(EIO, os.strerror(EIO))

    monkeypatch.setattr(os, "fsync", failing)
    target = tmp_path / "stick"
    with pytest.raises(CannotWrite, match=os.strerror(EIO)), folder_aside(target) as aside:
        filled(aside)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("aside", [file_aside, folder_aside])
def test_a_target_that_got_its_name_cannot_be_given_up_any_more(
    aside: Aside, tmp_path: Path
) -> None:
    with aside(tmp_path / "t"):
        assert not interruption.is_committed()
    assert interruption.is_committed()


@pytest.mark.parametrize("aside", [file_aside, folder_aside])
def test_what_did_not_get_its_name_after_all_leaves_nothing_and_can_be_interrupted_again(
    aside: Aside, tmp_path: Path
) -> None:
    target = tmp_path / "t"
    with pytest.raises(CannotWrite) as caught, aside(target):
        (target / "SOMEBODY").mkdir(parents=True)  # another job was faster
    assert caught.value.where == str(target)
    assert not interruption.is_committed()
    assert [path.name for path in tmp_path.iterdir()] == ["t"]


# --- what is said of it ------------------------------------------------------------------------


def full(path: Path) -> CannotWrite:
    return not_written(OSError(ENOSPC, os.strerror(ENOSPC)), str(path))


def test_an_error_in_a_working_folder_names_what_is_being_made(tmp_path: Path) -> None:
    target = tmp_path / "t.eml"
    with pytest.raises(CannotWrite) as caught, working_folder(target) as folder:
        raise full(folder / "DICOM.ZIP")
    assert caught.value.where == str(target)
    assert pickle.loads(pickle.dumps(caught.value)).where == str(target)  # noqa: S301 (our own)


def test_an_error_in_a_folder_names_the_file_as_it_would_be(tmp_path: Path) -> None:
    target = tmp_path / "stick"
    with pytest.raises(CannotWrite) as caught, folder_aside(target) as aside:
        raise full(aside / "DICOM" / "I1")
    assert caught.value.where == str(target / "DICOM" / "I1")


def test_an_error_elsewhere_keeps_its_place(tmp_path: Path) -> None:
    for aside in (working_folder, folder_aside):
        with pytest.raises(CannotWrite) as caught, aside(tmp_path / "t") as folder:
            raise full(Path(f"/elsewhere{folder}/I1"))
        assert caught.value.where == f"/elsewhere{folder}/I1"


def test_what_a_killed_job_left_does_not_count_as_room_that_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = tmp_path / ".t.iso.partial-4194305"  # more than a process can have as its number
    other = tmp_path / ".u.iso.partial-4194305"
    for path in (left, other):
        path.write_bytes(b"x" * 60)
    sizes = 100
    monkeypatch.setattr(
        "media.aside._free_bytes",
        lambda folder: sizes - sum(path.stat().st_size for path in folder.iterdir()),
    )
    with pytest.raises(CannotWrite, match="needs 60 bytes, and 40 are free"):
        refuse_without_space(tmp_path / "t.iso", 60)
    assert list(tmp_path.iterdir()) == [other]
    left.write_bytes(b"x" * 30)
    other.unlink()
    refuse_without_space(tmp_path / "t.iso", 70)
    assert left.exists(), "there was room"
    refuse_without_space(tmp_path / "t.iso", 71)
    assert not left.exists()
