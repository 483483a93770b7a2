"""All files of a medium together may ask for no more key derivation than is counted out."""

import pytest
from cms_kinds import PHRASE, digested, enveloped, sealed
from cms_people import alice, bob
from cms_tool import dicom_file

from secure import Keys, PrivateKey, TooMuch, WrongKey, der, open_secure_file, prepare
from secure.ber import BerTooMuch, single
from secure.errors import Overdrawn
from secure.keys import MOST_STEPS
from secure.pwri import ITERATIONS, derivation_of
from secure.recipients import CertificateRecipient

FILE = dicom_file()


def salted(iterations: int = 20_000) -> bytes:
    """Return a file that has a salt of its own."""
    return sealed(prepare(password=PHRASE, iterations=iterations), FILE)


def opens(data: bytes, keys: Keys) -> bool:
    try:
        with open_secure_file([data], keys, "DICOM/I1") as opened:
            return opened.read() == FILE
    except Overdrawn:
        return False


def test_files_with_salts_of_their_own_open_until_the_steps_are_used_up() -> None:
    keys = Keys([PHRASE], most_steps=100_000)
    files = [salted() for _ in range(7)]
    assert [opens(data, keys) for data in files] == [True] * 5 + [False] * 2
    assert keys.is_overdrawn


def test_what_was_derived_before_opens_all_the_same() -> None:
    keys = Keys([PHRASE], most_steps=50_000)
    sealer = prepare(password=PHRASE, iterations=20_000)
    assert all(opens(sealed(sealer, FILE), keys) for _ in range(9))
    assert opens(salted(), keys)
    assert not opens(salted(), keys)
    assert opens(sealed(sealer, FILE), keys)


def test_few_steps_count_as_ten_thousand_so_that_memory_is_bounded_too() -> None:
    keys = Keys([PHRASE], most_steps=50_000)
    assert [opens(salted(1), keys) for _ in range(6)] == [True] * 5 + [False]


def test_every_password_that_is_tried_counts() -> None:
    keys = Keys(["one of several words", "another of several", PHRASE], most_steps=120_000)
    assert [opens(salted(), keys) for _ in range(3)] == [True, True, False]


def test_the_next_medium_begins_anew() -> None:
    keys = Keys([PHRASE], most_steps=20_000)
    assert [opens(salted(), keys) for _ in range(2)] == [True, False]
    fresh = keys.fresh()
    assert [opens(salted(), fresh) for _ in range(2)] == [True, False]


def test_a_file_beyond_says_what_there_is_too_much_of_and_what_to_do() -> None:
    keys = Keys([PHRASE], most_steps=10_000)
    with pytest.raises(TooMuch, match=r"DICOM/I1: .*10,000 steps .*Do not trust this medium"):
        open_secure_file([salted()], keys, "DICOM/I1")


def test_a_thousand_files_as_we_write_them_are_within_what_a_medium_may_take() -> None:
    assert MOST_STEPS >= 1_600 * ITERATIONS


def test_a_salt_is_no_place_to_put_megabytes() -> None:
    algorithm = single(
        der.sequence(
            der.oid("1.2.840.113549.1.5.12"),
            der.sequence(der.octet_string(bytes(1025)), der.integer(1)),
        )
    )
    with pytest.raises(BerTooMuch, match="a salt of 1,025 bytes"):
        derivation_of(algorithm, 32, "file")


def test_private_keys_that_are_tried_on_many_recipients_use_up_the_steps_too() -> None:
    keys = Keys(private_keys=[PrivateKey(bob().key, None)], most_steps=100_000)
    recipient = CertificateRecipient(alice().certificate).encoded(bytes(32))
    data = enveloped(digested(FILE), recipients=der.set_of([recipient] * 25))
    for _ in range(2):
        with pytest.raises(WrongKey):
            open_secure_file([data], keys, "DICOM/I1")
    with pytest.raises(Overdrawn, match="Do not trust this medium"):
        open_secure_file([data], keys, "DICOM/I1")


def test_files_for_as_many_people_as_are_usual_use_up_nothing() -> None:
    keys = Keys(private_keys=[PrivateKey(bob().key, None)], most_steps=0)
    data = sealed(prepare([alice().certificate, bob().certificate]), FILE)
    assert all(opens(data, keys) for _ in range(3))
