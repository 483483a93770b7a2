"""At a terminal the password is asked for, where there is one that opens the medium."""

import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from cms_kinds import PHRASE
from cms_people import alice, authority, bob
from secure_media import by_seal, secure_folder, trusting, with_password

from jacket.mail_rules import CLOSED
from secure import prepare

Run = Callable[..., Any]
pytestmark = pytest.mark.skipif(not hasattr(os, "openpty"), reason="there are no terminals")


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory, real_file_set: Path, run: Run) -> Path:
    folder = tmp_path_factory.mktemp("asked") / "plain"
    assert run("author", real_file_set / "77654033", "-o", folder).code == 0
    return folder


def at_terminal(*words: object, typed: str = PHRASE) -> tuple[int, str, bool]:
    """Run a command at a terminal; return its code, what is shown, and whether it asked."""
    import pty

    pid, terminal = pty.fork()
    if not pid:  # the child has the terminal for its own
        command = [sys.executable, "-m", "jacket", *map(str, words)]
        os.execv(sys.executable, command)  # noqa: S606 (our own interpreter)
    shown, asked = b"", False
    with suppress(OSError):  # so a terminal ends
        while piece := os.read(terminal, 1000):
            shown += piece
            if b"Password" in shown and not asked:
                asked = True
                time.sleep(0.2)  # until it does not show any more
                os.write(terminal, f"{typed}\n".encode())
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status), shown.decode(), asked


@pytest.mark.parametrize("command", ["verify", "ls"])
def test_the_password_of_an_encrypted_medium_is_asked_for(
    command: str, plain: Path, tmp_path: Path
) -> None:
    medium = secure_folder(plain, tmp_path / "medium", with_password())
    code, shown, asked = at_terminal(command, medium)
    assert (code, asked) == (0, True), shown
    assert PHRASE not in shown
    assert "all opened" in shown or "patient" in shown


def test_a_wrong_password_is_told_as_one_from_a_file_is(plain: Path, tmp_path: Path) -> None:
    medium = secure_folder(plain, tmp_path / "medium", with_password())
    code, shown, asked = at_terminal("verify", medium, typed="some other words")
    assert (code, asked) == (3, True)
    assert "does not open with this password" in shown


def test_signers_are_judged_with_a_password_that_was_typed(plain: Path, tmp_path: Path) -> None:
    sealer = prepare(password=PHRASE, iterations=1000, signers=[alice().signer])
    medium = secure_folder(plain, tmp_path / "medium", by_seal(sealer))
    trust = trusting(tmp_path / "trust", authority())
    code, shown, asked = at_terminal("verify", medium, "--trust", trust)
    assert (code, asked) == (0, True)
    assert "signed by CN=Alice: trusted" in shown


@pytest.mark.parametrize("command", ["verify", "ls", "decrypt"])
def test_where_no_password_opens_it_none_is_asked_for(
    command: str, plain: Path, tmp_path: Path
) -> None:
    sealer = prepare([bob().certificate], signers=[alice().signer])
    medium = secure_folder(plain, tmp_path / "medium", by_seal(sealer))
    more = ("--to", tmp_path / "out") if command == "decrypt" else ()
    code, shown, asked = at_terminal(command, medium, *more)
    assert (code, asked) == ({"verify": 1, "ls": 3, "decrypt": 2}[command], False)
    assert "--key FILE" in shown
    if command == "decrypt":
        assert "no password opens it" in shown


def test_nobody_is_asked_for_a_medium_that_is_not_encrypted(plain: Path) -> None:
    assert at_terminal("verify", plain)[::2] == (0, False)


def test_nobody_is_asked_for_a_mail(plain: Path, tmp_path: Path, run: Run) -> None:
    certificate, _ = bob().files(tmp_path)
    signing, key = alice().files(tmp_path)
    words = ("--encrypt-to", certificate, "--sign", key, "--sign-cert", signing)
    assert run("author", plain, "-o", tmp_path / "t.eml", *words).code == 0
    code, shown, asked = at_terminal("verify", tmp_path / "t.eml")
    assert (code, asked, CLOSED.id in shown) == (1, False, True)


def test_the_password_of_an_archive_is_asked_for_too(
    plain: Path, tmp_path: Path, peer: Callable[[str], str]
) -> None:
    import subprocess

    archive = tmp_path / "t.zip"
    words = [peer("7z"), "a", "-tzip", f"-p{PHRASE}", "-mem=AES256", str(archive), "."]
    subprocess.run(words, cwd=plain, check=True, capture_output=True)
    code, shown, asked = at_terminal("ls", archive)
    assert (code, asked) == (0, True), shown
    assert "patient" in shown


def test_the_next_line_works_as_it_stands(plain: Path, tmp_path: Path) -> None:
    word = tmp_path / "word.txt"
    word.write_text(f"{PHRASE}\n")
    words = ("-o", tmp_path / "disc.iso", "--profile", "STD-GEN-SEC-CD", "--password-file", word)
    code, shown, _ = at_terminal("author", plain, *words)
    assert code == 0
    (line,) = [line for line in shown.splitlines() if line.startswith("next: ")]
    _, command, *more = line.removeprefix("next: ").split()
    code, shown, asked = at_terminal(command, *more)
    assert (code, asked) == (0, True), shown
    assert "COMPLIANT with STD-GEN-SEC-CD" in shown


@pytest.mark.parametrize(("command", "code"), [("verify", 1), ("ls", 3), ("decrypt", 2)])
def test_nobody_is_asked_where_standard_input_is_closed(
    command: str,
    code: int,
    plain: Path,
    tmp_path: Path,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    medium = secure_folder(plain, tmp_path / "medium", with_password())
    monkeypatch.setattr(sys, "stdin", None)  # as Python has it then
    words = ("--to", tmp_path / "out") if command == "decrypt" else ()
    said = run(command, medium, *words)
    assert (said.code, "--password-file" in said.out + said.err) == (code, True)
