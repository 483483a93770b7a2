"""Mails that are signed and encrypted as a whole, in every order that is met (RFC 8551)."""

import email
import email.policy
import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest
from cms_people import alice, authority, bob
from sealed_mails import (
    CONTENT,
    HEAD,
    WHEN,
    Layer,
    as_cms,
    content_info,
    contents,
    enveloped,
    keys,
    opaque,
    opened,
    our_mail,
    plain_body,
    sealer,
    signed,
    sources,
)

from media import Locked, MailMedium, SealedMail, open_medium, write_mail
from reporting import CannotRead, CannotWrite
from secure import (
    Damaged,
    DigestMismatch,
    Keys,
    NoRecipient,
    NotCms,
    Sealer,
    SecureFileError,
    Signature,
    TooMuch,
    TrustStore,
    UnknownAlgorithm,
    Unprotected,
    der,
)
from secure.algorithms import CIPHER_OF_NAME, DIGEST_OF_NAME
from secure.recipients import CertificateRecipient
from secure.signers import Bare

AUTH_ENVELOPED = "1.2.840.113549.1.9.16.1.23"
COMPRESSED = "1.2.840.113549.1.9.16.1.9"


def written(folder: Path, *parts: bytes) -> Path:
    path = folder / "t.eml"
    path.write_bytes(b"".join(parts))
    return path


def layered(folder: Path, *layers: Layer) -> Path:
    """Write a plain mail with *layers* around it, the innermost first."""
    entity = plain_body(folder)
    for layer in layers:
        entity = layer(entity)
    return written(folder, HEAD, entity)


# --- made --------------------------------------------------------------------------------------


def test_what_is_outside_names_nothing_and_tells_what_is_inside(tmp_path: Path) -> None:
    data = our_mail(tmp_path / "t.eml").read_bytes()
    message = email.message_from_bytes(data, policy=email.policy.default)
    assert not message.defects
    assert message["Subject"] == "DICOM-ZIP"
    assert {name.lower() for name in message} == {
        *("date", "subject", "mime-version", "content-type"),
        *("content-transfer-encoding", "content-disposition"),
    }
    assert message.get_content_type() == "application/pkcs7-mime"
    assert message["Content-Type"].params["smime-type"] == "enveloped-data"
    assert message.get_filename() == "smime.p7m"
    assert all(line.endswith(b"\r") and len(line) < 79 for line in data.split(b"\n")[:-1])


@pytest.mark.parametrize("size", [1, 40, 57, 4096, 300_000])
def test_the_size_is_known_before_it_is_made(size: int, tmp_path: Path) -> None:
    noise = Random(size).randbytes(size)  # noqa: S311 (the same at every run)
    many = [sources()[0]._replace(parts=(noise,))]
    path = tmp_path / "t.eml"
    done = write_mail(many, path, recorded=WHEN, sealer=sealer())
    assert done.size == path.stat().st_size
    assert write_mail(many, path, recorded=WHEN, sealer=sealer(), capacity=done.size)
    with pytest.raises(CannotWrite, match="where the medium has"):
        write_mail(many, path, recorded=WHEN, sealer=sealer(), capacity=done.size - 1)
    assert [found.name for found in tmp_path.iterdir()] == ["t.eml"]


def test_two_mails_share_no_key(tmp_path: Path) -> None:
    first, second = (our_mail(tmp_path / name).read_bytes() for name in ("a.eml", "b.eml"))
    same = sum(one == other for one, other in zip(first, second, strict=True))
    assert same < 1000 < len(first) // 4  # headers, recipient, and by chance


def test_what_waits_to_be_encrypted_is_nobody_elses_to_read(tmp_path: Path) -> None:
    modes = []

    def look(*_: object) -> None:
        modes.extend(path.stat().st_mode & 0o777 for path in tmp_path.glob(".t.eml*work*"))

    write_mail(sources(), tmp_path / "t.eml", recorded=WHEN, sealer=sealer(), progress=look)
    assert set(modes) == {0o700}


# --- read --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "layers",
    [
        (signed, enveloped),
        (opaque, enveloped),
        (enveloped, signed),
        (enveloped, opaque),
        (signed, enveloped, signed),
        (signed, enveloped, enveloped),
    ],
    ids=lambda layers: " in ".join(layer.__name__ for layer in layers),
)
def test_layers_in_every_order_come_off(layers: tuple[Layer, ...], tmp_path: Path) -> None:
    with opened(layered(tmp_path, *layers)) as medium:
        assert isinstance(medium, MailMedium)
        assert contents(medium) == CONTENT
        assert medium.findings() == []
        inside = layers[: layers.index(enveloped)]
        found = medium.protection
        assert (found.is_signed, found.is_signed_around) == (bool(inside), layers[-1] != enveloped)
        assert [signer.name for signer in found.signers] == ["CN=Alice"] * len(inside)
        others = len(layers) - len(inside) - layers.count(enveloped)
        assert [signer.name for signer in found.senders] == ["CN=Alice"] * others
        assert set(medium.protection.ciphers) == {"aes-256-cbc"}


def test_without_keys_it_stays_closed_and_says_so(tmp_path: Path) -> None:
    with open_medium(our_mail(tmp_path / "t.eml")) as medium:
        assert isinstance(medium, SealedMail)
        assert medium.findings() == []
        for ask in (medium.entries, lambda: medium.find(("DICOMDIR",))):
            with pytest.raises(Locked, match=r"an encrypted mail \(S/MIME\)") as caught:
                ask()
            assert "--key" in caught.value.remedy


def test_another_key_does_not_open_it(tmp_path: Path) -> None:
    with opened(our_mail(tmp_path / "t.eml"), Keys(private_keys=[alice().private])) as medium:
        assert isinstance(medium, SealedMail)
        assert isinstance(medium.why, NoRecipient)


def test_a_signed_mail_is_read_by_everybody_and_checked(tmp_path: Path) -> None:
    with open_medium(layered(tmp_path, signed)) as medium:
        assert isinstance(medium, MailMedium)
        assert contents(medium) == CONTENT
        (signer,) = medium.protection.signers
        assert signer.signature is Signature.VALID
        assert signer.standing.value == "untrusted"
        with medium.opened_with(Keys(trust=TrustStore([authority().certificate]))) as judged:
            assert isinstance(judged, MailMedium)
            assert judged.protection.signers[0].standing.value == "trusted"


def without_signer(entity: bytes) -> bytes:
    return signed(entity, change=lambda data: data[:-40])


def without_certificate(entity: bytes) -> bytes:
    """Sign *entity*; the certificate that comes along is another one than was signed with."""
    number = alice().certificate.serial_number
    serial = number.to_bytes(number.bit_length() // 8 + 1, "big")
    other = serial[:-1] + bytes([serial[-1] ^ 1])
    return signed(entity, change=lambda data: data.replace(serial, other, 1))


def kind_of_cms(oid: str) -> Layer:
    return lambda entity: as_cms(content_info(oid, entity[:200]))


def many(entity: bytes) -> bytes:
    for _ in range(8):
        entity = signed(entity).replace(b"seam", b"s%d" % len(entity))
    return entity


@pytest.mark.parametrize(
    ("layers", "error", "words"),
    [
        ((enveloped,), Unprotected, "encrypted and not signed"),
        ((lambda e: signed(e, b"x"), enveloped), DigestMismatch, "was changed"),
        ((lambda e: opaque(e, b"x"), enveloped), DigestMismatch, "was changed"),
        ((enveloped, lambda e: signed(e, b"x")), DigestMismatch, "was changed"),
        ((enveloped, signed), Unprotected, "signed around the envelope, by CN=Alice"),
        ((signed, enveloped, enveloped, opaque, many), TooMuch, "more than 6 envelopes"),
        ((lambda e: signed(e, b"x"),), DigestMismatch, "was changed"),
        ((without_signer, enveloped), Damaged, "damaged S/MIME mail"),
        ((without_certificate, enveloped), Unprotected, "the certificate of its signer is missing"),
        ((enveloped, without_certificate), Unprotected, "the certificate of its signer is missing"),
        ((lambda e: signed(e)[: len(e)], enveloped), Damaged, "breaks off before its signature"),
        ((kind_of_cms(AUTH_ENVELOPED),), UnknownAlgorithm, "is AuthEnvelopedData"),
        ((kind_of_cms(COMPRESSED), signed, enveloped), UnknownAlgorithm, "is CompressedData"),
        ((kind_of_cms("1.2.3"),), UnknownAlgorithm, r"is 1\.2\.3"),
        ((lambda e: as_cms(e),), NotCms, "is not an S/MIME mail"),
        ((lambda e: as_cms(b""),), NotCms, "is not an S/MIME mail"),
        ((many,), TooMuch, "more than 6 envelopes and signatures"),
    ],
)
def test_each_kind_of_failure_is_told_apart(
    layers: tuple[Layer, ...], error: type[Exception], words: str, tmp_path: Path
) -> None:
    with opened(layered(tmp_path, *layers), Keys(private_keys=[bob().private])) as medium:
        assert isinstance(medium, SealedMail), medium.protection
        assert type(medium.why) is error
        with pytest.raises(error, match=words):
            medium.entries()


def test_a_signer_whose_certificate_is_at_hand_needs_to_send_none(tmp_path: Path) -> None:
    with opened(layered(tmp_path, without_certificate, enveloped)) as medium:
        assert contents(medium) == CONTENT


def test_what_is_not_signed_is_handed_on_only_to_who_accepts_that(tmp_path: Path) -> None:
    path = layered(tmp_path, enveloped)
    with opened(path, accept=True) as medium:
        assert contents(medium) == CONTENT
        assert isinstance(medium, MailMedium)
        assert not medium.protection.is_signed


def test_only_what_was_signed_is_read(tmp_path: Path) -> None:
    """What stands before, behind and beside the signed part is nobody's word."""
    forged = plain_body(tmp_path).replace(b"DICOM.ZIP", b"OTHER.ZIP")

    def with_more(entity: bytes) -> bytes:
        data = signed(entity).replace(b"\r\n\r\n--seam", b"\r\n\r\n%s\r\n--seam" % forged, 1)
        return data.replace(b"--seam--\r\n", b"--seam\r\n%s\r\n--seam--\r\n%s" % (forged, forged))

    with opened(layered(tmp_path, with_more, enveloped)) as medium:
        assert contents(medium) == CONTENT
        assert isinstance(medium, MailMedium)
        assert medium.findings() == []


def test_lines_that_a_system_saved_in_its_own_way_are_what_was_signed(tmp_path: Path) -> None:
    path = layered(tmp_path, signed)
    path.write_bytes(path.read_bytes().replace(b"\r\n", b"\n"))
    with opened(path) as medium:
        assert isinstance(medium, MailMedium), medium.why
        assert contents(medium) == CONTENT
        assert medium.protection.is_signed


def test_a_mail_that_was_passed_on_is_opened_too(tmp_path: Path) -> None:
    inner = our_mail(tmp_path / "own.eml").read_bytes()
    path = written(tmp_path, HEAD, b"Content-Type: message/rfc822\r\n\r\n", inner)
    with opened(path) as medium:
        assert contents(medium) == CONTENT


HOSTILE: dict[str, tuple[Layer, ...]] = {
    "a signature without end": (lambda e: signed(e, change=lambda data: data * 2000),),
    "a value in a value": (lambda _: as_cms(b"\x30\x80\x06\x09" + b"\x30\x80" * 500_000),),
    "recipients without end": (
        lambda _: as_cms(enveloped_for(der.set_of([der.sequence(der.NULL)] * 200_000))),
    ),
    "mails in mails": (lambda e: b"Content-Type: message/rfc822\r\n\r\n" * 100_000 + enveloped(e),),
    "lines that may end a part": (lambda e: signed(e + b"\r\n--seam2" * 200_000, b"x"),),
    "text that is none": (
        lambda _: as_cms(b"").replace(b"\r\n\r\n", b"\r\n\r\n" + b"=*" * 1_000_000),
    ),
    "no boundary": (lambda e: signed(e).replace(b"boundary=seam", b"boundary=", 1),),
    "headers without end": (lambda e: b"X: " + b"y" * 3_000_000 + b"\r\n" + enveloped(e),),
}


def enveloped_for(recipients: bytes) -> bytes:
    inside = der.sequence(der.integer(0), recipients)
    return content_info("1.2.840.113549.1.7.3", inside)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_mail_stays_closed_and_soon(name: str, tmp_path: Path) -> None:
    path = layered(tmp_path, *HOSTILE[name])
    start = time.process_time()
    with suppress(CannotRead), opened(path) as medium:  # a mail without anything in it
        assert isinstance(medium, SealedMail), medium.protection
        assert isinstance(medium.why, SecureFileError | UnknownAlgorithm)
    assert time.process_time() - start < 10


class Misled(CertificateRecipient):
    """Gets another key than that of the envelope."""

    def encoded(self, key: bytes) -> bytes:
        return super().encoded(bytes(len(key)))


def test_of_several_keys_that_fit_the_right_one_is_found(tmp_path: Path) -> None:
    misled, right = (kind(bob().certificate) for kind in (Misled, CertificateRecipient))
    entity = signed(plain_body(tmp_path))
    for _ in range(8):  # recipients stand in the order of what is encrypted for them
        cipher, digest = CIPHER_OF_NAME["aes-256-cbc"], DIGEST_OF_NAME["sha256"]
        sealer_of_both = Sealer([misled, right], cipher, digest, Bare(), os.urandom)
        data = b"".join(sealer_of_both.seal(len(entity)).pieces([entity]))
        with opened(written(tmp_path, HEAD, as_cms(data))) as medium:
            assert contents(medium) == CONTENT


def test_a_type_that_tells_nothing_is_told_by_its_name(tmp_path: Path) -> None:
    data = our_mail(tmp_path / "t.eml").read_bytes()
    kind = b"application/pkcs7-mime; smime-type=enveloped-data"
    with opened(written(tmp_path, data.replace(kind, b"application/octet-stream"))) as medium:
        assert contents(medium) == CONTENT


def descriptors() -> int:
    place = Path("/proc/self/fd")
    return len(list(place.iterdir())) if place.exists() else 0


def test_nothing_decrypted_lies_anywhere_under_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = our_mail(tmp_path / "t.eml")
    (tmp_path / "aside").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "aside"))
    before = descriptors()
    with opened(path) as medium:
        assert contents(medium) == CONTENT
        assert list((tmp_path / "aside").iterdir()) == []
    assert descriptors() == before


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "layers", [None, (opaque, enveloped), (enveloped, signed)], ids=["ours", "opaque", "outside"]
)
def test_a_changed_byte_is_detected_or_changes_nothing(
    seed: int, layers: tuple[Layer, ...] | None, tmp_path: Path
) -> None:
    """1,000 changes of our own mail, and as many of the others."""
    path = our_mail(tmp_path / "t.eml") if layers is None else layered(tmp_path, *layers)
    data, own = path.read_bytes(), keys()
    random = Random(seed)  # noqa: S311 (the same at every run)
    detected = 0
    for _ in range(250):
        at = random.randrange(len(data))
        path.write_bytes(data[:at] + bytes([data[at] ^ random.randrange(1, 256)]) + data[at + 1 :])
        try:
            with opened(path, own) as medium:
                found = contents(medium)
        except (CannotRead, UnknownAlgorithm, AssertionError):
            detected += 1
        else:
            assert found == CONTENT, at
            assert isinstance(medium, MailMedium)
            assert medium.protection.is_vouched_for
    assert detected > 200


MEASURED = """
import sys
from pathlib import Path
from sealed_mails import opened, sealer, WHEN
from media import FileRange, NamedSource, write_mail
big = Path(sys.argv[1])
size = big.stat().st_size
mail = big.with_suffix(".eml")
write_mail([NamedSource(("BIG",), (FileRange(str(big), 0, size, size),), WHEN)], mail,
           recorded=WHEN, sealer=sealer())
with opened(mail) as medium:
    (entry,) = medium.entries()
    with medium.open(entry) as file:
        assert sum(len(file.pread(min(1 << 20, size - at), at)) for at in range(0, size, 1 << 20))
print(next(l.split()[1] for l in open("/proc/self/status") if l.startswith("VmHWM")))
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc")
def test_memory_does_not_grow_with_the_mail(tmp_path: Path) -> None:
    def peak(megabytes: int) -> int:
        big = tmp_path / f"{megabytes}.bin"
        big.write_bytes(Random(1).randbytes(1 << 20) * megabytes)  # noqa: S311 (any will do)
        words = [sys.executable, "-c", MEASURED, str(big)]
        place = {"PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run(words, capture_output=True, env=os.environ | place, check=True)
        return int(done.stdout)

    assert peak(160) < peak(10) + 24_000  # kB
