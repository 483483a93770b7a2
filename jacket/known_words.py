"""What a patient is known by: words that neither a password nor a label must have in it."""

from collections.abc import Iterator
from typing import Final

_SHORTEST: Final = 4  # characters: shorter ones are in half of all words


def known_words(keys: bytes) -> Iterator[str]:
    """Yield the parts of the name, the number and the date of birth, casefolded.

    Args:
        keys: of a PATIENT record.
    """
    from jacket.listing import decoded_keys  # it loads much, and few jobs need it

    values = decoded_keys(keys)
    words = str(values.get("PatientName", "")).replace("=", "^").replace(" ", "^").split("^")
    words.append(str(values.get("PatientID", "")))
    day = str(values.get("PatientBirthDate", ""))
    if len(day) == 8:
        year, month, date = day[:4], day[4:6], day[6:]
        words += [day, date + month + year, date + month + year[2:], year[2:] + month + date]
        words += [f"{date}.{month}.{year}", f"{year}-{month}-{date}", f"{month}/{date}/{year}"]
        words += [month + date + year]
    yield from (word.casefold() for word in words if len(word) >= _SHORTEST)
