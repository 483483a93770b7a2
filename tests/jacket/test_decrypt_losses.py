"""Whatever a medium does, `decrypt` loses no file without a word, and one file spoils no other."""

import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cms_kinds import by_password, sealed
from cms_tool import dicom_file
from secure_media import contents, secure_folder, with_password, word

from jacket.decrypt_names import is_name_on_windows

Run = Callable[..., Any]
SECURE = sealed(by_password(), dicom_file())
FILE = "DICOM/P0000001/S0000001/E0000001/I0000001"


@pytest.fixture
def words(tmp_path: Path) -> tuple[object, ...]:
    return ("--to", tmp_path / "out", "--password-file", word(tmp_path), "--json")


@pytest.fixture(scope="module")
def medium(tmp_path_factory: pytest.TempPathFactory, real_file_set: Path, run: Run) -> Path:
    folder = tmp_path_factory.mktemp("losses")
    assert run("author", real_file_set / "77654033", "-o", folder / "plain").code == 0
    return secure_folder(folder / "plain", folder / "medium", with_password(), listed=False)


def archive(path: Path, *names: str, links: tuple[str, ...] = ()) -> Path:
    """Make a ZIP archive of Secure DICOM Files, and links."""
    with zipfile.ZipFile(path, "w") as made:
        for name in names:
            info = zipfile.ZipInfo("name")
            info.filename = name  # as it stands: ZipInfo would mend it
            made.writestr(info, SECURE)
        for name in links:
            info = zipfile.ZipInfo(name)
            info.create_system, info.external_attr = 3, 0o120777 << 16
            made.writestr(info, "/etc/passwd")
    return path


def lost(said: Any) -> dict[str, str]:
    return {item["source"]: item["reason"] for item in said.json["left_out"]}


def test_a_folder_in_the_place_of_the_manifest_stops_nothing(
    tmp_path: Path, words: tuple[object, ...], run: Run
) -> None:
    made = archive(tmp_path / "disc.zip", "IMAGE", "MANIFEST.TXT/IMAGE")
    said = run("decrypt", made, *words)
    assert (said.code, said.json["decrypted"]) == (0, 2), said.err
    assert set(contents(tmp_path / "out")) == {"IMAGE", "MANIFEST.TXT/IMAGE"}


def test_a_name_that_this_system_does_not_take_is_left_out_alone(
    tmp_path: Path, words: tuple[object, ...], run: Run
) -> None:
    disc = tmp_path / "disc"
    disc.mkdir()
    for name in ("IMAGE", "x" * 250):
        (disc / name).write_bytes(SECURE)
    target = tmp_path
    while len(str(target)) < 3700:  # of 4,095 bytes that a path can have
        target /= "y" * 200
    target.mkdir(parents=True)
    target /= "z" * (3930 - len(str(target)))
    target.mkdir()
    said = run("decrypt", disc, "--to", target / "out", *words[2:])
    assert (said.code, said.json["decrypted"]) == (1, 1), said.err
    assert lost(said) == {"x" * 250: "its name cannot be that of a file here"}
    assert set(contents(target / "out")) == {"IMAGE", "MANIFEST.TXT"}


def test_names_that_differ_in_how_accents_are_put_together_are_one(
    tmp_path: Path, words: tuple[object, ...], run: Run
) -> None:
    made = archive(tmp_path / "disc.zip", "caf\u00e9", "cafe\u0301")
    said = run("decrypt", made, *words)
    assert lost(said) == {"cafe\u0301": "another file has this name"}


@pytest.mark.parametrize("name", ["CON", "nul.txt", "Com1", "IMAGE.", "IMAGE ", "A*B", "A\nB"])
def test_windows_makes_no_file_of_a_device_or_of_a_name_that_it_cuts(name: str) -> None:
    assert not is_name_on_windows(name)
    assert all(map(is_name_on_windows, ("CONTENT", "I0000001.DCM", "COM", "a b")))


def test_what_the_directory_names_and_is_not_there_is_named_by_a_dry_run_too(
    medium: Path, tmp_path: Path, words: tuple[object, ...], run: Run
) -> None:
    said = [run("decrypt", medium, *words, "--dry-run")]
    path = medium / FILE
    content = path.read_bytes()
    path.unlink()
    said += [run("decrypt", medium, *words, *more) for more in (["--dry-run"], [])]
    path.write_bytes(content)
    assert [one.code for one in said] == [0, 1, 1]
    assert said[1].json["left_out"] == said[2].json["left_out"]
    assert list(lost(said[1])) == [FILE]


def test_what_was_not_followed_in_an_archive_is_named(
    tmp_path: Path, words: tuple[object, ...], run: Run
) -> None:
    said = run("decrypt", archive(tmp_path / "disc.zip", "IMAGE", links=("LINK",)), *words)
    assert (said.code, said.json["decrypted"]) == (1, 1)
    assert "was not followed" in lost(said)["LINK"]
    assert set(contents(tmp_path / "out")) == {"IMAGE", "MANIFEST.TXT"}


def test_a_file_of_an_archive_without_a_name_that_can_be_used_is_named(
    tmp_path: Path, words: tuple[object, ...], run: Run
) -> None:
    said = run("decrypt", archive(tmp_path / "disc.zip", "IMAGE", "../.."), *words)
    assert (said.code, said.json["decrypted"]) == (1, 1)
    assert "it was not read" in lost(said)["../.."]


def test_what_is_no_file_in_a_folder_is_named(
    tmp_path: Path, words: tuple[object, ...], run: Run
) -> None:
    folder = tmp_path / "medium"
    folder.mkdir()
    (folder / "IMAGE").write_bytes(SECURE)
    (folder / "LINK").symlink_to(tmp_path / "elsewhere")
    said = run("decrypt", folder, *words)
    assert (said.code, list(lost(said))) == (1, ["LINK"])


def test_a_folder_of_a_disc_that_cannot_be_read_is_named_where_no_list_names_its_files(
    tmp_path: Path, words: tuple[object, ...], peer: Callable[[str], str], run: Run
) -> None:
    source = tmp_path / "source"
    for name in ("GOOD", "GONE"):
        (source / name).mkdir(parents=True)
        (source / name / "IMAGE").write_bytes(SECURE)
    disc = tmp_path / "disc.iso"
    made = [peer("xorriso"), "-as", "mkisofs", "-quiet", "-o", str(disc), str(source)]
    subprocess.run(made, check=True, capture_output=True)
    assert run("decrypt", disc, *words, "--dry-run").code == 0
    data = bytearray(disc.read_bytes())
    # The Directory Record of GONE: its length is at byte 32 of the record, the name behind it.
    record = data.index(b"\x04GONE") - 32
    block = int.from_bytes(data[record + 2 : record + 6], "little")
    data[block * 2048 : (block + 1) * 2048] = bytes(2048)
    disc.write_bytes(data)
    said = run("decrypt", disc, *words)
    assert (said.code, said.json["decrypted"]) == (1, 1)
    assert list(lost(said)) == ["/GONE"]


def test_what_a_killed_job_left_is_gone_even_where_the_next_one_is_refused(
    medium: Path, tmp_path: Path, run: Run
) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    left = tmp_path / f".out.partial-{gone.pid}"
    left.mkdir()
    (left / "IMAGE").write_bytes(dicom_file())
    wrong = ("--to", tmp_path / "out", "--password-file", word(tmp_path, "another one"))
    assert run("decrypt", medium, *wrong, "--dry-run").code == 3
    assert left.exists(), "a dry run touches nothing"
    assert run("decrypt", medium, *wrong).code == 3
    assert not left.exists()
