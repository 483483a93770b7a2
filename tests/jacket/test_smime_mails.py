"""Encrypted and signed mails: authored, opened, judged, told (PS3.11 L, PS3.15 B.8)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pydicom
import pytest
from cms_people import Person, alice, authority, bob, issued
from sealed_mails import HEAD, Layer, as_cms, body_of, content_info, enveloped, signed
from secure_media import contents, trusting, word

from jacket.author import author
from jacket.mail_rules import RULES
from jacket.protection import Wish
from jacket.verification import Verification, verify
from media import open_medium
from reporting import Severity
from secure import Keys, TrustStore

Run = Callable[..., Any]
SECURE, PLAIN = "STD-GEN-SEC-ZIP-MAIL", "STD-GEN-ZIP-MAIL"
KEYS = Keys(private_keys=[bob().private])


@dataclass(frozen=True)
class Papers:
    """Files of keys and certificates, as words of commands."""

    folder: Path

    def certificate(self, person: Person) -> Path:
        return person.files(self.folder)[0]

    def key(self, person: Person) -> Path:
        return person.files(self.folder)[1]

    @property
    def words(self) -> tuple[object, ...]:
        return ("--encrypt-to", self.certificate(bob()), *self.signing)

    @property
    def signing(self) -> tuple[object, ...]:
        return ("--sign", self.key(alice()), "--sign-cert", self.certificate(alice()))


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    return Papers(tmp_path_factory.mktemp("papers"))


@pytest.fixture(scope="module")
def sources(real_file_set: Path) -> Sequence[Path]:
    return [real_file_set / name for name in ("77654033", "98892003")]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory, sources: Sequence[Path], run: Run) -> Path:
    path = tmp_path_factory.mktemp("plain") / "plain.eml"
    assert run("author", *sources, "-o", path).code == 0
    return path


@pytest.fixture(scope="module")
def mail(
    tmp_path_factory: pytest.TempPathFactory, sources: Sequence[Path], papers: Papers, run: Run
) -> Path:
    path = tmp_path_factory.mktemp("mail") / "mail.eml"
    done = run("author", *sources, "-o", path, "--profile", SECURE, *papers.words)
    assert done.code == 0, done.err
    return path


# --- authored ----------------------------------------------------------------------------------


def test_it_is_opened_by_the_key_alone_and_keeps_its_profile(
    mail: Path, papers: Papers, run: Run, tmp_path: Path
) -> None:
    trust = trusting(tmp_path / "trust", authority())
    words = ("verify", mail, "--key", papers.key(bob()), "--trust", trust)
    found = run(*words, "--profile", SECURE, "--json")
    assert found.code == 0, found.out
    medium = found.json["medium"]
    assert medium["mail"] == "encrypted (aes-256-cbc) and signed"
    (signer,) = medium["signers"]
    assert (signer["name"], signer["standing"], signer["files"]) == ("CN=Alice", "trusted", 26)
    assert found.json["counts"]["instances"] == 24
    said = run(*words).out
    assert "the mail was encrypted (aes-256-cbc) and signed" in said
    assert "signed by CN=Alice: trusted" in said
    assert f"ZIP by e-mail  {SECURE}\n" in said


def test_what_comes_out_is_what_went_in(
    mail: Path, plain: Path, papers: Papers, run: Run, tmp_path: Path
) -> None:
    done = run("decrypt", mail, "--to", tmp_path / "out", "--key", papers.key(bob()), "--json")
    assert done.code == 0, done.err
    assert done.json["decrypted"] == 25
    assert done.json["copied"] == 0
    assert done.json["signers"][0]["name"] == "CN=Alice"
    with open_medium(plain) as medium:
        for entry in medium.entries():
            if entry.name[0] == "DICOM":
                with medium.open(entry) as file:
                    mine = tmp_path.joinpath("out", *entry.name).read_bytes()
                    assert mine == file.pread(file.size, 0)
                assert pydicom.dcmread(tmp_path.joinpath("out", *entry.name)).PatientID
    assert pydicom.dcmread(tmp_path / "out" / "DICOMDIR").DirectoryRecordSequence
    assert run("verify", tmp_path / "out").code == 0


def test_it_is_listed_as_a_plain_one_is(mail: Path, plain: Path, papers: Papers, run: Run) -> None:
    mine = run("ls", mail, "--key", papers.key(bob()), "--json").json
    assert mine["patients"] == run("ls", plain, "--json").json["patients"]


def test_nothing_that_anybody_can_read_names_a_patient(mail: Path, run: Run, plain: Path) -> None:
    patients = run("ls", plain, "--json").json["patients"]
    words = {str(p[key]) for p in patients for key in ("PatientName", "PatientID")}
    data = mail.read_bytes()
    assert words
    assert not [one for one in words if one.encode() in data]
    head = data.partition(b"\r\n\r\n")[0].decode()
    assert "Subject: DICOM-ZIP\r\n" in head
    assert "DICOM.ZIP" not in head


def test_the_secure_profile_is_meant_where_somebody_can_open_it(
    sources: Sequence[Path], papers: Papers, run: Run, tmp_path: Path
) -> None:
    done = run("author", *sources, "-o", tmp_path / "t.eml", *papers.words, "--json")
    assert done.json["profile"] == SECURE
    assert run("author", *sources, "-o", tmp_path / "u.eml", *papers.words).out.endswith(
        f"next: jacket verify {tmp_path / 'u.eml'} --profile {SECURE} --key KEY (KEY: file with a "
        "recipient's private key)\n"
    )


def test_a_plan_is_no_smaller_than_what_is_made(
    mail: Path, sources: Sequence[Path], papers: Papers, run: Run, tmp_path: Path
) -> None:
    words = ("author", *sources, "-o", tmp_path / "t.eml", *papers.words, "--json")
    planned = run(*words, "--dry-run").json["estimated_bytes"]
    assert mail.stat().st_size <= planned < 2 * mail.stat().st_size + 100_000
    assert not list(tmp_path.iterdir())


def test_a_set_of_mails_is_opened_one_by_one(
    sources: Sequence[Path], papers: Papers, run: Run, tmp_path: Path
) -> None:
    words = ("--split", "--capacity", "120000", *papers.words)
    done = run("author", *sources, "-o", tmp_path / "t.eml", *words, "--json")
    assert done.code == 0, done.out
    paths = [Path(volume["path"]) for volume in done.json["volumes"]]
    assert len(paths) > 1
    for path in paths:
        assert path.stat().st_size <= 120_000
        assert SECURE in verify(path, keys=KEYS).satisfies


@pytest.mark.parametrize(
    ("words", "name", "where", "remedy"),
    [
        ("sign", "t.eml", "--encrypt-to", "--encrypt-to CERT"),
        ("to", "t.eml", "--sign", "--sign KEY"),
        ("", "t.eml", "--encrypt-to", "--encrypt-to CERT"),
        ("sign password", "t.eml", "--password-file", "--encrypt-to"),
        ("sign to password", "t.eml", "--password-file", "--encrypt-to"),
        ("sign to slip", "t.eml", "--password-slip", "--encrypt-to"),
        ("sign to", "t.zip", "t.zip", "Name OUT.eml"),
        ("sign to", "folder", "folder", "Name OUT.eml"),
    ],
)
@pytest.mark.parametrize("more", [(), ("--dry-run",)], ids=["", "plan"])
def test_what_is_no_protected_mail_is_refused_with_the_remedy(
    words: str,
    name: str,
    where: str,
    remedy: str,
    more: tuple[str, ...],
    papers: Papers,
    run: Run,
    tmp_path: Path,
) -> None:
    meant = {
        "sign": papers.signing,
        "to": ("--encrypt-to", papers.certificate(bob())),
        "password": ("--password-file", word(tmp_path)),
        "slip": ("--password-slip", tmp_path / "slip.pdf"),
    }
    given = [part for one in words.split() for part in meant[one]]
    source = papers.folder  # is never looked at
    said = run(
        "author", source, "-o", tmp_path / name, "--profile", SECURE, *given, *more, "--json"
    )
    assert said.code == 2
    assert said.json["error"]["where"].endswith(where)
    assert remedy in said.json["error"]["remedy"]
    assert not (tmp_path / name).exists()


def test_a_signature_around_the_envelope_is_not_taken_for_one_of_the_content(
    plain: Path, papers: Papers, run: Run, tmp_path: Path
) -> None:
    path = sealed(tmp_path, plain, enveloped, signed)
    words = ("decrypt", path, "--key", papers.key(bob()), "--to", tmp_path / "out")
    refused = run(*words)
    assert refused.code == 3
    assert "signed around the envelope, by CN=Alice" in refused.err
    assert "says nothing of who wrote the content" in refused.err
    assert not (tmp_path / "out").exists()
    said = run(*words, "--trust", trusting(tmp_path / "trust", authority()))
    assert said.code == 0
    assert "signed around the envelope, by CN=Alice: trusted: that says nothing" in said.out
    judged = run("verify", path, "--key", papers.key(bob()), "--profile", SECURE, "--json").json
    assert judged["medium"]["mail"] == "encrypted (aes-256-cbc) and signed around the envelope only"
    assert judged["medium"]["signers"] == []
    assert (judged["compliant"], judged["counts"]["warnings"]) == (True, 1)


def test_it_is_told_as_one_mail(mail: Path, papers: Papers, run: Run, tmp_path: Path) -> None:
    words = (mail, "--key", papers.key(bob()))
    out = run("decrypt", *words, "--to", tmp_path / "out").out
    assert "25  out of the mail, which was encrypted (aes-256-cbc) and signed as a whole" in out
    assert "the mail is signed by CN=Alice: not judged" in out
    for command in ("verify", "ls"):
        assert "ZIP archive in a mail" in run(command, *words).out
    page = tmp_path / "page.html"
    run("verify", *words, "--html", page)
    assert "ZIP archive in a mail" in page.read_text()


def test_a_certificate_that_is_not_for_encrypting_is_refused(
    papers: Papers, run: Run, tmp_path: Path
) -> None:
    signs = papers.certificate(issued("Signer", 7, usage="digital_signature"))
    words = ("--encrypt-to", signs, *papers.signing, "--profile", SECURE)
    said = run("author", papers.folder, "-o", tmp_path / "t.eml", *words)
    assert said.code == 2
    assert "is not for encrypting" in said.err


@pytest.fixture(params=[((-90, -60), "expired on 20"), ((60, 90), "not yet valid: from 20")])
def of_another_day(request: pytest.FixtureRequest) -> tuple[Any, str]:
    """Return a person whose certificate is not valid today, and why it is not."""
    days, why = request.param
    return issued("Of another day", 11, days=days), why


def test_nothing_is_encrypted_for_a_certificate_that_is_not_valid_today(
    of_another_day: tuple[Any, str],
    sources: Sequence[Path],
    papers: Papers,
    run: Run,
    tmp_path: Path,
) -> None:
    person, why = of_another_day
    path = papers.certificate(person)
    for words in (("--profile", "STD-GEN-SEC-CD"), (*papers.signing, "--profile", SECURE)):
        target = tmp_path / ("t.eml" if SECURE in words else "t.iso")
        said = run("author", *sources, "-o", target, "--encrypt-to", path, *words)
        assert said.code == 2
        assert why in said.err
        assert not target.exists()


def test_a_certificate_that_signs_and_is_not_valid_today_is_told(
    of_another_day: tuple[Any, str],
    sources: Sequence[Path],
    papers: Papers,
    run: Run,
    tmp_path: Path,
) -> None:
    person, why = of_another_day
    path = papers.certificate(person)
    signing = ("--sign", papers.key(person), "--sign-cert", path)
    words = ("--encrypt-to", papers.certificate(bob()), *signing)
    said = run("author", *sources, "-o", tmp_path / "t.eml", "--dry-run", "--json", *words)
    assert said.code == 0, said.err
    (remark,) = [one for one in said.json["remarks"] if str(path) in one]
    assert why in remark


# --- opened or not -----------------------------------------------------------------------------


def test_without_a_key_it_is_not_judged(mail: Path, run: Run, tmp_path: Path) -> None:
    said = run("verify", mail, "--html", tmp_path / "report.html")
    assert said.code == 1
    assert "NOT JUDGED" in said.out.splitlines()[0]
    assert "SEC-MAIL-CLOSED" in said.out
    assert "The mail stayed closed" in said.out
    assert "NOT JUDGED" in (tmp_path / "report.html").read_text()


@pytest.mark.parametrize("command", ["ls", "decrypt", "dicomdir"])
def test_every_command_says_what_it_is(command: str, mail: Path, run: Run, tmp_path: Path) -> None:
    more = ("--to", tmp_path / "out") if command == "decrypt" else ()
    said = run(command, mail, *more)
    assert said.code == 3
    assert ("is a mail" if command == "dicomdir" else "an encrypted mail (S/MIME)") in said.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", ["ls", "verify", "decrypt"])
def test_another_key_is_told_once(
    command: str, mail: Path, papers: Papers, run: Run, tmp_path: Path
) -> None:
    more = ("--to", tmp_path / "out") if command == "decrypt" else ()
    other = papers.key(issued("Other", 8))
    said = run(command, mail, "--key", other, *more)
    assert said.code == 3
    assert "is encrypted" in said.err
    assert said.err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_plain_mail_is_not_decrypted(
    plain: Path, papers: Papers, run: Run, tmp_path: Path
) -> None:
    said = run("decrypt", plain, "--to", tmp_path / "out", "--key", papers.key(bob()))
    assert said.code == 3
    assert "nothing on it is encrypted. Save what is attached to the mail" in said.err


def test_what_is_not_signed_is_handed_on_only_when_that_is_accepted(
    plain: Path, papers: Papers, run: Run, tmp_path: Path
) -> None:
    path = sealed(tmp_path, plain, enveloped)
    words = (path, "--key", papers.key(bob()))
    for command in (("ls", *words), ("decrypt", *words, "--to", tmp_path / "out")):
        refused = run(*command)
        assert refused.code == 3
        assert "it is encrypted and not signed" in refused.err
        assert not (tmp_path / "out").exists()
        assert run(*command, "--accept-unprotected").code == 0
    assert len(contents(tmp_path / "out")) == 26


# --- judged ------------------------------------------------------------------------------------


def test_whose_instances_are_in_a_mail_that_stays_closed_is_not_known(
    plain: Path, run: Run, tmp_path: Path
) -> None:
    path, page = sealed(tmp_path, plain, enveloped), tmp_path / "page.html"
    said = run("verify", path, "--json", "--html", page).json
    assert (said["medium"]["patients"], said["medium"]["studies"]) == (None, None)
    assert "is not known: the medium is encrypted" in page.read_text()
    assert "0 instances" not in page.read_text()


def sealed(folder: Path, plain: Path, *layers: Layer) -> Path:
    entity = body_of(plain)
    for layer in layers:
        entity = layer(entity)
    path = folder / "sealed.eml"
    path.write_bytes(HEAD + entity)
    return path


def by_des(entity: bytes) -> bytes:
    return enveloped(entity, "des-ede3-cbc")


@dataclass(frozen=True)
class Case:
    """What is around a plain mail, what is claimed of it, and whether somebody has the key."""

    layers: tuple[Layer, ...]
    claimed: str | None = None
    keys: Keys | None = KEYS


CASES: dict[str, Case] = {
    "SEC-MAIL-CLOSED": Case((signed, enveloped), keys=None),
    "SEC-MAIL-DAMAGED": Case((signed, enveloped, lambda e: e[: len(e) // 2])),
    "SEC-MAIL-SIGNATURE": Case((lambda e: signed(e, b"other"), enveloped)),
    "SEC-MAIL-ALGORITHM": Case(
        (lambda e: as_cms(content_info("1.2.840.113549.1.9.16.1.23", e[:99])),)
    ),
    "SEC-MAIL-CIPHER": Case((signed, by_des), SECURE),
    "SEC-MAIL-PLAIN": Case((signed,), SECURE),
    "SEC-MAIL-UNSIGNED": Case((enveloped,), SECURE),
    "SEC-MAIL-AROUND": Case((enveloped, signed), SECURE),
    "SEC-MAIL-UNCLAIMED": Case((signed, enveloped), PLAIN),
}


@pytest.mark.parametrize("rule", CASES)
def test_exactly_the_broken_rule_is_told(rule: str, plain: Path, tmp_path: Path) -> None:
    case = CASES[rule]
    path = sealed(tmp_path, plain, *case.layers)
    verdict = verify(path, case.claimed, keys=case.keys)
    severity = next(one.severity for one in RULES if one.id == rule)
    assert errors(verdict) == ({rule} if severity is Severity.ERROR else set())
    assert verdict.satisfies == () or case.claimed
    (finding,) = [f for f in verdict.findings if f.rule == rule]
    assert finding.where == "mail"
    assert finding.reference.startswith(("PS3.15 B.8", "PS3.11 L"))


def test_every_rule_has_a_case_here() -> None:
    assert set(CASES) == {rule.id for rule in RULES}


def errors(verdict: Verification) -> set[str]:
    return {f.rule for f in verdict.findings if f.severity is Severity.ERROR}


@pytest.mark.parametrize(
    ("layers", "satisfied", "unseen"),
    [
        ((), {PLAIN}, {SECURE}),
        ((signed,), {PLAIN}, {SECURE}),
        ((signed, enveloped), {SECURE}, set()),
        ((enveloped, signed), {SECURE}, set()),
        ((signed, by_des), set(), set()),
        ((enveloped,), set(), set()),
    ],
    ids=["plain", "signed", "inside", "outside", "Triple-DES", "not signed"],
)
def test_a_profile_is_satisfied_by_the_protection_that_it_asks_for(
    layers: tuple[Layer, ...], satisfied: set[str], unseen: set[str], plain: Path, tmp_path: Path
) -> None:
    verdict = verify(sealed(tmp_path, plain, *layers), keys=KEYS)
    assert set(verdict.satisfies) == satisfied
    assert set(verdict.unseen) == unseen


def test_who_signed_and_is_not_trusted_is_told(mail: Path) -> None:
    stranger = TrustStore([issued("Stranger", 9).certificate])
    verdict = verify(mail, SECURE, keys=Keys(private_keys=[bob().private], trust=stranger))
    warnings = [f for f in verdict.findings if f.severity is Severity.WARNING]
    assert [(f.rule, f.where) for f in warnings] == [("SEC-SIGNER", "mail")]
    assert verdict.compliant
    assert "SEC-SIGNER-NOT-JUDGED" in {f.rule for f in verify(mail, keys=KEYS).findings}


def test_weak_algorithms_are_noted(plain: Path, tmp_path: Path) -> None:
    verdict = verify(sealed(tmp_path, plain, signed, by_des), keys=KEYS)
    (note,) = [f for f in verdict.findings if f.rule == "SEC-WEAK"]
    assert "Triple-DES" in note.message
    assert verdict.compliant


def test_the_report_says_how_the_mail_was_protected(
    mail: Path, papers: Papers, run: Run, tmp_path: Path
) -> None:
    page = tmp_path / "report.html"
    assert run("verify", mail, "--key", papers.key(bob()), "--html", page).code == 0
    assert "the mail was encrypted (aes-256-cbc) and signed" in page.read_text()


def test_what_is_converted_on_the_way_is_in_the_mail_too(
    papers: Papers, test_files: Path, tmp_path: Path
) -> None:
    wish = Wish(
        encrypt_to=[str(papers.certificate(bob()))],
        signing_keys=[str(papers.key(alice()))],
        signing_certificates=[str(papers.certificate(alice()))],
    )
    done = author(
        [test_files / "CT_small.dcm"], tmp_path / "t.eml", transcode="lossless", wish=wish, jobs=1
    )
    assert [item.rewritten for item in done.planned] == [True]
    assert verify(tmp_path / "t.eml", SECURE, keys=KEYS).compliant
    assert [path.name for path in tmp_path.iterdir()] == ["t.eml"]
