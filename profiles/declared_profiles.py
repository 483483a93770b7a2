"""Reads augmented and private profiles from a file: what a site or a maker declares itself.

PS3.2 7.4: an augmented profile adds to one standard profile and takes nothing away; a private
one is free within PS3.10 and one medium of PS3.12. The form of the file is in
``docs/reference/profiles.md``.
"""

import re
import tomllib
from pathlib import Path
from typing import Final

from profiles.application_profiles import ApplicationProfile
from profiles.augmented import augmented
from profiles.declared_fields import Fields
from profiles.private import private
from reporting import WrongUsage

_LARGEST: Final = 1 << 20  # bytes; a declaration is written by hand
_HOW: Final = "docs/reference/profiles.md has a complete example"
_KINDS: Final = {"AUG": augmented, "PRI": private}
_LINE: Final = re.compile(r"\(at line (\d{1,7}), column \d+\)")
_BARE: Final = re.compile(r"\s*([\w-]+)\s*=\s*([A-Za-z_](?:[\w .-]*\w)?)\s*(?:#.*)?$", re.ASCII)
_QUOTED: Final = re.compile(r"\"[^\"]*\"|'[^']*'")
_MOST_DOTS: Final = 16  # outside of quotes in one line
_LONGEST: Final = 64  # characters of an LO, which is what an identifier must fit (PS3.11 8)


def load_profiles(path: str | Path) -> dict[str, ApplicationProfile]:
    """Return the profiles that a file declares, by identifier, in its order.

    Raises:
        WrongUsage: the file does not open, is no TOML, or declares a profile that cannot be; it
            says which key and why.
    """
    file = Fields(_tables(Path(path)), str(path))
    rows = file.tables("profile")
    if not rows:
        raise file.wrong("profile", "there is no [[profile]] in it", _HOW)
    file.finish()
    declared: dict[str, ApplicationProfile] = {}
    for fields in rows:
        identifier = _identifier(fields)
        if identifier in declared:
            raise fields.wrong("identifier", "declared twice", "Name one of them anew")
        named = fields.named(identifier)
        declared[identifier] = _KINDS[identifier[:3]](identifier, named, Path(path).name)
    return declared


def _tables(path: Path) -> dict[str, object]:
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        remedy = "Give a readable file with --profile-file"
        raise WrongUsage(f"cannot be read ({error.strerror})", str(path), remedy) from error
    if len(data) > _LARGEST:
        raise WrongUsage("larger than 1 MB: no file of profiles", str(path), _HOW)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise WrongUsage("not a TOML file: no text in UTF-8", str(path), _HOW) from error
    _refuse_long_keys(text, path)
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise WrongUsage("not a TOML file: nested too deeply", str(path), _HOW) from error
    except tomllib.TOMLDecodeError as error:
        what = f"not a TOML file ({error})"
        raise WrongUsage(what, str(path), _remedy(text, str(error))) from error


def _refuse_long_keys(text: str, path: Path) -> None:
    """Refuse keys of very many parts: the parser takes the square of their number in memory."""
    for number, line in enumerate(text.splitlines(), start=1):
        if line.count(".") > _MOST_DOTS and _QUOTED.sub("", line).count(".") > _MOST_DOTS:
            raise WrongUsage(f"line {number} has a key of very many parts", str(path), _HOW)


def _remedy(text: str, problem: str) -> str:
    """Return what to do about a line that the parser refuses."""
    place = _LINE.search(problem)
    line = text.splitlines()[int(place[1]) - 1 :][:1] if place else []
    bare = _BARE.match(line[0]) if line else None
    if bare is None:
        return _HOW
    return f'Texts stand in quotes: {bare[1]} = "{bare[2][:_LONGEST]}"'


def _identifier(fields: Fields) -> str:
    identifier = fields.text("identifier", required=True)
    if len(identifier) > _LONGEST:
        what = f"{len(identifier)} characters, and an identifier has {_LONGEST} at most (VR LO)"
        raise fields.wrong("identifier", what, "Shorten it")
    kind, *parts = identifier.split("-")
    # PS3.11 8: ttt-x…x-y…y.
    if kind not in _KINDS or len(parts) < 2 or not all(map(_is_word, parts)):
        what = f"{identifier!r} is no identifier of an augmented or private profile"
        remedy = "Write AUG- or PRI- and two parts or more of A-Z, 0-9, _, such as AUG-GEN-CD"
        raise fields.wrong("identifier", what, remedy)
    return identifier


def _is_word(part: str) -> bool:
    return part.isascii() and part.replace("_", "A").isalnum() and part == part.upper()
