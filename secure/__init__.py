"""PS3.15 Annex D: Secure DICOM Files. Bytes in, bytes out; nothing here knows data sets.

Writing: `prepare` once for a medium, `Sealer.seal` for each file, `SealedFile.pieces` as often as
its bytes are wanted; they are the same each time. `Sealer.enveloped_size` tells sizes before.
Reading: `Keys` once for a medium, `open_secure_file` for each file.
"""

# What the names are imported for is told by the type checker's half; at run time each is
# fetched when it is asked for, so that who only asks whether a file is one loads no ciphers.
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from secure.certificates import PrivateKey, load_certificates, load_private_key
    from secure.errors import (
        BadKey,
        BadPassword,
        Damaged,
        DigestMismatch,
        KeyNotRead,
        NoRecipient,
        NotCms,
        NotDecrypted,
        NotDicom,
        SecureFileError,
        SignatureInvalid,
        TooMuch,
        UnknownAlgorithm,
        Unprotected,
        WrongKey,
        WrongPassword,
    )
    from secure.keys import Keys
    from secure.opening import Opened, open_secure_file
    from secure.password import Strength, generate_password, judge_password
    from secure.recognise import HEAD_SIZE, looks_like_secure_dicom_file
    from secure.sealer import SealedFile, Sealer, prepare
    from secure.signers import Signer
    from secure.trust import Judgement, Standing, TrustStore, Use, judge
    from secure.verifying import Signature, SignerReport

_HOMES = {
    "secure.certificates": "PrivateKey load_certificates load_private_key",
    "secure.errors": "BadKey BadPassword Damaged DigestMismatch KeyNotRead NoRecipient NotCms "
    "NotDecrypted NotDicom SecureFileError SignatureInvalid TooMuch UnknownAlgorithm Unprotected "
    "WrongKey WrongPassword",
    "secure.keys": "Keys",
    "secure.opening": "Opened open_secure_file",
    "secure.password": "Strength generate_password judge_password",
    "secure.recognise": "HEAD_SIZE looks_like_secure_dicom_file",
    "secure.sealer": "SealedFile Sealer prepare",
    "secure.signers": "Signer",
    "secure.trust": "Judgement Standing TrustStore Use judge",
    "secure.verifying": "Signature SignerReport",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}

__all__ = [
    "HEAD_SIZE",
    "BadKey",
    "BadPassword",
    "Damaged",
    "DigestMismatch",
    "Judgement",
    "KeyNotRead",
    "Keys",
    "NoRecipient",
    "NotCms",
    "NotDecrypted",
    "NotDicom",
    "Opened",
    "PrivateKey",
    "SealedFile",
    "Sealer",
    "SecureFileError",
    "Signature",
    "SignatureInvalid",
    "Signer",
    "SignerReport",
    "Standing",
    "Strength",
    "TooMuch",
    "TrustStore",
    "UnknownAlgorithm",
    "Unprotected",
    "Use",
    "WrongKey",
    "WrongPassword",
    "generate_password",
    "judge",
    "judge_password",
    "load_certificates",
    "load_private_key",
    "looks_like_secure_dicom_file",
    "open_secure_file",
    "prepare",
]


def __getattr__(name: str) -> object:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(home), name)
    return value
