"""Encrypted mails between us and OpenSSL, both ways; others take the archive out of ours."""

import email
import email.policy
import subprocess
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from zipfile import ZipFile

import pytest
from cms_people import Person, alice, authority, bob, issued
from sealed_mails import CONTENT, WHEN, contents, opened, our_mail, sources

from media import Envelope, MailMedium, SealedMail, write_mail
from secure import DigestMismatch, Keys, TrustStore, UnknownAlgorithm, Unprotected

Peer = Callable[[str], str]


class Openssl:
    """The peer, with a folder for its files."""

    def __init__(self, tool: str, folder: Path) -> None:
        self._tool, self._folder = tool, folder

    def run(self, data: bytes, *words: str) -> bytes:
        done = subprocess.run([self._tool, *words], input=data, capture_output=True, check=False)
        if done.returncode:
            raise ValueError(done.stderr.decode())
        return done.stdout

    def encrypt(self, data: bytes, to: tuple[Person, ...], *words: str) -> bytes:
        names = [str(person.files(self._folder)[0]) for person in to]
        return self.run(data, "cms", "-encrypt", "-subject", "DICOM-ZIP", *words, *names)

    def sign(self, data: bytes, by: Person, *words: str) -> bytes:
        certificate, key = by.files(self._folder)
        names = ("-signer", str(certificate), "-inkey", str(key), "-subject", "DICOM-ZIP")
        return self.run(data, "cms", "-sign", *names, *words)

    def opened(self, data: bytes, person: Person, program: str = "cms") -> bytes:
        """Return what is in an envelope, whose signature holds."""
        certificate, key = person.files(self._folder)
        names = ("-recip", str(certificate), "-inkey", str(key))
        inside = self.run(data, program, "-decrypt", *names)
        trusted = str(authority().files(self._folder)[0])
        return self.run(inside, program, "-verify", "-CAfile", trusted, "-purpose", "any")


@pytest.fixture
def openssl(peer: Peer, tmp_path: Path) -> Openssl:
    folder = tmp_path / "papers"
    folder.mkdir()
    return Openssl(peer("openssl"), folder)


@pytest.fixture
def plain(tmp_path: Path) -> bytes:
    path = tmp_path / "plain.eml"
    write_mail(sources(), path, recorded=WHEN)
    return path.read_bytes()


def parsed(data: bytes) -> EmailMessage:
    message = email.message_from_bytes(data, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert not [part.defects for part in message.walk() if part.defects]
    return message


# --- ours, opened by others --------------------------------------------------------------------


@pytest.mark.parametrize("program", ["cms", "smime"])
@pytest.mark.parametrize("cipher", ["aes-128-cbc", "aes-192-cbc", "aes-256-cbc"])
@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
def test_openssl_opens_ours_and_others_take_out_the_archive(
    program: str, cipher: str, digest: str, openssl: Openssl, peer: Peer, tmp_path: Path
) -> None:
    data = our_mail(tmp_path / "t.eml", cipher=cipher, digest=digest).read_bytes()
    body = openssl.opened(data, bob(), program)
    letter, attached = parsed(body).iter_parts()
    assert letter.get_content() == "See what is attached."
    assert attached.get_content_type() == "application/zip"
    archive = tmp_path / "DICOM.ZIP"
    archive.write_bytes(attached.get_content())
    subprocess.run([peer("unzip"), "-tqq", archive], check=True)
    with ZipFile(archive) as unpacked:
        found = {tuple(n.split("/")): unpacked.read(n) for n in unpacked.namelist() if n[-1] != "/"}
    assert found == CONTENT


def test_munpack_takes_the_archive_out_of_what_openssl_opened(
    openssl: Openssl, peer: Peer, tmp_path: Path
) -> None:
    (tmp_path / "body").write_bytes(
        openssl.opened(our_mail(tmp_path / "t.eml").read_bytes(), bob())
    )
    subprocess.run(
        [peer("munpack"), "-q", "-f", "-C", str(tmp_path), "body"], check=True, capture_output=True
    )
    with ZipFile(tmp_path / "DICOM.ZIP") as unpacked:
        assert unpacked.read("DICOM/I1") == CONTENT[("DICOM", "I1")]


def test_the_signed_part_is_a_mail_that_python_reads_too(openssl: Openssl, tmp_path: Path) -> None:
    certificate, key = bob().files(tmp_path)
    names = ("-recip", str(certificate), "-inkey", str(key))
    data = our_mail(tmp_path / "t.eml").read_bytes()
    inside = parsed(openssl.run(data, "cms", "-decrypt", *names))
    assert inside.get_content_type() == "multipart/signed"
    assert inside["Content-Type"].params["micalg"] == "sha-256"
    body, signature = inside.iter_parts()
    assert body.get_content_type() == "multipart/mixed"
    assert signature.get_content_type() == "application/pkcs7-signature"
    assert signature.get_filename() == "smime.p7s"


def test_everybody_it_was_made_for_opens_it(openssl: Openssl, tmp_path: Path) -> None:
    from secure import prepare_mail

    everybody = [bob(), alice(), issued("Large", 55, by=authority(), bits=3072)]
    write_mail(
        sources(),
        tmp_path / "t.eml",
        recorded=WHEN,
        envelope=Envelope(sender="a@example.org", recipient="b@example.org"),
        sealer=prepare_mail([one.certificate for one in everybody], [alice().signer]),
    )
    data = (tmp_path / "t.eml").read_bytes()
    assert len({openssl.opened(data, person) for person in everybody}) == 1


# --- theirs, opened by us ----------------------------------------------------------------------


@pytest.mark.parametrize("sign", [(), ("-nodetach",), ("-binary",), ("-nodetach", "-stream")])
@pytest.mark.parametrize("encrypt", [(), ("-stream",), ("-keyid",)])
@pytest.mark.parametrize("cipher", ["aes128", "aes256", "des3"])
def test_we_open_what_openssl_signs_and_encrypts(
    sign: tuple[str, ...],
    encrypt: tuple[str, ...],
    cipher: str,
    plain: bytes,
    openssl: Openssl,
    tmp_path: Path,
) -> None:
    signed = openssl.sign(plain, alice(), *sign)
    data = openssl.encrypt(signed, (alice(), bob()), f"-{cipher}", *encrypt)
    medium = read(data, tmp_path)
    assert [signer.standing.value for signer in medium.protection.signers] == ["trusted"]
    assert cipher[:3] in medium.protection.ciphers[0]


@pytest.mark.parametrize("sign", [(), ("-nodetach",), ("-binary", "-nodetach")])
def test_we_open_what_openssl_encrypts_and_signs(
    sign: tuple[str, ...], plain: bytes, openssl: Openssl, tmp_path: Path
) -> None:
    data = openssl.sign(openssl.encrypt(plain, (bob(),), "-aes256"), alice(), *sign)
    found = read(data, tmp_path).protection
    assert found.is_signed_around
    assert not found.is_signed  # Who signs what is encrypted need not know what it says.
    assert [signer.standing.value for signer in found.senders] == ["trusted"]


@pytest.mark.parametrize("words", [("-nocerts",), ("-noattr",), ("-md", "sha1"), ("-md", "sha512")])
def test_signatures_of_every_make_are_checked(
    words: tuple[str, ...], plain: bytes, openssl: Openssl, tmp_path: Path
) -> None:
    data = openssl.encrypt(openssl.sign(plain, alice(), *words), (bob(),), "-aes128")
    assert read(data, tmp_path).protection.is_signed


def read(data: bytes, folder: Path) -> MailMedium:
    (folder / "theirs.eml").write_bytes(data)
    everybody = TrustStore([authority().certificate, alice().certificate])
    with opened(
        folder / "theirs.eml", Keys(private_keys=[bob().private], trust=everybody)
    ) as found:
        assert isinstance(found, MailMedium), found.why
        assert contents(found) == CONTENT
        assert found.findings() == []
    return found


def test_what_is_not_read_is_called_by_its_name(
    plain: bytes, openssl: Openssl, tmp_path: Path
) -> None:
    signed = openssl.sign(plain, alice())
    for data, error, words in (
        (openssl.encrypt(signed, (bob(),), "-aes-256-gcm"), UnknownAlgorithm, "AuthEnvelopedData"),
        (openssl.run(signed, "cms", "-data_create"), UnknownAlgorithm, "is 1.2.840.113549.1.7.1"),
        (openssl.encrypt(plain, (bob(),), "-aes256"), Unprotected, "not signed"),
    ):
        (tmp_path / "t.eml").write_bytes(data)
        with opened(tmp_path / "t.eml") as found:
            assert isinstance(found, SealedMail)
            assert isinstance(found.why, error)
            assert words in found.why.what


def test_a_change_within_what_openssl_signed_is_found(
    plain: bytes, openssl: Openssl, tmp_path: Path
) -> None:
    signed = openssl.sign(plain, alice())
    (tmp_path / "t.eml").write_bytes(
        openssl.encrypt(signed.replace(b"UEsDB", b"UEsDC"), (bob(),), "-aes256")
    )
    with opened(tmp_path / "t.eml") as found:
        assert isinstance(found, SealedMail)
        assert isinstance(found.why, DigestMismatch)
