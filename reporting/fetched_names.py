"""Names of a package that are fetched from its modules when somebody asks for them (PEP 562)."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def fetching(package: dict[str, Any], homes: Mapping[str, str]) -> Callable[[str], object]:
    """Return the ``__getattr__`` of a package that loads a module when a name of it is wanted.

    Args:
        package: the package's ``globals()``; what was fetched stays in it.
        homes: module → its names, with spaces between them.
    """
    home_of = {name: home for home, names in homes.items() for name in names.split()}

    def fetched(name: str) -> object:
        home = home_of.get(name)
        if home is None:
            raise AttributeError(f"module {package['__name__']!r} has no attribute {name!r}")
        value = package[name] = getattr(import_module(home), name)
        return value

    return fetched
