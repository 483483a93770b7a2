"""A folder of discs is not a disc: which files of it look like media is told."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from jacket.media_in_folder import no_dicom_in


def test_files_that_look_like_media_are_named_with_the_command_for_one(tmp_path: Path) -> None:
    for name in ("second disc.iso", "A.ZIP", "mail.eml", "NOTES.TXT", "empty.iso"):
        (tmp_path / name).write_bytes(b"x" * (name != "empty.iso"))
    (tmp_path / "folder.img").mkdir()
    told = no_dicom_in(str(tmp_path))
    assert told.where == str(tmp_path)
    assert "A.ZIP, mail.eml, second disc.iso in it look like media" in told.what
    assert told.remedy == f"Name one of them, as in: jacket ls {tmp_path / 'A.ZIP'}"
    (tmp_path / "A.ZIP").unlink()
    (tmp_path / "mail.eml").unlink()
    told = no_dicom_in(str(tmp_path))
    assert "second disc.iso in it looks like a medium" in told.what
    assert told.remedy.endswith(f"jacket ls '{tmp_path / 'second disc.iso'}'")


def test_of_many_some_are_named(tmp_path: Path) -> None:
    for number in range(12):
        (tmp_path / f"{number:02}.iso").write_bytes(b"x")
    told = no_dicom_in(str(tmp_path))
    assert "07.iso and 4 more in it look like media" in told.what
    assert "08.iso" not in told.what


def test_where_nothing_looks_like_one_the_words_are_as_ever(tmp_path: Path) -> None:
    (tmp_path / "NOTES.TXT").write_bytes(b"x")
    for path in (tmp_path, tmp_path / "NOTES.TXT", tmp_path / "nowhere"):
        assert no_dicom_in(str(path)).what == "there is no DICOM on it"


def test_ls_of_a_folder_of_discs_names_them(
    tmp_path: Path, test_files: Path, run: Callable[..., Any]
) -> None:
    for name in ("a.iso", "b.zip"):
        assert run("author", test_files / "CT_small.dcm", "-o", tmp_path / name).code == 0
    said = run("ls", tmp_path)
    assert said.code == 3
    assert "a.iso, b.zip in it look like media" in said.err
    assert run(*said.err.rpartition("as in: jacket ")[2].strip().rstrip(".").split()).code == 0
