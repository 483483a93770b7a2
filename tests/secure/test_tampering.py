"""One byte changed anywhere: it shows, or what is handed on is what was sealed."""

from collections.abc import Iterator
from random import Random

import pytest
from cms_kinds import PHRASE, by_password, digested, enveloped, in_content_info, sealed
from cms_people import alice, bob
from cms_tool import dicom_file

from reporting import FilmjacketError
from secure import Keys, der, open_secure_file, prepare
from secure.algorithms import DATA

# The library warns about certificates that are changed; whoever signs is told of in other ways.
pytestmark = pytest.mark.filterwarnings("ignore:.*:UserWarning")

FILE = dicom_file(300)
KEYS = Keys([PHRASE], [alice().private], certificates=[alice().certificate])
# Derived keys are kept: nearly every change of a salt asks for a new one, at little cost here.


def segmented(data: bytes) -> bytes:
    """Return the envelope *data* in BER: indefinite lengths, and its content in segments."""
    from secure.ber import single

    (kind, explicit) = single(data).children()
    version, recipients, info = explicit.children()[0].children()
    content_type, algorithm, encrypted = info.children()
    parts = [encrypted.content[at : at + 64] for at in range(0, len(encrypted.content), 64)]
    end = b"\0\0"
    pieces = b"\xa0\x80" + b"".join(map(der.octet_string, parts)) + end
    inside = b"\x30\x80" + content_type.raw + algorithm.raw + pieces + end
    envelope = b"\x30\x80" + version.raw + recipients.raw + inside + end
    return b"\x30\x80" + kind.raw + b"\xa0\x80" + envelope + end + end


def kinds() -> Iterator[tuple[str, bytes]]:
    signers = [alice().signer]
    plain = by_password()
    yield "digested", sealed(plain, FILE)
    yield "digested, in segments", segmented(sealed(plain, FILE))
    yield "signed", sealed(by_password(signers=signers), FILE)
    yield "signed twice", sealed(by_password(signers=[*signers, bob().signer]), FILE)
    yield "for a certificate", sealed(prepare([alice().certificate]), FILE)
    both = by_password(recipients=[bob().certificate], signers=signers)
    yield "for both", sealed(both, FILE)
    yield "variant B", enveloped(in_content_info(digested(FILE)))
    yield "variant C", enveloped(in_content_info(digested(FILE, "sha1")), DATA)
    yield "Triple-DES", enveloped(digested(FILE), cipher="des-ede3-cbc")


KINDS = dict(kinds())


def outcome(data: bytes) -> str:
    """Return the name of the error; "same" where the content came out unchanged."""
    try:
        with open_secure_file([data], KEYS, "file") as opened:
            assert opened.read() == FILE
            return "same"
    except FilmjacketError as error:
        return type(error).__name__


@pytest.mark.parametrize("kind", KINDS)
def test_a_changed_byte_shows_or_changes_nothing(kind: str) -> None:
    data = KINDS[kind]
    assert outcome(data) == "same"
    random = Random(kind)  # noqa: S311 (the same at every run)
    seen = {}
    for _ in range(5000 // len(KINDS) + 1):
        changed = bytearray(data)
        place = random.randrange(len(data))
        changed[place] ^= random.randint(1, 255)
        what = outcome(bytes(changed))
        seen[what] = seen.get(what, 0) + 1
    assert sum(seen.values()) - seen.get("same", 0) > 300
    assert set(seen) <= EXPECTED


EXPECTED = {
    "same",
    "Damaged",
    "DigestMismatch",
    "NoRecipient",
    "NotCms",
    "SignatureInvalid",
    "TooMuch",
    "UnknownAlgorithm",
    "Unprotected",
    "WrongKey",
    "WrongPassword",
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_every_bit_shows_or_changes_nothing(kind: str) -> None:
    data = KINDS[kind]
    for place in range(len(data)):
        for bit in range(8):
            changed = bytearray(data)
            changed[place] ^= 1 << bit
            outcome(bytes(changed))


@pytest.mark.parametrize("kind", KINDS)
def test_a_lost_or_doubled_or_moved_byte_shows_or_changes_nothing(kind: str) -> None:
    data = KINDS[kind]
    random = Random(kind)  # noqa: S311 (the same at every run)
    for _ in range(100):
        one, other = sorted(random.sample(range(len(data)), 2))
        outcome(data[:one] + data[one + 1 :])
        outcome(data[:other] + data[one:])
        outcome(data[:one] + data[other:] + data[one:other])
        outcome(data[:one])
