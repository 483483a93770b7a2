"""Blocks on hardware. Knows no file system and no DICOM."""

from drivers.image_file import ImageFile, open_image

__all__ = ["ImageFile", "open_image"]
