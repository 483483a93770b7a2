"""What is told of who signed a disc or a mail, where something speaks against the signer."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cms_kinds import enveloped
from cms_people import Person, alice, authority, bob, issued
from cms_tool import OpensslCms, dicom_file
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from secure_media import trusting, word

from secure.algorithms import DATA

Run = Callable[..., Any]
SERVER = (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
# What speaks against a signer → who signs, and the words that are read.
DOUBTS: dict[str, tuple[Callable[[], Person], str]] = {
    "expired": (lambda: issued("X", 40, by=authority(), days=(-9, -2)), "expired on 20"),
    "future": (lambda: issued("X", 40, by=authority(), days=(5, 9)), "not yet valid: from 20"),
    "usage": (
        lambda: issued("X", 40, by=authority(), usage="key_encipherment"),
        "wrong usage (its key usage does not allow to sign content)",
    ),
    "purpose": (
        lambda: issued("X", 40, by=authority(), extensions=[SERVER]),
        "wrong usage (its extended key usage is for something else)",
    ),
    "short": (
        lambda: issued("X", 41, by=authority(), bits=1024),
        "weak key (an RSA key of 1,024 bits can be broken: 2,048 are needed)",
    ),
}
STRANGERS: dict[str, Callable[[], Person]] = {
    "itself": lambda: issued("X", 40),
    "unknown authority": lambda: issued("X", 40, by=issued("Other", 42, authority=None)),
    "no authority": lambda: issued("X", 40, by=alice()),
}


@pytest.fixture
def trust(tmp_path: Path) -> Path:
    return trusting(tmp_path / "trust", authority())


@pytest.fixture
def disc(tmp_path: Path, test_files: Path, run: Run) -> Callable[[Person], Any]:
    """Make a disc that somebody signs; return what `author` said."""

    def make(signer: Person) -> Any:
        certificate, key = signer.files(tmp_path)
        words = ("--profile", "STD-GEN-SEC-CD", "--sign", key, "--sign-cert", certificate)
        password = ("--password-file", word(tmp_path))
        return run(
            "author", test_files / "CT_small.dcm", "-o", tmp_path / "d.iso", *words, *password
        )

    return make


@pytest.mark.parametrize("doubt", DOUBTS)
def test_a_disc_signed_in_doubt_is_told_when_it_is_made_judged_and_opened(
    doubt: str, disc: Callable[[Person], Any], trust: Path, tmp_path: Path, run: Run
) -> None:
    signer, why = DOUBTS[doubt]
    made = disc(signer())
    assert made.code == 0, made.err
    reason = why.partition("(")[2].rstrip(")") or why
    assert f"the certificate that signs: {reason}" in made.out
    assert "readers will not trust it" in made.out
    opening = ("--password-file", tmp_path / "password.txt", "--trust", trust)
    judged = run("verify", tmp_path / "d.iso", "--profile", "STD-GEN-SEC-CD", *opening)
    assert judged.code == 0, "by the standard nothing is wrong"
    assert f"signed by CN=X: NOT TRUSTED: {why}" in judged.out
    assert f"Signed by CN=X: {why}" in judged.out
    assert "→ Ask the sender to sign with a certificate that is valid" in judged.out
    opened = run("decrypt", tmp_path / "d.iso", "--to", tmp_path / "out", *opening)
    assert opened.code == 0
    assert f"signed by CN=X: NOT TRUSTED: {why}" in opened.out


@pytest.mark.parametrize("stranger", STRANGERS)
def test_whom_nobody_trusted_has_issued_is_not_trusted(
    stranger: str, disc: Callable[[Person], Any], trust: Path, tmp_path: Path, run: Run
) -> None:
    assert disc(STRANGERS[stranger]()).code == 0
    words = ("--password-file", tmp_path / "password.txt", "--trust", trust)
    said = run("verify", tmp_path / "d.iso", *words, "--json").json["medium"]["signers"]
    assert [(one["name"], one["standing"]) for one in said] == [("CN=X", "untrusted")]


def test_nothing_is_encrypted_for_a_key_that_can_be_broken(
    test_files: Path, tmp_path: Path, run: Run
) -> None:
    certificate, _ = issued("X", 41, by=authority(), bits=1024).files(tmp_path)
    for target in ("disc.iso", "mail.eml"):
        signing = ("--sign", alice().files(tmp_path)[1], "--sign-cert", alice().files(tmp_path)[0])
        words = ("-o", tmp_path / target, "--encrypt-to", certificate, *signing)
        said = run("author", test_files / "CT_small.dcm", *words)
        assert said.code == 2
        assert "an RSA key of 1,024 bits can be broken" in said.err
        assert "Ask the recipient for a certificate with an RSA key of 2,048 bits" in said.err
        assert not (tmp_path / target).exists()


def test_that_a_key_is_not_rsa_is_told_of_the_key(
    test_files: Path, tmp_path: Path, run: Run
) -> None:
    certificate, key = elliptic(tmp_path)
    words = ("--profile", "STD-GEN-SEC-CD", "--sign", key, "--sign-cert", certificate)
    said = run("author", test_files / "CT_small.dcm", "-o", tmp_path / "d.iso", *words)
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert f"{key}: is not an RSA key" in said.err


# --- signed by other programs ------------------------------------------------------------------


def elliptic(folder: Path) -> tuple[Path, Path]:
    """Return the files of a certificate and a key on an elliptic curve."""
    key = ec.generate_private_key(ec.SECP256R1())
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Curve")]))
        .issuer_name(authority().certificate.subject)
        .public_key(key.public_key())
        .serial_number(4711)
        .not_valid_before(authority().certificate.not_valid_before_utc)
        .not_valid_after(authority().certificate.not_valid_after_utc)
        .sign(authority().key, hashes.SHA256())
    )
    certificate, secret = folder / "curve.crt", folder / "curve.key"
    certificate.write_bytes(made.public_bytes(Encoding.PEM))
    secret.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return certificate, secret


@pytest.fixture
def medium(
    tmp_path: Path, peer: Callable[[str], str]
) -> Callable[..., tuple[Path, tuple[object, ...]]]:
    """Make a medium of one file that `openssl` signed; return it and the words that open it."""

    def make(*words: str, by: tuple[Person, ...] = (), curve: bool = False) -> Any:
        tool = OpensslCms(peer("openssl"), tmp_path)
        files = elliptic(tmp_path)
        more = ("-signer", str(files[0]), "-inkey", str(files[1])) if curve else ()
        folder = tmp_path / "medium"
        folder.mkdir()
        inner = tool.sign(dicom_file(), list(by), *words, *more)
        (folder / "IMAGE").write_bytes(enveloped(inner, DATA))
        return folder, ("--password-file", word(tmp_path))

    return make


def test_of_two_signers_each_is_judged_by_itself(
    medium: Callable[..., Any], trust: Path, tmp_path: Path, run: Run
) -> None:
    old = issued("Old", 40, by=authority(), days=(-9, -2))
    path, words = medium(by=(alice(), old))
    said = run("decrypt", path, "--to", tmp_path / "out", *words, "--trust", trust)
    assert said.code == 0
    assert "1 file signed by CN=Alice: trusted" in said.out
    assert "1 file signed by CN=Old: NOT TRUSTED: expired on 20" in said.out


@pytest.mark.parametrize(
    ("words", "curve", "name"),
    [((), True, "ECDSA"), (("-keyopt", "rsa_padding_mode:pss"), False, "RSASSA-PSS")],
)
def test_a_signature_of_another_kind_is_named_and_its_digest_is_checked(
    words: tuple[str, ...],
    curve: bool,
    name: str,
    medium: Callable[..., Any],
    tmp_path: Path,
    run: Run,
) -> None:
    if not curve:  # openssl takes the option for the key that was named before it
        certificate, key = alice().files(tmp_path)
        words = ("-signer", str(certificate), "-inkey", str(key), *words)
    path, opening = medium(*words, curve=curve)
    said = run("decrypt", path, "--to", tmp_path / "out", *opening)
    assert said.code == 0
    assert (tmp_path / "out" / "IMAGE").read_bytes() == dicom_file()
    assert "NOT TRUSTED: not checked: unknown algorithm" in said.out
    assert f"signed with {name}" in said.out
    rules = {one["rule"] for one in run("verify", path, *opening, "--json").json["findings"]}
    assert "SEC-ALGORITHM" in rules
    assert "SEC-UNPROTECTED" not in rules


def test_a_digest_that_nobody_reads_is_named_and_may_be_passed_over(
    medium: Callable[..., Any], tmp_path: Path, run: Run
) -> None:
    path, words = medium("-md", "md5", by=(alice(),))
    said = run("decrypt", path, "--to", tmp_path / "out", *words)
    assert said.code == 3
    assert "cannot be checked for changes (signed with MD5" in said.err
    assert "Ask the sender for it with an SHA-256 digest" in said.err
    assert not (tmp_path / "out").exists()
    said = run("decrypt", path, "--to", tmp_path / "out", *words, "--accept-unprotected")
    assert said.code == 0
    assert "0  decrypted, each checked by its digest or signature" in said.out
    assert "1  decrypted UNCHECKED: nothing shows changes of them" in said.out
    assert (tmp_path / "out" / "IMAGE").read_bytes() == dicom_file()
    rules = {one["rule"] for one in run("verify", path, *words, "--json").json["findings"]}
    assert {"SEC-ALGORITHM", "SEC-UNPROTECTED"} <= rules


def test_a_key_that_was_transported_in_another_way_is_not_said_to_be_missing(
    tmp_path: Path, peer: Callable[[str], str], run: Run
) -> None:
    tool = OpensslCms(peer("openssl"), tmp_path)
    folder = tmp_path / "medium"
    folder.mkdir()
    inner = tool.sign(dicom_file(), [alice()])
    certificate, key = bob().files(tmp_path)
    oaep = ("-recip", str(certificate), "-keyopt", "rsa_padding_mode:oaep")
    (folder / "IMAGE").write_bytes(tool.encrypt(inner, "-aes256", *oaep))
    both = tmp_path / "both.pem"
    both.write_bytes(certificate.read_bytes() + key.read_bytes())
    said = run("decrypt", folder, "--to", tmp_path / "out", "--key", both)
    assert said.code == 3
    assert "uses the key transport RSAES-OAEP" in said.err
    assert "Ask the sender for a medium with AES, SHA-256 and RSA" in said.err


def test_what_a_mail_program_saves_of_an_encrypted_mail_is_told_from_a_file_of_dicom(
    tmp_path: Path, peer: Callable[[str], str], run: Run
) -> None:
    tool = OpensslCms(peer("openssl"), tmp_path)
    saved = tmp_path / "smime.p7m"
    mail = b"Content-Type: text/plain\r\n\r\nSee what is attached.\r\n"
    saved.write_bytes(tool.encrypt(mail, "-aes256", to=(bob(),)))
    said = run("decrypt", saved, "--to", tmp_path / "out", "--key", bob().files(tmp_path)[1])
    assert said.code == 3
    assert "is the envelope of a mail (S/MIME)" in said.err
    assert "Save the whole mail (.eml)" in said.err


@pytest.mark.parametrize("form", ["beside", "around"])
def test_a_mail_that_is_signed_in_another_way_is_said_to_be_so_once(
    form: str, tmp_path: Path, test_files: Path, peer: Callable[[str], str], run: Run
) -> None:
    tool = OpensslCms(peer("openssl"), tmp_path)
    certificate, key = elliptic(tmp_path)
    plain = tmp_path / "plain.eml"
    assert run("author", test_files / "CT_small.dcm", "-o", plain).code == 0
    entity = b"Content-Type:" + plain.read_bytes().partition(b"Content-Type:")[2]
    words = ["-nodetach"] if form == "around" else []
    signing = ("-sign", "-outform", "SMIME", "-signer", str(certificate), "-inkey", str(key))
    signed = tool.run(entity, *signing, *words)
    recipient = str(bob().files(tmp_path)[0])
    words = ["-encrypt", "-aes256", "-outform", "SMIME", "-recip", recipient]
    mail = tmp_path / "mail.eml"
    mail.write_bytes(tool.run(signed, *words, "-subject", "DICOM-ZIP"))
    opening = ("--key", bob().files(tmp_path)[1])
    said = run("decrypt", mail, "--to", tmp_path / "out", *opening)
    assert said.code == 3
    assert said.err.count("is signed with ECDSA") == 1
    assert said.err.count("cannot be checked for changes") == 1
    assert "a mail that is signed with RSA" in said.err
    found = run("verify", mail, *opening, "--json").json["findings"]
    (told,) = [one["message"] for one in found if one["rule"] == "SEC-MAIL-UNSIGNED"]
    assert told.count("signed with ECDSA") == 1
    # Where it is not encrypted everybody can read it, and so it is read.
    alone = tmp_path / "alone.eml"
    alone.write_bytes(b"Subject: DICOM-ZIP\n" + signed)
    assert run("ls", alone).code == 0
