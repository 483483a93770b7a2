"""Who a medium's patients are, for whoever is about to hand it to one of them.

Told on a terminal alone, to the person in front of it: what is printed into a pipe or a file is
kept, and names of patients do not belong there unless somebody asked for them.
"""

import sys
from collections.abc import Iterable
from typing import Any, Final

from jacket import console

_MOST: Final = 5  # patients who are named


def say_people(patients: Iterable[bytes]) -> None:
    """Name the patients to the person at the terminal; nothing where there is none.

    Args:
        patients: keys of their records.
    """
    if not sys.stdout.isatty():
        return
    people = people_in_words(patients)
    for line in people[:_MOST]:
        console.say(f"  {console.printable(line)}")
    if len(people) > _MOST:
        console.say(f"  and {console.amount(len(people) - _MOST, 'more patient')}")


def people_in_words(patients: Iterable[bytes]) -> list[str]:
    """Return a line for each patient: "DOE^JOHN, ID 4711, born 1960-01-02"."""
    from jacket.listing import decoded_keys  # it loads much, and only a terminal needs it

    known = map(decoded_keys, dict.fromkeys(patients))
    return list(dict.fromkeys(_line(values) for values in known if values))


def _line(values: dict[str, Any]) -> str:
    born = str(values.get("PatientBirthDate", ""))
    if len(born) == 8 and born.isdigit():
        born = f"{born[:4]}-{born[4:6]}-{born[6:]}"
    number = str(values.get("PatientID", ""))
    parts = (
        str(values.get("PatientName", "")) or "(no name)",
        f"ID {number}" if number else "(no ID)",
        f"born {born}" if born else "",
    )
    return ", ".join(filter(None, parts))
