"""The algorithms of PS3.15 D.1.1, as rows: what they are called, their identifiers and sizes."""

from typing import Final, NamedTuple

# Content types (RFC 5652)
DATA: Final = "1.2.840.113549.1.7.1"
SIGNED_DATA: Final = "1.2.840.113549.1.7.2"
ENVELOPED_DATA: Final = "1.2.840.113549.1.7.3"
DIGESTED_DATA: Final = "1.2.840.113549.1.7.5"
AUTH_ENVELOPED_DATA: Final = "1.2.840.113549.1.9.16.1.23"  # RFC 5083; not read

# Keys
RSA_ENCRYPTION: Final = "1.2.840.113549.1.1.1"  # RFC 3370 4.2.1
PBKDF2: Final = "1.2.840.113549.1.5.12"  # RFC 8018 A.2
PWRI_KEK: Final = "1.2.840.113549.1.9.16.3.9"  # RFC 3211 2.3

# Signed attributes (RFC 5652 11)
CONTENT_TYPE: Final = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST: Final = "1.2.840.113549.1.9.4"
SIGNING_TIME: Final = "1.2.840.113549.1.9.5"


class CipherRow(NamedTuple):
    """A block cipher in CBC mode."""

    name: str
    oid: str
    key_size: int  # bytes
    block_size: int  # bytes, also of the IV
    is_written: bool
    source: str


CIPHERS: Final = (
    CipherRow("aes-128-cbc", "2.16.840.1.101.3.4.1.2", 16, 16, True, "RFC 3565 4.1"),
    CipherRow("aes-192-cbc", "2.16.840.1.101.3.4.1.22", 24, 16, True, "RFC 3565 4.1"),
    CipherRow("aes-256-cbc", "2.16.840.1.101.3.4.1.42", 32, 16, True, "RFC 3565 4.1"),
    CipherRow("des-ede3-cbc", "1.2.840.113549.3.7", 24, 8, False, "RFC 3370 5.1"),
)


class DigestRow(NamedTuple):
    """A digest, called as `hashlib` does."""

    name: str
    oid: str
    size: int  # bytes
    is_written: bool
    source: str


DIGESTS: Final = (
    DigestRow("sha1", "1.3.14.3.2.26", 20, False, "RFC 3370 2.1"),
    DigestRow("sha256", "2.16.840.1.101.3.4.2.1", 32, True, "RFC 5754 2.2"),
    DigestRow("sha384", "2.16.840.1.101.3.4.2.2", 48, True, "RFC 5754 2.3"),
    DigestRow("sha512", "2.16.840.1.101.3.4.2.3", 64, True, "RFC 5754 2.4"),
)


class PrfRow(NamedTuple):
    """A pseudorandom function of PBKDF2: HMAC with a digest of `hashlib`."""

    digest: str
    oid: str
    source: str


HMAC_SHA1: Final = PrfRow("sha1", "1.2.840.113549.2.7", "RFC 8018 B.1.1")  # where none is named
PRFS: Final = (
    HMAC_SHA1,
    PrfRow("sha224", "1.2.840.113549.2.8", "RFC 8018 B.1.2"),
    PrfRow("sha256", "1.2.840.113549.2.9", "RFC 8018 B.1.2"),
    PrfRow("sha384", "1.2.840.113549.2.10", "RFC 8018 B.1.2"),
    PrfRow("sha512", "1.2.840.113549.2.11", "RFC 8018 B.1.2"),
)

# Signature algorithms, all RSA PKCS#1 v1.5. None: the digest is the one of the SignerInfo.
SIGNATURES: Final[dict[str, str | None]] = {
    RSA_ENCRYPTION: None,  # RFC 3370 3.2
    "1.2.840.113549.1.1.5": "sha1",
    "1.2.840.113549.1.1.11": "sha256",  # RFC 5754 3.2
    "1.2.840.113549.1.1.12": "sha384",
    "1.2.840.113549.1.1.13": "sha512",
}

# What people call algorithms that others use and PS3.15 D.1.1 does not have.
_OTHERS: Final = {
    "1.2.840.113549.1.1.4": "RSA with MD5",
    "1.2.840.113549.1.1.7": "RSAES-OAEP",
    "1.2.840.113549.1.1.10": "RSASSA-PSS",
    "1.2.840.113549.1.1.14": "RSA with SHA-224",
    "1.2.840.113549.2.5": "MD5",
    AUTH_ENVELOPED_DATA: "AuthEnvelopedData",
    "1.2.840.10040.4.3": "DSA",
    **{f"1.2.840.10045.4.{end}": "ECDSA" for end in ("1", "3.1", "3.2", "3.3", "3.4")},
    "1.3.101.112": "Ed25519",
    "1.3.101.113": "Ed448",
    **{f"2.16.840.1.101.3.4.1.{end}": "AES-GCM" for end in ("6", "26", "46")},
    "2.16.840.1.101.3.4.2.4": "SHA-224",
    **{f"2.16.840.1.101.3.4.2.{end}": "SHA-3" for end in ("7", "8", "9", "10")},
}


def called(oid: str) -> str:
    """Return what people call the algorithm of an object identifier, which is told as well."""
    row = DIGEST_OF_OID.get(oid) or CIPHER_OF_OID.get(oid)
    name = _OTHERS.get(oid) if row is None else row.name
    return oid if name is None else f"{name} ({oid})"


CIPHER_OF_NAME: Final = {row.name: row for row in CIPHERS}
CIPHER_OF_OID: Final = {row.oid: row for row in CIPHERS}
DIGEST_OF_NAME: Final = {row.name: row for row in DIGESTS}
DIGEST_OF_OID: Final = {row.oid: row for row in DIGESTS}
PRF_OF_DIGEST: Final = {row.digest: row for row in PRFS}
PRF_OF_OID: Final = {row.oid: row for row in PRFS}
