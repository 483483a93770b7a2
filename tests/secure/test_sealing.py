import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from cms_people import alice, bob, issued
from cms_tool import dicom_file

import secure.pwri
from reporting import CannotRead, FilmjacketError, WrongUsage
from secure import BadKey, BadPassword, Keys, Sealer, Signer, open_secure_file, prepare
from secure.ber import BerReader
from secure.envelope import _content_key, _encrypted, _envelope

PHRASE = "a phrase of several words"
ROOT = Path(__file__).resolve().parents[2]


def by_password(**options: object) -> Sealer:
    return prepare(password=PHRASE, iterations=1000, **options)  # type: ignore[arg-type]


def every_kind() -> Iterator[Sealer]:
    for cipher in ("aes-128-cbc", "aes-192-cbc", "aes-256-cbc"):
        for digest in ("sha256", "sha384", "sha512"):
            for signers in ([], [alice().signer], [alice().signer, bob().signer]):
                options = {"cipher": cipher, "digest": digest, "signers": signers}
                yield by_password(**options)
                yield by_password(recipients=[alice().certificate, bob().certificate], **options)
                yield prepare([bob().certificate], **options)  # type: ignore[arg-type]


SIZES = (0, 1, 15, 16, 17, 127, 128, 200, 255, 256, 65_000, 65_400, 65_536, 16_777_300)


def test_the_size_is_known_before_anything_is_encrypted() -> None:
    for number, sealer in enumerate(every_kind()):
        for size in SIZES[: -1 if number else None]:
            file = sealer.seal(size)
            written = b"".join(file.pieces([bytes(size)]))
            assert len(written) == file.size == sealer.enveloped_size(size)


def test_the_size_is_known_around_every_length_that_grows_by_an_octet() -> None:
    sealer = by_password()
    for size in (*range(1000), *range(65_000, 65_600)):
        assert sum(map(len, sealer.seal(size).pieces([bytes(size)]))) == sealer.enveloped_size(size)


def test_sizes_of_terabytes_are_told_without_work() -> None:
    sizes = [by_password().enveloped_size(2**power) for power in range(60)]
    assert all(before <= after for before, after in pairwise(sizes))
    assert sizes[-1] - 2**59 < 1000


def test_a_file_is_the_same_at_every_call_and_for_every_way_it_comes_in_pieces() -> None:
    content = dicom_file(3_000_000)
    for sealer in (by_password(signers=[alice().signer]), prepare([bob().certificate])):
        file = sealer.seal(len(content))
        whole = b"".join(file.pieces([content]))
        for length in (1_000, 131_072, 1_000_003):
            pieces = [content[at : at + length] for at in range(0, len(content), length)]
            assert b"".join(file.pieces(pieces)) == whole


def key_and_iv(data: bytes) -> tuple[bytes, bytes]:
    """Return what *data* was encrypted with."""
    reader = BerReader([data])
    envelope = _envelope(reader, "file")
    first = b"".join(_encrypted(reader, "file"))
    key, _ = _content_key(envelope, first, Keys([PHRASE]), "file", lambda *_: True)
    return key, envelope.iv


def test_two_files_share_neither_key_nor_iv() -> None:
    content = dicom_file()
    sealer = by_password()
    files = [b"".join(sealer.seal(len(content)).pieces([content])) for _ in range(20)]
    found = [key_and_iv(file) for file in files]
    assert len({key for key, _ in found}) == len({iv for _, iv in found}) == 20


def test_the_same_random_source_gives_the_same_medium() -> None:
    def medium() -> bytes:
        states = iter(range(1, 1000))
        sealer = by_password(random=lambda size: bytes([next(states) % 256]) * size)
        files = [sealer.seal(5000) for _ in range(3)]
        return b"".join(piece for file in files for piece in file.pieces([dicom_file()]))

    assert medium() == medium()


def test_another_content_under_the_same_key_is_refused_before_it_is_complete() -> None:
    file = by_password().seal(5000, "DICOM/I1")
    list(file.pieces([dicom_file()]))
    taken = bytearray()

    def take() -> None:
        for piece in file.pieces([dicom_file(seed=2)]):
            taken.extend(piece)

    with pytest.raises(CannotRead, match="DICOM/I1: was changed since"):
        take()
    assert 0 < len(taken) < file.size - 32


@pytest.mark.parametrize("size", [4999, 5001, 10_000, 0])
def test_content_of_another_size_is_refused(size: int) -> None:
    file = by_password().seal(5000, "DICOM/I1")
    with pytest.raises(CannotRead, match="DICOM/I1: was planned with 5,000 bytes"):
        list(file.pieces([bytes(size)]))


def test_the_thread_beside_ends_when_nobody_takes_the_rest() -> None:
    import threading

    file = by_password().seal(100_000_000)
    before = threading.active_count()
    pieces = file.pieces(bytes(1 << 20) for _ in range(100))
    next(pieces)
    next(pieces)
    assert threading.active_count() == before + 1
    pieces.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before


@pytest.fixture
def derived(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Iterations of every derivation that was done."""
    done = []
    derive = secure.pwri.pbkdf2_hmac

    def counted(name: str, password: bytes, salt: bytes, iterations: int, size: int) -> bytes:
        done.append(iterations)
        return derive(name, password, salt, iterations, size)

    monkeypatch.setattr(secure.pwri, "pbkdf2_hmac", counted)
    return done


def test_a_password_is_derived_once_for_a_medium_written_and_read(derived: list[int]) -> None:
    sealer = by_password()
    sealer.enveloped_size(5000)
    assert derived == []
    content = dicom_file()
    files = [b"".join(sealer.seal(5000).pieces([content])) for _ in range(20)]
    assert derived == [1000]
    keys = Keys([PHRASE])
    assert all(open_secure_file([file], keys, "file").read() == content for file in files)
    assert derived == [1000, 1000]


def test_what_cannot_be_written_is_refused(tmp_path: Path) -> None:
    refused: list[tuple[type[FilmjacketError], dict[str, object]]] = [
        (WrongUsage, {}),
        (WrongUsage, {"password": PHRASE, "cipher": "des-ede3-cbc"}),
        (WrongUsage, {"password": PHRASE, "cipher": "aes-256-gcm"}),
        (WrongUsage, {"password": PHRASE, "digest": "sha1"}),
        (BadPassword, {"password": "Röntgen"}),
        (BadPassword, {"password": ""}),
        (BadKey, {"password": PHRASE, "signers": [Signer(alice().key, (bob().certificate,))]}),
        (BadKey, {"password": PHRASE, "signers": [Signer(alice().key, ())]}),
    ]
    for kind, options in refused:
        with pytest.raises(kind):
            prepare(**options)  # type: ignore[arg-type]


def test_a_recipient_without_an_rsa_key_is_refused() -> None:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509 import CertificateBuilder

    person, key = alice(), ec.generate_private_key(ec.SECP256R1())
    certificate = (
        CertificateBuilder()
        .subject_name(person.certificate.subject)
        .issuer_name(person.certificate.subject)
        .public_key(key.public_key())
        .serial_number(5)
        .not_valid_before(person.certificate.not_valid_before_utc)
        .not_valid_after(person.certificate.not_valid_after_utc)
        .sign(key, hashes.SHA256())
    )
    with pytest.raises(BadKey, match="CN=Alice: has no RSA key"):
        prepare([certificate])


@pytest.mark.parametrize("bits", [1024, 3072, 4096])
def test_keys_of_other_lengths_do_as_well(bits: int) -> None:
    person = issued("Carol", bits, bits=bits)
    sealer = prepare([person.certificate], signers=[person.signer])
    content = dicom_file()
    file = sealer.seal(len(content))
    data = b"".join(file.pieces([content]))
    assert len(data) == file.size == sealer.enveloped_size(len(content))
    assert open_secure_file([data], Keys((), [person.private]), "file").read() == content


def test_neither_key_nor_password_shows_in_what_is_printed() -> None:
    sealer = by_password()
    assert PHRASE not in repr(sealer)
    assert repr(sealer.seal(5000)).startswith("<SealedFile of ")


MEMORY = """
import sys
from secure import Keys, open_secure_file, prepare

size = 400_000_000
def content():
    yield bytes(128) + b"DICM"
    for _ in range(399):
        yield bytes(1_000_000)
    yield bytes(1_000_000 - 132)

file = prepare(password="phrase", iterations=1000).seal(size)
if sys.argv[1] == "write":
    assert sum(map(len, file.pieces(content()))) == file.size
else:
    opened = open_secure_file(file.pieces(content()), Keys(["phrase"]), "file")
    assert sum(map(len, opened.pieces())) == size
for line in open("/proc/self/status"):
    if line.startswith("VmHWM"):
        print(int(line.split()[1]) // 1024)
"""


@pytest.mark.parametrize(("way", "most"), [("write", 80), ("read", 150)])
def test_memory_does_not_grow_with_the_file(way: str, most: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, way], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert int(done.stdout) < most  # MiB


def test_asking_whether_a_file_is_one_loads_no_ciphers() -> None:
    code = (
        "import sys, secure; assert not secure.looks_like_secure_dicom_file(bytes(64));"
        "print([name for name in sys.modules if name.startswith(('cryptography', 'secure.'))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == "['secure.recognise']"
