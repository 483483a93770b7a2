"""The sheet with a password: rendered by another program, scanned, and compared."""

import os
import re
import stat
import subprocess
from collections.abc import Callable
from datetime import date
from itertools import combinations
from pathlib import Path
from random import Random

import pytest

from jacket.password_slip import PasswordSlip, refuse_path, render_slip, write_slip
from jacket.password_text import groups_of, in_lines
from reporting import CannotWrite, WrongUsage
from secure.errors import BadPassword
from secure.password import generate_password

Peer = Callable[[str], str]
REPERTOIRE = [chr(code) for code in range(0x20, 0x7F)]  # ISO IR 6
DAY = date(2026, 11, 23)
GENERATED = "kdvr bnhs tjpe xucg fkbv"
SHEETS = (
    PasswordSlip(GENERATED, "CT_2026_11", DAY, has_viewer=True),
    PasswordSlip("W" * 300, "W" * 200, DAY, kind="W" * 40, line="W" * 400),
    PasswordSlip("".join(REPERTOIRE), "", DAY, kind="stick", line="word " * 100),
    PasswordSlip("word " * 60 + "'\"\\.,:;|lIO01-_~^`", "A", DAY, line="Łukasz Müller 山田 🩻\n"),
    PasswordSlip(" " * 30, "A", DAY, kind="W" * 40, is_simulated=True),
    PasswordSlip("".join(Random(1).choices(REPERTOIRE, k=1024)), "A", DAY),  # noqa: S311 (a sample)
)


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def shuffled(seed: int) -> str:
    return "".join(Random(seed).sample(REPERTOIRE, len(REPERTOIRE)))  # noqa: S311 (a sample)


def poppler(program: str, slip: PasswordSlip, tmp_path: Path, peer: Peer, *words: str) -> str:
    """Return what *program* says of the sheet."""
    (tmp_path / "slip.pdf").write_bytes(render_slip(slip))
    command = [peer(program), *words, str(tmp_path / "slip.pdf")]
    if program == "pdftotext":
        command.append("-")
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stderr == ""
    return done.stdout


def scanned(slip: PasswordSlip, tmp_path: Path, peer: Peer, resolution: int = 150) -> str:
    """Return all that is in all bar codes of the sheet as it is printed."""
    (tmp_path / "slip.pdf").write_bytes(render_slip(slip))
    words = ["-r", str(resolution), "-png", "-singlefile", str(tmp_path / "slip.pdf")]
    subprocess.run([peer("pdftoppm"), *words, str(tmp_path / "slip")], check=True)
    scan = [peer("zbarimg"), "--quiet", "--raw", str(tmp_path / "slip.png")]
    done = subprocess.run(scan, check=True, capture_output=True, text=True)
    return done.stdout.removesuffix("\n")


@pytest.mark.parametrize("seed", range(10))
def test_the_qr_code_on_the_printed_sheet_is_the_password_and_nothing_else(
    seed: int, tmp_path: Path, peer: Peer
) -> None:
    password = shuffled(seed)
    assert scanned(PasswordSlip(password, "A", DAY), tmp_path, peer) == password


@pytest.mark.parametrize(
    "password", [GENERATED, "1234567890", "CAPITALS AND 12", " a ", SHEETS[5][0]]
)
def test_short_and_long_passwords_are_scanned_too(
    password: str, tmp_path: Path, peer: Peer
) -> None:
    slip = PasswordSlip(password, "A", DAY, line="Patient")
    assert scanned(slip, tmp_path, peer, resolution=300) == password


def test_the_sheet_is_one_page_a4_with_fonts_that_every_reader_has(
    tmp_path: Path, peer: Peer
) -> None:
    info = poppler("pdfinfo", SHEETS[0], tmp_path, peer)
    assert re.search(r"Title: +Password for encrypted medical images\n", info)
    assert re.search(r"Pages: +1\n", info)
    assert re.search(r"Page size: .*\(A4\)\n", info)
    fonts = poppler("pdffonts", SHEETS[0], tmp_path, peer).splitlines()[2:]
    names = {line.split()[0] for line in fonts}
    assert names <= {"Helvetica", "Helvetica-Bold", "Courier", "Courier-Bold"}


def test_the_password_stands_there_as_it_is_typed(tmp_path: Path, peer: Peer) -> None:
    said = poppler("pdftotext", SHEETS[0], tmp_path, peer, "-layout")
    lines = [line.strip() for line in said.splitlines()]
    assert GENERATED in lines
    assert "24 characters: 20 small letters, 4 spaces" in lines
    assert "kdvr space bnhs space tjpe space xucg space fkbv" in lines
    assert "Press the space bar once at each mark." in lines


def test_a_password_without_spaces_is_said_to_have_none(tmp_path: Path, peer: Peer) -> None:
    said = poppler("pdftotext", PasswordSlip("Zx0l", "A", DAY), tmp_path, peer, "-layout")
    assert "4 characters, no spaces: 2 small letters, 1 capital letter, 1 digit" in said
    assert "0 digit zero; l small L" in said
    assert "mark" not in said


def test_medium_day_warning_and_steps_are_on_the_sheet(tmp_path: Path, peer: Peer) -> None:
    slip = PasswordSlip(GENERATED, "CT_2026_11", DAY, kind="stick", line="Anna Müller")
    said = poppler("pdftotext", slip, tmp_path, peer, "-layout", "-enc", "UTF-8")
    for words in ("STICK", "CT_2026_11", "2026-11-23", "Anna Müller", "jacket decrypt", "OpenSSL"):
        assert words in said
    assert "Keep this sheet apart from the stick." in said
    assert "viewer" not in said
    assert "viewer on the disc" in poppler("pdftotext", SHEETS[0], tmp_path, peer, "-layout")


@pytest.mark.parametrize("slip", SHEETS, ids=range(len(SHEETS)))
def test_nothing_is_cut_off_on_a4_or_letter_or_covers_anything_else(
    slip: PasswordSlip, tmp_path: Path, peer: Peer
) -> None:
    found = poppler("pdftotext", slip, tmp_path, peer, "-bbox")
    boxes = re.findall(r'xMin="(.*?)" yMin="(.*?)" xMax="(.*?)" yMax="(.*?)"', found)
    words = [tuple(map(float, box)) for box in boxes]
    assert words
    # Letter is 50 points lower than A4: half of that may go at the top and half at the bottom,
    # and printers leave about 18 points white.
    for left, top, right, bottom in words:
        assert 18 <= left < right <= 595 - 18
        assert 43 <= top < bottom <= 842 - 43
    for one, other in combinations(words, 2):
        width = min(one[2], other[2]) - max(one[0], other[0])
        height = min(one[3], other[3]) - max(one[1], other[1])
        assert width < 1 or height < 2


def test_letters_outside_of_the_fonts_do_no_harm(tmp_path: Path, peer: Peer) -> None:
    line = "Łukasz Żółć, Ørsted, 山田\u202e\0 e\u0301"
    slip = PasswordSlip(GENERATED, "\u2603", DAY, kind="диск", line=line)
    said = poppler("pdftotext", slip, tmp_path, peer, "-layout", "-enc", "UTF-8")
    assert "Lukasz Zólc, Ørsted, ?? é" in said


def test_the_same_slip_is_the_same_bytes() -> None:
    assert render_slip(SHEETS[0]) == render_slip(SHEETS[0])
    assert b"CreationDate" not in render_slip(SHEETS[0])
    assert b"/ID" not in render_slip(SHEETS[0])


@pytest.mark.parametrize("password", ["", "é", "a\tb", "x" * 1025])
def test_what_cannot_be_a_password_is_refused(password: str) -> None:
    with pytest.raises(BadPassword) as caught:
        render_slip(PasswordSlip(password, "A", DAY))
    assert not password or password not in str(caught.value)


@pytest.mark.parametrize("length", [1, 5, 40])
def test_lines_and_groups_are_the_password_when_put_together(length: int) -> None:
    for password in (generate_password(), shuffled(3), "  a   b ", "x" * 99):
        for at_spaces in (True, False):
            lines = in_lines(password, length, at_spaces=at_spaces)
            assert "".join(lines) == password
            assert all(0 < len(line) <= length for line in lines)
        groups = groups_of(password)
        together = "".join(one if isinstance(one, str) else " " * one for one in groups)
        assert together == password


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    write_slip(SHEETS[0], tmp_path / "slip.pdf", tmp_path / "medium")
    assert (tmp_path / "slip.pdf").read_bytes() == render_slip(SHEETS[0])
    assert stat.S_IMODE((tmp_path / "slip.pdf").stat().st_mode) == 0o600
    assert names_in(tmp_path) == ["slip.pdf"]


@pytest.mark.parametrize("what", ["file", "slip", "folder", "link to nowhere"])
@pytest.mark.parametrize("has_hard_links", [True, False])
def test_what_is_there_is_never_replaced(
    what: str, has_hard_links: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "slip.pdf"
    if what == "folder":
        target.mkdir()
    elif what == "link to nowhere":
        target.symlink_to(tmp_path / "nowhere")
    else:
        target.write_bytes(b"mine" if what == "file" else render_slip(SHEETS[0]))
    before = target.lstat()
    if not has_hard_links:
        monkeypatch.setattr(Path, "hardlink_to", no_hard_links)
    with pytest.raises(CannotWrite, match="there already"):
        write_slip(SHEETS[0], target)
    assert target.lstat() == before
    assert names_in(tmp_path) == ["slip.pdf"]


def no_hard_links(path: Path, target: Path) -> None:
    raise PermissionError(1, "Operation not permitted", str(path))  # as FAT says it


def test_where_files_have_but_one_name_it_is_written_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "hardlink_to", no_hard_links)
    write_slip(SHEETS[0], tmp_path / "slip.pdf")
    assert (tmp_path / "slip.pdf").read_bytes() == render_slip(SHEETS[0])
    assert names_in(tmp_path) == ["slip.pdf"]


def test_a_name_that_is_taken_while_the_sheet_is_made_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync = os.fsync

    def and_another_appears(descriptor: int) -> None:
        sync(descriptor)
        (tmp_path / "slip.pdf").write_bytes(b"mine")

    monkeypatch.setattr(os, "fsync", and_another_appears)
    with pytest.raises(CannotWrite, match="there already"):
        write_slip(SHEETS[0], tmp_path / "slip.pdf")
    assert (tmp_path / "slip.pdf").read_bytes() == b"mine"
    assert names_in(tmp_path) == ["slip.pdf"]


def test_a_bad_place_is_found_before_the_medium_is_made(tmp_path: Path) -> None:
    refuse_path(tmp_path / "slip.pdf", tmp_path / "disc.iso")
    (tmp_path / "slip.pdf").touch()
    with pytest.raises(CannotWrite, match="there already"):
        refuse_path(tmp_path / "slip.pdf", tmp_path / "disc.iso")
    with pytest.raises(WrongUsage, match="would lie on the medium"):
        refuse_path(tmp_path / "disc.iso", tmp_path / "disc.iso")


def test_the_password_is_not_told_where_the_slip_is_shown() -> None:
    assert GENERATED not in repr(SHEETS[0])
    assert GENERATED not in f"{SHEETS[0]}"


def test_it_is_not_written_onto_the_medium(tmp_path: Path) -> None:
    medium = tmp_path / "medium"
    (medium / "DICOM").mkdir(parents=True)
    (tmp_path / "link").symlink_to(medium / "DICOM")
    for path in (medium / "a.pdf", medium / "DICOM" / "a.pdf", tmp_path / "link" / "a.pdf", medium):
        with pytest.raises(WrongUsage, match="would lie on the medium"):
            write_slip(SHEETS[0], path, medium)
    assert not list(medium.rglob("*.pdf"))


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CannotWrite, match="No such file") as caught:
        write_slip(SHEETS[0], tmp_path / "none" / "slip.pdf")
    assert GENERATED not in str(caught.value)


def test_nothing_is_left_of_a_sheet_that_could_not_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CannotWrite, match="no space left"):
        write_slip(SHEETS[0], tmp_path / "slip.pdf")
    assert not names_in(tmp_path)
