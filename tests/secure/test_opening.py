import os
import pickle
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cms_kinds import (
    DERIVATION,
    PHRASE,
    by_password,
    digested,
    enveloped,
    in_content_info,
    sealed,
    variants,
)
from cms_people import alice, authority, bob, issued
from cms_tool import dicom_file

import secure.unlocking
from reporting import CannotRead, CannotWrite, FilmjacketError
from secure import (
    Damaged,
    DigestMismatch,
    Keys,
    NoRecipient,
    NotCms,
    NotDecrypted,
    NotDicom,
    PrivateKey,
    Standing,
    TooMuch,
    TrustStore,
    UnknownAlgorithm,
    Unprotected,
    WrongKey,
    WrongPassword,
    der,
    open_secure_file,
    prepare,
)
from secure.algorithms import CIPHER_OF_NAME, DATA, DIGESTED_DATA, SIGNED_DATA
from secure.password import octets_of
from secure.recipients import PasswordRecipient

FILE = dicom_file()
KEYS = Keys([PHRASE])


@pytest.mark.parametrize("variant", "ABC")
def test_every_variant_is_read(variant: str) -> None:
    with open_secure_file([variants(FILE)[variant]], KEYS, "file") as opened:
        assert (opened.read(), opened.variant, opened.shows_changes) == (FILE, variant, True)


def test_a_file_without_digest_is_read_only_when_that_is_accepted() -> None:
    bare = variants(FILE)["D"]
    with pytest.raises(Unprotected, match="without a digest or signature"):
        open_secure_file([bare], KEYS, "file")
    with open_secure_file([bare], KEYS, "file", accept_unprotected=True) as opened:
        assert (opened.read(), opened.variant, opened.shows_changes) == (FILE, "D", False)
        assert opened.digests == ()


def test_accepting_files_without_digest_does_not_accept_wrong_digests() -> None:
    inner = digested(FILE)
    changed = enveloped(inner[:-1] + bytes([inner[-1] ^ 1]))
    with pytest.raises(DigestMismatch):
        open_secure_file([changed], KEYS, "file", accept_unprotected=True)


def test_what_is_opened_tells_how_it_was_locked() -> None:
    sealer = by_password(recipients=[bob().certificate], cipher="aes-192-cbc", digest="sha384")
    opened = open_secure_file([sealed(sealer, FILE)], KEYS, "file")
    assert (opened.cipher, opened.digests, opened.size) == ("aes-192-cbc", ("sha384",), len(FILE))
    serial = der.integer(bob().certificate.serial_number)[2:].hex()
    assert {(one.kind, one.name) for one in opened.recipients} == {
        ("password", "PBKDF2 sha256, 1,000 iterations"),
        ("certificate", serial),
    }


# What is wrong, each kind apart.


@pytest.mark.parametrize(
    "data",
    [
        b"",
        FILE,
        b"0" * 100,
        in_content_info(digested(FILE)),
        der.sequence(der.oid(SIGNED_DATA), der.value(0xA0, der.sequence())),
    ],
    ids=["empty", "DICOM File", "text", "DigestedData", "SignedData"],
)
def test_other_files_are_no_secure_files(data: bytes) -> None:
    with pytest.raises(NotCms, match="DICOM/I1: is not a Secure DICOM File"):
        open_secure_file([data], KEYS, "DICOM/I1")


def test_a_file_that_breaks_off_is_damaged_wherever_it_does() -> None:
    data = sealed(by_password(), FILE)
    for length in (*range(20, 400), len(data) - 1):
        with pytest.raises(Damaged):
            open_secure_file([data[:length]], KEYS, "file")


def test_a_file_for_others_tells_for_how_many() -> None:
    sealer = by_password(recipients=[alice().certificate, bob().certificate])
    data = sealed(sealer, FILE)
    with pytest.raises(NoRecipient, match=r"2 by certificate, 1 by password") as caught:
        open_secure_file([data], Keys(), "file")
    assert len(caught.value.details["recipients"]) == 3
    other = prepare([bob().certificate])
    with pytest.raises(NoRecipient, match="1 by certificate"):
        open_secure_file([sealed(other, FILE)], Keys([PHRASE], [alice().private]), "file")


def messages(data: bytes, keys: Keys) -> str:
    with pytest.raises(NotDecrypted) as caught:
        open_secure_file([data], keys, "file")
    return str(caught.value)


def test_a_wrong_password_and_damage_inside_say_the_same() -> None:
    inner = digested(FILE)
    paddings = [b"", bytes(16), b"\x11" * 16, b"\x02\x01", bytes(15) + b"\x10"]
    found = {messages(enveloped(inner), Keys(["another"]))}
    for padding in paddings:
        fill = bytes(-len(inner + padding) % 16)
        found.add(messages(enveloped(inner, padding=fill + padding), KEYS))
    for plain in (inner[:-1], inner + b"\0", b"\x30", b"", inner[:20], b"\x04" + inner[1:]):
        found.add(messages(enveloped(plain), KEYS))
    assert found == {
        "file: does not open with this password, or is damaged. "
        "Type the password again exactly as it was given, then ask the sender."
    }


def test_not_even_one_block_says_the_same() -> None:
    assert messages(enveloped(b"", padding=b""), KEYS) == messages(
        enveloped(digested(FILE)), Keys(["another"])
    )


def test_a_wrong_private_key_is_told() -> None:
    data = sealed(prepare([alice().certificate]), FILE)
    impostor = PrivateKey(bob().key, alice().certificate)
    with pytest.raises(WrongKey):
        open_secure_file([data], Keys((), [impostor]), "file")


def test_a_private_key_without_certificate_is_tried_on_all() -> None:
    sealer = prepare([one.certificate for one in (bob(), authority(), alice())])
    for _ in range(20):
        with open_secure_file(
            [sealed(sealer, FILE)], Keys((), [PrivateKey(alice().key)]), "file"
        ) as opened:
            assert opened.read() == FILE


def test_a_password_opens_where_the_private_key_does_not() -> None:
    data = sealed(by_password(recipients=[alice().certificate]), FILE)
    impostor = PrivateKey(bob().key, alice().certificate)
    assert open_secure_file([data], Keys([PHRASE], [impostor]), "file").read() == FILE


def test_a_key_that_opens_nothing_does_not_hide_the_one_that_does() -> None:
    row = CIPHER_OF_NAME["aes-256-cbc"]
    recipient = PasswordRecipient(octets_of(PHRASE), DERIVATION, row, bytes)
    for wrong in (b"w" * 32, b"w" * 16):
        both = recipient.encoded(wrong) + recipient.encoded(b"k" * 32)
        data = enveloped(digested(FILE), recipients=der.value(der.SET, both))
        assert open_secure_file([data], KEYS, "file").read() == FILE


def test_changed_content_is_told_as_such() -> None:
    inner = digested(FILE).replace(FILE, FILE[:-1] + b"!")
    with pytest.raises(DigestMismatch):
        open_secure_file([enveloped(inner)], KEYS, "file")


def test_what_is_no_dicom_file_is_told_as_such() -> None:
    for content in (b"", b"text", bytes(5000), FILE[:131]):
        with pytest.raises(NotDicom):
            open_secure_file([enveloped(digested(content))], KEYS, "file")


def test_unknown_algorithms_are_named() -> None:
    sha224 = "2.16.840.1.101.3.4.2.4"
    inner = digested(FILE).replace(der.oid("2.16.840.1.101.3.4.2.1"), der.oid(sha224))
    cases = {
        sha224: enveloped(inner),
        "1.2.3.4": enveloped(digested(FILE), "1.2.3.4"),
        "1.2.3.5": enveloped(in_content_info(digested(FILE), "1.2.3.5")),
        "2.16.840.1.101.3.4.1.46": enveloped(digested(FILE)).replace(
            der.oid("2.16.840.1.101.3.4.1.42"), der.oid("2.16.840.1.101.3.4.1.46")
        ),
    }
    for oid, data in cases.items():
        with pytest.raises(UnknownAlgorithm, match=oid.replace(".", r"\.")):
            open_secure_file([data], KEYS, "file")


def test_every_error_survives_between_processes() -> None:
    for data in (b"", variants(FILE)["D"], enveloped(digested(b""))):
        with pytest.raises(FilmjacketError) as caught:
            open_secure_file([data], KEYS, "file")
        again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 (our own bytes)
        assert (type(again), str(again)) == (type(caught.value), str(caught.value))


# Bounds.


def test_a_password_that_would_take_for_ever_is_not_derived() -> None:
    start = time.process_time()
    for iterations in (10_000_001, 2**40):
        data = enveloped(digested(FILE), recipients=_password_recipient(iterations))
        with pytest.raises(TooMuch, match=f"{iterations:,} steps"):
            open_secure_file([data], KEYS, "file")
    assert time.process_time() - start < 1


def _password_recipient(iterations: int, salt: bytes = bytes(16)) -> bytes:
    from secure.algorithms import CIPHER_OF_NAME
    from secure.pwri import Wrapping

    derivation = DERIVATION._replace(iterations=iterations, salt=salt)
    wrapping = Wrapping(CIPHER_OF_NAME["aes-256-cbc"], bytes(16)).encoded()
    fields = der.integer(0), derivation.encoded(0xA0), wrapping, der.octet_string(bytes(48))
    return der.set_of([der.value(0xA3, *fields)])


def test_many_passwords_together_are_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secure.unlocking, "MOST_ITERATIONS", 10_000)

    def opened(number: int) -> None:
        salts = (bytes([one]) * 16 for one in range(number))
        inside = b"".join(der_of_set(_password_recipient(400, salt)) for salt in salts)
        data = enveloped(digested(FILE), recipients=der.value(der.SET, inside))
        open_secure_file([data], Keys([PHRASE]), "file")

    with pytest.raises(WrongPassword):
        opened(25)
    with pytest.raises(TooMuch, match="400 steps"):
        opened(26)


def der_of_set(value: bytes) -> bytes:
    from secure.ber import single

    return single(value).content


def test_the_number_of_recipients_is_bounded() -> None:
    inside = der_of_set(_password_recipient(1)) * 1001
    data = enveloped(digested(FILE), recipients=der.value(der.SET, inside))
    with pytest.raises(TooMuch, match=r"1,000 recipients"):
        open_secure_file([data], KEYS, "file")


def test_the_number_of_signers_is_bounded() -> None:
    from secure.ber import single

    sealer = by_password(signers=[alice().signer])
    inner = _plain(sealed(sealer, FILE))
    *head, infos = single(inner).children()
    many = der.value(der.SET, infos.content * 101)
    data = enveloped(der.sequence(*(one.raw for one in head), many), SIGNED_DATA)
    with pytest.raises(TooMuch, match="more than 16 values"):
        open_secure_file([data], KEYS, "file")


def _plain(data: bytes) -> bytes:
    """Return what is encrypted in *data*."""
    from secure.ber import BerReader
    from secure.envelope import decrypting

    found = decrypting(BerReader([data]), KEYS, "file", lambda *_: True)
    return b"".join(found.plain)


@pytest.mark.parametrize("depth", [30, 100_000])
def test_depth_is_bounded_outside_and_inside(depth: int) -> None:
    deep = b"\x30\x80" * depth
    head = der.oid("1.2.840.113549.1.7.3")
    with pytest.raises(TooMuch):
        open_secure_file([b"\x30\x80" + head + b"\xa0\x80\x30\x80" + deep], KEYS, "file")
    with pytest.raises(TooMuch):
        open_secure_file([enveloped(b"\x30\x80\x02\x01\x00" + deep)], KEYS, "file")


# What is decrypted stays inside until it is known to be good.


def test_large_content_is_held_in_a_file_without_a_name(tmp_path: Path) -> None:
    content = dicom_file(2_000_000)
    data = sealed(by_password(), content)
    with open_secure_file([data], KEYS, "file", folder=tmp_path, in_memory=1000) as opened:
        assert list(tmp_path.iterdir()) == []
        assert opened.read() == opened.read() == content
    with pytest.raises(CannotWrite, match="cannot keep what was decrypted"):
        open_secure_file([data], KEYS, "file", folder=tmp_path / "none", in_memory=1000)


def test_a_file_that_is_given_is_filled_or_emptied() -> None:
    content = dicom_file(2_000_000)
    inner = digested(content)
    with tempfile.TemporaryFile() as file:
        open_secure_file([sealed(by_password(), content)], KEYS, "file", file=file).close()
        file.seek(0)
        assert file.read() == content
    with tempfile.TemporaryFile() as file:
        with pytest.raises(DigestMismatch):
            open_secure_file([enveloped(inner[:-1] + b"!")], KEYS, "file", file=file)
        assert os.fstat(file.fileno()).st_size == 0


def test_what_the_source_raises_comes_through() -> None:
    data = sealed(by_password(), FILE)

    def torn() -> Iterator[bytes]:
        yield data[:3000]
        raise CannotRead("is scratched", "block 5", "Clean it")

    with pytest.raises(CannotRead, match="block 5: is scratched"):
        open_secure_file(torn(), KEYS, "file")


# Signers.


def test_what_is_thought_of_a_signer_is_told() -> None:
    old = issued("Old", 1, by=authority(), days=(-30, -2))
    early = issued("Early", 1, by=authority(), days=(2, 30))
    wrong = issued("Wrong", 1, by=authority(), usage="key_encipherment")
    stranger = issued("Stranger", 1)
    keys = Keys([PHRASE], trust=TrustStore([authority().certificate]))
    wanted = {
        alice(): Standing.TRUSTED,
        old: Standing.EXPIRED,
        early: Standing.NOT_YET_VALID,
        wrong: Standing.WRONG_USAGE,
        stranger: Standing.UNTRUSTED,
    }
    for person, standing in wanted.items():
        data = sealed(by_password(signers=[person.signer]), FILE)
        (signer,) = open_secure_file([data], keys, "file").signers
        assert (signer.signature, signer.standing) == ("valid", standing)
        assert bool(signer.reasons) == (standing is not Standing.TRUSTED)
        assert signer.certificate == person.certificate
        assert signer.signing_time is None


def test_without_any_signer_nothing_is_handed_on() -> None:
    from secure.ber import single

    inner = _plain(sealed(by_password(signers=[alice().signer]), FILE))
    *head, _ = single(inner).children()
    data = enveloped(der.sequence(*(one.raw for one in head), der.set_of([])), SIGNED_DATA)
    with pytest.raises(Unprotected, match="nobody has signed it"):
        open_secure_file([data], KEYS, "file")


def test_content_types_agree_between_attribute_and_content() -> None:
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    from secure import SignatureInvalid
    from secure.ber import single

    inner = _plain(sealed(by_password(signers=[alice().signer]), FILE))
    changed = inner
    before = single(inner).children()[-1].children()[0].children()[3].raw
    after = before.replace(der.oid(DATA), der.oid(DIGESTED_DATA))
    signature = alice().key.sign(b"\x31" + after[1:], PKCS1v15(), SHA256())
    old = alice().key.sign(b"\x31" + before[1:], PKCS1v15(), SHA256())
    assert old in changed
    changed = changed.replace(before, after).replace(old, signature)
    with pytest.raises(SignatureInvalid, match="what it has to tell is missing"):
        open_secure_file([enveloped(changed, SIGNED_DATA)], KEYS, "file")
