"""Names on a medium that would lead elsewhere once they are the name of a file on this machine."""

import re
from typing import Final

from media.iso9660.names import stripped

_NOT_NAMES: Final = frozenset(("", ".", ".."))
_SEPARATORS: Final = re.compile(r"[/\\\0]")
_DRIVE: Final = re.compile(r"([A-Za-z]):")


def safe_component(text: str) -> str:
    """Return a part of a name that leads nowhere: neither up, nor down, nor to another drive."""
    if stripped(text) in _NOT_NAMES:
        return "_"
    return _DRIVE.sub(r"\1_", _SEPARATORS.sub("_", text), count=1) if _leads(text) else text


def _leads(text: str) -> bool:
    return _SEPARATORS.search(text) is not None or _DRIVE.match(text) is not None
