"""README.TXT of encrypted media: its lines to type are run as they stand, on real files."""

import os
import re
import subprocess
from collections.abc import Callable, Sequence
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from jacket.secure_readme import SecureMedium, render_readme
from secure.certificates import load_certificates, load_private_key
from secure.sealer import prepare
from secure.signers import Signer

Peer = Callable[[str], str]
PASSWORD = "kdvr bnhs tjpe xucg fkbv"  # noqa: S105 (of this test)
SHELL, POWERSHELL = "WITH GIT BASH", "WITH POWERSHELL"
NAMES = ("DICOMDIR", "DICOM/P0000001/S0000001/E0000001/I0000001", "DICOM/WITH SPACE/I0000002")


class Person(NamedTuple):
    certificate: Path
    key: Path


def person(folder: Path, name: str, peer: Peer) -> Person:
    made = Person(folder / f"{name}.pem", folder / f"{name}-key.pem")
    words = [peer("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    words += ["-subj", f"/CN={name}", "-out", str(made.certificate), "-keyout", str(made.key)]
    subprocess.run(words, check=True, capture_output=True)
    return made


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory, peer: Peer) -> dict[str, Person]:
    folder = tmp_path_factory.mktemp("people")
    return {name: person(folder, name, peer) for name in ("recipient", "signer", "stranger")}


@pytest.fixture
def contents(pydicom_files: list[Path]) -> dict[str, bytes]:
    ct = next(path for path in pydicom_files if path.name == "CT_small.dcm").read_bytes()
    # What programs for text would change: ends of lines, a byte of zero, the end of a text.
    return dict(zip(NAMES, (ct, b"\r\n\n\r\0\x1a" * 999, ct[::-1]), strict=True))


def run(words: Sequence[str], content: bytes) -> bytes:
    return subprocess.run(words, input=content, check=True, capture_output=True).stdout


def inner(content: bytes, signer: Person | None, peer: Peer) -> bytes:
    """Return a ContentInfo with *content* as OpenSSL makes it."""
    if signer is None:
        words = [peer("openssl"), "cms", "-digest_create", "-md", "sha256"]
    else:
        words = [peer("openssl"), "cms", "-sign", "-nodetach", "-md", "sha256"]
        words += ["-signer", str(signer.certificate), "-inkey", str(signer.key)]
    return run([*words, "-binary", "-outform", "DER"], content)


def unwrapped(content_info: bytes) -> bytes:
    """Return what a ContentInfo of definite length holds."""
    place = 0
    for is_entered in (True, False, True):  # SEQUENCE, the type, [0]
        first = content_info[place + 1]
        head = 2 + (first & 0x7F if first & 0x80 else 0)
        place += head if is_entered else head + first
    return content_info[place:]


def by_openssl(
    contents: dict[str, bytes],
    keys: Sequence[str],
    signer: Person | None,
    peer: Peer,
    *,
    is_wrapped: bool,
) -> dict[str, bytes]:
    """Return envelopes as OpenSSL makes them, around a ContentInfo or around the bare value."""
    words = [peer("openssl"), "cms", "-encrypt", "-binary", "-aes256", "-outform", "DER"]
    values = {name: inner(content, signer, peer) for name, content in contents.items()}
    return {
        name: run([*words, *keys], value if is_wrapped else unwrapped(value))
        for name, value in values.items()
    }


def make_disc(disc: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        (disc / name).parent.mkdir(parents=True, exist_ok=True)
        (disc / name).write_bytes(content)
    (disc / "README.TXT").write_text("not encrypted")
    ours = [name for name in files if name.upper().startswith("DICOM")]
    listed = [f"{sha256(files[name]).hexdigest()} *{name.upper()}\n" for name in ours]
    (disc / "MANIFEST.TXT").write_text(f"{'0' * 64} *README.TXT\n{''.join(listed)}")


def put_keys(person: Person, home: Path) -> None:
    """Put certificate and key where the lines to type look for them."""
    (home / "dicom-cert.pem").write_bytes(person.certificate.read_bytes())
    (home / "dicom-key.pem").write_bytes(person.key.read_bytes())


def blocks(readme: bytes, heading: str) -> list[str]:
    """Return the lines to type of one section, those of each step together, as they stand.

    They end with CR LF: whoever takes them out of the file by a program has them so.
    """
    section = readme.decode().split(heading)[1]
    end = re.search(r"\r\n[A-Z ,.0-9]+\r\n---", section)
    section = section[: end.start() if end else None]
    return re.findall(r"(?:^ {4}.*\r\n)+", section, re.MULTILINE)


def lines_for_a_password() -> list[str]:
    return blocks(render_readme(SecureMedium("", has_password=True)), SHELL)


def type_lines(lines: Sequence[str], tmp_path: Path, shell: str = "bash", typed: str = "") -> str:
    """Let *shell* run the lines, all but the place of the disc as they stand."""
    script = "".join(lines).replace("/media/cdrom", str(tmp_path / "disc"))
    (tmp_path / "lines.sh").write_bytes(script.encode())
    done = subprocess.run(
        [shell, str(tmp_path / "lines.sh")],
        input=typed,
        text=True,
        capture_output=True,
        check=False,
        env=os.environ | {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
    )
    assert done.stderr == ""
    return done.stdout


def told(said: str) -> list[str]:
    """Return what is said but for the version, the marks of files that open, and their number."""
    version, *lines, number = said.splitlines()
    assert version.startswith("OpenSSL ")
    assert number.endswith("FILES ARE IN " + number.rpartition(" ")[2])
    return [line.lstrip(".") for line in lines if line.strip(".")]


def opened(tmp_path: Path) -> dict[str, bytes]:
    out = tmp_path / "images"
    return {
        str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()
    }


@pytest.mark.parametrize("shell", ["bash", "dash"])
@pytest.mark.parametrize("is_signed", [False, True])
@pytest.mark.parametrize("is_wrapped", [False, True])
def test_lines_with_a_password_open_what_openssl_encrypted(
    shell: str,
    is_signed: bool,
    is_wrapped: bool,
    contents: dict[str, bytes],
    people: dict[str, Person],
    tmp_path: Path,
    peer: Peer,
) -> None:
    signer = people["signer"] if is_signed else None
    keys = ["-pwri_password", PASSWORD]
    make_disc(tmp_path / "disc", by_openssl(contents, keys, signer, peer, is_wrapped=is_wrapped))
    signers = ("CN=signer",) if is_signed else ()
    medium = SecureMedium("LABEL", has_password=True, signers=signers, is_wrapped=is_wrapped)
    said = type_lines(blocks(render_readme(medium), SHELL), tmp_path, shell, f"{PASSWORD}\n")
    assert opened(tmp_path) == contents
    assert told(said) == []
    assert f"\n3 OF 3 FILES ARE IN {tmp_path}/images\n" in said


@pytest.mark.parametrize("shell", ["bash", "dash"])
def test_files_that_were_exchanged_or_taken_away_are_told(
    shell: str, contents: dict[str, bytes], tmp_path: Path
) -> None:
    files = sealed(contents, password=PASSWORD)
    make_disc(tmp_path / "disc", files)
    directory, first, second = NAMES
    (tmp_path / "disc" / first).write_bytes(files[second])
    (tmp_path / "disc" / second).unlink()
    said = type_lines(lines_for_a_password(), tmp_path, shell, f"{PASSWORD}\n")
    assert told(said) == [f"CHANGED: {tmp_path}/disc/{first}", f"MISSING: {second}"]
    assert f"\n2 OF 3 FILES ARE IN {tmp_path}/images\n" in said
    assert opened(tmp_path) == {directory: contents[directory], first: contents[second]}


def test_a_disc_without_a_manifest_is_opened_and_told(
    contents: dict[str, bytes], tmp_path: Path
) -> None:
    make_disc(tmp_path / "disc", sealed(contents, password=PASSWORD))
    (tmp_path / "disc" / "MANIFEST.TXT").unlink()
    said = type_lines(lines_for_a_password(), tmp_path, typed=f"{PASSWORD}\n")
    assert told(said) == ["THERE IS NO MANIFEST.TXT: FILES MAY BE MISSING."]
    assert opened(tmp_path) == contents


@pytest.mark.parametrize("shell", ["bash", "dash"])
def test_lines_leave_no_password_behind_and_nobody_else_reads_the_images(
    shell: str, contents: dict[str, bytes], tmp_path: Path
) -> None:
    make_disc(tmp_path / "disc", sealed(contents, password=PASSWORD))
    after = 'echo "[$P] [$*] $(umask)"\n'
    lines = ["umask 022\n", *lines_for_a_password(), after]
    said = type_lines(lines, tmp_path, shell, f"{PASSWORD}\n")
    assert said.splitlines()[-1] == "[] [] 0022"
    made = [tmp_path / "images", *(tmp_path / "images").rglob("*")]
    assert len(made) > len(contents)
    assert [path for path in made if path.stat().st_mode & 0o077] == []


@pytest.mark.parametrize("shell", ["bash", "dash"])
def test_the_second_disc_of_a_set_takes_nothing_of_the_first_away(
    shell: str, contents: dict[str, bytes], tmp_path: Path, peer: Peer
) -> None:
    keys = ["-pwri_password", PASSWORD]
    make_disc(tmp_path / "disc", by_openssl(contents, keys, None, peer, is_wrapped=False))
    first, *_ = sorted(contents)
    (tmp_path / "images" / first).parent.mkdir(parents=True)
    (tmp_path / "images" / first).write_bytes(b"of the first disc")
    said = type_lines(lines_for_a_password(), tmp_path, shell, f"{PASSWORD}\n")
    assert opened(tmp_path) == contents | {first: b"of the first disc"}
    assert told(said) == [f"THERE ALREADY: {tmp_path}/disc/{first}"]


@pytest.mark.parametrize("is_signed", [False, True])
@pytest.mark.parametrize("is_wrapped", [False, True])
def test_lines_with_a_key_open_what_openssl_encrypted(
    is_signed: bool,
    is_wrapped: bool,
    contents: dict[str, bytes],
    people: dict[str, Person],
    tmp_path: Path,
    peer: Peer,
) -> None:
    signer, recipient = people["signer"] if is_signed else None, people["recipient"]
    keys = ["-recip", str(recipient.certificate)]
    make_disc(tmp_path / "disc", by_openssl(contents, keys, signer, peer, is_wrapped=is_wrapped))
    put_keys(recipient, tmp_path)
    medium = SecureMedium(
        "LABEL",
        has_password=False,
        certificates=("CN=recipient",),
        signers=("CN=signer",) if is_signed else (),
        is_wrapped=is_wrapped,
    )
    places, _, key, loop = blocks(render_readme(medium), SHELL)
    type_lines([places, key, loop], tmp_path)
    assert opened(tmp_path) == contents


@pytest.mark.parametrize("shell", ["bash", "dash"])
def test_lines_on_an_authored_disc_open_it_as_decrypt_does(
    shell: str, pydicom_files: list[Path], tmp_path: Path, peer: Peer, run: Callable[..., Any]
) -> None:
    peer("openssl")
    ct = next(path for path in pydicom_files if path.name == "CT_small.dcm")
    image, password = tmp_path / "disc.iso", tmp_path / "password"
    password.write_text(PASSWORD)
    words = ("--profile", "STD-GEN-SEC-CD", "--password-file", password)
    assert run("author", ct, "-o", image, *words).code == 0
    extract = ["-osirrox", "on", "-indev", str(image), "-extract", "/", str(tmp_path / "disc")]
    subprocess.run([peer("xorriso"), *extract], check=True, capture_output=True)
    lines = blocks((tmp_path / "disc" / "README.TXT").read_bytes(), SHELL)
    assert all(line.endswith("\r\n") for line in lines)
    said = type_lines(lines, tmp_path, shell, f"{PASSWORD}\n")
    assert told(said) == []
    plain = tmp_path / "plain"
    assert run("decrypt", image, "--to", plain, "--password-file", password).code == 0
    expected = {
        str(path.relative_to(plain)): path.read_bytes()
        for path in plain.rglob("*")
        if path.is_file() and not path.suffix
    }
    assert opened(tmp_path) == expected
    assert ct.read_bytes() in expected.values()


def sealed(contents: dict[str, bytes], **words: Any) -> dict[str, bytes]:
    """Return files as our own media have them."""
    sealer = prepare(**words, iterations=2048)
    return {
        name: b"".join(sealer.seal(len(content)).pieces([content]))
        for name, content in contents.items()
    }


@pytest.mark.parametrize("way", ["password", "key"])
@pytest.mark.parametrize("is_signed", [False, True])
def test_lines_open_our_own_files_by_password_or_key(
    way: str,
    is_signed: bool,
    contents: dict[str, bytes],
    people: dict[str, Person],
    tmp_path: Path,
    peer: Peer,
) -> None:
    peer("openssl")
    recipient = people["recipient"]
    words: dict[str, Any] = {}
    if is_signed:
        certificates = load_certificates(people["signer"].certificate)
        words = {"signers": [Signer(load_private_key(people["signer"].key).key, certificates)]}
    files = sealed(
        contents, recipients=load_certificates(recipient.certificate), password=PASSWORD, **words
    )
    make_disc(tmp_path / "disc", files)
    put_keys(recipient, tmp_path)
    medium = SecureMedium(
        "LABEL", True, ("CN=recipient",), signers=("CN=signer",) if is_signed else ()
    )
    places, with_password, _, with_key, loop = blocks(render_readme(medium), SHELL)
    chosen = with_password if way == "password" else with_key
    type_lines([places, chosen, loop], tmp_path, typed=f"{PASSWORD}\n")
    assert opened(tmp_path) == contents


@pytest.mark.parametrize("password", [" ends with spaces  ", "'\"\\$HOME`ls`!*", "-out", "%s\\060"])
def test_a_password_is_taken_as_it_is_typed(password: str, tmp_path: Path, peer: Peer) -> None:
    peer("openssl")
    make_disc(tmp_path / "disc", sealed({"DICOMDIR": b"content"}, password=password))
    lines = lines_for_a_password()
    type_lines(lines, tmp_path, typed=f"{password}\n")
    assert opened(tmp_path) == {"DICOMDIR": b"content"}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("before", ["", "\n"])
def test_ends_of_lines_that_are_pasted_with_a_password_are_no_part_of_it(
    before: str, end: str, contents: dict[str, bytes], tmp_path: Path, peer: Peer
) -> None:
    peer("openssl")
    make_disc(tmp_path / "disc", sealed(contents, password=PASSWORD))
    lines = [line.replace("\r\n", end) for line in lines_for_a_password()]
    type_lines(lines, tmp_path, typed=f"{before}{PASSWORD}{end}")
    assert opened(tmp_path) == contents


def test_names_that_linux_shows_in_small_letters_are_as_the_directory_has_them(
    contents: dict[str, bytes], tmp_path: Path, peer: Peer
) -> None:
    peer("openssl")
    files = sealed(contents, password=PASSWORD)
    make_disc(tmp_path / "disc", {name.lower(): content for name, content in files.items()})
    type_lines(lines_for_a_password(), tmp_path, typed=f"{PASSWORD}\n")
    assert opened(tmp_path) == contents


def test_what_another_system_has_put_on_a_stick_is_passed_over(
    contents: dict[str, bytes], tmp_path: Path, peer: Peer
) -> None:
    peer("openssl")
    others = {".fseventsd/fseventsd-uuid": b"1", "System Volume Information/IndexerVolumeGuid": b""}
    make_disc(tmp_path / "disc", others | sealed(contents, password=PASSWORD))
    said = type_lines(lines_for_a_password(), tmp_path, typed=f"{PASSWORD}\n")
    assert told(said) == []
    assert opened(tmp_path) == contents


@pytest.mark.parametrize("shell", ["bash", "dash"])
def test_paths_with_blanks_and_folders_that_are_named_from_where_one_is(
    shell: str, contents: dict[str, bytes], tmp_path: Path, peer: Peer, monkeypatch: Any
) -> None:
    peer("openssl")
    make_disc(tmp_path / "a  disc [1]", sealed(contents, password=PASSWORD))
    monkeypatch.chdir(tmp_path)
    places, *lines = lines_for_a_password()
    places = places.replace("/media/cdrom", "a  disc [1]").replace("$HOME/images", "the images/1")
    type_lines([places, *lines], tmp_path, shell, f"{PASSWORD}\n")
    found = {name: (tmp_path / "the images" / "1" / name).read_bytes() for name in contents}
    assert found == contents
    assert len(list((tmp_path / "a  disc [1]").rglob("*.*"))) == 2  # the two texts, as before


def test_what_was_begun_when_somebody_stopped_it_is_not_taken_for_an_opened_file(
    contents: dict[str, bytes], tmp_path: Path, peer: Peer
) -> None:
    peer("openssl")
    make_disc(tmp_path / "disc", sealed(contents, password=PASSWORD))
    lines = lines_for_a_password()
    lines[-1] = lines[-1].replace('mv "$T.part" "$T"', "exit")  # as by Ctrl+C
    type_lines(lines, tmp_path, typed=f"{PASSWORD}\n")
    assert [path.suffix for path in (tmp_path / "images").rglob("*") if path.is_file()] == [".part"]
    assert told(type_lines(lines_for_a_password(), tmp_path, typed=f"{PASSWORD}\n")) == []
    assert opened(tmp_path) == contents


def test_a_medium_is_opened_without_its_directory_when_that_is_damaged(
    contents: dict[str, bytes], tmp_path: Path, peer: Peer
) -> None:
    peer("openssl")
    files = sealed(contents, password=PASSWORD) | {"DICOMDIR": b"not readable"}
    make_disc(tmp_path / "disc", files)
    lines = lines_for_a_password()
    assert "DOES NOT FIT" in type_lines(lines, tmp_path, typed=f"{PASSWORD}\n")
    lines[-1] = lines[-1].replace("-iname DICOMDIR", "-iname I0000001")
    said = type_lines(lines, tmp_path, typed=f"{PASSWORD}\n")
    assert told(said)[-2:] == [f"NOT OPENED: {tmp_path}/disc/DICOMDIR", "MISSING: DICOMDIR"]
    assert sorted(opened(tmp_path)) == sorted(NAMES[1:])


def test_a_disc_that_is_not_there_is_not_taken_for_a_wrong_password(
    tmp_path: Path, peer: Peer
) -> None:
    peer("openssl")
    (tmp_path / "disc").mkdir()
    (tmp_path / "disc" / "D").touch()  # else find itself says that there is nothing
    said = type_lines(lines_for_a_password(), tmp_path, typed=f"{PASSWORD}\n")
    assert said.splitlines()[1:] == [f"THERE IS NO DICOMDIR IN {tmp_path}/disc. Go back to step 1."]


def test_a_file_that_was_changed_is_named_and_left_out(
    contents: dict[str, bytes], tmp_path: Path, peer: Peer
) -> None:
    peer("openssl")
    files = sealed(contents, password=PASSWORD)
    damaged = bytearray(files[NAMES[0]])
    damaged[len(damaged) // 2] ^= 1
    make_disc(tmp_path / "disc", files | {NAMES[0]: bytes(damaged)})
    lines = lines_for_a_password()
    said = type_lines(lines, tmp_path, typed=f"{PASSWORD}\n")
    assert told(said)[-2:] == [f"NOT OPENED: {tmp_path}/disc/DICOMDIR", "MISSING: DICOMDIR"]
    assert sorted(opened(tmp_path)) == sorted(NAMES[1:])


@pytest.mark.parametrize("shell", ["bash", "dash"])
def test_a_wrong_password_is_told_in_plain_words_and_nothing_else_is_tried(
    shell: str, contents: dict[str, bytes], tmp_path: Path, peer: Peer
) -> None:
    peer("openssl")
    make_disc(tmp_path / "disc", sealed(contents, password=PASSWORD))
    lines = lines_for_a_password()
    said = type_lines(lines, tmp_path, shell, typed="another one\n")
    assert said.splitlines()[1:] == ["THE PASSWORD DOES NOT FIT. Go back to step 2."]
    assert not (tmp_path / "images").exists()


def test_a_wrong_key_is_told_in_plain_words(
    contents: dict[str, bytes], people: dict[str, Person], tmp_path: Path, peer: Peer
) -> None:
    peer("openssl")
    recipients = load_certificates(people["recipient"].certificate)
    make_disc(tmp_path / "disc", sealed(contents, recipients=recipients))
    put_keys(people["stranger"], tmp_path)
    readme = render_readme(SecureMedium("", has_password=False, certificates=("CN=recipient",)))
    places, _, key, loop = blocks(readme, SHELL)
    said = type_lines([places, key, loop], tmp_path)
    assert said.splitlines()[1:] == ["THE KEY DOES NOT FIT. Go back to step 2."]


@pytest.mark.parametrize(("trusted", "is_opened"), [("signer", True), ("stranger", False)])
def test_with_an_authority_in_place_of_noverify_only_its_signers_are_believed(
    trusted: str, is_opened: bool, people: dict[str, Person], tmp_path: Path, peer: Peer
) -> None:
    peer("openssl")
    signer = people["signer"]
    key = Signer(load_private_key(signer.key).key, load_certificates(signer.certificate))
    files = sealed({"DICOMDIR": b"content"}, password=PASSWORD, signers=[key])
    make_disc(tmp_path / "disc", files)
    readme = render_readme(SecureMedium("", has_password=True, signers=("CN=signer",)))
    said = " ".join(readme.decode().split())
    instead = re.search(r"-noverify is replaced by (-CAfile .* -purpose any),", said)
    assert instead
    (tmp_path / "CA.pem").write_bytes(people[trusted].certificate.read_bytes())
    lines = [line.replace("-noverify", instead[1]) for line in blocks(readme, SHELL)]
    type_lines(lines, tmp_path, typed=f"{PASSWORD}\n")
    assert bool(opened(tmp_path)) == is_opened


@pytest.mark.parametrize("more", [[], ["-legacy"]])
def test_lines_take_key_and_certificate_out_of_a_pkcs12_file(
    more: list[str], people: dict[str, Person], tmp_path: Path, peer: Peer
) -> None:
    recipient = people["recipient"]
    words = ["-in", str(recipient.certificate), "-inkey", str(recipient.key), *more]
    words += ["-passout", "pass:p12", "-out", str(tmp_path / "my.p12")]
    run([peer("openssl"), "pkcs12", "-export", *words], b"")
    readme = render_readme(SecureMedium("", has_password=False, certificates=("CN=recipient",)))
    (_, shells, _, _), (_, powershells, _, _) = (
        blocks(readme, heading) for heading in (SHELL, POWERSHELL)
    )
    assert shells.replace("; : #", "") == powershells
    for line in powershells.splitlines()[1:]:
        # In a session of its own, where the password cannot be asked of a terminal.
        subprocess.run(
            [*line.split(), *more],
            input=b"p12\n",
            cwd=tmp_path,
            check=True,
            capture_output=True,
            start_new_session=True,
        )
    # The certificate is refused where it belongs to another key.
    loaded = load_private_key(tmp_path / "dicom-key.pem", certificate=tmp_path / "dicom-cert.pem")
    expected = load_private_key(recipient.key).key
    assert loaded.key.private_numbers() == expected.private_numbers()


MEDIA = (
    SecureMedium("CT_2026_11", has_password=True),
    SecureMedium("", has_password=False, certificates=("CN=山田,O=Müller & Łoś",), kind="stick"),
    SecureMedium("\u202e\nX", True, ("CN=" + "long " * 40,), ("CN=a", "CN=" + "b" * 200)),
    SecureMedium(
        "A", True, signers=("CN=s",), viewer="VIEWER/INDEX.HTM", contact=("Röntgen, Tel. 1",)
    ),
    SecureMedium("A", has_password=True, digest="sha512", is_wrapped=True, kind="USB stick"),
)


@pytest.mark.parametrize("medium", MEDIA, ids=range(len(MEDIA)))
def test_it_is_iso_646_with_short_lines_that_end_with_cr_lf(medium: SecureMedium) -> None:
    readme = render_readme(medium)
    *lines, last = readme.split(b"\r\n")
    assert last == b""
    assert all(0x20 <= byte <= 0x7E for line in lines for byte in line)
    assert max(map(len, lines)) <= 78
    assert not any(line.endswith(b" ") for line in lines)
    assert not any(a == b == b"" for a, b in pairwise(lines))


def test_the_viewer_is_named_only_where_there_is_one() -> None:
    without = render_readme(SecureMedium("A", has_password=True))
    assert b"viewer on this" not in without.lower()
    there = render_readme(SecureMedium("A", has_password=True, viewer="VIEWER/INDEX.HTM"))
    assert b"WITH THE VIEWER ON THIS DISC\r\n" in there
    assert b"VIEWER/INDEX.HTM" in there


def test_it_tells_of_a_password_only_where_there_is_one() -> None:
    by_key = render_readme(SecureMedium("A", has_password=False, certificates=("CN=Dr A",)))
    assert b"password" not in by_key.lower()
    assert b"* CN=Dr A" in by_key
    assert b"-cert.pem" not in render_readme(SecureMedium("A", has_password=True))


def test_a_medium_that_nobody_can_open_is_refused() -> None:
    with pytest.raises(ValueError, match="neither"):
        render_readme(SecureMedium("A", has_password=False))


@pytest.mark.parametrize("signers", [(), ("CN=s",)])
def test_the_lines_for_powershell_put_the_same_bytes_around(signers: tuple[str, ...]) -> None:
    readme = render_readme(SecureMedium("A", has_password=True, signers=signers))
    shell, power = "".join(blocks(readme, SHELL)), "".join(blocks(readme, POWERSHELL))
    octal = [re.findall(r"\\(\d{3})", text) for text in re.findall(r"printf '(.*)'", shell)]
    decimal = [text.split(",") for text in re.findall(r"byte\[\]\]@\((.*)\)", power)]
    assert [int(one, 8) for row in octal for one in row] == [
        int(one) for row in decimal for one in row
    ]
    check = re.findall(r"cms (-(?:digest_verify|verify -noverify)) -binary", shell + power)
    assert len(check) == 2
    assert len(set(check)) == 1
