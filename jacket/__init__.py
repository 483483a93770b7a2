"""The appliance: joins the rooms into jobs, and is the public API.

    from jacket import author, verify

Jobs on encrypted media take keys: ``decrypt(disc, folder, secure.Keys([password]))``.
Names are loaded when first used, so that importing this costs nothing.
"""

import sys
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from jacket.author import Authored, author
    from jacket.decrypt import Decrypted, decrypt
    from jacket.file_set.update import update_file_set
    from jacket.listing import list_medium
    from jacket.verification import Verification, verify

_HOME = {
    "Authored": "jacket.author",
    "author": "jacket.author",
    "Decrypted": "jacket.decrypt",
    "decrypt": "jacket.decrypt",
    "list_medium": "jacket.listing",
    "update_file_set": "jacket.file_set.update",
    "Verification": "jacket.verification",
    "verify": "jacket.verification",
}

__all__ = [
    "Authored",
    "Decrypted",
    "Verification",
    "__version__",
    "author",
    "decrypt",
    "list_medium",
    "update_file_set",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


class _Package(type(sys)):  # type: ignore[misc]  # types.ModuleType, without the import
    """Keeps the name of a function from its submodule: ``import jacket.author`` would bind it."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOME and isinstance(value, type(sys))):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
