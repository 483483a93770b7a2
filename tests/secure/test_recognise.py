import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from secure import (
    HEAD_SIZE,
    Keys,
    UnknownAlgorithm,
    looks_like_secure_dicom_file,
    open_secure_file,
)

Peer = Callable[[str], str]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory, peer: Peer) -> Path:
    folder = tmp_path_factory.mktemp("recipient")
    certificate = folder / "certificate.pem"
    subprocess.run(
        [
            *(peer("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=recipient", "-keyout", str(folder / "key.pem")),
            *("-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    return certificate


def wrapped(source: Path, target: Path, peer: Peer, *options: str) -> bytes:
    subprocess.run(
        [
            *(peer("openssl"), "cms", "-encrypt", "-binary", "-aes256", "-outform", "DER"),
            *("-in", str(source), "-out", str(target), *options),
        ],
        check=True,
        capture_output=True,
    )
    return target.read_bytes()[:HEAD_SIZE]


@pytest.mark.parametrize("stream", [(), ("-stream",)], ids=["definite", "indefinite"])
@pytest.mark.parametrize("size", [1, 300, 100_000, 20_000_000])
def test_what_openssl_encrypts_for_a_certificate_is_recognised(
    size: int, stream: tuple[str, ...], certificate: Path, tmp_path: Path, peer: Peer
) -> None:
    source = tmp_path / "plain"
    source.write_bytes(bytes(size))
    head = wrapped(source, tmp_path / "secure", peer, *stream, str(certificate))
    assert looks_like_secure_dicom_file(head)


def test_what_openssl_encrypts_with_a_password_is_recognised(tmp_path: Path, peer: Peer) -> None:
    source = tmp_path / "plain"
    source.write_bytes(bytes(5000))
    head = wrapped(source, tmp_path / "secure", peer, "-pwri_password", "a long phrase")
    assert looks_like_secure_dicom_file(head)


def test_an_envelope_of_newer_programs_is_recognised_and_refused_by_its_name(
    certificate: Path, tmp_path: Path, peer: Peer
) -> None:
    source = tmp_path / "plain"
    source.write_bytes(bytes(5000))
    head = wrapped(source, tmp_path / "secure", peer, "-aes-256-gcm", str(certificate))
    assert looks_like_secure_dicom_file(head)
    with pytest.raises(UnknownAlgorithm, match="AuthEnvelopedData"):
        open_secure_file([(tmp_path / "secure").read_bytes()], Keys(["any"]), "file")


def test_other_cms_content_is_not_taken_for_an_envelope(
    certificate: Path, tmp_path: Path, peer: Peer
) -> None:
    source, target = tmp_path / "plain", tmp_path / "signed"
    source.write_bytes(bytes(5000))
    subprocess.run(
        [
            *(peer("openssl"), "cms", "-sign", "-binary", "-nodetach", "-outform", "DER"),
            *("-signer", str(certificate), "-inkey", str(certificate.with_name("key.pem"))),
            *("-in", str(source), "-out", str(target)),
        ],
        check=True,
        capture_output=True,
    )
    assert not looks_like_secure_dicom_file(target.read_bytes()[:HEAD_SIZE])
    # A certificate in DER begins with the same SEQUENCE.
    assert not looks_like_secure_dicom_file(certificate.read_bytes())


def test_no_real_file_is_taken_for_a_secure_one(pydicom_files: list[Path]) -> None:
    for path in pydicom_files:
        assert not looks_like_secure_dicom_file(path.read_bytes()[:HEAD_SIZE]), path


def test_no_file_of_the_collection_is_taken_for_a_secure_one(shared_data: Path) -> None:
    for path in shared_data.rglob("*"):
        if path.is_file():
            assert not looks_like_secure_dicom_file(path.read_bytes()[:HEAD_SIZE]), path


ENVELOPE = bytes.fromhex("3082112206092a864886f70d010703a0821113308211 0f020100".replace(" ", ""))


def test_a_head_is_recognised_as_soon_as_the_version_is_there() -> None:
    assert looks_like_secure_dicom_file(ENVELOPE)
    for length in range(len(ENVELOPE)):
        assert not looks_like_secure_dicom_file(ENVELOPE[:length])


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\x30",
        b"\x30\xff" + ENVELOPE[4:],  # a length of 127 octets
        b"\x30\x89" + bytes(9) + ENVELOPE[4:],  # a length no file can have
        ENVELOPE.replace(b"\x01\x07\x03", b"\x01\x07\x02"),  # signedData
        ENVELOPE[:-1] + b"\x09",  # no such version
        bytes(128) + b"DICM",
        b"0" * HEAD_SIZE,
    ],
)
def test_anything_else_is_not_recognised(head: bytes) -> None:
    assert not looks_like_secure_dicom_file(head)
