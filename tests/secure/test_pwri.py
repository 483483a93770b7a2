"""The wrapping of content keys by password, with values of RFC 3211 3 and RFC 6070."""

from hashlib import pbkdf2_hmac

import pytest

from secure import UnknownAlgorithm
from secure.algorithms import CIPHER_OF_NAME, CIPHERS, HMAC_SHA1, PRF_OF_DIGEST
from secure.ber import BerError, single
from secure.der import context, sequence
from secure.pwri import Derivation, Wrapping, derivation_of, padding_size, wrapping_of

PHRASE = b"All n-entities must communicate with other n-entities via n-1 entiteeheehees"
SALT = bytes.fromhex("1234567878563412")
KEK = bytes.fromhex("6A8970BF68C92CAEA84A8DF28510858607126380CC47AB2D")
KEY = bytes.fromhex("8C637D887223A2F965B566EB014B0FA5D52300A3F7EA40FFFC577203C71BAF3B")
IV = bytes.fromhex("BAF1CA7931213C4E")
PADDING = bytes.fromhex("FA060A45")
WRAPPED = bytes.fromhex(
    "C03C514ABDB9E2C5AAC038572B5E24553876B377AAFB82ECA5A9D73F8AB143D9EC74E6CAD7DB260C"
)


def test_a_phrase_becomes_the_key_that_rfc_3211_says() -> None:
    assert Derivation(SALT, 500, HMAC_SHA1).key(PHRASE, 24) == KEK


def test_a_key_is_wrapped_as_rfc_3211_says() -> None:
    wrapping = Wrapping(CIPHER_OF_NAME["des-ede3-cbc"], IV)
    assert wrapping.wrap(KEK, KEY, PADDING) == WRAPPED
    assert wrapping.unwrap(KEK, WRAPPED) == KEY


@pytest.mark.parametrize("cipher", CIPHERS, ids=lambda row: row.name)
@pytest.mark.parametrize("size", [16, 24, 32])
def test_every_cipher_wraps_keys_of_every_length(cipher: object, size: int) -> None:
    from secure.algorithms import CipherRow

    assert isinstance(cipher, CipherRow)
    kek, key = bytes(range(cipher.key_size)), KEY[:size]
    wrapping = Wrapping(cipher, IV * (cipher.block_size // 8))
    wrapped = wrapping.wrap(kek, key, bytes(padding_size(cipher, size)))
    assert len(wrapped) % cipher.block_size == 0
    assert len(wrapped) >= 2 * cipher.block_size
    assert wrapping.unwrap(kek, wrapped) == key
    assert wrapping.unwrap(kek[::-1], wrapped) is None


def test_any_change_of_what_is_wrapped_is_noticed_or_gives_another_key() -> None:
    wrapping = Wrapping(CIPHER_OF_NAME["des-ede3-cbc"], IV)
    for place in range(len(WRAPPED)):
        changed = bytearray(WRAPPED)
        changed[place] ^= 1
        assert wrapping.unwrap(KEK, bytes(changed)) != KEY


@pytest.mark.parametrize("wrapped", [b"", bytes(8), bytes(15), bytes(23), bytes(264)], ids=len)
def test_what_cannot_be_a_wrapped_key_is_none(wrapped: bytes) -> None:
    assert Wrapping(CIPHER_OF_NAME["des-ede3-cbc"], IV).unwrap(KEK, wrapped) is None


def test_parameters_are_read_as_they_are_written() -> None:
    for prf in PRF_OF_DIGEST.values():
        derivation = Derivation(SALT, 600_000, prf)
        assert derivation_of(single(derivation.encoded(context(0))), 32, "file") == derivation
    wrapping = Wrapping(CIPHER_OF_NAME["aes-192-cbc"], IV * 2)
    assert wrapping_of(single(wrapping.encoded()), "file") == wrapping


# PBKDF2 with its salt, 500 steps, and what may follow: a key length, a function.
HEAD = "06092A864886F70D01050C"
COUNT = "020201F4"


def derivation(salt: str, *others: str, oid: str = HEAD) -> Derivation:
    parameters = sequence(bytes.fromhex(salt + "".join(others)))
    value = single(sequence(bytes.fromhex(oid), parameters))
    return derivation_of(value, 24, "file")


SALTED = "04081234567878563412"


def test_where_no_function_is_named_it_is_hmac_sha_1() -> None:
    assert derivation(SALTED, COUNT) == Derivation(SALT, 500, HMAC_SHA1)
    assert derivation(SALTED, COUNT, "020118") == Derivation(SALT, 500, HMAC_SHA1)
    sha256 = Derivation(SALT, 500, PRF_OF_DIGEST["sha256"])
    named = "300A06082A864886F70D0209"
    assert derivation(SALTED, COUNT, named) == sha256
    assert derivation(SALTED, COUNT, "020118", named + "0500"[:0]) == sha256


def test_parameters_that_contradict_the_cipher_are_malformed() -> None:
    for others in ([COUNT, "020110"], ["020100"], ["0201FF"], [], ["0209010000000000000000"]):
        with pytest.raises(BerError):
            derivation(SALTED, *others)


def test_unknown_ways_are_named_by_their_identifier() -> None:
    with pytest.raises(UnknownAlgorithm, match=r"pseudorandom function 1\.2\.840\.113549\.2\.12"):
        derivation(SALTED, COUNT, "300A06082A864886F70D020C")
    with pytest.raises(UnknownAlgorithm, match=r"key derivation 1\.2\.840\.113549\.1\.5\.11"):
        derivation(SALTED, COUNT, oid=HEAD[:-2] + "0B")
    with pytest.raises(UnknownAlgorithm, match=r"source of salt 1\.2\.840\.113549\.2\.9"):
        derivation("300A06082A864886F70D0209", COUNT)


def test_the_derivation_is_the_one_of_the_standard_library() -> None:
    found = Derivation(b"saltSALTsaltSALTsaltSALTsaltSALTsalt", 4096, HMAC_SHA1).key(
        b"passwordPASSWORDpassword", 25
    )
    assert found.hex() == "3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038"  # RFC 6070 2
    assert found == pbkdf2_hmac(
        "sha1", b"passwordPASSWORDpassword", b"saltSALT" * 4 + b"salt", 4096, 25
    )
