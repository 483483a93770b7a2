import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cms_people import Person, alice, authority, bob
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

from secure import BadKey, KeyNotRead, load_certificates, load_private_key
from secure.certificates import told_name

SECRET = "Geheim"  # noqa: S105 (of a key that lives as long as the test)


def pem(person: Person, secret: str | None = None, form: str = "PKCS8") -> bytes:
    lock = BestAvailableEncryption(secret.encode()) if secret else NoEncryption()
    return person.key.private_bytes(Encoding.PEM, getattr(PrivateFormat, form), lock)


def certificate(person: Person, encoding: Encoding = Encoding.PEM) -> bytes:
    return person.certificate.public_bytes(encoding)


def written(folder: Path, *contents: bytes) -> Path:
    path = folder / "file"
    path.write_bytes(b"".join(contents))
    return path


def test_a_name_is_told_by_words_that_people_know() -> None:
    values = {
        "1.2.840.113549.1.9.1": "ward@example.org",
        "2.5.4.5": "17",
        "2.5.4.42": "A",
        "2.5.4.3": "B, C",
    }
    attributes = [x509.NameAttribute(x509.ObjectIdentifier(o), v) for o, v in values.items()]
    told = told_name(x509.Name(attributes))
    assert told == r"CN=B\, C,givenName=A,serialNumber=17,emailAddress=ward@example.org"


@pytest.mark.parametrize("form", ["PKCS8", "TraditionalOpenSSL"])
@pytest.mark.parametrize("secret", [None, SECRET])
def test_a_key_is_read_with_the_certificates_before_and_behind_it(
    form: str, secret: str | None, tmp_path: Path
) -> None:
    path = written(
        tmp_path, certificate(authority()), pem(alice(), secret, form), certificate(alice())
    )
    found = load_private_key(path, secret)
    assert found.key.private_numbers() == alice().key.private_numbers()
    assert found.certificate == alice().certificate
    assert found.others == (authority().certificate,)


def test_a_key_in_der_and_its_certificate_in_another_file(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        alice().key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
    )
    other = tmp_path / "certificate"
    other.write_bytes(certificate(alice(), Encoding.DER))
    assert load_private_key(path).certificate is None
    assert load_private_key(path, certificate=other).certificate == alice().certificate


@pytest.mark.parametrize("secret", [None, SECRET])
def test_pkcs_12_is_read(secret: str | None, tmp_path: Path) -> None:
    lock = BestAvailableEncryption(secret.encode()) if secret else NoEncryption()
    data = pkcs12.serialize_key_and_certificates(
        b"name", alice().key, alice().certificate, [authority().certificate], lock
    )
    found = load_private_key(written(tmp_path, data), secret)
    assert found.certificate == alice().certificate
    assert found.others == (authority().certificate,)


def test_pkcs_12_of_openssl_is_read(tmp_path: Path, peer: Callable[[str], str]) -> None:
    certificate_file, key_file = alice().files(tmp_path)
    path = tmp_path / "alice.p12"
    words = ["pkcs12", "-export", "-inkey", key_file, "-in", certificate_file, "-out", path]
    subprocess.run([peer("openssl"), *words, "-passout", f"pass:{SECRET}"], check=True)
    assert load_private_key(path, SECRET).certificate == alice().certificate
    with pytest.raises(KeyNotRead, match="with this password"):
        load_private_key(path, "another")
    with pytest.raises(KeyNotRead, match="without a password"):
        load_private_key(path)


@pytest.mark.parametrize("secret", [None, "another"])
def test_a_key_that_is_protected_otherwise_is_told(secret: str | None, tmp_path: Path) -> None:
    with pytest.raises(KeyNotRead):
        load_private_key(written(tmp_path, pem(alice(), SECRET)), secret)


@pytest.mark.parametrize(
    "data",
    [b"", b"text", bytes(1000), b"-----BEGIN PRIVATE KEY-----\n", b"-----BEGIN CERTIFICATE-----"],
)
def test_what_is_neither_key_nor_certificate_is_told(data: bytes, tmp_path: Path) -> None:
    path = written(tmp_path, data)
    for load in (load_private_key, load_certificates):
        with pytest.raises(KeyNotRead):
            load(path)  # type: ignore[operator]


def test_a_certificate_alone_is_no_key(tmp_path: Path) -> None:
    with pytest.raises(KeyNotRead, match="holds no private key"):
        load_private_key(written(tmp_path, certificate(alice())))


def test_files_that_are_absent_or_far_too_large_are_told(tmp_path: Path) -> None:
    with pytest.raises(KeyNotRead, match="cannot be read"):
        load_private_key(tmp_path / "none")
    with pytest.raises(KeyNotRead, match="more than"):
        load_certificates(written(tmp_path, bytes(5_000_000)))


def test_the_certificate_of_another_key_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, pem(alice()))
    other = tmp_path / "certificate"
    other.write_bytes(certificate(bob()))
    with pytest.raises(BadKey, match="belongs to another private key"):
        load_private_key(path, certificate=other)


def test_keys_that_are_not_rsa_are_refused(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    data = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(BadKey, match="is not an RSA key"):
        load_private_key(written(tmp_path, data))


def test_all_certificates_of_a_file_are_read(tmp_path: Path) -> None:
    path = written(tmp_path, certificate(alice()), certificate(bob()))
    assert load_certificates(path) == (alice().certificate, bob().certificate)
    path = written(tmp_path, certificate(bob(), Encoding.DER))
    assert load_certificates(path) == (bob().certificate,)
