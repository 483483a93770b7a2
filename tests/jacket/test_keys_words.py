"""Passwords and keys as an operator names them, and what is told when they are wrong."""

import io
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cms_kinds import PHRASE, variants
from cms_people import bob
from secure_media import by_seal, secure_folder, with_password, word

from jacket.keys_words import AtHand, add_key_words, at_hand
from reporting import FilmjacketError, WrongUsage
from secure import KeyNotRead, prepare

Run = Callable[..., Any]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory, real_file_set: Path, run: Run) -> Path:
    folder = tmp_path_factory.mktemp("keys") / "plain"
    assert run("author", real_file_set / "77654033", "-o", folder).code == 0
    return folder


@pytest.fixture
def medium(plain: Path, tmp_path: Path) -> Path:
    return secure_folder(plain, tmp_path / "medium", with_password())


def named(*words: object) -> AtHand:
    parser = ArgumentParser()
    add_key_words(parser)
    return at_hand(parser.parse_args([str(word) for word in words]))


def test_without_words_there_is_nothing_and_no_library_is_loaded() -> None:
    assert named() == AtHand()
    code = (
        "import sys; from argparse import ArgumentParser; "
        "import jacket.commands.verify, jacket.commands.ls, jacket.commands.decrypt; "
        "from jacket.keys_words import *; p = ArgumentParser(); add_key_words(p); "
        "at_hand(p.parse_args([])); print([m for m in sys.modules if 'cryptography' in m])"
    )
    words = [sys.executable, "-c", code]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "written", [b"a b ", b"a b \n", b"a b \r\nsecond line", b"\xef\xbb\xbfa b \r\n"]
)
def test_the_first_line_is_the_password_with_its_spaces(written: bytes, tmp_path: Path) -> None:
    (tmp_path / "p").write_bytes(written)
    ours = named("--password-file", tmp_path / "p")
    assert ours.passwords == (b"a b ",)
    assert ours.keys is not None
    assert ours.keys.passwords == (b"a b ",)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (b"", "no password in the first line"),
        (b"\nsecret", "no password in the first line"),
        ("secret\n".encode("utf-16"), "saved as UTF-16"),
        (None, "cannot be read"),
    ],
)
def test_a_file_without_a_password_is_told(
    written: bytes | None, told: str, tmp_path: Path
) -> None:
    if written is not None:
        (tmp_path / "p").write_bytes(written)
    with pytest.raises(WrongUsage, match=told) as caught:
        named("--password-file", tmp_path / "p")
    assert "secret" not in str(caught.value)


def test_lines_of_standard_input_are_taken_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = io.TextIOWrapper(io.BytesIO(b"first\nsecond\n"))
    monkeypatch.setattr(sys, "stdin", lines)
    assert named("--password-file", "-", "--password-file", "-").passwords == (b"first", b"second")


def test_a_closed_standard_input_has_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)  # as Python has it then
    with pytest.raises(WrongUsage, match="no password in the first line"):
        named("--password-file", "-")


def test_a_password_that_no_secure_file_has_is_told_where_one_stays_locked(
    medium: Path, plain: Path, tmp_path: Path, run: Run
) -> None:
    umlaut = ("--password-file", word(tmp_path, "gehörig geheim", "umlaut"))
    for command in (("verify",), ("ls",), ("decrypt", "--to", tmp_path / "out")):
        said = run(*command, medium, *umlaut)
        assert said.code == 2
        assert "has a character at place 4 that is not among" in said.err
        assert "geh" not in said.err
    # An archive may have any, and a plain medium needs none.
    assert run("ls", plain, *umlaut).code == 0
    assert run("verify", plain, *umlaut).code == 0


def protected(tmp_path: Path, password: str, form: str) -> Path:
    """Write Bob's key as openssl does."""
    certificate, key = bob().files(tmp_path)
    made = tmp_path / f"bob.{form}"
    words = {
        "p12": ["pkcs12", "-export", "-in", certificate, "-inkey", key, "-passout"],
        "pem": ["pkcs8", "-topk8", "-in", key, "-passout"],
    }[form]
    subprocess.run(
        ["openssl", *map(str, words), f"pass:{password}", "-out", str(made)],
        check=True,
        capture_output=True,
    )
    key.unlink()
    return made


@pytest.mark.parametrize("form", ["p12", "pem"])
@pytest.mark.parametrize("password", ["s p a c e s", "ümlaut"])
def test_a_protected_key_opens_with_its_own_password(
    form: str, password: str, plain: Path, tmp_path: Path, run: Run
) -> None:
    key = protected(tmp_path, password, form)
    sealer = prepare([bob().certificate])
    medium = secure_folder(plain, tmp_path / "medium", by_seal(sealer))
    right, wrong = word(tmp_path, password, "right"), word(tmp_path, "another", "wrong")
    words = ("ls", medium, "--key", key)
    assert run(*words, "--key-password-file", wrong, "--key-password-file", right).code == 0
    for said in (run(*words), run(*words, "--key-password-file", wrong)):
        assert (said.code, str(key) in said.err, said.err.count("\n")) == (3, True, 1)
    assert "--key-password-file FILE" in run(*words).err


def test_a_p12_without_a_password_needs_none(tmp_path: Path) -> None:
    ours = named("--key", protected(tmp_path, "", "p12"))
    assert ours.keys is not None
    assert ours.keys.private_keys[0].certificate == bob().certificate


def test_what_is_no_key_or_no_folder_of_certificates_is_told(tmp_path: Path) -> None:
    certificate, _ = bob().files(tmp_path)
    with pytest.raises(KeyNotRead, match="holds no private key"):
        named("--key", certificate)
    (tmp_path / "empty").mkdir()
    with pytest.raises(FilmjacketError, match="holds no certificates"):
        named("--trust", tmp_path / "empty")
    with pytest.raises(WrongUsage, match="no key that it could protect"):
        named("--key-password-file", word(tmp_path))


def test_a_key_that_it_is_not_for_is_told(plain: Path, tmp_path: Path, run: Run) -> None:
    sealer = prepare([bob().certificate])
    medium = secure_folder(plain, tmp_path / "medium", by_seal(sealer))
    said = run("ls", medium, "--password-file", word(tmp_path))
    assert (said.code, said.err.count("\n")) == (3, 1)
    assert "is encrypted and locked for others (1 by certificate)" in said.err


def test_an_archive_takes_the_password_that_fits(
    plain: Path, tmp_path: Path, peer: Callable[[str], str], run: Run
) -> None:
    archive = tmp_path / "t.zip"
    words = [peer("7z"), "a", "-tzip", "-pright", str(archive), "."]
    subprocess.run(words, cwd=plain, check=True, capture_output=True)
    right, wrong = word(tmp_path, "right", "right"), word(tmp_path, "wrong", "wrong")
    both = ("--password-file", wrong, "--password-file", right)
    assert run("ls", archive, *both).code == 0
    assert run("ls", archive, *both[2:], *both[:2]).code == 0
    assert run("ls", archive, "--password-file", wrong).code == 3


def test_ls_lists_the_inside(medium: Path, plain: Path, tmp_path: Path, run: Run) -> None:
    words = ("--password-file", word(tmp_path), "--json")
    listed, other = run("ls", medium, *words), run("ls", plain, "--json")
    assert (listed.code, other.code) == (0, 0)
    assert listed.json | {"medium": None} == other.json | {"medium": None}
    by_files = run("ls", medium, *words, "--files")
    assert by_files.json["patients"] == run("ls", plain, "--files", "--json").json["patients"]


def test_ls_without_a_key_says_what_it_takes(medium: Path, run: Run) -> None:
    said = run("ls", medium)
    assert (said.code, said.out) == (3, "")
    assert "is encrypted: 8 Secure DICOM Files on it" in said.err
    assert "--password-file FILE" in said.err
    assert "jacket decrypt" in said.err


def test_ls_names_what_does_not_open(medium: Path, plain: Path, tmp_path: Path, run: Run) -> None:
    name = "DICOM/P0000001/S0000001/E0000001/I0000001"
    (medium / name).write_bytes(variants((plain / name).read_bytes())["D"])
    words = ("ls", medium, "--files", "--password-file", word(tmp_path))
    said = run(*words, "--json")
    assert (said.code, said.json["left_out"][0]["source"]) == (1, name)
    assert "without a digest or signature" in said.json["left_out"][0]["reason"]
    assert run(*words, "--accept-unprotected", "--json").json["left_out"] == [
        item for item in said.json["left_out"] if item["source"] != name
    ]
    assert PHRASE not in said.out + said.err
