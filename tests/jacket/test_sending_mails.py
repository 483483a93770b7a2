"""A mail that was made gets to its recipient: what is told of it, and what programs make of it."""

import subprocess
from collections.abc import Callable, Sequence
from email import message_from_bytes, policy
from pathlib import Path
from shlex import quote
from typing import Any

import pytest
from cms_people import alice, authority, bob
from secure_media import trusting

Run = Callable[..., Any]
Peer = Callable[[str], str]
ADDED = (
    b"Received: by relay.example.org; Mon, 2 Mar 2026 08:00:00 +0000\r\nFrom: A <a@example.org>\r\n"
)
SECURE, PLAIN = "STD-GEN-SEC-ZIP-MAIL", "STD-GEN-ZIP-MAIL"


@pytest.fixture(scope="module")
def sealing(tmp_path_factory: pytest.TempPathFactory) -> Sequence[object]:
    folder = tmp_path_factory.mktemp("papers")
    certificate, key = alice().files(folder)
    return (
        *("--encrypt-to", bob().files(folder)[0], "--sign", key),
        *("--sign-cert", certificate),
    )


def said(done: Any, begin: str) -> str:
    (line,) = [line for line in done.out.splitlines() if line.startswith(begin)]
    return str(line)


def test_a_mail_is_told_by_its_name_with_programs_that_complete_it(
    tmp_path: Path, test_files: Path, run: Run
) -> None:
    target = tmp_path / "to the clinic.eml"
    for profile in (PLAIN, "STD-GEN-MIME"):
        words = ("author", test_files / "CT_small.dcm", "-o", target, "--profile", profile)
        line = said(run(*words), "open ")
        assert str(target) in line
        assert "Outlook" in line
        assert "Thunderbird" in line
        assert "draft" in line
        assert run(*words, "--json").json["next_step"] == line


def test_an_encrypted_mail_is_told_with_the_command_that_sends_it(
    tmp_path: Path, test_files: Path, sealing: Sequence[object], run: Run
) -> None:
    target = tmp_path / "to the clinic.eml"
    line = said(run("author", test_files / "CT_small.dcm", "-o", target, *sealing), "send ")
    assert f"`sendmail ADDRESS < {quote(str(target))}`" in line
    assert "as it is" in line


def test_of_a_set_each_mail_is_to_be_sent(tmp_path: Path, two_patients: Path, run: Run) -> None:
    words = ("author", two_patients, "-o", tmp_path / "m.eml", "--split", "--capacity", "40KB")
    line = said(run(*words), "open ")
    assert f"{tmp_path / 'm-1.eml'} and each of the other mails" in line
    assert str(tmp_path / "m.eml") not in line
    line = said(run("author", two_patients, "-o", tmp_path / "m.eml"), "open ")
    assert line.startswith(f"open {tmp_path / 'm.eml'} in "), "it has others of a set beside it"


@pytest.mark.parametrize("profile", [PLAIN, "STD-GEN-MIME"])
def test_a_draft_that_a_mail_program_completed_is_still_the_medium(
    profile: str, tmp_path: Path, test_files: Path, run: Run, peer: Peer
) -> None:
    target = tmp_path / "t.eml"
    words = ("author", test_files / "CT_small.dcm", "-o", target, "--profile", profile)
    assert run(*words).code == 0
    mail = message_from_bytes(target.read_bytes(), policy=policy.SMTP)
    assert (mail["X-Unsent"], mail["From"], mail["To"]) == ("1", None, None)
    del mail["X-Unsent"]
    mail["From"], mail["To"] = "A <a@example.org>", "b@example.org"
    target.write_bytes(mail.as_bytes())
    found = run("verify", target, "--profile", profile)
    assert found.code == 0, found.out
    out = tmp_path / "out"
    out.mkdir()
    subprocess.run([peer("munpack"), "-q", "-f", "-C", out, target], check=True)
    content = b"".join(path.read_bytes() for path in out.iterdir())
    if profile == "STD-GEN-MIME":
        assert (test_files / "CT_small.dcm").read_bytes() in content
    else:
        assert b"PK\3\4" in content


@pytest.mark.parametrize("line_end", [b"\r\n", b"\n"])
def test_what_a_relay_adds_keeps_an_encrypted_mail_what_it_is(
    line_end: bytes,
    tmp_path: Path,
    test_files: Path,
    sealing: Sequence[object],
    run: Run,
    peer: Peer,
) -> None:
    target = tmp_path / "t.eml"
    assert run("author", test_files / "CT_small.dcm", "-o", target, *sealing).code == 0
    assert b"X-Unsent" not in target.read_bytes(), "nobody could complete that"
    target.write_bytes((ADDED + target.read_bytes()).replace(b"\r\n", line_end))
    certificate, key = bob().files(tmp_path)
    trust = trusting(tmp_path / "trust", authority())
    found = run("verify", target, "--profile", SECURE, "--key", key, "--trust", trust)
    assert found.code == 0, found.out
    opened = [peer("openssl"), "smime", "-decrypt", "-in", target, "-inkey", key]
    inside = subprocess.run([*opened, "-recip", certificate], check=True, capture_output=True)
    (tmp_path / "inside.eml").write_bytes(inside.stdout)
    checked = [peer("openssl"), "smime", "-verify", "-noverify", "-in", tmp_path / "inside.eml"]
    content = subprocess.run(checked, check=True, capture_output=True).stdout
    (archive,) = [
        part for part in message_from_bytes(content).walk() if part.get_filename() == "DICOM.ZIP"
    ]
    assert archive.get_content_type() == "application/zip"
