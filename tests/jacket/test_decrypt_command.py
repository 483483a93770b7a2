"""What was encrypted comes out byte for byte and checked, or is named; never half of it."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cms_kinds import PHRASE, digested, enveloped, variants
from cms_people import alice, authority
from cms_tool import OpensslCms
from secure_media import by_seal, contents, secure_folder, trusting, with_password, word

from jacket.decrypt import decrypt
from jacket.manifest import parse_manifest
from media import write_iso9660, write_zip
from media.source import NamedSource
from secure import Keys, prepare

Run = Callable[..., Any]
OURS = with_password()
FILE = "DICOM/P0000001/S0000001/E0000001/I0000001"
OTHER_PASSWORD = "quite another one"  # noqa: S105 (of a medium of the tests)
OTHER = by_seal(prepare(password=OTHER_PASSWORD, iterations=1000))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory, real_file_set: Path, run: Run) -> Path:
    folder = tmp_path_factory.mktemp("decrypt") / "plain"
    sources = [real_file_set / name for name in ("77654033", "98892003")]
    assert run("author", *sources, "-o", folder).code == 0
    (folder / "README.TXT").write_text("Opens with a password.\n")
    return folder


@pytest.fixture
def medium(plain: Path, tmp_path: Path) -> Path:
    return secure_folder(plain, tmp_path / "medium", OURS)


@pytest.fixture
def password(tmp_path: Path) -> tuple[str, Path]:
    return "--password-file", word(tmp_path)


def without_manifest(files: dict[str, bytes]) -> dict[str, bytes]:
    return {name: content for name, content in files.items() if name != "MANIFEST.TXT"}


def test_every_file_is_as_it_was_before_it_was_encrypted(
    plain: Path, medium: Path, tmp_path: Path, password: tuple[str, Path], run: Run
) -> None:
    said = run("decrypt", medium, "--to", tmp_path / "out", *password)
    assert said.code == 0
    found = contents(tmp_path / "out")
    assert without_manifest(found) == without_manifest(contents(plain))
    listed, odd, _ = parse_manifest(found["MANIFEST.TXT"])
    digests = {
        tuple(name.split("/")): sha256(content).hexdigest() for name, content in found.items()
    }
    del digests["MANIFEST.TXT",]
    assert (listed, odd) == (digests, 0)
    assert f"next: jacket verify {tmp_path / 'out'}" in said.out
    assert run("verify", tmp_path / "out").code == 0


def test_an_image_is_decrypted_as_a_folder_is(
    plain: Path, medium: Path, tmp_path: Path, password: tuple[str, Path], run: Run
) -> None:
    day = datetime(2026, 1, 1, tzinfo=UTC)
    sources = [
        NamedSource(tuple(name.split("/")), (content,), day)
        for name, content in contents(medium).items()
    ]
    write_iso9660(sources, tmp_path / "disc.iso", volume_identifier="SECURE", recorded=day)
    said = run("decrypt", tmp_path / "disc.iso", "--to", tmp_path / "out", *password, "--json")
    assert (said.code, said.json["decrypted"], said.json["copied"]) == (0, 25, 1)
    assert without_manifest(contents(tmp_path / "out")) == without_manifest(contents(plain))


def test_a_disc_of_ours_comes_out_as_it_went_in(
    two_patients: Path, tmp_path: Path, password: tuple[str, Path], run: Run
) -> None:
    disc = tmp_path / "disc.iso"
    words = ("--profile", "STD-GEN-SEC-CD", *password)
    assert run("author", two_patients, "-o", disc, *words).code == 0
    assert run("verify", disc, *words).code == 0
    said = run("decrypt", disc, "--to", tmp_path / "out", *password)
    assert said.code == 0
    assert run("verify", tmp_path / "out", "--profile", "STD-GEN-CD").code == 0
    sources = {path.read_bytes() for path in two_patients.rglob("*") if path.is_file()}
    came = {c for name, c in contents(tmp_path / "out").items() if name.startswith("DICOM/")}
    assert len(sources & came) == 20  # the other four were given a new head


def test_a_wrong_password_leaves_nothing_behind(medium: Path, tmp_path: Path, run: Run) -> None:
    before = set(tmp_path.iterdir())
    wrong = word(tmp_path, "a phrase of several word", "wrong")
    said = run("decrypt", medium, "--to", tmp_path / "out", "--password-file", wrong)
    assert (said.code, said.out, said.err.count("\n")) == (3, "", 1)
    assert "Type it again exactly as it was given" in said.err
    assert set(tmp_path.iterdir()) == before | {wrong}


def unknown(name: str) -> bytes:
    """Return the line of a file of which nobody knows what it should be."""
    return f"{'0' * 64} *{name}\n".encode()


def test_what_was_exchanged_or_lost_does_not_become_genuine_by_being_decrypted(
    medium: Path, tmp_path: Path, password: tuple[str, Path], run: Run
) -> None:
    first, second, third = [name for name in contents(medium) if name.startswith("DICOM/")][:3]
    (medium / first).write_bytes((medium / second).read_bytes())
    (medium / third).unlink()
    said = run("decrypt", medium, "--to", tmp_path / "out", *password, "--json")
    assert said.code == 1
    assert sorted(said.json["differs"]) == [first]
    assert [item["source"] for item in said.json["left_out"]] == [third]
    found = contents(tmp_path / "out")
    assert (unknown(first) in found["MANIFEST.TXT"], first in found) == (True, True)
    assert (unknown(third) in found["MANIFEST.TXT"], third in found) == (True, False)
    verdict = run("verify", tmp_path / "out", "--json").json
    listed = [each for each in verdict["findings"] if each["rule"].startswith("MAN-")]
    assert {first, third} <= {finding["where"] for finding in listed}


def test_what_was_added_to_the_medium_is_told_and_not_made_genuine(
    plain: Path, medium: Path, tmp_path: Path, password: tuple[str, Path], run: Run
) -> None:
    first = next(name for name in contents(medium) if name.startswith("DICOM/"))
    shutil.copy(medium / first, medium / "DICOM" / "EXTRA1")
    shutil.copy(plain / first, medium / "DICOM" / "EXTRA2")
    said = run("decrypt", medium, "--to", tmp_path / "out", *password, "--json")
    assert said.code == 1
    assert sorted(said.json["differs"]) == ["DICOM/EXTRA1", "DICOM/EXTRA2"]
    listed = contents(tmp_path / "out")["MANIFEST.TXT"]
    assert all(unknown(f"DICOM/EXTRA{number}") in listed for number in (1, 2))
    (medium / "MANIFEST.TXT").unlink()
    said = run("decrypt", medium, "--to", tmp_path / "again", *password)
    assert "there is no MANIFEST.TXT on the medium" in said.out


def test_a_manifest_with_names_of_other_letters_does_no_harm(
    medium: Path, tmp_path: Path, password: tuple[str, Path], run: Run
) -> None:
    with (medium / "MANIFEST.TXT").open("ab") as file:
        file.write(b"%s *DICOM/\xe4\x07\n%s *../../x\n" % (b"0" * 64, b"1" * 64))
    said = run("decrypt", medium, "--to", tmp_path / "out", *password, "--json")
    assert said.code == 1
    assert len(said.json["differs"]) == 2
    listed = contents(tmp_path / "out")["MANIFEST.TXT"]
    assert b"../../x" not in listed
    assert listed.isascii()


def test_files_that_do_not_open_are_named_and_the_others_are_there(
    plain: Path, medium: Path, tmp_path: Path, password: tuple[str, Path], run: Run
) -> None:
    names = [name for name in contents(medium) if name.startswith("DICOM/")]
    inner = digested((plain / names[0]).read_bytes())
    spoilt = {
        names[0]: enveloped(inner[:-1] + bytes((inner[-1] ^ 1,))),  # changed: all is there
        names[1]: (medium / names[1]).read_bytes()[:-100],
        names[2]: OTHER((plain / names[2]).read_bytes()),
        names[3]: variants((plain / names[3]).read_bytes())["D"],
    }
    for name, content in spoilt.items():
        (medium / name).write_bytes(content)
    said = run("decrypt", medium, "--to", tmp_path / "out", *password, "--json")
    assert (said.code, said.json["decrypted"], said.json["copied"]) == (1, 21, 1)
    left_out = {item["source"]: item["reason"] for item in said.json["left_out"]}
    assert left_out.keys() == spoilt.keys()
    assert "does not match its digest" in left_out[names[0]]
    assert "without a digest or signature" in left_out[names[3]]
    found = contents(tmp_path / "out")
    wanted = {n: c for n, c in contents(plain).items() if n not in spoilt}
    assert without_manifest(found) == without_manifest(wanted)
    assert all(unknown(name) in found["MANIFEST.TXT"] for name in spoilt)
    told = run("decrypt", medium, "--to", tmp_path / "told", *password)
    assert "encrypted files that were not opened: 4" in told.out
    both = ("--password-file", word(tmp_path, OTHER_PASSWORD, "other"), "--accept-unprotected")
    more = run("decrypt", medium, "--to", tmp_path / "more", *password, *both, "--json")
    assert more.json["decrypted"] == 23


def test_where_no_file_is_good_there_is_no_folder(
    plain: Path, medium: Path, tmp_path: Path, password: tuple[str, Path], run: Run
) -> None:
    for name, content in contents(medium).items():
        if name.startswith("DICOM"):
            (medium / name).write_bytes(content[:-100])
    said = run("decrypt", medium, "--to", tmp_path / "out", *password, "--json")
    assert said.code == 3
    assert len(said.json["left_out"]) == 25
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.glob(".*"))


def test_a_dry_run_checks_all_and_writes_nothing(
    medium: Path, tmp_path: Path, password: tuple[str, Path], run: Run
) -> None:
    (medium / FILE).write_bytes((medium / FILE).read_bytes()[:-100])
    before = set(tmp_path.iterdir())
    said = run("decrypt", medium, "--to", tmp_path / "out", *password, "--dry-run", "--json")
    assert (said.code, said.json["decrypted"], len(said.json["left_out"])) == (1, 24, 1)
    assert set(tmp_path.iterdir()) == before


@pytest.mark.parametrize("processes", [1, 2])
def test_who_signed_is_told_with_the_verdict(
    processes: int, plain: Path, tmp_path: Path, run: Run
) -> None:
    sealer = prepare(password=PHRASE, iterations=1000, signers=[alice().signer])
    medium = secure_folder(plain, tmp_path / "medium", by_seal(sealer))
    words = ("decrypt", medium, "--password-file", word(tmp_path), "--jobs", processes, "--to")
    said = run(*words, tmp_path / "a", "--trust", trusting(tmp_path / "ours", authority()))
    assert "25 files signed by CN=Alice: trusted" in said.out
    said = run(*words, tmp_path / "b")
    assert "25 files signed by CN=Alice: not judged (--trust DIR)" in said.out
    said = run(*words, tmp_path / "c", "--trust", trusting(tmp_path / "strange", alice()))
    assert "signed by CN=Alice: trusted" in said.out
    assert contents(tmp_path / "a") == contents(tmp_path / "c")


def test_two_processes_write_what_one_writes(plain: Path, medium: Path, tmp_path: Path) -> None:
    keys = Keys([PHRASE])
    (medium / FILE).write_bytes(OTHER((plain / FILE).read_bytes()))
    one = decrypt(medium, tmp_path / "one", keys, processes=1)
    two = decrypt(medium, tmp_path / "two", keys, processes=2)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert one.left_out == two.left_out
    assert len(one.left_out) == 1


def test_what_openssl_made_comes_out(
    plain: Path, tmp_path: Path, peer: Callable[[str], str], password: tuple[str, Path], run: Run
) -> None:
    cms = OpensslCms(peer("openssl"), tmp_path)

    def by_openssl(content: bytes) -> bytes:
        inner = cms.sign(content, [alice()], "-md", "sha256")
        return cms.encrypt(inner, "-aes256", "-stream", password=PHRASE)

    medium = secure_folder(plain, tmp_path / "medium", by_openssl, listed=False)
    said = run("decrypt", medium, "--to", tmp_path / "out", *password)
    assert said.code == 0
    assert without_manifest(contents(tmp_path / "out")) == without_manifest(contents(plain))


def test_names_that_cannot_be_files_here_are_named_and_lead_nowhere() -> None:
    from jacket.decrypt_names import placed
    from media import Entry

    def entry(*name: str) -> Entry:
        return Entry(name, name[-1], 1, "", 0)

    good = [entry("A"), entry("B", "C"), entry("B", "D")]
    bad = [entry("..", "X"), entry("a"), entry("b"), entry("C:X"), entry("E", "x" * 300), entry("")]
    found, left_out = placed([*good, *bad])
    assert found == good
    assert [item.source for item in left_out] == ["/".join(each.name) for each in bad]


@pytest.mark.parametrize("place", ["medium/out", "there"])
def test_a_target_that_is_in_the_way_is_refused_before_anything_is_read(
    place: str, medium: Path, tmp_path: Path, password: tuple[str, Path], run: Run
) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "mine").write_text("keep")
    before = contents(tmp_path)
    said = run("decrypt", medium, "--to", tmp_path / place, *password)
    assert said.code == (2 if place.startswith("medium") else 3)
    assert before.items() <= contents(tmp_path).items()
    assert not (medium / "out").exists()


@pytest.mark.parametrize("has_password", [True, False])
@pytest.mark.parametrize(
    ("kind", "way"), [("folder", "cp -r"), ("image", "7z x"), ("zip", "unzip")]
)
def test_a_medium_that_is_not_encrypted_is_said_to_be_so_and_how_it_is_copied(
    kind: str, way: str, has_password: bool, plain: Path, tmp_path: Path, run: Run
) -> None:
    day = datetime(2026, 1, 1, tzinfo=UTC)
    sources = [
        NamedSource(tuple(name.split("/")), (content,), day)
        for name, content in contents(plain).items()
    ]
    medium = plain if kind == "folder" else tmp_path / kind
    if kind == "image":
        write_iso9660(sources, medium, volume_identifier="PLAIN", recorded=day)
    elif kind == "zip":
        write_zip(sources, medium, recorded=day)
    words = ("--password-file", word(tmp_path)) if has_password else ()
    said = run("decrypt", medium, "--to", tmp_path / "out", *words)
    assert (said.code, "nothing on it is encrypted" in said.err) == (3, True)
    assert way in said.err
    assert not (tmp_path / "out").exists()


def test_without_password_and_terminal_it_is_said_how_to_give_one(
    medium: Path, tmp_path: Path
) -> None:
    words = ["decrypt", str(medium), "--to", str(tmp_path / "out")]
    done = subprocess.run(
        [sys.executable, "-m", "jacket", *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "--password-file FILE" in done.stderr) == (2, True)


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="there are no terminals")
def test_at_a_terminal_the_password_is_asked_for_and_does_not_show(
    plain: Path, medium: Path, tmp_path: Path
) -> None:
    import pty

    words = [sys.executable, "-m", "jacket", "decrypt", str(medium), "--to", str(tmp_path / "out")]
    pid, terminal = pty.fork()
    if not pid:  # the child has the terminal for its own
        os.execv(sys.executable, words)  # noqa: S606 (our own interpreter)
    shown = b""
    while b"Password" not in shown:
        shown += os.read(terminal, 1000)
    time.sleep(0.2)
    os.write(terminal, f"{PHRASE}\n".encode())
    try:
        while piece := os.read(terminal, 1000):
            shown += piece
    except OSError:
        pass  # so a terminal ends
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 0
    assert PHRASE.encode() not in shown
    assert without_manifest(contents(tmp_path / "out")) == without_manifest(contents(plain))


def test_an_interruption_leaves_nothing(plain: Path, tmp_path: Path) -> None:
    content = (plain / FILE).read_bytes()
    medium = tmp_path / "medium"
    medium.mkdir()
    (medium / "I0000").write_bytes(OURS(content + bytes(8 << 20)))
    for number in range(1, 30):
        (medium / f"I{number:04d}").hardlink_to(medium / "I0000")
    words = ["decrypt", str(medium), "--to", str(tmp_path / "out")]
    password = ["--password-file", str(word(tmp_path))]
    job = subprocess.Popen(
        [sys.executable, "-m", "jacket", *words, *password],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    end = time.monotonic() + 30
    while not list(tmp_path.glob(".out.partial-*/*")) and time.monotonic() < end:
        time.sleep(0.005)
    job.send_signal(signal.SIGINT)
    job.communicate()
    assert job.returncode == 130
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.glob(".out*"))


def test_memory_does_not_grow_with_files(plain: Path, tmp_path: Path) -> None:
    content = (plain / FILE).read_bytes()
    peaks = []
    for number, size in enumerate((1 << 20, 80 << 20)):
        medium = tmp_path / str(number)
        medium.mkdir()
        (medium / "IMAGE").write_bytes(OURS(content + bytes(size)))
        code = (
            "import sys; from jacket.cli import main; code = main(sys.argv[1:]); "
            "print(*[l for l in open('/proc/self/status') if 'VmHWM' in l]); sys.exit(code)"
        )
        words = ["decrypt", medium, "--to", tmp_path / f"out{number}", "--json", "--jobs", "1"]
        done = subprocess.run(
            [sys.executable, "-c", code, *map(str, words), "--password-file", word(tmp_path)],
            capture_output=True,
            text=True,
            check=True,
        )
        peaks.append(int(done.stdout.split("VmHWM:")[1].split()[0]))
        shutil.rmtree(medium)
        shutil.rmtree(tmp_path / f"out{number}")
    assert peaks[1] - peaks[0] < 20_000, "kB"


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")
@pytest.mark.parametrize(("before", "after"), [(None, 0o700), (0o700, 0o700), (0o750, 0o750)])
def test_only_its_owner_reads_the_folder_unless_it_was_there_and_says_otherwise(
    medium: Path,
    tmp_path: Path,
    password: tuple[str, Path],
    run: Run,
    before: int | None,
    after: int,
) -> None:
    target = tmp_path / "out"
    if before is not None:
        target.mkdir()
        target.chmod(before)
    assert run("decrypt", medium, "--to", target, *password).code == 0
    assert target.stat().st_mode & 0o7777 == after


def test_a_file_that_was_taken_off_is_named(
    medium: Path, tmp_path: Path, password: tuple[str, Path], run: Run
) -> None:
    (medium / FILE).unlink()
    said = run("decrypt", medium, "--to", tmp_path / "out", *password, "--json")
    assert said.code == 1
    (lost,) = said.json["left_out"]
    assert lost["source"] == FILE
    assert "the DICOMDIR names it" in lost["reason"]
    assert said.json["differs"] == [], "it is named once"
    assert (tmp_path / "out" / "DICOMDIR").is_file()


def test_a_dicom_file_in_plain_among_encrypted_ones_is_named(
    plain: Path, medium: Path, tmp_path: Path, password: tuple[str, Path], run: Run
) -> None:
    words = ("decrypt", medium, "--to", tmp_path / "out", *password, "--dry-run")
    assert "without encryption" not in run(*words).out
    shutil.copy(plain / FILE, medium / FILE)
    said = run(*words)
    assert f"1 DICOM File lay there without encryption, such as {FILE}" in said.out
    assert "not as MANIFEST.TXT of the medium lists it" in said.out
    (medium / "MANIFEST.TXT").unlink()
    assert run(*words).code == 0


@pytest.mark.parametrize("processes", [1, 2])
def test_files_that_were_exchanged_are_named(
    processes: int,
    plain: Path,
    medium: Path,
    tmp_path: Path,
    password: tuple[str, Path],
    run: Run,
) -> None:
    names = sorted(name for name in contents(medium) if name.startswith("DICOM/"))
    content = OURS((plain / names[1]).read_bytes())  # opens, and is another file than was listed
    (medium / names[0]).write_bytes(content)
    (medium / "README.TXT").write_text("Another one.\n")
    other = ("--jobs", processes, "--json")
    said = run("decrypt", medium, "--to", tmp_path / "out", *password, *other)
    assert (said.code, said.json["left_out"]) == (1, [])
    assert sorted(said.json["differs"]) == [names[0], "README.TXT"]
    assert (tmp_path / "out" / names[0]).read_bytes() == (plain / names[1]).read_bytes()


def test_a_listed_file_that_is_gone_is_named(
    medium: Path, tmp_path: Path, password: tuple[str, Path], run: Run
) -> None:
    (medium / "README.TXT").unlink()
    said = run("decrypt", medium, "--to", tmp_path / "out", *password, "--json")
    assert (said.code, said.json["differs"]) == (1, ["README.TXT"])
