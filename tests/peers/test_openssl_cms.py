"""Secure DICOM Files between us and OpenSSL, both ways."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cms_people import Person, alice, authority, bob
from cms_tool import DIGESTED, SIGNED, OpensslCms, content_info, dicom_file

from secure import Keys, Signature, Signer, Standing, TrustStore, open_secure_file, prepare

PHRASE = "a phrase of several words"
FILE = dicom_file()


@pytest.fixture
def cms(peer: Callable[[str], str], tmp_path: Path) -> OpensslCms:
    return OpensslCms(peer("openssl"), tmp_path)


def sealed(content: bytes = FILE, **options: object) -> bytes:
    file = prepare(iterations=1000, **options).seal(len(content))  # type: ignore[arg-type]
    data = b"".join(file.pieces([content]))
    assert len(data) == file.size
    return data


def all_keys() -> Keys:
    trust = TrustStore([authority().certificate])
    return Keys(["another", PHRASE], [alice().private], trust=trust)


# Ours, opened by OpenSSL.


@pytest.mark.parametrize("cipher", ["aes-128-cbc", "aes-192-cbc", "aes-256-cbc"])
@pytest.mark.parametrize(
    ("password", "to"),
    [(PHRASE, []), (None, [alice]), (PHRASE, [bob, alice]), (None, [alice, bob])],
    ids=["password", "certificate", "both", "two certificates"],
)
def test_openssl_opens_every_way_that_we_lock(
    cipher: str, password: str | None, to: list[Callable[[], Person]], cms: OpensslCms
) -> None:
    data = sealed(cipher=cipher, password=password, recipients=[who().certificate for who in to])
    inner = [cms.decrypt(data, person=who()) for who in to]
    if password is not None:
        inner.append(cms.decrypt(data, password))
    for one in inner:
        assert cms.digest_verify(content_info(DIGESTED, one)) == FILE


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
def test_openssl_finds_our_digests_right(digest: str, cms: OpensslCms) -> None:
    inner = cms.decrypt(sealed(password=PHRASE, digest=digest), PHRASE)
    assert cms.digest_verify(content_info(DIGESTED, inner)) == FILE


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
@pytest.mark.parametrize("signers", [[alice], [alice, bob]], ids=["one", "two"])
@pytest.mark.parametrize("time", [None, datetime(2030, 1, 2, tzinfo=UTC)], ids=["", "time"])
def test_openssl_finds_our_signatures_right(
    digest: str, signers: list[Callable[[], Person]], time: datetime | None, cms: OpensslCms
) -> None:
    data = sealed(
        password=PHRASE,
        digest=digest,
        signers=[
            Signer(who().key, (who().certificate, authority().certificate)) for who in signers
        ],
        signing_time=time,
    )
    inner = content_info(SIGNED, cms.decrypt(data, PHRASE))
    assert cms.verify(inner, authority()) == FILE
    with pytest.raises(ValueError, match=r"digest failure|Verification failure"):
        cms.verify(inner.replace(FILE[-9:], bytes(9)), authority())


@pytest.mark.parametrize("size", [132, 255, 65_535, 3_000_000])
def test_openssl_opens_files_of_all_sizes(size: int, cms: OpensslCms) -> None:
    content = dicom_file(size)
    inner = cms.decrypt(sealed(content, password=PHRASE), PHRASE)
    assert cms.digest_verify(content_info(DIGESTED, inner)) == content


def test_openssl_tells_a_wrong_password_for_ours(cms: OpensslCms) -> None:
    with pytest.raises(ValueError, match="unwrap"):
        cms.decrypt(sealed(password=PHRASE), "another")


# OpenSSL's, opened by us.

STREAM = pytest.mark.parametrize("stream", [[], ["-stream"]], ids=["definite", "indefinite"])


@STREAM
@pytest.mark.parametrize("cipher", ["-aes128", "-aes192", "-aes256", "-des3"])
@pytest.mark.parametrize(
    ("password", "to"),
    [(PHRASE, []), (None, [alice]), (PHRASE, [bob]), (None, [bob, alice])],
    ids=["password", "certificate", "password and another", "two certificates"],
)
def test_we_open_every_way_that_openssl_locks(
    cipher: str,
    password: str | None,
    to: list[Callable[[], Person]],
    stream: list[str],
    cms: OpensslCms,
) -> None:
    data = cms.encrypt(
        cms.digest(FILE, "-md", "sha256", *stream),
        cipher,
        *stream,
        password=password,
        to=tuple(who() for who in to),
    )
    with open_secure_file([data], all_keys(), "file") as opened:
        assert opened.read() == FILE
        assert (opened.kind, opened.variant, opened.shows_changes) == ("digested", "C", True)
        assert opened.cipher == {"-des3": "des-ede3-cbc"}.get(cipher, f"aes-{cipher[4:]}-cbc")
        kinds = ["certificate"] * len(to) + ["password"] * (password is not None)
        assert sorted(one.kind for one in opened.recipients) == kinds


@STREAM
@pytest.mark.parametrize("digest", ["sha1", "sha256", "sha384", "sha512"])
def test_we_check_every_digest_of_openssl(digest: str, stream: list[str], cms: OpensslCms) -> None:
    content = dicom_file(300_000)
    data = cms.encrypt(
        cms.digest(content, "-md", digest, *stream), "-aes256", *stream, password=PHRASE
    )
    with open_secure_file([data], all_keys(), "file") as opened:
        assert (opened.read(), opened.digests) == (content, (digest,))


@STREAM
@pytest.mark.parametrize("digest", ["sha1", "sha256", "sha384", "sha512"])
@pytest.mark.parametrize("options", [[], ["-noattr"], ["-keyid"], ["-keyid", "-noattr"]], ids=str)
def test_we_check_every_signature_of_openssl(
    digest: str, options: list[str], stream: list[str], cms: OpensslCms
) -> None:
    signed = cms.sign(FILE, [alice(), bob()], "-md", digest, *options, *stream)
    data = cms.encrypt(signed, "-aes256", *stream, password=PHRASE)
    with open_secure_file([data], all_keys(), "file") as opened:
        assert (opened.read(), opened.kind, opened.digests) == (FILE, "signed", (digest,))
        found = {one.name: (one.signature, one.standing) for one in opened.signers}
        good = (Signature.VALID, Standing.TRUSTED)
        assert found == {"CN=Alice": good, "CN=Bob": good}
        has_time = all(one.signing_time is not None for one in opened.signers)
        assert has_time == ("-noattr" not in options)


@STREAM
def test_a_signature_whose_certificate_we_have_is_checked(
    stream: list[str], cms: OpensslCms
) -> None:
    data = cms.encrypt(
        cms.sign(FILE, [alice()], "-nocerts", *stream), "-aes256", *stream, password=PHRASE
    )
    keys = Keys([PHRASE], certificates=[alice().certificate])
    (signer,) = open_secure_file([data], keys, "file").signers
    assert (signer.signature, signer.standing) == (Signature.VALID, Standing.UNTRUSTED)
    (signer,) = open_secure_file([data], Keys([PHRASE]), "file").signers
    assert (signer.signature, signer.standing) == (Signature.NO_CERTIFICATE, Standing.MISSING)


@STREAM
def test_recipients_that_are_named_by_key_identifier_are_found(
    stream: list[str], cms: OpensslCms
) -> None:
    inner = cms.digest(FILE, "-md", "sha256")
    data = cms.encrypt(inner, "-aes256", "-keyid", *stream, to=(bob(), alice()))
    assert open_secure_file([data], all_keys(), "file").read() == FILE


@pytest.mark.parametrize("size", [132, 4096, 4097, 1_000_001])
def test_we_open_files_of_all_sizes_in_segments(size: int, cms: OpensslCms) -> None:
    content = dicom_file(size)
    inner = cms.digest(content, "-md", "sha256", "-stream")
    data = cms.encrypt(inner, "-aes256", "-stream", password=PHRASE)
    keys = all_keys()
    for length in (1, 7, 4096, len(data)) if size < 5000 else (4096, len(data)):
        pieces = [data[at : at + length] for at in range(0, len(data), length)]
        assert open_secure_file(pieces, keys, "file").read() == content
