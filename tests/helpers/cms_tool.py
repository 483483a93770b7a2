"""`openssl cms`, the peer that writes and opens what Secure DICOM Files are made of."""

import subprocess
from pathlib import Path
from random import Random

from cms_people import Person

from secure import der
from secure.algorithms import DIGESTED_DATA, SIGNED_DATA

DIGESTED, SIGNED = DIGESTED_DATA, SIGNED_DATA


def dicom_file(size: int = 5000, seed: int = 1) -> bytes:
    """Return what is a DICOM File as far as anybody here looks."""
    assert size >= 132
    noise = Random(seed).randbytes(size - 132)  # noqa: S311 (the same at every run)
    return bytes(128) + b"DICM" + noise


def content_info(kind: str, inner: bytes) -> bytes:
    """Return *inner*, a SignedData or DigestedData, as the tools want it: in a ContentInfo."""
    return der.sequence(der.oid(kind), der.value(der.context(0), inner))


class OpensslCms:
    """The peer, with a folder for its files."""

    def __init__(self, tool: str, folder: Path) -> None:
        self._tool, self._folder = tool, folder

    def run(self, data: bytes, *words: str) -> bytes:
        done = subprocess.run(
            [self._tool, "cms", "-binary", *words], input=data, capture_output=True, check=False
        )
        if done.returncode:
            raise ValueError(done.stderr.decode())
        return done.stdout

    def digest(self, data: bytes, *words: str) -> bytes:
        return self.run(data, "-digest_create", "-outform", "DER", *words)

    def sign(self, data: bytes, signers: list[Person], *words: str) -> bytes:
        names = []
        for signer in signers:
            certificate, key = signer.files(self._folder)
            names += ["-signer", str(certificate), "-inkey", str(key)]
        return self.run(data, "-sign", "-nodetach", "-outform", "DER", *words, *names)

    def encrypt(
        self, data: bytes, *words: str, password: str | None = None, to: tuple[Person, ...] = ()
    ) -> bytes:
        names = [] if password is None else ["-pwri_password", password]
        for person in to:
            names += ["-recip", str(person.files(self._folder)[0])]
        return self.run(data, "-encrypt", "-outform", "DER", *words, *names)

    def decrypt(
        self, data: bytes, password: str | None = None, person: Person | None = None
    ) -> bytes:
        names = [] if password is None else ["-pwri_password", password]
        if person is not None:
            certificate, key = person.files(self._folder)
            names += ["-recip", str(certificate), "-inkey", str(key)]
        return self.run(data, "-decrypt", "-inform", "DER", *names)

    def digest_verify(self, data: bytes) -> bytes:
        return self.run(data, "-digest_verify", "-inform", "DER")

    def verify(self, data: bytes, authority: Person) -> bytes:
        trusted = str(authority.files(self._folder)[0])
        return self.run(data, "-verify", "-inform", "DER", "-CAfile", trusted, "-purpose", "any")
