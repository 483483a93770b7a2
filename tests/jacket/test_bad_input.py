"""Sources and targets as they are on a bad day: each ends in words, and nothing is left behind."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import small_disks

NOBODY = 65534
needs_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root to become somebody else"
)


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Path]:
    """A file system of 120 kB."""
    with small_disks.small_disk(tmp_path / "full", "120k") as folder:
        yield folder


def as_nobody(*words: object, warm_up: object = None) -> "subprocess.CompletedProcess[str]":
    """Run the command as a user who owns nothing.

    Python may lie where others cannot look: root does the job once, so that all is loaded.
    """
    code = (
        "import contextlib, os, sys, tempfile, traceback; from jacket.cli import main\n"
        "with tempfile.TemporaryDirectory() as folder, open(os.devnull, 'w') as nowhere:\n"
        "    with contextlib.redirect_stdout(nowhere):\n"
        f"        main(['author', {str(warm_up or words[1])!r}, '-o', folder + '/disc'])\n"
        "        main(['author', folder + '/disc/DICOM', '-o', folder + '/disc.iso'])\n"
        "        main(['verify', folder + '/disc.iso'])\n"
        "        main(['ls', folder + '/disc.iso'])\n"
        "        main(['dicomdir', folder + '/disc'])\n"
        f"os.setgid({NOBODY}); os.setuid({NOBODY}); sys.exit(main(sys.argv[1:]))"
    )
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that everybody reaches.

    Not the one of pytest: every run of it on the machine closes the folder above for others.
    """
    with TemporaryDirectory(prefix="public-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        for path in folder.parents:
            if not path.stat().st_mode & 0o001:
                pytest.skip(f"{path} is closed to others")
        yield folder


@pytest.fixture
def public_sources(public: Path, two_patients: Path) -> Path:
    """The two patients, where everybody may look."""
    return Path(shutil.copytree(two_patients, public / "sources"))


def everything(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


# --- sources --------------------------------------------------------------------------------


def test_a_missing_source_is_named(
    tmp_path: Path, two_patients: Path, run: Callable[..., object]
) -> None:
    said = run("author", two_patients, tmp_path / "nowhere", "-o", tmp_path / "disc.iso")
    assert said.code == 3
    assert f"{tmp_path / 'nowhere'}: cannot be read (No such file or directory)" in said.err
    assert everything(tmp_path) == everything(tmp_path) - {"disc.iso"}


def test_an_empty_folder_makes_no_medium(tmp_path: Path, run: Callable[..., object]) -> None:
    (tmp_path / "sources").mkdir()
    said = run("author", tmp_path / "sources", "-o", tmp_path / "disc.iso")
    assert said.code == 3
    assert "no instance was found" in said.err
    assert everything(tmp_path) == {"sources"}


def test_a_folder_of_junk_makes_no_medium_and_tells_of_each_file(
    tmp_path: Path, test_files: Path, run: Callable[..., object]
) -> None:
    folder = tmp_path / "sources"
    folder.mkdir()
    (folder / "EMPTY.DCM").touch()
    (folder / "ZEROS.DCM").write_bytes(bytes(100_000))
    (folder / "NOISE.DCM").write_bytes(bytes(range(256)) * 400)
    (folder / "PREFIX.DCM").write_bytes(bytes(128) + b"DICM")
    (folder / "LETTER.TXT").write_text("Dear colleague")
    shutil.copy(test_files / "MR_truncated.dcm", folder)
    os.mkfifo(folder / "PIPE")
    (folder / "LINK").symlink_to(folder / "nowhere")
    said = run("author", folder, "-o", tmp_path / "disc.iso")
    assert said.code == 3
    for path in folder.iterdir():
        assert str(path) in said.out, "each is named"
    assert everything(tmp_path) - everything(tmp_path / "sources") >= {"sources"}
    assert not (tmp_path / "disc.iso").exists()


@needs_root
def test_a_file_that_may_not_be_read_is_left_out_with_the_reason(
    public: Path, public_sources: Path
) -> None:
    secret = next(public_sources.rglob("CR1/*"))
    secret.chmod(0o600)
    closed = public_sources / "CLOSED"
    closed.mkdir(mode=0o700)
    out = public / "out"
    out.mkdir()
    out.chmod(0o777)
    done = as_nobody("author", public_sources, "-o", out / "disc.iso")
    assert done.returncode == 1, done.stderr
    assert f"{secret}: cannot be opened: Permission denied" in done.stdout
    assert f"{closed}: the folder cannot be read: Permission denied" in done.stdout
    assert everything(out) == {"disc.iso"}


def test_the_same_file_given_twice_is_on_the_medium_once(
    tmp_path: Path, two_patients: Path, run: Callable[..., object]
) -> None:
    one = next(two_patients.rglob("CR1/*"))
    said = run("author", one, two_patients, one, "-o", tmp_path / "disc.iso", "--json")
    assert said.code == 0
    assert said.json["volumes"][0]["instances"] == 24
    assert [item["kind"] for item in said.json["left_out"]] == ["duplicate", "duplicate"]


def test_a_source_that_changes_while_it_is_copied_stops_the_job(
    tmp_path: Path,
    two_patients: Path,
    run: Callable[..., object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    victim = next(two_patients.rglob("CR1/*"))
    from media import write_volume

    def slow_modality(*args: object, **named: object) -> object:
        with victim.open("ab") as file:
            file.write(b"\0" * 10)
        return write_volume(*args, **named)

    monkeypatch.setattr("media.write_volume", slow_modality)
    before = everything(tmp_path)
    said = run("author", two_patients, "-o", tmp_path / "disc.iso")
    assert said.code == 3
    assert f"{victim}: changed while it was being read" in said.err
    assert everything(tmp_path) == before


# --- targets --------------------------------------------------------------------------------


def test_a_target_in_a_missing_folder_is_refused_before_the_work(
    tmp_path: Path, two_patients: Path, run: Callable[..., object]
) -> None:
    for name in ("disc.iso", "stick"):
        said = run("author", two_patients, "-o", tmp_path / "nowhere" / name)
        assert said.code == 3
        assert f"{tmp_path / 'nowhere'}: there is no such folder" in said.err


def test_a_folder_in_the_place_of_the_image_is_refused(
    tmp_path: Path, two_patients: Path, run: Callable[..., object]
) -> None:
    (tmp_path / "disc.iso").mkdir()
    said = run("author", two_patients, "-o", tmp_path / "disc.iso")
    assert said.code == 3
    assert "is there and is not a file" in said.err
    assert not list(tmp_path.glob(".*"))


def test_a_folder_that_holds_something_is_refused_and_kept(
    tmp_path: Path, two_patients: Path, run: Callable[..., object]
) -> None:
    (tmp_path / "stick").mkdir()
    (tmp_path / "stick" / "THESIS.DOC").write_text("do not lose me")
    said = run("author", two_patients, "-o", tmp_path / "stick")
    assert said.code == 3
    assert "is not empty" in said.err
    assert everything(tmp_path / "stick") == {"THESIS.DOC"}


@needs_root
def test_a_folder_that_may_not_be_written_is_told(public: Path, public_sources: Path) -> None:
    closed = public / "closed"
    closed.mkdir(mode=0o755)
    done = as_nobody("author", public_sources, "-o", closed / "disc.iso")
    assert done.returncode == 3
    assert f"{closed}: the folder may not be written" in done.stderr
    done = as_nobody("dicomdir", public_sources)
    assert done.returncode == 3
    assert "Permission denied" in done.stderr
    assert everything(closed) == set()
    assert not list(public_sources.glob("*DICOMDIR*"))


@needs_root
def test_a_place_behind_a_closed_door_is_told(public: Path, public_sources: Path) -> None:
    behind = public / "closed" / "behind"
    behind.mkdir(parents=True)
    behind.parent.chmod(0o700)
    (public / "out").mkdir()
    (public / "out").chmod(0o777)
    for words in (
        ("author", public_sources, "-o", behind / "disc.iso"),
        ("author", public_sources, "-o", behind / "stick"),
        ("author", behind, "-o", public / "out" / "disc.iso"),
        ("dicomdir", behind),
        ("verify", behind),
        ("ls", behind / "disc.iso"),
    ):
        done = as_nobody(*words, warm_up=public_sources)
        assert done.returncode == 3, (words, done.stderr)
        assert str(behind) in done.stderr, (words, done.stderr)
        assert "mistake in the program" not in done.stderr


def test_an_older_image_among_the_sources_is_replaced_and_not_taken_in(
    tmp_path: Path, two_patients: Path, run: Callable[..., object]
) -> None:
    target = two_patients / "disc.iso"
    assert run("author", two_patients, "-o", target).code == 0
    said = run("author", two_patients, "-o", target, "--json")
    assert (said.code, said.json["volumes"][0]["instances"]) == (0, 24)
    assert [item["kind"] for item in said.json["left_out"]] == ["litter"]
    assert run("verify", target).code == 0


def test_a_folder_is_not_made_inside_the_source(
    two_patients: Path, run: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = everything(two_patients)
    for more in ((), ("--dry-run",)):
        said = run("author", two_patients, "-o", two_patients / "98892003" / "stick", *more)
        assert said.code == 2
        assert f"lies in the source {two_patients}" in said.err
    monkeypatch.chdir(two_patients)
    assert "lies in the source ." in run("author", ".", "-o", "stick").err
    assert everything(two_patients) == before
    assert run("author", ".", "-o", "../stick").code == 0


def test_the_folder_one_is_in_is_no_drive_and_is_not_replaced(
    tmp_path: Path, two_patients: Path, run: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    for name in (".", tmp_path / "empty"):
        said = run("author", two_patients, "-o", name)
        assert said.code == 3
        assert "is the folder that you are in" in said.err
    assert run("author", two_patients, "-o", "stick").code == 0


def test_a_dry_run_refuses_a_target_as_the_real_run_does(
    tmp_path: Path, two_patients: Path, run: Callable[..., object]
) -> None:
    (tmp_path / "stick").mkdir()
    (tmp_path / "stick" / "THESIS.DOC").write_text("do not lose me")
    (tmp_path / "disc.iso").mkdir()
    for name in ("stick", "disc.iso", "nowhere/disc.iso"):
        real = run("author", two_patients, "-o", tmp_path / name)
        planned = run("author", two_patients, "-o", tmp_path / name, "--dry-run")
        assert (planned.code, planned.err) == (real.code, real.err)
        assert real.code == 3


def test_a_full_disk_leaves_nothing_and_keeps_what_was_there(
    full: Path, two_patients: Path, test_files: Path, run: Callable[..., object]
) -> None:
    assert run("author", test_files / "MR_small.dcm", "-o", full / "disc.iso").code == 0
    older = (full / "disc.iso").read_bytes()
    (full / "BALLAST").write_bytes(bytes(shutil.disk_usage(full).free - 10_000))
    for name in ("disc.iso", "stick"):
        said = run("author", two_patients, "-o", full / name)
        assert said.code == 3
        assert str(full) in said.err
        assert "Make room there" in said.err
    assert (full / "disc.iso").read_bytes() == older
    assert everything(full) == {"disc.iso", "BALLAST"}


@pytest.mark.parametrize(
    "name", ["disc.iso", "stick.img", "mail.zip", "mail.eml", "mime.eml", "folder"]
)
def test_a_full_disk_names_the_target_however_full_it_is(
    name: str, full: Path, test_files: Path, run: Callable[..., object]
) -> None:
    profile = {"mime.eml": ("--profile", "STD-GEN-MIME")}.get(name, ())
    words = ("author", test_files / "MR_small.dcm", "-o", full / name, *profile)
    codes = []
    for room in range(4096, 80_000, 4096):
        (full / "BALLAST").write_bytes(bytes(shutil.disk_usage(full).free - room))
        said = run(*words)
        codes.append(said.code)
        if said.code == 3:
            assert f"{full / name}" in said.err
            assert "Make room there" in said.err
            assert ".partial-" not in said.err
            assert everything(full) == {"BALLAST"}
        (full / "BALLAST").unlink()
        if said.code == 0:
            break
    assert codes[0] == 3
    assert set(codes) == {0, 3}


def test_a_disk_that_fills_up_while_converting_ends_the_job_in_words(
    full: Path, test_files: Path, run: Callable[..., object]
) -> None:
    """What is converted lies beside the target; 120 kB are not enough for the pixels."""
    said = run("author", test_files / "examples_jpeg2k.dcm", "-o", full / "disc.iso")
    assert said.code == 3
    assert "there is no room on this machine for the converted files" in said.err
    assert everything(full) == set()


def test_a_full_disk_keeps_the_old_dicomdir(
    full: Path, many: Callable[[int, int], list[Path]], run: Callable[..., object]
) -> None:
    for path in many(2, 0):
        shutil.copy(path, full)
    assert run("dicomdir", full).code == 0
    old = (full / "DICOMDIR").read_bytes()
    (full / "CT0001").unlink()
    shutil.copy(next(iter(full.glob("CT*"))), full / "COPY")
    with (full / "BALLAST").open("wb", buffering=0) as file, suppress(OSError):
        while file.write(b"\0" * 4096):
            continue
    said = run("dicomdir", full, "--prune")
    assert said.code == 3
    assert "it is as it was" in said.err
    assert (full / "DICOMDIR").read_bytes() == old
    assert not list(full.glob(".*"))
