"""PS3.15 Annex D: Secure DICOM Files. Bytes in, bytes out; nothing here knows data sets.

Writing: `prepare` once for a medium, `Sealer.seal` for each file, `SealedFile.pieces` as often as
its bytes are wanted; they are the same each time. `Sealer.enveloped_size` tells sizes before.
Reading: `Keys` once for a medium, `open_secure_file` for each file.

Mails (PS3.15 B.8): `prepare_mail` makes the CMS of S/MIME; `cms_kind`, `decrypt_mail`,
`check_signed` and `check_detached` take it off again; the MIME around it is not known here.
"""

# What the names are imported for is told by the type checker's half; at run time each is
# fetched when it is asked for, so that who only asks whether a file is one loads no ciphers.
from typing import TYPE_CHECKING

from reporting.fetched_names import fetching

if TYPE_CHECKING:
    from secure.certificates import PrivateKey, load_certificates, load_private_key, name_of
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
    from secure.mail_opening import (
        SignedMail,
        check_detached,
        check_signed,
        cms_kind,
        decrypt_mail,
    )
    from secure.mail_sealer import MailSealer, prepare_mail
    from secure.opening import Opened, open_secure_file
    from secure.password import generate_password
    from secure.recognise import HEAD_SIZE, looks_like_secure_dicom_file
    from secure.sealer import SealedFile, Sealer, prepare
    from secure.signers import Signer
    from secure.strength import Strength, judge_password
    from secure.trust import Judgement, Standing, TrustStore, Use, judge
    from secure.verifying import Signature, SignerReport

_HOMES = {
    "secure.certificates": "PrivateKey load_certificates load_private_key name_of",
    "secure.errors": "BadKey BadPassword Damaged DigestMismatch KeyNotRead NoRecipient NotCms "
    "NotDecrypted NotDicom SecureFileError SignatureInvalid TooMuch UnknownAlgorithm Unprotected "
    "WrongKey WrongPassword",
    "secure.keys": "Keys",
    "secure.mail_opening": "SignedMail check_detached check_signed cms_kind decrypt_mail",
    "secure.mail_sealer": "MailSealer prepare_mail",
    "secure.opening": "Opened open_secure_file",
    "secure.password": "generate_password",
    "secure.recognise": "HEAD_SIZE looks_like_secure_dicom_file",
    "secure.sealer": "SealedFile Sealer prepare",
    "secure.signers": "Signer",
    "secure.strength": "Strength judge_password",
    "secure.trust": "Judgement Standing TrustStore Use judge",
    "secure.verifying": "Signature SignerReport",
}

__all__ = [
    "HEAD_SIZE",
    "BadKey",
    "BadPassword",
    "Damaged",
    "DigestMismatch",
    "Judgement",
    "KeyNotRead",
    "Keys",
    "MailSealer",
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
    "SignedMail",
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
    "check_detached",
    "check_signed",
    "cms_kind",
    "decrypt_mail",
    "generate_password",
    "judge",
    "judge_password",
    "load_certificates",
    "load_private_key",
    "looks_like_secure_dicom_file",
    "name_of",
    "open_secure_file",
    "prepare",
    "prepare_mail",
]

__getattr__ = fetching(globals(), _HOMES)
