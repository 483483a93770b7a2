"""PS3.15 Annex D: Secure DICOM Files. Bytes in, bytes out; nothing here knows data sets."""

from secure.recognise import HEAD_SIZE, looks_like_secure_dicom_file

__all__ = ["HEAD_SIZE", "looks_like_secure_dicom_file"]
