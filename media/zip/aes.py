"""AES encryption in ZIP archives as WinZip and 7-Zip write it (AE-1 and AE-2).

In front of the content stand a salt and two bytes by which a wrong password is known; behind it
stands what proves that nothing was changed.
"""

import hmac
import sys
from array import array
from collections.abc import Iterator
from hashlib import pbkdf2_hmac
from typing import TYPE_CHECKING, Final

from media.entry import BlockReader
from media.locked import WrongPassword
from media.zip.records import Aes
from reporting import CannotRead

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers import CipherContext

_ROUNDS: Final = 1000  # of the derivation of keys
_VERIFIER, _PROOF = 2, 10  # bytes
_BLOCK: Final = 16  # bytes; the counter is as long
_CHUNK: Final = 64 << 10  # bytes decrypted at once; whole blocks
_DAMAGED: Final = "Ask for the archive to be made or sent again"


def decrypted(
    reader: BlockReader, at: int, packed: int, aes: Aes, where: str, password: bytes
) -> Iterator[bytes]:
    """Yield what is encrypted, in pieces.

    Args:
        reader: the archive's bytes.
        at: byte at which the salt begins.
        packed: bytes from there to the end of the proof.
        aes: what the header says.
        where: what errors call it.
        password: that was given.

    Raises:
        WrongPassword: it is another.
        CannotRead: it is damaged.
    """
    body = at + aes.salt + _VERIFIER
    end = at + packed - _PROOF
    if body > end:
        raise CannotRead("is damaged: it is too short to be encrypted", where, _DAMAGED)
    head = reader.pread(aes.salt + _VERIFIER, at)
    salt, verifier = head[: aes.salt], head[aes.salt :]
    keys = pbkdf2_hmac("sha1", password, salt, _ROUNDS, 2 * aes.key + _VERIFIER)
    if keys[-_VERIFIER:] != verifier:
        raise WrongPassword(
            "is encrypted with another password", where, "Ask the sender for the right password"
        )
    proof = hmac.new(keys[aes.key : 2 * aes.key], digestmod="sha1")
    cipher = _Cipher(keys[: aes.key])
    for position in range(body, end, _CHUNK):
        chunk = reader.pread(min(_CHUNK, end - position), position)
        proof.update(chunk)
        yield cipher.decrypt(chunk)
    if not hmac.compare_digest(proof.digest()[:_PROOF], reader.pread(_PROOF, end)):
        raise CannotRead("is damaged or was changed: its proof does not fit", where, _DAMAGED)


class _Cipher:
    """AES in counter mode with a counter that begins at 1, its lowest byte first."""

    def __init__(self, key: bytes) -> None:
        # Seldom needed, and not light.
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

        # Counters are numbered here, as no library counts in this order of bytes.
        mode = modes.ECB()  # noqa: S305 (encrypts counters, each of them once)
        self._encryptor: CipherContext = Cipher(algorithms.AES(key), mode).encryptor()
        self._next = 1

    def decrypt(self, chunk: bytes) -> bytes:
        blocks = -(-len(chunk) // _BLOCK)
        counters = array("Q", bytes(blocks * _BLOCK))
        counters[::2] = array("Q", range(self._next, self._next + blocks))
        if sys.byteorder == "big":
            counters.byteswap()
        self._next += blocks
        stream = self._encryptor.update(counters.tobytes())[: len(chunk)]
        mixed = int.from_bytes(chunk, "little") ^ int.from_bytes(stream, "little")
        return mixed.to_bytes(len(chunk), "little")
