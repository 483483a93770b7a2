"""Wraps content keys with a password: PBKDF2 (RFC 8018 5.2) and PWRI-KEK (RFC 3211 2.3)."""

from typing import Final, NamedTuple

from secure import der
from secure.algorithms import CIPHER_OF_OID, HMAC_SHA1, PBKDF2, PRF_OF_OID, PWRI_KEK, CipherRow
from secure.algorithms import PrfRow as Prf
from secure.ber import BerError, BerTooMuch, Value
from secure.block_cipher import decryptor, encryptor
from secure.errors import UnknownAlgorithm

SALT_SIZE: Final = 16  # bytes (NIST SP 800-132 5.1 asks for this many)
ITERATIONS: Final = 600_000  # of HMAC-SHA256; 0.1 to 0.25 s on a machine of today
_CHECK: Final = 3  # octets of the key, inverted, that stand before it
_LONGEST_SALT: Final = 1024  # bytes; keys are remembered together with their salts
_LONGEST: Final = 256  # bytes of a wrapped key; a key has up to 32 of them, and padding


def pbkdf2_hmac(digest: str, password: bytes, salt: bytes, iterations: int, size: int) -> bytes:
    """Return what `hashlib.pbkdf2_hmac` does, in half its time (OpenSSL 4 instead of 3)."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

    function: hashes.HashAlgorithm = getattr(hashes, digest.upper())()
    return PBKDF2HMAC(function, size, salt, iterations).derive(password)


class Derivation(NamedTuple):
    """How a password becomes a key."""

    salt: bytes
    iterations: int
    prf: Prf

    def key(self, password: bytes, size: int) -> bytes:
        """Return the key of *size* bytes that *password* becomes. Slow, on purpose."""
        return pbkdf2_hmac(self.prf.digest, password, self.salt, self.iterations, size)

    def encoded(self, tag: int) -> bytes:
        """Return it as an AlgorithmIdentifier under *tag*."""
        parameters = der.sequence(
            der.octet_string(self.salt),
            der.integer(self.iterations),
            der.sequence(der.oid(self.prf.oid), der.NULL),
        )
        return der.value(tag, der.oid(PBKDF2), parameters)


def derivation_of(algorithm: Value, key_size: int, where: str) -> Derivation:
    """Read the AlgorithmIdentifier of a derivation that makes keys of *key_size* bytes.

    Raises:
        BerError: it is none, or it makes other keys, or its salt is longer than is accepted.
        UnknownAlgorithm: it is not PBKDF2, or its salt or function is not what is read here.
    """
    name, parameters = _pair(algorithm)
    if name.oid() != PBKDF2:
        raise UnknownAlgorithm.at(where, "key derivation", name.oid())
    salt, count, *others = parameters.children(2, 4)
    if salt.tag != der.OCTET_STRING:
        raise UnknownAlgorithm.at(where, "source of salt", salt.children(1)[0].oid())
    if len(salt.content) > _LONGEST_SALT:
        raise BerTooMuch(f"a salt of {len(salt.content):,} bytes")
    if others and others[0].tag == der.INTEGER and others.pop(0).number() != key_size:
        raise BerError("a derived key has another length than its cipher takes")
    function = others[0].children(1)[0].oid() if others else HMAC_SHA1.oid
    if function not in PRF_OF_OID:
        raise UnknownAlgorithm.at(where, "pseudorandom function", function)
    if count.number() < 1:
        raise BerError("a key is derived in no steps")
    return Derivation(salt.content, count.number(), PRF_OF_OID[function])


class Wrapping(NamedTuple):
    """How a derived key wraps a content key."""

    cipher: CipherRow
    iv: bytes

    def encoded(self) -> bytes:
        """Return it as an AlgorithmIdentifier."""
        cipher = der.sequence(der.oid(self.cipher.oid), der.octet_string(self.iv))
        return der.sequence(der.oid(PWRI_KEK), cipher)

    def wrap(self, kek: bytes, key: bytes, padding: bytes) -> bytes:
        """Return *key* wrapped; *padding* is random, `padding_size` bytes of it."""
        block = bytes((len(key), *(octet ^ 0xFF for octet in key[:_CHECK]))) + key + padding
        once = encryptor(self.cipher, kek, self.iv).update(block)
        return encryptor(self.cipher, kek, once[-self.cipher.block_size :]).update(once)

    def unwrap(self, kek: bytes, wrapped: bytes) -> bytes | None:
        """Return the key in *wrapped*; None when *kek* is not what wrapped it."""
        size = self.cipher.block_size
        if len(wrapped) % size or not 2 * size <= len(wrapped) <= _LONGEST:
            return None
        # The last block of the first pass was the IV of the second.
        last = decryptor(self.cipher, kek, wrapped[-2 * size : -size]).update(wrapped[-size:])
        once = decryptor(self.cipher, kek, last).update(wrapped[:-size]) + last
        block = decryptor(self.cipher, kek, self.iv).update(once)
        key = block[1 + _CHECK :][: block[0]]
        check = bytes(octet ^ 0xFF for octet in block[1 : 1 + _CHECK])
        return key if len(key) == block[0] >= _CHECK and key[:_CHECK] == check else None


def wrapping_of(algorithm: Value, where: str) -> Wrapping:
    """Read the AlgorithmIdentifier of a wrapping.

    Raises:
        BerError: it is none.
        UnknownAlgorithm: it is not PWRI-KEK with AES or Triple-DES.
    """
    name, parameters = _pair(algorithm)
    if name.oid() != PWRI_KEK:
        raise UnknownAlgorithm.at(where, "key wrapping", name.oid())
    return Wrapping(*cipher_of(parameters, "key encryption", where))


def cipher_of(algorithm: Value, use: str, where: str) -> tuple[CipherRow, bytes]:
    """Return the cipher and its IV that an AlgorithmIdentifier names.

    Raises:
        BerError: it does not, or the IV has another length than the cipher's blocks.
        UnknownAlgorithm: it is not AES or Triple-DES in CBC mode.
    """
    name, *parameters = algorithm.children(1, 2)
    row = CIPHER_OF_OID.get(name.oid())
    if row is None:
        raise UnknownAlgorithm.at(where, use, name.oid())
    iv = parameters[0].octets() if parameters else b""
    if len(iv) != row.block_size:
        raise BerError("an initialization vector has another length than a block")
    return row, iv


def padding_size(cipher: CipherRow, key_size: int) -> int:
    """Return how many bytes of padding stand behind a key: to whole blocks, at least two."""
    used = 1 + _CHECK + key_size
    blocks = max(-(-used // cipher.block_size), 2)
    return blocks * cipher.block_size - used


def _pair(algorithm: Value) -> tuple[Value, Value]:
    name, parameters = algorithm.children(2, 2)
    return name, parameters
